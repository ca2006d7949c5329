/** Every kind of content through the real library, as the contact's phone decrypts it. One world for all cases. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Button, Content, Media, MediaFile } from '../../../src/content/content.ts';
import { derivedMessageId, newMessageId } from '../../../src/ids.ts';
import { type Attempt, CONTACT, eventually, PHONE, World } from './world.ts';

const TO = `${CONTACT}@s.whatsapp.net`;
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const BUTTONS: readonly Button[] = [
  { kind: 'reply', label: 'Yes', id: 'yes' },
  { kind: 'url', label: 'Shop', url: 'https://shop.example/a' },
  { kind: 'call', label: 'Call', phone: '+4930123' },
  { kind: 'copy', label: 'Code', code: 'SAVE10' },
];
const NATIVE_BUTTONS = [
  { name: 'quick_reply', params: { display_text: 'Yes', id: 'yes' } },
  {
    name: 'cta_url',
    params: { display_text: 'Shop', url: 'https://shop.example/a', merchant_url: 'https://shop.example/a' },
  },
  { name: 'cta_call', params: { display_text: 'Call', phone_number: '+4930123' } },
  { name: 'cta_copy', params: { display_text: 'Code', copy_code: 'SAVE10' } },
];

let world: World;
let connection: Attempt;
let files = 0;
beforeAll(async () => {
  world = await World.start();
  world.whatsapp.createPhone(CONTACT);
  connection = await world.paired();
});
afterAll(() => world.stop());

function media(
  type: Media['type'],
  mime: string,
  bytes: Buffer,
  more: Partial<Media<MediaFile>> = {},
): Media<MediaFile> {
  const path = join(world.dir, `medium-${files++}`);
  writeFileSync(path, bytes);
  return { type, mime, from: { kind: 'file', path, bytes: bytes.length }, ...more };
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Sends it and waits until the contact has read it. */
async function shown(content: Content<MediaFile>) {
  const id = newMessageId();
  const command = { from: PHONE, to: TO, content, id, deadline: Date.now() + 12_000 };
  expect(await connection.handle.send(command)).toEqual({ kind: 'sent', id, to: TO });
  return eventually('at the contact', () => world.whatsapp.messages(CONTACT).find((one) => one.id === id));
}

describe('contract messages §2, §3, §4, §7: what the contact sees', () => {
  it('text, with mentions', async () => {
    expect(await shown({ kind: 'text', text: 'see https://example.com' })).toMatchObject({ type: 'text' });
    const content = { kind: 'text', text: 'hello @4915112345678', mentions: ['4915112345678'] } as const;
    expect(await shown(content)).toMatchObject({ text: content.text, mentions: ['4915112345678@s.whatsapp.net'] });
  });

  it('an image with its caption, its bytes, and a thumbnail where a library makes one', async () => {
    const seen = await shown({ kind: 'media', media: media('image', 'image/png', PNG), caption: 'a dot' });
    const expected = { kind: 'image', mime: 'image/png', sha256: sha256(PNG), bytes: PNG.length };
    expect(seen).toMatchObject({ type: 'image', text: 'a dot', media: expected });
  });

  it.each([
    ['video', 'video/mp4', {}, { kind: 'video', mime: 'video/mp4' }],
    ['audio', 'audio/mpeg', {}, { kind: 'audio', mime: 'audio/mpeg' }],
    ['audio', 'audio/ogg; codecs=opus', { voice: true }, { kind: 'audio', voice: true }],
    ['document', 'application/pdf', { fileName: 'bill.pdf' }, { kind: 'document', fileName: 'bill.pdf' }],
    ['sticker', 'image/webp', {}, { kind: 'sticker' }],
  ] as const)('media: %s %s', async (type, mime, more, expected) => {
    const bytes = Buffer.from(`${type} ${mime} ${'x'.repeat(5_000)}`);
    const seen = await shown({ kind: 'media', media: media(type, mime, bytes, more), caption: '' });
    expect(seen.media).toMatchObject({ ...expected, sha256: sha256(bytes) });
  });

  it('NF1 buttons of the four kinds, with title, subtitle, footer', async () => {
    const content = {
      kind: 'buttons',
      body: 'Well?',
      title: 'T',
      subtitle: 'S',
      footer: 'F',
      buttons: BUTTONS,
    } as const;
    expect(await shown(content)).toMatchObject({
      type: 'interactive',
      text: 'Well?',
      interactive: { title: 'T', subtitle: 'S', footer: 'F', body: 'Well?' },
      buttons: NATIVE_BUTTONS,
    });
  });

  it.each([
    ['image', 'image/png', 'image'],
    ['video', 'video/mp4', 'video'],
    ['document', 'application/pdf', 'document'],
  ] as const)('buttons below media: %s', async (type, mime, kind) => {
    const header = media(type, mime, PNG, type === 'document' ? { fileName: 'a.pdf' } : {});
    const seen = await shown({
      ...{ kind: 'buttons', body: 'caption', title: '', subtitle: '', footer: '' },
      ...{ buttons: BUTTONS.slice(0, 1), header },
    });
    expect(seen.interactive).toMatchObject({ body: 'caption', media: { kind, sha256: sha256(PNG) } });
  });

  it('a list', async () => {
    const sections = [{ title: 'Sizes', rows: [{ id: 's', title: 'Small', description: 'for one' }] }];
    const seen = await shown({ kind: 'list', body: 'Pick', title: '', footer: '', button: 'Open', sections });
    expect(seen.buttons).toEqual([{ name: 'single_select', params: { title: 'Open', sections } }]);
  });

  it('a carousel: every card with its own image, texts and buttons, one without an image', async () => {
    const card = (n: number) => ({ title: `T${n}`, body: `B${n}`, footer: `F${n}`, buttons: BUTTONS.slice(0, 2) });
    const cards = [card(1), { ...card(2), image: media('image', 'image/png', PNG) }, card(3)];
    const seen = await shown({ kind: 'carousel', body: 'Look', title: '', footer: '', cards });
    expect(seen.interactive).toMatchObject({ body: 'Look' });
    expect(seen.cards?.map((one) => [one.title, one.body, one.footer, one.media?.sha256 ?? null])).toEqual([
      ['T1', 'B1', 'F1', null],
      ['T2', 'B2', 'F2', sha256(PNG)],
      ['T3', 'B3', 'F3', null],
    ]);
    expect(seen.cards?.[0]?.buttons).toEqual(NATIVE_BUTTONS.slice(0, 2));
  });

  it('a location, a request for one, a contact card', async () => {
    const place = { latitude: -23.5, longitude: -46.6, name: 'Sé', address: 'São Paulo' };
    expect(await shown({ kind: 'location', ...place })).toMatchObject({ type: 'location', place });
    const seen = await shown({ kind: 'location request', body: 'Where are you?' });
    expect(seen).toMatchObject({ text: 'Where are you?', buttons: [{ name: 'send_location' }] });
    const card = { displayName: 'Ann', vcard: 'BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEND:VCARD' };
    expect(await shown({ kind: 'contact', ...card })).toMatchObject({ type: 'contact', contact: card });
  });
});

describe('contract flows §3.6: polls', () => {
  const options = ['Sea', 'Hills', 'City'];

  it.each([
    [false, 'pollCreationMessageV3', 1],
    [true, 'pollCreationMessage', 0],
  ] as const)(
    'a native poll, several choices: %s, with the secret that its votes are read by',
    async (multiple, field, count) => {
      const { type, message } = await shown({ kind: 'poll', question: 'Where to?', options, multiple });
      expect(type).toBe('poll');
      expect(message).toMatchObject({
        [field]: {
          name: 'Where to?',
          options: options.map((optionName) => ({ optionName })),
          ...(count > 0 && { selectableOptionsCount: count }),
        },
        messageContextInfo: { messageSecret: expect.objectContaining({ length: 32 }) },
      });
    },
  );

  it.each([
    ['one option', ['Sea'], 'Where to?\n\n1. Sea'],
    ['none', [], 'Where to?'],
    ['equal ones', ['Sea', 'Sea'], 'Where to?\n\n1. Sea\n2. Sea'],
    ['thirteen', Array.from({ length: 13 }, (_, n) => `Town ${n}`), expect.stringMatching(/\n13\. Town 12$/)],
  ])('F-06 %s: asked as numbered text', async (_, some, text) => {
    expect(await shown({ kind: 'poll', question: 'Where to?', options: some, multiple: false })).toMatchObject({
      ...{ type: 'text', text },
    });
  });
});

describe('contract messages §6: actions on a message', () => {
  const target = { id: '3EB0AAAAAAAAAAAAAAAAAA', fromMe: false };

  it('a reaction, and an empty one that takes it back', async () => {
    const seen = await shown({ kind: 'reaction', target, emoji: '👍' });
    expect(seen).toMatchObject({ type: 'reaction', text: '👍', target: target.id, key: { chat: TO, fromMe: false } });
    expect(await shown({ kind: 'reaction', target, emoji: '' })).toMatchObject({ type: 'reaction', text: '' });
  });

  it.each([
    [true, 86_400, 1, 86_400],
    [true, 600_000, 1, 604_800],
    [true, 2_592_000, 1, 2_592_000],
    [false, 604_800, 2, 0],
  ])('C-47 pin %s for %i s', async (pin, seconds, type, applied) => {
    const seen = await shown({ kind: 'pin', target, pin, seconds });
    expect(seen).toMatchObject({ type: 'pin', edit: '2', target: target.id, pin: { type, seconds: applied } });
  });

  it('edit and delete, with the attributes that WhatsApp wants', async () => {
    const own = { id: newMessageId(), fromMe: true };
    expect(await shown({ kind: 'edit', target: own, text: 'better' })).toMatchObject({
      ...{ type: 'edit', edit: '1', text: 'better', target: own.id, key: { chat: TO, fromMe: true } },
    });
    expect(await shown({ kind: 'delete', target: own })).toMatchObject({ type: 'revoke', edit: '7', target: own.id });
  });
});

describe('refused as it is', () => {
  it('SE6 buttons that WhatsApp refuses go out as text with the same meaning, once, under an id of their own', async () => {
    world.whatsapp.applyFaults({ ack: { error: 479, times: 1 } });
    const before = world.whatsapp.messageCount(CONTACT);
    const id = newMessageId();
    const content = {
      kind: 'buttons',
      body: 'Well?',
      title: 'T',
      subtitle: '',
      footer: 'F',
      buttons: BUTTONS,
    } as const;
    const command = { from: PHONE, to: TO, content, id, deadline: Date.now() + 12_000 };
    const result = await connection.handle.send(command);
    expect(result).toMatchObject({ kind: 'sent' });
    expect(result.id).not.toBe(id);
    await eventually('the text', () => world.whatsapp.messageCount(CONTACT) === before + 1);
    const text = '*T*\n\nWell?\n\n• Yes\nShop: https://shop.example/a\nCall: +4930123\nCode: SAVE10\n\nF';
    expect(world.whatsapp.messages(CONTACT).at(-1)).toMatchObject({ id: result.id, type: 'text', text });
  });

  it('SE6, PP1, RF2 a refused carousel goes out as one message for each card, pictures with their text, in order', async () => {
    world.whatsapp.applyFaults({ ack: { error: 479, times: 1 } });
    const before = world.whatsapp.messageCount(CONTACT);
    const picture = (bytes: Buffer) => ({ image: media('image', 'image/png', bytes) });
    const other = Buffer.concat([PNG, Buffer.from('x')]);
    const card = (n: number) => ({ title: `T${n}`, body: `B${n}`, footer: `F${n}`, buttons: BUTTONS.slice(0, 2) });
    const cards = [{ ...card(1), ...picture(PNG) }, card(2), { ...card(3), ...picture(other) }];
    const id = newMessageId();
    const content = { kind: 'carousel', body: 'Look', title: 'All', footer: '', cards } as const;
    const command = { from: PHONE, to: TO, content, id, deadline: Date.now() + 12_000 };
    const result = await connection.handle.send(command);
    expect(result).toMatchObject({ kind: 'sent', id: derivedMessageId(id, 'text') });
    await eventually('every part', () => world.whatsapp.messageCount(CONTACT) === before + 4);
    const parts = world.whatsapp.messages(CONTACT).slice(-4);
    const words = (n: number) => `*T${n}*\n\nB${n}\n\n• Yes\nShop: https://shop.example/a\n\nF${n}`;
    expect(parts.map(({ type, text, media: seen }) => [type, text, seen?.sha256])).toEqual([
      ['text', '*All*\n\nLook', undefined],
      ['image', words(1), sha256(PNG)],
      ['text', words(2), undefined],
      ['image', words(3), sha256(other)],
    ]);
    // RF2: the same send, refused again, adds nothing.
    world.whatsapp.applyFaults({ ack: { error: 479, times: 1 } });
    expect(await connection.handle.send({ ...command, content: { ...content, cards: [card(1)] } })).toMatchObject({
      kind: 'sent',
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(world.whatsapp.messageCount(CONTACT)).toBe(before + 4);
  });

  it.each([429, 463])('SE6 a refusal of the account (%i) is told, not evaded', async (error) => {
    world.whatsapp.applyFaults({ ack: { error, times: 1 } });
    const content = { kind: 'location request', body: 'Where?' } as const;
    const command = { from: PHONE, to: TO, content, id: newMessageId(), deadline: Date.now() + 12_000 };
    expect(await connection.handle.send(command)).toMatchObject({ kind: 'failed', code: error });
  });
});
