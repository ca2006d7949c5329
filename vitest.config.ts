import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/helpers/long-first.ts';
import { scratch } from './test/helpers/scratch.ts';

type Project = {
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
  /** Longest that one test may take; whole-bridge projects start processes and real sockets. */
  readonly testTimeout: number;
  /** One process for many files, which saves loading Baileys for each. */
  readonly sharesProcess?: true;
  /** Measures time on real processes: what only burns CPU runs before it, not beside it. */
  readonly wholeBridge?: true;
  /** Is heard and spoken in real time: two such files, or one beside others, would not keep pace on a small machine. */
  readonly isSpoken?: true;
};

/** Look at functions of the library that others replace: the plain clients of `PEERS`, or an early import. */
const ALONE = ['test/unit/loopback/foundations.test.ts', 'test/unit/unofficial/curve.test.ts'];
/** Have plain clients of the library, which replace globals that the bridge's own tests look at. */
const PEERS = ['test/unit/loopback/**/*.test.ts'];
/** Whole calls, with the voices of all sides in this process. */
const CALLS = ['test/contract/calls.test.ts', 'test/promises/calls.test.ts'];

/** In the order in which they run: what waits most comes first in its group, what is short last. */
const PROJECTS: Readonly<Record<string, Project>> = {
  conformance: { include: ['test/conformance/**/*.test.ts'], testTimeout: 30_000, sharesProcess: true },
  unit: {
    include: ['test/unit/**/*.test.ts'],
    exclude: [...ALONE, ...PEERS],
    testTimeout: 20_000,
    sharesProcess: true,
  },
  alone: { include: ALONE, testTimeout: 20_000 },
  peers: { include: PEERS, exclude: ALONE, testTimeout: 20_000, sharesProcess: true },
  property: { include: ['test/property/**/*.test.ts'], testTimeout: 60_000, sharesProcess: true },
  promises: {
    include: ['test/promises/**/*.test.ts'],
    exclude: CALLS,
    testTimeout: 240_000,
    sharesProcess: true,
    wholeBridge: true,
  },
  contract: {
    include: ['test/contract/**/*.test.ts'],
    exclude: CALLS,
    testTimeout: 60_000,
    sharesProcess: true,
    wholeBridge: true,
  },
  calls: { include: CALLS, testTimeout: 240_000, sharesProcess: true, wholeBridge: true, isSpoken: true },
};

/** Where `os.tmpdir()` of tests is. */
const TMPDIR = scratch();

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    projects: Object.entries(PROJECTS).map(
      ([name, { include, exclude, testTimeout, sharesProcess, wholeBridge = false, isSpoken = false }]) => ({
        test: {
          name,
          include: [...include],
          ...(exclude && { exclude: [...exclude] }),
          environment: 'node',
          env: { TMPDIR },
          pool: 'forks',
          isolate: sharesProcess !== true,
          // More than there are cores: many wait for timers and peers, those of the whole bridge most of their time.
          maxWorkers: isSpoken ? 1 : wholeBridge ? 5 : availableParallelism() + 1,
          // XState warns about events to stopped actors only in its development build (design/xstate.md §2.3).
          execArgv: ['--conditions=development'],
          setupFiles: ['test/helpers/no-xstate-warnings.ts'],
          globalSetup: wholeBridge ? ['test/helpers/build-ahead.ts'] : [],
          sequence: { groupOrder: isSpoken ? 2 : wholeBridge ? 1 : 0 },
          testTimeout,
          // The first hook of a file that is run alone may have to wait for the compiler.
          hookTimeout: wholeBridge ? 180_000 : 60_000,
          teardownTimeout: 30_000,
        },
      }),
    ),
  },
});
