/**
 * How a row becomes requests: a receipt is told to one or two endpoints, a medium's bytes join the body for the POST.
 * Deliberately not here: when (`outbox-worker.ts`), and what the answer does (`outbox-settling.ts`).
 */
import type { Attachments } from './attachments.types.ts';
import type { AppAnswer, Post } from './client.ts';
import type { Attachment } from './inbound-content.ts';
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

  /** Never rejects: whoever waits for its end would wait for ever. */
  post(row: Row, call: Post): Promise<AppAnswer> {
    const { client } = this.#o;
    if (row.lane === 'receipts') return this.#receipts.post(row, call);
    if (!row.attachment) return client.post(row.path, row.body, call);
    return this.#withBytes(row.attachment, row, call);
  }

  /** A disk that refuses a read is no reason to lose the bytes: it is asked again, as an app that gave no answer. */
  async #withBytes(attachment: Attachment, { path, body }: Row, call: Post): Promise<AppAnswer> {
    const { client, attachments, log } = this.#o;
    try {
      return await attachments.withBytes(attachment, (base64) => client.post(path, withMedium(body, base64), call));
    } catch (error) {
      log.error({ err: error, path }, 'a medium could not be read; its callback is tried again');
      return { kind: 'no answer', why: 'not asked', detail: 'the medium could not be read' };
    }
  }
}

/** The body is a JSON object with at least one field; the bytes are never kept as a second copy of it. */
function withMedium(body: string, base64: string | null): string {
  const bytes = base64 === null ? 'null' : `"${base64}"`;
  return `${body.slice(0, -1)},"media_base64":${bytes}}`;
}
