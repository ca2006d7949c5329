import type { BinaryNode } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newMessageId } from '../../../src/ids.ts';
import { type Attempt, CONTACT, eventually, PHONE, World } from './world.ts';

describe('linked-device engine: receiving', () => {
  let world: World;
  let connection: Attempt;
  let lid: string;
  beforeEach(async () => {
    world = await World.start();
    lid = world.whatsapp.createPhone(CONTACT);
    connection = await world.paired();
  });
  afterEach(async () => {
    await world.stop();
  });

  const receive = (text: string, more: object = {}) =>
    world.whatsapp.sendFromContact(CONTACT, { to: PHONE, text, name: 'Ann', ...more });
  const count = (n: number) => eventually(`${n} inbound facts`, () => world.inbound().length === n);
  /** Every message of the contact has its receipt, none was refused. */
  const receipts = () => world.whatsapp.sent(CONTACT).map((sent) => sent.receipts.join());

  it('inbound §2: both identities are told, whether the stanza is addressed by phone or by LID', async () => {
    await receive('by lid', { addressing: 'lid' });
    await receive('by pn', { addressing: 'pn' });
    await count(2);
    for (const fact of world.inbound()) {
      expect(fact).toMatchObject({
        contact: { pn: CONTACT, lid },
        name: 'Ann',
        direction: 'in',
        stored: false,
        device: PHONE,
      });
    }
    expect(world.inbound().map(({ text }) => text)).toEqual(['by lid', 'by pn']);
    await eventually('receipts', () => receipts().every((sent) => sent === 'inactive'));
  });

  it('inbound §2: a hidden phone is told by its LID alone until the pair is learned', async () => {
    await receive('who am I', { addressing: 'lid', hidePn: true });
    await count(1);
    expect(world.inbound()[0]?.contact).toEqual({ lid });
    await receive('now you know', { addressing: 'lid' });
    await receive('hidden again', { addressing: 'lid', hidePn: true });
    await count(3);
    expect(world.inbound()[2]?.contact).toEqual({ pn: CONTACT, lid });
  });

  it('IK3 neither a message of a stranger’s making nor a row that cannot be read keeps a number from its messages', async () => {
    const write = (raw: Record<string, unknown>) => world.whatsapp.sendFromContact(CONTACT, { to: PHONE, raw });
    await write({ eventMessage: { name: 'Party', startTime: 9e15 } });
    await write({
      pollUpdateMessage: {
        ...{ pollCreationMessageKey: { id: 'x'.repeat(1_000) }, vote: { encPayload: 'AAAA', encIv: 'AAAA' } },
      },
    });
    await count(1);
    await world.leave();
    world.restart();
    const journal = world.stores.open(PHONE).table<object>('journal');
    const row = { hash: 'h', attrs: { id: 'X', from: 5 }, plaintext: Buffer.of(10, 1, 65, 1), at: Date.now() };
    await world.stores.open(PHONE).write((batch) => batch.put(journal, '0', row));
    connection = await world.login();
    await receive('after');
    await count(2);
    expect(world.inbound().map(({ text }) => text)).toEqual(['Party', 'after']);
    expect(connection.events.map(({ type }) => type)).toEqual(['opened']);
  });

  it('P1 what nobody here asks for ends no connection, whatever it looks like: who types, who is there, who calls', async () => {
    const from = `${lid}@lid`;
    const push = (tag: string, attrs: Record<string, string>, content: BinaryNode[] | undefined) =>
      world.whatsapp.push(PHONE, { tag, attrs: { from, ...attrs }, ...(content && { content }) });
    const child = (tag: string, attrs: Record<string, string> = {}): BinaryNode[] => [{ tag, attrs }];
    push('chatstate', {}, []);
    push('chatstate', {}, undefined);
    push('presence', { type: 'x'.repeat(5_000), last: 'never' }, undefined);
    for (const [n, offer] of [child('offer', { type: 'group' }), child('timeout'), child('x'), [], undefined].entries())
      push('call', { id: `c${n}`, t: 'x' }, offer);
    for (const [n, type] of ['w:gp2', 'mediaretry', 'devices', 'encrypt', 'picture', 'privacy_token', 'y'].entries()) {
      push('notification', { id: `n${n}`, type }, undefined);
      push('notification', { id: `m${n}`, type, from: 'no address' }, child('x'));
    }
    for (const [n, list] of [child('list'), child('retry'), [], undefined].entries())
      push('receipt', { id: `r${n}`, type: 'retry', t: '9e99' }, list);
    await receive('after');
    await count(1);
    expect(connection.events.map(({ type }) => type)).toEqual(['opened']);
  });

  it('inbound §4: wrappers are opened, an edit is a stored message, revokes are silent', async () => {
    await receive('disappearing', { ephemeral: 86_400 });
    await receive('once', { viewOnce: true });
    const first = await receive('wrong');
    await world.whatsapp.sendFromContact(CONTACT, {
      to: PHONE,
      edit: { id: (first as { id: string }).id, text: 'right' },
    });
    await world.whatsapp.sendFromContact(CONTACT, { to: PHONE, location: { latitude: 1, longitude: 2 } });
    await world.whatsapp.sendFromContact(CONTACT, {
      to: PHONE,
      reaction: { id: (first as { id: string }).id, emoji: 'x' },
    });
    await world.whatsapp.sendFromContact(CONTACT, { to: PHONE, revoke: { id: (first as { id: string }).id } });
    await receive('last');
    await eventually('the last', () => world.inbound().at(-1)?.text === 'last');
    expect(world.inbound().map(({ content, text, stored }) => [text || content.kind, stored])).toEqual([
      ['disappearing', false],
      ['once', false],
      ['wrong', false],
      ['Edited: right', true],
      ['location', false],
      ['reaction', false],
      ['last', false],
    ]);
  });

  it('inbound §7: the own phone is mirrored as `out`, what the bridge sent is not', async () => {
    await world.whatsapp.sendFromPhone(PHONE, { to: CONTACT, text: 'from my pocket' });
    await count(1);
    expect(world.inbound()[0]).toMatchObject({
      direction: 'out',
      contact: { pn: CONTACT, lid },
      text: 'from my pocket',
      name: '',
    });
    const id = newMessageId();
    await connection.send('from the bridge', `${CONTACT}@s.whatsapp.net`, { id });
    await world.whatsapp.sendFromPhone(PHONE, { to: CONTACT, text: 'an echo', id });
    await receive('after it');
    await count(2);
    expect(world.inbound()[1]?.text).toBe('after it');
  });

  it('inbound §1: what waited offline is told in order, `append` or not; late ones are stored', async () => {
    await connection.handle.close();
    for (const n of [1, 2, 3, 4, 5]) await receive(`offline ${n}`);
    connection = await world.login();
    await count(5);
    expect(world.inbound().map(({ text }) => text)).toEqual([1, 2, 3, 4, 5].map((n) => `offline ${n}`));
    await eventually('receipts', () => receipts().every((sent) => sent === 'inactive'));
  });

  it('DJ2 a redelivery after a lost receipt is answered normally and told once', async () => {
    await receive('known contact');
    await count(1);
    await eventually('its receipt', () => receipts()[0] === 'inactive');
    await loseReceiptOf('receipt lost');
    connection = await world.login();
    await eventually('its receipt', () => receipts()[1] === 'inactive');
    await receive('and on');
    await count(3);
    await eventually('its receipt', () => receipts()[2] === 'inactive');
    expect(receipts()).toEqual(['inactive', 'inactive', 'inactive']);
    expect(world.whatsapp.checks()).toMatchObject({ undecryptable: 0 });
  });

  it('DJ2 the same for the first message of a contact, whose one-time key is gone, in a new process', async () => {
    await loseReceiptOf('first ever');
    await world.leave();
    world.restart();
    connection = await world.login();
    await eventually('its receipt', () => receipts()[0] === 'inactive');
    expect(receipts()).toEqual(['inactive']);
    expect(world.inbound().map(({ text }) => text)).toEqual(['first ever']);
  });

  /** The connection is cut while the message is on its way to the disk: stored and told, but not acknowledged. */
  async function loseReceiptOf(text: string): Promise<void> {
    const before = receipts().length;
    world.onAppend = () => void world.whatsapp.closeNumber(PHONE, { how: 'tcp' });
    await receive(text);
    await connection.next('closed');
    world.onAppend = undefined;
    await connection.handle.close();
    await eventually('the fact', () => world.inbound().at(-1)?.text === text);
    expect(receipts()[before]).toBe('');
  }

  it('DK1 a store that cannot write ends the connection before anything is acknowledged; WhatsApp delivers again', async () => {
    await receive('fine');
    await eventually('its receipt', () => receipts()[0] === 'inactive');
    world.diskFull = true;
    await receive('on a full disk');
    expect((await connection.next('closed')).reason.text).toBe('no space left');
    await connection.handle.close();
    expect(receipts()).toEqual(['inactive', '']);
    world.diskFull = false;
    connection = await world.login();
    await count(2);
    await eventually('its receipt', () => receipts()[1] === 'inactive');
    expect(world.inbound()[1]?.text).toBe('on a full disk');
  });

  it('DJ4 no customer text is left on disk outside the outbox once it is there', async () => {
    await receive('a very private sentence');
    await count(1);
    const store = world.stores.open(PHONE);
    await eventually('an empty journal', () => [...store.table('journal').keys()].length === 0);
    const done = [...store.table<{ plaintext?: Uint8Array }>('ciphertexts').range()].map(({ value }) => value);
    expect(done.length).toBeGreaterThan(0);
    for (const { plaintext } of done) expect(Buffer.from(plaintext ?? []).toString('latin1')).not.toContain('private');
  });
});
