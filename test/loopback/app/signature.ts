/**
 * Standard Webhooks as a receiver checks it (standardwebhooks.com): written from the specification, over the bytes as they
 * arrived, so that a mistake of the sender cannot be made twice.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const TOLERANCE_S = 300;

/** What is wrong with the signature of a request; undefined when it holds. `secret`: `whsec_<base64>`, or plain text. */
export function signatureProblem(secret: string, headers: Headers, body: Uint8Array): string | undefined {
  const id = headers.get('webhook-id') ?? '';
  const timestamp = headers.get('webhook-timestamp') ?? '';
  if (!/^[\w-]{1,100}$/.test(id)) return 'webhook-id: missing or no plain id';
  if (!/^\d{1,12}$/.test(timestamp)) return 'webhook-timestamp: missing or no epoch seconds';
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_S) return 'webhook-timestamp: too far from now';
  const [, encoded] = /^whsec_(.*)$/.exec(secret) ?? [];
  const key = encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64');
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const expected = createHmac('sha256', key).update(signed).digest();
  const given = (headers.get('webhook-signature') ?? '')
    .split(' ')
    .flatMap((each) => /^v1,(.+)$/.exec(each)?.[1] ?? []);
  const holds = given.some((text) => {
    const bytes = Buffer.from(text, 'base64');
    return bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
  return holds ? undefined : 'webhook-signature: none that holds';
}
