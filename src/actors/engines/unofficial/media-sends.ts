/**
 * Sends with media: upload first, then the same way as every other message.
 *
 *  MS1  An upload runs before the message stands in its recipient's line, so that a slow one delays nobody (C-45).
 *  MS2  An upload that is still running at the caller's deadline, or when the connection ends, is `pending`: its content
 *       is in a durable promise by then, and it is finished under the same id, over reconnects and restarts.
 *  MS3  Media files are removed when a send has its final result; those of a promise when the promise ends.
 *
 * Deliberately not here: how one medium is uploaded (outgoing/media.ts), hand-over and ack (send.ts).
 */
import type { proto, WAMediaUploadFunction } from '@whiskeysockets/baileys';
import type { Clock } from '../../../clock.ts';
import type { Content, MediaFile } from '../../../content/content.ts';
import type { Log } from '../../../log.ts';
import { filesOf, type MediaFiles, mediaOf } from '../../content/media-files.ts';
import type { SentIndex } from '../../sent-index.ts';
import type { SendCommand, SendResult } from '../engine.ts';
import { type HeaderMedia, type NativeFlow, nativeFlowMessage } from './outgoing/native-flow.ts';
import { uploadMedia } from './outgoing/media.ts';
import { firstly, type Promised, type PromisedSends, type PromisedUpload, type Repeat } from './promised-sends.ts';
import type { Resolved } from './recipient.ts';
import { failed, type Finished } from './send-outcome.ts';

/** No caller waits for a promised send; this only bounds one hand-over. */
const HAND_OVER_MS = 60_000;

/** One message on its way to hand-over; without `message` it is in the sent index already. */
export type HandOver = Pick<SendCommand, 'id' | 'to' | 'deadline' | 'origin'> & { readonly message?: proto.IMessage };

export type MediaSendsOptions = {
  readonly upload: () => WAMediaUploadFunction;
  readonly resolve: (to: string) => Promise<Resolved>;
  /** `content`: what the message says, for another way of saying it (SE6). */
  readonly handOver: (message: HandOver, content: Content<MediaFile>) => Promise<SendResult>;
  readonly sent: SentIndex;
  readonly promised: PromisedSends;
  readonly files: MediaFiles;
  readonly clock: Clock;
  readonly log: Log;
  readonly onFailure: (error: unknown) => void;
  /** Aborted when the connection ends. */
  readonly cut: AbortSignal;
};

type Uploaded = { readonly kind: 'message'; readonly message: proto.IMessage } | Finished;

export class MediaSends {
  readonly #o: MediaSendsOptions;
  /** Sends that still upload, or have just become promises. */
  readonly #waiting = new Set<Promise<unknown>>();

  constructor(options: MediaSendsOptions) {
    this.#o = options;
  }

  async send({ id, to, content, deadline, origin }: SendCommand): Promise<SendResult> {
    const order = { id, to, deadline, ...(origin && { origin }) };
    const { sent, promised, files } = this.#o;
    if (sent.get(id)?.message) {
      await files.remove(filesOf(content));
      return this.#o.handOver(order, content);
    }
    const uploading = this.#upload(id, to, content);
    const upload = { to, content, ...(origin && { origin }) };
    const waiting = this.#whileWaitedFor(uploading, deadline).then(
      async (done): Promise<Uploaded | { readonly kind: 'promised'; readonly promise: Promised }> =>
        done === 'late' ? { kind: 'promised', promise: await promised.make(id, upload) } : done,
    );
    const uploaded = await this.#noted(waiting);
    if (uploaded.kind === 'promised') {
      const first = uploading.then((done) => this.#finish(this.#withoutCaller(id, upload), content, done));
      const again: Repeat = () => this.keep(id, upload);
      promised.keepOne(uploaded.promise, firstly(first, again), this.#o.cut).catch(this.#o.onFailure);
      return { kind: 'pending', id, to };
    }
    const result = await this.#finish(order, content, uploaded);
    await files.remove(filesOf(content));
    return result;
  }

  /** To be awaited after the connection has ended: what was waiting is a durable promise then (MS2). */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#waiting);
  }

  #noted<T>(waiting: Promise<T>): Promise<T> {
    this.#waiting.add(waiting);
    return waiting.finally(() => this.#waiting.delete(waiting));
  }

  /** The promise of an upload, on this connection: from the beginning. */
  async keep(id: string, upload: PromisedUpload): Promise<SendResult> {
    const { to, content } = upload;
    return this.#finish(this.#withoutCaller(id, upload), content, await this.#upload(id, to, content));
  }

  #withoutCaller(id: string, { to, origin }: PromisedUpload): Omit<HandOver, 'message'> {
    return { id, to, deadline: this.#o.clock.now() + HAND_OVER_MS, ...(origin && { origin }) };
  }

  async #finish(
    order: Omit<HandOver, 'message'>,
    content: Content<MediaFile>,
    uploaded: Uploaded,
  ): Promise<SendResult> {
    if (uploaded.kind === 'finished') return uploaded.result;
    if (this.#o.cut.aborted)
      return failed(order.id, 'the connection was lost before the message was handed over').result;
    return this.#o.handOver({ ...order, message: uploaded.message }, content);
  }

  async #upload(id: string, to: string, content: Content<MediaFile>): Promise<Uploaded> {
    // Asked first: nobody's media is uploaded for a number that is not on WhatsApp.
    const recipient = await this.#o.resolve(to);
    if (recipient.kind === 'not on WhatsApp') return failed(id, 'Number is not on WhatsApp', { why: recipient.kind });
    if (recipient.kind === 'invalid') return failed(id, recipient.why);
    const { clock, log, cut } = this.#o;
    const caption = content.kind === 'media' ? content.caption : '';
    const tools = { upload: this.#o.upload(), clock, log, cut };
    const all = await Promise.all(mediaOf(content).map((media) => uploadMedia(media, caption, tools)));
    const messages: proto.IMessage[] = [];
    for (const one of all) {
      if (one.kind === 'failed') return failed(id, one.error, one.gone ? { why: 'media refused' } : {});
      messages.push(one.message);
    }
    return { kind: 'message', message: assembled(content, messages) };
  }

  #whileWaitedFor(uploading: Promise<Uploaded>, deadline: number): Promise<Uploaded | 'late'> {
    const { clock, cut } = this.#o;
    return new Promise((resolve, reject) => {
      const late = () => resolve('late');
      const timer = clock.setTimeout(late, Math.max(0, deadline - clock.now()));
      if (cut.aborted) late();
      cut.addEventListener('abort', late, { once: true });
      uploading.then(resolve, reject).finally(() => {
        clock.clearTimeout(timer);
        cut.removeEventListener('abort', late);
      });
    });
  }
}

/** `messages`: one per medium, in the order of `mediaOf`. */
function assembled(content: Content<MediaFile>, messages: readonly proto.IMessage[]): proto.IMessage {
  const [first] = messages;
  if (content.kind === 'media' && first) return first;
  if (content.kind === 'buttons') return nativeFlowMessage(content, messages.map(headerOf));
  if (content.kind === 'carousel') return nativeFlowMessage(content, cardMedia(content, messages));
  throw new Error(`content without media was uploaded: ${content.kind}`);
}

/** Cards without an image keep their place. */
function cardMedia(
  { cards }: Extract<NativeFlow, { kind: 'carousel' }>,
  messages: readonly proto.IMessage[],
): (HeaderMedia | undefined)[] {
  const left = [...messages];
  return cards.map(({ image }) => (image ? headerOf(left.shift()) : undefined));
}

function headerOf(message: proto.IMessage | undefined): HeaderMedia | undefined {
  if (!message) return undefined;
  const { imageMessage, videoMessage, documentMessage } = message;
  return {
    ...(imageMessage && { imageMessage }),
    ...(videoMessage && { videoMessage }),
    ...(documentMessage && { documentMessage }),
  };
}
