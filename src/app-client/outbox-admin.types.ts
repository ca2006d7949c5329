/** What operators and a returning app may ask of the outbox, as data. Times are epoch ms, cursors opaque texts. */

export type OutboxSummary = {
  readonly pending: number;
  /** Of their texts; media lie in files beside. */
  readonly bytes: number;
  readonly byPath: ReadonlyMap<string, number>;
  /** By digits; `''`: rows of an earlier version, which do not say whom they speak of. */
  readonly byNumber: ReadonlyMap<string, number>;
  /** When what waits longest was accepted. */
  readonly oldest: number | undefined;
  /** Undefined while requests are under way, and when nothing waits. */
  readonly nextAttempt: number | undefined;
  readonly deadLetters: number;
  /** False while a start has not attached every number's queue yet. */
  readonly complete: boolean;
};

/** Never what the callback says: those are a customer's words. */
export type DeadLetterInfo = {
  readonly id: string;
  readonly path: string;
  readonly number: string | undefined;
  readonly accepted: number;
  readonly died: number;
  /** `HTTP 422`, `older than 72 h`. */
  readonly why: string;
  /** Of the app's answer, when it refused. */
  readonly status: number | undefined;
  /** The start of the app's answer. */
  readonly answer: string | undefined;
};

/** `next`: the cursor behind the last item, to go on from now or later; undefined before the first item ever. */
export type Page<T> = { readonly items: readonly T[]; readonly next: string | undefined; readonly more: boolean };

/** What is given must all hold; nothing given means every dead letter. */
export type ReplayChoice = {
  readonly ids?: readonly string[] | undefined;
  readonly path?: string | undefined;
  readonly number?: string | undefined;
};

/** One callback that the app has not accepted, as it is or would be posted. */
export type OutboxEvent = {
  /** Also its `webhook-id`. */
  readonly id: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** When the bridge accepted it. */
  readonly at: number;
  /** `refused`: it lies in the dead letters. */
  readonly state: 'waiting' | 'refused';
  /** A receipt of a single send is told to a second endpoint. */
  readonly also?: { readonly id: string; readonly path: string; readonly body: Readonly<Record<string, unknown>> };
  /** `inlined`: `media_base64` is in the body; otherwise the medium is only described there. */
  readonly media?: { readonly bytes: number | undefined; readonly inlined: boolean };
};

export interface OutboxAdmin {
  summary(): OutboxSummary;
  /** Oldest first. `after`: a cursor. */
  deadLetters(after: string | undefined, limit: number): Page<DeadLetterInfo>;
  /**
   * Puts dead letters back into their places in their lines; resolves with how many, once that is durable. Undefined while
   * the start is not complete. Rejects when a disk refuses; what was put back before stays so.
   */
  replay(choice: ReplayChoice): Promise<number | undefined>;
  /**
   * What the app has not accepted, in order of acceptance over all numbers. Undefined while the start is not complete: an
   * older one could still appear behind the cursor.
   */
  events(after: string | undefined, limit: number): Promise<Page<OutboxEvent> | undefined>;
}
