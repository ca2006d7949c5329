/**
 * The calls to Meta's Graph API: URLs, envelope, and answers as results (contract messages §9, §9.2).
 *
 *  CG1  A call has 30 s and never longer than its command; what was not answered after a byte left is `unknown`.
 *  CG2  The token never appears in an error, whatever Meta echoes.
 */
import { z } from 'zod';
import type { Clock } from '../../../clock.ts';
import { type Payload, textPayload, type Vendor, type VendorAnswer } from '../../../net/vendor.ts';
import type { CloudCredentials, ProviderResult } from '../provider.ts';
import { failureOf } from './errors.ts';

const CALL_MS = 30_000;

export type GraphOptions = {
  readonly vendor: Vendor;
  /** `META_GRAPH_URL`, no trailing slash. */
  readonly baseUrl: string;
  /** `FACEBOOK_API_VERSION`, for numbers whose settings name none. */
  readonly version: string;
  readonly clock: Clock;
};

type Failed = Exclude<ProviderResult, { kind: 'sent' }>;
export type Accepted = { readonly kind: 'accepted'; readonly id: string; readonly waId?: string };

const accepted = z.object({
  messages: z.array(z.object({ id: z.string().min(1) })).min(1),
  contacts: z.array(z.object({ wa_id: z.string().optional() })).optional(),
});
const uploaded = z.object({ id: z.union([z.string().min(1), z.number()]).transform(String) });

export class Graph {
  readonly #o: GraphOptions;

  constructor(options: GraphOptions) {
    this.#o = options;
  }

  async message(credentials: CloudCredentials, body: object, deadline: number): Promise<Accepted | Failed> {
    const payload = textPayload('application/json', JSON.stringify(body));
    const answer = await this.#post(credentials, 'messages', payload, deadline);
    if (answer.kind !== 'ok') return answer;
    const { data } = accepted.safeParse(answer.body);
    // Accepted, but nobody can tell under which id (§9.2).
    if (!data) return { kind: 'accepted', id: `fb_${this.#o.clock.now()}` };
    const waId = data.contacts?.[0]?.wa_id?.replace(/\D/g, '');
    return { kind: 'accepted', id: data.messages[0]?.id ?? '', ...(waId && { waId }) };
  }

  async upload(
    credentials: CloudCredentials,
    payload: Payload,
    deadline: number,
  ): Promise<{ readonly kind: 'uploaded'; readonly id: string } | Failed> {
    const answer = await this.#post(credentials, 'media', payload, deadline);
    if (answer.kind !== 'ok') return answer;
    const { data } = uploaded.safeParse(answer.body);
    if (data) return { kind: 'uploaded', id: data.id };
    return { kind: 'failed', error: 'WhatsApp Cloud API gave the uploaded media no id', class: 'transient' };
  }

  async #post(
    { phoneId, token, version }: CloudCredentials,
    path: string,
    payload: Payload,
    deadline: number,
  ): Promise<{ readonly kind: 'ok'; readonly body: unknown } | Failed> {
    const { vendor, baseUrl, clock } = this.#o;
    const answer = await vendor.post({
      url: `${baseUrl}/${encodeURIComponent(version || this.#o.version)}/${encodeURIComponent(phoneId)}/${path}`,
      authorization: `Bearer ${token}`,
      payload,
      deadline: Math.min(deadline, clock.now() + CALL_MS),
    });
    const result = resultOf(answer);
    return result.kind === 'ok' ? result : { ...result, error: result.error.replaceAll(token, '…') };
  }
}

function resultOf(answer: VendorAnswer): { readonly kind: 'ok'; readonly body: unknown } | Failed {
  switch (answer.kind) {
    case 'answer': {
      const { status, body, retryAfterMs } = answer;
      if (status >= 200 && status < 300) return { kind: 'ok', body };
      return failureOf(status, body, retryAfterMs);
    }
    case 'not sent': {
      const error = `WhatsApp Cloud API could not be reached (${answer.why})`;
      return { kind: 'failed', error, class: 'transient', retryAfterMs: 1_000 };
    }
    case 'no answer':
      return { kind: 'unknown', error: `WhatsApp Cloud API gave no answer (${answer.why}); outcome unknown` };
    default:
      return answer satisfies never;
  }
}
