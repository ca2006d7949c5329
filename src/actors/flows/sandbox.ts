/**
 * Runs the code of flow authors off the event loop (contract flows §3.5, F-36). The engine and its limits:
 * sandbox-worker.ts.
 *
 *  SB1  A few threads, each started when all others are busy and used again. Scripts wait for them in the order they came,
 *       but one that runs already, of whatever session, lets others go first; who waits too long is refused.
 *  SB2  A script that outlives the engine's own limit is stopped with its thread; the next one gets a new thread.
 *  SB3  Nothing rejects: whatever becomes of a script is a refusal with a reason.
 *  SB4  The thread has no environment, and inputs and results are JSON: no object of the bridge is ever in its reach.
 */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { CallAnswer } from '../../app-client/flow-calls.types.ts';
import { cut } from '../../app-client/limits.ts';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { openThread } from '../../thread.ts';
import { parsedJson } from './json.ts';
import type { Ran, Script } from './sandbox.types.ts';

/** How long a script may run (contract flows §3.5). */
const RUN_MS = 2_000;
/** Over the engine's own limit, which ends nearly every script in time. */
const GRACE_MS = 500;
const START_MS = 15_000;
/** More of them would leave the bridge itself no processor. */
const MOST_THREADS = 2;
const LONGEST_WAIT_MS = 15_000;
const LONGEST_REASON = 300;
/** The script has its own limit inside; this is for the engine around it. */
const THREAD_MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 };

export type SandboxOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** Another thread than that of sandbox-worker.ts. */
  readonly open?: () => Worker;
  /** How long a script may run; default 2000. */
  readonly runMs?: number;
};

type Waiting = {
  readonly script: Script;
  readonly answer: (answer: CallAnswer<unknown>) => void;
  readonly timer: ReturnType<Clock['setTimeout']>;
};

export class Sandbox {
  readonly #o: SandboxOptions;
  /** In the order they came. */
  readonly #line: Waiting[] = [];
  /** What runs now, at most one script for each thread. */
  readonly #running: Script[] = [];
  readonly #threads = new Set<Worker>();
  #idle: readonly Worker[] = [];
  #closed = false;

  constructor(options: SandboxOptions) {
    this.#o = options;
  }

  /** SB1, SB3. `code`: the body of a function of `previousResponse`, `allResponses` and `functionArgs`. */
  run(code: string, inputs: Readonly<Record<string, unknown>>): Promise<CallAnswer<unknown>> {
    const script = { code, inputs: JSON.stringify(inputs), ms: this.#o.runMs ?? RUN_MS };
    if (this.#closed) return Promise.resolve(CLOSED);
    return new Promise((answer) => {
      const timer = this.#o.clock.setTimeout(() => this.#refuse(waiting, BUSY), LONGEST_WAIT_MS);
      const waiting: Waiting = { script, answer, timer };
      this.#line.push(waiting);
      if (this.#running.length < MOST_THREADS) void this.#serve();
    });
  }

  /** Ends the scripts under way, and refuses those that wait. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of [...this.#line]) this.#refuse(waiting, CLOSED);
    await Promise.all([...this.#threads].map((worker) => worker.terminate()));
  }

  /** One after the other, until nobody waits. */
  async #serve(): Promise<void> {
    for (let next = this.#next(); next; next = this.#next()) {
      const { script, answer } = next;
      this.#running.push(script);
      const result = await this.#run(script);
      this.#running.splice(this.#running.indexOf(script), 1);
      answer(result);
    }
  }

  #next(): Waiting | undefined {
    const isNew = ({ script }: Waiting) => !this.#running.some(({ code }) => code === script.code);
    const next = this.#line.find(isNew) ?? this.#line[0];
    if (next) this.#leave(next);
    return next;
  }

  #refuse(waiting: Waiting, answer: CallAnswer<unknown>): void {
    this.#leave(waiting);
    waiting.answer(answer);
  }

  #leave(waiting: Waiting): void {
    this.#o.clock.clearTimeout(waiting.timer);
    this.#line.splice(this.#line.indexOf(waiting), 1);
  }

  async #run(script: Script): Promise<CallAnswer<unknown>> {
    const [idle] = this.#idle;
    this.#idle = this.#idle.slice(1);
    let worker = idle;
    try {
      worker ??= await this.#start();
      worker.postMessage(script);
      const ran = await this.#hear(worker, script.ms + GRACE_MS);
      this.#idle = [...this.#idle, worker];
      return answerOf(ran);
    } catch (thrown) {
      await worker?.terminate();
      const late = thrown instanceof Error && thrown.name === 'AbortError';
      if (!late && !this.#closed) this.#o.log.error({ err: thrown }, 'the thread of the sandbox broke');
      return this.#closed ? CLOSED : refused(late ? 'it ran too long' : 'it could not be run');
    }
  }

  async #start(): Promise<Worker> {
    const worker =
      this.#o.open?.() ?? openThread('./sandbox-worker', import.meta.url, { resourceLimits: THREAD_MEMORY });
    this.#threads.add(worker);
    // A thread that nobody listens to may break too; whoever waits for it hears of it by itself.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      this.#threads.delete(worker);
      this.#idle = this.#idle.filter((each) => each !== worker);
    });
    worker.unref();
    try {
      await this.#hear(worker, START_MS);
    } catch (thrown) {
      await worker.terminate();
      throw new Error('the thread did not start', { cause: thrown });
    }
    return worker;
  }

  /** SB2. Rejects when the thread breaks or says nothing in time. */
  async #hear(worker: Worker, ms: number): Promise<Ran> {
    const late = new AbortController();
    const timer = this.#o.clock.setTimeout(() => late.abort(), ms);
    const gone = once(worker, 'exit', { signal: late.signal }).then(() => {
      throw new Error('the thread ended');
    });
    try {
      const said = once(worker, 'message', { signal: late.signal }) as Promise<[Ran]>;
      return (await Promise.race([said, gone]))[0];
    } finally {
      this.#o.clock.clearTimeout(timer);
      late.abort();
    }
  }
}

const refused = (error: string): CallAnswer<unknown> => ({
  kind: 'refused',
  status: 0,
  error: cut(error, LONGEST_REASON),
});

const CLOSED = refused('the bridge is stopping');
const BUSY = refused('too many scripts wait');

function answerOf(ran: Ran): CallAnswer<unknown> {
  if (ran.kind === 'failed') return refused(ran.why);
  const value = parsedJson(ran.json);
  return value === undefined ? refused('the result is nested too deeply') : { kind: 'ok', value };
}
