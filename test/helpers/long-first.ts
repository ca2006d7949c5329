/**
 * The order of test files: the longest of each group first, so that no worker is left with a long one at the end. The
 * runner knows how long a file takes only from an earlier run, which a fresh clone has not had.
 */
import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first. Everything else takes a few seconds, and its order does not matter. */
const LONG = [
  ...['p5-outbox', 'p3-kill', 'calls', 'flows', 'p6-providers', 'p8-jobs', 'close-codes', 'p5-inbound', 'schedules'],
  ...[
    'p11-secrets',
    'what-survives',
    'automations',
    'inspector-page',
    'restart',
    'p4-one-owner',
    'restore',
    'shutdown',
  ],
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
