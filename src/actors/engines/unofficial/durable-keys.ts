/**
 * The key store as Baileys sees it during one connection.
 *
 *  DK1  A write that fails ends the connection before anything can be acknowledged: WhatsApp delivers again later.
 *  DK2  After the connection has ended nothing is written any more (E3).
 *  DK3  A journal row and the outbox row made of it are queued in the same turn, behind each other in the same store, so
 *       one flush serves both (ST5). Were they reordered, the row would only be handled twice and found as seen.
 *       Steps that end in one turn share a flush too: a send encrypts for the contact and for the own phone at once.
 *  DK4  What rides along is durable when the write is: a ratchet step of a send carries the record of that send (relay.ts RL1).
 *  DK5  A step of one session is not waited for: the next step builds on it in memory (session-cache.ts), and what leaves
 *       the bridge waits for it (disk-first.ts). Everything else is durable before the library goes on.
 */
import type { SignalDataSet, SignalDataTypeMap, SignalKeyStore } from '@whiskeysockets/baileys';
import { JOURNAL_TABLE } from './auth-state.ts';
import type { DiskFirst } from './disk-first.ts';
import type { RideAlong } from './ride-along.ts';
import type { SessionCache } from './session-cache.ts';

export type KeyWatch = {
  readonly ended: () => boolean;
  /** Called in the turn in which the change was handed to the store; `stored` settles with it. */
  readonly onSet: (data: SignalDataSet, stored: Promise<void>) => void;
  readonly onFailure: (error: unknown) => void;
};

export function durableKeys(
  keys: SignalKeyStore,
  rideAlong: RideAlong,
  sessions: SessionCache,
  diskFirst: DiskFirst,
  watch: KeyWatch,
): SignalKeyStore {
  let turn: Promise<void> | undefined;
  const endOfTurn = (): Promise<void> => {
    turn ??= new Promise((resolve) => {
      process.nextTick(() => {
        turn = undefined;
        resolve();
      });
    });
    return turn;
  };
  return {
    get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) =>
      type === 'session' ? (sessions.get(ids) as ReturnType<typeof keys.get<T>>) : keys.get(type, ids),
    set: async (data) => {
      await endOfTurn();
      if (watch.ended()) throw new Error('this connection has ended');
      try {
        const stored = Promise.all([rideAlong.depart(), keys.set(data)]).then(() => undefined);
        sessions.handedOver(data, stored);
        watch.onSet(data, stored);
        if (!isSessionStep(data) || !diskFirst.hasRoom) await stored;
        else diskFirst.waitFor(stored, watch.onFailure);
      } catch (error) {
        watch.onFailure(error);
        throw error;
      }
    },
  };
}

const isSessionStep = (data: SignalDataSet): boolean =>
  Object.keys(data).every((type) => type === 'session' || type === JOURNAL_TABLE);
