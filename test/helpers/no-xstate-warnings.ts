/**
 * XState says only on the console, and only in its development build, that an event went to a stopped actor
 * (design/xstate.md §2.3). Every such line fails the test that caused it.
 */

import { afterEach, beforeEach, expect, type MockInstance, vi } from 'vitest';

const warnings: string[] = [];

let spy: MockInstance<typeof console.warn>;

beforeEach(() => {
  warnings.length = 0;
  const print = console.warn.bind(console);
  spy = vi.spyOn(console, 'warn').mockImplementation((...args: unknown[]) => {
    const text = String(args[0]);
    if (/was sent to stopped actor|^Event ".*" was sent/.test(text)) warnings.push(text);
    else print(...args);
  });
});

afterEach(() => {
  // By the spy, not by the name: a test may have loaded a filter in front of it (test/loopback/whatsapp/quiet-signal.ts).
  spy.mockRestore();
  expect(warnings, 'events sent to a stopped actor').toEqual([]);
});
