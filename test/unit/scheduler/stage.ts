/**
 * The scheduler on a store in memory, in simulated time, with engines that keep what they were given as WhatsApp would:
 * one message per id. A life ends like a process does (`kill`): what it had not written is lost, its timers never ring.
 */
import type {
  BulkEngine,
  BulkOutcome,
  BulkRequest,
  BulkSends,
  FlowCheck,
  FlowStarts,
  StartOrder,
} from '../../../src/actors/protocol.ts';
import type { Fact, JobFact } from '../../../src/app-client/callbacks.types.ts';
import type { OutboxQueue } from '../../../src/app-client/outbox.types.ts';
import type { Pacing } from '../../../src/app-client/settings-answer.ts';
import type { Clock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { Books } from '../../../src/scheduler/books.ts';
import type { LookUps } from '../../../src/scheduler/messenger.ts';
import type { Entry, Fields, JobKind, Registered } from '../../../src/scheduler/protocol.ts';
import { Runs } from '../../../src/scheduler/runs.ts';
import { Scheduler } from '../../../src/scheduler/scheduler.ts';
import { Schedules } from '../../../src/scheduler/schedules.ts';
import type { Batch, Store } from '../../../src/store/store.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { memoryStore } from '../../helpers/memory-store.ts';

export const SENDER = '5511900000001';
export const START = Date.UTC(2026, 5, 1, 12);
export const phones = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `49151${String(10_000_000 + from + index)}`);

export type Message = { readonly id: string; readonly to: string; readonly text: string; readonly at: number };

export class Stage {
  readonly time = new SimulatedTime(START);
  readonly store: Store = memoryStore();
  /** What the app was told, in order; durable with the books. */
  readonly facts: JobFact[] = [];
  /** What reached the peer: on the linked device each id once, at providers every call. */
  readonly messages: Message[] = [];
  readonly lines: string[] = [];
  pacing: Pacing = { gap: 3, inBatches: false, batch: 50, pause: 5 };
  engine: BulkEngine = { kind: 'engine', engine: 'baileys', branding: '' };
  isReady = true;
  room = Infinity;
  /** Its room on any other day than the one that is. */
  cap = Infinity;
  /** What becomes of a send; undefined: it arrives. */
  outcome: (request: BulkRequest, tries: number) => BulkOutcome | undefined = () => undefined;
  sendMs = 100;
  /** The life ends right after this many more writes. */
  writesLeft = Infinity;
  /** The disk refuses to write, for what it answers true to. */
  isFull: () => boolean = () => false;
  templates = new Map<number, Fields>();
  /** What the app has of a flow that a campaign is about. */
  flow: FlowCheck = { kind: 'checked', problems: [] };
  /** Flows that began; a name begins once. */
  readonly starts: StartOrder[] = [];
  /** Whether the runtime cannot take a start now. */
  refuseStarts = false;
  held: string[] = [];
  /** Why no medium can be had. */
  refusal: string | undefined;
  /** How often the app was asked for the pace. */
  asked = 0;
  released: string[] = [];
  life: Life;
  aliveAt: number | undefined;

  constructor() {
    this.life = new Life(this);
  }

  get jobs(): Schedules {
    return this.life.schedules;
  }

  /** As `kill -9`, then a new process. */
  restart(open = true): void {
    this.life.dead = true;
    this.writesLeft = Infinity;
    this.life = new Life(this);
    if (open) this.life.scheduler.openGate();
  }

  /** Moves time, and lets writes and sends settle before every timer. */
  async run(ms: number): Promise<void> {
    const end = this.time.now() + ms;
    for (;;) {
      await this.#settled();
      if (this.writesLeft <= 0) this.restart();
      const next = this.time.nextIn();
      if (next === undefined || this.time.now() + next > end) break;
      this.time.advance(next);
    }
    this.time.advance(end - this.time.now());
    await this.#settled();
  }

  async #settled(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet += this.life.writing === 0 ? 1 : -quiet)
      await new Promise((resolve) => setImmediate(resolve));
  }

  async register(
    kind: JobKind,
    body: Fields,
    more: Partial<Entry> = {},
  ): Promise<Extract<Registered, { kind: 'registered' }>> {
    const registered = await this.settle(this.jobs.register({ kind, sender: SENDER, body, ...more }));
    if (registered.kind !== 'registered') throw new Error(JSON.stringify(registered));
    return registered;
  }

  async settle<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const end = () => (isDone = true);
    work.then(end, end);
    // What is under way needs time to pass.
    for (let round = 0; !isDone && round < 400; round++) await this.run(round < 5 ? 0 : 50);
    return work;
  }

  ids(): string[] {
    return this.messages.map(({ id }) => id);
  }

  sentTo(): string[] {
    return this.messages.map(({ to }) => to);
  }

  /** Facts of one kind. */
  told<K extends JobFact['kind']>(kind: K): Extract<JobFact, { kind: K }>[] {
    return this.facts.filter((fact): fact is Extract<JobFact, { kind: K }> => fact.kind === kind);
  }
}

class Life {
  dead = false;
  writing = 0;
  readonly books: Books;
  readonly runs: Runs;
  readonly scheduler: Scheduler;
  readonly schedules: Schedules;

  constructor(stage: Stage) {
    const clock = this.#clock(stage.time);
    const store = this.#store(stage);
    const queue: OutboxQueue = {
      append: async (facts: readonly Fact[], also?: (batch: Batch) => void) => {
        await store.write((batch) => also?.(batch));
        stage.facts.push(...(facts as readonly JobFact[]));
      },
    };
    const log = createLog({ level: 'warn', stream: { write: (line) => stage.lines.push(line) } });
    const sends = this.#sends(stage, clock);
    const lookUps: LookUps = {
      template: (id) => {
        const fields = stage.templates.get(id);
        return Promise.resolve(fields ? { kind: 'found', fields } : { kind: 'not found' });
      },
      attributes: () => Promise.resolve({}),
    };
    const flows = this.#flows(stage);
    this.books = new Books(store, queue);
    const appUrl = 'http://127.0.0.1:8000';
    const pacing = () => stage.pacing;
    const graceMs = 3_600_000;
    this.runs = new Runs({
      ...{ books: this.books, sends, lookUps, flows, pacing, appUrl, graceMs, clock, log },
      random: () => 0.5,
      refreshPacing: () => void (stage.asked += 1),
      rearm: (job) => this.scheduler.rearm(job),
    });
    const read = () => stage.aliveAt;
    const note = async (at: number) => {
      if (!this.dead) stage.aliveAt = at;
    };
    const own = { books: this.books, runs: this.runs, clock, log };
    this.scheduler = new Scheduler({ ...own, alive: { read, note }, graceMs });
    this.schedules = new Schedules({ ...own, scheduler: this.scheduler, sends, lookUps, flows, pacing, appUrl });
    this.scheduler.start();
  }

  #clock(time: SimulatedTime): Clock {
    return {
      now: () => time.now(),
      setTimeout: (fn, ms) => time.setTimeout(() => (this.dead ? undefined : fn()), ms),
      clearTimeout: (timer) => time.clearTimeout(timer),
    };
  }

  #store(stage: Stage): Store {
    const { store } = stage;
    return {
      table: (name) => store.table(name),
      write: async (change) => {
        if (this.dead || stage.writesLeft <= 0) return never();
        if (stage.isFull()) throw new Error('no space left on device');
        stage.writesLeft -= 1;
        this.writing += 1;
        try {
          await store.write(change);
        } finally {
          this.writing -= 1;
        }
      },
      writeSync: (change) => store.writeSync(change),
      close: () => store.close(),
    };
  }

  #sends(stage: Stage, clock: Clock): BulkSends {
    const tries = new Map<string, number>();
    return {
      engineOf: () => Promise.resolve(stage.engine),
      isReady: () => stage.isReady,
      onReady: (wake) => (this.wake = wake),
      room: (_from, _workspace, at = clock.now()) => (dayOf(at) === dayOf(clock.now()) ? stage.room : stage.cap),
      hold: (job, from) => {
        stage.held.push(job);
        if (stage.refusal !== undefined) return Promise.resolve({ kind: 'refused', why: stage.refusal });
        return Promise.resolve({
          kind: 'held',
          place: from.kind === 'first of' ? { kind: 'path', path: '/held' } : from,
        });
      },
      release: (job) => {
        stage.released.push(job);
        return Promise.resolve();
      },
      send: async (request) => {
        if (this.dead || stage.writesLeft <= 0) return never();
        const count = (tries.get(request.to) ?? 0) + 1;
        tries.set(request.to, count);
        const outcome = stage.outcome(request, count) ?? { kind: 'sent', id: request.id };
        if (outcome.kind === 'sent' || outcome.kind === 'unknown') arrive(stage, request);
        await new Promise<void>((resolve) => clock.setTimeout(resolve, stage.sendMs));
        return this.dead ? never() : outcome;
      },
    };
  }

  #flows(stage: Stage): FlowStarts {
    return {
      check: () => Promise.resolve(stage.flow),
      start: async (order) => {
        if (this.dead || stage.writesLeft <= 0) return never();
        if (stage.refuseStarts) throw new Error('no space left on device');
        if (!stage.starts.some(({ once }) => once === order.once)) stage.starts.push(order);
        return this.dead ? never() : undefined;
      },
    };
  }

  wake: (from: string) => void = () => undefined;
}

function arrive(stage: Stage, { engine, id, to, content }: BulkRequest): void {
  if (engine === 'baileys' && stage.messages.some((message) => message.id === id)) return;
  const text = content.kind === 'text' ? content.text : content.kind;
  stage.messages.push({ id, to, text, at: stage.time.now() });
}

const dayOf = (at: number): number => Math.floor(at / 86_400_000);

/** A process that was killed answers nobody. */
const never = (): Promise<never> => new Promise(() => undefined);
