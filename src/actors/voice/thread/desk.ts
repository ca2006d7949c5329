/**
 * All calls live in one thread, off the event loop that serves messages. This is the bridge's side of it: the desk that
 * routes order calls at, and what is left to do when the thread breaks. Contract voice §2, §6, §12.
 *
 *  TD1  The thread is opened by the first call: a bridge that takes none has neither its memory nor its start.
 *  TD2  What calls tell is appended here, in the order it was told; `stop` waits until it is durable.
 *  TD3  A thread that breaks, or has to be stopped, ends its calls: each is told to the app once, those that were held are
 *       ended at Meta. For one that was closing the last word is said again: whether Meta has heard it nobody knows, and
 *       Meta refuses a second one. The next call gets a new thread, which knows the ids that have ended.
 *  TD4  A thread that does not answer an order (OR1) is broken, too.
 *  TD5  No order is lost: one that no thread has taken is told as a call that failed.
 *
 * Deliberately not here: calls (calls.ts), what the thread runs (main/voice-thread.ts), messages (messages.types.ts) and how
 * orders are answered (orders.ts).
 */
import type { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { CallFact } from '../../../app-client/callbacks.types.ts';
import { byDeadline, type Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import { type CallMeter, outboundId, type Standing } from '../call.types.ts';
import type { CallDesk, CallStats, InboundCall, OutboundCall } from '../desk.types.ts';
import { type EndedId, EndedIds } from '../ended-ids.ts';
import type { GraphAccess, SayToMeta } from '../graph.ts';
import type { FromThread, Order, ToThread } from './messages.types.ts';
import { Orders } from './orders.ts';

export type ThreadPort = Pick<EventEmitter, 'on'> & Pick<Worker, 'postMessage' | 'terminate'>;

export type ThreadDeskOptions = {
  readonly open: (ended: readonly EndedId[]) => ThreadPort;
  /** Resolves when it is durable; never rejects. */
  readonly tell: (fact: CallFact) => Promise<void>;
  readonly graph: (access: GraphAccess) => SayToMeta;
  readonly meter: CallMeter;
  /** A line of the thread's log. */
  readonly line: (line: string) => void;
  readonly clock: Clock;
  readonly log: Log;
};

type Running = {
  readonly port: ThreadPort;
  readonly orders: Orders;
  /** Calls that are not over, by the id under which they end. */
  readonly standing: Map<string, Standing>;
  readonly gone: Promise<void>;
  stats: CallStats;
  hasStopped: boolean;
};

type Beginning = Extract<Order, { kind: 'answer' | 'place' }>;
type Lost = Pick<Standing, 'call' | 'device' | 'metaCallId'>;

/** Shorter than a call may take to close (call.ts): what is left then is ended here, while the outbox still takes it. */
const STOP_MS = 9_000;
const NONE: CallStats = { live: 0, cascade: 0, realtime: 0, setupFailures: 0 };
const BROKEN = 'the calls of the bridge broke down';
const STOPPING = 'the bridge stops';

export class ThreadDesk implements CallDesk {
  readonly #o: ThreadDeskOptions;
  readonly #ended: EndedIds;
  /** What `stop` waits for. */
  readonly #work = new Set<Promise<unknown>>();
  #running: Running | undefined;
  /** Of threads that have broken. */
  #setupFailures = 0;
  #stopping = false;

  constructor(options: ThreadDeskOptions) {
    this.#o = options;
    this.#ended = new EndedIds(options.clock);
  }

  answer(call: InboundCall): void {
    this.#begin({ kind: 'answer', call });
  }

  placeOutbound(call: OutboundCall): void {
    this.#begin({ kind: 'place', call });
  }

  terminate(metaCallId: string): void {
    this.#ended.add(metaCallId);
    void this.#ask({ kind: 'terminate', metaCallId });
  }

  link(call: string, metaCallId: string): Promise<boolean> {
    return this.#ask({ kind: 'link', call, metaCallId });
  }

  connect(metaCallId: string, sdp: string): Promise<boolean> {
    return this.#ask({ kind: 'connect', metaCallId, sdp });
  }

  record(metaCallId: string): Promise<boolean> {
    return this.#ask({ kind: 'record', metaCallId });
  }

  stats(): CallStats {
    const { setupFailures, ...live } = this.#running?.stats ?? NONE;
    return { ...live, setupFailures: this.#setupFailures + setupFailures };
  }

  /** TD2. Ends every call. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const running = this.#running;
    if (running) {
      running.port.postMessage({ kind: 'stop' } satisfies ToThread);
      const { clock, log } = this.#o;
      if ((await byDeadline(clock, running.gone, clock.now() + STOP_MS)) === 'late') {
        log.error('calls take long to end: their thread is stopped');
        await running.port.terminate();
        await running.gone;
      }
    }
    await Promise.all(this.#work);
  }

  /** TD1 */
  #begin(order: Beginning): void {
    if (this.#stopping && !this.#running) return this.#tellLost(lostOf(order), STOPPING);
    this.#running ??= this.#open();
    void this.#running.orders.give(order);
  }

  /** Without a thread there is no call, and none of them begins one. */
  async #ask(order: Order): Promise<boolean> {
    return this.#running ? this.#running.orders.give(order) : false;
  }

  #open(): Running {
    const { clock, log } = this.#o;
    const port = this.#o.open(this.#ended.all());
    const orders = new Orders({
      post: (word) => port.postMessage(word),
      stuck: ({ kind }) => {
        log.error({ kind }, 'the thread of the calls takes no orders: it is stopped');
        void port.terminate();
      },
      clock,
    });
    let left: () => void = () => {};
    const gone = new Promise<void>((resolve) => (left = resolve));
    const running: Running = {
      ...{ port, orders, gone, standing: new Map(), stats: NONE, hasStopped: false },
    };
    port.on('message', (word: FromThread) => this.#hear(running, word));
    port.on('error', (error) => log.error({ err: error }, 'the thread of the calls broke'));
    port.on('exit', () => {
      this.#bury(running);
      left();
    });
    log.info('the thread of the calls begins');
    return running;
  }

  #hear(running: Running, word: FromThread): void {
    const { meter, line } = this.#o;
    switch (word.kind) {
      case 'taken': {
        running.stats = word.stats;
        const failed = running.orders.taken(word);
        if (failed && begins(failed)) this.#tellLost(lostOf(failed), 'internal error');
        return;
      }
      case 'standing':
        running.stats = word.stats;
        return this.#note(running, word.standing);
      case 'fact':
        return this.#tell(word.fact);
      case 'line':
        return line(word.line);
      case 'set up':
        return meter.setUp(word.ms);
      case 'first word':
        return meter.firstWord(word.ms);
      case 'figures':
        return meter.ended(word.outcome, word.figures);
      case 'stopped':
        running.hasStopped = true;
        return void running.port.terminate();
      default:
        return word satisfies never;
    }
  }

  #note({ standing }: Running, call: Standing): void {
    if (call.stage !== 'over') return void standing.set(call.id, call);
    standing.delete(call.id);
    this.#remember(call);
  }

  #remember({ id, metaCallId }: Pick<Standing, 'id' | 'metaCallId'>): void {
    this.#ended.add(id);
    if (metaCallId !== undefined && metaCallId !== id) this.#ended.add(metaCallId);
  }

  /** TD3, TD5 */
  #bury(running: Running): void {
    if (this.#running === running) this.#running = undefined;
    const reason = this.#stopping ? STOPPING : BROKEN;
    const lost = new Map<string, Lost>();
    for (const call of running.standing.values()) {
      this.#remember(call);
      if ('access' in call) this.#endAtMeta(call);
      if (call.stage === 'terminating' || call.stage === 'rejecting') continue;
      lost.set(call.call, call);
      this.#o.meter.ended('failed', { heard: 0, lost: 0, jitterMs: 0, said: 0 });
    }
    for (const order of running.orders.drop().filter(begins)) {
      const { call, metaCallId } = lostOf(order);
      lost.set(call, lostOf(order));
      this.#remember({ id: metaCallId ?? outboundId(call) });
    }
    const free = [...running.standing.values()].filter(({ stage }) => stage === 'free').length;
    this.#setupFailures += running.stats.setupFailures + free;
    for (const call of lost.values()) this.#tellLost(call, reason);
    if (!running.hasStopped)
      this.#o.log.error({ count: lost.size }, 'the thread of the calls has ended, and its calls');
  }

  #tellLost({ device, call, metaCallId }: Lost, reason: string): void {
    this.#tell({ kind: 'call error', device, call, reason, ...(metaCallId !== undefined && { metaCallId }) });
  }

  #endAtMeta({ call, metaCallId, stage, access }: Extract<Standing, { access: GraphAccess }>): void {
    const { graph, log } = this.#o;
    const action = stage === 'rejecting' ? 'reject' : 'terminate';
    this.#wait(
      graph(access)(metaCallId ?? '', { action }).then(
        (said) =>
          said.kind === 'failed' && log.info({ id: call, reason: said.code }, 'Meta did not take the last word'),
        (error: unknown) => log.error({ err: error }, 'a call could not be ended at Meta'),
      ),
    );
  }

  #tell(fact: CallFact): void {
    this.#wait(this.#o.tell(fact));
  }

  #wait(work: Promise<unknown>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }
}

const begins = (order: Order): order is Beginning => order.kind === 'answer' || order.kind === 'place';

function lostOf({ kind, call }: Beginning): Lost {
  return kind === 'answer'
    ? { call: call.call, device: call.calleePhone, metaCallId: call.metaCallId }
    : { call: call.call, device: call.from };
}
