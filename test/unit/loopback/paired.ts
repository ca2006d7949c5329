/**
 * Where most tests of the loopback service begin: a world of their own, and a client that has been paired with it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useMultiFileAuthState } from '@whiskeysockets/baileys';
import { afterAll, expect, onTestFinished } from 'vitest';
import { startWhatsApp, type WhatsApp } from '../../loopback/whatsapp/server.ts';
import { Client, memoryAuth, until } from './client.ts';

export const CONTACT = '4915112340001';
export const CLEAN = {
  unansweredIqs: 0,
  unknownIqs: 0,
  messagesWithoutParticipants: 0,
  undecryptable: 0,
  duplicateIds: 0,
  overlappingConnections: 0,
  badDeviceSignatures: 0,
};

/** One world for all tests of a file; at its end the world must have found nothing wrong. */
export async function cleanWorld(): Promise<WhatsApp> {
  const world = await startWhatsApp({ preKeys: 30 });
  afterAll(async () => {
    const found = { checks: world.checks(), details: world.checkDetails() };
    await world.close();
    expect(found).toEqual({ checks: CLEAN, details: [] });
  });
  return world;
}

let nextPhone = 15_550_100_000;
export const newPhone = (): string => String(nextPhone++);

/** Pairs by QR and answers the login that the client keeps. */
export async function pair(world: WhatsApp, phone: string) {
  const auth = memoryAuth();
  const client = new Client(world, auth);
  const scanned = await world.scan(phone, await client.qr());
  expect(scanned).toEqual({ kind: 'paired', jid: `${phone}:1@s.whatsapp.net` });
  expect((await client.close()).code).toBe(515);
  return auth;
}

export async function online(world: WhatsApp, phone: string) {
  const auth = await pair(world, phone);
  const client = new Client(world, auth);
  await client.open();
  await until('first sync', () => auth.creds.accountSyncCounter >= 1 || undefined);
  return { auth, client, phone };
}

/** Everything sent to the number has been confirmed by its client. */
export async function settled(world: WhatsApp, phone: string) {
  await until('an empty queue', () => world.number(phone).queued === 0 || undefined);
}

/** A folder that is gone after the test. */
export async function temporary(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'loopback-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export const PHONE = '15550100000';

/** An account that was paired beforehand, opened from its folder as the benchmarks do. */
export async function fixture(world: WhatsApp, options: ConstructorParameters<typeof Client>[2] = {}) {
  const dir = await temporary();
  await world.makePaired({ count: 1, dir, firstNumber: PHONE });
  const { state } = await useMultiFileAuthState(join(dir, `session_${PHONE}`));
  const client = new Client(world, state, options);
  await client.open();
  return { client, state };
}
