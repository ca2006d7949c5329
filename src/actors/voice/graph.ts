/**
 * Meta's `/calls`: the four words with which a call is answered and ended, each at most once. Contract voice §4, §6;
 * facts/calling-api §1, §7.
 *
 *  GC1  Success is `success:true` alone. Nothing is repeated: Meta refuses a second word of the same kind.
 *  GC2  No `to`, and never a word without a call id (V-19).
 *  GC3  No code drops credentials: 401 with 138000 or 138006 speaks of the business or the caller, not of the token (V-29).
 *  GC4  What comes back is a code or a class of errors: neither token nor SDP is ever in it (V-35).
 *  GC5  The words of one call leave one after the other, each after the answer to the one before it, or 4 s after it.
 *
 * Deliberately not here: who may say which word when (machines/call.ts).
 */
import { z } from 'zod';
import { byDeadline, type Clock } from '../../clock.ts';
import { textPayload, type Vendor } from '../../net/vendor.ts';

export type GraphAccess = {
  /** Secret. */
  readonly token: string;
  readonly phoneId: string;
  /** `v23.0`. */
  readonly version: string;
};

export type CallWord =
  | { readonly action: 'pre_accept' | 'accept'; readonly sdp: string }
  | { readonly action: 'reject' | 'terminate' };

/** `code`: Meta's number, else `HTTP <status>`, or why nobody answered. */
export type Said = { readonly kind: 'said' } | { readonly kind: 'failed'; readonly code: string };

export type SayToMeta = (metaCallId: string, word: CallWord) => Promise<Said>;

const TIMEOUT_MS = 8_000;
/** GC5: shorter than what the end of a call may take. */
const BEFORE_MS = 4_000;
const success = z.object({ success: z.literal(true) });
const refusal = z.object({ error: z.object({ code: z.coerce.number().int() }) });

export type GraphOptions = {
  readonly vendor: Pick<Vendor, 'post'>;
  readonly baseUrl: string;
  readonly clock: Clock;
};

export function graphCalls({ vendor, baseUrl, clock }: GraphOptions): (access: GraphAccess) => SayToMeta {
  return ({ token, phoneId, version }) => {
    const say: SayToMeta = async (metaCallId, word) => {
      if (metaCallId === '') return { kind: 'failed', code: 'no call id' };
      if (token === '' || !/^\d+$/.test(phoneId)) return { kind: 'failed', code: 'no credentials' };
      const { action } = word;
      const session = 'sdp' in word && { session: { sdp_type: 'answer', sdp: word.sdp } };
      const body = { messaging_product: 'whatsapp', call_id: metaCallId, action, ...session };
      const answer = await vendor.post({
        url: `${baseUrl}/${version}/${phoneId}/calls`,
        authorization: `Bearer ${token}`,
        payload: textPayload('application/json', JSON.stringify(body)),
        deadline: clock.now() + TIMEOUT_MS,
      });
      if (answer.kind !== 'answer') return { kind: 'failed', code: answer.why };
      if (success.safeParse(answer.body).success) return { kind: 'said' };
      const { data } = refusal.safeParse(answer.body);
      return { kind: 'failed', code: data ? String(data.error.code) : `HTTP ${answer.status}` };
    };
    let before: Promise<unknown> = Promise.resolve();
    return (...word) => {
      const said = byDeadline(clock, before, clock.now() + BEFORE_MS).then(() => say(...word));
      before = said.catch(() => undefined);
      return said;
    };
  };
}

/** Of an `accept` after a good `pre_accept`: connected all the same (§4 step 7). */
export const COUNTS_AS_ACCEPTED = '131055';
