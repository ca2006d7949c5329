/**
 * Breaks the threads of a real process by an exception that nobody catches. Where this module is preloaded (`--import`), the
 * process does so at SIGPWR.
 */
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import type { Process } from './process.ts';

export const PRELOAD = 'test/helpers/broken-threads.ts';

export const breakThreads = (process: Process): boolean => process.signal('SIGPWR');

/** Tests import this file, too; only where it is preloaded is there a program that is not the test's. */
if (process.env['VITEST'] === undefined) {
  const channel = new BroadcastChannel('break');
  channel.unref();
  if (isMainThread) process.on('SIGPWR', () => channel.postMessage('now'));
  else
    channel.onmessage = () => {
      throw new Error('broken by a test');
    };
}
