/**
 * The loopback WhatsApp service, driven by plain unmodified Baileys whose signature checks have been made real.
 */
import './strict-signatures.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proto } from '@whiskeysockets/baileys';
import { startWhatsApp } from '../../loopback/whatsapp/server.ts';
import type { WhatsApp } from '../../loopback/whatsapp/server.ts';
import { Client, memoryAuth, until } from './client.ts';

const CONTACT = '4915112340001';
const CLEAN = {
  unansweredIqs: 0, unknownIqs: 0, messagesWithoutParticipants: 0, undecryptable: 0, duplicateIds: 0,
  overlappingConnections: 0, badDeviceSignatures: 0,
};
const { DELIVERY_ACK, READ } = proto.WebMessageInfo.Status;

let nextPhone = 15_550_100_000;
const newPhone = (): string => String(nextPhone++);

/** Pairs by QR and answers the login that the client keeps. */
async function pair(world: WhatsApp, phone: string) {
  const auth = memoryAuth();
  const client = new Client(world, auth);
  const scanned = await world.scan(phone, await client.qr());
  expect(scanned).toEqual({ kind: 'paired', jid: `${phone}:1@s.whatsapp.net` });
  expect((await client.close()).code).toBe(515);
  return auth;
}

async function online(world: WhatsApp, phone: string) {
  const auth = await pair(world, phone);
  const client = new Client(world, auth);
  await client.open();
  await until('first sync', () => auth.creds.accountSyncCounter >= 1 || undefined);
  return { auth, client, phone };
}

/** One live message from the contact, so that a session exists in both directions and nothing is pending. */
async function settled(world: WhatsApp, phone: string) {
  await until('an empty queue', () => world.number(phone).queued === 0 || undefined);
}

describe('loopback WhatsApp service', () => {
  let world: WhatsApp;
  beforeAll(async () => {
    world = await startWhatsApp({ preKeys: 30 });
  });
  afterAll(async () => {
    const details = world.checkDetails();
    const checks = world.checks();
    await world.close();
    expect({ checks, details }).toEqual({ checks: CLEAN, details: [] });
  });

  describe('pairing', () => {
    it('by QR: pair-success, 515, login, open, first sync', async () => {
      const phone = newPhone();
      const { client, auth } = await online(world, phone);
      expect(auth.creds.me?.id).toBe(`${phone}:1@s.whatsapp.net`);
      expect(auth.creds.account?.deviceSignature).toBeDefined();
      expect(auth.creds.myAppStateKeyId).toBeDefined();
      expect(world.number(phone)).toMatchObject({ connected: true, connections: [{ loggedIn: false }, { loggedIn: true }] });
      client.sock.end(undefined);
    });

    it('by QR with real prekey upload', async () => {
      const faithful = await startWhatsApp();
      const { client, auth } = await online(faithful, newPhone());
      expect(auth.creds.nextPreKeyId).toBe(813);
      await faithful.sendFromContact(CONTACT, { to: client.sock.user!.id.split(':')[0]!, text: 'with a one-time prekey' });
      await client.message('with a one-time prekey');
      expect(faithful.checks()).toEqual(CLEAN);
      client.sock.end(undefined);
      await faithful.close();
    });

    it('refuses an unknown QR', async () => {
      expect(await world.scan(newPhone(), 'https://wa.me/settings/linked_devices#nonsense,a,b,c,1'))
        .toEqual({ kind: 'refused', reason: 'the QR is unknown or expired' });
    });

    it('by code: the right one', async () => {
      const phone = newPhone();
      const auth = memoryAuth();
      const client = new Client(world, auth);
      await client.qr();
      const code = await client.sock.requestPairingCode(phone);
      expect(await world.enterCode(phone, `${code.slice(0, 4)}-${code.slice(4).toLowerCase()}`))
        .toEqual({ kind: 'paired', jid: `${phone}:1@s.whatsapp.net` });
      expect((await client.close()).code).toBe(515);
      const again = new Client(world, auth);
      await again.open();
      again.sock.end(undefined);
    });

    it('by code: a wrong one is refused, the socket drops (428), and the poisoned login gets 401', async () => {
      const phone = newPhone();
      const auth = memoryAuth();
      const client = new Client(world, auth);
      await client.qr();
      await client.sock.requestPairingCode(phone, 'ABCDEFGH');
      expect(await world.enterCode(phone, 'ABCDEFGJ')).toEqual({ kind: 'refused', reason: 'the code is wrong' });
      expect((await client.close()).code).toBe(428);
      expect((await new Client(world, auth).close()).code).toBe(401);
    });

    it('pairing again replaces the earlier device: 401', async () => {
      const { client, phone } = await online(world, newPhone());
      const second = new Client(world, memoryAuth());
      expect(await world.scan(phone, await second.qr())).toMatchObject({ kind: 'paired', jid: `${phone}:2@s.whatsapp.net` });
      expect(await client.close()).toMatchObject({ code: 401 });
      await second.close();
    });
  });

  describe('strict certificates (facts/baileys.md section 10)', () => {
    it('the chain is refused under another root', async () => {
      const other = { url: world.url, trustRoot: 'ab'.repeat(32) };
      expect(await new Client(other, memoryAuth()).close())
        .toMatchObject({ message: 'noise intermediate certificate signature invalid' });
    });
  });

  describe('chat', () => {
    it('texts go both ways by PN and by LID, with delivered and read receipts', async () => {
      const { client, phone } = await online(world, newPhone());
      for (const jid of [`${CONTACT}@s.whatsapp.net`, `${world.createPhone(CONTACT)}@lid`]) {
        const sent = await client.sock.sendMessage(jid, { text: `to ${jid}` });
        const id = sent!.key.id!;
        await client.status(id, DELIVERY_ACK);
        expect(client.acks.map((ack) => ack['id'])).toContain(id);
        expect(world.messages(CONTACT, phone).at(-1)).toMatchObject({ id, from: phone, type: 'text', text: `to ${jid}` });
        expect(world.receipt(CONTACT, { id, type: 'read', addressing: 'lid' })).toEqual({ kind: 'done' });
        await client.status(id, READ);
      }
      expect(world.ownCopies(phone)).toHaveLength(2);
      await world.sendFromContact(CONTACT, { to: phone, text: 'by lid' });
      await world.sendFromContact(CONTACT, { to: phone, text: 'by pn', addressing: 'pn' });
      await world.sendFromContact(CONTACT, { to: phone, text: 'hidden', hidePn: true, id: 'MYOWNID' });
      expect((await client.message('by lid')).message.key)
        .toMatchObject({ remoteJid: `${world.createPhone(CONTACT)}@lid`, remoteJidAlt: `${CONTACT}@s.whatsapp.net` });
      expect((await client.message('by pn')).message.key).toMatchObject({ remoteJid: `${CONTACT}@s.whatsapp.net` });
      const hidden = (await client.message('hidden')).message.key;
      expect(hidden.id).toBe('MYOWNID');
      expect(hidden.remoteJidAlt).toBeUndefined();
      await settled(world, phone);
      await client.sock.readMessages([hidden]);
      await until('read', () => world.sent(CONTACT).find(({ id }) => id === 'MYOWNID')?.receipts.includes('read') || undefined);
      client.sock.end(undefined);
    });

    it('receipt modes: manual sends only what is asked for, off refuses', async () => {
      const { client } = await online(world, newPhone());
      const contact = newPhone();
      world.setReceipts(contact, 'manual');
      const id = (await client.sock.sendMessage(`${contact}@s.whatsapp.net`, { text: 'quiet' }))!.key.id!;
      await until('arrival', () => world.messages(contact)[0]);
      expect(client.updates).toEqual([]);
      world.receipt(contact, { id, type: 'delivered' });
      await client.status(id, DELIVERY_ACK);
      world.setReceipts(contact, 'off');
      expect(world.receipt(contact, { id, type: 'read' })).toMatchObject({ kind: 'refused' });
      client.sock.end(undefined);
    });

    it('every kind of content that a contact can send arrives', async () => {
      const { client, phone } = await online(world, newPhone());
      const mine = (await client.sock.sendMessage(`${CONTACT}@s.whatsapp.net`, { text: 'react to me' }))!.key.id!;
      await client.status(mine, DELIVERY_ACK);
      const to = phone;
      const first = await world.sendFromContact(CONTACT, { to, text: 'first' });
      const id = first.kind === 'sent' ? first.id : '';
      await world.sendFromContact(CONTACT, { to, reaction: { id: mine, emoji: '👍' } });
      await world.sendFromContact(CONTACT, { to, edit: { id, text: 'edited' } });
      await world.sendFromContact(CONTACT, { to, revoke: { id } });
      await world.sendFromContact(CONTACT, { to, location: { latitude: 1.5, longitude: 2.5, name: 'here' } });
      await world.sendFromContact(CONTACT, { to, contact: { name: 'Ann', phone: '4915100' } });
      await world.sendFromContact(CONTACT, { to, poll: { name: 'which', options: ['a', 'b'] } });
      await world.sendFromContact(CONTACT, { to, text: 'gone soon', ephemeral: 60, reply: { id: mine } });
      await world.sendFromContact(CONTACT, { to, text: 'once', viewOnce: true });
      await until('all', () => client.upserts.filter(({ message }) => message.key.fromMe !== true).length >= 9 || undefined);
      const kinds = client.upserts.map(({ message }) => Object.keys(message.message ?? {}).find((field) => field !== 'messageContextInfo'));
      expect(kinds).toEqual(expect.arrayContaining(['conversation', 'reactionMessage', 'protocolMessage', 'locationMessage',
        'contactMessage', 'ephemeralMessage', 'viewOnceMessageV2']));
      const reaction = client.upserts.find(({ message }) => message.message?.reactionMessage != null);
      expect(reaction?.message.message?.reactionMessage?.key).toMatchObject({ fromMe: true, id: mine });
      expect(client.updates).toEqual(expect.arrayContaining([
        expect.objectContaining({ key: expect.objectContaining({ id }), update: expect.objectContaining({ message: null }) }),
      ]));
      await settled(world, phone);
      client.sock.end(undefined);
    });

    it('the owner writes on the phone: the contact gets it, the client gets an echo', async () => {
      const { client, phone } = await online(world, newPhone());
      for (const addressing of ['lid', 'pn'] as const) {
        await world.sendFromPhone(phone, { to: CONTACT, text: `from the phone ${addressing}`, addressing });
        expect(world.messages(CONTACT, phone).at(-1)).toMatchObject({ text: `from the phone ${addressing}` });
        expect((await client.message(`from the phone ${addressing}`)).message.key).toMatchObject({ fromMe: true });
      }
      await settled(world, phone);
      client.sock.end(undefined);
    });

    it('two paired numbers write to each other', async () => {
      const [a, b] = [await online(world, newPhone()), await online(world, newPhone())];
      const id = (await a.client.sock.sendMessage(`${b.phone}@s.whatsapp.net`, { text: 'to my peer' }))!.key.id!;
      await b.client.message('to my peer');
      await a.client.status(id, DELIVERY_ACK);
      await b.client.sock.sendMessage(`${a.phone}@s.whatsapp.net`, { text: 'and back' });
      const { message } = await a.client.message('and back');
      await a.client.sock.readMessages([message.key]);
      await b.client.status(message.key.id!, READ);
      a.client.sock.end(undefined);
      b.client.sock.end(undefined);
    });

    it('a number that left is not on WhatsApp, every other number is', async () => {
      const { client } = await online(world, newPhone());
      const [gone, there] = [newPhone(), newPhone()];
      world.removeContact(gone);
      expect(await client.sock.onWhatsApp(gone, there)).toEqual([{ jid: `${there}@s.whatsapp.net`, exists: true }]);
      client.sock.end(undefined);
    });
  });

  describe('nothing is lost on the way to the client', () => {
    it('messages for an absent client come at login, in order, marked as append, and are confirmed', async () => {
      const { auth, client, phone } = await online(world, newPhone());
      client.sock.end(undefined);
      await until('absence', () => !world.number(phone).connected || undefined);
      for (let n = 1; n <= 20; n += 1) await world.sendFromContact(CONTACT, { to: phone, text: `missed ${n}` });
      expect(world.number(phone)).toMatchObject({ queued: 20, delivered: 0 });
      const again = new Client(world, auth);
      expect((await again.message('missed 20')).type).toBe('append');
      expect(again.texts).toEqual(Array.from({ length: 20 }, (_, n) => `missed ${n + 1}`));
      await settled(world, phone);
      expect(world.number(phone)).toMatchObject({ delivered: 20, acked: 20 });
      again.sock.end(undefined);
    });

    it('a client cut before its receipt gets the same bytes again (the library cannot decrypt them twice)', async () => {
      const { auth, client, phone } = await online(world, newPhone());
      const contact = newPhone();
      const frames: Uint8Array[] = [];
      const watch = (sock: Client) => sock.sock.ws.on('CB:message', (node: { content: { content: Uint8Array }[] }) => {
        frames.push(Buffer.from(node.content[0]!.content));
      });
      watch(client);
      // The receipt is written by the same tick that emits the message: cut on arrival of the stanza.
      client.sock.ws.on('CB:message', () => client.kill());
      await world.sendFromContact(contact, { to: phone, text: 'cut' });
      await client.close();
      expect(world.number(phone)).toMatchObject({ queued: 1, delivered: 1, acked: 0 });
      const again = new Client(world, auth);
      watch(again);
      await settled(world, phone);
      expect(frames).toHaveLength(2);
      expect(frames[1]).toEqual(frames[0]);
      again.sock.end(undefined);
    });

    it('a client that forgot the session asks for a retry and gets the message under the same id', async () => {
      const { auth, client, phone } = await online(world, newPhone());
      const contact = newPhone();
      await client.sock.sendMessage(`${contact}@s.whatsapp.net`, { text: 'hello' });
      await until('arrival', () => world.messages(contact)[0]);
      await world.sendFromContact(contact, { to: phone, text: 'readable' });
      await client.message('readable');
      await settled(world, phone);
      const lid = world.createPhone(contact);
      await auth.keys.set({ session: { [`${lid}_1.0`]: null } });
      await world.sendFromContact(contact, { to: phone, text: 'after a retry', id: 'RETRYME' });
      expect((await client.message('after a retry')).message.key.id).toBe('RETRYME');
      expect(world.sent(contact).find(({ id }) => id === 'RETRYME')?.receipts).toContain('retry');
      await settled(world, phone);
      client.sock.end(undefined);
    });

    it('a retry receipt of the contact makes the client send again under the same id, listed once, no duplicate', async () => {
      const { client } = await online(world, newPhone());
      const contact = newPhone();
      const id = (await client.sock.sendMessage(`${contact}@s.whatsapp.net`, { text: 'say again' }))!.key.id!;
      await client.status(id, DELIVERY_ACK);
      world.receipt(contact, { id, type: 'retry' });
      await until('the repetition', () => world.repeatedStanzas(contact)[0]);
      expect(world.messages(contact)).toHaveLength(1);
      client.sock.end(undefined);
    });

    it('receipts for an absent client come at its next login', async () => {
      const { auth, client, phone } = await online(world, newPhone());
      const contact = newPhone();
      world.setReceipts(contact, 'manual');
      const id = (await client.sock.sendMessage(`${contact}@s.whatsapp.net`, { text: 'x' }))!.key.id!;
      await until('arrival', () => world.messages(contact)[0]);
      client.sock.end(undefined);
      await until('absence', () => !world.number(phone).connected || undefined);
      world.receipt(contact, { id, type: 'read' });
      const again = new Client(world, auth);
      await again.status(id, READ);
      again.sock.end(undefined);
    });
  });

  describe('faults of a connection', () => {
    it.each([
      [{ how: 'stream-error', code: 401 }, 401],
      [{ how: 'stream-error', code: 440 }, 440],
      [{ how: 'stream-error', code: 503 }, 503],
      [{ how: 'stream-error', code: 515 }, 515],
      [{ how: 'stream-error' }, 500],
      [{ how: 'failure', code: 403 }, 403],
      [{ how: 'tcp' }, 428],
    ] as const)('close %o -> %i', async (request, code) => {
      const { client, phone } = await online(world, newPhone());
      expect(world.closeNumber(phone, request)).toEqual({ kind: 'done' });
      expect((await client.close()).code).toBe(code);
    });

    it('swallow: pings go unanswered, the WebSocket close is answered: 408', async () => {
      const auth = await pair(world, newPhone());
      const client = new Client(world, auth, { keepAliveIntervalMs: 300 });
      await client.open();
      world.closeNumber(auth.creds.me!.id.split(':')[0]!, { how: 'swallow' });
      expect(await until('close', () => client.closed, 9000)).toEqual({ code: 408, message: 'Connection was lost' });
    }, 15_000);

    it('freeze: not even the WebSocket close is answered; a new login of the device works', async () => {
      const phone = newPhone();
      const auth = await pair(world, phone);
      const client = new Client(world, auth, { keepAliveIntervalMs: 300 });
      await client.open();
      world.closeNumber(phone, { how: 'freeze' });
      await new Promise((later) => setTimeout(later, 6500));
      expect(client.closed).toBeUndefined();
      client.kill();
      const again = new Client(world, auth);
      await again.open();
      again.sock.end(undefined);
    }, 15_000);

    it('unlink: 401 now, and at the next login', async () => {
      const { auth, client, phone } = await online(world, newPhone());
      world.unlink(phone);
      expect((await client.close()).code).toBe(401);
      expect((await new Client(world, auth).close()).code).toBe(401);
    });

    it('logout of the client removes the device', async () => {
      const { auth, client } = await online(world, newPhone());
      await client.sock.logout();
      expect((await client.close()).code).toBe(401);
      expect((await new Client(world, auth).close()).code).toBe(401);
    });
  });
});
