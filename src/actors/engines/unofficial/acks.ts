/**
 * The server's word on a message that was handed over: kept in the sent index, told to whoever waits for it.
 *
 *  AK1  An ack counts whenever it comes, also after the sender stopped waiting.
 */
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { Log } from '../../../log.ts';
import type { SentIndex } from '../../sent-index.ts';
import type { RideAlong } from './ride-along.ts';
import type { Ack } from './send-outcome.ts';

export type AcksOptions = {
  readonly sent: SentIndex;
  readonly rideAlong: RideAlong;
  readonly log: Log;
  /** WhatsApp refused a message, at once or after it was answered. */
  readonly onRefusal: (code: number) => void;
  /** A write that must not be lost failed after the fact. */
  readonly onFailure: (error: unknown) => void;
};

export class Acks {
  readonly #o: AcksOptions;
  readonly #waiting = new Map<string, (ack: Ack) => void>();

  constructor(options: AcksOptions) {
    this.#o = options;
  }

  /** To be followed by `leave`. */
  of(id: string): Promise<Ack> {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  leave(id: string): void {
    this.#waiting.delete(id);
  }

  /** AK1. A stanza `ack` of class `message`. */
  hear({ attrs: { id, error } }: BinaryNode): void {
    if (id === undefined) return;
    const { sent, rideAlong, log, onRefusal, onFailure } = this.#o;
    const settle = this.#waiting.get(id);
    if (error !== undefined) {
      const code = Number(error);
      log.warn({ messageId: id, code, late: !settle }, 'WhatsApp refused a message');
      onRefusal(code);
      sent.refuse(id, code, (change) => rideAlong.add(change)).catch(onFailure);
      settle?.({ kind: 'refused', code });
      return;
    }
    sent.receive(id, 'sent', (change) => rideAlong.add(change)).catch(onFailure);
    settle?.({ kind: 'acked' });
  }

  /** The socket has ended: no ack will come. */
  cut(): void {
    for (const settle of this.#waiting.values()) settle({ kind: 'cut' });
  }
}
