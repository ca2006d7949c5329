/** The desk of the calls over a thread that the test plays. Contract voice §2, §6. */
import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import type { Standing } from '../../../src/actors/voice/call.types.ts';
import type { EndedId } from '../../../src/actors/voice/ended-ids.ts';
import type { Said } from '../../../src/actors/voice/graph.ts';
import { ThreadDesk } from '../../../src/actors/voice/thread/desk.ts';
import type { FromThread, Outcome, ToThread } from '../../../src/actors/voice/thread/messages.types.ts';
import type { CallFact } from '../../../src/app-client/callbacks.types.ts';
import { createLog } from '../../../src/log.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const ACCESS = { token: 'secret-meta', phoneId: '109', version: 'v23.0' };
const NONE = { live: 0, cascade: 0, realtime: 0, setupFailures: 0 };

const inbound = (n: number) => ({
  ...{ call: `${n}`, metaCallId: `wacid.${n}`, workspace: '3', assistantId: '5', sdp: 'v=0' },
  ...{ callerPhone: '5511912345678', calleePhone: '4915512345678' },
  ...{ metaToken: 'secret-meta', phoneNumberId: '109', graphVersion: 'v23.0' },
});
const outbound = (n: number) => ({
  ...{ call: `${n}`, workspace: '3', assistantId: '5', to: '5511912345678', from: '4915512345678' },
  ...{ metaToken: 'secret-meta', phoneNumberId: '109', graphVersion: 'v23.0' },
});

class PlayedThread extends EventEmitter {
  readonly ended: readonly EndedId[];
  readonly heard: ToThread[] = [];

  constructor(ended: readonly EndedId[]) {
    super();
    this.ended = ended;
  }

  postMessage(word: ToThread): void {
    this.heard.push(structuredClone(word));
  }

  terminate(): Promise<number> {
    this.emit('exit', 1);
    return Promise.resolve(1);
  }

  say(word: FromThread): void {
    this.emit('message', structuredClone(word));
  }

  /** Answers the order that came last. */
  take(outcome: Outcome = 'done', stats = NONE): void {
    const last = this.heard.at(-1);
    if (last?.kind === 'order') this.say({ kind: 'taken', number: last.number, outcome, stats });
  }

  stands(standing: Standing, stats = { ...NONE, live: 1, cascade: 1 }): void {
    this.say({ kind: 'standing', standing, stats });
  }

  break(): void {
    this.emit('error', new Error('a defect'));
    this.emit('exit', 1);
  }
}

function house(answer: Said = { kind: 'said' }) {
  const time = new SimulatedTime();
  const threads: PlayedThread[] = [];
  const told: CallFact[] = [];
  const words: string[] = [];
  const lines: string[] = [];
  let durable: () => Promise<void> = () => Promise.resolve();
  const desk = new ThreadDesk({
    open: (ended) => {
      const thread = new PlayedThread(ended);
      threads.push(thread);
      return thread;
    },
    tell: (fact) => {
      told.push(fact);
      return durable();
    },
    graph: (access) => (id, word) => {
      words.push(`${word.action} ${id} with ${access.token}`);
      return Promise.resolve(answer);
    },
    meter: { setUp: (ms) => words.push(`set up ${ms}`), firstWord: () => undefined, ended: () => undefined },
    line: (line) => void lines.push(line),
    clock: time,
    log: createLog({ level: 'trace', stream: { write: (line) => void lines.push(line) } }),
  });
  return {
    ...{ time, threads, told, words, lines, desk },
    thread: () => threads.at(-1) as PlayedThread,
    slowly: (work: () => Promise<void>) => (durable = work),
    errors: () => told.flatMap((fact) => (fact.kind === 'call error' ? [`${fact.call}: ${fact.reason}`] : [])),
  };
}

const BROKEN = 'the calls of the bridge broke down';

it('TD1: only what begins a call opens the thread, and it knows what was ended before', async () => {
  const { desk, threads, thread } = house();
  desk.terminate('wacid.9');
  expect(await Promise.all([desk.link('1', 'a'), desk.connect('a', 'v=0'), desk.record('a')])).toEqual([
    ...[false, false, false],
  ]);
  expect([threads.length, desk.stats()]).toEqual([0, NONE]);
  desk.answer(inbound(1));
  desk.placeOutbound(outbound(2));
  expect(threads).toHaveLength(1);
  expect(thread().ended.map(([id]) => id)).toEqual(['wacid.9']);
  expect(thread().heard.map((word) => word.kind === 'order' && word.order)).toEqual([
    { kind: 'answer', call: inbound(1) },
    { kind: 'place', call: outbound(2) },
  ]);
});

it('§2: link, connect and record answer what the thread knows; counts are those it told last', async () => {
  const { desk, thread } = house();
  desk.answer(inbound(1));
  thread().take('done', { live: 1, cascade: 1, realtime: 0, setupFailures: 2 });
  const linked = desk.link('1', 'wacid.1');
  thread().take('unknown', { live: 1, cascade: 1, realtime: 0, setupFailures: 2 });
  const recorded = desk.record('wacid.1');
  thread().take('done', { live: 1, cascade: 0, realtime: 1, setupFailures: 2 });
  expect(await Promise.all([linked, recorded])).toEqual([false, true]);
  expect(desk.stats()).toEqual({ live: 1, cascade: 0, realtime: 1, setupFailures: 2 });
});

it('TD3: a thread that breaks ends each call once: told to the app, at Meta only what is held', async () => {
  const { desk, thread, errors, words, threads } = house();
  for (const n of [1, 2, 3]) {
    desk.answer(inbound(n));
    thread().take();
  }
  desk.placeOutbound(outbound(4));
  thread().take();
  const ids = (n: number) => ({ id: `wacid.${n}`, call: `${n}`, device: '49', metaCallId: `wacid.${n}` });
  thread().stands({ ...ids(1), stage: 'free' });
  thread().stands({ ...ids(2), stage: 'held', access: ACCESS });
  thread().stands({ ...ids(3), stage: 'held', access: ACCESS });
  thread().say({ kind: 'fact', fact: { kind: 'call error', device: '49', call: '3', reason: 'its own' } });
  thread().stands({ ...ids(3), stage: 'over' });
  thread().stands(
    { ...ids(4), id: 'outbound:4', stage: 'held', access: ACCESS },
    { ...NONE, live: 3, setupFailures: 1 },
  );
  const asked = desk.record('wacid.2');
  thread().break();
  expect(await asked).toBe(false);
  expect(errors()).toEqual(['3: its own', `1: ${BROKEN}`, `2: ${BROKEN}`, `4: ${BROKEN}`]);
  expect(words).toEqual(['terminate wacid.2 with secret-meta', 'terminate wacid.4 with secret-meta']);
  expect(desk.stats()).toEqual({ ...NONE, setupFailures: 2 });
  desk.answer(inbound(5));
  expect(threads).toHaveLength(2);
  expect(thread().ended.map(([id]) => id)).toEqual(['wacid.3', 'wacid.1', 'wacid.2', 'outbound:4', 'wacid.4']);
  thread().take('done', { ...NONE, live: 1, setupFailures: 5 });
  expect(desk.stats()).toEqual({ ...NONE, live: 1, setupFailures: 7 });
});

it('TD5: an order that the thread had not taken, or could not carry out, is a call that failed', async () => {
  const { desk, thread, errors, told } = house();
  desk.answer(inbound(1));
  thread().take('failed');
  desk.answer(inbound(2));
  desk.placeOutbound(outbound(3));
  thread().break();
  expect(errors()).toEqual(['1: internal error', `2: ${BROKEN}`, `3: ${BROKEN}`]);
  expect(told[1]).toMatchObject({ device: '4915512345678', metaCallId: 'wacid.2' });
  desk.answer(inbound(4));
  expect(thread().ended.map(([id]) => id)).toEqual(['wacid.2', 'outbound:3']);
});

it('TD4: a thread that takes an order neither way for 15 s is replaced; one that takes it stays', async () => {
  const { desk, thread, threads, errors, time } = house();
  desk.answer(inbound(1));
  thread().take();
  await time.advanceAsync(20_000);
  expect([errors(), time.pending]).toEqual([[], 0]);
  desk.answer(inbound(2));
  await time.advanceAsync(14_999);
  expect(errors()).toEqual([]);
  await time.advanceAsync(1);
  expect([errors(), time.pending]).toEqual([[`2: ${BROKEN}`], 0]);
  desk.answer(inbound(3));
  expect(threads).toHaveLength(2);
});

it('TD2: stop ends the thread, and resolves when what was told is durable; later calls are told as failed', async () => {
  const { desk, thread, errors, time, slowly } = house();
  let written: () => void = () => {};
  slowly(() => new Promise((resolve) => (written = resolve)));
  desk.answer(inbound(1));
  thread().take();
  let isStopped = false;
  const stopped = desk.stop().then(() => (isStopped = true));
  expect(thread().heard.at(-1)).toEqual({ kind: 'stop' });
  thread().say({ kind: 'fact', fact: { kind: 'call error', device: '49', call: '1', reason: 'the bridge stops' } });
  thread().say({ kind: 'stopped' });
  await time.advanceAsync(0);
  expect(isStopped).toBe(false);
  written();
  await stopped;
  expect([errors(), time.pending]).toEqual([['1: the bridge stops'], 0]);
  desk.answer(inbound(2));
  expect(errors()).toEqual(['1: the bridge stops', '2: the bridge stops']);
});

it('TD2: calls that do not end in 9 s are ended without their thread', async () => {
  const { desk, thread, errors, words, time } = house();
  desk.answer(inbound(1));
  thread().take();
  thread().stands({ id: 'wacid.1', call: '1', device: '49', metaCallId: 'wacid.1', stage: 'held', access: ACCESS });
  const stopped = desk.stop();
  await time.advanceAsync(9_000);
  await stopped;
  expect([errors(), words]).toEqual([['1: the bridge stops'], ['terminate wacid.1 with secret-meta']]);
});

it('TD3: a call that is closing when its thread breaks still gets its last word at Meta, and the app no second error', () => {
  const { desk, thread, errors, words } = house();
  const ids = (n: number) => ({ id: `wacid.${n}`, call: `${n}`, device: '49', metaCallId: `wacid.${n}` });
  for (const n of [1, 2, 3]) {
    desk.answer(inbound(n));
    thread().take();
  }
  thread().stands({ ...ids(1), stage: 'held', access: ACCESS });
  thread().say({ kind: 'fact', fact: { kind: 'call error', device: '49', call: '1', reason: 'its own' } });
  thread().stands({ ...ids(1), stage: 'terminating', access: ACCESS });
  thread().stands({ ...ids(2), stage: 'rejecting', access: ACCESS });
  thread().stands({ ...ids(3), stage: 'terminating', access: ACCESS });
  thread().stands({ ...ids(3), stage: 'over' });
  thread().break();
  expect(errors()).toEqual(['1: its own']);
  expect(words).toEqual(['terminate wacid.1 with secret-meta', 'reject wacid.2 with secret-meta']);
  desk.answer(inbound(4));
  expect(
    thread()
      .ended.map(([id]) => id)
      .toSorted(),
  ).toEqual(['wacid.1', 'wacid.2', 'wacid.3']);
});

it('TD3: why Meta does not take a last word is in the log', async () => {
  const { desk, thread, lines, time } = house({ kind: 'failed', code: '131000' });
  desk.answer(inbound(1));
  thread().stands({ id: 'wacid.1', call: '1', device: '49', metaCallId: 'wacid.1', stage: 'held', access: ACCESS });
  thread().break();
  await time.advanceAsync(0);
  expect(lines.find((line) => line.includes('last word'))).toContain('"reason":"131000"');
});

it('passes on lines and figures; V-35: what it logs of a broken thread holds no token', () => {
  const { desk, thread, lines, words } = house();
  desk.answer(inbound(1));
  thread().say({ kind: 'line', line: '{"msg":"from the thread"}\n' });
  thread().say({ kind: 'set up', ms: 7 });
  thread().stands({ id: 'wacid.1', call: '1', device: '49', stage: 'held', access: ACCESS });
  thread().break();
  expect(lines).toContain('{"msg":"from the thread"}\n');
  expect(words[0]).toBe('set up 7');
  expect(lines.join('')).not.toMatch(/secret-meta|5511912345678/);
});
