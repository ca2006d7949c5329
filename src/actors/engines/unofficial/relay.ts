/**
 * The hand-over of one message to the library: recorded, encrypted, written.
 *
 *  RL1  The id and its content are durable before a byte of the stanza leaves, in the same flush as the ratchet step that
 *       encrypts it (durable-keys.ts DK4).
 *  RL2  `handed over` means that at least one device of the contact was encrypted for; a relay that fails after it began
 *       to encrypt is `unknown` (E2).
 *
 * Deliberately not here: lines, deadlines and acks (send.ts).
 */
import { proto, type WASocket } from '@whiskeysockets/baileys';
import { splitJid } from '../../../phone.ts';
import type { DailyCount } from '../../daily-count.ts';
import type { NewestOwn } from '../../newest-own.ts';
import type { SentIndex } from '../../sent-index.ts';
import type { Batch } from '../../../store/store.ts';
import type { Origin } from '../engine.ts';
import { isPoll } from './inbound/votes.ts';
import { isShown, stanzaOf } from './outgoing/stanza.ts';
import type { RideAlong } from './ride-along.ts';
import { failed, type HandedOver, ofError } from './send-outcome.ts';

export type RelayOptions = {
  readonly socket: () => Pick<WASocket, 'relayMessage' | 'user'>;
  readonly sent: SentIndex;
  readonly newest: NewestOwn;
  readonly daily: DailyCount;
  readonly rideAlong: RideAlong;
  /** A write that must not be lost failed after the fact. */
  readonly onFailure: (error: unknown) => void;
};

export class Relay {
  readonly #o: RelayOptions;
  /** How often Baileys showed us a message: first for the report, then to encrypt it for the contact's devices. */
  readonly #shown = new WeakMap<proto.IMessage, number>();

  constructor(options: RelayOptions) {
    this.#o = options;
  }

  /** Socket option `patchMessageBeforeSending`: changes nothing, tells how far a relay has come. */
  readonly watch = (message: proto.IMessage): proto.IMessage => {
    const shown = this.#shown.get(message);
    if (shown !== undefined) this.#shown.set(message, shown + 1);
    return message;
  };

  /** `to`: the JID that is really used. */
  async run(id: string, to: string, message: proto.IMessage, origin?: Origin): Promise<HandedOver> {
    this.#shown.set(message, 0);
    const bytes = proto.Message.encode(message).finish();
    const isRepeat = this.#o.sent.has(id);
    const record = (change: (batch: Batch) => void) =>
      this.#o.rideAlong.add((batch) => {
        change(batch);
        if (!isRepeat) this.#o.daily.add(batch);
      });
    const traits = { ...(origin && { origin }), ...(isPoll(message) && { lasting: true as const }) };
    const recorded = this.#o.sent.record(id, to, bytes, record, traits);
    recorded.catch(this.#o.onFailure);
    if (isShown(message)) {
      const noted = this.#o.rideAlong.add((batch) => this.#o.newest.record(batch, to, id));
      noted.catch(this.#o.onFailure);
    }
    const isGroup = to.endsWith('@g.us');
    try {
      await this.#o.socket().relayMessage(to, message, { messageId: id, ...stanzaOf(message) });
    } catch (error) {
      return ofError(id, error, this.#encrypted(message, isGroup));
    }
    const reached = isGroup || this.#isSelf(to) || this.#encrypted(message, isGroup);
    return reached ? { kind: 'handed over', to } : failed(id, "WhatsApp did not name the recipient's devices");
  }

  /** A note to oneself goes to the own devices only, in their envelope. */
  #isSelf(to: string): boolean {
    const { user } = this.#o.socket();
    return [user?.id, user?.lid].some((own) => own !== undefined && splitJid(own)?.user === splitJid(to)?.user);
  }

  /** In a group it is shown once, right before it is encrypted. */
  #encrypted(message: proto.IMessage, isGroup: boolean): boolean {
    return (this.#shown.get(message) ?? 0) >= (isGroup ? 1 : 2);
  }
}
