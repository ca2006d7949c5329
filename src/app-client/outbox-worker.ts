/**
 * Posts the rows of the outbox: which line may send now. Contract README §3.1.
 *
 * Invariants:
 *  W1  a line has one request under way; the next row goes after the outcome of the one before is known.
 *  W2  at most 64 requests at once, each lane within its own share: a lane never waits for another.
 *  W4  a silent or refusing app is probed, not hammered (`gate.ts`).
 *  W5  a row with a medium waits for its bytes in its own line, without a place; they are in memory during its POST.
 *  W7  whatever comes of a request, its place is free again.
 *
 * Deliberately not here: where rows lie (`outbox.ts`), what an answer does to them (`outbox-settling.ts`).
 */
import { setMaxListeners } from 'node:events';
import { type Clock, sleep } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Attachments } from './attachments.types.ts';
import type { AppClient } from './client.ts';
import { type Channel, Channels, type LaneState } from './outbox-channel.ts';
import type { Entry, Line } from './outbox-chain.ts';
import type { Lines } from './outbox-lines.ts';
import { eventId, type IsMoot } from './outbox-rows.ts';
import { Settling } from './outbox-settling.ts';
import { RowPoster } from './row-poster.ts';

export type WorkerOptions = {
  readonly client: AppClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly lines: Lines;
  readonly attachments: Attachments;
  /** 0..1, for the jitter. */
  readonly random: () => number;
  readonly isMoot?: IsMoot;
};

export class OutboxWorker {
  readonly #options: WorkerOptions;
  readonly #channels = new Channels();
  readonly #poster: RowPoster;
  readonly #flights = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #settling: Settling;
  #stopped = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#poster = new RowPoster(options);
    this.#settling = new Settling(options, {
      wake: (line) => this.wake(line),
      wait: (line, ms) => this.#wait(line, ms),
      forget: (entry) => this.forget(entry),
    });
    setMaxListeners(64, this.#abort.signal); // one per request under way
  }

  /** The line has something to post, perhaps. Harmless when it has not. */
  wake(line: Line): void {
    const { head } = line;
    if (this.#stopped || !head || head.state === 'writing' || line.busy > 0 || line.timer || line.queued) return;
    const channel = this.#channels.of(head);
    line.queued = true;
    channel.ready.push(line);
    this.#pump(channel.lane);
  }

  /** An entry that was given up: its line goes on without it. */
  forget(entry: Entry): void {
    if (entry.attachment) this.#options.attachments.drop(entry.attachment);
    this.#moveOn(this.#options.lines.drop(entry));
  }

  /** As `wake`, but not before `ms` have passed; shortens a longer wait that is no back-off. */
  wakeIn(line: Line, ms: number): void {
    if (this.#stopped || line.busy > 0 || line.queued || line.attempts > 0) return;
    if (line.timer && line.dueAt <= this.#options.clock.now() + ms) return;
    this.#wait(line, ms);
  }

  /** When something is posted next (epoch ms); undefined while requests are under way, and when nothing waits. */
  nextAttempt(): number | undefined {
    let next = Infinity;
    for (const { timer, dueAt } of this.#options.lines.all()) if (timer) next = Math.min(next, dueAt);
    for (const { ready, gate } of this.#channels.all())
      if (!ready.empty && gate.ajar) next = Math.min(next, gate.nextProbe);
    return this.#flights.size > 0 || next === Infinity ? undefined : next;
  }

  /** No new requests; those under way get `ms`, then they are aborted and their rows stay. */
  async stop(ms: number): Promise<void> {
    this.#stopped = true;
    const { clock, lines } = this.#options;
    for (const { probeTimer } of this.#channels.all()) if (probeTimer) clock.clearTimeout(probeTimer);
    for (const line of lines.all()) if (line.timer) clock.clearTimeout(line.timer);
    const landed = new AbortController(); // ends the wait early
    const all = Promise.all(this.#flights).then(() => landed.abort());
    await sleep(clock, ms, landed.signal).catch(() => undefined);
    this.#abort.abort();
    await all;
  }

  #pump(lane: LaneState): void {
    if (lane.pumping) return; // the loop below sees what was added
    lane.pumping = true;
    for (let moved = true; moved; ) {
      moved = false;
      for (const channel of lane.channels) {
        if (!this.#stopped && lane.busy < lane.atOnce && this.#next(channel)) moved = true;
      }
    }
    lane.pumping = false;
  }

  /** Takes one line from the ready queue. False when none may go now. */
  #next(channel: Channel): boolean {
    const { clock } = this.#options;
    if (channel.ready.empty) return false;
    const wait = channel.gate.nextProbe - clock.now();
    if (wait > 0) {
      channel.probeTimer ??= clock.setTimeout(() => {
        channel.probeTimer = undefined;
        this.#pump(channel.lane);
      }, wait);
      return false;
    }
    const line = channel.ready.shift();
    if (!line) return false;
    line.queued = false;
    channel.forApp.delete(line);
    if (!line.head || line.head.state === 'writing' || line.busy > 0 || line.timer) return true;
    if (this.#awaitsBytes(line.head)) return true;
    if (this.#channels.of(line.head) !== channel) this.wake(line);
    else this.#post(channel, line);
    return true;
  }

  #post(channel: Channel, line: Line): void {
    const { lines, clock } = this.#options;
    const entry = lines.take(line);
    const row = entry?.home.row(entry.seq);
    if (!entry) return;
    if (!row) return this.forget(entry);
    if (this.#options.isMoot?.(row)) return this.#settling.leave(entry);
    const probe = channel.gate.ajar;
    channel.gate.pass(clock.now());
    channel.lane.busy++;
    const call = { timeoutMs: row.timeoutMs, signal: this.#abort.signal, id: eventId(entry.seq, row) };
    const flight = this.#poster.post(row, call).then((answer) => {
      channel.lane.busy--;
      this.#settling.settle(channel, entry, row, answer, probe);
      this.#flights.delete(flight);
      this.#pump(channel.lane);
    });
    this.#flights.add(flight);
  }

  /** W5. True: its line is woken when the medium is here, or will not come. */
  #awaitsBytes(entry: Entry): boolean {
    const { attachments, lines } = this.#options;
    if (!entry.attachment) return false;
    return !attachments.ready(entry.attachment, () => {
      if (entry.state !== 'gone') this.wake(lines.lineOf(entry));
    });
  }

  #moveOn(line: Line): void {
    line.attempts = 0;
    this.wake(line);
  }

  #wait(line: Line, ms: number): void {
    const { clock } = this.#options;
    if (this.#stopped) return;
    if (line.timer) clock.clearTimeout(line.timer);
    line.dueAt = clock.now() + ms;
    line.timer = clock.setTimeout(() => {
      line.timer = undefined;
      this.wake(line);
    }, ms);
  }
}
