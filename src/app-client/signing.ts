/**
 * Standard Webhooks signature of what is posted to the app (standardwebhooks.com; contract README §3): HMAC-SHA256 over
 * `<id>.<timestamp>.<body>`, where the body is exactly what goes on the wire.
 *
 *  SG1  The id names the callback and stays the same over its retries; the timestamp is that of the attempt.
 *  SG2  Neither the secret nor its length shows in an error or a log.
 *
 * Deliberately not here: which id a callback has (`outbox-rows.ts`), and verifying, which is the app's part.
 */
import { createHmac } from 'node:crypto';

export type SignatureHeaders = {
  readonly 'webhook-id': string;
  /** Epoch seconds. */
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
};

/** `nowMs`: epoch milliseconds. */
export type Sign = (id: string, body: string, nowMs: number) => SignatureHeaders;

const ENCODED = 'whsec_';

/** `whsec_<base64>` is the base64 of the key; any other text is the key itself, as UTF-8. */
export function signer(secret: string): Sign {
  const key = secret.startsWith(ENCODED)
    ? Buffer.from(secret.slice(ENCODED.length), 'base64')
    : Buffer.from(secret, 'utf8');
  return (id, body, nowMs) => {
    const timestamp = String(Math.floor(nowMs / 1000));
    // Two updates: a body may be a medium of many megabytes, of which no second copy is made.
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body, 'utf8').digest('base64');
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
  };
}
