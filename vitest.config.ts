import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/helpers/long-first.ts';

type Project = {
  readonly include: string;
  readonly exclude?: string;
  /** Longest that one test may take; whole-bridge projects start processes and real sockets. */
  readonly testTimeout: number;
  /** One process for many files, which saves loading Baileys for each. */
  readonly sharesProcess?: true;
  /** Measures time on real processes: what only burns CPU runs before it, not beside it. */
  readonly wholeBridge?: true;
};

const PROJECTS: Readonly<Record<string, Project>> = {
  unit: { include: 'test/unit', exclude: 'test/unit/loopback', testTimeout: 20_000, sharesProcess: true },
  // On its own: its clients are plain, and replace globals of the library that other tests look at.
  loopback: { include: 'test/unit/loopback', testTimeout: 20_000 },
  property: { include: 'test/property', testTimeout: 60_000 },
  conformance: { include: 'test/conformance', testTimeout: 30_000 },
  contract: { include: 'test/contract', testTimeout: 60_000, wholeBridge: true },
  promises: { include: 'test/promises', testTimeout: 120_000, wholeBridge: true },
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    projects: Object.entries(PROJECTS).map(
      ([name, { include, exclude, testTimeout, sharesProcess, wholeBridge = false }]) => ({
        test: {
          name,
          include: [`${include}/**/*.test.ts`],
          ...(exclude !== undefined && { exclude: [`${exclude}/**`] }),
          environment: 'node',
          pool: 'forks',
          isolate: sharesProcess !== true,
          // By default one core stays idle, half of a small machine.
          maxWorkers: wholeBridge ? 2 : availableParallelism(),
          // XState warns about events to stopped actors only in its development build (design/xstate.md §2.3).
          execArgv: ['--conditions=development'],
          setupFiles: ['test/helpers/no-xstate-warnings.ts'],
          globalSetup: wholeBridge ? ['test/helpers/build-ahead.ts'] : [],
          sequence: { groupOrder: wholeBridge ? 1 : 0 },
          testTimeout,
          // The first hook of a file that is run alone may have to wait for the compiler.
          hookTimeout: wholeBridge ? 180_000 : 60_000,
          teardownTimeout: 30_000,
        },
      }),
    ),
  },
});
