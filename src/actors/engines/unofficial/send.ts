/**
 * One send on an open socket: recipient, line, hand-over (relay.ts), the server's ack. Media is uploaded before
 * (media-sends.ts).
 *
 *  SE1  The same id is only ever sent with the content that was recorded first (P6, relay.ts).
 *  SE2  `sent` means that the server acknowledged the id. Baileys resolves long before (facts/baileys §3).
 *  SE3  `failed` means that certainly nothing reached the contact; whatever is in doubt is `unknown` (E2).
 *  SE4  A lost device list is not a success: without one device of the contact nothing is handed over (device-lists.ts).
 *  SE5  Sends to one recipient are handed over in the order of the calls; a slow look-up delays only its own recipient, a
 *       slow upload nobody.
 *  SE6  Buttons, lists and cards that WhatsApp refuses go out once more as ordinary messages (refused.ts).
 *  SE7  A hand-over that was under way when its caller was answered, and then certainly failed, is tried again on the same
 *       connection: the caller was told that the message is on its way (PS3).
 *
 * Deliberately not here: readiness, pacing and idempotency keys (lane.ts); what else an ack means (acks.ts).
 */
import { type BinaryNode, proto, type WASocket } from '@whiskeysockets/baileys';
import { byDeadline, type Clock } from '../../../clock.ts';
import type { Content, MediaFile } from '../../../content/content.ts';
import type { Log } from '../../../log.ts';
import { filesOf, type MediaFiles, mediaOf } from '../../content/media-files.ts';
import type { SendCommand, SendResult } from '../engine.ts';
import type { SocketCaches } from './caches.ts';
import { Acks, type AcksOptions } from './acks.ts';
import { DeviceLists } from './device-lists.ts';
import { MediaSends } from './media-sends.ts';
import { isSendable } from './outgoing/capabilities.ts';
import { compose, type Plain } from './outgoing/compose.ts';
import type { Recipients, Resolved } from './recipient.ts';
import { firstly, type PromisedSends, type Repeat } from './promised-sends.ts';
import { orPlainly } from './refused.ts';
import { Relay, type RelayOptions } from './relay.ts';
import { failed, type HandedOver, ofAck, type Prepared } from './send-outcome.ts';

const ACK_MS = 10_000;
/** No caller waits for a promised send; this only bounds how long one connection tries. */
const PROMISE_MS = 60_000;

type Socket = Pick<WASocket, 'onWhatsApp' | 'relayMessage' | 'getUSyncDevices' | 'user' | 'waUploadToServer'>;

export type SenderOptions = Omit<RelayOptions, 'socket'> &
  AcksOptions & {
    readonly socket: () => Socket;
    readonly caches: SocketCaches;
    readonly recipients: Recipients;
    readonly promised: PromisedSends;
    readonly files: MediaFiles;
    /** Who wrote a message in a group. */
    readonly authorOf: (id: string) => string | undefined;
    readonly clock: Clock;
    readonly log: Log;
  };

/** `content` is still to be made a message, for the chat that it really goes to; with neither it is in the sent index. */
type Order = Omit<SendCommand, 'from' | 'content'> & { readonly content?: Plain; readonly message?: proto.IMessage };
const REFUSED = 'WhatsApp refused the message after it had been answered';
type Turn = { begun: boolean; cancelled: boolean };

const noTime = (id: string) => failed(id, 'no time was left to hand the message over', { why: 'no time' });

export class Sender {
  readonly #o: SenderOptions;
  readonly #running = new Map<string, Promise<SendResult>>();
  /** Last hand-over per recipient (SE5). */
  readonly #lines = new Map<string, Promise<unknown>>();
  readonly #acks: Acks;
  readonly #cut = new AbortController();
  readonly #media: MediaSends;
  readonly #relay: Relay;
  readonly #devices: DeviceLists;

  constructor(options: SenderOptions) {
    this.#o = options;
    this.#relay = new Relay(options);
    this.#acks = new Acks(options);
    this.#devices = new DeviceLists(options.socket, options.caches.devices);
    const { sent, promised, files, clock, log } = options;
    this.#media = new MediaSends({
      upload: () => options.socket().waUploadToServer,
      resolve: (to) => this.#resolve(to),
      handOver: (order, content) => this.#orPlainly({ ...order, content }, this.#promising(order)),
      ...{ sent, promised, files, clock, log, onFailure: options.onFailure, cut: this.#cut.signal },
    });
  }

  /** A parallel repeat of an id shares the answer. */
  send(command: SendCommand): Promise<SendResult> {
    const running = this.#running.get(command.id);
    if (running) return running;
    const { id, content } = command;
    if (!isSendable(content)) return this.#unsupported(id, content);
    if (mediaOf(content).length > 0) return this.#run(id, this.#media.send(command));
    const sending = this.#promising({ ...command, content: content as Plain });
    return this.#run(id, this.#orPlainly(command, sending));
  }

  /** PS3: to be called when the socket has opened, before anything else is sent on it. */
  keepPromises(): Promise<void> {
    const { promised, sent } = this.#o;
    return promised.keep((id, upload) => {
      // An upload that was finished and then left unacknowledged has two promises.
      const running = this.#running.get(id);
      if (running) return running;
      const to = sent.get(id)?.to ?? upload?.to ?? '';
      const isUploaded = sent.get(id)?.message !== undefined;
      if (upload && !isUploaded) return this.#run(id, this.#media.keep(id, upload));
      const order = this.#withoutCaller(id, to);
      const sending = this.#send(order);
      return this.#run(id, upload ? this.#orPlainly({ ...order, ...upload, to }, sending) : sending);
    }, this.#cut.signal);
  }

  /** Socket option `patchMessageBeforeSending`. */
  get watchRelay(): Relay['watch'] {
    return this.#relay.watch;
  }

  onAck(stanza: BinaryNode): void {
    this.#acks.hear(stanza);
  }

  /** The socket has ended: no ack will come. */
  cut(): void {
    this.#cut.abort();
    this.#acks.cut();
  }

  /** To be awaited after `cut`, before the store is closed. */
  settled(): Promise<void> {
    return this.#media.settled();
  }

  /** Socket option `getMessage`: answers retry receipts from what was really sent (contract clients §6.3). */
  readonly getMessage = (key: { id?: string | null }): Promise<proto.IMessage | undefined> => {
    const bytes = key.id ? this.#o.sent.get(key.id)?.message : undefined;
    return Promise.resolve(bytes && proto.Message.decode(bytes));
  };

  async #unsupported(id: string, content: Content<MediaFile>): Promise<SendResult> {
    await this.#o.files.remove(filesOf(content));
    return failed(id, `WhatsApp Web has no message for: ${content.kind}`, { why: 'unsupported' }).result;
  }

  #run(id: string, sending: Promise<SendResult>): Promise<SendResult> {
    const result = sending.finally(() => this.#running.delete(id));
    this.#running.set(id, result);
    return result;
  }

  /** PS1, SE7. */
  async #promising(order: Order): Promise<SendResult> {
    const { promised, onFailure } = this.#o;
    let underWay: Promise<HandedOver> | undefined;
    const result = await this.#send(order, (handingOver) => {
      underWay = handingOver;
    });
    if (result.kind !== 'pending') return result;
    const promise = await promised.make(result.id);
    const again: Repeat = (id) => this.#running.get(id) ?? this.#run(id, this.#send(this.#withoutCaller(id)));
    const first = underWay?.then((done) => (done.kind === 'finished' ? done.result : result));
    if (first) promised.keepOne(promise, firstly(first, again), this.#cut.signal).catch(onFailure);
    return result;
  }

  /** The content is in the sent index. */
  #withoutCaller(id: string, to = this.#o.sent.get(id)?.to ?? ''): Order {
    return { id, to, deadline: this.#o.clock.now() + PROMISE_MS };
  }

  /** SE6. */
  #orPlainly(command: Omit<SendCommand, 'from'>, sending: Promise<SendResult>): Promise<SendResult> {
    const { sent, clock, log, onFailure } = this.#o;
    const send = (part: Order) => this.#promising(part);
    return orPlainly(command, sending, { sent, send, clock, log, onFailure });
  }

  /** `onLate` gets the hand-over that was under way at the deadline. */
  async #send(command: Order, onLate?: (handingOver: Promise<HandedOver>) => void): Promise<SendResult> {
    const { id, to, deadline } = command;
    const { clock } = this.#o;
    const turn: Turn = { begun: false, cancelled: false };
    const acked = this.#acks.of(id);
    const handingOver = this.#inLine(this.#lines.get(to), this.#prepare(command), command, turn);
    this.#join(to, handingOver);
    try {
      const done = await byDeadline(clock, handingOver, deadline);
      if (done === 'late') {
        if (turn.begun) onLate?.(handingOver);
        return this.#late(command, turn);
      }
      if (done.kind === 'finished') return done.result;
      const ack = await byDeadline(clock, acked, Math.min(deadline, clock.now() + ACK_MS));
      return ack === 'late' ? { kind: 'pending', id, to: done.to } : ofAck(ack, id, done.to);
    } finally {
      this.#acks.leave(id);
    }
  }

  #join(to: string, handingOver: Promise<unknown>): void {
    this.#lines.set(to, handingOver);
    const leave = () => {
      if (this.#lines.get(to) === handingOver) this.#lines.delete(to);
    };
    handingOver.then(leave, leave);
  }

  /** The caller's time is over: what has not begun never will; what has begun can only be waited for. */
  #late({ id, to }: Order, turn: Turn): SendResult {
    turn.cancelled = !turn.begun;
    if (turn.cancelled) return noTime(id).result;
    return { kind: 'pending', id, to: this.#o.sent.get(id)?.to ?? to };
  }

  async #inLine(
    before: Promise<unknown> | undefined,
    prepared: Promise<Prepared>,
    { id, deadline, origin }: Order,
    turn: Turn,
  ): Promise<HandedOver> {
    // The predecessor's outcome is its own sender's business.
    const [ready] = await Promise.all([prepared, before?.catch(() => undefined)]);
    if (ready.kind === 'finished') return ready;
    if (turn.cancelled || this.#o.clock.now() >= deadline) return noTime(id);
    if (this.#cut.signal.aborted) return failed(id, 'the connection was lost before the message was handed over');
    turn.begun = true;
    return this.#relay.run(id, ready.to, ready.message, origin);
  }

  async #prepare({ id, to, content, message }: Order): Promise<Prepared> {
    const row = this.#o.sent.get(id);
    if (row?.refused !== undefined && !content && !message) return failed(id, REFUSED, { code: row.refused });
    if (row?.receipt !== undefined) return { kind: 'finished', result: { kind: 'sent', id, to: row.to } };
    if (row?.message) return this.#withDevices(id, row.to, proto.Message.decode(row.message));
    const resolved = await this.#resolve(to);
    if (resolved.kind === 'not on WhatsApp') return failed(id, 'Number is not on WhatsApp', { why: resolved.kind });
    if (resolved.kind === 'invalid') return failed(id, resolved.why);
    const made = message ?? (content && (await compose(content, resolved.jid, this.#o.authorOf)));
    return made ? this.#withDevices(id, resolved.jid, made) : failed(id, 'its content is no longer kept');
  }

  #resolve(to: string): Promise<Resolved> {
    return this.#o.recipients.resolve(to, (digits) => this.#o.socket().onWhatsApp(...digits));
  }

  async #withDevices(id: string, to: string, message: proto.IMessage): Promise<Prepared> {
    const refused = await this.#devices.known(id, to);
    return refused ?? { kind: 'ready', to, message };
  }
}
