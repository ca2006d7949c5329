/** Figures for Prometheus (src/metrics.ts): read when they are asked for, without a number, path or person in them. */
import { expect, it } from 'vitest';
import { createMetrics } from '../../src/metrics.ts';

it('MT2 tells what is true at the scrape: the outbox, numbers by state, sends by engine and outcome', async () => {
  const now = Date.UTC(2026, 0, 1);
  let pending = 3;
  let numbers: Record<string, number> = { connected: 2, connecting: 1 };
  const metrics = createMetrics({
    outbox: () => ({
      pending,
      deadLetter: 1,
      bytes: 500,
      oldest: pending === 0 ? null : now - 90_000,
      room: 'filling',
    }),
    numbers: () => numbers,
    now: () => now,
  });
  const answer = { kind: 'sent', id: 'x' };
  expect(await metrics.countSend('waba', Promise.resolve(answer))).toBe(answer);
  await metrics.countSend('waba', Promise.resolve({ kind: 'unknown' }));
  const lines = async () => (await metrics.text()).split('\n');
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'bridge_outbox_pending 3',
      'bridge_outbox_dead_letters 1',
      'bridge_outbox_bytes 500',
      'bridge_outbox_oldest_seconds 90',
      'bridge_outbox_room 1',
      'bridge_numbers{state="connected"} 2',
      'bridge_sends_total{engine="waba",outcome="sent"} 1',
      'bridge_sends_total{engine="waba",outcome="unknown"} 1',
    ]),
  );
  pending = 0;
  numbers = { connected: 3 };
  const later = await lines();
  expect(later).toEqual(expect.arrayContaining(['bridge_outbox_pending 0', 'bridge_outbox_oldest_seconds 0']));
  expect(later.filter((line) => line.startsWith('bridge_numbers{'))).toEqual(['bridge_numbers{state="connected"} 3']);
});
