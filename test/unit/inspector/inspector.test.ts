/** The actor inspector over the real number machine: chart, tap (T1-T3), feed (FD1-FD3), and its redaction (P11). */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Actor, createActor } from 'xstate';
import { chartOf, eventLabels } from '../../../src/actors/inspector/chart.ts';
import { createFeed } from '../../../src/actors/inspector/feed.ts';
import { createInspector } from '../../../src/actors/inspector/inspector.ts';
import { createTap, type Tap } from '../../../src/actors/inspector/tap.ts';
import { numberMachine } from '../../../src/machines/number.ts';
import type { NumberEvent } from '../../../src/machines/number.types.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

type Clock = NonNullable<Parameters<typeof createActor>[1]> extends { clock?: infer C } ? C : never;
type NumberActor = Actor<typeof numberMachine>;

const SIX = ['disconnected', 'restoring', 'connecting', 'qr', 'pairing', 'connected'];
const running: NumberActor[] = [];
afterEach(() => {
  for (const actor of running.splice(0)) actor.stop();
});

function start(tap: Pick<Tap, 'inspect'>, digits: string, time: SimulatedTime): NumberActor {
  const input = { digits, paired: false, stopped: false };
  const actor = createActor(numberMachine, { input, clock: time as unknown as Clock, inspect: tap.inspect(digits) });
  running.push(actor);
  return actor.start();
}

/** What XState tells an inspector after an event, made by hand. */
function note(tap: Tap, digits: string, snapshot: object, type = 'closed'): void {
  const inspect = tap.inspect(digits);
  const told = {
    type: '@xstate.snapshot',
    rootId: type,
    actorRef: { sessionId: type },
    event: { type, text: type },
    snapshot,
  };
  inspect(told as unknown as Parameters<typeof inspect>[0]);
}

/** A whole pairing, with the given secrets in every event that can carry one. */
function pairing(digits: string, secret: string, at: number): NumberEvent[] {
  const account = { id: `${digits}:3@s.whatsapp.net`, lid: secret, name: secret };
  return [
    { type: 'initialize', want: 'qr' },
    { type: 'qr', qr: secret, at },
    { type: 'code', code: secret, at },
    { type: 'paired', account },
    { type: 'closed', reason: { code: 515, text: secret } },
    { type: 'opened', account },
    { type: 'closed', reason: { code: 428, text: secret } },
    { type: 'health lost', why: secret },
  ] as NumberEvent[];
}

async function frames(stream: ReadableStream<Uint8Array>, count: number): Promise<string[]> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (text.split('\n\n').length <= count) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text.split('\n\n').filter((frame) => frame !== '');
}

const dataOf = (frame: string) => JSON.parse(/^data: (.*)$/m.exec(frame)?.[1] ?? 'null') as Record<string, unknown>;

describe('CH1 chart', () => {
  const chart = chartOf(numberMachine);
  const main = chart.regions.find(({ name }) => name === chart.main);

  it('is the machine: six states in its main region', () => {
    expect(main?.states.map(({ name }) => name)).toEqual(SIX);
    expect(main?.states.filter(({ initial }) => initial).map(({ name }) => name)).toEqual(['disconnected']);
    expect(main?.states.find(({ name }) => name === 'connected')?.tags).toEqual(['live']);
  });

  it('every transition leads from and to states that exist', () => {
    for (const { states, transitions } of chart.regions) {
      const names = states.map(({ name }) => name);
      for (const { from, to } of transitions) {
        expect([...names, '*']).toContain(from);
        expect(names).toContain(to);
      }
    }
    const pairs = main?.transitions.map(({ from, to, event }) => `${from} ${event} ${to}`);
    expect(pairs).toContain('disconnected initialize connecting');
    expect(pairs).toContain('pairing paired connecting');
  });

  it('delays are shown by their names', () => {
    const labels = [...eventLabels(numberMachine).values()];
    expect(labels).toContain('after settle');
    expect(labels.filter((label) => label.startsWith('xstate.after'))).toEqual([]);
  });
});

describe('tap', () => {
  it('the states of a pairing come in order, with what led to them', () => {
    const time = new SimulatedTime();
    const tap = createTap({ machine: numberMachine, clock: time });
    const actor = start(tap, '5511987654321', time);
    for (const event of pairing('5511987654321', 's', time.now()).slice(0, 4)) actor.send(event);
    const moves = tap
      .recent(100)
      .flatMap(({ event, moves: all }) =>
        all.filter(({ region }) => region === tap.chart.main).map(({ from, to }) => `${event}: ${from} → ${to}`),
      );
    expect(moves).toEqual([
      'start:  → disconnected',
      'initialize: disconnected → connecting.trying',
      'qr: connecting.trying → qr',
      'code: qr → pairing',
      'paired: pairing → connecting.approved',
    ]);
    expect(tap.actors()).toMatchObject([{ actor: 'n1', number: '…4321', status: 'active' }]);
    expect(tap.actors()[0]?.active).toContain('number.connecting.approved');
  });

  it('T2 keeps the newest 200 entries of a number and 2000 numbers', () => {
    const time = new SimulatedTime();
    const tap = createTap({ machine: numberMachine, clock: time });
    const actor = start(tap, '5511987654321', time);
    for (let i = 0; i < 300; i += 1) actor.send({ type: 'stop' });
    expect(tap.recent(10_000)).toHaveLength(200);
    for (let i = 0; i < 2_000; i += 1) note(tap, String(10_000_000 + i), { status: 'active', value: { number: 'qr' } });
    expect(tap.actors()).toHaveLength(2_000);
    expect(tap.actors().some(({ number }) => number === '…4321')).toBe(false);
  });

  it('a restarted actor goes on under the same key; numbers with equal last digits are two', () => {
    const time = new SimulatedTime();
    const tap = createTap({ machine: numberMachine, clock: time });
    start(tap, '5511987654321', time).stop();
    start(tap, '5511987654321', time);
    start(tap, '4915100004321', time);
    expect(tap.actors().map(({ actor, number }) => `${actor} ${number}`)).toEqual(['n1 …4321', 'n2 …4321']);
  });

  it('shows a crash as a status, without its reason', () => {
    const time = new SimulatedTime();
    const tap = createTap({ machine: numberMachine, clock: time });
    note(tap, '5511987654321', { status: 'error', error: new Error('secret reason'), value: { number: 'qr' } });
    expect(tap.actors()[0]).toMatchObject({ status: 'error' });
    expect(JSON.stringify(tap.recent(10))).not.toContain('secret');
  });
});

describe('P11 T1 redaction', () => {
  const secret = fc
    .string({ unit: 'grapheme-ascii', minLength: 12, maxLength: 60 })
    .filter((text) => /[^ ]{6}/.test(text));
  const number = fc.string({ unit: fc.constantFrom(...'123456789'), minLength: 10, maxLength: 15 });

  it('no secret of any event and no full number is in the stream or the rings', async () => {
    await fc.assert(
      fc.asyncProperty(secret, number, fc.array(fc.nat(7), { maxLength: 20 }), async (text, digits, order) => {
        const time = new SimulatedTime();
        const inspector = createInspector(numberMachine, time);
        const stream = inspector.watch();
        const actor = start(inspector, digits, time);
        const events = pairing(digits, text, time.now());
        for (const event of [...events, ...order.map((i) => events[i] as NumberEvent)]) actor.send(event);
        const second = inspector.watch();
        const seen = [
          ...(await frames(stream as ReadableStream<Uint8Array>, 8)),
          ...(await frames(second as ReadableStream<Uint8Array>, 1)),
        ].join('\n');
        inspector.close();
        actor.stop();
        expect(seen).toContain(`…${digits.slice(-4)}`);
        expect(seen).not.toContain(JSON.stringify(text).slice(1, -1));
        expect(seen).not.toContain(digits.slice(-6));
      }),
      { numRuns: 60 },
    );
  });

  it("names that are not the machine's own are not shown, wherever they come from", () => {
    fc.assert(
      fc.property(secret, number, (text, digits) => {
        const tap = createTap({ machine: numberMachine, clock: new SimulatedTime() });
        const value = { [text]: text, number: text };
        note(tap, digits, { status: 'active', error: text, output: text, context: { text }, value }, text);
        expect(JSON.stringify([tap.recent(10), tap.actors()])).not.toContain(JSON.stringify(text).slice(1, -1));
      }),
    );
  });
});

describe('feed', () => {
  const build = (options: Parameters<typeof createFeed>[2] = {}) => {
    const time = new SimulatedTime();
    const tap = createTap({ machine: numberMachine, clock: time });
    return { time, tap, feed: createFeed(tap, time, options) };
  };

  it('FD1 a snapshot first, then every entry in order', async () => {
    const { time, tap, feed } = build();
    const actor = start(tap, '5511987654321', time);
    const stream = feed.watch() as ReadableStream<Uint8Array>;
    actor.send({ type: 'initialize', want: 'qr' });
    actor.send({ type: 'stop' });
    const [first, ...rest] = await frames(stream, 3);
    expect(first).toMatch(/^event: snapshot\n/);
    expect(dataOf(first as string)).toMatchObject({ actors: [{ number: '…4321' }], entries: [{ event: 'start' }] });
    expect(rest.map((frame) => (dataOf(frame)['entry'] as { event: string }).event)).toEqual(['initialize', 'stop']);
    feed.close();
  });

  it('FD2 a watcher that does not read costs a bounded number of frames and is told what it missed', async () => {
    const { time, tap, feed } = build({ maxWaiting: 10 });
    const actor = start(tap, '5511987654321', time);
    const stream = feed.watch() as ReadableStream<Uint8Array>;
    for (let i = 0; i < 500; i += 1) actor.send({ type: 'stop' });
    const seen = await frames(stream, 27);
    const dropped = seen
      .filter((frame) => frame.startsWith('event: dropped'))
      .map((frame) => dataOf(frame)['count'] as number);
    const shown = seen.filter((frame) => frame.startsWith('event: entry')).length;
    expect(dropped).toHaveLength(1);
    expect(shown + (dropped[0] ?? 0)).toBe(500);
    expect(seen.length).toBeLessThanOrEqual(28);
    feed.close();
  });

  it('FD3 at most 8 watchers; a place is free again when one leaves; none after close', async () => {
    const { feed } = build();
    const streams = Array.from({ length: 8 }, () => feed.watch());
    expect(streams.every(Boolean)).toBe(true);
    expect(feed.watch()).toBeUndefined();
    await streams[0]?.cancel();
    expect(feed.watch()).toBeDefined();
    feed.close();
    expect(feed.watch()).toBeUndefined();
    const reader = streams[1]?.getReader();
    await reader?.read();
    expect((await reader?.read())?.done).toBe(true);
  });

  it('pings while somebody watches, and only then', async () => {
    const { time, feed } = build({ pingMs: 1_000 });
    const stream = feed.watch() as ReadableStream<Uint8Array>;
    time.advance(2_500);
    expect((await frames(stream, 3)).slice(1)).toEqual([': ping', ': ping']);
    await stream.cancel();
    time.advance(5_000);
    expect(time.pending).toBe(0);
    feed.close();
  });
});
