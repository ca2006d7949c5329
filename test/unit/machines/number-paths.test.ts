/**
 * NM1, by generation: the shortest path to every situation the number can be in, one test per path, and in each of them
 * every command and every close is answered. Pure: no clock, no connection (design/xstate §2.7).
 */
import { describe, expect, it } from 'vitest';
import { type EventFromLogic, initialTransition, type SnapshotFrom, transition } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { numberMachine, viewOf } from '../../../src/machines/number.ts';
import type { NumberEvent, NumberInput } from '../../../src/machines/number.types.ts';
import { ACCOUNT, DIGITS, OTHER_ACCOUNT } from './bench.ts';

type Snapshot = SnapshotFrom<typeof numberMachine>;
type Node = { after: readonly { eventType: string }[]; states: Record<string, Node> };

const closed = (code?: number, text = 'gone'): NumberEvent => ({
  type: 'closed',
  reason: code === undefined ? { text } : { code, text },
});

/** What people, the supervisor and WhatsApp may say. Internal events are the machine's own business. */
const outside: NumberEvent[] = [
  { type: 'initialize', want: 'qr' },
  { type: 'initialize', want: 'code' },
  { type: 'restore' },
  { type: 'stop' },
  { type: 'forget' },
  { type: 'health lost', why: 'deaf' },
  { type: 'qr', qr: 'qr' },
  { type: 'code', code: 'ABCD1234', at: 1 },
  { type: 'code failed', error: 'no' },
  { type: 'paired', account: ACCOUNT },
  { type: 'opened', account: ACCOUNT },
  { type: 'opened', account: OTHER_ACCOUNT },
  ...[401, 403, 405, 408, 428, 440, 500, 515, undefined].map((code) => closed(code)),
  closed(401, 'Intentional Logout'),
];

/** Every timer of the chart, as the event it sends. */
const timersOf = (node: Node): string[] => [
  ...node.after.map(({ eventType }) => eventType),
  ...Object.values(node.states).flatMap(timersOf),
];
const timers = [...new Set(timersOf(numberMachine.root as unknown as Node))].map(
  (type) => ({ type }) as unknown as NumberEvent,
);

/** Two snapshots are the same situation when nothing that decides differs; counters of attempts and closes do not. */
function situation({ value, context }: Snapshot): string {
  const { login, stopped, pairing, explicit, want, refused, blip } = context;
  const { number, socket, linger } = value as Record<string, unknown>;
  return JSON.stringify({ number, socket, linger, login, stopped, pairing, explicit, want, refused, blip });
}

function paths(input: Pick<NumberInput, 'paired' | 'stopped'>) {
  return getShortestPaths(numberMachine, {
    input: { digits: DIGITS, random: () => 0, ...input },
    events: [...outside, ...timers] as EventFromLogic<typeof numberMachine>[],
    serializeState: (snapshot) => situation(snapshot as Snapshot) as never,
    limit: 200_000,
  });
}

const started = Date.now();
const all = [
  { paired: true, stopped: false },
  { paired: false, stopped: false },
].flatMap((input) => paths(input).map((path) => ({ input, path, name: describePath(path) })));
const took = Date.now() - started;

function describePath(path: ReturnType<typeof paths>[number]): string {
  return `${path.steps.map(({ event }) => event.type.replace('xstate.after.', '⏱ ').replace(/\.number\..*/, '')).join(' → ')}`;
}

const WITH_SOCKET = ['"trying"', '"approved"', '"settling"', '"qr"', '"pairing"', '"connected"'];

/** What must be true in every situation. */
function check(snapshot: Snapshot): void {
  expect(snapshot.status).toBe('active');
  const { number, socket, linger } = snapshot.value as Record<string, unknown>;
  const text = JSON.stringify(number).replace('{"connected":', '"connected"');
  expect(socket, `NR1 in ${text}`).toBe(WITH_SOCKET.some((state) => text.includes(state)) ? 'up' : 'down');
  expect(Object.keys(snapshot.children)).toEqual(socket === 'up' ? ['connection'] : []);
  const view = viewOf(snapshot);
  expect(view.ready).toBe(view.state === 'connected');
  if (linger === 'on') expect(view).toMatchObject({ state: 'disconnected', stopped: true });
  if (view.stopped) expect(view.state).toBe('disconnected');
  if (view.qr !== undefined || view.code !== undefined) expect(view.paired).toBe(false);
}

const next = (snapshot: Snapshot, event: NumberEvent): Snapshot =>
  transition(numberMachine, snapshot, event as never)[0];

describe('NM1 every situation answers every command and every close', () => {
  it('has found the six states in many situations', () => {
    const states = new Set(all.map(({ path }) => path.state.context.state));
    expect([...states].sort()).toEqual(['connected', 'connecting', 'disconnected', 'pairing', 'qr', 'restoring']);
    expect(all.length).toBeGreaterThan(50);
    expect(took, `${all.length} paths in ${took} ms`).toBeLessThan(30_000);
  });

  it.each(all)('$name', ({ input, path }) => {
    let [snapshot] = initialTransition(numberMachine, { digits: DIGITS, random: () => 0, ...input });
    check(snapshot);
    for (const { event } of path.steps.slice(1)) {
      snapshot = next(snapshot, event);
      check(snapshot);
    }
    expect(situation(snapshot)).toBe(situation(path.state));
    for (const event of outside) check(next(snapshot, event));

    const forgotten = next(snapshot, { type: 'forget' });
    expect(viewOf(forgotten)).toMatchObject({ state: 'disconnected', paired: false, lingering: false });

    const stopped = next(snapshot, { type: 'stop' });
    expect(viewOf(stopped)).toMatchObject({ state: 'disconnected', stopped: true, ready: false });
    expect(viewOf(stopped).paired, 'stop keeps the login').toBe(viewOf(snapshot).paired);
    expect(situation(next(stopped, { type: 'stop' })), 'stop is idempotent').toBe(situation(stopped));

    const initialized = next(snapshot, { type: 'initialize', want: 'qr' });
    expect(viewOf(initialized)).toMatchObject({ stopped: false, lingering: false });
    expect(viewOf(initialized).state).not.toBe('disconnected');
    expect(situation(next(initialized, { type: 'initialize', want: 'qr' })), 'initialize is idempotent').toBe(
      situation(initialized),
    );

    const hadLogin = viewOf(snapshot).paired;
    for (const code of [405, 408, 409, 428, 440, 500, 503, undefined]) {
      const dropped = next(snapshot, closed(code));
      expect(viewOf(dropped).paired, `C-17: ${code} costs no login`).toBe(hadLogin);
      const goesOn = !hadLogin || viewOf(snapshot).stopped || viewOf(snapshot).state === 'disconnected';
      if (!goesOn) expect(viewOf(dropped).state, `§6.2: after ${code} a saved login is tried again`).toBe('restoring');
    }
  });
});
