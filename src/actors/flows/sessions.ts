/**
 * All conversations: their mailboxes, their deadlines, what wakes them and what ends them.
 *
 *  SS1  A session is read, changed and run in its mailbox alone; who ends one stops its run first and then waits for the
 *       mailbox, which is free at once.
 *  SS2  A process that starts takes up what ran when the last one ended and replies that nobody looked at, then what fell due
 *       meanwhile.
 *  SS3  A customer known by LID alone is re-keyed as soon as the number is known; the old key stays a name of the session.
 */
import { sleep } from '../../clock.ts';
import { type Identity, samePhone } from '../../phone.ts';
import type { Batch } from '../../store/store.ts';
import { Alarm } from './alarm.ts';
import { nextDeadline } from './deadlines.ts';
import { Mailboxes } from './mailboxes.ts';
import { type Brief, type Rows, type State, stateOf } from './rows.ts';
import { Runner, type RunnerOptions } from './runner.ts';
import { type Ending, isRunning, type SessionRow } from './session.types.ts';
import { keyOf } from './starts.ts';
import { callOf, fallDue, leaveBy } from './steps.ts';
import { cooldownOf } from './endings.ts';

const BROKEN_MS = 60_000;
const READY_MS = 5_000;
/** For who is asking the app something. */
const STOP_MS = 3_000;

export type SessionsOptions = Omit<RunnerOptions, 'onSaved' | 'onBroken'> & {
  /** `FLOW_WAIT_TTL_HOURS`, in ms. */
  readonly ttlMs: number;
  readonly isReady: (device: string) => boolean;
  /** After every run, in the mailbox: replies that came meanwhile. */
  readonly onRest: (row: SessionRow) => Promise<void>;
};

export class Sessions {
  readonly #o: SessionsOptions;
  readonly #rows: Rows;
  readonly #runner: Runner;
  readonly #mailboxes: Mailboxes;
  readonly #alarm: Alarm;
  /** Keys of those that wait for their number, by device. */
  readonly #forNumber = new Map<string, Set<string>>();
  /** Of those that have not ended: for the count, which is asked for often. */
  readonly #states = new Map<string, State>();
  #stopped = false;

  constructor(options: SessionsOptions) {
    const { rows, ports } = options;
    this.#o = options;
    this.#rows = rows;
    this.#runner = new Runner({
      ...options,
      onSaved: (row) => this.#saved(row),
      onBroken: ({ key }) => void ports.clock.setTimeout(() => this.wake(key), BROKEN_MS),
    });
    this.#mailboxes = new Mailboxes((error) => ports.log.error({ err: error }, 'work of a flow session failed'));
    this.#alarm = new Alarm({ rows, ring: (brief) => this.#due(brief), clock: ports.clock });
  }

  /** SS2 */
  start(): void {
    for (const { key, state, forNumber } of this.#rows.briefs()) {
      this.#states.set(key, state);
      if (state === 'running') this.wake(key);
      else if (state === 'paused' && forNumber) this.#waitForNumber(key);
    }
    for (const key of this.#rows.keysWithReplies()) this.#rest(key);
    this.#alarm.start();
  }

  /** A session that came to rest in the moment of the crash has not looked at what came meanwhile. */
  #rest(key: string): void {
    const row = this.#rows.byKey(key);
    if (row)
      void this.enter(row.device, row.contact, async (now) => {
        if (now && !isRunning(now)) await this.#o.onRest(now);
      });
  }

  /** Nothing new runs; resolves when nothing is under way. What was stops where it is, on disk. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#alarm.stop();
    this.#runner.stopAll();
    await Promise.race([this.#mailboxes.settled(), sleep(this.#o.ports.clock, STOP_MS)]);
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  isBusy(device: string, contact: Identity): boolean {
    return this.#mailboxes.isBusy(device, contact);
  }

  counts(): { readonly active: number; readonly waiting: number } {
    let [active, waiting] = [0, 0];
    for (const state of this.#states.values()) {
      if (state === 'running' || state === 'paused' || state === 'waiting') active += 1;
      if (state === 'waiting') waiting += 1;
    }
    return { active, waiting };
  }

  /** SS1. `work` gets the session as it is then, ended ones too. */
  enter(device: string, contact: Identity, work: (row: SessionRow | undefined) => Promise<void>): Promise<void> {
    return this.#mailboxes.enter(device, contact, async () => {
      if (this.#stopped) return;
      const row = this.#rows.of(device, contact);
      await work(row && (await this.#rekeyed(row, contact)));
    });
  }

  /** To be called in the mailbox. */
  async run(row: SessionRow): Promise<void> {
    await this.#runner.run(row);
    if (!this.#stopped && !isRunning(row)) await this.#o.onRest(row);
  }

  /** To be called in the mailbox. */
  save(row: SessionRow, also?: (batch: Batch) => void): Promise<void> {
    return this.#runner.save(row, [], also);
  }

  /** To be called in the mailbox: the new session takes the place of every other of this customer. */
  async begin(row: SessionRow, also: (batch: Batch) => void): Promise<void> {
    const before = this.#rows.of(row.device, row.contact);
    if (before && !before.ended)
      this.#o.ports.log.info(
        { session: before.id, outcome: 'aborted', reason: 'another flow was started' },
        'a flow ended',
      );
    await this.save(row, (batch) => {
      if (before && before.key !== row.key) {
        this.#rows.remove(batch, before);
        this.#states.delete(before.key);
      }
      also(batch);
    });
    await this.run(row);
  }

  /** What this customer's session does now is left where it is; it goes on with `wake`. */
  halt(device: string, contact: Identity): void {
    const row = this.#rows.of(device, contact);
    if (row) this.#runner.stop(row.key);
  }

  /** Stops it wherever it is; resolves with whether there was something to end. */
  async end(row: SessionRow, how: Ending, why: string): Promise<boolean> {
    let isEnded = false;
    this.#runner.stop(row.key);
    await this.enter(row.device, row.contact, async (now) => {
      if (!now || now.ended || now.id !== row.id) return;
      await this.#runner.end(now, how, why);
      isEnded = true;
    });
    return isEnded;
  }

  /** F-12: whose customer half is this number, however it is written. */
  ofCustomer(customer: string): SessionRow[] {
    const isTheirs = ({ contact, key }: SessionRow) =>
      contact.pn === undefined ? key.endsWith(`_${customer}`) : samePhone(contact.pn, customer);
    return [...this.#keys((state) => state !== 'ended')].flatMap((key) => {
      const half = key.slice(key.indexOf('_') + 1);
      const row = samePhone(half, customer) ? this.#rows.byKey(key) : undefined;
      return row && isTheirs(row) ? [row] : [];
    });
  }

  /** Goes on with what the session was doing, when it was. */
  wake(key: string): void {
    const row = this.#rows.byKey(key);
    if (row)
      void this.enter(row.device, row.contact, async (now) => {
        if (now && isRunning(now)) await this.run(now);
      });
  }

  /** The same, to be called in the mailbox. */
  async goOn(device: string, contact: Identity): Promise<void> {
    const row = this.#rows.of(device, contact);
    if (row && isRunning(row) && !row.pause && !this.#stopped) await this.run(row);
  }

  /** Its login is gone: conversations over it end, those over a provider do not. */
  async unlinked(device: string): Promise<void> {
    const over = [...this.#rows.all(device)].filter((row) => !row.ended && row.engine === 'baileys');
    await Promise.all(over.map((row) => this.end(row, 'aborted', 'the number was unlinked')));
  }

  /** The number may send again. */
  ready(device: string): void {
    const keys = this.#forNumber.get(device);
    this.#forNumber.delete(device);
    for (const key of keys ?? []) this.wake(key);
  }

  *#keys(wanted: (state: State) => boolean): Generator<string> {
    for (const { key, state } of this.#rows.briefs()) if (wanted(state)) yield key;
  }

  async #due(brief: Brief): Promise<void> {
    const found = this.#rows.byKey(brief.key);
    if (!found) return this.#rows.heal(brief);
    await this.enter(found.device, found.contact, async (row) => {
      if (row) await this.#doDue(row);
    });
  }

  async #doDue(row: SessionRow): Promise<void> {
    const now = this.#o.ports.clock.now();
    const { at, due } = nextDeadline(row, this.#o.ttlMs);
    if (at > now) return;
    switch (due.kind) {
      case 'run':
        return this.run(row);
      case 'sleep': {
        const { sleep } = due;
        row.sleeps = row.sleeps.filter((each) => each !== sleep);
        const call = callOf(row, sleep);
        leaveBy(row, sleep, 1, call && this.#o.definitions.pinned(call.hash), now);
        return this.run(row);
      }
      case 'wait':
        fallDue(row, due.open, now);
        await this.save(row);
        return this.run(row);
      case 'timeout':
        return this.#runner.end(row, 'timeout', 'nobody answered');
      case 'dormant': {
        row.isDormant = true;
        const until = cooldownOf(row, now);
        if (until !== undefined) await this.#o.coolDown(row, until);
        return this.save(row);
      }
      case 'forget':
        this.#states.delete(row.key);
        return this.#rows.write((batch) => this.#rows.remove(batch, row));
      default:
        return due satisfies never;
    }
  }

  /** SS3 */
  async #rekeyed(row: SessionRow, contact: Identity): Promise<SessionRow> {
    const known = { ...contact, ...row.contact };
    const isNews = (contact.pn !== undefined && !row.contact.pn) || (contact.lid !== undefined && !row.contact.lid);
    if (!isNews) return row;
    const key = row.contact.pn === undefined ? keyOf(row.device, known) : row.key;
    const moved: SessionRow = { ...row, key, contact: known, ...(key !== row.key && { formerKey: row.key }) };
    await this.save(moved);
    return moved;
  }

  #saved(row: SessionRow): void {
    if (row.formerKey !== undefined) this.#states.delete(row.formerKey);
    this.#states.set(row.key, stateOf(row));
    if (row.pause?.forNumber) {
      // It may have become ready meanwhile, or be too busy.
      if (this.#o.isReady(row.device)) this.#o.ports.clock.setTimeout(() => this.wake(row.key), READY_MS);
      else this.#waitForNumber(row.key);
    }
    this.#alarm.hasMoved(nextDeadline(row, this.#o.ttlMs).at);
  }

  #waitForNumber(key: string): void {
    const device = key.slice(0, key.indexOf('_'));
    const keys = this.#forNumber.get(device) ?? new Set();
    this.#forNumber.set(device, keys.add(key));
  }
}
