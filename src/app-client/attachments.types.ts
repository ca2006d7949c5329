/**
 * The port to the bytes of inbound media. The outbox keeps a descriptor in the row; the bytes lie in a file until the
 * row leaves, and are in memory only during their POST (contract inbound §4).
 */
import type { Attachment } from './inbound-content.ts';

export interface Attachments {
  /** The row is durable, or was found on disk: its bytes are fetched meanwhile. */
  expect(attachment: Attachment): void;
  /**
   * True when the bytes are here, or certainly will not come. Otherwise the last `wake` is called once that is so: a
   * row waits without holding up any other conversation.
   */
  ready(attachment: Attachment, wake: () => void): boolean;
  /** Hands over the bytes as base64, null when they could not be had (C-60). At most a few at once are in memory. */
  withBytes<T>(attachment: Attachment, use: (base64: string | null) => Promise<T>): Promise<T>;
  /** The row is gone: so is the file. */
  drop(attachment: Attachment): void;
}
