/**
 * The order of test files: by project, because the runner ends a worker whenever the next file in line is of another one,
 * and to load everything again costs seconds; then the longest first, so that no worker is left with a long one at the
 * end. The runner knows how long a file takes only from an earlier run, which a fresh clone has not had.
 */
import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first. Everything else takes a few seconds, and its order does not matter. */
const LONG = [
  ...['close-codes', 'p8-jobs-flows', 'one-bridge', 'p3-kill', 'calls', 'p6-providers', 'schedules', 'clients-proxy'],
  ...['groups', 'restart', 'p10-deaf', 'p5-outbox', 'media', 'what-survives', 'automations', 'inspector-page'],
  ...['error-classes', 'receipts', 'linked-device', 'p12-bad-input', 'identity', 'contacts', 'contents'],
  ...['realtime', 'spoken-calls', 'sending-media', 'cascade', 'lmdb', 'crash', 'order', 'sandbox', 'server', 'lock'],
  ...['edges', 'messages', 'runs', 'sync', 'number-paths'],
];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = LONG.indexOf(basename(moduleId, '.test.ts'));
  return at === -1 ? LONG.length : at;
};

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const { projects } = this.ctx;
    const groupOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;
    const placeOf = ({ project }: TestSpecification): number => projects.indexOf(project);
    return sorted.sort((a, b) => groupOf(a) - groupOf(b) || placeOf(a) - placeOf(b) || rank(a) - rank(b));
  }
}
