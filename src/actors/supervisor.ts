/**
 * ROOT of the house: keeps one actor per number alive and owns every socket.
 *
 *  S1  A child's end is a message to the supervisor, never an exception in it; no child can touch another (P1).
 *  S2  The supervisor owns each connection's handle. A handle is closed before its number may open another one, so there
 *      are never two sockets for one number (C-18).
 *  S3  A crashed number restarts with back-off; the counter resets only after a minimum uptime; more than N in T puts it
 *      in quarantine with the reason, its pairing kept; an explicit initialize releases it (P2).
 *  S4  A login is moved away only on the machine's `login gone` / `wrong account` or on unlink, after its handle is closed
 *      and its unsent callbacks are safe in `data/`.
 *  S5  While draining nothing starts; `stop()` closes every handle without logging anything out.
 *
 * Deliberately not here: what a state means (machines/number.ts), views and waiting (directory.ts), sending (lane.ts).
 */
import type { InspectionEvent } from 'xstate';
import type { Fact } from '../app-client/callbacks.types.ts';
import type { Outbox } from '../app-client/outbox.types.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import type { numberMachine } from '../machines/number.ts';
import type { ConnectionEvent, NumberCommand, NumberEmitted } from '../machines/number.types.ts';
import { freshHistory, onExit, type RestartHistory, type RestartPolicy } from '../machines/restart.ts';
import { statusOf } from '../machines/status-words.ts';
import { maskPhone } from '../phone.ts';
import type { DeviceStores } from '../store/store.ts';
import type { Engine, Handle } from './engines/engine.ts';
import { type NumberActor, startNumber } from './number.ts';
import type { NumberRecords } from './number-record.ts';

/** A socket that does not close in this time is abandoned to the garbage collector after `terminate` (S2 stays true for the OS). */
const CLOSE_DEADLINE_MS = 5_000;

type Child = {
  readonly digits: string;
  actor: NumberActor | undefined;
  /** Handles that are open or still closing; more than one only while an old one closes. */
  readonly handles: Set<Handle>;
  /** The handle of the attempt that the machine is in. */
  current: Handle | undefined;
  /** Resolves when every earlier handle is closed and an earlier login is moved away. */
  settled: Promise<void>;
  startedAt: number;
  history: RestartHistory;
  restart: Timer | undefined;
  quarantine: string | undefined;
  opened: boolean;
};

export type SupervisorOptions = {
  readonly engine: Engine;
  readonly stores: DeviceStores;
  readonly records: NumberRecords;
  readonly outbox: Outbox;
  /** Is a complete login on disk? (`me` and `account`, facts/baileys §5.1) */
  readonly isPaired: (digits: string) => boolean;
  readonly tell: (fact: Fact) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly restartPolicy: RestartPolicy;
  readonly inspect?: (digits: string) => ((event: InspectionEvent) => void) | undefined;
  readonly logic?: (digits: string) => typeof numberMachine | undefined;
};

export type SupervisorListener = (digits: string) => void;

export class Supervisor {
  readonly #o: SupervisorOptions;
  readonly #children = new Map<string, Child>();
  readonly #listeners = new Set<SupervisorListener>();
  #draining = false;

  constructor(options: SupervisorOptions) {
    this.#o = options;
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
  child(digits: string): Readonly<Pick<Child, 'actor' | 'current' | 'quarantine' | 'opened'>> | undefined {
    return this.#children.get(digits);
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
      this.#cancelRestart(child);
      child.quarantine = undefined;
      child.history = freshHistory;
      this.#start(child);
    }
    child.actor?.send(command);
  }

  /** Waits until the number has no handle and no login move in progress. */
  settled(digits: string): Promise<void> {
    return this.#children.get(digits)?.settled ?? Promise.resolve();
  }

  /**
   * Stops every number without logging anything out (S5) and waits for its sockets and pending moves, at most
   * CLOSE_DEADLINE_MS each. Idempotent.
   */
  async stop(): Promise<void> {
    this.#draining = true;
    for (const child of this.#children.values()) {
      this.#cancelRestart(child);
      child.actor?.stop();
      for (const handle of child.handles) this.#close(child, handle);
    }
    await Promise.all([...this.#children.values()].map((child) => child.settled));
  }

  /** Logs the linked device out and moves its login away (contract clients §4.2). `remote`: WhatsApp took the logout. */
  async unlink(digits: string, deadline: number): Promise<{ remote: boolean }> {
    const child = this.#children.get(digits) ?? this.#adopt(digits);
    const remote = child.current?.isOpen() ? await child.current.logout(deadline) : false;
    child.actor?.send({ type: 'forget' });
    this.#removeLogin(child);
    await child.settled;
    return { remote };
  }

  #adopt(digits: string): Child {
    const child: Child = {
      digits,
      actor: undefined,
      handles: new Set(),
      current: undefined,
      settled: Promise.resolve(),
      startedAt: 0,
      history: freshHistory,
      restart: undefined,
      quarantine: undefined,
      opened: false,
    };
    this.#children.set(digits, child);
    this.#start(child);
    return child;
  }

  #start(child: Child): void {
    const { digits } = child;
    child.startedAt = this.#o.clock.now();
    const inspect = this.#o.inspect?.(digits);
    const logic = this.#o.logic?.(digits);
    const actor = startNumber(
      { digits, paired: this.#o.isPaired(digits), stopped: this.#o.records.read(digits).stopped },
      {
        engine: this.#o.engine,
        clock: this.#o.clock,
        settled: () => child.settled,
        own: (handle) => this.#own(child, handle),
        release: (handle) => this.#close(child, handle),
        onEvent: (event) => this.#onEvent(child, event),
        onFact: (fact) => this.#onFact(child, fact),
        onChange: () => this.#changed(digits),
        onEnd: (error) => this.#onEnd(child, error),
        onFault: (error) => this.#o.log.error({ err: error, number: maskPhone(digits) }, 'a listener of a number threw'),
        ...(inspect && { inspect }),
        ...(logic && { logic }),
      },
    );
    // An actor that crashed while starting has told `onEnd` already.
    if (actor.getSnapshot().status === 'active') child.actor = actor;
  }

  #own(child: Child, handle: Handle): void {
    child.handles.add(handle);
    child.current = handle;
  }

  /** Begins closing; `settled` then covers it (S2). A second call for the same handle changes nothing. */
  #close(child: Child, handle: Handle): void {
    if (child.current === handle) {
      child.current = undefined;
      child.opened = false;
    }
    if (!child.handles.delete(handle)) return;
    child.settled = Promise.all([child.settled, this.#closed(child, handle)]).then(() => undefined);
  }

  /** Never rejects: a socket that does not close in time is only logged. */
  #closed(child: Child, handle: Handle): Promise<void> {
    return within(this.#o.clock, CLOSE_DEADLINE_MS, handle.close()).catch((error: unknown) =>
      this.#o.log.error({ err: error, number: maskPhone(child.digits) }, 'a socket did not close in time'),
    );
  }

  #onEvent(child: Child, event: ConnectionEvent): void {
    if (event.type === 'opened') child.opened = true;
    if (event.type === 'paired') this.#o.records.persist(child.digits);
  }

  #onFact(child: Child, fact: NumberEmitted): void {
    const { digits } = child;
    switch (fact.type) {
      case 'status':
        this.#o.tell({
          kind: 'status',
          device: digits,
          status: fact.status,
          progress: fact.progress,
          ...(fact.qr !== undefined && { qr: fact.qr }),
          at: this.#o.clock.now(),
        });
        return;
      case 'stopped changed':
        this.#o.records.change(digits, { stopped: fact.stopped });
        return;
      case 'login gone':
        this.#removeLogin(child);
        return;
      case 'wrong account':
        if (fact.fresh) this.#rejectAccount(child);
        return;
      case 'transition':
        this.#o.log.info({ number: maskPhone(digits), from: fact.from, to: fact.to, reason: fact.why }, 'number');
        return;
      case 'warning':
        this.#o.log.warn({ number: maskPhone(digits), reason: fact.text }, 'number');
        return;
      default:
        fact satisfies never;
    }
  }

  /**
   * A pairing that linked somebody else's account: that device is logged out, then forgotten (clients §6.1). The machine
   * stops the attempt right after saying so; its handle is taken away first, so that the logout is not cut off.
   */
  #rejectAccount(child: Child): void {
    const handle = child.current;
    if (handle && child.handles.delete(handle)) {
      child.current = undefined;
      child.opened = false;
      const logout = handle.logout(this.#o.clock.now() + CLOSE_DEADLINE_MS).then(() => this.#closed(child, handle));
      child.settled = Promise.all([child.settled, logout]).then(() => undefined);
    }
    this.#removeLogin(child);
  }

  /** S4: sockets closed, callbacks safe, then the folder moves aside. */
  #removeLogin(child: Child): void {
    const { digits } = child;
    for (const handle of child.handles) this.#close(child, handle);
    const remove = async (): Promise<void> => {
      if (!this.#o.stores.exists(digits)) return;
      await this.#o.outbox.detach(digits);
      await this.#o.stores.remove(digits);
      this.#o.records.forget(digits);
    };
    child.settled = child.settled.then(remove).catch((error: unknown) =>
      this.#o.log.error({ err: error, number: maskPhone(digits) }, 'could not move the login aside'),
    );
  }

  /** S1, S3. */
  #onEnd(child: Child, error: unknown): void {
    if (this.#draining) return;
    child.actor = undefined;
    for (const handle of child.handles) this.#close(child, handle);
    const now = this.#o.clock.now();
    const why = error instanceof Error ? error.message : String(error ?? 'ended');
    const exit = onExit(child.history, { startedAt: child.startedAt, endedAt: now }, this.#o.restartPolicy);
    child.history = exit.history;
    this.#o.log.error({ err: error, number: maskPhone(child.digits), verdict: exit.kind }, 'a number crashed');
    if (exit.kind === 'quarantine') {
      child.quarantine = why;
      this.#onFact(child, { type: 'status', ...statusOf('connection failed') });
    } else {
      child.restart = this.#o.clock.setTimeout(() => this.#revive(child), exit.delay);
    }
    this.#changed(child.digits);
  }

  /** From facts, not from a snapshot: what is on disk decides (design/xstate §2.6). */
  #revive(child: Child): void {
    child.restart = undefined;
    this.#start(child);
    const { stopped } = this.#o.records.read(child.digits);
    if (!stopped && this.#o.isPaired(child.digits)) child.actor?.send({ type: 'restore' });
  }

  #cancelRestart(child: Child): void {
    if (child.restart) this.#o.clock.clearTimeout(child.restart);
    child.restart = undefined;
  }

  #changed(digits: string): void {
    for (const listener of this.#listeners) listener(digits);
  }
}

/** Rejects when `work` takes longer than `ms`. */
function within(clock: Clock, ms: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(new Error(`not finished within ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}
