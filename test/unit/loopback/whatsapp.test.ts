/**
 * The loopback WhatsApp service, driven by plain unmodified Baileys whose signature checks have been made real:
 * pairing, and chat in both directions.
 */
import './strict-signatures.ts';
import { proto } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';
import { startWhatsApp } from '../../loopback/whatsapp/server.ts';
import { Client, memoryAuth, until } from './client.ts';
import { CLEAN, cleanWorld, CONTACT, newPhone, online, settled } from './paired.ts';

const { DELIVERY_ACK, READ } = proto.WebMessageInfo.Status;

const world = await cleanWorld();

describe('pairing', () => {
  it('by QR: pair-success, 515, login, open, first sync', async () => {
    const phone = newPhone();
    const { client, auth } = await online(world, phone);
    expect(auth.creds.me?.id).toBe(`${phone}:1@s.whatsapp.net`);
    expect(auth.creds.account?.deviceSignature).toBeDefined();
    expect(auth.creds.myAppStateKeyId).toBeDefined();
    expect(world.number(phone)).toMatchObject({
      connected: true,
      connections: [{ loggedIn: false }, { loggedIn: true }],
    });
    client.end();
  });

  it('by QR with real prekey upload', async () => {
    const faithful = await startWhatsApp();
    const { client, auth } = await online(faithful, newPhone());
    expect(auth.creds.nextPreKeyId).toBe(813);
    await faithful.sendFromContact(CONTACT, {
      to: client.sock.user!.id.split(':')[0]!,
      text: 'with a one-time prekey',
    });
    await client.message('with a one-time prekey');
    expect(faithful.checks()).toEqual(CLEAN);
    client.end();
    await faithful.close();
  });

  it('refuses an unknown QR', async () => {
    expect(await world.scan(newPhone(), 'https://wa.me/settings/linked_devices#nonsense,a,b,c,1')).toEqual({
      kind: 'refused',
      reason: 'the QR is unknown or expired',
    });
  });

  it('by code: the right one', async () => {
    const phone = newPhone();
    const auth = memoryAuth();
    const client = new Client(world, auth);
    await client.qr();
    const code = await client.sock.requestPairingCode(phone);
    expect(await world.enterCode(phone, `${code.slice(0, 4)}-${code.slice(4).toLowerCase()}`)).toEqual({
      kind: 'paired',
      jid: `${phone}:1@s.whatsapp.net`,
    });
    expect((await client.close()).code).toBe(515);
    const again = new Client(world, auth);
    await again.open();
    again.end();
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
    expect(await world.scan(phone, await second.qr())).toMatchObject({
      kind: 'paired',
      jid: `${phone}:2@s.whatsapp.net`,
    });
    expect(await client.close()).toMatchObject({ code: 401 });
    await second.close();
  });
});

describe('strict certificates (facts/baileys.md section 10)', () => {
  it('the chain is refused under another root', async () => {
    const other = { url: world.url, trustRoot: 'ab'.repeat(32) };
    expect(await new Client(other, memoryAuth()).close()).toMatchObject({
      message: 'noise intermediate certificate signature invalid',
    });
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
      expect(world.messages(CONTACT, phone).at(-1)).toMatchObject({
        id,
        from: phone,
        type: 'text',
        text: `to ${jid}`,
      });
      expect(world.receipt(CONTACT, { id, type: 'read', addressing: 'lid' })).toEqual({ kind: 'done' });
      await client.status(id, READ);
    }
    expect(world.ownCopies(phone)).toHaveLength(2);
    await world.sendFromContact(CONTACT, { to: phone, text: 'by lid' });
    await world.sendFromContact(CONTACT, { to: phone, text: 'by pn', addressing: 'pn' });
    await world.sendFromContact(CONTACT, { to: phone, text: 'hidden', hidePn: true, id: 'MYOWNID' });
    expect((await client.message('by lid')).message.key).toMatchObject({
      remoteJid: `${world.createPhone(CONTACT)}@lid`,
      remoteJidAlt: `${CONTACT}@s.whatsapp.net`,
    });
    expect((await client.message('by pn')).message.key).toMatchObject({ remoteJid: `${CONTACT}@s.whatsapp.net` });
    const hidden = (await client.message('hidden')).message.key;
    expect(hidden.id).toBe('MYOWNID');
    expect(hidden.remoteJidAlt).toBeUndefined();
    await settled(world, phone);
    await client.sock.readMessages([hidden]);
    await until(
      'read',
      () =>
        world
          .sent(CONTACT)
          .find(({ id }) => id === 'MYOWNID')
          ?.receipts.includes('read') || undefined,
    );
    client.end();
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
    client.end();
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
    await until(
      'all',
      () => client.upserts.filter(({ message }) => message.key.fromMe !== true).length >= 9 || undefined,
    );
    const kinds = client.upserts.map(({ message }) =>
      Object.keys(message.message ?? {}).find((field) => field !== 'messageContextInfo'),
    );
    expect(kinds).toEqual(
      expect.arrayContaining([
        'conversation',
        'reactionMessage',
        'protocolMessage',
        'locationMessage',
        'contactMessage',
        'ephemeralMessage',
        'viewOnceMessageV2',
      ]),
    );
    const reaction = client.upserts.find(({ message }) => message.message?.reactionMessage != null);
    expect(reaction?.message.message?.reactionMessage?.key).toMatchObject({ fromMe: true, id: mine });
    expect(client.updates).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          key: expect.objectContaining({ id }),
          update: expect.objectContaining({ message: null }),
        }),
      ]),
    );
    await settled(world, phone);
    client.end();
  });

  it('the owner writes on the phone: the contact gets it, the client gets an echo', async () => {
    const { client, phone } = await online(world, newPhone());
    for (const addressing of ['lid', 'pn'] as const) {
      await world.sendFromPhone(phone, { to: CONTACT, text: `from the phone ${addressing}`, addressing });
      expect(world.messages(CONTACT, phone).at(-1)).toMatchObject({ text: `from the phone ${addressing}` });
      expect((await client.message(`from the phone ${addressing}`)).message.key).toMatchObject({ fromMe: true });
    }
    await settled(world, phone);
    client.end();
  });

  it('two paired numbers write to each other', async () => {
    const [a, b] = [await online(world, newPhone()), await online(world, newPhone())];
    const id = (await a.client.sock.sendMessage(`${b.phone}@s.whatsapp.net`, { text: 'to my peer' }))!.key.id!;
    expect((await b.client.message('to my peer')).message.key.id).toBe(id);
    await a.client.status(id, DELIVERY_ACK);
    await b.client.sock.sendMessage(`${a.phone}@s.whatsapp.net`, { text: 'and back' });
    const { message } = await a.client.message('and back');
    await a.client.sock.readMessages([message.key]);
    await b.client.status(message.key.id!, READ);
    a.client.end();
    b.client.end();
  });

  it('a number that left is not on WhatsApp, every other number is', async () => {
    const { client } = await online(world, newPhone());
    const [gone, there] = [newPhone(), newPhone()];
    world.removeContact(gone);
    expect(await client.sock.onWhatsApp(gone, there)).toEqual([{ jid: `${there}@s.whatsapp.net`, exists: true }]);
    client.end();
  });
});
