/**
 * One line of the outbox: entries chained by sequence number. Nearly all join at the end and leave at the head.
 *
 * Deliberately not here: which rows share a line (`outbox-lines.ts`), and what an entry's state changes.
 */
import type { Timer } from '../clock.ts';
import type { Lane, Supersede } from './callbacks.ts';
import type { Attachment } from './inbound-content.ts';
import type { Home } from './outbox-home.ts';
import { ageFrom, bytesOf, type Row } from './outbox-rows.ts';

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

export function newLine(): Line {
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

/** Puts it where its number belongs. */
export function link(line: Line, entry: Entry): void {
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

export function unlink(line: Line, entry: Entry): void {
  let before: Entry | undefined;
  for (let at = line.head; at && at !== entry; at = at.next) before = at;
  if (before) before.next = entry.next;
  else line.head = entry.next;
  if (line.tail === entry) line.tail = before;
  entry.next = undefined;
}
