/** Contract clients §7: the words, their progress, their length, and how the app reads them. */
import { expect, it } from 'vitest';
import { STATUS_LIMIT, type StatusWord, statusOf } from '../../../src/machines/status-words.ts';

/** The contract's table: word, progress, and what the app makes of it. */
const TABLE: Record<StatusWord, [string, number, 'connected' | 'disconnected' | 'pending']> = {
  'qr generated': ['Qr generated', 0, 'pending'],
  'code generated': ['Code generated', 0, 'pending'],
  connecting: ['Connecting', 25, 'pending'],
  reconnecting: ['Reconnecting', 50, 'pending'],
  'start failed': ['Reconnecting', 30, 'pending'],
  'syncing data': ['Syncing data', 75, 'pending'],
  ready: ['Ready', 100, 'connected'],
  mismatch: ['Mismatch', 0, 'disconnected'],
  'logged out': ['Logged Out', 0, 'disconnected'],
  'connection failed': ['Connection Failed', 0, 'disconnected'],
  disconnected: ['Disconnected', 0, 'disconnected'],
  'pair failed': ['Pair failed: QR timeout', 0, 'disconnected'],
};

/** The app's own mapping, from the contract. */
function asTheAppReads(status: string) {
  const word = status.toLowerCase();
  if (['ready', 'connected', 'paired', 'open'].includes(word)) return 'connected';
  const down = [
    'logged out',
    'logged_out',
    'disconnected',
    'connection failed',
    'connection_failed',
    'pair failed',
    'mismatch',
  ];
  return down.some((part) => word.includes(part)) ? 'disconnected' : 'pending';
}

it.each(Object.entries(TABLE))('%s', (word, [status, progress, read]) => {
  const told = statusOf(word as StatusWord, 'QR timeout');
  expect(told).toEqual({ status, progress });
  expect(told.status.length).toBeLessThanOrEqual(STATUS_LIMIT);
  expect(asTheAppReads(told.status)).toBe(read);
});

it('C-53: Pair failed with any reason fits 32 characters', () => {
  expect(statusOf('pair failed', 'the phone said that it cannot link more devices').status).toBe(
    'Pair failed: the phone said that',
  );
  expect(statusOf('pair failed', '  exactly at the cut x').status).toBe('Pair failed: exactly at the cut');
  expect(statusOf('pair failed').status).toBe('Pair failed: unknown');
});
