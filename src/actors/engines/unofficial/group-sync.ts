/**
 * Keeps the app's and our own picture of a number's groups up to date (contract clients §11.1): everything 7 s after the
 * connection has opened, what has changed 5 s after the last change. Lives as long as one connection.
 *
 *  GS1  What the app is told and what the book remembers of it are one transaction.
 *  GS2  Changes that keep coming are told all the same, 30 s after the first of them.
 *  GS3  A group that the number has left is told once, with size 0 (C-48), also when it was left while nobody looked.
 *  GS4  WhatsApp is asked again, with growing pauses, until it has answered.
 *  GS5  Metadata for sends comes from the book; a group that changed since is asked for once, however many sends wait.
 *  GS6  A group of which WhatsApp will not say anything keeps no other from being told.
 */
import { type Clock, sleep, type Timer } from '../../../clock.ts';
import type { GroupsFact } from '../../../app-client/callbacks.types.ts';
import type { OutboxQueue } from '../../../app-client/outbox.types.ts';
import type { Log } from '../../../log.ts';
import { type Backoff, backoff } from '../../../machines/backoff.ts';
import type { Batch, Store } from '../../../store/store.ts';
import { type GroupBook, reported } from '../../group-book.ts';
import type { GroupQueries, Known, Raw } from './group-queries.ts';

const AFTER_OPEN_MS = 7_000;
const AFTER_CHANGE_MS = 5_000;
const CHANGE_AT_LATEST_MS = 30_000;
/** More changed groups than this are cheaper to ask for together. */
const ONE_BY_ONE = 10;
const AGAIN: Backoff = { base: 10_000, growth: 2, maxFactor: 30, jitter: 5_000, max: 305_000 };

export type GroupSyncOptions = {
  readonly digits: string;
  readonly workspace: () => string | undefined;
  readonly book: GroupBook<Raw>;
  readonly queries: GroupQueries;
  readonly store: Store;
  readonly queue: OutboxQueue;
  readonly clock: Clock;
  readonly log: Log;
};

export class GroupSync {
  readonly #o: GroupSyncOptions;
  readonly #end = new AbortController();
  /** Group -> when it changed last; `fresh` in the book means later than that. */
  readonly #changedAt = new Map<string, number>();
  readonly #asking = new Map<string, Promise<Known | 'not a member'>>();
  readonly #untold = new Set<string>();
  #openedAt = Number.POSITIVE_INFINITY;
  #firstUntold = 0;
  #openTimer: Timer | undefined;
  #changeTimer: Timer | undefined;
  #work: Promise<void> = Promise.resolve();
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: GroupSyncOptions) {
    this.#o = options;
  }

  opened(): void {
    const { clock } = this.#o;
    this.#openedAt = clock.now();
    this.#openTimer = clock.setTimeout(() => this.#queue(() => this.#tellAll()), AFTER_OPEN_MS);
  }

  /** Something about this group is different now: members, settings, name, or our own membership. */
  changed(jid: string): void {
    if (this.#end.signal.aborted) return;
    const { clock } = this.#o;
    const now = clock.now();
    this.#changedAt.set(jid, now);
    if (this.#untold.size === 0) this.#firstUntold = now;
    this.#untold.add(jid);
    if (this.#changeTimer) clock.clearTimeout(this.#changeTimer);
    const wait = Math.min(AFTER_CHANGE_MS, Math.max(0, this.#firstUntold + CHANGE_AT_LATEST_MS - now));
    this.#changeTimer = clock.setTimeout(() => this.#queue(() => this.#tellChanges()), wait);
  }

  /** Socket option `cachedGroupMetadata` (GS5). Rejects when WhatsApp does not say. */
  readonly metadata = async (jid: string): Promise<Raw | undefined> => {
    const since = Math.max(this.#openedAt, this.#changedAt.get(jid) ?? 0);
    const known = this.#o.book.fresh(jid, since);
    if (known) return known;
    const asking = this.#asking.get(jid) ?? this.#ask(jid).finally(() => this.#asking.delete(jid));
    this.#asking.set(jid, asking);
    const group = await asking;
    return group === 'not a member' ? undefined : group.raw;
  };

  /** For the next sends; the app is not told. */
  async remember(groups: readonly Known[]): Promise<void> {
    if (this.#end.signal.aborted) return;
    const { book, store } = this.#o;
    await this.#write(
      store.write((batch) => {
        for (const group of groups) book.put(batch, group, false);
      }),
    );
  }

  /** Nothing is written any more once this has resolved. */
  async stop(): Promise<void> {
    const { clock } = this.#o;
    this.#end.abort();
    for (const timer of [this.#openTimer, this.#changeTimer]) if (timer) clock.clearTimeout(timer);
    await this.#writing;
  }

  async #ask(jid: string): Promise<Known | 'not a member'> {
    const group = await this.#o.queries.one(jid);
    if (group !== 'not a member') await this.remember([group]);
    return group;
  }

  #queue(task: () => Promise<void>): void {
    this.#work = this.#work.then(() => this.#untilDone(task));
  }

  /** GS4. Never rejects. */
  async #untilDone(task: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#o;
    const { signal } = this.#end;
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        return await task();
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'groups could not be read; they are asked for again');
      }
      await sleep(clock, backoff(AGAIN, tries, Math.random()), signal).catch(() => undefined);
    }
  }

  async #tellAll(): Promise<void> {
    const { book, queries } = this.#o;
    await this.#covering([...this.#untold], async () => {
      const groups = await queries.all();
      const present = new Set(groups.map(({ meta }) => meta.id));
      const left = book.told().filter((jid) => !present.has(jid));
      await this.#tell(groups, left, true);
    });
  }

  async #tellChanges(): Promise<void> {
    if (this.#untold.size > ONE_BY_ONE) return this.#tellAll();
    const { book, queries } = this.#o;
    const failures: unknown[] = [];
    for (const jid of [...this.#untold]) {
      const telling = this.#covering([jid], async () => {
        const group = await queries.one(jid);
        if (group === 'not a member') await this.#tell([], book.isTold(jid) ? [jid] : [], false);
        else await this.#tell([group], [], false);
      });
      await telling.catch((error: unknown) => failures.push(error));
      if (this.#end.signal.aborted) break;
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not every group could be read');
  }

  /** A change that comes while WhatsApp is being asked counts as untold again. */
  async #covering(jids: readonly string[], tell: () => Promise<void>): Promise<void> {
    for (const jid of jids) this.#untold.delete(jid);
    try {
      await tell();
    } catch (error) {
      for (const jid of jids) this.#untold.add(jid);
      throw error;
    }
  }

  /** GS1. */
  async #tell(groups: readonly Known[], left: readonly string[], whole: boolean): Promise<void> {
    if (this.#end.signal.aborted || groups.length + left.length === 0) return;
    const { book, queue } = this.#o;
    const gone = left.map((jid) => ({ jid, subject: book.subject(jid) ?? '', size: 0, participants: [] }));
    const facts = [
      ...(groups.length > 0
        ? [
            this.#fact(
              groups.map(({ meta }) => reported(meta)),
              whole,
            ),
          ]
        : []),
      ...gone.map((group) => this.#fact([group], false)),
    ];
    const also = (batch: Batch) => {
      for (const group of groups) book.put(batch, group, true);
      for (const jid of left) book.remove(batch, jid);
    };
    await this.#write(queue.append(facts, also));
  }

  #write(writing: Promise<void>): Promise<void> {
    this.#writing = Promise.allSettled([this.#writing, writing]);
    return writing;
  }

  #fact(groups: GroupsFact['groups'], whole: boolean): GroupsFact {
    const workspace = this.#o.workspace();
    return { kind: 'groups', device: this.#o.digits, groups, whole, ...(workspace !== undefined && { workspace }) };
  }
}
