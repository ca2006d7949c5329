/**
 * How one connection ends, once and for good, whoever ends it: WhatsApp, a fault, or the bridge.
 *
 *  CO1  `closed` is reported at most once and is the last word; after `close()` was called nothing is reported.
 *  CO2  No exception of the library or of a listener escapes: it ends this connection with its text (P1).
 *  CO5  Ending never waits for the peer: a frozen one is cut off after a moment (facts §6: `ws` would wait 30 s).
 *
 * Deliberately not here: what a close code means (machines/close-reason.ts), and when a session is deaf (watchdog.ts).
 */
import type { WASocket } from '@whiskeysockets/baileys';
import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { CloseReason } from '../../../machines/close-reason.ts';
import type { ConnectionEvent } from '../../../machines/number.types.ts';
import { LOGGED_OUT, logOut, OWN_LOGOUT } from './logout.ts';
import { terminate } from './socket.ts';
import { textOf } from './translate.ts';

/** How long the peer may take to answer the WebSocket close before the TCP connection is cut (CO5). */
const CLOSE_HANDSHAKE_MS = 1_000;
/** What the library itself reports when nobody answers (facts/baileys §6). */
const CONNECTION_LOST = 408;

export type EndingOptions = {
  readonly onEvent: (event: ConnectionEvent) => void;
  /** The connection is over: what belongs to it stops. */
  readonly onEnded: () => void;
  /** Resolves when what belonged to it has stopped. */
  readonly settled: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
};

export class Ending {
  readonly #o: EndingOptions;
  readonly #untilEnded: Promise<CloseReason>;
  #resolveEnded: (reason: CloseReason) => void = () => undefined;
  #sock: WASocket | undefined;
  #silent = false;
  #ended = false;
  #closing: Promise<void> | undefined;
  #loggingOut: Promise<boolean> | undefined;

  constructor(options: EndingOptions) {
    this.#o = options;
    this.#untilEnded = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** It has ended, or the bridge wants it to: no socket may be opened any more. */
  get begun(): boolean {
    return this.#silent || this.#ended;
  }

  /** There is a socket to end from now on. */
  owns(sock: WASocket): void {
    this.#sock = sock;
  }

  /** CO1 */
  report(event: ConnectionEvent): void {
    if (!this.begun) this.#o.onEvent(event);
  }

  closed(reason: CloseReason): void {
    if (this.#ended) return;
    this.report({ type: 'closed', reason: this.#loggingOut && reason.code === LOGGED_OUT ? OWN_LOGOUT : reason });
    this.#ended = true;
    this.#o.onEnded();
    this.#resolveEnded(reason);
  }

  /** CO2; also for a store that cannot write: the TCP connection is cut, so nothing more can be acknowledged. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#o.log.error({ err: error }, 'a connection failed');
    if (!this.#sock) return this.closed({ text: textOf(error) });
    cut(this.#sock, error instanceof Error ? error : new Error(String(error)));
  }

  /** P10. The machine opens the next connection at once; this one is cut without waiting for a peer that cannot answer. */
  deaf(sock: WASocket, why: string): void {
    this.report({ type: 'health lost', why });
    cut(sock, Object.assign(new Error(why), { output: { statusCode: CONNECTION_LOST } }));
  }

  /** Baileys has begun to end the socket and waits for the peer's answer (CO5). */
  cutIfFrozen(): void {
    const { clock } = this.#o;
    const timer = clock.setTimeout(() => this.#sock && terminate(this.#sock), CLOSE_HANDSHAKE_MS);
    void this.#untilEnded.then(() => clock.clearTimeout(timer));
  }

  /** `jid`: who is logged in; undefined while nobody is. True when WhatsApp took it. */
  logout(jid: string | undefined, deadline: number): Promise<boolean> {
    this.#loggingOut ??= this.#logout(jid, deadline);
    return this.#loggingOut;
  }

  close(): Promise<void> {
    this.#silent = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #logout(jid: string | undefined, deadline: number): Promise<boolean> {
    if (!this.#sock || jid === undefined) return false;
    return logOut(this.#sock, jid, Math.max(1, deadline - this.#o.clock.now()), this.#untilEnded);
  }

  async #close(): Promise<void> {
    const { clock, settled } = this.#o;
    await this.#loggingOut;
    if (this.#sock && !this.#ended) {
      this.cutIfFrozen();
      this.#sock.end(undefined).catch(() => undefined);
      const giveUp = clock.setTimeout(() => this.closed({ text: 'closed' }), 3 * CLOSE_HANDSHAKE_MS);
      await this.#untilEnded;
      clock.clearTimeout(giveUp);
    }
    this.closed({ text: 'closed' });
    await settled();
  }
}

function cut(sock: WASocket, why: Error): void {
  sock.end(why).catch(() => undefined);
  terminate(sock);
}
