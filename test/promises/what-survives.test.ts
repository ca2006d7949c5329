/**
 * Contract README §9 and defects C-21, C-44 on the whole bridge: what a kill -9 and an exception that nobody catches leave
 * standing. Pairings, inbound messages and sends under kills: p3-kill, p5-*.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Play, type Told } from '../contract/inbound/play.ts';
import { eventually } from '../helpers/eventually.ts';
import { Stage } from '../helpers/stage.ts';

/** Loaded before the bridge: one signal for each kind of bug. */
const BUGS = `
  process.on('SIGUSR2', () => { throw new Error('a bug threw'); });
  process.on('SIGWINCH', () => void Promise.reject(new Error('a bug rejected')));
`;

let play: Play;
beforeAll(async () => {
  play = await Play.on(await Stage.forTest(), {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(BUGS)}`,
  });
});
afterAll(async () => {
  expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
});

const keyword = (word: string, answer: object) =>
  play.world('/app/keyword', { keyword: word, phone: play.number, answer: { reply_type: 'custom', ...answer } });
const got = (contact: string) => play.stage.world.contactMessages(contact, play.number);
const gets = (contact: string) =>
  eventually(async () => (await got(contact))[0], { what: 'the contact is answered', withinMs: 15_000 });
const lookedUp = (word: string, times: number) =>
  eventually(
    async () => {
      const asked = await play.stage.world.appRequests({ path: 'keyword-replies' });
      return asked.filter(({ body }) => (body as Told)['keyword'] === word).length >= times;
    },
    { what: `${word} is looked up ${times} times`, withinMs: 15_000 },
  );
/** Statuses that this endpoint heard of the message. */
const statuses = async (path: string, id: string) =>
  (await play.stage.world.appRequests({ path }))
    .map(({ body }) => body as Told)
    .filter((body) => [body['whatsapp_message_id'], body['message_id']].includes(id))
    .map((body) => body['status']);
const again = async () => {
  await play.bridge.restart();
  await play.bridge.allConnected([play.number], 60_000);
};

it('C-21: cooldowns, the map of sent messages and the sessions with contacts survive a kill -9', async () => {
  const contact = play.newContact();
  await play.stage.world.addPhone(contact);
  await play.stage.world.receipts(contact, 'manual');
  await keyword('prices', { reply: 'once in an hour', cooldown: 3_600 });
  await keyword('last', { reply: 'not in the cooldown' });
  await play.write(contact, { text: 'prices' });
  const { id: automatic } = await gets(contact);
  const { id: single } = (await play.bridge.sendText(play.number, { to: contact, text: 'hello' })).body as Told;
  // The mirror ends the work on the customer's message: nothing is half done when the process dies.
  await play.told(automatic);

  await play.bridge.kill9();
  await again();

  for (const id of [automatic, String(single)]) await play.stage.world.receipt(contact, id, 'read');
  const campaigns = 'campaigns/update-status-by-id';
  await eventually(async () => (await statuses(campaigns, String(single))).length > 0, {
    what: 'the receipt of the single send is told',
    withinMs: 15_000,
  });
  await eventually(async () => (await statuses('chat/message-status', automatic)).length > 0, {
    what: 'the receipt of the automatic reply is told',
    withinMs: 15_000,
  });
  expect(await statuses('chat/message-status', String(single))).toEqual(['read']);
  expect(await statuses(campaigns, automatic)).toEqual([]);

  await play.write(contact, { text: 'prices' });
  await lookedUp('prices', 2);
  await play.write(contact, { text: 'last' });
  await lookedUp('last', 1);
  // Both texts were decrypted with the sessions of before (`end` counts what was not), and neither was answered.
  const other = play.newContact();
  await play.write(other, { text: 'last' });
  expect(await gets(other)).toMatchObject({ text: 'not in the cooldown' });
  expect((await got(contact)).map(({ text }) => text)).toEqual(['once in an hour', 'hello']);
}, 120_000);

it('C-44: a rejection that nobody handles is logged; an exception that nobody catches persists, exits 1, and the next process goes on', async () => {
  const { bridge, stage } = play;
  const contact = play.newContact();
  await stage.world.appMode('down');
  const kept = await play.write(contact, { text: 'written while the app was down' });

  bridge.process.signal('SIGWINCH');
  await bridge.process.line(/unhandled rejection/, 10_000);
  expect(bridge.process.printed()).toContain('a bug rejected');
  expect((await bridge.sendText(play.number, { to: contact, text: 'still there' })).status).toBe(200);

  bridge.process.signal('SIGUSR2');
  expect(await bridge.process.ended(25_000)).toEqual({ code: 1, signal: null });
  expect(bridge.process.printed()).toMatch(/a bug threw.*uncaught exception/);
  expect(bridge.process.tail(5)).toContain('stopped');

  await again();
  await stage.world.appMode('ok');
  expect(await play.told(kept, 90_000)).toMatchObject({ body: 'written while the app was down' });
  expect((await bridge.sendText(play.number, { to: contact, text: 'as before' })).status).toBe(200);
}, 180_000);
