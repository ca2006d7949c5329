/**
 * The connections of paired numbers: which one is live, which there were, and breaking them on purpose.
 *
 * Owns: at most one live connection per number, the history that `GET /numbers/:phone` shows, `close`.
 * Invariant: M1 a device that logs in while its earlier connection is alive replaces it (the earlier one gets
 *   `conflict replaced`, 440) and the overlap is recorded as a finding, unless the earlier one was impaired on purpose.
 * Source: facts/loopback-whatsapp.md section 15.
 */
import { z } from 'zod';
import type { CheckBook } from './checks.ts';
import type { Connection } from './connection.ts';
import { type Deferred, deferred } from './deferred.ts';
import { el } from './nodes.ts';

export const CloseRequest = z.strictObject({
  how: z.enum(['stream-error', 'failure', 'tcp', 'freeze', 'swallow', 'swallow-client', 'swallow-server']),
  /** Stream error or failure reason; a stream error without code is the empty one (500 at the client). */
  code: z.int().min(100).max(999).optional(),
});

export type CloseRequest = z.infer<typeof CloseRequest>;

export interface ConnectionRecord {
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly loggedIn: boolean;
}

const MAX_HISTORY = 1000;

interface Past {
  readonly connection: Connection;
  readonly loggedIn: boolean;
}

export class Numbers {
  readonly #checks: CheckBook;
  readonly #live = new Map<string, Connection>();
  readonly #history = new Map<string, Past[]>();
  readonly #awaited = new Map<string, Deferred<number | undefined>[]>();

  constructor(checks: CheckBook) {
    this.#checks = checks;
  }

  live(phone: string): Connection | undefined {
    return this.#live.get(phone);
  }

  /** How many numbers hold a live connection now. */
  get online(): number {
    return this.#live.size;
  }

  loggedIn(phone: string, connection: Connection): void {
    const earlier = this.#live.get(phone);
    if (earlier?.open === true && earlier !== connection) {
      if (earlier.impairment === 'none') {
        this.#checks.record('overlappingConnections', `number ending in ${phone.slice(-4)}`);
        earlier.streamError(undefined, el('conflict', { type: 'replaced' }));
      } else {
        earlier.cut();
      }
    }
    this.#live.set(phone, connection);
    this.#note(phone, { connection, loggedIn: true });
    for (const { settle } of this.#awaited.get(phone) ?? []) settle(Date.now());
    this.#awaited.delete(phone);
  }

  /** When the number logs in next, epoch ms; undefined when it has not done so within `withinMs`. */
  nextLogin(phone: string, withinMs: number): Promise<number | undefined> {
    const awaited = deferred<number | undefined>(withinMs, undefined);
    this.#awaited.set(phone, [...(this.#awaited.get(phone) ?? []), awaited]);
    return awaited.promise;
  }

  /** A connection that belongs to the number without being logged in: a pairing, or a refused login. */
  seen(phone: string, connection: Connection): void {
    this.#note(phone, { connection, loggedIn: false });
  }

  closed(phone: string, connection: Connection): void {
    if (this.#live.get(phone) === connection) this.#live.delete(phone);
  }

  records(phone: string): ConnectionRecord[] {
    return (this.#history.get(phone) ?? []).map(({ connection, loggedIn }) => ({
      openedAt: new Date(connection.openedAt).toISOString(),
      closedAt: connection.closedAt === undefined ? null : new Date(connection.closedAt).toISOString(),
      loggedIn,
    }));
  }

  /** Breaks the number's live connection; false when there is none. */
  close(phone: string, { how, code }: CloseRequest): boolean {
    const connection = this.#live.get(phone);
    if (connection?.open !== true) return false;
    switch (how) {
      case 'stream-error':
        endWithStreamError(connection, code);
        return true;
      case 'failure':
        connection.end(el('failure', { reason: String(code ?? 500) }));
        return true;
      case 'tcp':
        connection.cut();
        return true;
      case 'freeze':
        connection.freeze();
        return true;
      case 'swallow':
        connection.impairment = 'swallowing';
        return true;
      case 'swallow-client':
        connection.impairment = 'client unheard';
        return true;
      case 'swallow-server':
        connection.impairment = 'server unheard';
        return true;
      default:
        return how satisfies never;
    }
  }

  #note(phone: string, past: Past): void {
    const history = this.#history.get(phone) ?? [];
    history.push(past);
    if (history.length > MAX_HISTORY) history.shift();
    this.#history.set(phone, history);
  }
}

/** The service names some reasons by a child, others by a number. */
export function endWithStreamError(connection: Connection, code: number | undefined): void {
  switch (code) {
    case 401:
      connection.streamError('401', el('conflict', { type: 'device_removed' }));
      return;
    case 440:
      connection.streamError(undefined, el('conflict', { type: 'replaced' }));
      return;
    case undefined:
    case 500:
      connection.streamError(undefined);
      return;
    default:
      connection.streamError(String(code));
  }
}
