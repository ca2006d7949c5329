/**
 * How full the outbox is, and what follows. One rule for its own bounds and for the disk:
 *
 *  OB1  Nothing that was accepted is dropped for room. What could not be kept is not accepted: at the bound new sends are
 *       refused (503), and messages and receipts stay with WhatsApp, which delivers them again once there is room.
 *  OB2  From 80 % of a bound on, or with little disk left, an error is logged once a minute, and `/health` says so.
 *  OB3  The bridge's own words (statuses, groups, proxies) are taken at any time: newer ones replace unsent ones.
 *
 * Deliberately not here: refusing (`outbox.ts` for WhatsApp's messages, `http/declare.ts` for sends), and dead letters, which
 * leave after 14 days and only take disk.
 */
import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Fact } from './callbacks.types.ts';
import type { Tally } from './outbox-tally.ts';

/** `filling`: somebody should look; `full`: nothing more is taken. */
export type Room = 'ok' | 'filling' | 'full';

export const worseOf = (a: Room, b: Room): Room => (a === 'full' || b === 'full' ? 'full' : a === 'filling' ? a : b);

export type Bounds = {
  /** Callbacks that wait. */
  readonly rows: number;
  /** Of their texts. */
  readonly bytes: number;
};

export type OutboxBoundsOptions = {
  readonly tally: Pick<Tally, 'rows' | 'bytes'>;
  readonly bounds: Bounds;
  /** Of the disks that rows are written to; asked with every message, so it must be cheap. */
  readonly disk: () => Room;
  readonly clock: Clock;
  readonly log: Log;
};

const FILLING = 0.8;
const LOOK_MS = 60_000;

export class OutboxBounds {
  readonly #o: OutboxBoundsOptions;
  #timer: Timer | undefined;

  constructor(options: OutboxBoundsOptions) {
    this.#o = options;
    this.#lookLater();
  }

  room(): Room {
    const { tally, bounds, disk } = this.#o;
    const share = Math.max(tally.rows / bounds.rows, tally.bytes / bounds.bytes);
    if (share >= 1) return 'full';
    return worseOf(disk(), share >= FILLING ? 'filling' : 'ok');
  }

  /** Throws when these facts are WhatsApp's and there is no room for them (OB1). */
  assertRoom(facts: readonly Fact[]): void {
    const isWhatsApps = facts.some(({ kind }) => kind === 'inbound' || kind === 'receipt');
    if (isWhatsApps && this.room() === 'full')
      throw new Error(
        'the outbox or its disk is full: WhatsApp keeps its messages until the app takes callbacks again',
      );
  }

  stop(): void {
    if (this.#timer) this.#o.clock.clearTimeout(this.#timer);
  }

  #lookLater(): void {
    const { tally, clock, log } = this.#o;
    this.#timer = clock.setTimeout(() => {
      this.#lookLater();
      const state = this.room();
      const fields = { state, count: tally.rows, megabytes: Math.round(tally.bytes / 1_048_576) };
      if (state === 'filling')
        log.error(fields, 'the outbox fills up: the app must take callbacks, or the disk needs room');
      if (state === 'full')
        log.error(fields, 'the outbox is full: sends are refused and messages stay with WhatsApp until there is room');
    }, LOOK_MS);
  }
}
