/**
 * The caller's speech as final transcripts, over whatever engine and socket work. Contract voice §8.2.
 *
 *  LI1  A lost socket, or one that does not open, is tried again after 250 ms, 1 s and 3 s, then the next engine; when none
 *       is left, `lost` is told once. A connection that held for 10 s makes the count begin anew.
 *  LI2  What was said since the last transcript, up to 5 s of it, is said again to the next socket (V-09): also what the
 *       lost one had heard and not yet written down.
 *  LI3  A socket that hears no audio is kept alive in the engine's own way (V-10).
 *
 * Deliberately not here: who is speaking and which transcripts count (`../cascade.ts`).
 */
import type { Clock, Timer } from '../../../../clock.ts';
import type { OpenSocket, Socket } from '../../../../net/socket.ts';
import { SAMPLE_RATE } from '../../opus.ts';
import type { ListenEngine } from './engine.ts';

const RETRY_MS = [250, 1_000, 3_000];
const STABLE_MS = 10_000;
const REMEMBERED_SAMPLES = 5 * SAMPLE_RATE;

export type ListeningOptions = {
  readonly clock: Clock;
  readonly open: OpenSocket;
  /** In the order of preference; each call makes an engine for one socket. */
  readonly engines: readonly (() => ListenEngine)[];
  readonly final: (text: string) => void;
  /** `why`: a word for the log. */
  readonly trouble: (engine: string, why: string) => void;
  readonly lost: () => void;
};

type Connection = { readonly engine: ListenEngine; readonly socket: Socket };

export class Listening {
  readonly #o: ListeningOptions;
  readonly #unheard: Int16Array[] = [];
  #unheardSamples = 0;
  #engine = 0;
  #tries = 0;
  #open: Connection | undefined;
  #connection: Connection | undefined;
  #openedAt = 0;
  #sentAt = 0;
  #retry: Timer | undefined;
  #idle: Timer | undefined;
  #isClosed = false;

  constructor(options: ListeningOptions) {
    this.#o = options;
  }

  begin(): void {
    this.#connect();
  }

  hear(pcm: Int16Array): void {
    if (this.#isClosed) return;
    this.#unheard.push(pcm);
    this.#unheardSamples += pcm.length;
    while (this.#unheardSamples > REMEMBERED_SAMPLES)
      this.#unheardSamples -= this.#unheard.shift()?.length ?? this.#unheardSamples;
    if (this.#open) this.#send(this.#open, pcm);
  }

  close(): void {
    this.#isClosed = true;
    void this.#connection?.socket.close();
    this.#quiet();
    if (this.#retry) this.#o.clock.clearTimeout(this.#retry);
    this.#unheard.length = 0;
  }

  #connect(): void {
    const engine = this.#o.engines[this.#engine]?.();
    if (!engine) {
      this.close();
      return this.#o.lost();
    }
    const connection: Connection = {
      engine,
      socket: this.#o.open(engine, {
        opened: () => this.#opened(connection),
        said: (message) => this.#said(engine, message),
        closed: (why) => this.#lose(engine, why),
      }),
    };
    this.#connection = connection;
  }

  #opened(connection: Connection): void {
    this.#open = connection;
    this.#openedAt = this.#o.clock.now();
    for (const message of connection.engine.hello) connection.socket.send(message);
    this.#sentAt = this.#o.clock.now();
    for (const pcm of this.#unheard) this.#send(connection, pcm);
    this.#keepAlive(connection);
  }

  #said(engine: ListenEngine, message: string): void {
    const text = engine.final(message);
    if (text === '') return;
    this.#unheard.length = 0;
    this.#unheardSamples = 0;
    this.#o.final(text);
  }

  /** LI1 */
  #lose(engine: ListenEngine, why: string): void {
    if (this.#open && this.#o.clock.now() - this.#openedAt >= STABLE_MS) this.#tries = 0;
    this.#open = undefined;
    this.#connection = undefined;
    this.#quiet();
    this.#o.trouble(engine.name, why);
    const wait = RETRY_MS[this.#tries];
    this.#tries += 1;
    if (wait === undefined) {
      this.#engine += 1;
      this.#tries = 0;
    }
    this.#retry = this.#o.clock.setTimeout(() => this.#connect(), wait ?? 0);
  }

  #send({ engine, socket }: Connection, pcm: Int16Array): void {
    this.#sentAt = this.#o.clock.now();
    socket.send(engine.audio(pcm));
  }

  /** LI3 */
  #keepAlive(connection: Connection): void {
    const { clock } = this.#o;
    const { everyMs, message } = connection.engine.idle;
    this.#idle = clock.setTimeout(
      () => {
        if (clock.now() - this.#sentAt >= everyMs) {
          connection.socket.send(message());
          this.#sentAt = clock.now();
        }
        this.#keepAlive(connection);
      },
      Math.max(1, this.#sentAt + everyMs - clock.now()),
    );
  }

  #quiet(): void {
    if (this.#idle) this.#o.clock.clearTimeout(this.#idle);
    this.#idle = undefined;
  }
}
