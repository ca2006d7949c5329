/**
 * What a saved login adds to a socket: journaled decryption, durable sends, receipts and acks read from the stanzas.
 * Lives as long as one connection; what must outlive it is in the Device.
 */
import type { EventEmitter } from 'node:events';
import type { AuthenticationCreds, BinaryNode, SignalKeyStore, WASocket } from '@whiskeysockets/baileys';
import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import { lidOfJid, phoneOfJid } from '../../../phone.ts';
import type { Progress } from '../engine.ts';
import type { AuthState } from './auth-state.ts';
import type { SocketCaches } from './caches.ts';
import type { Device } from './device.ts';
import { DiskFirst, type FrameSocket } from './disk-first.ts';
import { durableKeys } from './durable-keys.ts';
import { guarded } from './guard.ts';
import { receiptsOf } from './inbound/receipts.ts';
import type { Me } from './inbound/select.ts';
import { Sender } from './send.ts';
import { durableRepository } from './signal-repository.ts';
import { SessionCache } from './session-cache.ts';
import type { SocketOptions } from './socket.ts';
import { Surroundings } from './surroundings.ts';

export type SessionOptions = {
  readonly device: Device;
  readonly auth: AuthState;
  readonly socket: () => WASocket;
  readonly caches: SocketCaches;
  readonly clock: Clock;
  readonly log: Log;
  readonly ended: () => boolean;
  /** Something that must not be lost was lost: the connection has to end, WhatsApp delivers again. */
  readonly onFailure: (error: unknown) => void;
  /** The library has begun to end the socket. */
  readonly onEnd: () => void;
};

export class Session {
  readonly sender: Sender;
  readonly keys: SignalKeyStore;
  readonly caches: SocketCaches;
  readonly surroundings: Surroundings;
  readonly #o: SessionOptions;
  readonly #diskFirst = new DiskFirst();

  constructor(options: SessionOptions) {
    const { device, auth, socket, caches, clock, log, ended, onFailure } = options;
    this.#o = options;
    this.caches = caches;
    this.surroundings = new Surroundings({ device, auth, socket, clock, log });
    this.sender = new Sender({
      socket,
      caches,
      sent: device.sent,
      rideAlong: device.rideAlong,
      daily: device.daily,
      recipients: device.recipients,
      promised: device.promised,
      newest: device.newest,
      files: device.files,
      authorOf: (id) => device.desk.participantOf(id),
      clock,
      log,
      onRefusal: (code) => device.onRefusal(code),
      onFailure,
    });
    this.keys = durableKeys(
      auth.keys,
      device.rideAlong,
      new SessionCache(auth.keys, caches.sessions),
      this.#diskFirst,
      {
        ended,
        onSet: (data, stored) => device.onKeys(data, stored, this.#me(), onFailure),
        onFailure,
      },
    );
  }

  get socketOptions(): NonNullable<SocketOptions['session']> {
    return {
      getMessage: this.sender.getMessage,
      patchMessageBeforeSending: this.sender.watchRelay,
      makeSignalRepository: durableRepository(this.#o.device.journal, this.#o.onEnd),
      ...this.surroundings.socketOptions,
    };
  }

  progress(id: string): Progress {
    return this.#o.device.promised.progress(id);
  }

  /** Brings what a crash left in the journal to the outbox, before any socket is opened. */
  async recover(): Promise<void> {
    const count = await this.#o.device.recover(this.#me());
    if (count > 0) this.#o.log.info({ count }, 'inbound messages recovered from the journal');
  }

  listen({ ev, ws }: Pick<WASocket, 'ev'> & { readonly ws: EventEmitter }): void {
    this.surroundings.listen({ ev, ws }, this.#o.onFailure);
    this.#o.device.reuploads.connected(this.#me().pn, this.#o.socket());
    // `socket` is protected in the types only. Without the gate nothing would be safe, so it must be there.
    const { socket } = ws as unknown as { readonly socket: FrameSocket | null };
    if (!socket) throw new Error('the library keeps its WebSocket in another place');
    this.#diskFirst.guard(socket);
    // Before the library's own listener, which decrypts.
    ws.prependListener('CB:message', (stanza: BinaryNode) => {
      this.#o.device.journal.observe(stanza);
      // The library takes live messages beside its queue of offline ones: they would overtake the backlog of their own
      // conversation (P5). That queue is in order of arrival, so every message goes through it.
      stanza.attrs['offline'] ??= '0';
    });
    // The library acknowledges a receipt, and WhatsApp never repeats it: ours is on disk before the library hears of it.
    const library = ws.listeners('CB:receipt');
    ws.removeAllListeners('CB:receipt');
    const handle = async (stanza: BinaryNode): Promise<void> => {
      await this.#onReceipt(stanza);
      await Promise.all(library.map((listener) => listener(stanza)));
    };
    ws.on('CB:receipt', guarded(handle, this.#o.onFailure));
    ws.on('CB:ack,class:message', (stanza: BinaryNode) => this.sender.onAck(stanza));
  }

  async settled(): Promise<void> {
    this.#o.device.reuploads.gone(this.#me().pn, this.#o.socket());
    await this.surroundings.stop();
    await this.sender.settled();
    await this.#o.device.settled();
  }

  async #onReceipt(stanza: BinaryNode): Promise<void> {
    const receipts = receiptsOf(stanza);
    if (!receipts) return;
    const { ids, receipt, at = this.#o.clock.now() } = receipts;
    await Promise.all(ids.map((id) => this.#o.device.desk.receipt(id, receipt, at)));
  }

  /** Read each time: the login success may bring the LID. */
  #me(): Me {
    return meOf(this.#o.auth.creds);
  }
}

/** Whose login this is. Throws for creds that were never paired. */
export function meOf({ me }: AuthenticationCreds): Me {
  const pn = me && phoneOfJid(me.id);
  if (pn === undefined) throw new Error('a login without a phone number');
  return { pn, lid: me?.lid === undefined ? undefined : lidOfJid(me.lid) };
}
