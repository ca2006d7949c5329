import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Attempt, CONTACT, eventually, PHONE, World } from './world.ts';
import { establishTrust } from '../../../src/actors/engines/unofficial/trust.ts';

const ZEROS = {
  unansweredIqs: 0,
  unknownIqs: 0,
  messagesWithoutParticipants: 0,
  undecryptable: 0,
  duplicateIds: 0,
  overlappingConnections: 0,
  badDeviceSignatures: 0,
};

/** As `Attempt.next`, while timers stand still. */
async function heard<T extends Attempt['events'][number]['type']>({ events }: Attempt, type: T) {
  const begun = performance.now();
  for (;;) {
    const event = events.find((one): one is Extract<typeof one, { type: T }> => one.type === type);
    if (event) return event;
    if (performance.now() - begun > 10_000) throw new Error(`no event ${type}`);
    await turn();
  }
}

describe('linked-device engine: pairing and the life of a connection', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
    world.whatsapp.createPhone(PHONE);
    world.whatsapp.createPhone(CONTACT);
  });
  afterEach(async () => {
    await world.stop();
  });

  it('CO3 pairs by QR: nothing on disk before, the login on disk at `paired`, then 515', async () => {
    const pairing = world.connect('pair');
    const { qr } = await pairing.next('qr');
    expect(qr).toMatch(/^https:\/\/wa\.me\/settings\/linked_devices#/);
    expect(world.stores.exists(PHONE)).toBe(false);
    expect(await world.whatsapp.scan(PHONE, qr)).toMatchObject({ kind: 'paired' });
    const { account } = await pairing.next('paired');
    expect(account).toMatchObject({
      id: expect.stringMatching(`^${PHONE}:\\d+@s.whatsapp.net$`),
      lid: expect.stringMatching(/^\d+$/),
    });
    expect(world.stores.exists(PHONE)).toBe(true);
    expect((await pairing.next('closed')).reason.code).toBe(515);
    await pairing.handle.close();

    const login = await world.login();
    const { account: opened } = await login.next('opened');
    expect(opened).toMatchObject({ ...account, name: expect.any(String) });
    expect(login.handle.isOpen()).toBe(true);
    expect(world.whatsapp.checks()).toEqual(ZEROS);
  });

  it('pairs by code, asked for before the first QR', async () => {
    const pairing = world.connect('pair');
    pairing.handle.requestCode();
    const { code, at } = await pairing.next('code');
    expect(code).toMatch(/^[1-9A-HJ-NP-TV-Z]{8}$/);
    expect(Math.abs(Date.now() - at)).toBeLessThan(5_000);
    expect(await world.whatsapp.enterCode(PHONE, code)).toMatchObject({ kind: 'paired' });
    await pairing.next('closed');
    await pairing.handle.close();
    expect((await world.login()).handle.isOpen()).toBe(true);
  });

  it('clients §5 a code asked for at the end of the 90 s for a scan can be typed for its 180 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const pairing = world.connect('pair');
      await heard(pairing, 'qr');
      await vi.advanceTimersByTimeAsync(89_000);
      pairing.handle.requestCode();
      const { code } = await heard(pairing, 'code');
      await vi.advanceTimersByTimeAsync(179_000);
      vi.useRealTimers();
      expect(pairing.events.some(({ type }) => type === 'closed')).toBe(false);
      expect(await world.whatsapp.enterCode(PHONE, code)).toMatchObject({ kind: 'paired' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('CO3 a wrong code leaves nothing behind, and the next attempt pairs (no poisoned creds)', async () => {
    const pairing = world.connect('pair');
    await pairing.next('qr');
    pairing.handle.requestCode();
    const { code } = await pairing.next('code');
    const wrong = code.startsWith('A') ? `B${code.slice(1)}` : `A${code.slice(1)}`;
    expect(await world.whatsapp.enterCode(PHONE, wrong)).toMatchObject({ kind: 'refused' });
    await pairing.handle.close();
    expect(world.stores.exists(PHONE)).toBe(false);
    expect((await world.paired()).handle.isOpen()).toBe(true);
  });

  it('reports a code that WhatsApp refused, and does not show it', async () => {
    world.whatsapp.applyFaults({ iq: { xmlns: 'md', error: 429, times: 1 } });
    const pairing = world.connect('pair');
    pairing.handle.requestCode();
    expect((await pairing.next('code failed')).error).toMatch(/429/);
    expect(pairing.events.some(({ type }) => type === 'code')).toBe(false);
  });

  it('logs in again after a restart, without a QR', async () => {
    await world.paired();
    await world.leave();
    world.restart();
    const login = await world.login();
    expect(login.events.map(({ type }) => type)).toEqual(['opened']);
  });

  it('a login that is not there is a `closed`, not an exception', async () => {
    const attempt = world.connect('login');
    expect((await attempt.next('closed')).reason).toEqual({ text: 'there is no saved login' });
    expect(world.stores.exists(PHONE)).toBe(false);
  });

  it.each([
    ['stream-error', 401, 401],
    ['stream-error', 440, 440],
    ['stream-error', 503, 503],
    ['stream-error', undefined, 500],
    ['tcp', undefined, 428],
  ] as const)('CO1 reports %s %s as closed %s, once', async (how, code, expected) => {
    const connection = await world.paired();
    world.whatsapp.closeNumber(PHONE, { how, ...(code !== undefined && { code }) });
    expect((await connection.next('closed')).reason.code).toBe(expected);
    await connection.handle.close();
    expect(connection.events.filter(({ type }) => type === 'closed')).toHaveLength(1);
    expect(connection.handle.isOpen()).toBe(false);
  });

  it('reports a refused login with its reason, and a service that is away', async () => {
    const connection = await world.paired();
    await connection.handle.close();
    world.whatsapp.applyFaults({ login: { code: 403, times: 1 } });
    expect((await world.connect('login').next('closed')).reason).toEqual({ code: 403, text: 'Connection Failure' });
    world.whatsapp.applyFaults({ refuse: { ms: 2_000 } });
    expect((await world.connect('login').next('closed')).reason.code).toBeGreaterThanOrEqual(400);
    world.whatsapp.applyFaults({ clear: true });
    expect((await world.login()).handle.isOpen()).toBe(true);
  });

  it('E3, CO5 close() ends a frozen connection within its bound, says nothing and logs nothing out', async () => {
    const connection = await world.paired();
    world.whatsapp.closeNumber(PHONE, { how: 'freeze' });
    const begun = performance.now();
    await Promise.all([connection.handle.close(), connection.handle.close()]);
    expect(performance.now() - begun).toBeLessThan(3_500);
    expect(connection.events.some(({ type }) => type === 'closed')).toBe(false);
    expect((await world.login()).handle.isOpen()).toBe(true);
  });

  it('close() at any moment of connecting ends the attempt silently', async () => {
    await (await world.paired()).handle.close();
    for (const ms of [0, 1, 5, 20, 60, 150]) {
      const attempt = world.connect('login');
      await new Promise((resolve) => setTimeout(resolve, ms));
      await attempt.handle.close();
      const heard = attempt.events.length;
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(attempt.events).toHaveLength(heard);
    }
    await eventually('no connection', () => !world.whatsapp.number(PHONE).connected);
  });

  it('logout() unlinks at WhatsApp and says so; the next login is refused', async () => {
    const connection = await world.paired();
    expect(await connection.handle.logout(Date.now() + 5_000)).toBe(true);
    expect((await connection.next('closed')).reason).toEqual({ code: 401, text: 'Intentional Logout' });
    await connection.handle.close();
    expect((await world.connect('login').next('closed')).reason.code).toBe(401);
  });

  it('logout() without an answer is false at the deadline', async () => {
    const connection = await world.paired();
    world.whatsapp.applyFaults({ iq: { xmlns: 'md', drop: true } });
    const begun = performance.now();
    expect(await connection.handle.logout(Date.now() + 500)).toBe(false);
    expect(performance.now() - begun).toBeLessThan(1_500);
    expect((await connection.next('closed')).reason).toEqual({ text: 'the logout was not answered' });
    await connection.handle.close();
    world.whatsapp.applyFaults({ clear: true });
    expect((await world.login()).handle.isOpen()).toBe(true);
  });

  it('refuses a server whose certificate is not signed by the root: the check is real', async () => {
    await (await world.paired()).handle.close();
    establishTrust(world.whatsapp.url, 'ab'.repeat(32));
    const refused = await world.connect('login').next('closed');
    expect(refused.reason.text).toMatch(/certificate/);
    establishTrust(world.whatsapp.url, world.whatsapp.trustRoot);
    expect((await world.login()).handle.isOpen()).toBe(true);
  });

  it('P11 logs no JID, number, QR, code or key', async () => {
    const connection = await world.paired();
    await connection.send('a very secret text');
    await world.whatsapp.sendFromContact(CONTACT, { to: PHONE, text: 'another secret text' });
    await eventually('inbound', () => world.inbound().length === 1);
    const log = world.logLines.join('');
    expect(log).not.toBe('');
    for (const secret of [PHONE, CONTACT, 'secret text', 'linked_devices']) expect(log).not.toContain(secret);
  });
});
