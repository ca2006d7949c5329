/**
 * Why a number is, or was, down: its last 200 moves with cause, next step and its time. For operators.
 *
 *  HI1  One write per step of a number, never awaited by it: a full disk costs entries, not connections.
 *  HI2  At most 200 entries per number, none older than 30 days.
 *  HI3  Nothing secret: causes are scrubbed like log lines (log.ts, L2), what a crash says stays in the log (C-08).
 *  HI4  It outlives the login: "logged out" is what people ask about. So it lies in `data/`, not in the number's folder.
 *
 * Deliberately not here: what a close code means (machines/close-reason.ts).
 */
import type { Clock } from '../clock.ts';
import { type Log, scrub } from '../log.ts';
import type { CloseReason, Verdict } from '../machines/close-reason.ts';
import type { NumberEmitted, NumberState } from '../machines/number.types.ts';
import { maskPhone } from '../phone.ts';
import type { Store, Table } from '../store/store.ts';
import type { HistoryEntry } from './protocol.ts';
import { RotatingSweep } from './rotating-sweep.ts';

const KEPT = 200;
const KEEP_MS = 30 * 24 * 60 * 60_000;

export type HistoryOptions = { readonly store: Store; readonly clock: Clock; readonly log: Log };

export class History {
  readonly #o: HistoryOptions;
  readonly #table: Table<HistoryEntry>;
  readonly #sweep: RotatingSweep<HistoryEntry>;
  /** The number of the newest entry, per phone number. */
  readonly #newest = new Map<string, number>();
  /** The end of an attempt whose step has not said yet where it leads. */
  readonly #ended = new Map<string, HistoryEntry>();

  constructor(options: HistoryOptions) {
    const { store, clock } = options;
    this.#o = options;
    this.#table = store.table<HistoryEntry>('history');
    this.#sweep = new RotatingSweep(this.#table, ({ at }) => (clock.now() - at > KEEP_MS ? 'remove' : 'keep'));
  }

  /** Oldest first; empty for a number that never moved. */
  of(digits: string): HistoryEntry[] {
    return [...this.#table.range(rangeOf(digits))].map(({ value }) => value);
  }

  note(digits: string, fact: Extract<NumberEmitted, { type: 'ended' | 'transition' }>): void {
    if (fact.type === 'ended') {
      const { state, reason, verdict } = fact;
      this.#ended.set(digits, { ...this.#entry(state, reason.text), ...this.#outcome(reason, verdict) });
      // A transition of the same step comes before this microtask.
      queueMicrotask(() => this.#write(digits, this.#takeEnded(digits)));
      return;
    }
    const ended = this.#takeEnded(digits);
    this.#write(digits, ended ? settled(ended, fact.to) : this.#entry(fact.to, fact.why));
  }

  /** `restartAt` (epoch ms): undefined for a number that stays in quarantine. */
  crashed(digits: string, restartAt: number | undefined): void {
    const next =
      restartAt === undefined ? ({ next: 'start' } as const) : { next: 'restart' as const, nextAt: restartAt };
    this.#write(digits, { ...this.#entry('disconnected', 'crashed'), ...next });
  }

  #entry(state: NumberState, cause: string): HistoryEntry {
    return { at: this.#o.clock.now(), state, cause: scrub(cause) };
  }

  #outcome({ code }: CloseReason, verdict: Verdict): Partial<HistoryEntry> {
    return { ...(code !== undefined && { code }), ...this.#next(verdict) };
  }

  #next(verdict: Verdict): Pick<HistoryEntry, 'next' | 'nextAt'> {
    switch (verdict.kind) {
      case 'retry':
      case 'replaced':
        return { next: 'reconnect', nextAt: this.#o.clock.now() + verdict.delay };
      case 'retry now':
        return { next: 'reconnect', nextAt: this.#o.clock.now() };
      case 'stop':
        return { next: 'start' };
      case 'forget':
        return { next: 'pair' };
      default:
        return verdict satisfies never;
    }
  }

  #takeEnded(digits: string): HistoryEntry | undefined {
    const ended = this.#ended.get(digits);
    this.#ended.delete(digits);
    return ended;
  }

  #write(digits: string, entry: HistoryEntry | undefined): void {
    if (!entry) return;
    const n = (this.#newest.get(digits) ?? this.#lastStored(digits)) + 1;
    this.#newest.set(digits, n);
    const written = this.#o.store.write((batch) => {
      batch.put(this.#table, keyOf(digits, n), entry);
      batch.remove(this.#table, keyOf(digits, n - KEPT));
      this.#sweep.onAdd(batch);
    });
    written.catch((error: unknown) =>
      this.#o.log.warn({ err: error, number: maskPhone(digits) }, 'an entry of the history could not be stored'),
    );
  }

  #lastStored(digits: string): number {
    const { from, to } = rangeOf(digits);
    const [key] = this.#table.keys({ from: to, to: from, reverse: true, limit: 1 });
    return key === undefined ? 0 : Number(String(key).split(' ')[1]);
  }
}

/** A number that was told to stop waits for nobody, whatever the code would have meant. */
function settled(ended: HistoryEntry, to: NumberState): HistoryEntry {
  const { next, nextAt, ...rest } = ended;
  if (to === 'disconnected' && next === 'reconnect') return { ...rest, state: to };
  return { ...rest, state: to, ...(next && { next }), ...(nextAt !== undefined && { nextAt }) };
}

const keyOf = (digits: string, n: number): string => `${digits} ${String(Math.max(0, n)).padStart(12, '0')}`;
const rangeOf = (digits: string) => ({ from: `${digits} `, to: `${digits}!` });
