/**
 * The journal of decrypted messages: what makes an inbound message survive every crash (P3, P5).
 *
 * WhatsApp forgets a message once it has the receipt, and a Signal message can be decrypted once. So:
 *  DJ1  The ratchet step, the plaintext and the stanza's attributes travel in one `keys.set`, which is one transaction,
 *       durable before the receipt leaves (disk-first.ts).
 *  DJ2  The same ciphertext again yields the stored plaintext: Baileys answers it with the normal receipt.
 *  DJ3  A row stays until its message is in the outbox; it leaves in that same transaction (inbound.ts IN1). What a
 *       crash left behind goes through the same intake at the next start, in order.
 *  DJ4  A customer's plaintext leaves the disk with its row. Only content that Baileys itself acts on (key shares, sender
 *       keys) is kept for a redelivery; for the rest an empty message earns the same receipt.
 *
 * What failed to decrypt never comes here, so it can neither overwrite nor mark anything.
 */
import { createHash } from 'node:crypto';
import type { BinaryNode, SignalDataSet } from '@whiskeysockets/baileys';
import type { Clock } from '../../../clock.ts';
import type { Batch, Store, Table } from '../../../store/store.ts';
import { RotatingSweep } from '../../rotating-sweep.ts';
import { JOURNAL_TABLE } from './auth-state.ts';

/** As long as message ids are remembered (contract inbound §1). */
const REMEMBERED_MS = 14 * 86_400_000;

/** An empty `Message`, in Signal padding: one byte that says "one byte of padding". */
const EMPTY_MESSAGE = Buffer.of(1);

export type JournalRow = {
  readonly hash: string;
  /** Of the `message` stanza. */
  readonly attrs: Readonly<Record<string, string>>;
  /** Padded, as Signal gave it. */
  readonly plaintext: Uint8Array;
  /** Epoch milliseconds. */
  readonly at: number;
};

export type JournalEntry = { readonly key: string; readonly row: JournalRow };

/** Of a ciphertext whose message is done with. `plaintext` only under DJ4. */
type Done = { readonly at: number; readonly plaintext?: Uint8Array };

export class DecryptJournal {
  readonly #clock: Clock;
  readonly #rows: Table<JournalRow>;
  readonly #done: Table<Done>;
  readonly #sweep: RotatingSweep<Done>;
  /** Which stanza a ciphertext came in; Baileys hands the very same bytes to `decryptMessage`. */
  readonly #stanzas = new WeakMap<Uint8Array, Readonly<Record<string, string>>>();
  /** Plaintexts of rows that are on disk and not handled yet, or about to be. */
  readonly #open = new Map<string, Uint8Array>();
  #count = 0;

  constructor(store: Store, clock: Clock) {
    this.#clock = clock;
    this.#rows = store.table(JOURNAL_TABLE);
    this.#done = store.table('ciphertexts');
    this.#sweep = new RotatingSweep(this.#done, ({ at }) => (clock.now() - at > REMEMBERED_MS ? 'remove' : 'keep'));
  }

  /** To be called with every `message` stanza before Baileys handles it. */
  observe(stanza: BinaryNode): void {
    if (!Array.isArray(stanza.content)) return;
    for (const { tag, content } of stanza.content) {
      if (tag === 'enc' && content instanceof Uint8Array) this.#stanzas.set(content, stanza.attrs);
    }
  }

  /** DJ2. The plaintext of a ciphertext that was decrypted before. */
  recall(hash: string): Uint8Array | undefined {
    const open = this.#open.get(hash);
    if (open) return open;
    const done = this.#done.get(hash);
    return done && (done.plaintext ?? EMPTY_MESSAGE);
  }

  /** What `keys.set` must take along with the ratchet (DJ1). Throws for bytes that came in no observed stanza: a bug. */
  entry(hash: string, ciphertext: Uint8Array, plaintext: Uint8Array): SignalDataSet {
    const attrs = this.#stanzas.get(ciphertext);
    if (!attrs) throw new Error('decrypted bytes that belong to no stanza');
    const at = this.#clock.now();
    this.#count = (this.#count + 1) % 1_000_000;
    const key = `${String(at).padStart(15, '0')}-${String(this.#count).padStart(6, '0')}`;
    const row: JournalRow = { hash, attrs, plaintext, at };
    return { journal: { [key]: row } } as SignalDataSet;
  }

  /** Rows in the order in which they were decrypted: those of one `keys.set`, or all that a crash left behind. */
  entriesOf(data: SignalDataSet): JournalEntry[] {
    const { journal } = data as { journal?: Record<string, JournalRow> };
    if (!journal) return [];
    return Object.entries(journal).map(([key, row]) => this.#opened({ key, row }));
  }

  leftBehind(): JournalEntry[] {
    return [...this.#rows.range()].map(({ key, value }) => this.#opened({ key: String(key), row: value }));
  }

  /** The change that takes a row out (DJ3). `keep`: Baileys itself acts on this content (DJ4). */
  done({ key, row }: JournalEntry, keep: boolean): (batch: Batch) => void {
    return (batch) => {
      batch.remove(this.#rows, key);
      batch.put(this.#done, row.hash, { at: row.at, ...(keep && { plaintext: row.plaintext }) });
      this.#sweep.onAdd(batch);
    };
  }

  /** Once the change above is durable, or when the row itself did not become so. */
  forget({ row }: JournalEntry): void {
    this.#open.delete(row.hash);
  }

  #opened(entry: JournalEntry): JournalEntry {
    this.#open.set(entry.row.hash, entry.row.plaintext);
    return entry;
  }
}

export const hashOf = (ciphertext: Uint8Array): string => createHash('sha256').update(ciphertext).digest('base64url');
