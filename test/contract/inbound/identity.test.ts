/** Contract inbound §1, §2, §7: who wrote, told once, own sends never. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Play } from './play.ts';

describe('inbound §2: identity', () => {
  let play: Play;
  beforeAll(async () => {
    play = await Play.begin();
  });
  afterAll(async () => {
    expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
  });

  it('C-37: a customer known by LID alone is marked; once the phone is known, every event carries both', async () => {
    const contact = play.newContact();
    const hidden = await play.told(await play.write(contact, { text: 'who am I', hidePn: true }));
    const lid = String(hidden['sender_phone']);
    expect(hidden).toMatchObject({ is_lid: true, raw_jid: `${lid}@lid`, lid_jid: `${lid}@lid` });
    expect(lid).not.toBe(contact);
    const both = { sender_phone: contact, is_lid: false, raw_jid: `${contact}@s.whatsapp.net`, lid_jid: `${lid}@lid` };
    expect(await play.told(await play.write(contact, { text: 'now you know' }))).toMatchObject(both);
    expect(await play.told(await play.write(contact, { text: 'hidden again', hidePn: true }))).toMatchObject(both);
    const byPhone = { text: 'by phone', addressing: 'pn', hidePn: true };
    expect(await play.told(await play.write(contact, byPhone))).toMatchObject(both);
  });

  it('C-37: mirrors carry the same identity, and a pair learned from one is known to the next message', async () => {
    const contact = play.newContact();
    const mirror = await play.told(await play.writeFromPhone(contact, { text: 'hello' }));
    expect(mirror).toMatchObject({ direction: 'out', sender_phone: contact, is_lid: false });
    const answer = await play.told(await play.write(contact, { text: 'hi', hidePn: true }));
    expect(answer).toMatchObject({ sender_phone: contact, lid_jid: mirror['lid_jid'], is_lid: false });
  });

  it.each(['5511987654321', '551187654321', '5491123456789', '5215512345678'])(
    'C-37: the full international number is told: %s',
    async (contact) => {
      expect(await play.told(await play.write(contact, { text: 'x' }))).toMatchObject({ sender_phone: contact });
    },
  );

  it('C-57, C-59, C-13, C-35: over a restart own sends are never echoed, nothing is told twice, and what waited comes in order', async () => {
    const [contact, waiting] = [play.newContact(), play.newContact()];
    const id = await play.write(contact, { text: 'once' });
    await play.told(id);
    const sent = await play.bridge.sendText(play.number, { to: contact, text: 'from the app' });
    const { id: own } = sent.body as { id: string };
    await play.bridge.stop();
    const ids: string[] = [];
    for (const content of [{ text: '1' }, { image: {}, caption: '2' }, { location: { latitude: 3, longitude: 3 } }])
      ids.push(await play.write(waiting, content));
    await play.bridge.restart();
    await play.told(ids.at(-1) ?? '', 30_000);
    await play.writeFromPhone(contact, { text: 'from the app', id: own });
    await play.write(contact, { text: 'once', id });
    await play.told(await play.write(contact, { text: 'last' }));
    const told = (await play.all()).map((body) => String(body['wa_message_id']));
    expect(told.filter((one) => ids.includes(one))).toEqual(ids);
    expect(told.filter((one) => one === id)).toHaveLength(1);
    expect(told).not.toContain(own);
  }, 90_000);
});
