/**
 * How a row becomes requests: a receipt is told to one or two endpoints, a medium's bytes join the body for the POST.
 * Deliberately not here: when (`outbox-worker.ts`), and what the answer does (`outbox-settling.ts`).
 */
import type { Attachments } from './attachments.types.ts';
import type { AppAnswer, Post } from './client.ts';
import type { Row } from './outbox-rows.ts';
import { ReceiptPoster, type ReceiptPosterOptions } from './receipt-poster.ts';

export type RowPosterOptions = ReceiptPosterOptions & { readonly attachments: Attachments };

export class RowPoster {
  readonly #o: RowPosterOptions;
  readonly #receipts: ReceiptPoster;

  constructor(options: RowPosterOptions) {
    this.#o = options;
    this.#receipts = new ReceiptPoster(options);
  }

  /** Never rejects for anything that the app does. */
  post(row: Row, call: Post): Promise<AppAnswer> {
    const { client, attachments } = this.#o;
    if (row.lane === 'receipts') return this.#receipts.post(row, call);
    if (!row.attachment) return client.post(row.path, row.body, call);
    return attachments.withBytes(row.attachment, (base64) => client.post(row.path, withMedium(row.body, base64), call));
  }
}

/** The body is a JSON object with at least one field; the bytes are never kept as a second copy of it. */
function withMedium(body: string, base64: string | null): string {
  const bytes = base64 === null ? 'null' : `"${base64}"`;
  return `${body.slice(0, -1)},"media_base64":${bytes}}`;
}
