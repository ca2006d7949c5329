/**
 * All conversations: their mailboxes, their deadlines, what wakes them and what ends them.
 *
 *  SS1  A session is read, changed and run in its mailbox alone; who ends one stops its run first and then waits for the
 *       mailbox, which is free at once unless the app is being asked something: nothing of it runs behind that.
 *  SS2  A process that starts takes up what ran when the last one ended and replies that nobody looked at, then what fell due
 *       meanwhile.
 *  SS3  A customer known by LID alone is re-keyed as soon as the number is known, at the app too; the old key stays a name of
 *       the session.
 *  SS4  One customer has one session: whichever else turns out to be theirs leaves the store in the same write, and with it
 *       what the app keeps of it.
 */
import type { FlowFact } from '../../app-client/flow-facts.types.ts';
import { byDeadline, sleep } from '../../clock.ts';
import { type Identity, samePhone } from '../../phone.ts';
import type { Batch } from '../../store/store.ts';
import { Alarm } from './alarm.ts';
import { nextDeadline } from './deadlines.ts';
import { Mailboxes } from './mailboxes.ts';
import { type Brief, delayMark, type Rows, type State, stateOf } from './rows.ts';
import { Runner, type RunnerOptions } from './runner.ts';
import { type Ending, isRunning, type SessionRow, type Sleep } from './session.types.ts';
import { parkFact } from './snapshot.ts';
import { keyOf } from './starts.ts';
import { callOf, fallDue, leaveBy } from './steps.ts';
import { cooldownOf } from './endings.ts';

const BROKEN_MS = 60_000;
const READY_MS = 5_000;
/** For who is asking the app something. */
const STOP_MS = 3_000;
/** For work of the app's that an ending comes behind (contract flows §1.3: within 2 s). */
const END_MS = 1_500;
const TWICE = 'its customer has another session';
const GONE = 'the definition of its flow is gone';

export type SessionsOptions = Omit<RunnerOptions, 'onSaved' | 'onBroken'> & {
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
  /** Keys of those that wait for their number, by device. */
  readonly #forNumber = new Map<string, Set<string>>();
  /** Of all on disk: for the count, which is asked for often. */
  readonly #states = new Map<string, State>();
  /** Ids of those whose ending waits for the mailbox. */
  readonly #ending = new Set<string>();
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
    // A session that came to rest in the moment of the crash has not looked at what came meanwhile.
    for (const [key, { device, contact }] of this.#rows.keptOf()) this.hear(device, contact, key);
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
    // For work that was under way when it was to stop.
    if (this.#stopped || this.#ending.has(row.id)) return;
    await this.#runner.run(row);
    if (!this.#stopped && !isRunning(row)) await this.#o.onRest(row.key, row);
  }

  /** To be called in the mailbox. */
  save(row: SessionRow, also?: (batch: Batch) => void): Promise<void> {
    return this.#runner.save(row, [], also);
  }

  /**
   * To be called in the mailbox: the new session takes the place of every other of this customer, and hears what was kept
   * since then.
   */
  async begin(wanted: SessionRow, since: number, also: (batch: Batch) => void): Promise<void> {
    const others = this.#rows.allOf(wanted.device, wanted.contact);
    // Names that are theirs stay theirs.
    const contact = others.reduce((known, other) => ({ ...other.contact, ...known }), wanted.contact);
    const key = keyOf(wanted.device, contact);
    const formerKey = others.find((other) => other.key === key)?.formerKey;
    const row: SessionRow = { ...wanted, key, contact, ...(formerKey !== undefined && { formerKey }) };
    await this.#saveAlone(row, others, 'another flow was started', {
      also: (batch) => {
        for (const from of new Set([keyOf(wanted.device, wanted.contact), ...others.map((other) => other.key)]))
          this.#rows.passReplies(batch, from, key, since);
        also(batch);
      },
    });
    await this.run(row);
  }

  /** SS4 */
  async #saveAlone(
    row: SessionRow,
    others: readonly SessionRow[],
    why: string,
    { told = [], also }: { readonly told?: readonly FlowFact[]; readonly also?: (batch: Batch) => void } = {},
  ): Promise<void> {
    const about = { outcome: 'aborted', reason: why };
    for (const { ended, id } of others) if (!ended) this.#o.ports.log.info({ session: id, ...about }, 'a flow ended');
    const gone = others.filter(({ key }) => key !== row.key);
    const cleared = gone.map(({ device, key: session }): FlowFact => ({ kind: 'flow park', device, session }));
    await this.#runner.save(row, [...cleared, ...told], (batch) => {
      for (const other of gone) this.#rows.remove(batch, other);
      also?.(batch);
    });
    for (const { key } of gone) this.#states.delete(key);
  }

  /** What this customer's session does now is left where it is; it goes on with `wake`. */
  halt(device: string, contact: Identity): void {
    const row = this.#rows.of(device, contact);
    if (row) this.#runner.stop(row.key);
  }

  /** SS1. Resolves with whether there was something to end, or is: an app that is being asked is not waited for. */
  async end(row: SessionRow, how: Ending, why: string): Promise<boolean> {
    const { clock } = this.#o.ports;
    let isEnded = false;
    this.#runner.stop(row.key);
    this.#ending.add(row.id);
    const done = this.enter(row.device, row.contact, async (now) => {
      if (!now || now.ended || now.id !== row.id) return;
      await this.#runner.end(now, how, why, (batch) => this.#rows.dropReplies(batch, now.key));
      isEnded = true;
    }).finally(() => this.#ending.delete(row.id));
    return (await byDeadline(clock, done, clock.now() + END_MS)) === 'late' || isEnded;
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
    const { log } = this.#o.ports;
    const found = this.#rows.byKey(brief.key);
    if (!found) {
      const failed = (error: unknown) => log.error({ err: error }, 'a deadline without a session could not be removed');
      return this.#rows.heal(brief).catch(failed);
    }
    await this.enter(found.device, found.contact, async (row) => {
      if (row?.key === found.key) await this.#doDue(row);
      // Left behind, unless it was re-keyed meanwhile.
      else if (row && this.#rows.byKey(found.key)?.key === found.key) await this.#saveAlone(row, [found], TWICE);
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
    const others = this.#rows.allOf(row.device, known).filter((other) => other.key !== row.key);
    const isKept = key !== row.key && !row.ended && row.wait !== undefined;
    const told = isKept ? [{ kind: 'flow park', device: row.device, session: row.key } as const, parkFact(moved)] : [];
    await this.#saveAlone(moved, others, TWICE, { told });
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
