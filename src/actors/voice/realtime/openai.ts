/**
 * OpenAI's realtime calls over HTTP: an offer for an answer, and the end. The one adapter of the realtime pipeline. Contract
 * voice §9.1, §9.2; facts/voice-ai §2.1.
 *
 *  OA1  The answer is a 201 whose body is SDP; everything else is a failure with a code. 401 and 403 speak of the key.
 *  OA2  The key is in the header alone, and in no reason (V-35).
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import { type Payload, textPayload, type Vendor } from '../../../net/vendor.ts';
import type { Ready } from '../pipeline.ts';

export type Connected =
  | { readonly kind: 'answer'; readonly sdp: string; readonly callId: string }
  | Extract<Ready, { readonly kind: 'failed' }>;

export type RealtimeVendor = {
  /** `deadline`: epoch ms. */
  readonly connect: (key: string, offer: string, session: object, deadline: number) => Promise<Connected>;
  /** Best effort. */
  readonly hangUp: (key: string, callId: string) => Promise<void>;
};

const HANG_UP_MS = 3_000;

export function openAi({
  vendor,
  url,
  clock,
}: {
  vendor: Pick<Vendor, 'post'>;
  url: string;
  clock: Clock;
}): RealtimeVendor {
  return {
    async connect(key, offer, session, deadline) {
      const authorization = `Bearer ${key}`;
      const answer = await vendor.post({ url, authorization, payload: form(offer, session), deadline });
      if (answer.kind !== 'answer') return { kind: 'failed', why: `realtime_unreachable:${answer.why}` };
      const callId = /(rtc_[\w-]+)$/.exec(answer.location)?.[1] ?? '';
      const why = `realtime_refused:${answer.status}`;
      if (answer.status === 401 || answer.status === 403) return { kind: 'failed', why, badKey: 'openai' };
      if (answer.status !== 201 || typeof answer.body !== 'string') return { kind: 'failed', why };
      return { kind: 'answer', sdp: answer.body, callId };
    },
    async hangUp(key, callId) {
      if (callId === '') return;
      await vendor.post({
        url: `${url}/${callId}/hangup`,
        authorization: `Bearer ${key}`,
        payload: textPayload('application/json', '{}'),
        deadline: clock.now() + HANG_UP_MS,
      });
    },
  };
}

function form(offer: string, session: object): Payload {
  const boundary = `bridge-${randomUUID()}`;
  const part = (name: string, type: string, text: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`;
  const parts = [part('sdp', 'application/sdp', offer), part('session', 'application/json', JSON.stringify(session))];
  return textPayload(`multipart/form-data; boundary=${boundary}`, `${parts.join('')}--${boundary}--\r\n`);
}
