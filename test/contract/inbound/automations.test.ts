/** Contract inbound §3.1, §6, §8 on the whole bridge: what the app answers, and what the customer then gets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { base64, Play, type Told } from './play.ts';

let play: Play;
const contacts: string[] = [];
const newContact = () => {
  const contact = play.newContact();
  contacts.push(contact);
  return contact;
};
beforeAll(async () => {
  play = await Play.begin();
});
afterAll(async () => {
  expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
});

const keyword = (word: string, answer: object) =>
  play.world('/app/keyword', { keyword: word, phone: play.number, answer });
const nextAnswer = (body: object) => play.world('/app/next-answer', { path: 'inbound-message', body });
/** No mirror is still to come that would get the next answer. */
const quietApp = async () => {
  const sent = (await play.stage.world.appRequests({ path: 'inbound-message' })).map(
    ({ body }) => (body as Told)['wa_message_id'],
  );
  for (const contact of contacts) for (const { id } of await got(contact)) if (!sent.includes(id)) await mirrorOf(id);
};
const got = async (contact: string) => play.stage.world.contactMessages(contact, play.number);
const gets = (contact: string, count = 1, withinMs = 15_000) =>
  eventually(async () => ((await got(contact)).length >= count ? got(contact) : undefined), {
    what: `the contact has ${count} messages`,
    withinMs,
  });
const lookUps = async () =>
  (await play.stage.world.appRequests({ path: 'keyword-replies' })).map(({ body }) => body as Told);
const mirrorOf = (id: string) =>
  play.find((body) => body['wa_message_id'] === id && body['direction'] === 'out', `mirror of ${id}`);

describe('inbound §8: keyword replies', () => {
  it('custom text: looked up once, sent with its placeholders, mirrored with its real id', async () => {
    const contact = newContact();
    await keyword('price list', { reply_type: 'custom', reply: 'Hello {{name}}', cooldown: 0 });
    await play.write(contact, { text: ' Price List ', name: 'Ana' });
    const [message] = await gets(contact);
    expect(message).toMatchObject({ text: 'Hello Ana' });
    expect(await mirrorOf(message?.id ?? '')).toMatchObject({
      body: 'Hello Ana',
      sender_phone: contact,
      media_type: null,
    });
    const asked = (await lookUps()).filter(({ mobile }) => mobile === `${contact}@s.whatsapp.net`);
    expect(asked).toEqual([{ keyword: 'price list', mobile: `${contact}@s.whatsapp.net`, phone: play.number }]);
  });

  it.each([
    [
      'share_contact',
      { contact: { name: 'Sales', phone: '551133334444', email: null } },
      { media_type: 'contact', contact_name: 'Sales', contact_phone: '551133334444' },
    ],
    [
      'send_catalog',
      { catalog: { catalog_id: 7, provider: 'meta', mode: 'mpm' } },
      { body: "Here's our catalog: https://wa.me/c/7" },
    ],
    ['request_location', {}, { body: 'Please share your location' }],
  ])('C-58: %s is sent and mirrored', async (type, fields, mirror) => {
    const contact = newContact();
    await keyword(type, { reply_type: type, reply: 'x', cooldown: null, timeout: null, ...fields });
    await play.write(contact, { text: type });
    const [message] = await gets(contact);
    expect(await mirrorOf(message?.id ?? '')).toMatchObject(mirror);
  });

  it('C-58, §7: media are mirrored with the bytes that the customer has', async () => {
    const contact = newContact();
    const path = '/uploads/menu.pdf';
    await play.world('/app/file', { path, base64: base64('%PDF menu'), type: 'application/pdf' });
    const media = { type: 'document', url: path, caption: 'Our menu', filename: 'menu.pdf' };
    await keyword('menu please', { reply_type: 'custom', reply: JSON.stringify(media) });
    await play.write(contact, { text: 'menu please' });
    const [message] = await gets(contact);
    expect(await mirrorOf(message?.id ?? '')).toMatchObject({
      ...{ body: 'Our menu', media_type: 'document', media_filename: 'menu.pdf', media_mime: 'application/pdf' },
      media_base64: base64('%PDF menu'),
    });
  });

  it('media that cannot be had: the caption goes as text', async () => {
    const contact = newContact();
    const media = { type: 'image', url: 'http://127.0.0.1:9/not-there.png', caption: 'Our menu' };
    await keyword('menu', { reply_type: 'custom', reply: JSON.stringify(media) });
    await play.write(contact, { text: 'menu' });
    expect(await gets(contact)).toMatchObject([{ text: 'Our menu' }]);
  });

  it('cooldown: one reply, then none for so long', async () => {
    const contact = newContact();
    await keyword('again', { reply_type: 'custom', reply: 'once', cooldown: '600' });
    for (let times = 0; times < 2; times++) await play.write(contact, { text: 'again' });
    await gets(contact);
    await eventually(async () => (await lookUps()).filter((query) => query['keyword'] === 'again').length === 2, {
      what: 'both are looked up',
      withinMs: 10_000,
    });
    await keyword('flow', { reply_type: 'custom', reply: 'other' });
    await play.write(contact, { text: 'flow' });
    await eventually(async () => (await lookUps()).some((query) => query['keyword'] === 'flow'), {
      what: 'it is looked up',
      withinMs: 10_000,
    });
    expect(await got(contact)).toHaveLength(1);
  });

  it('S-20: the receipts of automatic replies go to the chat alone', async () => {
    const contact = newContact();
    await keyword('receipt', { reply_type: 'custom', reply: 'with receipt' });
    await play.write(contact, { text: 'receipt' });
    const [message] = await gets(contact);
    const of = async (path: string, field: string) =>
      (await play.stage.world.appRequests({ path })).filter(({ body }) => (body as Told)[field] === message?.id);
    await eventually(async () => (await of('chat/message-status', 'whatsapp_message_id')).length > 0, {
      what: 'the chat hears of the receipt',
      withinMs: 10_000,
    });
    expect(await of('campaigns/update-status-by-id', 'message_id')).toEqual([]);
  });
});

describe("inbound §6: the app's answer", () => {
  it.each(['opt_out', 'ai_crm_copilot', 'dedup'])(
    'C-32: %s forbids every automatic reply, and the look-up',
    async (kind) => {
      const contact = newContact();
      await keyword(kind, { reply_type: 'custom', reply: 'must not go' });
      await quietApp();
      await nextAnswer({ ok: true, kind, conv_id: 1, message_id: 1 });
      await play.write(contact, { text: kind });
      await keyword(`after ${kind}`, { reply_type: 'custom', reply: 'may go' });
      await play.write(contact, { text: `after ${kind}` });
      expect(await gets(contact)).toMatchObject([{ text: 'may go' }]);
      expect((await lookUps()).map((query) => query['keyword'])).not.toContain(kind);
    },
  );

  it('F-43: a flow_id: no look-up; of a flow that the app does not have the log says so', async () => {
    const contact = newContact();
    await quietApp();
    await nextAnswer({ ok: true, conversation_id: 1, routing_actions: { flow_id: 12 } });
    await play.write(contact, { text: 'flow please' });
    await play.write(contact, { text: 'and then' });
    await eventually(async () => (await lookUps()).some((query) => query['keyword'] === 'and then'), {
      what: 'the next message is looked up',
      withinMs: 10_000,
    });
    expect((await lookUps()).map((query) => query['keyword'])).not.toContain('flow please');
    expect(play.bridge.process.tail()).toContain('a flow could not be started');
  });
});

it('TK2: a kill -9 between the look-up and the reply never replies twice, and never looks up twice', async () => {
  const contact = newContact();
  await keyword('kill', { reply_type: 'custom', reply: 'just once', reply_delay: 2 });
  await play.write(contact, { text: 'kill' });
  await eventually(async () => (await lookUps()).some((query) => query['keyword'] === 'kill'), {
    what: 'it is looked up',
    withinMs: 10_000,
    everyMs: 10,
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await play.bridge.kill9();
  await play.bridge.restart();
  const [message] = await gets(contact, 1, 30_000);
  await mirrorOf(message?.id ?? '');
  expect(await got(contact)).toMatchObject([{ text: 'just once' }]);
  expect((await lookUps()).filter((query) => query['keyword'] === 'kill')).toHaveLength(1);
}, 90_000);
