/**
 * Ends and faults of one connection, as plain Baileys reports them (facts/loopback-whatsapp.md section 15).
 */
import './strict-signatures.ts';
import { describe, expect, it } from 'vitest';
import { Client, until } from './client.ts';
import { cleanWorld, newPhone, online, pair } from './paired.ts';

const world = await cleanWorld();

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
    again.end();
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
