/**
 * P1: one number's crash never changes another number's state. Every action and guard of the machine of A (paired) and P
 * (pairing) is made to throw in turn, and A's engine throws too, while B and C send; afterwards B and C have moved
 * nowhere, no socket has leaked, none was opened twice.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { SendRequest } from '../../src/actors/protocol.ts';
import { numberMachine } from '../../src/machines/number.ts';
import type { ConnectionEvent } from '../../src/machines/number.types.ts';
import { defaultRestartPolicy } from '../../src/machines/restart.ts';
import { buildHouse } from '../helpers/house.ts';

const A = '5511900000001';
const B = '5511900000002';
const C = '5511900000003';
/** Never paired; its machine is as broken as A's. */
const P = '5511900000004';

let thrown = 0;
const broken = () => {
  thrown += 1;
  throw new Error('broken on purpose');
};

type Implementations = { actions?: Record<string, unknown>; guards?: Record<string, unknown> };
const { actions = {}, guards = {} } = numberMachine.implementations as Implementations;

const textFrom = (from: string): SendRequest => ({
  from,
  to: '5511911111111@s.whatsapp.net',
  content: { kind: 'text', text: 'x' },
  deadline: house.time.now() + 18_000,
});

let house: ReturnType<typeof buildHouse>;
afterEach(() => house.close());

/** What the engine reports next for a number; nothing when no attempt is alive. */
const tell = (digits: string, event: ConnectionEvent) => house.engine.of(digits).at(-1)?.tell(event);
const close = (digits: string, code: number) =>
  tell(digits, { type: 'closed', reason: { code, text: `code ${code}` } });
const wait = (ms: number) => house.time.advanceAsync(ms);

/** Everything that can happen to the paired A and the unpaired P, so that every action and guard is reached. */
const lives: readonly (() => Promise<void>)[] = [
  async function drops() {
    close(A, 428);
    await wait(90_000);
    close(A, 515);
    await wait(10_000);
    tell(A, { type: 'health lost', why: 'deaf' });
    await wait(5_000);
    house.engine.onConnect = () => undefined;
    close(A, 408);
    await wait(200_000);
  },
  async function replacements() {
    house.engine.onConnect = (connection) => queueMicrotask(() => connection.login());
    house.numbers.start(A, 'qr');
    for (let i = 0; i < 8; i++) {
      await wait(40_000);
      close(A, 440);
    }
    await wait(1_000);
    house.numbers.start(A, 'qr');
    await wait(70_000);
  },
  async function operator() {
    house.numbers.stop(A);
    await wait(250);
    house.numbers.start(A, 'qr');
    await wait(5_000);
  },
  async function pairs() {
    house.engine.onConnect = () => undefined;
    house.numbers.start(P, 'code');
    await wait(250);
    tell(P, { type: 'qr', qr: 'one' });
    await wait(6_000);
    tell(P, { type: 'qr', qr: 'two' });
    tell(P, { type: 'code', code: 'ABCD1234', at: house.time.now() });
    house.numbers.start(P, 'qr');
    house.numbers.start(P, 'code');
    await wait(50_000);
    house.numbers.start(P, 'code');
    house.numbers.stop(P);
    await wait(5_000);
    house.numbers.start(P, 'code');
    tell(P, { type: 'qr', qr: 'three' });
    tell(P, { type: 'code failed', error: 'refused' });
    await wait(250);
  },
  async function waitsForTheCode() {
    house.numbers.start(P, 'code');
    await wait(250);
    tell(P, { type: 'qr', qr: 'four' });
    tell(P, { type: 'code', code: 'ABCD1234', at: house.time.now() });
    await wait(200_000);
    house.numbers.stop(P);
    await wait(60_000);
  },
  async function linksSomebodyElse() {
    house.numbers.start(P, 'qr');
    await wait(250);
    close(P, 428);
    await wait(10_000);
    tell(P, { type: 'qr', qr: 'five' });
    tell(P, { type: 'paired', account: { id: '4917000000009:2@s.whatsapp.net' } });
    close(P, 515);
    await wait(3_000);
    tell(P, { type: 'opened', account: { id: '4917000000009:2@s.whatsapp.net' } });
    await wait(5_000);
    house.supervisor.command(P, { type: 'forget' });
    await wait(250);
  },
  async function loses() {
    house.engine.onConnect = (connection) => queueMicrotask(() => connection.login());
    house.numbers.start(A, 'qr');
    await wait(5_000);
    close(A, 403);
    await wait(5_000);
    house.numbers.start(A, 'qr');
    await wait(5_000);
    close(A, 401);
    await wait(200_000);
  },
];

describe('P1 isolation', () => {
  const cases = [
    ...Object.keys(actions).map((name) => ({ part: 'action', name, give: { actions: { [name]: broken } } })),
    ...Object.keys(guards).map((name) => ({ part: 'guard', name, give: { guards: { [name]: broken } } })),
  ];

  it.each(cases)('survives a throwing $part: $name', async ({ give }) => {
    thrown = 0;
    const logic = numberMachine.provide(give as Parameters<typeof numberMachine.provide>[0]);
    house = buildHouse({
      paired: [A, B, C],
      restartPolicy: defaultRestartPolicy,
      logic: (digits) => (digits === A || digits === P ? logic : undefined),
    });
    const { numbers, engine, supervisor, time } = house;
    for (const digits of [A, B, C]) supervisor.command(digits, { type: 'restore' });
    await time.advanceAsync(5_000);
    const before = [B, C].map((digits) => ({ moves: house.moves(digits), sockets: engine.of(digits).length }));

    for (const live of lives) {
      await live();
      for (const from of [B, C]) expect((await numbers.send(textFrom(from))).kind).toBe('sent');
    }

    expect(thrown, 'this part was reached and threw').toBeGreaterThan(0);
    for (const [i, digits] of [B, C].entries()) {
      expect(numbers.view(digits)).toMatchObject({ state: 'connected', ready: true });
      expect({ moves: house.moves(digits), sockets: engine.of(digits).length }).toEqual(before[i]);
      expect(engine.unclosed(digits)).toHaveLength(1);
    }
    expect(engine.overlap, 'sockets of one number open at once').toBe(1);
    for (const digits of [A, P]) {
      expect(engine.unclosed(digits).length).toBeLessThanOrEqual(1);
      for (const connection of engine.of(digits)) expect(connection.closes).toBeLessThanOrEqual(1);
    }
  });

  it('survives an engine that throws instead of connecting', async () => {
    house = buildHouse({ paired: [A, B], restartPolicy: defaultRestartPolicy });
    const { numbers, engine, supervisor, time } = house;
    const login = engine.onConnect;
    engine.onConnect = (connection) => {
      if (connection.options.digits === A) throw new Error('no socket for you');
      login(connection);
    };
    for (const digits of [A, B]) supervisor.command(digits, { type: 'restore' });
    await time.advanceAsync(120_000);
    expect(numbers.view(A).ready).toBe(false);
    expect(numbers.view(B).ready).toBe(true);
    expect(engine.of(B)).toHaveLength(1);
  });

  it('survives a login that the disk does not give back, whether a caller asks for it or it crashed before', async () => {
    const fragile = numberMachine.provide({ actions: { 'take the account': broken } } as unknown as Parameters<
      typeof numberMachine.provide
    >[0]);
    house = buildHouse({
      paired: [A, B],
      restartPolicy: defaultRestartPolicy,
      logic: (digits) => (digits === A ? fragile : undefined),
    });
    const { numbers, supervisor, time, unreadable } = house;
    unreadable.add(P);
    expect(() => numbers.start(P, 'qr')).toThrow('cannot be read');
    for (const digits of [A, B]) supervisor.command(digits, { type: 'restore' });
    expect([...numbers.all()].map(({ digits }) => digits)).toEqual([A, B]);

    await time.advanceAsync(500);
    unreadable.add(A);
    await time.advanceAsync(10 * 60_000);
    expect([...numbers.all()].map(({ digits, ready }) => [digits, ready])).toEqual([
      [A, false],
      [B, true],
    ]);
    expect(numbers.view(A)).toMatchObject({ quarantined: true });

    unreadable.clear();
    expect(numbers.start(P, 'qr')).toEqual({ kind: 'started' });
    expect(numbers.view(P).state).toBe('connecting');
  });

  it('survives a send that rejects', async () => {
    house = buildHouse({ paired: [A, B], restartPolicy: defaultRestartPolicy });
    const { numbers, engine, supervisor, time } = house;
    for (const digits of [A, B]) supervisor.command(digits, { type: 'restore' });
    await time.advanceAsync(5_000);
    const connection = engine.of(A).at(-1);
    if (connection) connection.send = () => Promise.reject(new Error('a bug in the engine'));
    await expect(numbers.send(textFrom(A))).rejects.toThrow('a bug');
    expect((await numbers.send(textFrom(B))).kind).toBe('sent');
  });
});
