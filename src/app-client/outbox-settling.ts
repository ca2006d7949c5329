/**
 * What the app's answer does to a row of the outbox, to its line and to its endpoint. Contract README §3.1.
 *
 *  W3  a row leaves only by success, supersede, burial, because the app lacks the endpoint (receipts) or the job, or moot.
 *  W6  once a silent or refusing app answers, everything that waited for it goes.
 *
 * Deliberately not here: what an answer means (`outcomes.ts`), when a line may send (`outbox-worker.ts`).
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { PATHS } from './callbacks.ts';
import type { AppAnswer } from './client.ts';
import type { Entry, Line } from './outbox-chain.ts';
import { type Channel, reasonOf, warnRefused } from './outbox-channel.ts';
import type { Lines } from './outbox-lines.ts';
import type { Row } from './outbox-rows.ts';
import { isUnknownDevice, outcomeOf } from './outcomes.ts';

const HOLD_MS = 60_000;

export type SettlingOptions = {
  readonly lines: Lines;
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1, for the jitter. */
  readonly random: () => number;
};

/** What happens to a line next. */
export type SettlingWorker = {
  readonly wake: (line: Line) => void;
  readonly wait: (line: Line, ms: number) => void;
  /** The entry is done with: its line goes on without it. */
  readonly forget: (entry: Entry) => void;
};

export class Settling {
  readonly #o: SettlingOptions;
  readonly #worker: SettlingWorker;
  /** Order keys of the numbers whose groups the app has refused. */
  readonly #refusedGroups = new Set<string>();

  constructor(options: SettlingOptions, worker: SettlingWorker) {
    this.#o = options;
    this.#worker = worker;
  }

  /** The request of `entry` has ended with `answer`; `probe`: it was the only one let through. */
  settle(channel: Channel, entry: Entry, row: Row, answer: AppAnswer, probe: boolean): void {
    const { lines, clock, log, random } = this.#o;
    if (answer.kind === 'no answer' && answer.why === 'aborted') {
      lines.putBack(entry);
      return;
    }
    const { first } = entry;
    entry.first = false;
    const line = lines.lineOf(entry);
    const now = clock.now();
    const unknownDeviceMs = line.unknownDeviceSince === undefined ? 0 : now - line.unknownDeviceSince;
    const history = { attempts: line.attempts, repeats: row.repeats ?? 0, unknownDeviceMs };
    const outcome = outcomeOf(row.path, answer, history, now, random());
    if (answer.kind === 'answer')
      line.unknownDeviceSince =
        answer.status === 404 && isUnknownDevice(row.path, answer.body) ? (line.unknownDeviceSince ?? now) : undefined;
    if (outcome.kind === 'hold') channel.gate.refused(now);
    else if (outcome.kind === 'retry' && outcome.appDown) this.#unanswered(channel, answer, probe);
    else if (answer.kind === 'answer' && channel.gate.answered()) this.#release(channel);

    switch (outcome.kind) {
      case 'done':
        if (row.about) entry.home.onAnswer?.(row.about, answer, first);
        return this.leave(entry);
      case 'dead':
        if (this.#isNewRefusal(row))
          log.warn({ path: row.path, reason: outcome.why }, 'the app refused a callback; it lies in the dead letters');
        entry.home.bury([entry.seq], outcome.why, answer.kind === 'answer' ? answer : undefined);
        return this.#worker.forget(entry);
      case 'skip':
        return this.leave(entry);
      case 'hold':
        warnRefused(channel, answer, now, log);
        return this.#stay(entry, HOLD_MS);
      case 'retry':
        line.attempts++;
        if (outcome.appDown) channel.forApp.add(line);
        return this.#stay(entry, outcome.afterMs);
      case 'again later':
        line.attempts = 0;
        if (!this.#superseded(entry)) entry.home.countRepeat(entry.seq, row);
        return this.#stay(entry, outcome.afterMs);
      default:
        outcome satisfies never;
    }
  }

  /** A number without a workspace refuses every list of groups: one line per number is enough (clients §11.1). */
  #isNewRefusal({ path, orderKeys: [line = ''] }: Row): boolean {
    if (path !== PATHS.groups) return true;
    const isNew = !this.#refusedGroups.has(line);
    this.#refusedGroups.add(line);
    return isNew;
  }

  /** Done with: the row goes. */
  leave(entry: Entry): void {
    entry.home.spend(entry.seq);
    this.#worker.forget(entry);
  }

  /** The row keeps its place and its line waits, unless a newer row speaks for it. */
  #stay(entry: Entry, ms: number): void {
    const { lines } = this.#o;
    if (this.#superseded(entry)) {
      entry.home.spend(entry.seq);
      const line = lines.drop(entry);
      if (line.head && !line.timer) this.#worker.wait(line, ms);
      return;
    }
    const line = lines.putBack(entry);
    if (!line.timer) this.#worker.wait(line, ms);
  }

  #superseded(entry: Entry): boolean {
    const newest = entry.supersede && this.#o.lines.newest(entry.supersede.key);
    return newest !== undefined && newest !== entry && newest.state !== 'writing';
  }

  #unanswered(channel: Channel, answer: AppAnswer, probe: boolean): void {
    if (channel.gate.unanswered(this.#o.clock.now(), probe))
      this.#o.log.warn({ path: channel.path, reason: reasonOf(answer) }, 'the app does not answer; callbacks wait');
  }

  /** The app is back: everything that waited for it goes at once. */
  #release(channel: Channel): void {
    this.#o.log.info({ path: channel.path, lines: channel.forApp.size }, 'the app answers again');
    for (const line of channel.forApp) {
      if (line.timer) this.#o.clock.clearTimeout(line.timer);
      line.timer = undefined;
      this.#worker.wake(line);
    }
    channel.forApp.clear();
  }
}
