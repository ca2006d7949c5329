/**
 * The order of test files: the longest of each group first, so that no worker is left with a long one at the end. The
 * runner knows how long a file takes only from an earlier run, which a fresh clone has not had.
 */
import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first. Everything else takes a few seconds, and its order does not matter. */
const LONG = [
  ...['one-bridge', 'p3-kill', 'p8-jobs-flows', 'calls', 'p6-providers', 'p5-outbox', 'close-codes', 'schedules'],
  ...['what-survives', 'automations', 'inspector-page', 'restart'],
  ...['p10-deaf', 'p12-bad-input', 'identity', 'contacts', 'contents', 'groups', 'clients-proxy', 'receipts', 'media'],
  ...['error-classes', 'order', 'lmdb', 'crash', 'messages', 'edges', 'runs', 'sync', 'sending-media', 'number-paths'],
];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = LONG.indexOf(basename(moduleId, '.test.ts'));
  return at === -1 ? LONG.length : at;
};

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const groupOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;
    return sorted.sort((a, b) => groupOf(a) - groupOf(b) || rank(a) - rank(b));
  }
}
