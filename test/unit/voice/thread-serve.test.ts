/** The thread's side of the calls, over calls that the test plays. Contract voice §2. */
import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { type ServedCalls, serve } from '../../../src/actors/voice/thread/serve.ts';
import type { FromThread, Order } from '../../../src/actors/voice/thread/messages.types.ts';
import { createLog } from '../../../src/log.ts';

const STATS = { live: 1, cascade: 1, realtime: 0, setupFailures: 0 };

function served() {
  const port = new EventEmitter();
  const said: FromThread[] = [];
  const lines: string[] = [];
  const done: string[] = [];
  let stopped: () => void = () => {};
  const calls: ServedCalls = {
    answer: ({ call }) => {
      if (call === 'bad') throw new Error('a defect');
      done.push(`answer ${call}`);
    },
    placeOutbound: ({ call }) => void done.push(`place ${call}`),
    terminate: (id) => void done.push(`terminate ${id}`),
    link: (call, id) => done.push(`link ${call} ${id}`) > 0,
    connect: (id, sdp) => done.push(`connect ${id} ${sdp}`) < 0,
    record: (id) => done.push(`record ${id}`) > 0,
    stats: () => STATS,
  };
  serve(port, {
    ...{ calls, say: (word) => void said.push(word) },
    stop: () => new Promise<void>((resolve) => (stopped = resolve)),
    log: createLog({ level: 'trace', stream: { write: (line) => void lines.push(line) } }),
  });
  let number = 0;
  return {
    ...{ said, lines, done, port, stopped: () => stopped() },
    order: (order: Order) => void port.emit('message', { kind: 'order', number: (number += 1), order }),
  };
}

const call = (id: string) => ({
  ...{ call: id, metaCallId: 'wacid.A', workspace: '3', assistantId: '5', sdp: 'v=0', to: '', from: '' },
  ...{ callerPhone: '', calleePhone: '', metaToken: 'secret-meta', phoneNumberId: '109', graphVersion: 'v23.0' },
});

it('SV1: orders are carried out as they come, each answered with what became of it and the counts', () => {
  const { order, said, done } = served();
  order({ kind: 'answer', call: call('1') });
  order({ kind: 'place', call: call('2') });
  order({ kind: 'link', call: '2', metaCallId: 'm' });
  order({ kind: 'connect', metaCallId: 'm', sdp: 'v=0' });
  order({ kind: 'record', metaCallId: 'm' });
  order({ kind: 'terminate', metaCallId: 'm' });
  expect(done).toEqual(['answer 1', 'place 2', 'link 2 m', 'connect m v=0', 'record m', 'terminate m']);
  const outcomes = ['done', 'done', 'done', 'unknown', 'done', 'done'] as const;
  expect(said).toEqual(outcomes.map((outcome, n) => ({ kind: 'taken', number: n + 1, outcome, stats: STATS })));
});

it('SV2, V-35: an order that throws has failed, is logged without what it carries, and the next is carried out', () => {
  const { order, said, done, lines } = served();
  order({ kind: 'answer', call: call('bad') });
  order({ kind: 'answer', call: call('good') });
  expect(said.map((word) => word.kind === 'taken' && word.outcome)).toEqual(['failed', 'done']);
  expect(done).toEqual(['answer good']);
  expect(lines.join('')).toMatch(/a defect/);
  expect(lines.join('')).not.toMatch(/secret-meta/);
});

it('says that it has stopped only when all calls have ended', async () => {
  const { port, said, stopped } = served();
  port.emit('message', { kind: 'stop' });
  await new Promise((resolve) => setImmediate(resolve));
  expect(said).toEqual([]);
  stopped();
  await new Promise((resolve) => setImmediate(resolve));
  expect(said).toEqual([{ kind: 'stopped' }]);
});
