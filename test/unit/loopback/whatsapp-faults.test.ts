/**
 * Faults of the loopback WhatsApp service, as plain Baileys meets them.
 */
import './strict-signatures.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proto } from '@whiskeysockets/baileys';
import { startWhatsApp } from '../../loopback/whatsapp/server.ts';
import type { WhatsApp } from '../../loopback/whatsapp/server.ts';
import { Client, until } from './client.ts';
import { CONTACT, fixture } from './paired.ts';

const JID = `${CONTACT}@s.whatsapp.net`;
const { DELIVERY_ACK, ERROR } = proto.WebMessageInfo.Status;

describe('faults of the service', () => {
  let world: WhatsApp;
  beforeEach(async () => {
    world = await startWhatsApp();
  });
  afterEach(() => world.close());

  it('usync dropped: the client sends without participants, which the checks notice', async () => {
    const { client } = await fixture(world, { defaultQueryTimeoutMs: 300 });
    world.applyFaults({ usync: 'drop' });
    await client.sock.sendMessage(JID, { text: 'lost' });
    await until('the finding', () => world.checks().messagesWithoutParticipants || undefined);
    expect(world.messages(CONTACT)).toEqual([]);
    world.applyFaults({ clear: true });
    const id = (await client.sock.sendMessage(JID, { text: 'found' }))!.key.id!;
    await client.status(id, DELIVERY_ACK);
    expect(world.checks().unansweredIqs).toBe(0);
    client.end();
  });

  it('iq error 429 on usync: the send rejects, once', async () => {
    const { client } = await fixture(world);
    world.applyFaults({ iq: { xmlns: 'usync', error: 429, times: 1 } });
    await expect(client.sock.sendMessage(JID, { text: 'x' })).rejects.toMatchObject({
      message: 'rate-overlimit',
      data: 429,
    });
    await client.sock.sendMessage(JID, { text: 'y' });
    client.end();
  });

  it('iq delay: the answer comes later', async () => {
    const { client } = await fixture(world);
    world.applyFaults({ iq: { xmlns: 'usync', delayMs: 200 } });
    const start = performance.now();
    await client.sock.sendMessage(JID, { text: 'slow' });
    expect(performance.now() - start).toBeGreaterThan(190);
    client.end();
  });

  it('keys error 406: the whole send rejects; keys dropped: All encryptions failed', async () => {
    const { client } = await fixture(world, { defaultQueryTimeoutMs: 300 });
    world.applyFaults({ keys: { phone: CONTACT, error: 406 } });
    await expect(client.sock.sendMessage(JID, { text: 'x' })).rejects.toMatchObject({
      message: 'not-acceptable',
      data: 406,
    });
    world.applyFaults({ clear: true, keys: 'drop' });
    await expect(client.sock.sendMessage('4915199990000@s.whatsapp.net', { text: 'x' })).rejects.toThrow();
    client.end();
  });

  it('ack dropped: none comes, the contact still gets the message; ack error 463: status 0, and the contact gets nothing', async () => {
    const { client } = await fixture(world);
    world.applyFaults({ ack: { drop: true, times: 1 } });
    const first = (await client.sock.sendMessage(JID, { text: 'unacked' }))!.key.id!;
    await client.status(first, DELIVERY_ACK);
    expect(client.acks).toEqual([]);
    world.applyFaults({ ack: { error: 463, times: 1 } });
    const second = (await client.sock.sendMessage(JID, { text: 'refused' }))!.key.id!;
    await client.status(second, ERROR);
    world.applyFaults({ ack: { delayMs: 150, times: 1 } });
    const third = (await client.sock.sendMessage(JID, { text: 'late ack' }))!.key.id!;
    await client.status(third, DELIVERY_ACK);
    expect(client.acks.map((ack) => ack['id'])).not.toContain(third);
    await until('late ack', () => client.acks.find((ack) => ack['id'] === third));
    expect(world.messages(CONTACT).map(({ text }) => text)).toEqual(['unacked', 'late ack']);
    client.end();
  });

  it('login failure code, then a good login; refuse drops new connections for a while', async () => {
    const { client, state } = await fixture(world);
    client.end();
    world.applyFaults({ login: { code: 503, times: 1 } });
    expect(await new Client(world, state).close()).toEqual({ code: 503, message: 'Connection Failure' });
    world.applyFaults({ refuse: { ms: 300 } });
    expect((await new Client(world, state).close()).message).toMatch(/socket hang up|ECONNRESET/);
    await new Promise((later) => setTimeout(later, 320));
    const again = new Client(world, state);
    await again.open();
    again.end();
  });

  it('a second login of a live device is noticed and replaces the first (440)', async () => {
    const { client, state } = await fixture(world);
    const second = new Client(world, state);
    await second.open();
    expect((await client.close()).code).toBe(440);
    expect(world.checks().overlappingConnections).toBe(1);
    second.end();
  });

  it('the same id delivered twice to a contact is a duplicate and listed once', async () => {
    const { client } = await fixture(world);
    await client.sock.sendMessage(JID, { text: 'once' }, { messageId: '3EB0DOUBLE' });
    await client.sock.sendMessage(JID, { text: 'once' }, { messageId: '3EB0DOUBLE' });
    await until('the finding', () => world.checks().duplicateIds || undefined);
    expect(world.messages(CONTACT)).toHaveLength(1);
    expect(world.repeatedStanzas(CONTACT)).toHaveLength(1);
    client.end();
  });

  it('what a contact cannot decrypt is noticed, and healed by a retry', async () => {
    const { client, state } = await fixture(world);
    const first = (await client.sock.sendMessage(JID, { text: 'fine' }))!.key.id!;
    await client.status(first, DELIVERY_ACK);
    const [name] = Object.keys(await state.keys.get('session', [`${world.createPhone(CONTACT)}_1.0`]));
    const stored = await state.keys.get('session', [name!]);
    await client.sock.sendMessage(JID, { text: 'also fine' });
    // A ratchet set back: what is encrypted with it has been used already.
    await state.keys.set({ session: stored });
    await client.sock.sendMessage(JID, { text: 'broken' });
    await until('the finding', () => world.checks().undecryptable || undefined);
    await until('the repetition', () => world.messages(CONTACT).find(({ text }) => text === 'broken'));
    expect(world.checks().duplicateIds).toBe(0);
    client.end();
  });

  it('light: nothing is decrypted, everything is counted', async () => {
    const light = await startWhatsApp({ light: true });
    const { client } = await fixture(light);
    const id = (await client.sock.sendMessage(JID, { text: 'secret' }))!.key.id!;
    await client.status(id, DELIVERY_ACK);
    expect(light.messages(CONTACT)).toMatchObject([{ id, type: 'undecrypted', text: null }]);
    client.end();
    await light.close();
  });
});
