/**
 * Contract messages §2-§8 through the whole bridge: real HTTP, real Baileys, and what the contact's phone decrypts. One
 * number with a branding footer; each case writes to a contact of its own.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { call } from '../../helpers/json-http.ts';
import { Play } from '../inbound/play.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const png = PNG.toString('base64');
const sha256 = createHash('sha256').update(PNG).digest('hex');
const SENT = 'MESSAGE SENT SUCCESSFULLY';
const BRANDING = 'Sent by Acme';
const place = { latitude: '52.5200000', longitude: '13.4000000', name: 'Mitte', address: 'Berlin' };
const shownPlace = { latitude: 52.52, longitude: 13.4, name: 'Mitte', address: 'Berlin' };
const buttons = [
  { type: 'quick_reply', text: 'Yes', value: 'yes' },
  { type: 'visit_website', text: 'Shop', url: 'shop.example' },
  { type: 'copy_code', text: 'Code', value: 'SAVE10' },
  { type: 'call_phone', text: 'Call', value: '+4930123' },
];
const shownButtons = [
  { name: 'quick_reply', params: { display_text: 'Yes', id: 'yes' } },
  {
    name: 'cta_url',
    params: { display_text: 'Shop', url: 'https://shop.example', merchant_url: 'https://shop.example' },
  },
  { name: 'cta_copy', params: { display_text: 'Code', copy_code: 'SAVE10' } },
];

type Message = Readonly<Record<string, unknown>> & { readonly id: string };
type Ids = { readonly id: string; readonly messageId: string };

describe('messages: what a contact sees of each route', () => {
  let play: Play;
  let contact: string;

  beforeAll(async () => {
    play = await Play.begin();
    await play.world('/app/settings', { phone: play.number, branding_footer: BRANDING });
    await play.bridge.call('/api/cache-bust', { body: { phone: play.number } });
  }, 200_000);
  afterAll(async () => {
    expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
  });

  const post = (route: string, body: object, headers: Record<string, string> = {}) => {
    contact = play.newContact();
    return ask(route, { targetPhoneNumber: contact, targetJid: null, ...body }, headers);
  };
  const ask = (route: string, body: object, headers: Record<string, string> = {}) =>
    play.bridge.call(`/api/${route}/${play.number}`, { body, headers, timeoutMs: 20_000 });
  /** The answer's ids must be the one that WhatsApp saw. */
  const sent = async (answer: { status: number; body: unknown }, literals: object): Promise<string> => {
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const { id, messageId, ...rest } = answer.body as Ids;
    expect(id).toBe(messageId);
    expect(rest).toEqual(literals);
    return id;
  };
  const inbox = async (phone: string): Promise<Message[]> =>
    (await call(`${play.stage.world.control}/contacts/${phone}/messages`)).body as Message[];
  const seen = (count = 1, phone = contact) =>
    eventually(
      async () => {
        const all = await inbox(phone);
        return all.length >= count && all;
      },
      { what: `${count} messages at the contact`, withinMs: 10_000 },
    );

  it('§2 text with the branding footer, once (C-56); its own footer is ignored', async () => {
    const answer = await post('send-message', { message: 'hello', footer: 'mine' });
    const id = await sent(answer, { message: SENT, jid: `${contact}@s.whatsapp.net` });
    expect(await seen()).toMatchObject([{ id, text: `hello\n\n_${BRANDING}_` }]);
    await ask('send-message', { targetPhoneNumber: contact, message: `again\n\n_${BRANDING}_` });
    expect((await seen(2))[1]).toMatchObject({ text: `again\n\n_${BRANDING}_` });
  });

  it('§2 three buttons of the four, title, subtitle and branding footer, then the location', async () => {
    const fields = { message: 'Well?', title: 'T', subtitle: 'S', buttons: JSON.stringify(buttons), location: place };
    const id = await sent(await post('send-message', fields), { message: SENT });
    const interactive = { title: 'T', subtitle: 'S', body: 'Well?', footer: BRANDING };
    expect(await seen(2)).toMatchObject([{ id, interactive, buttons: shownButtons }, { place: shownPlace }]);
  });

  it('§2 a carousel with its request’s footer; no card is lost', async () => {
    const cards = [1, 2].map((n) => ({ title: `T${n}`, body: `B${n}`, footer: `F${n}`, buttons: [{ text: 'Yes' }] }));
    const fields = { message: 'Look', footer: 'mine', template_type: 'carousel', carousel_data: JSON.stringify(cards) };
    await sent(await post('send-message', fields), { message: SENT });
    const [shown] = await seen();
    expect(shown).toMatchObject({ interactive: { body: 'Look', footer: 'mine' } });
    expect(shown?.['cards']).toMatchObject(cards.map(({ buttons: _, ...texts }) => texts));
  });

  it('§2, C-03 images of cards by name: below the app’s own host, the second folder when it is not in the first', async () => {
    await play.world('/app/file', { path: '/uploads/templates/carousel/a b.png', base64: png, type: 'image/png' });
    await play.world('/app/file', { path: '/storage/wa-templates/c.png', base64: png, type: 'image/png' });
    const carousel_data = [
      { title: 'first', image_filename: 'a b.png' },
      { title: 'second', image: 'wa-templates/c.png' },
    ];
    await sent(await post('send-message', { message: 'Look', template_type: 'Carousel', carousel_data }), {
      message: SENT,
    });
    const media = { kind: 'image', sha256 };
    expect((await seen())[0]?.['cards']).toMatchObject([
      { title: 'first', media },
      { title: 'second', media },
    ]);
  });

  it('§2, §11 a card whose image cannot be had: 400, and no text in its place', async () => {
    const carousel_data = [{ title: 'x', image_filename: 'nowhere.png' }];
    const answer = await post('send-message', { message: 'Look', template_type: 'carousel', carousel_data });
    expect([answer.status, answer.body]).toEqual([400, { error: expect.stringContaining('Media refused') }]);
    expect(await inbox(contact)).toEqual([]);
  });

  it('§3 media-only: the bytes, no caption', async () => {
    const fields = { file: 'https://nowhere.example/a.png', file_base64: png, filetype: 'image/png', caption: 'x' };
    const id = await sent(await post('send-media-only', fields), { message: 'MEDIA SENT SUCCESSFULLY' });
    expect(await seen()).toMatchObject([{ id, text: null, media: { kind: 'image', mime: 'image/png', sha256 } }]);
  });

  it('§3 a voice note, and a document by its name', async () => {
    const ogg = Buffer.from(`OggS${'\0'.repeat(24)}OpusHead${'x'.repeat(500)}`).toString('base64');
    const voice = { file_base64: ogg, filetype: 'audio/ogg; codecs=opus', ptt: 'true', voice: true };
    await post('send-media-only', voice);
    expect(await seen()).toMatchObject([{ media: { kind: 'audio', voice: true } }]);
    await post('send-media-only', { file_base64: png, filetype: 'application/pdf', fileName: 'bill.pdf' });
    expect(await seen()).toMatchObject([{ media: { kind: 'document', fileName: 'bill.pdf', sha256 } }]);
  });

  it('§4 media with a caption and no footer (C-24 id), then the location', async () => {
    const fields = { file_base64: `data:image/png;base64,${png}`, caption: 'look', footer: 'mine', location: place };
    const answer = await post('send-media-message', fields);
    const id = await sent(answer, { success: true, message: 'Media Sent Successfully!' });
    const image = { id, text: 'look', media: { kind: 'image', sha256 } };
    expect(await seen(2)).toMatchObject([image, { place: shownPlace }]);
  });

  it('§4 the caption of audio follows as a text', async () => {
    await post('send-media-message', { file_base64: png, filetype: 'audio/mpeg', caption: 'listen' });
    expect(await seen(2)).toMatchObject([{ media: { kind: 'audio' } }, { text: 'listen' }]);
  });

  it('§4 media above buttons is one message', async () => {
    const fields = { file_base64: png, caption: 'Well?', footer: 'mine', buttons, title: 'ignored' };
    const answer = await post('send-media-message', fields);
    await sent(answer, { success: true, message: 'Media + Buttons Sent!' });
    const interactive = { title: '', body: 'Well?', footer: 'mine', media: { kind: 'image', sha256 } };
    expect(await seen()).toMatchObject([{ interactive, buttons: shownButtons }]);
  });

  it('§11 invalid base64 is 400 and nothing is sent', async () => {
    const answer = await post('send-media-only', { file_base64: 'not base64 !', filetype: 'image/png' });
    expect([answer.status, answer.body]).toEqual([400, { error: 'Invalid media' }]);
    expect(await inbox(contact)).toEqual([]);
  });

  it.each(['http://169.254.169.254/latest', 'https://127.0.0.1/a.png', '/etc/passwd', 'file:///etc/passwd'])(
    '§11 C-03 C-06 %s is refused with a 4xx and nothing is sent',
    async (file) => {
      const answer = await post('send-media-message', { file, caption: 'look' });
      expect(answer).toMatchObject({
        status: 400,
        body: { success: false, error: expect.stringMatching(/Media refused/) },
      });
      expect(await inbox(contact)).toEqual([]);
    },
  );

  it('§5 a location, named by its message', async () => {
    const { latitude, longitude } = place;
    const answer = await post('send-location', { latitude, longitude, message: ' Mitte ' });
    await sent(answer, { message: 'LOCATION SENT SUCCESSFULLY' });
    expect(await seen()).toMatchObject([{ place: { ...shownPlace, address: 'Mitte' } }]);
  });

  it('§7 a contact card made of name and phone', async () => {
    await sent(await post('send-contact', { name: 'Ann', phone: '+49 151 123456' }), { ok: true });
    const [shown] = await seen();
    expect(shown).toMatchObject({
      contact: { displayName: 'Ann', vcard: expect.stringContaining('waid=49151123456:') },
    });
  });

  it('§8 products in `json`: a card each, the one without a usable image too', async () => {
    const products = [
      { retailer_id: 'r1', name: 'Tea', price: '4.5', currency: 'EUR', url: 'https://shop.example/tea' },
      { id: 2, name: 'Cup', price: 9, availability: 'out of stock', image_url: 'https://127.0.0.1/cup.png' },
    ];
    contact = play.newContact();
    const json = { targetPhoneNumber: contact, type: 'multi', header_text: 'H', body_text: 'B', products };
    const answer = await ask('send-product-catalog', { json });
    await sent(answer, { success: true, message: 'PRODUCT CATALOG SENT SUCCESSFULLY' });
    expect((await seen())[0]?.['cards']).toMatchObject([
      { title: 'Tea', body: 'EUR 4.50', buttons: [{ params: { id: 'order_r1' } }, { name: 'cta_url' }] },
      { title: 'Cup', body: '9.00 (Out of Stock)', buttons: [{ params: { id: 'order_2' } }] },
    ]);
  });

  it('§6 reaction, pin, edit and delete on a message', async () => {
    const { body } = await post('send-message', { message: 'first' });
    const { id: targetMessageId } = body as Ids;
    const on = { targetPhoneNumber: contact, targetJid: null, targetMessageId, fromMe: true };
    await sent(await ask('send-reaction', { ...on, emoji: '👍' }), { ok: true });
    await sent(await ask('pin-message', { ...on, pin: true, duration: 86_400 }), { ok: true });
    await sent(await ask('edit-message', { ...on, newText: 'better' }), { ok: true });
    await sent(await ask('delete-message', on), { ok: true });
    expect((await seen(5)).slice(1)).toMatchObject([
      { type: 'reaction', text: '👍', target: targetMessageId },
      { type: 'pin', target: targetMessageId, pin: { type: 1, seconds: 86_400 } },
      { type: 'edit', target: targetMessageId, text: 'better' },
      { type: 'revoke', target: targetMessageId },
    ]);
  });

  it('§6 a reaction without a target is for the newest own message of the chat; in a new chat 404', async () => {
    const { body } = await post('send-message', { message: 'newest' });
    await sent(await ask('send-reaction', { targetPhoneNumber: contact, targetMessageId: null, emoji: '🎉' }), {
      ok: true,
    });
    expect((await seen(2))[1]).toMatchObject({ type: 'reaction', target: (body as Ids).id });
    const answer = await post('send-reaction', { targetMessageId: null, emoji: '🎉' });
    expect([answer.status, answer.body]).toEqual([404, { error: 'No target message to react to' }]);
  });

  it('§1.4 an Idempotency-Key is replayed on media too: one message, one id', async () => {
    const key = { 'Idempotency-Key': `media-${play.number}` };
    const fields = { file_base64: png, caption: 'once' };
    const first = await post('send-media-message', fields, key);
    const second = await ask('send-media-message', { targetPhoneNumber: contact, ...fields }, key);
    expect(second.body).toEqual(first.body);
    expect(await seen()).toHaveLength(1);
  });

  it('C-25 §1.1 a LID is a recipient', async () => {
    contact = play.newContact();
    const id = await play.write(contact, { text: 'hi' });
    const { lid_jid } = await play.told(id);
    const answer = await ask('send-media-message', { targetPhoneNumber: '1', targetJid: lid_jid, file_base64: png });
    expect(answer.status).toBe(200);
    expect(await seen()).toMatchObject([{ media: { sha256 } }]);
  });

  it('C-27 waba and twilio without credentials: 422, and nothing leaves from the personal number', async () => {
    for (const provider of ['waba', 'twilio']) {
      const answer = await post('send-message', { message: 'x', provider });
      expect(answer.status).toBe(422);
      expect(await inbox(contact)).toEqual([]);
    }
  });

  it('§7 a group message with mentions reaches the members', async () => {
    const member = play.newContact();
    const { jid } = (await play.world('/groups', { subject: 'G', creator: member, members: [play.number] })) as {
      jid: string;
    };
    const fields = { group_jid: jid, text: `hi @${member}`, mentions: [member] };
    await sent(await ask('send-group-message', fields), { message: 'GROUP MESSAGE SENT' });
    const [shown] = await seen(1, member);
    expect(shown).toMatchObject({ text: `hi @${member}`, mentions: [expect.stringContaining('@')] });
  });

  it('§1.1 Cloud API gets the phone behind a LID that the number knows; another one is refused', async () => {
    const facebook = { facebook_token: 'meta-token', facebook_phone_id: '109876543210' };
    await play.world('/app/settings', { phone: play.number, branding_footer: BRANDING, ...facebook });
    await play.bridge.call('/api/cache-bust', { body: { phone: play.number } });
    contact = play.newContact();
    const { lid_jid } = await play.told(await play.write(contact, { text: 'hi' }));
    const text = { targetPhoneNumber: '1', message: 'x', provider: 'waba' };
    expect((await ask('send-message', { ...text, targetJid: lid_jid })).status).toBe(200);
    const stranger = await ask('send-message', { ...text, targetJid: '99887766554433@lid' });
    expect([stranger.status, stranger.body]).toEqual([
      500,
      { success: false, error: 'WhatsApp Cloud API sends to phone numbers only' },
    ]);
    const { body } = await call(`${play.stage.world.control}/graph/requests`);
    expect(body).toMatchObject([{ body: { to: contact }, status: 200 }]);
    expect(await inbox(contact)).toEqual([]);
  });

  describe('§1.3 what did not reach the contact is answered so, and no receipt says otherwise', () => {
    const text = { message: 'are you there?' };
    const told = async (id: string) => {
      const all = await Promise.all(
        ['chat/message-status', 'campaigns/update-status-by-id'].map((path) => play.stage.world.appRequests({ path })),
      );
      return all.flat().filter(({ body }) => JSON.stringify(body).includes(id));
    };
    const expectFailed = async (answer: { status: number; body: unknown }, details: string) => {
      const { id } = answer.body as Ids;
      const said = { error: 'SEND THREW', details, id: expect.stringMatching(/./), messageId: id };
      expect([answer.status, answer.body]).toEqual([500, said]);
      await play.world('/faults', { clear: true });
      // What comes after it has arrived and was told: so would have been what came before.
      const next = await sent(await post('send-message', { message: 'next' }), {
        ...{ message: SENT, jid: expect.stringContaining('@') },
      });
      await eventually(async () => (await told(next)).length > 0, { what: 'its receipt is told', withinMs: 10_000 });
      expect(await told(id)).toEqual([]);
    };

    it('not on WhatsApp', async () => {
      const nobody = play.newContact();
      await play.stage.world.addPhone(nobody);
      await call(`${play.stage.world.control}/contacts/${nobody}`, { method: 'DELETE' });
      const answer = await ask('send-message', { targetPhoneNumber: nobody, ...text });
      await expectFailed(answer, 'Number is not on WhatsApp');
      expect(await inbox(nobody)).toEqual([]);
    });

    it('the query for its devices is one too many (429)', async () => {
      await play.world('/faults', { iq: { xmlns: 'usync', error: 429 } });
      const unasked = play.newContact();
      const answer = await ask('send-message', { targetPhoneNumber: unasked, ...text });
      await expectFailed(answer, 'rate-overlimit (429)');
      expect(await inbox(unasked)).toEqual([]);
    });

    it('WhatsApp refuses the message (C-23)', async () => {
      await play.world('/faults', { ack: { error: 479, times: 1 } });
      const refused = play.newContact();
      const answer = await ask('send-message', { targetPhoneNumber: refused, ...text });
      await expectFailed(answer, 'WhatsApp refused the message (479)');
      expect(await inbox(refused)).toEqual([]);
    });
  });

  it('C-26 a number that nobody paired: 503 at once', async () => {
    const answer = await play.bridge.call('/api/send-location/4915550000001', {
      body: { targetPhoneNumber: '4915112345678', latitude: 1, longitude: 1 },
    });
    expect(answer).toMatchObject({ status: 503, body: { error: 'CLIENT NOT READY', details: expect.any(String) } });
  });
});
