/**
 * A customer's message as the reply to a campaign (contract bulk §4.5; S-64).
 *
 *  RP1  Exactly this customer: every way to write the number, never a part of it. The campaign is the newest one that this
 *       device sent to them in the last 30 days.
 *  RP2  The first reply counts, once per contact, whatever crashes; "unsubscribe" is no reply and always told.
 *
 * Deliberately not here: LIDs (the caller knows their phones), the stop words of inbound messages.
 */
import type { CustomerMessage } from '../actors/protocol.ts';
import type { JobFact } from '../app-client/callbacks.types.ts';
import { cut, LIMITS } from '../app-client/limits.ts';
import { isAccepted } from '../machines/recipient.ts';
import { variants } from '../phone.ts';
import type { Books } from './books.ts';
import type { JobRow, LedgerRow, Place } from './jobs.types.ts';
import type { Runs } from './runs.ts';

export const REPLY_MS = 30 * 86_400_000;
/** WhatsApp's times are whole seconds of another clock. */
const SKEW_MS = 5_000;

type Sent = { readonly place: Place; readonly row: LedgerRow; readonly job: JobRow; readonly at: number };

export class Replies {
  readonly #books: Books;
  readonly #runs: Pick<Runs, 'change'>;

  constructor(books: Books, runs: Pick<Runs, 'change'>) {
    this.#books = books;
    this.#runs = runs;
  }

  /** Durable when it resolves; nothing to be waited for. */
  async onCustomer({ device, contact, text, kind, at }: CustomerMessage): Promise<void> {
    const sent = contact.pn === undefined ? undefined : this.#newest(device, contact.pn, at);
    const campaignId = sent?.job.appId;
    if (!sent || campaignId === undefined) return;
    const { job, place, row } = sent;
    const told = { kind: 'campaign reply', campaignId, device, ledger: job.ledger, at } as const;
    if (text.trim().toLowerCase() === 'unsubscribe') {
      const fact: JobFact = { ...told, reply: { kind: 'unsubscribe', phone: row.to ?? row.listed } };
      return this.#runs.change(job, place, row, [fact]);
    }
    if (row.respondedAt !== undefined) return;
    const response = cut(text.trim() === '' ? kind : text, LIMITS.bulk.response);
    const contacts = [row.contactId, ...(row.also ?? []).map(({ contactId }) => contactId)];
    const facts = contacts.flatMap((contactId): JobFact[] =>
      contactId === undefined ? [] : [{ ...told, reply: { kind: 'response', contactId, text: response } }],
    );
    await this.#runs.change(job, place, { ...row, respondedAt: at, response }, facts);
  }

  /** RP1 */
  #newest(device: string, phone: string, at: number): Sent | undefined {
    const found = variants(phone).flatMap((digits) => this.#newestTo(device, digits, at) ?? []);
    return found.sort((a, b) => b.at - a.at)[0];
  }

  #newestTo(device: string, digits: string, at: number): Sent | undefined {
    for (const place of this.#books.campaignSends.to(digits, at - REPLY_MS)) {
      const row = this.#books.row(place);
      const job = this.#books.jobOf(place.ledger);
      if (!row || row.sentAt === undefined || !isAccepted(row.state) || job?.sender !== device) continue;
      if (row.to === digits && row.sentAt <= at + SKEW_MS) return { place, row, job, at: row.sentAt };
    }
    return undefined;
  }
}
