/** Contract messages §6, star: what the account's phone sees, through real app state with its hashes and MACs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../helpers/json-http.ts';
import { Play } from './inbound/play.ts';

const CONTACT = '4917033330001';

describe('messages §6 star-message', () => {
  let play: Play;
  const star = async (body: object) => {
    const { status, body: answer } = await play.bridge.call(`/api/star-message/${play.number}`, { body });
    return [status, answer];
  };
  const stars = async () => (await call(`${play.stage.world.control}/phones/${play.number}/stars`)).body;

  beforeAll(async () => {
    play = await Play.begin();
  });
  afterAll(async () => {
    // While a star is unanswered the library holds back what the number sends; a lost connection ends that.
    const again = play.stage.world.nextLogin(play.number);
    await play.stage.world.closeNumber(play.number, 'tcp');
    await again;
    await play.bridge.allConnected([play.number], 20_000);
    expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
  });

  it('stars and takes the star away, whosever message it is', async () => {
    const chat = `${CONTACT}@s.whatsapp.net`;
    const message = { targetPhoneNumber: CONTACT, targetJid: null, targetMessageId: 'ABC1' };
    expect(await star({ ...message, fromMe: 'true', star: true })).toEqual([200, { ok: true }]);
    expect(await star({ ...message, fromMe: false, star: 'true' })).toEqual([200, { ok: true }]);
    expect(await star({ ...message, fromMe: false, star: 'false' })).toEqual([200, { ok: true }]);
    expect(await stars()).toEqual([
      { chat, id: 'ABC1', fromMe: true, starred: true },
      { chat, id: 'ABC1', fromMe: false, starred: true },
      { chat, id: 'ABC1', fromMe: false, starred: false },
    ]);
  });

  it('§1.4 answers within 8 s when WhatsApp does not: STAR FAILED', async () => {
    await play.stage.world.faults({ iq: { xmlns: 'w:sync:app:state', drop: true, times: 1 } });
    const before = Date.now();
    const answer = await star({ targetPhoneNumber: CONTACT, targetMessageId: 'ABC2', star: true });
    expect(answer).toEqual([500, { error: 'STAR FAILED', details: 'WhatsApp did not answer in time' }]);
    expect(Date.now() - before).toBeLessThan(9_500);
  });

  it('400 without a message', async () => {
    const [status] = await star({ targetPhoneNumber: CONTACT, star: true });
    expect(status).toBe(400);
  });
});
