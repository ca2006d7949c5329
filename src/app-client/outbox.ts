/**
 * The durable queue of callbacks on its disks: rows in the store of the number they speak of, or in `data`
 * (`outbox.types.ts` has the invariants O1-O4 that callers rely on).
 *
 * Further invariants:
 *  O5  a row is linked into its line when `append` is called and may be posted once it is durable: call order is post order.
 *  O6  what is older than 72 h becomes a dead letter (contract README §3.1), within 10 minutes.
 *  O7  a row that moves to another store is durable there before it is removed here; it keeps its number and its place.
 *
 * Memory holds the index, not the rows.
 * Deliberately not here: posting (`outbox-worker.ts`), tidying one disk (`outbox-home.ts`), how much is taken
 * (`outbox-bounds.ts`), what operators see (`outbox-admin.ts`).
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Batch, Store } from '../store/store.ts';
import type { Attachments } from './attachments.types.ts';
import { callbackOf } from './callbacks.ts';
import type { Fact } from './callbacks.types.ts';
import type { AppClient } from './client.ts';
import { outboxAdmin } from './outbox-admin.ts';
import { type Bounds, OutboxBounds, type Room } from './outbox-bounds.ts';
import { Home } from './outbox-home.ts';
import { type Entry, entryOf } from './outbox-chain.ts';
import { Lines } from './outbox-lines.ts';
import { moveRows } from './outbox-move.ts';
import { appendedAt, type IsMoot, type Row, rowOf, Sequence } from './outbox-rows.ts';
import { OutboxWorker } from './outbox-worker.ts';
import type { AnswerListener, Outbox, OutboxQueue } from './outbox.types.ts';

/** The queue that takes over when a number's folder goes away. Attach it first. */
export const DATA_OWNER = 'data';

const SWEEP_MS = 10 * 60_000;
const AGE_LIMIT_MS = 72 * 3_600_000;

export type OutboxOptions = {
  readonly client: AppClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly attachments: Attachments;
  readonly bounds: Bounds;
  /** Room on the disks that rows are written to. */
  readonly disk: () => Room;
  /** 0..1 for the jitter; `Math.random` unless a test says otherwise. */
  readonly random?: () => number;
  /** None is, when absent. */
  readonly isMoot?: IsMoot;
};

export function openOutbox(options: OutboxOptions): Outbox {
  const { clock, log, attachments } = options;
  const homes = new Map<string, Home>();
  const lines = new Lines(clock);
  const sequence = new Sequence(clock);
  const worker = new OutboxWorker({
    ...options,
    random: options.random ?? Math.random,
    lines,
  });
  const limits = new OutboxBounds({ ...options, tally: lines.tally });
  /** Numbers of the rows that are on their way to the disk, rising. */
  const writing = new Set<number>();
  let complete = false;
  const admin = outboxAdmin({
    ...options,
    homes,
    lines,
    worker,
    writingFrom: () => writing.values().next().value ?? Infinity,
    complete: () => complete,
  });
  let sweepTimer = clock.setTimeout(sweep, SWEEP_MS);

  function attach(owner: string, store: Store, onAnswer?: AnswerListener): OutboxQueue {
    if (homes.has(owner)) throw new Error('this owner has a queue already');
    const home = new Home(store, clock, log, onAnswer);
    homes.set(owner, home);
    for (const key of home.dead.keys()) {
      sequence.above(Number(key));
      home.deadLetters++;
    }
    home.expireDeadLetters();
    const loaded: Entry[] = [];
    for (const seq of [...home.rows.keys()].map(Number)) {
      sequence.above(seq);
      const row = home.row(seq);
      if (row) loaded.push(lines.add({ ...entryOf(seq, home, row), state: 'waiting', first: false }, row.orderKeys));
    }
    expire(loaded.filter(isTooOld));
    for (const { attachment, state } of loaded) if (attachment && state !== 'gone') attachments.expect(attachment);
    for (const entry of loaded) worker.wake(lines.lineOf(entry));
    return { append: (facts, also) => append(home, facts, also) };
  }

  async function append(home: Home, facts: readonly Fact[], also?: (batch: Batch) => void): Promise<void> {
    if (home.leaving) throw new Error('the queue of this number has moved to data');
    limits.assertRoom(facts);
    const added: { entry: Entry; row: Row; coalesceMs: number; standing: Entry | undefined }[] = [];
    const callbacks = facts.map((fact) => ({ device: fact.device, callback: callbackOf(fact) }));
    for (const { device, callback } of callbacks) {
      const { coalesceMs = 0, supersede } = callback;
      const standing = supersede && lines.newest(supersede.key);
      const covered = supersede && standing?.supersede && standing.supersede.rank > supersede.rank;
      if (covered && standing.state !== 'writing') continue;
      const row = rowOf(callback, device);
      const fresh = entryOf(sequence.next(), home, row);
      const entry = lines.add({ ...fresh, state: 'writing', first: true }, row.orderKeys);
      writing.add(entry.seq);
      added.push({ entry, row, coalesceMs, standing });
    }
    let removed: Iterable<number> = [];
    try {
      await home.store.write((batch) => {
        for (const { entry, row } of added) batch.put(home.rows, entry.seq, row);
        removed = home.removeSpent(batch);
        also?.(batch);
      });
    } catch (thrown) {
      for (const seq of removed) home.spend(seq);
      for (const { entry } of added) worker.wake(lines.drop(entry));
      throw thrown;
    } finally {
      for (const { entry } of added) writing.delete(entry.seq);
    }
    for (const { entry, standing } of added) {
      entry.state = 'waiting';
      if (standing?.state !== 'waiting') continue;
      standing.home.spend(standing.seq);
      lines.drop(standing);
    }
    for (const { entry, coalesceMs } of added) {
      if (entry.state === 'gone') continue;
      if (entry.attachment) attachments.expect(entry.attachment);
      if (coalesceMs > 0) worker.wakeIn(lines.lineOf(entry), coalesceMs);
      else worker.wake(lines.lineOf(entry));
    }
  }

  function isTooOld({ ageFrom }: Entry): boolean {
    return ageFrom < clock.now() - AGE_LIMIT_MS;
  }

  function expire(tooOld: readonly Entry[]): void {
    if (tooOld.length === 0) return;
    log.warn({ count: tooOld.length }, 'callbacks older than 72 h went to the dead letters');
    for (const home of new Set(tooOld.map((entry) => entry.home))) {
      const seqs = tooOld.filter((entry) => entry.home === home).map(({ seq }) => seq);
      home.bury(seqs, 'older than 72 h');
    }
    for (const entry of tooOld) worker.forget(entry);
  }

  function sweep(): void {
    expire([...lines.entries()].filter((entry) => entry.state === 'waiting' && isTooOld(entry)));
    for (const home of homes.values()) home.expireDeadLetters();
    sweepTimer = clock.setTimeout(sweep, SWEEP_MS);
  }

  async function detach(owner: string): Promise<void> {
    const home = homes.get(owner);
    const data = homes.get(DATA_OWNER);
    if (!home) return;
    if (!data || home === data) throw new Error('the data queue must be attached, and stays');
    home.leaving = true;
    await moveRows(() => lines.entries(), home, data);
    homes.delete(owner);
  }

  return {
    attach,
    detach,
    stats: () => {
      const oldest = lines.oldest();
      const deadLetter = [...homes.values()].reduce((sum, home) => sum + home.deadLetters, 0);
      const { rows: pending, bytes } = lines.tally;
      const room = limits.room();
      return { pending, deadLetter, oldest: oldest === undefined ? null : appendedAt(oldest), bytes, room };
    },
    isUnsent: (key) => lines.newest(key) !== undefined,
    admin,
    complete: () => {
      complete = true;
    },
    attachmentFiles: () => {
      const files = [...lines.entries()].flatMap(({ attachment }) => attachment?.file ?? []);
      return new Set(files);
    },
    drain: async (ms) => {
      clock.clearTimeout(sweepTimer);
      limits.stop();
      await worker.stop(ms);
      await Promise.all([...homes.values()].map((home) => home.flush()));
    },
  };
}
