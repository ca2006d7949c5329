/**
 * Faults of the loopback WhatsApp service, its fixtures, prepared messages, restart and control API.
 */
import './strict-signatures.ts';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proto, useMultiFileAuthState } from '@whiskeysockets/baileys';
import { startWhatsApp } from '../../loopback/whatsapp/server.ts';
import type { WhatsApp } from '../../loopback/whatsapp/server.ts';
import { startWorld } from '../../loopback/world.ts';
import { Client, memoryAuth, until } from './client.ts';

const CONTACT = '4915112340001';
const PHONE = '15550100000';
const JID = `${CONTACT}@s.whatsapp.net`;
const { DELIVERY_ACK, ERROR } = proto.WebMessageInfo.Status;

const temporary = (): Promise<string> => mkdtemp(join(tmpdir(), 'loopback-'));

/** Paired accounts as the benchmarks use them, opened from their folders. */
async function fixture(world: WhatsApp, options: Partial<ConstructorParameters<typeof Client>[2]> = {}) {
  const dir = await temporary();
  await world.makePaired({ count: 1, dir, firstNumber: PHONE });
  const { state } = await useMultiFileAuthState(join(dir, `session_${PHONE}`));
  const client = new Client(world, state, options);
  await client.open();
  return { client, state };
}

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
    client.sock.end(undefined);
  });

  it('iq error 429 on usync: the send rejects, once', async () => {
    const { client } = await fixture(world);
    world.applyFaults({ iq: { xmlns: 'usync', error: 429, times: 1 } });
    await expect(client.sock.sendMessage(JID, { text: 'x' })).rejects.toMatchObject({ message: 'rate-overlimit', data: 429 });
    await client.sock.sendMessage(JID, { text: 'y' });
    client.sock.end(undefined);
  });

  it('iq delay: the answer comes later', async () => {
    const { client } = await fixture(world);
    world.applyFaults({ iq: { xmlns: 'usync', delayMs: 200 } });
    const start = performance.now();
    await client.sock.sendMessage(JID, { text: 'slow' });
    expect(performance.now() - start).toBeGreaterThan(190);
    client.sock.end(undefined);
  });

  it('keys error 406: the whole send rejects; keys dropped: All encryptions failed', async () => {
    const { client } = await fixture(world, { defaultQueryTimeoutMs: 300 });
    world.applyFaults({ keys: { phone: CONTACT, error: 406 } });
    await expect(client.sock.sendMessage(JID, { text: 'x' })).rejects.toMatchObject({ message: 'not-acceptable', data: 406 });
    world.applyFaults({ clear: true, keys: 'drop' });
    await expect(client.sock.sendMessage('4915199990000@s.whatsapp.net', { text: 'x' })).rejects.toThrow();
    client.sock.end(undefined);
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
    client.sock.end(undefined);
  });

  it('login failure code, then a good login; refuse drops new connections for a while', async () => {
    const { client, state } = await fixture(world);
    client.sock.end(undefined);
    world.applyFaults({ login: { code: 503, times: 1 } });
    expect(await new Client(world, state).close()).toEqual({ code: 503, message: 'Connection Failure' });
    world.applyFaults({ refuse: { ms: 300 } });
    expect((await new Client(world, state).close()).message).toMatch(/socket hang up|ECONNRESET/);
    await new Promise((later) => setTimeout(later, 320));
    const again = new Client(world, state);
    await again.open();
    again.sock.end(undefined);
  });

  it('a second login of a live device is noticed and replaces the first (440)', async () => {
    const { client, state } = await fixture(world);
    const second = new Client(world, state);
    await second.open();
    expect((await client.close()).code).toBe(440);
    expect(world.checks().overlappingConnections).toBe(1);
    second.sock.end(undefined);
  });

  it('the same id delivered twice to a contact is a duplicate and listed once', async () => {
    const { client } = await fixture(world);
    await client.sock.sendMessage(JID, { text: 'once' }, { messageId: '3EB0DOUBLE' });
    await client.sock.sendMessage(JID, { text: 'once' }, { messageId: '3EB0DOUBLE' });
    await until('the finding', () => world.checks().duplicateIds || undefined);
    expect(world.messages(CONTACT)).toHaveLength(1);
    expect(world.repeatedStanzas(CONTACT)).toHaveLength(1);
    client.sock.end(undefined);
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
    client.sock.end(undefined);
  });

  it('light: nothing is decrypted, everything is counted', async () => {
    const light = await startWhatsApp({ light: true });
    const { client } = await fixture(light);
    const id = (await client.sock.sendMessage(JID, { text: 'secret' }))!.key.id!;
    await client.status(id, DELIVERY_ACK);
    expect(light.messages(CONTACT)).toMatchObject([{ id, type: 'undecrypted', text: null }]);
    client.sock.end(undefined);
    await light.close();
  });
});

describe('fixtures, prepared messages, restart', () => {
  it('500 paired accounts are made in seconds; plain Baileys opens them without QR, prekeys included', async () => {
    const world = await startWhatsApp();
    const dir = await temporary();
    const start = performance.now();
    const phones = await world.makePaired({ count: 500, dir });
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(phones).toHaveLength(500);
    expect(await readdir(dir)).toHaveLength(500);
    await world.makePaired({ count: 1, dir, firstNumber: '15550900000', prekeys: 10 });
    for (const phone of [phones[0]!, phones[499]!, '15550900000']) {
      const { state } = await useMultiFileAuthState(join(dir, `session_${phone}`));
      const client = new Client(world, state);
      await client.open();
      await world.sendFromContact(CONTACT, { to: phone, text: 'hello fixture' });
      await client.message('hello fixture');
      const id = (await client.sock.sendMessage(JID, { text: `from ${phone}` }))!.key.id!;
      await client.status(id, DELIVERY_ACK);
      client.sock.end(undefined);
    }
    expect(world.checks()).toMatchObject({ undecryptable: 0, unknownIqs: 0 });
    await world.close();
  }, 60_000);

  it('prepared messages are released in order, in a burst or at a rate', async () => {
    const world = await startWhatsApp();
    const { client } = await fixture(world);
    expect(await world.prepare(CONTACT, { to: PHONE, count: 50, textPrefix: 'b' })).toHaveLength(50);
    expect(await world.release({ burst: true })).toMatchObject({ released: 50 });
    await client.message('b50');
    expect(client.texts).toEqual(Array.from({ length: 50 }, (_, n) => `b${n + 1}`));
    await world.prepare(CONTACT, { to: PHONE, count: 20, textPrefix: 'r' });
    expect((await world.release({ rate: 50 })).ms).toBeGreaterThan(350);
    await client.message('r20');
    client.sock.end(undefined);
    await world.close();
  });

  it('a world with a state file survives its own restart: login, ratchets and queue', async () => {
    const stateFile = join(await temporary(), 'whatsapp.json');
    const before = await startWhatsApp({ stateFile, preKeys: 30 });
    const auth = memoryAuth();
    const pairing = new Client(before, auth);
    await before.scan(PHONE, await pairing.qr());
    await pairing.close();
    const client = new Client(before, auth);
    await client.open();
    const id = (await client.sock.sendMessage(JID, { text: 'before' }))!.key.id!;
    await client.status(id, DELIVERY_ACK);
    client.sock.end(undefined);
    await until('absence', () => !before.number(PHONE).connected || undefined);
    await before.sendFromContact(CONTACT, { to: PHONE, text: 'kept' });
    await before.close();

    const after = await startWhatsApp({ stateFile, preKeys: 30 });
    expect({ url: after.url, trustRoot: after.trustRoot }).toEqual({ url: before.url, trustRoot: before.trustRoot });
    expect(after.messages(CONTACT)).toMatchObject([{ id, text: 'before' }]);
    const again = new Client(after, auth);
    await again.message('kept');
    const next = (await again.sock.sendMessage(JID, { text: 'after' }))!.key.id!;
    await again.status(next, DELIVERY_ACK);
    expect(after.messages(CONTACT).map(({ text }) => text)).toEqual(['before', 'after']);
    expect(after.checks()).toMatchObject({ undecryptable: 0 });
    again.sock.end(undefined);
    await after.close();
  });
});

describe('control API (design/loopback.md)', () => {
  it('does over HTTP what the functions do', async () => {
    const world = await startWorld({ preKeys: 30 });
    const call = async (method: string, path: string, body?: unknown) => {
      const response = await fetch(world.control + path, {
        method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return { status: response.status, body: await response.json() as Record<string, unknown> };
    };
    expect(Object.keys(world.env)).toEqual(['WHATSAPP_SOCKET_URL', 'WHATSAPP_TRUST_ROOT', 'APP_DOMAIN_NAME', 'NODE_WEBHOOK_TOKEN']);
    expect(await call('POST', '/phones', { phone: PHONE })).toMatchObject({ status: 200, body: { phone: PHONE } });
    expect(await call('POST', `/phones/${PHONE}/scan`, { qr: 'x#y' })).toMatchObject({ status: 409, body: { error: 'the QR is unknown or expired' } });
    const auth = memoryAuth();
    const pairing = new Client(world.whatsApp, auth);
    expect(await call('POST', `/phones/${PHONE}/scan`, { qr: await pairing.qr() })).toMatchObject({ status: 200 });
    await pairing.close();
    const client = new Client(world.whatsApp, auth);
    await client.open();
    expect(await call('POST', `/contacts/${CONTACT}/send`, { to: PHONE, text: 'over http', id: 'HTTP1' })).toEqual({ status: 200, body: { id: 'HTTP1' } });
    await client.message('over http');
    expect(await call('POST', `/contacts/${CONTACT}/send`, { to: PHONE, image: {} })).toMatchObject({ status: 501 });
    expect(await call('POST', `/contacts/${CONTACT}/send`, { to: PHONE, txt: 'typo' })).toMatchObject({ status: 400 });
    expect(await call('POST', `/contacts/${CONTACT}/send`, { to: '999', text: 'nobody' })).toMatchObject({ status: 409 });
    const id = (await client.sock.sendMessage(JID, { text: 'answer' }))!.key.id!;
    await client.status(id, DELIVERY_ACK);
    expect((await call('GET', `/contacts/${CONTACT}/messages?from=${PHONE}`)).body).toMatchObject([{ id, text: 'answer' }]);
    expect(await call('POST', `/contacts/${CONTACT}/receipt`, { id, type: 'read' })).toMatchObject({ status: 200 });
    expect(await call('POST', '/faults', { nonsense: true })).toMatchObject({ status: 400 });
    expect((await call('GET', `/numbers/${PHONE}`)).body).toMatchObject({ connected: true, queued: 0 });
    expect((await call('GET', '/checks')).body).toMatchObject({ unknownIqs: 0 });
    expect(await call('POST', `/numbers/${PHONE}/close`, { how: 'tcp' })).toMatchObject({ status: 200 });
    expect((await client.close()).code).toBe(428);
    expect(await call('GET', '/contacts/..%2f/messages')).toMatchObject({ status: 400 });
    expect(await call('GET', '/app/violations')).toMatchObject({ status: 200 });
    await world.close();
  });
});
