/**
 * Contract clients §6.2 through unmodified Baileys and the loopback WhatsApp: what each close code of a paired number leads
 * to, as its history tells it. The waits themselves: test/unit/machines.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadLogin } from '../../src/actors/engines/unofficial/auth-state.ts';
import { PHONE } from '../conformance/engines/world.ts';
import { liveHouse } from '../helpers/live-house.ts';

const JITTER_MS = 1_500;

describe('clients §6.2 close codes of a paired number', () => {
  let house: Awaited<ReturnType<typeof liveHouse>>;
  beforeAll(async () => {
    house = await liveHouse();
    await house.restored();
  });
  afterAll(() => house.close());

  /** Closes of one house are failures in a row: each waits 1.5 times longer. */
  const closedBy = async (how: 'stream-error' | 'tcp' | 'failure', code?: number) => {
    await house.untilReady(40_000);
    const from = Date.now();
    house.world.whatsapp.closeNumber(PHONE, code === undefined ? { how } : { how, code });
    return house.entry(`the end by ${how} ${code ?? ''}`, ({ code: of }) => of !== undefined, from);
  };

  it.each([
    ['515 restart required', 'stream-error', 515, 515, 2_000, 0],
    ['503 and any other', 'stream-error', 503, 503, 3_000, 1],
    ['428 closed', 'tcp', undefined, 428, 4_000, 2],
    ['500 bad session: nothing is deleted', 'stream-error', undefined, 500, 4_000, 3],
  ] as const)(
    '%s',
    async (_, how, sent, code, base, failures) => {
      const entry = await closedBy(how, sent);
      const least = Math.min(base * 1.5 ** failures, 30_000);
      expect(entry).toMatchObject({ state: 'restoring', code, next: 'reconnect' });
      expect((entry.nextAt ?? 0) - entry.at).toBeGreaterThanOrEqual(least);
      expect((entry.nextAt ?? 0) - entry.at).toBeLessThanOrEqual(least + JITTER_MS);
      expect(house.world.engine.isPaired(PHONE)).toBe(true);
    },
    60_000,
  );
});

describe('clients §6.2 lost, replaced, damaged', () => {
  let house: Awaited<ReturnType<typeof liveHouse>>;
  beforeAll(async () => {
    // Five replacements in a row wait for a minute.
    house = await liveHouse({ hurry: 8 });
    await house.restored();
  });
  afterAll(() => house.close());

  const closedWith = async (code: number) => {
    await house.untilReady();
    const from = Date.now();
    house.world.whatsapp.closeNumber(PHONE, { how: 'stream-error', code });
    return house.entry(`the end by ${code}`, (entry) => entry.code === code, from);
  };
  const waitOf = ({ at, nextAt = 0 }: { at: number; nextAt?: number }) => nextAt - at;

  it('408 lost: reconnects after 6 s', async () => {
    const entry = await closedWith(408);
    expect(entry).toMatchObject({ state: 'restoring', next: 'reconnect' });
    expect(waitOf(entry)).toBeGreaterThanOrEqual(6_000);
    expect(waitOf(entry)).toBeLessThanOrEqual(6_000 + JITTER_MS);
  });

  it('500: the login goes on with its last good copy when the newest is damaged, and is whole again', async () => {
    await house.untilReady();
    const store = house.world.stores.open(PHONE);
    const damage = () => store.writeSync((batch) => batch.put(store.table('login'), 'creds', '{"noiseKey":'));
    damage();
    await closedWith(500);
    // Whatever the dying connection still saved: what the next one finds is damaged.
    damage();
    expect(loadLogin(store)).toMatchObject({ copy: 'previous', paired: true });
    await house.untilReady();
    await expect.poll(() => loadLogin(store)?.copy).toBe('current');
    expect(house.world.engine.isPaired(PHONE)).toBe(true);
    expect(house.statuses()).toEqual(['Ready']);
  });

  it('440 five times in a row: five minutes between tries and a warning, never an end', async () => {
    const warned = () => house.world.logLines.filter((line) => line.includes('another process uses this login'));
    const waits: number[] = [];
    for (let times = 1; times <= 5; times += 1) {
      expect(warned()).toEqual([]);
      const entry = await closedWith(440);
      expect(entry).toMatchObject({ state: 'restoring', next: 'reconnect' });
      waits.push(waitOf(entry));
    }
    // The entry may be a moment younger or older than the wait.
    expect(waits.slice(0, 4).filter((wait) => wait < 5_900 || wait > 30_100)).toEqual([]);
    expect(waits[4]).toBeCloseTo(300_000, -2);
    expect(warned()).toHaveLength(1);
    expect(house.world.engine.isPaired(PHONE)).toBe(true);
  }, 60_000);
});

describe.each([403, 411])('clients §6.2 a login refused with %i', (refusal) => {
  let house: Awaited<ReturnType<typeof liveHouse>>;
  beforeAll(async () => {
    house = await liveHouse();
    await house.restored();
  });
  afterAll(() => house.close());

  it('stops, keeps the files, `Logged Out`; one more try on an explicit initialize, then it is discarded', async () => {
    await house.untilReady(40_000);
    const { world, supervisor } = house;
    let from = Date.now();
    world.whatsapp.applyFaults({ login: { code: refusal, times: 2 } });
    world.whatsapp.closeNumber(PHONE, { how: 'stream-error', code: 515 });
    expect(await house.entry('refused', ({ code }) => code === refusal, from, 40_000)).toMatchObject({
      state: 'disconnected',
      next: 'start',
    });
    expect(world.engine.isPaired(PHONE)).toBe(true);
    expect(house.statuses().at(-1)).toBe('Logged Out');
    from = Date.now();
    supervisor.command(PHONE, { type: 'initialize', want: 'qr' });
    expect(await house.entry('refused again', ({ code }) => code === refusal, from)).toMatchObject({ next: 'pair' });
    await house.entry('a QR in the same go', ({ state }) => state === 'qr', from);
    expect(world.engine.isPaired(PHONE)).toBe(false);
    world.whatsapp.applyFaults({ clear: true });
  }, 60_000);

  it('C-41 after a pairing is stopped no timer of the number is left', async () => {
    house.supervisor.command(PHONE, { type: 'forget' });
    await house.entry('unlinked', ({ state, cause }) => state === 'disconnected' && cause === 'unlinked');
    await expect.poll(() => house.armed(), { timeout: 6_000 }).toBe(0);
  });
});

describe('clients §6.2: 401, and C-41', () => {
  it('401: unlinked is unlinked, told at once; no timer of the number is left', async () => {
    const house = await liveHouse();
    const { world } = house;
    await house.restored();
    const from = Date.now();
    world.whatsapp.unlink(PHONE);
    expect(await house.entry('unlinked', ({ code }) => code === 401, from)).toMatchObject({
      state: 'disconnected',
      next: 'pair',
    });
    expect(house.statuses()).toEqual(['Ready', 'Logged Out']);
    expect(world.engine.isPaired(PHONE)).toBe(false);
    await expect.poll(() => house.armed(), { timeout: 6_000 }).toBe(0);
    await house.close();
  }, 60_000);
});
