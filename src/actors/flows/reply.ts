/** A customer's message on the linked device as flows see it (contract flows §7.3). Pure. */
import type { CustomerMessage } from '../automation/flows.ts';
import type { Reply } from './waits.types.ts';

export function replyOf({ id, text, tap, vote, bytes, place, at }: CustomerMessage): Reply {
  const link = place && `https://www.google.com/maps?q=${place.latitude},${place.longitude}`;
  return {
    id,
    text: link ?? text,
    ...(tap && { tap }),
    ...(vote && { vote }),
    ...(bytes && { media: { kind: 'attachment', attachment: bytes.attachment, mime: bytes.mime } }),
    at: at * 1_000,
  };
}
