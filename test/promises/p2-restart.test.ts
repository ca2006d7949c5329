/**
 * P2: a number whose actor crashes restarts with back-off and a minimum uptime; more than N restarts in T puts it in
 * quarantine, reported with the reason; its pairing is kept; an explicit initialize releases it.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberMachine } from '../../src/machines/number.ts';
import { defaultRestartPolicy } from '../../src/machines/restart.ts';
import { buildHouse } from '../helpers/house.ts';

const A = '5511900000001';
const B = '5511900000002';
const { maxRestarts, minimumUptimeMs } = defaultRestartPolicy;

let house: ReturnType<typeof buildHouse>;
let crashing = false;

/** A's machine dies whenever a login opens, while `crashing`. */
const fragile = numberMachine.provide({
  actions: {
    'take the account': () => {
      if (crashing) throw new Error('cannot take it');
    },
  },
} as unknown as Parameters<typeof numberMachine.provide>[0]);

beforeEach(() => {
  crashing = true;
  house = buildHouse({
    paired: [A, B],
    restartPolicy: { ...defaultRestartPolicy, random: () => 0 },
    logic: (digits) => (digits === A ? fragile : undefined),
  });
});
afterEach(() => house.close());

describe('P2 restart intensity', () => {
  it('restarts with growing back-off, then quarantines with the reason, and keeps the pairing', async () => {
    const { supervisor, numbers, engine, time, stores } = house;
    const starts: number[] = [];
    const { onConnect } = engine;
    engine.onConnect = (connection) => {
      if (connection.options.digits === A) starts.push(time.now());
      onConnect(connection);
    };
    for (const digits of [A, B]) supervisor.command(digits, { type: 'restore' });
    await time.advanceAsync(10 * 60_000);

    expect(starts).toHaveLength(maxRestarts + 1);
    const gaps = starts.slice(1).map((at, i) => at - (starts[i] ?? 0));
    expect(gaps).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(numbers.view(A)).toMatchObject({ quarantined: true, ready: false, why: 'cannot take it' });
    expect(house.statuses(A)).toContain('Connection Failed');
    expect(stores.exists(A)).toBe(true);
    expect(engine.unclosed(A)).toHaveLength(0);
    expect(engine.overlap).toBe(1);
    expect(numbers.view(B).ready).toBe(true);
  });

  it('releases a quarantined number on an explicit initialize, and on nothing else', async () => {
    const { supervisor, numbers, engine, time } = house;
    supervisor.command(A, { type: 'restore' });
    await time.advanceAsync(60 * 60_000);
    expect(numbers.view(A).quarantined).toBe(true);
    const attempts = engine.of(A).length;
    await time.advanceAsync(24 * 60 * 60_000);
    numbers.stop(A);
    expect(engine.of(A)).toHaveLength(attempts);

    crashing = false;
    numbers.start(A, 'qr');
    await time.advanceAsync(5_000);
    expect(numbers.view(A)).toMatchObject({ quarantined: false, ready: true, paired: true });
    expect(engine.of(A)).toHaveLength(attempts + 1);
  });

  it('a crash after the minimum uptime starts with a clean record', async () => {
    const { supervisor, numbers, engine, time } = house;
    crashing = false;
    supervisor.command(A, { type: 'restore' });
    for (let i = 0; i < 3 * maxRestarts; i++) {
      await time.advanceAsync(minimumUptimeMs + 60_000);
      expect(numbers.view(A).ready).toBe(true);
      crashing = true;
      engine
        .of(A)
        .at(-1)
        ?.tell({ type: 'closed', reason: { code: 428, text: 'Connection Terminated' } });
      await time.advanceAsync(6_000);
      crashing = false;
    }
    await time.advanceAsync(60_000);
    expect(numbers.view(A)).toMatchObject({ quarantined: false, ready: true });
  });
});

describe('a pairing that linked another account (contract clients §6.1)', () => {
  it('logs the device out before its socket is closed, and removes the login', async () => {
    const P = '5511900000009';
    const { numbers, engine, time, stores } = house;
    engine.onConnect = () => undefined;
    numbers.start(P, 'qr');
    await time.advanceAsync(250);
    stores.open(P);
    engine.of(P).at(-1)?.tell({ type: 'qr', qr: 'one' });
    engine
      .of(P)
      .at(-1)
      ?.tell({ type: 'paired', account: { id: '4917000000009:2@s.whatsapp.net' } });
    engine
      .of(P)
      .at(-1)
      ?.tell({ type: 'closed', reason: { code: 515, text: 'restart required' } });
    await time.advanceAsync(3_000);
    const connection = engine.of(P).at(-1);
    const order: string[] = [];
    if (connection) {
      const { close } = connection;
      connection.logout = async () => {
        await new Promise((resolve) => time.setTimeout(() => resolve(undefined), 100));
        order.push('logged out');
        return true;
      };
      connection.close = () => {
        order.push('closed');
        return close.call(connection);
      };
    }
    connection?.tell({ type: 'opened', account: { id: '4917000000009:2@s.whatsapp.net' } });
    await time.advanceAsync(5_000);
    expect(order).toEqual(['logged out', 'closed']);
    expect(stores.exists(P)).toBe(false);
    expect(house.statuses(P)).toContain('Mismatch');
  });
});
