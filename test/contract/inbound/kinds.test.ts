/** Contract inbound §3, §4: one message of every kind through the whole bridge, as the app gets it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base64, Play } from './play.ts';

describe('inbound §4: every kind reaches the app', () => {
  let play: Play;
  let contact: string;
  beforeAll(async () => {
    play = await Play.begin();
    contact = play.newContact();
  });
  afterAll(async () => {
    expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
  });

  const vcard = (photo: string) =>
    `BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nTEL;waid=551199990000:+55 11 9999-0000\nPHOTO;BASE64:${photo}\nEND:VCARD`;
  const bytes = base64('the bytes of a medium');

  it.each<[string, object, object]>([
    ['text', { text: 'hello' }, { body: 'hello', media_type: null, direction: 'in', is_lid: false }],
    ['text over 8192 (C-36)', { text: 'x'.repeat(9_000) }, { body: `${'x'.repeat(8191)}…` }],
    ['reply: the quoted text is not added', { text: 'yes', reply: { id: 'Q1', text: 'really?' } }, { body: 'yes' }],
    ['disappearing (C-16)', { text: 'gone soon', ephemeral: 86_400 }, { body: 'gone soon' }],
    [
      'image with caption (C-15)',
      { image: { base64: bytes }, caption: 'look' },
      { media_type: 'image', media_mime: 'image/jpeg', body: 'look', media_base64: bytes },
    ],
    [
      'video with caption (C-15)',
      { video: { base64: bytes }, caption: 'watch' },
      { media_type: 'video', media_mime: 'video/mp4', body: 'watch', media_base64: bytes },
    ],
    ['video note', { videoNote: { base64: bytes } }, { media_type: 'video', media_base64: bytes }],
    ['audio', { audio: { base64: bytes } }, { media_type: 'audio', media_mime: 'audio/mpeg', media_base64: bytes }],
    [
      'voice note',
      { voice: { base64: bytes } },
      { media_type: 'audio', media_mime: 'audio/ogg; codecs=opus', media_base64: bytes },
    ],
    [
      'document with caption in its wrapper (C-15, C-16)',
      { document: { base64: bytes, fileName: 'offer.pdf' }, caption: 'our offer', withCaptionWrapper: true },
      { media_type: 'document', media_filename: 'offer.pdf', body: 'our offer', media_base64: bytes },
    ],
    [
      'document without a name: its title',
      { document: { base64: bytes, title: 'Offer' } },
      { media_type: 'document', media_filename: 'Offer', media_mime: 'application/pdf' },
    ],
    ['sticker (C-16)', { sticker: { base64: bytes } }, { media_type: 'sticker', body: '', media_base64: bytes }],
    ['view once (C-16)', { image: { base64: bytes }, viewOnce: true }, { media_type: 'image', media_base64: bytes }],
    [
      'static location (C-61: no download)',
      { location: { latitude: -23.5, longitude: -46.6, name: 'Sé', address: 'São Paulo' } },
      {
        ...{ media_type: 'location', location_latitude: -23.5, location_longitude: -46.6, body: '' },
        ...{ location_name: 'Sé', location_address: 'São Paulo' },
      },
    ],
    [
      'coordinates out of range stay in the body',
      { location: { latitude: 91, longitude: 10 } },
      { media_type: 'location', body: '91, 10' },
    ],
    [
      'live location (C-16)',
      { liveLocation: { latitude: 1, longitude: 2 }, caption: 'on my way' },
      { media_type: 'location', location_latitude: 1, location_longitude: 2, body: 'on my way' },
    ],
    [
      'contact',
      { contact: { name: 'Bob', phone: '551199990000', vcard: vcard('AAAA') } },
      { ...{ media_type: null, body: 'Bob', contact_name: 'Bob', contact_phone: '+55 11 9999-0000' } },
    ],
    [
      'contact whose photo is too long (C-36)',
      { contact: { name: 'Bob', phone: '551199990000', vcard: vcard('A'.repeat(20_000)) } },
      { contact_name: 'Bob', contact_vcard: vcard('').replace(/PHOTO.*\n/, '') },
    ],
    ['poll (C-16)', { poll: { name: 'Lunch?', options: ['Pizza', 'Sushi'] } }, { body: 'Lunch?\n- Pizza\n- Sushi' }],
    ['button reply', { buttonReply: { id: 'b1', text: 'Yes' } }, { body: 'Yes' }],
    ['button reply without a label', { buttonReply: { id: 'b1', text: '' } }, { body: 'b1' }],
    ['list reply', { listReply: { id: 'r1', title: 'Blue' } }, { body: 'Blue' }],
    ['template reply', { templateReply: { id: 't1', text: 'Buy' } }, { body: 'Buy' }],
    [
      'native flow reply',
      { nativeFlowReply: { name: 'quick_reply', params: '{"display_text":"Go","id":"q1"}' } },
      { body: 'Go' },
    ],
    [
      'group invite',
      { groupInvite: { name: 'Friends', code: 'abc' }, caption: 'join us' },
      { body: 'join us\nFriends\nhttps://chat.whatsapp.com/abc' },
    ],
    [
      'event',
      { event: { name: 'Party', at: 1_700_000_000, place: 'Home' } },
      { body: 'Party\n2023-11-14 22:13 UTC\nHome' },
    ],
    ['product', { product: { title: 'Hat', price: { amount: 12, currency: 'BRL' } } }, { body: 'Hat\n12.00 BRL' }],
    [
      'order',
      { order: { title: 'Shop', items: 2, amount: 20, currency: 'EUR', message: 'please' } },
      { body: 'Shop\n2 items\n20.00 EUR\nplease' },
    ],
    ['payment', { payment: { amount: 5, currency: 'INR', note: 'tea' } }, { body: 'Payment request\n5.00 INR\ntea' }],
    ['unknown kind: a readable note', { raw: { stickerPackMessage: { name: 'x' } } }, { body: '[sticker pack]' }],
    ['forwarded often', { text: 'old joke', forwarded: 7 }, { is_forwarded: true, forward_score: 7 }],
    ['forwarded image', { image: { base64: bytes }, forwarded: true }, { is_forwarded: true, media_type: 'image' }],
  ])('%s', async (_, content, expected) => {
    const id = await play.write(contact, content);
    expect(await play.told(id)).toMatchObject(expected);
  });

  it('several contact cards: one event each, ids with _2 and _3', async () => {
    const contacts = ['A', 'B', 'C'].map((name, n) => ({ name, phone: `49151000000${n}` }));
    const id = await play.write(contact, { contacts });
    await play.told(`${id}_3`);
    const all = (await play.all()).filter((body) => String(body['wa_message_id']).startsWith(id));
    expect(all.map((body) => [body['wa_message_id'], body['contact_name']])).toEqual([
      [id, 'A'],
      [`${id}_2`, 'B'],
      [`${id}_3`, 'C'],
    ]);
  });

  it('inbound §5: a reaction is an event of its own, in the order of its target; an empty one takes it back', async () => {
    const id = await play.write(contact, { text: 'funny' });
    await play.write(contact, { reaction: { id, emoji: '😂' } });
    await play.write(contact, { reaction: { id, emoji: '' } });
    const last = await play.write(contact, { text: 'after' });
    await play.told(last);
    const all = (await play.all()).slice(-4);
    expect(all.map((body) => body['reaction_emoji'] ?? body['body'])).toEqual(['funny', '😂', '', 'after']);
    expect(all[1]).toMatchObject({ reaction_target: id, direction: 'in', sender_phone: contact, is_lid: false });
    expect(all[1]).not.toHaveProperty('wa_message_id');
  });

  it('an edit is a new event, stored; revokes, votes and pins are none', async () => {
    const id = await play.write(contact, { text: 'wrong' });
    const edit = await play.write(contact, { edit: { id, text: 'right' } });
    const silent = [
      await play.write(contact, { pollVote: { id } }),
      await play.write(contact, { revoke: { id } }),
      await play.write(contact, { raw: { pinInChatMessage: { type: 1 } } }),
    ];
    await play.told(await play.write(contact, { text: 'last' }));
    const ids = (await play.all()).map((body) => body['wa_message_id']);
    expect(await play.told(edit)).toMatchObject({ body: 'Edited: right' });
    for (const none of silent) expect(ids).not.toContain(none);
  });

  it('inbound §7: the own phone is mirrored with every kind, the customer as sender', async () => {
    const to = play.newContact();
    const mirror = { direction: 'out', sender_phone: to, sender_name: '', is_lid: false };
    const text = await play.writeFromPhone(to, { text: 'from my pocket' });
    expect(await play.told(text)).toMatchObject({ ...mirror, body: 'from my pocket' });
    const image = await play.writeFromPhone(to, { image: { base64: bytes }, caption: 'see' });
    expect(await play.told(image)).toMatchObject({ ...mirror, media_type: 'image', body: 'see', media_base64: bytes });
    const card = await play.writeFromPhone(to, { contact: { name: 'Eve', phone: '4915100000001' } });
    expect(await play.told(card)).toMatchObject({ ...mirror, media_type: 'contact', contact_name: 'Eve', body: 'Eve' });
    const place = await play.writeFromPhone(to, { location: { latitude: 1, longitude: 2 } });
    expect(await play.told(place)).toMatchObject({ ...mirror, media_type: 'location' });
    await play.writeFromPhone(to, { reaction: { id: text, emoji: '👍' } });
    expect(await play.find((body) => body['reaction_target'] === text, 'the reaction')).toMatchObject({
      direction: 'out',
    });
  });

  it('C-13: what is older than ten minutes reaches the inbox', async () => {
    const at = Math.floor(Date.now() / 1_000) - 3_600;
    const id = await play.write(contact, { text: 'an hour ago', at });
    expect(await play.told(id)).toMatchObject({ body: 'an hour ago', timestamp: at });
  });
});
