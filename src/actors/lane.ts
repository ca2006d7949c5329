/**
 * The way from a send request to a number's socket: idempotency, readiness, the caller's deadline, one bounded queue per
 * number. Order is the order of arrival: waiting sends are released in it, and the engine hands over in call order.
 *
 * L1  A request with an idempotency key gets its message id stored before anything leaves; the same key later replays
 *     the answer, or finishes the same message under the same id (P6). Without a key nothing is ever de-duplicated.
 * L2  `timed out` and `not ready` mean: nothing was handed over and nothing will be.
 * L3  `unknown` and `pending` are answers, never reasons to send again.
 * L4  A key that cannot be stored fails closed: nothing is sent.
 * L5  What belongs to a message (its second part) goes out after it, under ids that follow from its id, so that a repeat
 *     of the whole never doubles a part. It waits for a first part that still uploads, for as long as an upload may take.
 * L6  WhatsApp's audio has no caption: media that turn out to be audio when they are fetched get theirs as a second part.
 *
 * Deliberately not here: pacing and daily caps (bulk jobs), engine choice, content rules, where media comes from
 * (content/media-source.ts).
 */
import { type Clock, sleep } from '../clock.ts';
import type { Content, MediaFile } from '../content/content.ts';
import { derivedMessageId, newMessageId } from '../ids.ts';
import type { Log } from '../log.ts';
import type { DeviceStores, Store } from '../store/store.ts';
import { filesOf, type MediaFiles } from './content/media-files.ts';
import type { MediaSources } from './content/media-source.ts';
import type { Progress, SendResult } from './engines/engine.ts';
import type { SendAnswer, SendRequest } from './protocol.ts';
import { RotatingSweep } from './rotating-sweep.ts';
import type { Supervisor } from './supervisor.ts';
import type { Views } from './views.ts';

/** Contract messages §1.3: every send route waits this long for the socket. */
const READINESS_MS = 8_000;
/** A bound, not a pace: one number's relay is serial, so more than this waiting means the caller is far ahead. */
const MAX_WAITING = 2_000;
/** Contract messages §1.4: an answer is replayed for 24 h. */
const KEY_LIFE_MS = 24 * 3_600_000;
/** No caller waits for the second part of a message. */
const FOLLOW_UP_MS = 18_000;
/** Contract messages §1.4: the longest an upload may take. */
const UPLOAD_MS = 180_000;
const LOOK_AGAIN_MS = 250;

type KeyRow = { readonly id: string; readonly at: number; readonly answer?: SendResult };
const keyTable = (store: Store) => store.table<KeyRow>('send-keys');

export type LanesOptions = {
  readonly supervisor: Supervisor;
  readonly views: Views;
  readonly stores: DeviceStores;
  readonly media: Pick<MediaSources, 'fetch'>;
  readonly files: Pick<MediaFiles, 'remove'>;
  readonly clock: Clock;
  readonly log: Log;
};

type Part = Pick<SendRequest, 'from' | 'to' | 'content' | 'origin' | 'deadline'>;

export class Lanes {
  readonly #o: LanesOptions;
  readonly #inFlight = new Map<string, number>();
  /** Requests with a key that are running now: a parallel repeat shares the answer. */
  readonly #running = new Map<string, Promise<SendAnswer>>();
  /** What keeps each store's table of keys bounded. */
  readonly #sweeps = new WeakMap<Store, RotatingSweep<KeyRow>>();

  constructor(options: LanesOptions) {
    this.#o = options;
  }

  send(request: SendRequest): Promise<SendAnswer> {
    const key = request.idempotencyKey === undefined ? undefined : `${request.from} ${request.idempotencyKey}`;
    const running = key === undefined ? undefined : this.#running.get(key);
    if (running) return running;
    if ((this.#inFlight.get(request.from) ?? 0) >= MAX_WAITING)
      return Promise.resolve({ kind: 'not ready', why: 'too many sends are waiting on this number' });
    const after = [...(request.followUps ?? [])];
    const answer = this.#send(request, after);
    const whole = this.#counted(request.from, this.#whole(request, answer, after));
    if (key !== undefined) {
      this.#running.set(key, answer);
      const end = () => this.#running.delete(key);
      const answered = () => (after.length === 0 ? end() : void whole.then(end));
      void answer.then(answered, answered);
    }
    return answer;
  }

  /** Sends that are not through yet, over all numbers. */
  get waiting(): number {
    let sum = 0;
    for (const count of this.#inFlight.values()) sum += count;
    return sum;
  }

  async #counted(from: string, work: Promise<void>): Promise<void> {
    this.#inFlight.set(from, (this.#inFlight.get(from) ?? 0) + 1);
    await work;
    const left = (this.#inFlight.get(from) ?? 1) - 1;
    if (left > 0) this.#inFlight.set(from, left);
    else this.#inFlight.delete(from);
  }

  /** The message and all that belongs to it. Never rejects: the answer's own rejection is its caller's. */
  async #whole(request: SendRequest, answer: Promise<SendAnswer>, after: readonly Content[]): Promise<void> {
    const { from, to, idempotencyKey } = request;
    try {
      const done = await answer;
      if (after.length === 0 || (done.kind !== 'sent' && done.kind !== 'pending')) return;
      const isComing = done.kind === 'sent' || (await this.untilHandedOver(from, done.id)) !== 'given up';
      for (const [index, content] of isComing ? after.entries() : []) {
        const part = { from, to, content, deadline: this.#o.clock.now() + FOLLOW_UP_MS };
        const result = await this.#deliver(part, derivedMessageId(done.id, `part ${index + 2}`), []);
        if (result.kind !== 'sent')
          this.#o.log.warn({ messageId: done.id, result: result.kind, content: content.kind }, 'a second part failed');
      }
      // Only now: a repeat after a crash must bring the missing parts.
      if (idempotencyKey !== undefined) await this.#conclude(from, idempotencyKey, done.id, done);
    } catch (error) {
      this.#o.log.error({ err: error }, 'a send could not be brought to its end');
    }
  }

  /** L5. What became of a send that was answered as pending; `uploading` after as long as an upload may take. */
  async untilHandedOver(from: string, id: string): Promise<Progress> {
    const { supervisor, clock } = this.#o;
    for (const until = clock.now() + UPLOAD_MS; clock.now() < until; await sleep(clock, LOOK_AGAIN_MS)) {
      const handle = supervisor.child(from)?.sockets.current;
      const progress = handle?.isOpen() ? handle.progress(id) : 'uploading';
      if (progress !== 'uploading') return progress;
    }
    return 'uploading';
  }

  /** `after` gets what must follow, once that is known (L6). */
  async #send(request: SendRequest, after: Content[]): Promise<SendAnswer> {
    const { from, deadline, idempotencyKey } = request;
    const known = idempotencyKey === undefined ? undefined : this.#lookUp(from, idempotencyKey);
    if (known?.answer) return known.answer;
    const notReady = await this.#untilReady(from, deadline);
    if (notReady) return notReady;
    const id = known?.id ?? request.id ?? newMessageId();
    if (idempotencyKey !== undefined && !known) {
      const isStored = await this.#remember(from, idempotencyKey, { id, at: this.#o.clock.now() }).then(
        () => true,
        (error: unknown) => this.#o.log.error({ err: error }, 'an idempotency key could not be stored'),
      );
      if (!isStored) return { kind: 'failed', id, error: 'the Idempotency-Key could not be stored; nothing was sent' };
    }
    const result = await this.#deliver(request, id, after);
    if (idempotencyKey !== undefined && after.length === 0 && (result.kind === 'sent' || result.kind === 'pending'))
      await this.#conclude(from, idempotencyKey, id, result);
    return result;
  }

  /** Media first, then the engine. */
  async #deliver({ from, to, content, origin, deadline }: Part, id: string, after: Content[]): Promise<SendAnswer> {
    const { media, files, clock, supervisor } = this.#o;
    const fetched = await media.fetch(from, content, deadline);
    if (fetched.kind === 'late') return { kind: 'timed out', why: 'the media was not here in time' };
    if (fetched.kind === 'refused') return { kind: 'failed', id, error: fetched.why, why: 'media refused' };
    const { said, follows } = withoutSpokenCaption(fetched.content);
    after.unshift(...follows);
    const handle = supervisor.child(from)?.sockets.current;
    if (!handle?.isOpen() || clock.now() >= deadline) {
      await files.remove(filesOf(fetched.content));
      if (handle?.isOpen()) return { kind: 'timed out', why: 'no time was left to hand the message over' };
      return { kind: 'not ready', why: 'the connection was lost before the message was handed over' };
    }
    const result = await handle.send({ from, to, content: said, id, deadline, ...(origin && { origin }) });
    return result.kind === 'failed' && result.why === 'no time' ? { kind: 'timed out', why: result.error } : result;
  }

  #lookUp(from: string, key: string): KeyRow | undefined {
    if (!this.#o.stores.exists(from)) return undefined;
    const row = keyTable(this.#o.stores.open(from)).get(key);
    return row && this.#isFresh(row.at) ? row : undefined;
  }

  async #remember(from: string, key: string, row: KeyRow): Promise<void> {
    const store = this.#o.stores.open(from);
    const table = keyTable(store);
    const sweep =
      this.#sweeps.get(store) ?? new RotatingSweep(table, ({ at }) => (this.#isFresh(at) ? 'keep' : 'remove'));
    this.#sweeps.set(store, sweep);
    await store.write((batch) => {
      // First, so that it cannot take away a key that is used again.
      sweep.onAdd(batch);
      batch.put(table, key, row);
    });
  }

  #isFresh(at: number): boolean {
    return this.#o.clock.now() - at < KEY_LIFE_MS;
  }

  /** `sent` and `pending` are final for the key; after `failed` or `unknown` a repeat tries the same id again (same message). */
  async #conclude(from: string, key: string, id: string, answer: SendResult): Promise<void> {
    await this.#remember(from, key, { id, at: this.#o.clock.now(), answer });
  }

  /** Waits for the socket; undefined when it is ready. Waiters of one number are released in order of arrival. */
  async #untilReady(from: string, deadline: number): Promise<SendAnswer | undefined> {
    const { views, clock } = this.#o;
    const view = views.view(from);
    if (view.ready) return undefined;
    const why = () => views.view(from).why ?? 'this number is not connected';
    if (!view.paired || view.stopped) return { kind: 'not ready', why: why() };
    const until = Math.min(deadline, clock.now() + READINESS_MS);
    const ready = await views.until(from, (now) => now.ready || now.stopped || !now.paired, until);
    return ready && views.view(from).ready ? undefined : { kind: 'not ready', why: why() };
  }
}

/** L6. */
function withoutSpokenCaption(content: Content<MediaFile>): { said: Content<MediaFile>; follows: Content[] } {
  if (content.kind !== 'media' || content.media.type !== 'audio' || content.caption.trim() === '')
    return { said: content, follows: [] };
  return { said: { ...content, caption: '' }, follows: [{ kind: 'text', text: content.caption }] };
}
