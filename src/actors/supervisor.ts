/**
 * ROOT of the house: keeps one actor per number alive and owns every socket.
 *
 *  S1  A child's end is a message to the supervisor, never an exception in it; no child can touch another (P1).
 *  S2  The supervisor owns each connection's handle. A handle is closed before its number may open another one, so there
 *      are never two sockets for one number (C-18).
 *  S3  A crashed number restarts with back-off or goes into quarantine (revival.ts), its pairing kept; an explicit
 *      initialize releases it (P2).
 *  S5  While draining nothing starts; `stop()` closes every handle without logging anything out.
 *
 * Deliberately not here: what a state means (machines/number.ts), what is done about what numbers tell (number-facts.ts, S4),
 * views and waiting (views.ts), sending (lane.ts).
 */
import type { InspectionEvent } from 'xstate';
import type { numberMachine } from '../machines/number.ts';
import type { ConnectionEvent, NumberCommand } from '../machines/number.types.ts';
import type { RestartPolicy } from '../machines/restart.ts';
import { statusOf } from '../machines/status-words.ts';
import { maskPhone } from '../phone.ts';
import type { Engine } from './engines/engine.ts';
import type { History } from './history.ts';
import { type NumberActor, startNumber } from './number.ts';
import { NumberFacts, type NumberFactsOptions } from './number-facts.ts';
import { NumberSockets } from './number-sockets.ts';
import { Revival } from './revival.ts';

type Child = {
  readonly digits: string;
  readonly sockets: NumberSockets;
  /** Undefined between a crash and its restart, and in quarantine. */
  actor: NumberActor | undefined;
  readonly revival: Revival;
};

/** What others may read of a child. */
export type ChildView = {
  readonly actor: NumberActor | undefined;
  readonly sockets: Pick<NumberSockets, 'current' | 'opened'>;
  readonly revival: Pick<Revival, 'quarantine'>;
};

export type SupervisorOptions = NumberFactsOptions & {
  readonly engine: Engine;
  readonly history: Pick<History, 'crashed'>;
  /** Is a complete login on disk? (`me` and `account`, facts/baileys §5.1) */
  readonly isPaired: (digits: string) => boolean;
  readonly restartPolicy: RestartPolicy;
  readonly inspect?: (digits: string) => ((event: InspectionEvent) => void) | undefined;
  readonly logic?: (digits: string) => typeof numberMachine | undefined;
};

export type SupervisorListener = (digits: string) => void;

export class Supervisor {
  readonly #o: SupervisorOptions;
  readonly #facts: NumberFacts;
  readonly #children = new Map<string, Child>();
  readonly #listeners = new Set<SupervisorListener>();
  #draining = false;

  constructor(options: SupervisorOptions) {
    this.#o = options;
    this.#facts = new NumberFacts(options);
  }

  /** Called after every change of a number's state, attempt or quarantine. The listener must not throw. */
  onChange(listener: SupervisorListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get draining(): boolean {
    return this.#draining;
  }

  numbers(): Iterable<string> {
    return this.#children.keys();
  }

  /** Read-only facts for the directory; undefined for a number nobody started. */
  child(digits: string): ChildView | undefined {
    return this.#children.get(digits);
  }

  /** Is a complete login on disk? One that cannot be read is none, for whoever looks at all numbers (S1). */
  isPaired(digits: string): boolean {
    try {
      return this.#o.isPaired(digits);
    } catch (error) {
      this.#o.log.error({ err: error, number: maskPhone(digits) }, 'a saved login cannot be read');
      return false;
    }
  }

  /** Makes the number known without starting anything. */
  adopt(digits: string): void {
    if (!this.#draining && !this.#children.has(digits)) this.#adopt(digits);
  }

  /** Hands a command to the number, creating its actor first. An explicit initialize releases a quarantine (S3). */
  command(digits: string, command: NumberCommand): void {
    if (this.#draining) return;
    const child = this.#children.get(digits) ?? this.#adopt(digits);
    if (command.type === 'initialize' && child.actor === undefined) {
      child.revival.release();
      this.#start(child);
    }
    if (command.type === 'stop' && child.actor === undefined) {
      child.revival.cancel();
      this.#o.records.change(digits, { stopped: true });
    }
    child.actor?.send(command);
  }

  /**
   * Stops every number without logging anything out (S5) and waits for its sockets and pending moves. Idempotent.
   */
  async stop(): Promise<void> {
    this.#draining = true;
    for (const child of this.#children.values()) {
      child.revival.cancel();
      child.actor?.stop();
      child.sockets.closeAll();
    }
    await Promise.all([...this.#children.values()].map((child) => child.sockets.settled));
  }

  /** Logs the linked device out and moves its login away (contract clients §4.2). `remote`: WhatsApp took the logout. */
  async unlink(digits: string, deadline: number): Promise<{ remote: boolean }> {
    const child = this.#children.get(digits) ?? this.#adopt(digits);
    const { current } = child.sockets;
    const remote = current?.isOpen() ? await current.logout(deadline) : false;
    child.actor?.send({ type: 'forget' });
    this.#facts.removeLogin(child);
    await child.sockets.settled;
    return { remote };
  }

  #adopt(digits: string): Child {
    const child: Child = {
      digits,
      sockets: new NumberSockets(this.#o.clock, (error, what) =>
        this.#o.log.error({ err: error, number: maskPhone(digits), what }, 'a socket or login could not be put away'),
      ),
      actor: undefined,
      revival: new Revival(this.#o.clock, this.#o.restartPolicy, () => this.#revive(child)),
    };
    this.#children.set(digits, child);
    try {
      this.#start(child);
    } catch (error) {
      // Its folder cannot be read: whoever asked hears of it, and everybody else sees a number that nobody has started.
      this.#children.delete(digits);
      throw error;
    }
    return child;
  }

  #start(child: Child): void {
    const { digits } = child;
    child.revival.started();
    const inspect = this.#o.inspect?.(digits);
    const logic = this.#o.logic?.(digits);
    const actor = startNumber(
      { digits, paired: this.#o.isPaired(digits), stopped: this.#o.records.read(digits).stopped },
      {
        engine: this.#o.engine,
        clock: this.#o.clock,
        settled: () => child.sockets.settled,
        own: (handle) => child.sockets.own(handle),
        release: (handle) => child.sockets.close(handle),
        onEvent: (event) => this.#onEvent(child, event),
        onFact: (fact) => this.#facts.heard(child, fact),
        onChange: () => this.#changed(digits),
        onEnd: (error) => this.#onEnd(child, error),
        onFault: (error) =>
          this.#o.log.error({ err: error, number: maskPhone(digits) }, 'a listener of a number threw'),
        ...(inspect && { inspect }),
        ...(logic && { logic }),
      },
    );
    // An actor that crashed while starting has told `onEnd` already.
    if (actor.getSnapshot().status === 'active') child.actor = actor;
  }

  #onEvent(child: Child, event: ConnectionEvent): void {
    if (event.type === 'opened') child.sockets.loggedIn();
    if (event.type === 'paired') this.#o.records.persist(child.digits);
  }

  /** S1, S3. */
  #onEnd(child: Child, error: unknown): void {
    if (this.#draining) return;
    child.actor = undefined;
    child.sockets.closeAll();
    const restartAt = child.revival.crashed(error instanceof Error ? error.message : 'ended without an error');
    const verdict = restartAt === undefined ? 'quarantine' : 'restart';
    this.#o.log.error({ err: error, number: maskPhone(child.digits), verdict }, 'a number crashed');
    if (restartAt === undefined) this.#facts.heard(child, { type: 'status', ...statusOf('connection failed') });
    this.#o.history.crashed(child.digits, restartAt);
    this.#changed(child.digits);
  }

  /** From facts, not from a snapshot: what is on disk decides (design/xstate §2.6). */
  #revive(child: Child): void {
    try {
      this.#start(child);
      const { stopped } = this.#o.records.read(child.digits);
      if (!stopped && this.#o.isPaired(child.digits)) child.actor?.send({ type: 'restore' });
    } catch (error) {
      this.#onEnd(child, error); // its disk; a timer that throws would end the process, and every number with it
    }
  }

  #changed(digits: string): void {
    for (const listener of this.#listeners) listener(digits);
  }
}
