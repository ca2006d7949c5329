/**
 * Runs the code of flow authors off the event loop (contract flows §3.5, F-36). The engine and its limits:
 * sandbox-worker.ts.
 *
 *  SB1  One thread, started by the first script and used again; scripts wait for it in the order they came.
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

export class Sandbox {
  readonly #o: SandboxOptions;
  #worker: Promise<Worker> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: SandboxOptions) {
    this.#o = options;
  }

  /** SB1, SB3. `code`: the body of a function of `previousResponse`, `allResponses` and `functionArgs`. */
  run(code: string, inputs: Readonly<Record<string, unknown>>): Promise<CallAnswer<unknown>> {
    const script = { code, inputs: JSON.stringify(inputs), ms: this.#o.runMs ?? RUN_MS };
    const turn = this.#last.then(() => this.#run(script));
    this.#last = turn;
    return turn;
  }

  /** Ends the script under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#drop();
  }

  async #run(script: Script): Promise<CallAnswer<unknown>> {
    if (this.#closed) return refused('the bridge is stopping');
    try {
      this.#worker ??= this.#start();
      const worker = await this.#worker;
      worker.postMessage(script);
      return answerOf(await this.#hear(worker, script.ms + GRACE_MS));
    } catch (thrown) {
      await this.#drop();
      const late = thrown instanceof Error && thrown.name === 'AbortError';
      if (!late && !this.#closed) this.#o.log.error({ err: thrown }, 'the thread of the sandbox broke');
      return refused(late ? 'it ran too long' : 'it could not be run');
    }
  }

  async #start(): Promise<Worker> {
    const worker = (this.#o.open ?? openEngine)();
    // A thread that nobody listens to may break too; whoever waits for it hears of it by itself.
    worker.on('error', () => undefined);
    worker.unref();
    await this.#hear(worker, START_MS);
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

  async #drop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.then(
      (each) => each.terminate(),
      () => undefined,
    );
  }
}

const openEngine = () => openThread('./sandbox-worker', import.meta.url, { resourceLimits: THREAD_MEMORY });

const refused = (error: string): CallAnswer<unknown> => ({
  kind: 'refused',
  status: 0,
  error: cut(error, LONGEST_REASON),
});

function answerOf(ran: Ran): CallAnswer<unknown> {
  if (ran.kind === 'failed') return refused(ran.why);
  const value = parsedJson(ran.json);
  return value === undefined ? refused('the result is nested too deeply') : { kind: 'ok', value };
}
