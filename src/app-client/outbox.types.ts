/**
 * The durable queue of callbacks, as its callers see it. Rows live in the store of the number they speak of (so that a
 * journal entry and its callback are one transaction), or in `data/` for numbers without a login.
 *
 * Invariants (test/property/outbox, test/promises/p5):
 *  O1  `append` resolves only when the rows are durable; from then on each is posted at least once or lies in the dead letters.
 *  O2  rows with the same order key are posted one after the other, in append order; other keys never wait for them.
 *  O3  a row leaves the store only after a 2xx, a supersede, or its move to the dead letters; receipts also while the
 *      app lacks their endpoint (inbound §10), a job's callbacks when the app does not know the job, or somebody has paused
 *      or cancelled what they say of it (schedules §7).
 *  O4  bodies are truncated to the app's limits before they are stored.
 */
import type { Batch, Store } from '../store/store.ts';
import type { About } from './callbacks.ts';
import type { Fact } from './callbacks.types.ts';
import type { AppAnswer } from './client.ts';
import type { OutboxAdmin } from './outbox-admin.types.ts';
import type { Room } from './outbox-bounds.ts';

export interface OutboxQueue {
  /**
   * One transaction: the facts' rows plus whatever `also` changes in the same store (journal cleared, id remembered).
   * Rejects, with nothing changed, when the disk refuses or there is no room for WhatsApp's facts (`outbox-bounds.ts`).
   */
  append(facts: readonly Fact[], also?: (batch: Batch) => void): Promise<void>;
}

/**
 * Hears what the app answered to a customer's message, after its 2xx, in the order of the conversation. `first`: no earlier
 * attempt, of this process or one before, can have told it to the app. Returns at once; the outbox waits for nobody.
 */
export type AnswerListener = (about: About, answer: AppAnswer, first: boolean) => void;

export type OutboxStats = {
  readonly pending: number;
  readonly deadLetter: number;
  /** When what waits longest was accepted, epoch ms. */
  readonly oldest: number | null;
  /** Of the texts that wait. */
  readonly bytes: number;
  readonly room: Room;
};

export interface Outbox {
  /** The queue inside this store; loads what an earlier process left there. `owner` is the digits, or `data`. */
  attach(owner: string, store: Store, onAnswer?: AnswerListener): OutboxQueue;
  /** Moves what is still unsent into the `data` queue, before the owner's folder goes away. */
  detach(owner: string): Promise<void>;
  stats(): OutboxStats;
  /** Whether the newest fact under this supersede key is still to be posted. */
  isUnsent(key: string): boolean;
  /** Counts, dead letters and events for operators and a returning app. */
  readonly admin: OutboxAdmin;
  /** To be called once every store has been attached: from now on the admin's events and replays are whole. */
  complete(): void;
  /** Files of the media that rows still need. */
  attachmentFiles(): ReadonlySet<string>;
  /** Stops taking new requests; waits for those in flight up to `ms`. What is left stays durable. */
  drain(ms: number): Promise<void>;
}
