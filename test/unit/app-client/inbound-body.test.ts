import { describe, expect, it } from 'vitest';
import type { InboundFact } from '../../../src/app-client/callbacks.types.ts';
import { inboundBody } from '../../../src/app-client/inbound-body.ts';
import type { Attachment, InboundContent } from '../../../src/app-client/inbound-content.ts';
import { parseDigits } from '../../../src/phone.ts';

const pn = parseDigits('5511999990000') ?? expect.fail();
const fact: InboundFact = {
  ...{ kind: 'inbound', device: '5511900000001', direction: 'in', contact: { pn }, name: 'Ana' },
  ...{ id: '3EB0AAAA', content: { kind: 'text', text: 'hello' }, at: 1_700_000_000, stored: false },
};
const of = (content: InboundContent, more: Partial<InboundFact> = {}) => inboundBody({ ...fact, ...more, content });
const length = (value: unknown) => [...String(value)].length;

const image = { kind: 'media', type: 'image', mime: 'image/png', caption: 'c' } as const;
const attachment: Attachment = {
  file: 'f',
  source: {
    ...{ kind: 'whatsapp', account: '1', directPath: '/v', media: 'image', mediaKey: 'secret' },
    message: { chat: '2@lid', id: 'A', fromMe: false },
  },
};
const group = { jid: '123@g.us', subject: 'Friends' };
const reaction = { kind: 'reaction', emoji: '😂', target: 'T' } as const;
const place = { kind: 'location', latitude: 1, longitude: 2, name: 'n', address: 'a', caption: '' } as const;
const card = { kind: 'contact', name: 'Bob', phone: '+1', vcard: 'BEGIN:VCARD\nEND:VCARD' } as const;

describe('inbound §3: body', () => {
  it('C-60: a medium without bytes is told with null; with bytes to come the field is left to the worker', () => {
    expect(of(image).body).toMatchObject({ media_type: 'image', media_mime: 'image/png', media_base64: null });
    const { body } = of({ ...image, attachment });
    expect(body).not.toHaveProperty('media_base64');
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it.each<[string, InboundContent, Record<string, number>]>([
    ['media', { ...image, mime: 'm'.repeat(300), fileName: 'f'.repeat(300) }, { media_mime: 191, media_filename: 255 }],
    ['contact', { ...card, name: '😀'.repeat(300), phone: '1'.repeat(100) }, { contact_name: 191, contact_phone: 64 }],
    [
      'location',
      { ...place, name: 'n'.repeat(300), address: 'a'.repeat(300) },
      { location_name: 191, location_address: 255 },
    ],
    [
      'reaction',
      { ...reaction, emoji: 'e'.repeat(50), target: 't'.repeat(300) },
      { reaction_emoji: 32, reaction_target: 191 },
    ],
  ])('C-36: every field of a %s is cut to its limit', (_, content, limits) => {
    const { body } = of(content);
    for (const [field, limit] of Object.entries(limits)) expect(length(body[field])).toBe(limit);
  });

  it('C-36: a long vCard drops its photo, folded or not, and then becomes null; name and phone stay', () => {
    const photo = `PHOTO;ENCODING=b:${'A'.repeat(100)}\n ${'B'.repeat(9_000)}\n`;
    const plain = 'BEGIN:VCARD\nTEL:+1\nEND:VCARD';
    const withPhoto = plain.replace('END', `${photo}END`);
    expect(of({ ...card, vcard: withPhoto }).body['contact_vcard']).toBe(plain);
    const endless = plain.replace('TEL', `NOTE:${'x'.repeat(9_000)}\nTEL`);
    expect(of({ ...card, vcard: endless }).body).toMatchObject({ contact_vcard: null, contact_name: 'Bob' });
  });

  it.each([
    [91, 0],
    [0, -181],
    [Number.NaN, 0],
  ])('coordinates out of range are left out, the body keeps them: %s, %s', (latitude, longitude) => {
    const { body } = of({ ...place, latitude, longitude });
    expect(body).toMatchObject({ media_type: 'location', body: `${latitude}, ${longitude}` });
    expect(body).not.toHaveProperty('location_latitude');
  });

  it('§5: a reaction has no message id, body or media; the target is the order of its chat', () => {
    const { body, orderKeys } = of(reaction);
    for (const field of ['wa_message_id', 'body', 'media_type']) expect(body).not.toHaveProperty(field);
    expect(orderKeys).toEqual(of({ kind: 'text', text: 'x' }).orderKeys);
  });

  it('§7: a card is of type contact in mirrors only', () => {
    expect(of(card).body).toMatchObject({ media_type: null, body: 'Bob' });
    expect(of(card, { direction: 'out' }).body).toMatchObject({ media_type: 'contact', body: 'Bob' });
  });

  it('forwarded flag and score only when true and above 0, at most 1000', () => {
    const text = { kind: 'text', text: 'x' } as const;
    expect(of(text).body).not.toHaveProperty('is_forwarded');
    expect(of(text, { forwarded: 0 }).body).toMatchObject({ is_forwarded: true });
    expect(of(text, { forwarded: 0 }).body).not.toHaveProperty('forward_score');
    expect(of(text, { forwarded: 5_000 }).body).toMatchObject({ forward_score: 1_000 });
  });

  it('§9: a group is the chat and the order, the participant the sender', () => {
    const { body, orderKeys } = of({ kind: 'text', text: 'x' }, { group });
    expect(body).toMatchObject({ raw_jid: '123@g.us', group_subject: 'Friends', sender_phone: pn });
    expect(orderKeys).toEqual(['chat:5511900000001:123@g.us']);
  });

  it.each<[string, InboundContent, Partial<InboundFact>, number]>([
    ['customer', image, {}, 120_000],
    ['mirror with media', { ...image, attachment }, { direction: 'out' }, 30_000],
    ['mirror without', card, { direction: 'out' }, 10_000],
    ['reaction', reaction, {}, 8_000],
    ['group', card, { group }, 15_000],
    ['group with media', { ...image, attachment }, { group }, 60_000],
  ])('§3, §9: timeout of a %s', (_, content, more, ms) => {
    expect(of(content, more).timeoutMs).toBe(ms);
  });
});
