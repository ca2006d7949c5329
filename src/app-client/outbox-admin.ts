/**
 * The outbox for operators, and for an app that was away (`outbox-admin.types.ts`): counts, dead letters, events.
 *
 *  OA1  A dead letter goes back to its place under its own number, so the app sees its id again, and before what came later.
 *  OA2  Events come in order of acceptance, and none can appear behind a cursor that was given out: a page ends before the
 *       first callback that is not on disk yet.
 *  OA3  A page is bounded in items, in bytes of text and in bytes of media; at least one item comes, so a reader gets on.
 *
 * Deliberately not here: who may ask (`http/routes/outbox.ts`). Reading changes nothing: events are posted all the same.
 */
import { type Clock, sleep } from '../clock.ts';
import type { Attachments } from './attachments.types.ts';
import type { Attachment } from './inbound-content.ts';
import type { DeadLetterInfo, OutboxAdmin, OutboxEvent, Page, ReplayChoice } from './outbox-admin.types.ts';
import type { Home, Wanted } from './outbox-home.ts';
import { entryOf } from './outbox-chain.ts';
import type { Lines } from './outbox-lines.ts';
import { behind, cursorOf, type Found, inOrder } from './outbox-merge.ts';
import { alsoId, appendedAt, bytesOf, eventId, type Row, seqOfId } from './outbox-rows.ts';
import type { OutboxWorker } from './outbox-worker.ts';

const AT_ONCE = 500;
const PAGE_BYTES = 8 * 1_048_576;
/** Media up to this size are in the events; of larger ones only type, name and size are told. */
const INLINE_BYTES = 65_536;
const ANSWER_SHOWN = 300;

export type OutboxAdminOptions = {
  readonly homes: ReadonlyMap<string, Home>;
  readonly lines: Lines;
  readonly worker: OutboxWorker;
  readonly attachments: Attachments;
  readonly clock: Clock;
  /** The lowest number that is not on disk yet; Infinity when there is none. */
  readonly writingFrom: () => number;
  readonly complete: () => boolean;
};

export function outboxAdmin(options: OutboxAdminOptions): OutboxAdmin {
  const { homes, lines, worker, attachments, clock, writingFrom, complete } = options;

  /** OA1. One part of one store; its rows may be posted at once. */
  function putBack(home: Home, seqs: readonly number[], wanted: Wanted): Promise<number> {
    return home.revive(seqs, wanted, (seq, row) => {
      const entry = lines.add({ ...entryOf(seq, home, row), state: 'writing', first: false }, row.orderKeys);
      return {
        durable: () => {
          entry.state = 'waiting';
          if (entry.attachment) attachments.expect(entry.attachment);
          worker.wake(lines.lineOf(entry));
        },
        failed: () => worker.wake(lines.drop(entry)),
      };
    });
  }

  async function replay({ ids, path, number }: ReplayChoice): Promise<number | undefined> {
    if (!complete()) return undefined;
    const named = ids && new Set(ids);
    const seqs = named && [...new Set([...named].flatMap((id) => seqOfId(id) ?? []))].sort((a, b) => a - b);
    const wanted: Wanted = (seq, { row }) =>
      (path === undefined || row.path === path) &&
      (number === undefined || row.device === number) &&
      (named === undefined || named.has(eventId(seq, row)));
    let count = 0;
    for (const home of homes.values()) {
      if (seqs) count += await putBack(home, seqs, wanted);
      else for await (const part of partsOf(home)) count += await putBack(home, part, wanted);
    }
    return count;
  }

  /** Others get their turn between the parts. */
  async function* partsOf({ dead }: Home): AsyncGenerator<readonly number[]> {
    for (let from = 0; ; ) {
      const part = [...dead.keys({ from, limit: AT_ONCE })].map(Number);
      yield part;
      const last = part.at(-1);
      if (last === undefined || part.length < AT_ONCE) return;
      from = last + 1;
      await sleep(clock, 0);
    }
  }

  /** Small media as the callback would carry them; what cannot be had is described like a large one. */
  async function withMedium(event: OutboxEvent, attachment: Attachment): Promise<OutboxEvent> {
    const bytes = attachment.bytes;
    // An event may be posted meanwhile, and its file removed with it.
    const base64 = await attachments.withBytes(attachment, async (read) => read).catch(() => null);
    if (base64 === null || base64.length > (INLINE_BYTES * 4) / 3 + 4) return event;
    return { ...event, body: { ...event.body, media_base64: base64 }, media: { bytes, inlined: true } };
  }

  return {
    summary: () => {
      const { rows, bytes, byPath, byNumber } = lines.tally;
      const oldest = lines.oldest();
      return {
        pending: rows,
        bytes,
        byPath,
        byNumber,
        oldest: oldest === undefined ? undefined : appendedAt(oldest),
        nextAttempt: worker.nextAttempt(),
        deadLetters: [...homes.values()].reduce((sum, home) => sum + home.deadLetters, 0),
        complete: complete(),
      };
    },
    deadLetters: (after, limit) => {
      const page = take(inOrder(homes.values(), behind(after), false), after, limit, Infinity);
      return { ...page, items: page.items.flatMap((found) => (found.state === 'refused' ? infoOf(found) : [])) };
    },
    replay,
    events: async (after, limit) => {
      if (!complete()) return undefined;
      const page = take(inOrder(homes.values(), behind(after), true), after, limit, writingFrom());
      const items: OutboxEvent[] = [];
      let inlined = 0;
      for (const { seq, row, state } of page.items.map(rowed)) {
        const event = eventOf(seq, row, state);
        const { attachment } = row;
        const size = attachment?.bytes ?? Infinity;
        const fits = size <= INLINE_BYTES && inlined + size <= PAGE_BYTES;
        if (fits) inlined += size;
        items.push(attachment && fits ? await withMedium(event, attachment) : event);
      }
      return { ...page, items };
    },
  };
}

/** OA2, OA3. Reads what `found` yields before `end` and stops it. */
function take(found: Generator<Found>, after: string | undefined, limit: number, end: number): Page<Found> {
  const items: Found[] = [];
  let bytes = 0;
  let more = false;
  for (const each of found) {
    if (each.seq >= end) break;
    bytes += bytesOf(rowed(each).row);
    more = items.length >= limit || (items.length > 0 && bytes > PAGE_BYTES);
    if (more) break;
    items.push(each);
  }
  const last = items.at(-1);
  return { items, next: last ? cursorOf(last.seq) : after, more };
}

const rowed = (found: Found) => ({ ...found, row: found.state === 'waiting' ? found.row : found.letter.row });

function eventOf(seq: number, row: Row, state: Found['state']): OutboxEvent {
  const id = eventId(seq, row);
  return {
    id,
    path: row.path,
    body: parsed(row.body),
    at: appendedAt(seq),
    state,
    ...(row.also && { also: { id: alsoId(id), path: row.also.path, body: parsed(row.also.body) } }),
    ...(row.attachment && { media: { bytes: row.attachment.bytes, inlined: false } }),
  };
}

/** A row's body is the text of an object (`outbox-rows.ts`). */
const parsed = (body: string) => JSON.parse(body) as Record<string, unknown>;

function infoOf({ seq, letter }: Extract<Found, { state: 'refused' }>): DeadLetterInfo {
  const { row, died, why, status, answer } = letter;
  const shown = answer?.slice(0, ANSWER_SHOWN);
  return {
    id: eventId(seq, row),
    path: row.path,
    number: row.device,
    accepted: appendedAt(seq),
    died,
    why,
    status,
    answer: shown,
  };
}
