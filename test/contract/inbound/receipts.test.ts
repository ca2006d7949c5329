/** Contract inbound §10 on the whole bridge: who is told of receipts, how often, and of late refusals. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { Play, type Told } from './play.ts';

const CHAT = 'chat/message-status';
const CAMPAIGN = 'campaigns/update-status-by-id';

let play: Play;
beforeAll(async () => {
  play = await Play.begin();
});
afterAll(async () => {
  await play.world('/app/receipts', { updated: 1, matched: false });
  expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
});

/** Sends to a contact whose phone acknowledges nothing by itself. */
async function send(contact: string): Promise<string> {
  await play.stage.world.addPhone(contact);
  await play.stage.world.receipts(contact, 'manual');
  const { body } = await play.bridge.sendText(play.number, { to: contact, text: 'hello' });
  return (body as { id: string }).id;
}

/** Statuses told to this endpoint of this message. */
async function told(path: string, id: string): Promise<unknown[]> {
  const requests = await play.stage.world.appRequests({ path });
  const bodies = requests.map(({ body }) => body as Told);
  return bodies
    .filter((body) => [body['whatsapp_message_id'], body['message_id']].includes(id))
    .map((body) => body['status']);
}

const toldTimes = (path: string, id: string, count: number, withinMs = 15_000) =>
  eventually(async () => (await told(path, id)).length >= count, { what: `${path} is told ${count} times`, withinMs });

it('S-20: both endpoints hear of a single send, each (message, status) once; played is read (S-46)', async () => {
  const contact = play.newContact();
  const id = await send(contact);
  await play.stage.world.receipt(contact, id, 'delivered');
  await toldTimes(CAMPAIGN, id, 1);
  for (const type of ['delivered', 'played', 'read'] as const) await play.stage.world.receipt(contact, id, type);
  await toldTimes(CAMPAIGN, id, 2);
  expect([await told(CHAT, id), await told(CAMPAIGN, id)]).toEqual([
    ['delivered', 'read'],
    ['delivered', 'read'],
  ]);
});

it('C-49: delivered and read within 500 ms are one read', async () => {
  const contact = play.newContact();
  const id = await send(contact);
  for (const type of ['delivered', 'read'] as const) await play.stage.world.receipt(contact, id, type);
  await toldTimes(CAMPAIGN, id, 1);
  expect([await told(CHAT, id), await told(CAMPAIGN, id)]).toEqual([['read'], ['read']]);
});

it('C-22: repeated after 2 and 5 s while neither knows the message, also over a restart, until one does', async () => {
  await play.world('/app/receipts', { updated: 0, matched: false });
  const contact = play.newContact();
  const id = await send(contact);
  await play.stage.world.receipt(contact, id, 'read');
  // The later of the two: killed between them, the second time would be over with this one not told.
  await toldTimes(CAMPAIGN, id, 2);
  expect(await told(CHAT, id)).toHaveLength(2);
  await play.bridge.kill9();
  await play.world('/app/receipts', { matched: true });
  await play.bridge.restart();
  await toldTimes(CAMPAIGN, id, 3);
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  expect(await told(CAMPAIGN, id)).toHaveLength(3);
}, 60_000);
