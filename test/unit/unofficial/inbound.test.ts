import { encodeWAMessage, proto } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';
import { intake } from '../../../src/actors/engines/unofficial/inbound/intake.ts';
import { receiptsOf } from '../../../src/actors/engines/unofficial/inbound/receipts.ts';
import { select } from '../../../src/actors/engines/unofficial/inbound/select.ts';
import { decode } from '../../../src/actors/engines/unofficial/inbound/decode.ts';
import { unwrap } from '../../../src/actors/engines/unofficial/inbound/unwrap.ts';
import { openVote } from '../../../src/actors/engines/unofficial/inbound/votes.ts';
import { sealVote } from '../../loopback/whatsapp/poll-votes.ts';
import { digits } from '../../property/outbox/app.ts';

const ME = { pn: '5511987654321', lid: '900000000000001' };
const base = { id: 'A1', t: '1700000000' };
const PN = '491701234567';
const LID = '900000000000002';
const both = { pn: PN, lid: LID };

describe('select (contract inbound §1, §2)', () => {
  it.each([
    [
      'by phone',
      { from: `${PN}@s.whatsapp.net`, sender_lid: `${LID}@lid` },
      { kind: 'chat', direction: 'in', contact: both, jid: `${PN}@s.whatsapp.net` },
    ],
    [
      'by LID',
      { from: `${LID}@lid`, sender_pn: `${PN}@s.whatsapp.net` },
      { kind: 'chat', direction: 'in', contact: both },
    ],
    [
      'from another device of the contact',
      { from: `${PN}:7@s.whatsapp.net` },
      { kind: 'chat', direction: 'in', contact: { pn: PN } },
    ],
    ['hidden phone', { from: `${LID}@lid` }, { kind: 'chat', direction: 'in', contact: { lid: LID } }],
    [
      'own phone, by LID',
      { from: `${ME.lid}@lid`, recipient: `${LID}@lid`, peer_recipient_pn: `${PN}@s.whatsapp.net` },
      { kind: 'chat', direction: 'out', contact: both },
    ],
    [
      'own phone, with its own alternate, which is not the customer',
      { from: `${ME.lid}@lid`, recipient: `${LID}@lid`, sender_pn: `${ME.pn}@s.whatsapp.net` },
      { kind: 'chat', direction: 'out', contact: { lid: LID } },
    ],
    ['own phone, no recipient', { from: `${ME.pn}@s.whatsapp.net`, category: 'peer' }, { kind: 'peer' }],
    [
      'a stranger naming a recipient',
      { from: `${PN}@s.whatsapp.net`, recipient: '1@lid' },
      { kind: 'ignored', why: 'malformed' },
    ],
    [
      'a LID with our phone digits is not us',
      { from: `${ME.pn}@lid` },
      { kind: 'chat', direction: 'in', contact: { lid: ME.pn } },
    ],
    [
      'group',
      { from: '123-456@g.us', participant: `${LID}@lid`, participant_pn: `${PN}@s.whatsapp.net` },
      { kind: 'chat', direction: 'in', contact: both, group: { jid: '123-456@g.us', participant: `${LID}@lid` } },
    ],
    [
      'own phone in a group',
      { from: '123-456@g.us', participant: `${ME.lid}@lid` },
      { kind: 'chat', direction: 'out', contact: { lid: ME.lid } },
    ],
    ['C-46 a group message of nobody', { from: '1@g.us' }, { kind: 'ignored', why: 'malformed' }],
    [
      'status',
      { from: 'status@broadcast', participant: `${PN}@s.whatsapp.net` },
      { kind: 'ignored', why: 'broadcast' },
    ],
    ['newsletter', { from: '123@newsletter' }, { kind: 'ignored', why: 'newsletter' }],
    ['no sender', {}, { kind: 'ignored', why: 'malformed' }],
    ['no server', { from: 'nobody' }, { kind: 'ignored', why: 'malformed' }],
  ])('%s', (_, attrs, expected) => {
    expect(select({ ...base, ...attrs } as Record<string, string>, ME)).toMatchObject(expected);
  });
});

describe('unwrap and decode (contract inbound §4)', () => {
  const origin = { account: ME.pn, message: { chat: `${PN}@s.whatsapp.net`, id: 'A1', fromMe: false } };
  const read = (message: proto.IMessage) => {
    const content = unwrap(proto.Message.decode(proto.Message.encode(message).finish()));
    return content.kind === 'content' ? decode(content.message, origin) : content.kind;
  };
  const says = (text: string) => ({ kind: 'contents', contents: [{ kind: 'text', text }] });
  const note = (text: string, what: string) => ({ ...says(text), note: what });
  const hello = says('hello');
  const tapped = (id: string, title: string, quoted?: string) => ({
    kind: 'contents',
    contents: [{ kind: 'text', text: 'hello', tap: { id, title, ...(quoted && { quoted }) } }],
  });
  const flow = (params: string, body = '') => ({
    interactiveResponseMessage: { body: { text: body }, nativeFlowResponseMessage: { paramsJson: params } },
  });

  it.each<[string, proto.IMessage, unknown]>([
    ['conversation', { conversation: 'hello' }, hello],
    ['extended text', { extendedTextMessage: { text: 'hello' } }, hello],
    ['disappearing', { ephemeralMessage: { message: { conversation: 'hello' } } }, hello],
    [
      'own phone, disappearing, view once',
      {
        deviceSentMessage: {
          message: { ephemeralMessage: { message: { viewOnceMessage: { message: { conversation: 'hello' } } } } },
        },
      },
      hello,
    ],
    [
      'button',
      { buttonsResponseMessage: { selectedButtonId: 'b1', selectedDisplayText: 'hello' } },
      tapped('b1', 'hello'),
    ],
    ['button without a label', { buttonsResponseMessage: { selectedButtonId: 'hello' } }, tapped('hello', '')],
    [
      'list',
      { listResponseMessage: { title: 'hello', singleSelectReply: { selectedRowId: 'r' } } },
      tapped('r', 'hello'),
    ],
    [
      'list without a title',
      { listResponseMessage: { singleSelectReply: { selectedRowId: 'hello' } } },
      tapped('hello', ''),
    ],
    [
      'template',
      { templateButtonReplyMessage: { selectedId: 't', selectedDisplayText: 'hello' } },
      tapped('t', 'hello'),
    ],
    ['flow', flow('{"display_text":"hello","id":"x"}'), tapped('x', 'hello')],
    ['flow with an id only', flow('{"id":"hello"}'), tapped('hello', '')],
    ['flow whose params are no JSON', flow('{broken', 'hello'), tapped('', 'hello')],
    [
      'F-28 a button names the message that it was tapped in',
      {
        buttonsResponseMessage: {
          ...{ selectedButtonId: 'p0', selectedDisplayText: 'hello' },
          contextInfo: { stanzaId: 'M1' },
        },
      },
      tapped('p0', 'hello', 'M1'),
    ],
    [
      'F-28 a list row does, within a disappearing message',
      {
        ephemeralMessage: {
          message: {
            listResponseMessage: {
              ...{ title: 'hello', singleSelectReply: { selectedRowId: 'r' } },
              contextInfo: { stanzaId: 'M1' },
            },
          },
        },
      },
      tapped('r', 'hello', 'M1'),
    ],
    [
      'F-28 a template button does',
      {
        templateButtonReplyMessage: {
          ...{ selectedId: 't', selectedDisplayText: 'hello' },
          contextInfo: { stanzaId: 'M1' },
        },
      },
      tapped('t', 'hello', 'M1'),
    ],
    [
      'F-28 a native-flow reply does, and its number is an id too',
      {
        interactiveResponseMessage: {
          ...{ body: { text: 'hello' }, nativeFlowResponseMessage: { paramsJson: '{"id":7,"title":"hello"}' } },
          contextInfo: { stanzaId: 'M1' },
        },
      },
      tapped('7', 'hello', 'M1'),
    ],
    [
      'poll',
      { pollCreationMessageV3: { name: 'q', options: [{ optionName: 'a' }, { optionName: 'b' }] } },
      says('q\n- a\n- b'),
    ],
    [
      'C-16 poll of the newest form',
      { pollCreationMessageV5: { name: 'q', options: [{ optionName: 'a' }, { optionName: 'b' }] } },
      says('q\n- a\n- b'),
    ],
    [
      'C-16 result of a poll',
      { pollResultSnapshotMessageV3: { name: 'q', pollVotes: [{ optionName: 'a', optionVoteCount: 2 }] } },
      says('q\n- a: 2'),
    ],
    [
      'event',
      { eventMessage: { name: 'Party', startTime: 1_700_000_000, location: { name: 'Here' } } },
      says('Party\n2023-11-14 22:13 UTC\nHere'),
    ],
    [
      'group invite',
      { groupInviteMessage: { groupName: 'Friends', inviteCode: 'abc', caption: 'join us' } },
      says('join us\nFriends\nhttps://chat.whatsapp.com/abc'),
    ],
    [
      'product',
      { productMessage: { product: { title: 'Hat', priceAmount1000: 12_500, currencyCode: 'BRL' } } },
      says('Hat\n12.50 BRL'),
    ],
    [
      'order',
      {
        orderMessage: {
          orderTitle: 'Shop',
          itemCount: 2,
          totalAmount1000: 20_000,
          totalCurrencyCode: 'EUR',
          message: 'hi',
        },
      },
      says('Shop\n2 items\n20.00 EUR\nhi'),
    ],
    [
      'payment',
      {
        requestPaymentMessage: { amount1000: 5_000, currencyCodeIso4217: 'INR', noteMessage: { conversation: 'tea' } },
      },
      says('Payment request\n5.00 INR\ntea'),
    ],
    ['unknown kind', { stickerPackMessage: { name: 'x' } }, note('[sticker pack]', 'stickerPackMessage')],
    ['an event without anything', { eventMessage: {} }, note('[event]', 'eventMessage')],
    ['poll vote', { pollUpdateMessage: {} }, { kind: 'no bubble', what: 'pollUpdateMessage' }],
    [
      'reaction',
      { reactionMessage: { text: 'x', key: { id: 'T' } } },
      { kind: 'contents', contents: [{ kind: 'reaction', emoji: 'x', target: 'T' }] },
    ],
    [
      'static location',
      { locationMessage: { degreesLatitude: 1, degreesLongitude: 2, name: 'n', address: 'a' } },
      {
        kind: 'contents',
        contents: [{ kind: 'location', latitude: 1, longitude: 2, name: 'n', address: 'a', caption: '' }],
      },
    ],
    [
      'update of a live location',
      { liveLocationMessage: { timeOffset: 60 } },
      { kind: 'no bubble', what: 'live location update' },
    ],
    ['keys only', { senderKeyDistributionMessage: { groupId: '1@g.us' } }, 'protocol'],
    ['context only', { messageContextInfo: { messageSecret: Buffer.alloc(32) } }, 'protocol'],
    ['empty', {}, 'protocol'],
    [
      'history notice',
      { protocolMessage: { type: proto.Message.ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION } },
      'protocol',
    ],
    ['revoke', { protocolMessage: { type: proto.Message.ProtocolMessage.Type.REVOKE } }, 'revoke'],
  ])('%s', (_, message, expected) => {
    expect(read(message)).toEqual(expected);
  });

  it('C-16 every wrapper that the protocol knows is opened', () => {
    const wrapped = (field: string) => proto.Message.fromObject({ [field]: { message: { conversation: 'hello' } } });
    const isWrapper = (field: string) =>
      Object.values(wrapped(field)).some((value) => value instanceof proto.Message.FutureProofMessage);
    const fields = Object.keys(proto.Message.prototype).filter(isWrapper);
    expect(fields.length).toBeGreaterThan(15);
    expect(fields.filter((field) => JSON.stringify(read(wrapped(field))) !== JSON.stringify(hello))).toEqual([]);
  });

  const medium = (message: proto.IMessage) => {
    const decoded = read(message);
    if (typeof decoded === 'string' || decoded.kind !== 'contents') return undefined;
    const [content] = decoded.contents;
    return content?.kind === 'media' ? content : undefined;
  };
  const keyed = { mediaKey: Buffer.alloc(32, 1), directPath: '/v/1', mimetype: 'image/png', fileLength: 5 };

  it('media carry type, MIME, caption and where the bytes are; documents their name or title', () => {
    expect(medium({ imageMessage: { ...keyed, caption: 'c' } })).toMatchObject({
      ...{ type: 'image', mime: 'image/png', caption: 'c' },
      attachment: { bytes: 5, source: { directPath: '/v/1', account: ME.pn, message: { id: 'A1' } } },
    });
    const document = {
      documentWithCaptionMessage: { message: { documentMessage: { ...keyed, title: 't', caption: 'c' } } },
    };
    expect(medium(document)).toMatchObject({ type: 'document', fileName: 't', caption: 'c' });
    expect(medium({ viewOnceMessageV2: { message: { videoMessage: keyed } } })).toMatchObject({ type: 'video' });
    expect(medium({ ptvMessage: keyed })).toMatchObject({ type: 'video' });
    expect(medium({ audioMessage: { ...keyed, ptt: true, mimetype: 'audio/ogg; codecs=opus' } })).toMatchObject({
      ...{ type: 'audio', mime: 'audio/ogg; codecs=opus', caption: '' },
    });
    expect(medium({ stickerMessage: keyed })).toMatchObject({ type: 'sticker', caption: '' });
  });

  it("SSRF: an address of the sender's choice is never an attachment", () => {
    const { directPath: _, ...nowhere } = keyed;
    for (const url of ['http://127.0.0.1/x', 'https://evil.example/x', 'https://whatsapp.net.evil.example/x'])
      expect(medium({ imageMessage: { ...nowhere, url } })?.attachment).toBeUndefined();
    const url = 'https://mmg.whatsapp.net/v/2?a=b';
    expect(medium({ imageMessage: { ...nowhere, url } })?.attachment?.source.directPath).toBe('/v/2?a=b');
  });

  it.each([
    ['waid and number', 'BEGIN:VCARD\nFN:Bob\nTEL;type=CELL;waid=551199:+55 11 99\nEND:VCARD', '+55 11 99'],
    ['in a group, CRLF', 'BEGIN:VCARD\r\nFN:Bob\r\nitem1.TEL:+1 2\r\nTEL:+3 4\r\nEND:VCARD', '+1 2'],
    ['waid only', 'TEL;waid=777:', '777'],
    ['no phone', 'FN:Bob', ''],
  ])('contact card: %s', (_, vcard, phone) => {
    expect(read({ contactMessage: { displayName: 'Bob', vcard } })).toEqual({
      kind: 'contents',
      contents: [{ kind: 'contact', name: 'Bob', phone, vcard }],
    });
  });
});

describe('intake', () => {
  const row = (message: proto.IMessage, attrs: Record<string, string> = {}) => ({
    attrs: { ...base, from: `${PN}@s.whatsapp.net`, notify: 'Ann', ...attrs },
    plaintext: encodeWAMessage(message),
  });

  it('gives the message with its envelope', () => {
    expect(intake(row({ conversation: 'hello' }), ME)).toEqual({
      messages: [
        {
          id: 'A1',
          direction: 'in',
          contact: { pn: PN },
          name: 'Ann',
          at: 1_700_000_000,
          content: { kind: 'text', text: 'hello' },
        },
      ],
      votes: [],
      remarks: [],
      keep: false,
    });
  });

  describe('IK3 whatever a stranger writes', () => {
    const { PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE: type } = proto.Message.ProtocolMessage.Type;
    const resent = (webMessageInfoBytes: Uint8Array) => ({
      protocolMessage: {
        type,
        peerDataOperationRequestResponseMessage: {
          peerDataOperationResult: [{ placeholderMessageResendResponse: { webMessageInfoBytes } }],
        },
      },
    });

    it.each([
      ['an answer of our own phone, with bytes that are no message', resent(Buffer.from('ffffffffff', 'hex')), []],
      ['an event at the end of time', { eventMessage: { name: 'Party', startTime: 9e15 } }, ['Party']],
    ])('%s', (_, message, texts) => {
      const { messages } = intake(row(message), ME);
      expect(messages.map(({ content }) => content.kind === 'text' && content.text)).toEqual(texts);
    });

    it('the same bytes from our own phone', () => {
      const own = { from: `${ME.pn}@s.whatsapp.net`, category: 'peer' };
      expect(intake(row(resent(Buffer.from('ffffffffff', 'hex')), own), ME).messages).toEqual([]);
    });

    it('ids too long for a store or for the app stay apart, and are the same again', () => {
      const idOf = (id: string) => intake(row({ conversation: 'hello' }, { id }), ME).messages[0]?.id ?? '';
      const [one, two] = [idOf(`${'x'.repeat(1_000)}1`), idOf(`${'x'.repeat(1_000)}2`)];
      expect(one).not.toBe(two);
      expect(one.length).toBeLessThanOrEqual(191);
      expect(idOf(`${'x'.repeat(1_000)}1`)).toBe(one);
      expect(idOf('3EB0AABBCCDDEEFF0011')).toBe('3EB0AABBCCDDEEFF0011');
    });
  });

  describe('votes in polls (contract flows §3.6, §7.3)', () => {
    const secret = Buffer.alloc(32, 7);
    const POLL = proto.Message.encode({
      pollCreationMessageV3: { name: 'q', options: ['Ant', 'Bee', 'Cat'].map((optionName) => ({ optionName })) },
      messageContextInfo: { messageSecret: secret },
    }).finish();
    const ofPhone = (digits: string) => `${digits}@s.whatsapp.net`;
    const cast = (options: string[], creatorJid: string, voterJid: string, attrs: Record<string, string> = {}) =>
      intake(
        row(
          {
            pollUpdateMessage: {
              pollCreationMessageKey: { id: 'P1' },
              vote: sealVote(options, { pollId: 'P1', secret, creatorJid, voterJid }),
            },
          },
          attrs,
        ),
        ME,
      );
    const voter = { pn: digits(PN), lid: LID };

    it.each([
      ['by phone', ofPhone(ME.pn), ofPhone(PN)],
      ['by LID', `${ME.lid}@lid`, `${LID}@lid`],
      ['by both', ofPhone(ME.pn), `${LID}@lid`],
    ])('F-04 a vote opens, addressed %s (VO2), to labels in the order of the poll', (_, creator, by) => {
      const { votes, messages, remarks } = cast(['Cat', 'Ant'], creator, by);
      expect([messages, remarks]).toEqual([[], []]);
      expect(votes).toMatchObject([{ id: 'A1', contact: { pn: PN }, name: 'Ann', poll: 'P1' }]);
      const [vote] = votes;
      expect(vote && openVote(vote, POLL, ME, voter)).toEqual({ poll: 'P1', labels: ['Ant', 'Cat'] });
    });

    it('a vote that was taken back has no labels', () => {
      const [vote] = cast([], ofPhone(ME.pn), ofPhone(PN)).votes;
      expect(vote && openVote(vote, POLL, ME, voter)).toEqual({ poll: 'P1', labels: [] });
    });

    it("VO1 somebody else's vote, and one in another message, do not open", () => {
      const [others] = cast(['Ant'], ofPhone(ME.pn), '1@s.whatsapp.net').votes;
      expect(others && openVote(others, POLL, ME, voter)).toBeUndefined();
      const [own] = cast(['Ant'], ofPhone(ME.pn), ofPhone(PN)).votes;
      const text = proto.Message.encode({ conversation: 'x' }).finish();
      expect(own && openVote(own, text, ME, voter)).toBeUndefined();
    });

    it('votes in groups and on the own phone are nobody’s answer', () => {
      for (const attrs of [
        { from: '1@g.us', participant: ofPhone(PN) },
        { from: ofPhone(ME.pn), recipient: ofPhone(PN) },
      ])
        expect(cast(['Ant'], ofPhone(ME.pn), ofPhone(PN), attrs)).toMatchObject({
          votes: [],
          remarks: ['pollUpdateMessage'],
        });
    });
  });

  it('an edit is its own, stored message (contract inbound §4)', () => {
    const type = proto.Message.ProtocolMessage.Type.MESSAGE_EDIT;
    const edit = { protocolMessage: { type, editedMessage: { conversation: 'right' } } };
    for (const message of [edit, { editedMessage: { message: edit } }]) {
      expect(intake(row(message), ME).messages).toMatchObject([
        { content: { kind: 'text', text: 'Edited: right' }, storedOnly: true },
      ]);
    }
  });

  it('DJ4 keeps the plaintext only of what Baileys acts on', () => {
    const type = proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE;
    expect(
      intake(row({ protocolMessage: { type } }, { from: `${ME.pn}@s.whatsapp.net`, category: 'peer' }), ME).keep,
    ).toBe(true);
    expect(intake(row({ senderKeyDistributionMessage: { groupId: '1@g.us' } }, { from: '1@g.us' }), ME).keep).toBe(
      true,
    );
    expect(intake(row({ imageMessage: {} }), ME).keep).toBe(false);
  });

  it('inbound §4: each further contact card is an event of its own', () => {
    const contacts = ['A', 'B', 'C'].map((displayName) => ({ displayName, vcard: '' }));
    const { messages } = intake(row({ contactsArrayMessage: { contacts } }), ME);
    expect(messages.map(({ id }) => id)).toEqual(['A1', 'A1_2', 'A1_3']);
    expect(messages.map(({ storedOnly }) => storedOnly)).toEqual([undefined, true, true]);
  });

  it('IK4 a stranger’s message of a few bytes per card becomes no flood of events, and no card goes in silence', () => {
    const contacts = Array.from({ length: 30_000 }, (_, n) => ({ displayName: String(n) }));
    const { messages } = intake(row({ contactsArrayMessage: { contacts } }), ME);
    expect(messages).toHaveLength(258);
    expect(messages[256]?.content).toMatchObject({ kind: 'contact', name: '256' });
    expect(messages[257]).toMatchObject({ id: 'A1_258', storedOnly: true });
    expect(messages[257]?.content).toEqual({ kind: 'text', text: '[29743 more contacts]' });
  });

  it('inbound §4: forwarded flag and score come from the context of any kind', () => {
    const contextInfo = { isForwarded: true, forwardingScore: 7 };
    for (const message of [{ extendedTextMessage: { text: 'x', contextInfo } }, { imageMessage: { contextInfo } }])
      expect(intake(row(message), ME).messages).toMatchObject([{ forwarded: 7 }]);
    expect(intake(row({ conversation: 'x' }), ME).messages[0]).not.toHaveProperty('forwarded');
  });

  it('IK1 authentic bytes that are no message are remarked, not thrown', () => {
    expect(intake({ attrs: row({}).attrs, plaintext: Buffer.from([255, 255, 255, 1]) }, ME)).toMatchObject({
      messages: [],
      remarks: ['undecodable'],
    });
  });

  it('takes what our own phone resent for an empty stanza, and only from our own phone', () => {
    const info = proto.WebMessageInfo.encode({
      key: { remoteJid: `${PN}@s.whatsapp.net`, id: 'B2', fromMe: false },
      message: { conversation: 'from an ad' },
      pushName: 'Ann',
      messageTimestamp: 1_700_000_001,
    }).finish();
    const message: proto.IMessage = {
      protocolMessage: {
        type: proto.Message.ProtocolMessage.Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
        peerDataOperationRequestResponseMessage: {
          peerDataOperationResult: [{ placeholderMessageResendResponse: { webMessageInfoBytes: info } }],
        },
      },
    };
    const peer = { from: `${ME.pn}@s.whatsapp.net`, category: 'peer' };
    expect(intake(row(message, peer), ME).messages).toEqual([
      {
        id: 'B2',
        direction: 'in',
        contact: { pn: PN },
        name: 'Ann',
        at: 1_700_000_001,
        content: { kind: 'text', text: 'from an ad' },
      },
    ]);
    expect(intake(row(message), ME).messages).toEqual([]);
  });
});

describe('receiptsOf (contract inbound §10)', () => {
  const receipt = (attrs: Record<string, string>, ids: string[] = []) => ({
    tag: 'receipt',
    attrs: { id: 'A1', from: `${LID}@lid`, t: '1700000000', ...attrs },
    content:
      ids.length > 0 ? [{ tag: 'list', attrs: {}, content: ids.map((id) => ({ tag: 'item', attrs: { id } })) }] : [],
  });

  it('no type is delivered; read and played; several ids in one stanza', () => {
    expect(receiptsOf(receipt({}))).toEqual({ ids: ['A1'], receipt: 'delivered', at: 1_700_000_000_000 });
    expect(receiptsOf(receipt({ type: 'read' }, ['A2', 'A3']))).toMatchObject({
      ids: ['A1', 'A2', 'A3'],
      receipt: 'read',
    });
    expect(receiptsOf(receipt({ type: 'played' }))).toMatchObject({ receipt: 'played' });
  });

  it('a time beyond all dates is none: told, it would throw and end the number at each delivery', () => {
    expect(receiptsOf({ tag: 'receipt', attrs: { id: 'A1', t: '9e99' } })).toMatchObject({ at: undefined });
  });

  it('retries, own devices and server errors are no receipts', () => {
    for (const type of ['retry', 'sender', 'read-self', 'server-error', 'peer_msg', 'hist_sync']) {
      expect(receiptsOf(receipt({ type }))).toBeUndefined();
    }
    expect(receiptsOf(receipt({ recipient: `${LID}@lid` }))).toBeUndefined();
  });
});
