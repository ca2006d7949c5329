/**
 * Ends and faults of one connection, as plain Baileys reports them (facts/loopback-whatsapp.md section 15).
 */
import './strict-signatures.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Client } from './client.ts';
import { cleanWorld, newPhone, online, pair } from './paired.ts';

const world = await cleanWorld();

/** The library gives a ping 5 s beyond its interval before it calls a connection lost: they pass at once. */
const letPingsGoUnanswered = () => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5_500 });
afterEach(() => {
  vi.useRealTimers();
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
    letPingsGoUnanswered();
    expect(await client.close()).toEqual({ code: 408, message: 'Connection was lost' });
  });

  it('freeze: not even the WebSocket close is answered; a new login of the device works', async () => {
    const phone = newPhone();
    const auth = await pair(world, phone);
    const client = new Client(world, auth, { keepAliveIntervalMs: 300 });
    await client.open();
    world.closeNumber(phone, { how: 'freeze' });
    letPingsGoUnanswered();
    await new Promise((later) => setTimeout(later, 1_000));
    expect(client.sock.ws.isClosing, 'the library has given it up').toBe(true);
    expect(client.closed).toBeUndefined();
    client.kill();
    const again = new Client(world, auth);
    await again.open();
    again.end();
  });

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
