/**
 * XState says only on the console, and only in its development build, that an event went to a stopped actor
 * (design/xstate.md §2.3). Every such line fails the test that caused it.
 */

import { afterEach, beforeEach, expect, vi } from 'vitest';

const warnings: string[] = [];

beforeEach(() => {
  warnings.length = 0;
  const print = console.warn.bind(console);
  vi.spyOn(console, 'warn').mockImplementation((...args: unknown[]) => {
    const text = String(args[0]);
    if (/was sent to stopped actor|^Event ".*" was sent/.test(text)) warnings.push(text);
    else print(...args);
  });
});

afterEach(() => {
  vi.mocked(console.warn).mockRestore();
  expect(warnings, 'events sent to a stopped actor').toEqual([]);
});
