/**
 * All conversations: their mailboxes, their deadlines, what wakes them and what ends them.
 *
 *  SS1  A session is read, changed and run in its mailbox alone; nothing of it runs while an ending waits for the mailbox.
 *  SS2  A process that starts ends what was to end, takes up what ran when the last one ended and replies that nobody looked
 *       at, then what fell due meanwhile.
 *
 * Deliberately not here: that a customer has one session (one-session.ts), endings from outside (end-orders.ts), what is
 * known of all without reading them (standings.ts).
 */
import { sleep } from '../../clock.ts';
import type { Identity } from '../../phone.ts';
import type { Batch, Store } from '../../store/store.ts';
import { Alarm } from './alarm.ts';
import { nextDeadline } from './deadlines.ts';
import { EndOrders } from './end-orders.ts';
import { Mailboxes } from './mailboxes.ts';
import { OneSession } from './one-session.ts';
import { type Brief, delayMark, type Rows } from './rows.ts';
import { Runner, type RunnerOptions } from './runner.ts';
import { type Ending, isRunning, type SessionRow, type Sleep } from './session.types.ts';
import { Standings } from './standings.ts';
import { keyOf } from './new-session.ts';
import { callOf, fallDue, leaveBy } from './steps.ts';
import { cooldownOf } from './endings.ts';

const BROKEN_MS = 60_000;
const READY_MS = 5_000;
/** For who is asking the app something. */
const STOP_MS = 3_000;
const GONE = 'the definition of its flow is gone';

export type SessionsOptions = Omit<RunnerOptions, 'onSaved' | 'onBroken'> & {
  readonly store: Store;
  /** `FLOW_WAIT_TTL_HOURS`, in ms. */
  readonly ttlMs: number;
  readonly isReady: (device: string) => boolean;
  /** When nothing of this customer runs, in the mailbox: for replies that were kept under this key. */
  readonly onRest: (key: string, row: SessionRow | undefined) => Promise<void>;
};

export class Sessions {
  readonly #o: SessionsOptions;
  readonly #rows: Rows;
  readonly #runner: Runner;
  readonly #mailboxes: Mailboxes;
  readonly #alarm: Alarm;
  readonly #standings = new Standings();
  readonly #one: OneSession;
  readonly #endOrders: EndOrders;
  #stopped = false;

  constructor(options: SessionsOptions) {
    const { store, rows, ports } = options;
    const { clock, log } = ports;
    this.#o = options;
    this.#rows = rows;
    this.#runner = new Runner({
      ...options,
      onSaved: (row) => this.#saved(row),
      onBroken: ({ key }) => void clock.setTimeout(() => this.wake(key), BROKEN_MS),
    });
    const save = this.#runner.save.bind(this.#runner);
    this.#one = new OneSession({ rows, save, onGone: (key) => this.#standings.gone(key), log });
    this.#mailboxes = new Mailboxes((error) => log.error({ err: error }, 'work of a flow session failed'));
    this.#endOrders = new EndOrders({
      ...{ store, rows, clock, log },
      enter: ({ device, contact }, work) => this.enter(device, contact, work),
      stop: (key) => this.#runner.stop(key),
      end: (row, how, why, also) => this.#runner.end(row, how, why, also),
    });
    this.#alarm = new Alarm({ rows, ring: (brief) => this.#due(brief), clock });
  }

  /** SS2 */
  start(): void {
    this.#endOrders.recover();
    for (const brief of this.#rows.briefs()) {
      this.#standings.found(brief);
      if (brief.state === 'running') this.wake(brief.key);
    }
    // A session that came to rest in the moment of the crash has not looked at what came meanwhile.
    for (const [key, { device, contact }] of this.#rows.kept.owners()) this.hear(device, contact, key);
    this.#alarm.start();
  }

  /** What was kept under this key is looked at, unless something of theirs goes on first. */
  hear(device: string, contact: Identity, key: string): void {
    void this.enter(device, contact, async (row) => {
      if (!row || !isRunning(row)) await this.#o.onRest(row?.key ?? key, row);
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
    return this.#standings.counts();
  }

  /** SS1, whichever of their names is known. `work` gets the session as it is then, ended ones too. */
  enter(device: string, contact: Identity, work: (row: SessionRow | undefined) => Promise<void>): Promise<void> {
    const known = this.#stopped ? undefined : this.#rows.of(device, contact)?.contact;
    return this.#mailboxes.enter(device, { ...known, ...contact }, async () => {
      if (this.#stopped) return;
      const row = this.#rows.of(device, contact);
      await work(row && (await this.#one.rekeyed(row, contact)));
    });
  }

  /** To be called in the mailbox. */
  async run(row: SessionRow): Promise<void> {
    // For work that was under way when it was to stop.
    if (this.#stopped || this.#endOrders.isMeant(row.id)) return;
    await this.#runner.run(row);
    if (!this.#stopped && !isRunning(row)) await this.#o.onRest(row.key, row);
  }

  /** To be called in the mailbox. */
  save(row: SessionRow, also?: (batch: Batch) => void): Promise<void> {
    return this.#runner.save(row, [], also);
  }

  /** To be called in the mailbox: the new session takes the place of every other, and hears what was kept since then. */
  async begin(wanted: SessionRow, since: number, also: (batch: Batch) => void): Promise<void> {
    await this.run(await this.#one.begun(wanted, since, also));
  }

  /** What this customer's session does now is left where it is; it goes on with `wake`. */
  halt(device: string, contact: Identity): void {
    this.#runner.stop(this.#rows.of(device, contact)?.key ?? '');
  }

  /** Resolves with whether there was something to end, or is: an app that is being asked is not waited for. */
  end(row: SessionRow, how: Ending, why: string): Promise<boolean> {
    return this.#endOrders.end(row, how, why);
  }

  /** To be called in the mailbox: the branch behind a delay is what comes next; without its flow the session ends. */
  async awaken(row: SessionRow, sleep: Sleep, also?: (batch: Batch) => void): Promise<void> {
    const { definitions, ports } = this.#o;
    const { hash } = callOf(row, sleep) ?? {};
    const flow = hash === undefined ? undefined : definitions.pinned(hash);
    if (!flow) return this.#runner.end(row, 'aborted', GONE, also);
    row.sleeps = row.sleeps.filter((each) => each !== sleep);
    leaveBy(row, sleep, 1, flow, ports.clock.now());
    await this.save(row, (batch) => {
      if (sleep.name !== undefined) this.#rows.handle(batch, row.device, delayMark(sleep.name));
      also?.(batch);
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

  /** The same, to be called in the mailbox; else replies that waited for what did not begin are looked at. */
  async goOn(device: string, contact: Identity): Promise<void> {
    const row = this.#rows.of(device, contact);
    if (this.#stopped || row?.pause) return;
    if (row && isRunning(row)) await this.run(row);
    else await this.#o.onRest(row?.key ?? keyOf(device, contact), row);
  }

  /** Its login is gone: conversations over it end, those over a provider do not. */
  async unlinked(device: string): Promise<void> {
    const over = [...this.#rows.all(device)].filter((row) => !row.ended && row.engine === 'baileys');
    const failed = (error: unknown) => this.#o.ports.log.error({ err: error }, 'a flow could not be ended');
    await Promise.all(over.map((row) => this.end(row, 'aborted', 'the number was unlinked').catch(failed)));
  }

  /** The number may send again. */
  ready(device: string): void {
    for (const key of this.#standings.ready(device)) this.wake(key);
  }

  async #due(brief: Brief): Promise<void> {
    const { log } = this.#o.ports;
    const found = this.#rows.byKey(brief.key);
    if (!found) {
      const failed = (error: unknown) => log.error({ err: error }, 'a deadline without a session could not be removed');
      return this.#rows.heal(brief).catch(failed);
    }
    await this.enter(found.device, found.contact, async (row) => {
      if (row?.key === found.key) await this.#doDue(row);
      // Left behind, unless it was re-keyed meanwhile.
      else if (row && this.#rows.byKey(found.key)?.key === found.key) await this.#one.replace(row, [found]);
    });
  }

  async #doDue(row: SessionRow): Promise<void> {
    const now = this.#o.ports.clock.now();
    const { at, due } = nextDeadline(row, this.#o.ttlMs);
    if (at > now) return;
    switch (due.kind) {
      case 'run':
        return this.run(row);
      case 'sleep':
        await this.awaken(row, due.sleep);
        return this.run(row);
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
        // For a start that has not begun: this is looked at again in a minute.
        if (this.#rows.kept.has(row.key)) return;
        this.#standings.gone(row.key);
        return this.#rows.write((batch) => this.#rows.remove(batch, row));
      default:
        return due satisfies never;
    }
  }

  #saved(row: SessionRow): void {
    this.#standings.saved(row);
    if (row.pause?.forNumber) {
      // It may have become ready meanwhile, or be too busy.
      if (this.#o.isReady(row.device)) this.#o.ports.clock.setTimeout(() => this.wake(row.key), READY_MS);
      else this.#standings.waitForNumber(row.key);
    }
    this.#alarm.hasMoved(nextDeadline(row, this.#o.ttlMs).at);
  }
}
