/**
 * One WebSocket connection of a client.
 *
 * Owns: the byte stream, the handshake, and the order of stanzas on one connection.
 * Invariants:
 *   L1 stanzas are handed to the handler in the order in which they came, and written in the order of `send`;
 *   L2 after `closedAt` is set nothing is handed over or written any more.
 * Does not: know what a stanza means (`login.ts`, `iq-router.ts`, `outbound.ts`).
 */
import type { Socket } from 'node:net';
import type { proto } from '@whiskeysockets/baileys';
import { WebSocket } from 'ws';
import type { ServerIdentity } from './certificate.ts';
import { FrameReader, frame } from './frames.ts';
import { decode, el, encode } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import { NoiseResponder } from './noise.ts';
import type { Transport } from './noise.ts';

export interface ConnectionHandler {
  greeted(connection: Connection, payload: proto.ClientPayload): void;
  received(connection: Connection, stanza: BinaryNode): void;
  closed(connection: Connection): void;
}

/**
 * `frozen`: the peer of the client is dead to it; `swallowing`: it reads, answers nothing, but still closes. `client
 * unheard`, `server unheard`: the frames of one side never arrive at the other.
 */
export type Impairment = 'none' | 'frozen' | 'swallowing' | 'client unheard' | 'server unheard';

export class Connection {
  readonly openedAt = Date.now();
  closedAt: number | undefined;
  impairment: Impairment = 'none';
  /** The client's static noise key, known once it has greeted. */
  clientStatic: Buffer = Buffer.alloc(0);
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  readonly #handler: ConnectionHandler;
  readonly #reader = new FrameReader();
  readonly #responder: NoiseResponder;
  #helloAnswered = false;
  #gathering = false;
  #transport: Transport | undefined;

  constructor(socket: WebSocket, tcp: Socket, identity: ServerIdentity, handler: ConnectionHandler) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#handler = handler;
    this.#responder = new NoiseResponder(identity);
    socket.on('message', (data) => this.#onBytes(data));
    // An 'error' is always followed by 'close'; without a listener it would end the process.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#onClosed());
  }

  get open(): boolean {
    return this.closedAt === undefined && this.#socket.readyState === WebSocket.OPEN;
  }

  send(stanza: BinaryNode): boolean {
    return this.sendEncoded(encode(stanza));
  }

  /** Writes an already encoded stanza; false when it can no longer reach the client. */
  sendEncoded(encoded: Buffer): boolean {
    if (!this.open || this.#transport === undefined) return false;
    if (this.impairment === 'server unheard') return true;
    if (this.impairment === 'frozen' || this.impairment === 'swallowing') return false;
    this.#gatherWrites();
    this.#socket.send(frame(this.#transport.encrypt(encoded)));
    return true;
  }

  /** Stanzas of one tick (ack and receipt, a slice of a burst) leave in one system call. */
  #gatherWrites(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    this.#tcp.cork();
    process.nextTick(() => {
      this.#gathering = false;
      this.#tcp.uncork();
    });
  }

  /** Says a last word, if any, and closes the WebSocket properly. */
  end(lastWord?: BinaryNode): void {
    if (lastWord !== undefined) this.send(lastWord);
    this.#socket.close();
  }

  streamError(code: string | undefined, ...content: BinaryNode[]): void {
    this.end(el('stream:error', { code }, content));
  }

  /** Cuts the TCP connection without any goodbye. */
  cut(): void {
    this.#socket.terminate();
  }

  /** From now on not even the WebSocket close is answered, as with a peer that was stopped. */
  freeze(): void {
    this.impairment = 'frozen';
    this.#tcp.pause();
  }

  #onBytes(data: Buffer): void {
    if (this.closedAt !== undefined) return;
    if (this.impairment !== 'none' && this.impairment !== 'server unheard') return;
    try {
      for (const one of this.#reader.push(data)) this.#onFrame(one);
    } catch (error) {
      // Bytes that are no valid handshake or stanza: a real server hangs up.
      process.stderr.write(`loopback: connection dropped: ${error instanceof Error ? error.message : String(error)}\n`);
      this.cut();
    }
  }

  #onFrame(one: Buffer): void {
    if (this.#transport !== undefined) {
      this.#handler.received(this, decode(this.#transport.decrypt(one)));
      return;
    }
    if (!this.#helloAnswered) {
      this.#helloAnswered = true;
      this.#socket.send(frame(this.#responder.answerHello(one)));
      return;
    }
    const { clientStatic, payload, transport } = this.#responder.readFinish(one);
    this.clientStatic = clientStatic;
    this.#transport = transport;
    this.#handler.greeted(this, payload);
  }

  #onClosed(): void {
    if (this.closedAt !== undefined) return;
    this.closedAt = Date.now();
    this.#handler.closed(this);
  }
}
