import { encodeWAMessage, proto } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';
import { intake } from '../../../src/actors/engines/unofficial/inbound/intake.ts';
import { receiptsOf } from '../../../src/actors/engines/unofficial/inbound/receipts.ts';
import { select } from '../../../src/actors/engines/unofficial/inbound/select.ts';
import { readText } from '../../../src/actors/engines/unofficial/inbound/text.ts';
import { unwrap } from '../../../src/actors/engines/unofficial/inbound/unwrap.ts';

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
      { kind: 'chat', direction: 'in', contact: both },
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
    ['group', { from: '123-456@g.us', participant: `${PN}@s.whatsapp.net` }, { kind: 'ignored', why: 'group' }],
    [
      'status',
      { from: 'status@broadcast', participant: `${PN}@s.whatsapp.net` },
      { kind: 'ignored', why: 'broadcast' },
    ],
    ['newsletter', { from: '123@newsletter' }, { kind: 'ignored', why: 'newsletter' }],
    ['no sender', {}, { kind: 'ignored', why: 'malformed' }],
    ['no server', { from: 'nobody' }, { kind: 'ignored', why: 'malformed' }],
  ])('%s', (_, attrs, expected) => {
    expect(select({ ...base, ...attrs } as Record<string, string>, ME)).toEqual(expected);
  });
});

describe('unwrap and text (contract inbound §4)', () => {
  const text = (message: proto.IMessage) => {
    const content = unwrap(message);
    return content.kind === 'content' ? readText(content.message) : content.kind;
  };
  const hello = { kind: 'text', text: 'hello' };

  it.each<[string, proto.IMessage, unknown]>([
    ['conversation', { conversation: 'hello' }, hello],
    ['extended text', { extendedTextMessage: { text: 'hello' } }, hello],
    ['image caption', { imageMessage: { caption: 'hello' } }, hello],
    ['video caption', { videoMessage: { caption: 'hello' } }, hello],
    ['document caption', { documentWithCaptionMessage: { message: { documentMessage: { caption: 'hello' } } } }, hello],
    ['disappearing', { ephemeralMessage: { message: { conversation: 'hello' } } }, hello],
    ['view once', { viewOnceMessageV2: { message: { imageMessage: { caption: 'hello' } } } }, hello],
    [
      'own phone, disappearing, view once',
      {
        deviceSentMessage: {
          message: { ephemeralMessage: { message: { viewOnceMessage: { message: { conversation: 'hello' } } } } },
        },
      },
      hello,
    ],
    ['image without caption', { imageMessage: {} }, { kind: 'note', text: '[image]', what: 'imageMessage' }],
    [
      'live location',
      { liveLocationMessage: {} },
      { kind: 'note', text: '[live location]', what: 'liveLocationMessage' },
    ],
    ['poll', { pollCreationMessageV3: {} }, { kind: 'note', text: '[poll creation]', what: 'pollCreationMessageV3' }],
    ['reaction', { reactionMessage: { text: 'x' } }, { kind: 'no bubble', what: 'reactionMessage' }],
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
    expect(text(proto.Message.decode(proto.Message.encode(message).finish()))).toEqual(expected);
  });
});

describe('intake', () => {
  const row = (message: proto.IMessage, attrs: Record<string, string> = {}) => ({
    attrs: { ...base, from: `${PN}@s.whatsapp.net`, notify: 'Ann', ...attrs },
    plaintext: encodeWAMessage(message),
  });

  it('gives the message with its envelope', () => {
    expect(intake(row({ conversation: 'hello' }), ME)).toEqual({
      messages: [{ id: 'A1', direction: 'in', contact: { pn: PN }, name: 'Ann', at: 1_700_000_000, content: { kind: 'text', text: 'hello' } }],
      remarks: [],
      keep: false,
    });
  });

  it('an edit is its own, stored message (contract inbound §4)', () => {
    const type = proto.Message.ProtocolMessage.Type.MESSAGE_EDIT;
    const edit = { protocolMessage: { type, editedMessage: { conversation: 'right' } } };
    for (const message of [edit, { editedMessage: { message: edit } }]) {
      expect(intake(row(message), ME).messages).toMatchObject([{ content: { kind: 'text', text: 'Edited: right' }, storedOnly: true }]);
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
      { id: 'B2', direction: 'in', contact: { pn: PN }, name: 'Ann', at: 1_700_000_001, content: { kind: 'text', text: 'from an ad' } },
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

  it('retries, own devices and server errors are no receipts', () => {
    for (const type of ['retry', 'sender', 'read-self', 'server-error', 'peer_msg', 'hist_sync']) {
      expect(receiptsOf(receipt({ type }))).toBeUndefined();
    }
    expect(receiptsOf(receipt({ recipient: `${LID}@lid` }))).toBeUndefined();
  });
});
