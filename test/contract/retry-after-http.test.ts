/** RA1: a 503 says when the number is tried again, where that is known (src/http/retry-after.ts). */
import { describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../../src/actors/protocol.ts';
import { harness, PHONE } from '../unit/http/harness.ts';

type Step = Pick<HistoryEntry, 'next' | 'nextAt'>;
const NOW = Date.now();
const clock = {
  now: () => NOW,
  setTimeout: (fn: () => void, ms: number) => ({ id: setTimeout(fn, ms) }),
  clearTimeout: () => undefined,
};

/** A number that is down since this step, after a time when it was up. */
function down(...steps: Step[]) {
  const made = harness({ clock });
  const entries = steps.map((step): HistoryEntry => ({ at: NOW, state: 'restoring', cause: 'lost', ...step }));
  made.operator.histories.set(PHONE, entries);
  made.numbers.sendAnswer = () => ({ kind: 'not ready', why: 'lost' });
  made.numbers.starAnswer = () => ({ kind: 'not ready', why: 'lost' });
  made.numbers.groupAnswer = () => ({ kind: 'not connected' });
  return made;
}

const ROUTES = [
  ['send-message', `/api/send-message/${PHONE}`, { targetPhoneNumber: '491701234567', message: 'x' }],
  [
    'send-reaction',
    `/api/send-reaction/${PHONE}`,
    { targetPhoneNumber: '491701234567', targetMessageId: 'A', emoji: 'x' },
  ],
  ['star-message', `/api/star-message/${PHONE}`, { targetPhoneNumber: '491701234567', targetMessageId: 'A' }],
  ['groups/all', `/api/groups/all/${PHONE}`, undefined],
] as const;

describe.each(ROUTES)('%s', (_, path, body) => {
  it.each([
    ['backs off', [{ next: 'reconnect', nextAt: NOW + 12_300 }], '13'],
    ['restarts after a crash', [{ next: 'restart', nextAt: NOW + 1_000 }], '1'],
    ['connects right now', [{ next: 'reconnect', nextAt: NOW - 1 }], null],
    ['is in quarantine', [{ next: 'restart', nextAt: NOW + 9_000 }, { next: 'start' }], null],
    ['was never here', [], null],
  ] as const)('503 of a number that %s', async (_what, steps, after) => {
    const { status, headers } = await down(...steps).call(path, body ? { body } : {});
    expect([status, headers.get('retry-after')]).toEqual([503, after]);
  });
});

it('what may not have failed for that reason has none; settings that cannot be had are asked for again after 5 s', async () => {
  const { call, numbers } = down({ next: 'reconnect', nextAt: NOW + 12_300 });
  const [, path, body] = ROUTES[0];
  numbers.sendAnswer = () => ({ kind: 'timed out', why: 'queue' });
  expect((await call(path, { body })).headers.get('retry-after')).toBeNull();
  const blind = harness({ readSettings: () => Promise.resolve(undefined) });
  const refused = await blind.call(path, { body: { ...body, provider: 'waba' } });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
});
