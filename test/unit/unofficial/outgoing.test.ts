/** What stands outside the encryption, and the text that stands in for what cannot be shown. */
// First: it replaces libsignal's signature check, which must happen before anything imports Baileys.
import '../../../src/actors/engines/unofficial/curve.ts';
import { type BinaryNode, proto } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';
import { compose } from '../../../src/actors/engines/unofficial/outgoing/compose.ts';
import { isShown, stanzaOf } from '../../../src/actors/engines/unofficial/outgoing/stanza.ts';
import type { Target } from '../../../src/content/content.ts';
import { asText } from '../../../src/content/as-text.ts';

const CHAT = '4915112345678@s.whatsapp.net';
const GROUP = '1234-5678@g.us';
const unknown = () => undefined;
const theirs = { id: 'X', fromMe: false, participant: '4915100000000@s.whatsapp.net' };

/** As it comes back from the sent index. */
const stored = (message: proto.IMessage) => proto.Message.decode(proto.Message.encode(message).finish());

describe('stanza attributes and nodes follow from the message, also from the stored one', () => {
  it.each([
    ['text', { kind: 'text', text: 'x' }, CHAT, {}],
    ['edit', { kind: 'edit', target: { id: 'X', fromMe: true }, text: 'y' }, CHAT, { edit: '1' }],
    ['pin', { kind: 'pin', target: theirs, pin: true, seconds: 86_400 }, CHAT, { edit: '2' }],
    ['delete', { kind: 'delete', target: { id: 'X', fromMe: true } }, GROUP, { edit: '7' }],
    ["delete of another one's, as admin", { kind: 'delete', target: theirs }, GROUP, { edit: '8' }],
    ['reaction', { kind: 'reaction', target: theirs, emoji: '👍' }, GROUP, {}],
  ] as const)('%s', async (_name, content, chat, attributes) => {
    const message = await compose(content, chat, unknown);
    for (const one of [message, stored(message)])
      expect(stanzaOf(one)).toEqual({ additionalAttributes: attributes, additionalNodes: [] });
    expect(isShown(message)).toBe(content.kind === 'text');
  });

  it('a poll says outside that it is one; one that had to become text does not', async () => {
    const poll = { kind: 'poll', question: 'Well?', options: ['Yes', 'No'], multiple: false } as const;
    for (const multiple of [false, true])
      expect(stanzaOf(stored(await compose({ ...poll, multiple }, CHAT, unknown))).additionalNodes).toEqual([
        { tag: 'meta', attrs: { polltype: 'creation' } },
      ]);
    expect(stanzaOf(await compose({ ...poll, options: ['Yes'] }, CHAT, unknown)).additionalNodes).toEqual([]);
  });

  it('facts §3.1: native flow needs its `biz` node', async () => {
    const message = await compose({ kind: 'location request', body: 'Where?' }, CHAT, unknown);
    const [biz] = stanzaOf(stored(message)).additionalNodes;
    const [interactive] = (biz?.content ?? []) as BinaryNode[];
    expect([biz?.tag, interactive?.attrs['type']]).toEqual(['biz', 'native_flow']);
  });
});

describe('contract messages §6', () => {
  it('C-47 in a group the key carries the author of a message that is not ours; elsewhere it does not', async () => {
    const key = async (chat: string, target: Target) =>
      (await compose({ kind: 'reaction', target, emoji: '👍' }, chat, () => 'stored@lid')).reactionMessage?.key;
    expect(await key(GROUP, theirs)).toMatchObject({ remoteJid: GROUP, participant: theirs.participant });
    expect(await key(GROUP, { id: 'X', fromMe: false })).toMatchObject({ fromMe: false, participant: 'stored@lid' });
    expect((await key(GROUP, { ...theirs, fromMe: true }))?.participant).toBeFalsy();
    expect((await key(CHAT, theirs))?.participant).toBeFalsy();
  });
});

describe('AT1 as text', () => {
  it('keeps every title, body, footer, label, URL, number and code', () => {
    const buttons = [
      { kind: 'reply', label: 'Yes', id: 'y' },
      { kind: 'url', label: 'Shop', url: 'https://a.example' },
    ] as const;
    const card = { title: 'T1', body: 'B1', footer: 'F1', buttons };
    expect(
      asText({ kind: 'carousel', body: 'Look', title: '', footer: '', cards: [card, { ...card, title: 'T2' }] }),
    ).toBe('Look\n\n*T1*\nB1\n• Yes\nShop: https://a.example\nF1\n\n*T2*\nB1\n• Yes\nShop: https://a.example\nF1');
    const rows = [
      { id: 's', title: 'Small', description: 'for one' },
      { id: 'l', title: 'Large', description: '' },
    ];
    expect(
      asText({
        kind: 'list',
        body: 'Pick',
        title: 'Menu',
        footer: 'F',
        button: 'Open',
        sections: [{ title: 'Sizes', rows }],
      }),
    ).toBe('*Menu*\n\nPick\n\n*Sizes*\n• Small: for one\n• Large\n\nF');
  });
});
