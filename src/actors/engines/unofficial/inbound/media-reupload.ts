/**
 * Asking a sender's phone, through our own, to upload a medium again that the media host no longer has (contract
 * inbound §4). Works only while the number that received it is connected.
 *
 * Baileys' own call waits without a limit for an answer that may never come, so the request is made of its parts.
 */
import {
  decryptMediaRetryData,
  encryptMediaRetryRequest,
  proto,
  type BaileysEventMap,
  type WAMessageKey,
  type WASocket,
} from '@whiskeysockets/baileys';
import type { Attachment } from '../../../../app-client/inbound-content.ts';
import type { Clock } from '../../../../clock.ts';
import type { Log } from '../../../../log.ts';

/** How long a phone may take; it may as well be switched off. */
const ANSWER_MS = 10_000;

export type Asked = Pick<WASocket, 'ev' | 'sendNode'>;

export class Reuploads {
  readonly #clock: Clock;
  readonly #log: Log;
  /** Phone digits of an account -> its connection. */
  readonly #sockets = new Map<string, Asked>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** While it is connected; the newest connection of an account counts. */
  connected(account: string, sock: Asked): void {
    this.#sockets.set(account, sock);
  }

  gone(account: string, sock: Asked): void {
    if (this.#sockets.get(account) === sock) this.#sockets.delete(account);
  }

  /** The new path on the media host; undefined when there is none. */
  async ask({ source }: Attachment): Promise<string | undefined> {
    const sock = this.#sockets.get(source.account);
    if (!sock) return undefined;
    const { chat, id, fromMe, participant } = source.message;
    const key: WAMessageKey = { remoteJid: chat, id, fromMe, ...(participant !== undefined && { participant }) };
    const mediaKey = Buffer.from(source.mediaKey, 'base64');
    const answer = this.#answer(sock, id);
    try {
      await sock.sendNode(encryptMediaRetryRequest(key, mediaKey, `${source.account}@s.whatsapp.net`));
      const media = (await answer)?.media;
      if (!media) return undefined;
      const { result, directPath } = decryptMediaRetryData(media, mediaKey, id);
      return result === proto.MediaRetryNotification.ResultType.SUCCESS ? (directPath ?? undefined) : undefined;
    } catch (error) {
      // A socket that has just closed, or an answer that is not for this key: the medium is as lost as before.
      this.#log.info({ err: error }, 'a medium could not be asked for again');
      return undefined;
    }
  }

  #answer({ ev }: Asked, id: string): Promise<Update | undefined> {
    return new Promise((resolve) => {
      const done = (update?: Update) => {
        this.#clock.clearTimeout(timer);
        ev.off('messages.media-update', listen);
        resolve(update);
      };
      const listen = (updates: Update[]) => {
        const found = updates.find(({ key }) => key.id === id);
        if (found) done(found);
      };
      const timer = this.#clock.setTimeout(() => done(), ANSWER_MS);
      ev.on('messages.media-update', listen);
    });
  }
}

type Update = BaileysEventMap['messages.media-update'][number];
