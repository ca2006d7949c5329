/**
 * Keeps exceptions of callbacks where they belong. Baileys registers async listeners on an EventEmitter, whose
 * rejections nobody handles: without this, one number's odd stanza would be the process's unhandledRejection (P1).
 */
import type { EventEmitter } from 'node:events';

type Fault = (error: unknown) => void;

/** A listener whose exceptions and rejections go to `onFault`. */
export function guarded<A extends unknown[]>(listener: (...args: A) => unknown, onFault: Fault): (...args: A) => void {
  return (...args) => {
    try {
      const result = listener(...args);
      if (result instanceof Promise) result.catch(onFault);
    } catch (error) {
      onFault(error);
    }
  };
}

/** Guards every listener that is there now: those that the library registered while it built the socket, and ours. */
export function guardListeners(emitter: EventEmitter, onFault: Fault): void {
  for (const name of emitter.eventNames()) {
    const listeners = emitter.listeners(name) as ((...args: unknown[]) => unknown)[];
    emitter.removeAllListeners(name);
    for (const listener of listeners) emitter.on(name, guarded(listener, onFault));
  }
}
