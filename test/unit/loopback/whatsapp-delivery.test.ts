/**
 * The loopback WhatsApp service loses nothing on the way to a client.
 */
import './strict-signatures.ts';
import { proto } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';
import { Client, until } from './client.ts';
import { cleanWorld, CONTACT, newPhone, online, settled } from './paired.ts';

const { DELIVERY_ACK, READ } = proto.WebMessageInfo.Status;

const world = await cleanWorld();

describe('nothing is lost on the way to the client', () => {
  it('messages for an absent client come at login, in order, marked as append, and are confirmed', async () => {
    const { auth, client, phone } = await online(world, newPhone());
    client.end();
    await until('absence', () => !world.number(phone).connected || undefined);
    for (let n = 1; n <= 20; n += 1) await world.sendFromContact(CONTACT, { to: phone, text: `missed ${n}` });
    expect(world.number(phone)).toMatchObject({ queued: 20, delivered: 0 });
    const again = new Client(world, auth);
    expect((await again.message('missed 20')).type).toBe('append');
    expect(again.texts).toEqual(Array.from({ length: 20 }, (_, n) => `missed ${n + 1}`));
    await settled(world, phone);
    expect(world.number(phone)).toMatchObject({ delivered: 20, acked: 20 });
    again.end();
  });

  it('a client cut before its receipt gets the same bytes again (the library cannot decrypt them twice)', async () => {
    const { auth, client, phone } = await online(world, newPhone());
    const contact = newPhone();
    const frames: Uint8Array[] = [];
    const watch = (sock: Client) =>
      sock.sock.ws.on('CB:message', (node: { content: { content: Uint8Array }[] }) => {
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
    again.end();
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
    client.end();
  });

  it('a retry receipt of the contact makes the client send again under the same id, listed once, no duplicate', async () => {
    const { client } = await online(world, newPhone());
    const contact = newPhone();
    const id = (await client.sock.sendMessage(`${contact}@s.whatsapp.net`, { text: 'say again' }))!.key.id!;
    await client.status(id, DELIVERY_ACK);
    world.receipt(contact, { id, type: 'retry' });
    await until('the repetition', () => world.repeatedStanzas(contact)[0]);
    expect(world.messages(contact)).toHaveLength(1);
    client.end();
  });

  it('receipts for an absent client come at its next login', async () => {
    const { auth, client, phone } = await online(world, newPhone());
    const contact = newPhone();
    world.setReceipts(contact, 'manual');
    const id = (await client.sock.sendMessage(`${contact}@s.whatsapp.net`, { text: 'x' }))!.key.id!;
    await until('arrival', () => world.messages(contact)[0]);
    client.end();
    await until('absence', () => !world.number(phone).connected || undefined);
    expect(world.receipt(contact, { id, type: 'read' })).toEqual({ kind: 'done' });
    const again = new Client(world, auth);
    await again.status(id, READ);
    again.end();
  });
});
