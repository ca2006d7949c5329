/**
 * What the outbox keeps in memory: one small entry per row, chained into lines. A line is what must be posted one after
 * the other. The payloads stay on disk.
 *
 * Invariants:
 *  L1  two rows that share an order key are in the same line, ordered by sequence number.
 *  L2  a line with nothing to post and nothing in flight is forgotten, with its keys.
 *  L3  a customer first seen by LID and then by phone stays one line: a row with both keys joins the two lines.
 *
 * Deliberately not here: when a line is posted (`outbox-worker.ts`), and disks (`outbox.ts`).
 */
import type { Clock, Timer } from '../clock.ts';
import type { Lane, Supersede } from './callbacks.ts';
import type { Attachment } from './inbound-content.ts';
import type { Home } from './outbox-home.ts';
import { ageFrom, bytesOf, type Row } from './outbox-rows.ts';
import { Tally } from './outbox-tally.ts';

export type Entry = {
  /** Rises with every row of the process and over restarts: append order everywhere. */
  readonly seq: number;
  /** Where the row lies; changes when it moves to another store. */
  home: Home;
  readonly path: string;
  readonly lane: Lane;
  readonly supersede: Supersede | undefined;
  /** Bytes that must be here before it is posted. */
  readonly attachment: Attachment | undefined;
  /** The number that it speaks of; undefined in rows of earlier versions. */
  readonly device: string | undefined;
  /** Of its text. */
  readonly bytes: number;
  /** Its 72 h count from here, epoch ms. */
  readonly ageFrom: number;
  line: Line;
  next: Entry | undefined;
  /** `writing`: not durable yet; `waiting`: in its line; `in flight`; `gone`: posted, buried or superseded. */
  state: 'writing' | 'waiting' | 'in flight' | 'gone';
  /** No attempt so far, in this process or before it. */
  first: boolean;
};

export type Line = {
  readonly keys: string[];
  head: Entry | undefined;
  /** Requests under way: one, or for a moment two after lines were joined. */
  busy: number;
  /** Failed attempts in a row of the head. */
  attempts: number;
  /** Since when the app has been answering that it does not know the device. */
  unknownDeviceSince: number | undefined;
  /** Set while the line waits for its next attempt, which is due at `dueAt` (epoch ms). */
  timer: Timer | undefined;
  dueAt: number;
  /** In the ready queue of its endpoint. */
  queued: boolean;
  /** The line that took this one over (L3). */
  joined: Line | undefined;
  tail: Entry | undefined;
};

export type NewEntry = Omit<Entry, 'line' | 'next'>;

/** The part of an entry that its row says. */
export const entryOf = (seq: number, home: Home, row: Row) => ({
  seq,
  home,
  path: row.path,
  lane: row.lane,
  supersede: row.supersede,
  attachment: row.attachment,
  device: row.device,
  bytes: bytesOf(row),
  ageFrom: ageFrom(seq, row),
});

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

function newLine(): Line {
  return {
    keys: [],
    head: undefined,
    tail: undefined,
    busy: 0,
    attempts: 0,
    unknownDeviceSince: undefined,
    timer: undefined,
    dueAt: 0,
    queued: false,
    joined: undefined,
  };
}

function link(line: Line, entry: Entry): void {
  if (!line.tail || line.tail.seq < entry.seq) {
    if (line.tail) line.tail.next = entry;
    else line.head = entry;
    line.tail = entry;
    entry.next = undefined;
    return;
  }
  let before: Entry | undefined;
  let after = line.head;
  while (after && after.seq < entry.seq) {
    before = after;
    after = after.next;
  }
  entry.next = after;
  if (before) before.next = entry;
  else line.head = entry;
}

function unlink(line: Line, entry: Entry): void {
  let before: Entry | undefined;
  for (let at = line.head; at && at !== entry; at = at.next) before = at;
  if (before) before.next = entry.next;
  else line.head = entry.next;
  if (line.tail === entry) line.tail = before;
  entry.next = undefined;
}
