/**
 * One number: the pure machine (machines/number.ts) given hands. Every number is its own actor system with no parent,
 * so nothing that breaks in one can escalate into another (design/xstate §2.4).
 *
 * N1  A connection attempt lives exactly as long as the machine's `connection` actor; its handle is registered with the
 *     supervisor before the first event can arrive, and released by the supervisor alone.
 * N2  A listener that throws would become the process's uncaughtException (design/xstate §2.1): all of them are guarded.
 *
 * Deliberately not here: restarts and quarantine (revival.ts), storage (the owner's callbacks), sending (lane.ts).
 */
import { type Actor, createActor, fromCallback, type InspectionEvent } from 'xstate';
import type { Clock } from '../clock.ts';
import { numberMachine } from '../machines/number.ts';
import type {
  ConnectionEvent,
  ConnectionInput,
  ConnectionRequest,
  NumberEmitted,
  NumberInput,
} from '../machines/number.types.ts';
import type { Engine, Handle } from './engines/engine.ts';

export type NumberActor = Actor<typeof numberMachine>;

/** What a number needs from its owner. */
export type NumberOwner = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly inspect?: (event: InspectionEvent) => void;
  /** Waits until an earlier login of this number has been moved away; then a new attempt may begin. */
  readonly settled: (digits: string) => Promise<void>;
  /** The supervisor keeps the handle (xstate trap: a throwing action skips the actor's own cleanup). */
  readonly own: (handle: Handle) => void;
  readonly release: (handle: Handle) => void;
  readonly onEvent: (event: ConnectionEvent) => void;
  readonly onFact: (fact: NumberEmitted) => void;
  readonly onChange: () => void;
  readonly onEnd: (error: unknown) => void;
  /** A listener of the owner threw; the number itself goes on. */
  readonly onFault: (error: unknown) => void;
  /** A different logic, for tests that make it throw (P1). */
  readonly logic?: typeof numberMachine;
};

/** Builds and starts the actor of one number; `onEnd` hears of its crash, never an exception. */
export function startNumber(input: NumberInput, owner: NumberOwner): NumberActor {
  const logic = (owner.logic ?? numberMachine).provide({ actors: { connection: connectionActor(owner) } });
  const actor: NumberActor = createActor(logic, {
    input,
    clock: owner.clock,
    ...(owner.inspect && { inspect: owner.inspect }),
  });
  const guarded =
    <A extends unknown[]>(listener: (...args: A) => void) =>
    (...args: A): void => {
      try {
        listener(...args);
      } catch (error) {
        owner.onFault(error);
      }
    };
  actor.subscribe({
    next: guarded(() => owner.onChange()),
    error: guarded((error: unknown) => owner.onEnd(error)),
    complete: guarded(() => owner.onEnd(undefined)),
  });
  actor.on(
    '*',
    guarded((fact: NumberEmitted) => owner.onFact(fact)),
  );
  return actor.start();
}

/** The machine's `connection` placeholder, made real: one engine connection per life of the callback. */
const connectionActor = (owner: NumberOwner) =>
  fromCallback<ConnectionRequest, ConnectionInput>(({ input, sendBack, receive }) => {
    let handle: Handle | undefined;
    let ended = false;
    let codeWanted = false;
    const tell = (event: ConnectionEvent) => {
      if (ended) return;
      owner.onEvent(event);
      sendBack(event);
    };
    receive(() => {
      codeWanted = true;
      handle?.requestCode();
    });
    const open = () => {
      if (ended) return;
      handle = owner.engine.connect({ digits: input.digits, mode: input.mode, onEvent: tell });
      owner.own(handle);
      if (codeWanted) handle.requestCode();
    };
    owner
      .settled(input.digits)
      .then(open)
      .catch((error: unknown) =>
        tell({ type: 'closed', reason: { text: `could not start: ${(error as Error).message}` } }),
      );
    return () => {
      ended = true;
      if (handle) owner.release(handle);
    };
  });
