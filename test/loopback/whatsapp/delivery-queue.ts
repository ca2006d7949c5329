/**
 * What the service keeps for one paired number until its client has confirmed it.
 *
 * Owns: the order of messages and receipts on their way to one client, and their redelivery.
 * Invariants:
 *   Q1 an entry stays until the client's receipt or ack for it arrives, whatever happens to the connection;
 *   Q2 at the next login everything unconfirmed goes out again, in the old order, with offline="1" and the *same*
 *      ciphertext;
 *   Q3 an entry renewed in answer to a retry receipt is not removed by the error ack that follows that receipt.
 * Does not: encrypt (`inbound.ts`), or decide when a client is ready (`login.ts`).
 */
import { parseJid } from './addresses.ts';
import type { Connection } from './connection.ts';
import { encode } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';

const AGAIN = '+';

interface Entry {
  /** Unique per queue: class, sender and id. */
  readonly key: string;
  stanza: BinaryNode;
  /** Encoded form for live delivery; dropped once it has been written. */
  encoded: Buffer | undefined;
  awaitedNacks: number;
  offered: boolean;
}

export interface QueueCounts {
  readonly queued: number;
  readonly delivered: number;
  readonly acked: number;
}

export class DeliveryQueue {
  readonly #entries = new Map<string, Entry>();
  #live: Connection | undefined;
  #delivered = 0;
  #acked = 0;

  constructor(saved: readonly BinaryNode[] = []) {
    for (const stanza of saved) this.add(stanza);
  }

  /** Messages only: receipts on their way to the client are not counted. */
  get counts(): QueueCounts {
    let queued = 0;
    for (const { stanza } of this.#entries.values()) if (stanza.tag === 'message') queued += 1;
    return { queued, delivered: this.#delivered, acked: this.#acked };
  }

  /** Accepts a stanza and delivers it when the client is there. */
  add(stanza: BinaryNode, encoded?: Buffer): void {
    this.#offer(this.#append(stanza, encoded, 0));
  }

  /** Replaces the ciphertext of an unconfirmed or already confirmed message and delivers it again. */
  renew(stanza: BinaryNode): void {
    const entry = this.#find(keyOf(stanza));
    if (entry === undefined) {
      this.#offer(this.#append(stanza, undefined, 1));
      return;
    }
    entry.stanza = stanza;
    entry.encoded = undefined;
    entry.awaitedNacks += 1;
    this.#offer(entry);
  }

  /** The client is ready: hands over what it has missed and from then on delivers at once. Answers the count. */
  goLive(connection: Connection): number {
    const missed = [...this.#entries.values()];
    for (const entry of missed) {
      entry.awaitedNacks = 0;
      const { stanza } = entry;
      if (connection.send({ ...stanza, attrs: { ...stanza.attrs, offline: '1' } })) this.#count(entry);
    }
    this.#live = connection;
    return missed.length;
  }

  goOffline(connection: Connection): void {
    if (this.#live === connection) this.#live = undefined;
  }

  /** A receipt, or an ack without error, for the stanza with this key. */
  confirm(key: string): boolean {
    const entry = this.#find(key);
    if (entry === undefined) return false;
    this.#entries.delete(entry.key);
    if (entry.stanza.tag === 'message') this.#acked += 1;
    return true;
  }

  /** An ack with an error. */
  reject(key: string): void {
    const entry = this.#find(key);
    if (entry === undefined) return;
    if (entry.awaitedNacks > 0) entry.awaitedNacks -= 1;
    else this.confirm(key);
  }

  snapshot(): BinaryNode[] {
    return [...this.#entries.values()].map(({ stanza }) => stanza);
  }

  /** A scripted duplicate (same sender, same id) gets a place of its own behind the first. */
  #append(stanza: BinaryNode, encoded: Buffer | undefined, awaitedNacks: number): Entry {
    let key = keyOf(stanza);
    while (this.#entries.has(key)) key += AGAIN;
    const entry: Entry = { key, stanza, encoded, awaitedNacks, offered: false };
    this.#entries.set(key, entry);
    return entry;
  }

  #find(key: string): Entry | undefined {
    return this.#entries.get(key) ?? this.#entries.get(key + AGAIN);
  }

  #offer(entry: Entry): void {
    if (this.#live === undefined) return;
    const written = this.#live.sendEncoded(entry.encoded ?? encode(entry.stanza));
    entry.encoded = undefined;
    if (written) this.#count(entry);
  }

  #count(entry: Entry): void {
    if (!entry.offered && entry.stanza.tag === 'message') this.#delivered += 1;
    entry.offered = true;
  }
}

/** The key under which the client's answers name a stanza: class, the sender (without device), id, receipt type. */
export function keyOf({ tag, attrs }: BinaryNode): string {
  const sender = (parseJid(attrs['from']) ?? parseJid(attrs['participant']))?.phone ?? '';
  return entryKey(tag, sender, attrs['id'] ?? '', tag === 'receipt' ? attrs['type'] : undefined);
}

export function entryKey(tag: string, sender: string, id: string, receiptType?: string): string {
  return `${tag}|${sender}|${id}|${receiptType ?? ''}`;
}
