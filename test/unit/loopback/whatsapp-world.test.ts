/**
 * Fixtures, prepared messages, restart and control API of the loopback WhatsApp service.
 */
import './strict-signatures.ts';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { proto, useMultiFileAuthState } from '@whiskeysockets/baileys';
import { startWhatsApp } from '../../loopback/whatsapp/server.ts';
import { startWorld } from '../../loopback/world.ts';
import { Client, memoryAuth, until } from './client.ts';
import { CONTACT, fixture, PHONE, temporary } from './paired.ts';

const JID = `${CONTACT}@s.whatsapp.net`;
const { DELIVERY_ACK } = proto.WebMessageInfo.Status;

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
      client.end();
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
    client.end();
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
    client.end();
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
    again.end();
    await after.close();
  });
});

describe('control API (design/loopback.md)', () => {
  it('does over HTTP what the functions do', async () => {
    const world = await startWorld({ preKeys: 30 });
    const call = async (method: string, path: string, body?: unknown) => {
      const response = await fetch(world.control + path, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    expect(Object.keys(world.env)).toEqual([
      'WHATSAPP_SOCKET_URL',
      'WHATSAPP_TRUST_ROOT',
      'WHATSAPP_MEDIA_HOST',
      'NODE_EXTRA_CA_CERTS',
      'APP_DOMAIN_NAME',
      'NODE_WEBHOOK_TOKEN',
      'CALLBACK_SIGNING_SECRET',
      'META_GRAPH_URL',
      'TWILIO_API_URL',
    ]);
    expect(await call('POST', '/phones', { phone: PHONE })).toMatchObject({ status: 200, body: { phone: PHONE } });
    expect(await call('POST', `/phones/${PHONE}/scan`, { qr: 'x#y' })).toMatchObject({
      status: 409,
      body: { error: 'the QR is unknown or expired' },
    });
    const auth = memoryAuth();
    const pairing = new Client(world.whatsApp, auth);
    expect(await call('POST', `/phones/${PHONE}/scan`, { qr: await pairing.qr() })).toMatchObject({ status: 200 });
    await pairing.close();
    const client = new Client(world.whatsApp, auth);
    await client.open();
    expect(await call('POST', `/contacts/${CONTACT}/send`, { to: PHONE, text: 'over http', id: 'HTTP1' })).toEqual({
      status: 200,
      body: { id: 'HTTP1' },
    });
    await client.message('over http');
    expect(await call('POST', `/contacts/${CONTACT}/send`, { to: PHONE, image: {} })).toMatchObject({ status: 200 });
    expect(await call('POST', `/contacts/${CONTACT}/send`, { to: PHONE, txt: 'typo' })).toMatchObject({ status: 400 });
    expect(await call('POST', `/contacts/${CONTACT}/send`, { to: '999', text: 'nobody' })).toMatchObject({
      status: 409,
    });
    const id = (await client.sock.sendMessage(JID, { text: 'answer' }))!.key.id!;
    await client.status(id, DELIVERY_ACK);
    expect((await call('GET', `/contacts/${CONTACT}/messages?from=${PHONE}`)).body).toMatchObject([
      { id, text: 'answer' },
    ]);
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
