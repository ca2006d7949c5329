import { defineConfig } from 'vitest/config';

// Longest that one test may take; whole-bridge projects start processes and real sockets.
const TIMEOUTS = { unit: 10_000, property: 60_000, conformance: 30_000, contract: 60_000, promises: 120_000 };
// These measure time on real processes: what only burns CPU runs before them, not beside them.
const WHOLE_BRIDGE = ['contract', 'promises'];

export default defineConfig({
  test: {
    projects: Object.entries(TIMEOUTS).map(([name, testTimeout]) => ({
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        environment: 'node',
        pool: 'forks',
        // XState warns about events to stopped actors only in its development build (design/xstate.md §2.3).
        execArgv: ['--conditions=development'],
        setupFiles: ['test/helpers/no-xstate-warnings.ts'],
        sequence: { groupOrder: WHOLE_BRIDGE.includes(name) ? 1 : 0 },
        testTimeout,
        hookTimeout: 60_000,
        teardownTimeout: 30_000,
      },
    })),
  },
});
