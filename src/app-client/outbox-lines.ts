/**
 * What the outbox keeps in memory: one small entry per row, in lines. A line is what must be posted one after the other.
 * The payloads stay on disk.
 *
 * Invariants:
 *  L1  two rows that share an order key are in the same line, ordered by sequence number.
 *  L2  a line with nothing to post and nothing in flight is forgotten, with its keys.
 *  L3  a customer first seen by LID and then by phone stays one line: a row with both keys joins the two lines.
 *
 * Deliberately not here: how a line is chained (`outbox-chain.ts`), when a line is posted (`outbox-worker.ts`), and disks
 * (`outbox.ts`).
 */
import type { Clock } from '../clock.ts';
import { type Entry, type Line, link, type NewEntry, newLine, unlink } from './outbox-chain.ts';
import { Tally } from './outbox-tally.ts';

export class Lines {
  readonly #byKey = new Map<string, Line>();
  readonly #newest = new Map<string, Entry>();
  readonly #flying = new Set<Entry>();
  readonly #clock: Clock;
  readonly #tally = new Tally();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts of the rows not yet posted, buried or superseded. */
  get tally(): Omit<Tally, 'add' | 'remove'> {
    return this.#tally;
  }

  /** Puts a row into the line of its keys, by sequence number. */
  add(row: NewEntry, keys: readonly string[]): Entry {
    const line = this.#lineOf(keys);
    const entry: Entry = { ...row, line, next: undefined };
    link(line, entry);
    this.#tally.add(entry);
    if (row.supersede) {
      const standing = this.#newest.get(row.supersede.key);
      if (!standing || standing.seq < row.seq) this.#newest.set(row.supersede.key, entry);
    }
    return entry;
  }

  /** The newest row of this supersede key that is not gone. */
  newest(key: string): Entry | undefined {
    return this.#newest.get(key);
  }

  /** Takes the head out of its line for posting. */
  take(line: Line): Entry | undefined {
    const entry = line.head;
    if (!entry) return undefined;
    unlink(line, entry);
    entry.state = 'in flight';
    this.#flying.add(entry);
    line.busy++;
    return entry;
  }

  /** The request of an entry ended and it stays: back to its place. */
  putBack(entry: Entry): Line {
    const line = this.lineOf(entry);
    line.busy--;
    this.#flying.delete(entry);
    entry.state = 'waiting';
    link(line, entry);
    return line;
  }

  /** The entry is done with: posted, buried, superseded, or never became durable. */
  drop(entry: Entry): Line {
    const line = this.lineOf(entry);
    if (this.#flying.delete(entry)) line.busy--;
    else unlink(line, entry);
    entry.state = 'gone';
    this.#tally.remove(entry);
    if (entry.supersede && this.#newest.get(entry.supersede.key) === entry) this.#newest.delete(entry.supersede.key);
    if (!line.head && line.busy === 0) this.#forget(line);
    return line;
  }

  lineOf(entry: Entry): Line {
    let line = entry.line;
    while (line.joined) line = line.joined;
    entry.line = line;
    return line;
  }

  /** Every row that is not gone, in no order across lines. */
  *entries(): Iterable<Entry> {
    yield* this.#flying;
    for (const line of this.all()) for (let entry = line.head; entry; entry = entry.next) yield entry;
  }

  /** Sequence number of the oldest row that is not gone. Walks the lines, not the rows. */
  oldest(): number | undefined {
    let oldest = Infinity;
    for (const { seq } of this.#flying) oldest = Math.min(oldest, seq);
    for (const { head } of this.all()) oldest = Math.min(oldest, head?.seq ?? Infinity);
    return oldest === Infinity ? undefined : oldest;
  }

  /** Every line once. */
  *all(): Iterable<Line> {
    for (const [key, line] of this.#byKey) if (line.keys[0] === key) yield line;
  }

  #lineOf(keys: readonly string[]): Line {
    let found: Line | undefined;
    for (const key of keys) {
      const line = this.#byKey.get(key);
      if (line && found && line !== found) this.#join(line, found);
      else found ??= line;
    }
    found ??= newLine();
    for (const key of keys) {
      if (this.#byKey.get(key) === found) continue;
      this.#byKey.set(key, found);
      found.keys.push(key);
    }
    return found;
  }

  /** `from` becomes part of `into`; a back-off of `from` ends early, its count goes on. */
  #join(from: Line, into: Line): void {
    for (const key of from.keys) {
      this.#byKey.set(key, into);
      into.keys.push(key);
    }
    let entry = from.head;
    while (entry) {
      const { next } = entry;
      entry.line = into;
      link(into, entry);
      entry = next;
    }
    into.busy += from.busy;
    into.attempts = Math.max(into.attempts, from.attempts);
    into.unknownDeviceSince ??= from.unknownDeviceSince;
    if (from.timer) this.#clock.clearTimeout(from.timer);
    from.timer = from.head = from.tail = undefined;
    from.joined = into;
  }

  #forget(line: Line): void {
    for (const key of line.keys) this.#byKey.delete(key);
    if (line.timer) this.#clock.clearTimeout(line.timer);
    line.timer = undefined;
  }
}
