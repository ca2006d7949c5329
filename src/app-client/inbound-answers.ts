/**
 * What the app answers where the answer is used: to an inbound message, and to a keyword look-up. Contract inbound §3.1,
 * §8; flows §9. Pure.
 *
 *  IA1  PHP's habits are no errors: `[]` for `{}`, numbers as text, null and absent fields (README §1).
 *  IA2  An answer that cannot be read never starts anything: an inbound message counts as stored, a look-up as no match.
 */
import { z } from 'zod';

/** The app has the message. `flowId`: its routing asks for this flow, once (inbound §3.1). `conversation`: the app's id. */
export type InboundAnswer =
  | { readonly kind: 'stored'; readonly flowId?: string; readonly conversation?: string }
  | { readonly kind: 'dedup' }
  | { readonly kind: 'opt out' }
  | { readonly kind: 'copilot' }
  | { readonly kind: 'outbound sync' }
  | { readonly kind: 'reaction' };

const KINDS: ReadonlyMap<unknown, InboundAnswer> = new Map<unknown, InboundAnswer>([
  ['dedup', { kind: 'dedup' }],
  ['opt_out', { kind: 'opt out' }],
  ['ai_crm_copilot', { kind: 'copilot' }],
  ['outbound_sync', { kind: 'outbound sync' }],
  ['reaction', { kind: 'reaction' }],
]);

const id = z.union([z.int().positive().transform(String), z.string().regex(/^[\w-]{1,100}$/)]);
const routed = z.object({ routing_actions: z.object({ flow_id: id }) });
const told = z.object({ conversation_id: id });
const withKind = z.object({ kind: z.string() });

/** The body of a 2xx of `/api/inbound-message`. */
export function inboundAnswer(body: unknown): InboundAnswer {
  const kind = withKind.safeParse(body).data?.kind;
  const known = KINDS.get(kind);
  if (known) return known;
  const flowId = routed.safeParse(body).data?.routing_actions.flow_id;
  const conversation = told.safeParse(body).data?.conversation_id;
  return {
    kind: 'stored',
    ...(flowId !== undefined && flowId !== '0' && { flowId }),
    ...(conversation !== undefined && { conversation }),
  };
}

type Timing = {
  /** Inactivity of the flow, seconds. */
  readonly timeoutS: number;
  /** No further reply but flows to this customer for so long, seconds. */
  readonly cooldownS: number;
};

/** A file that the app wants sent; `url` may be relative to the app. */
export type ReplyMedia = {
  readonly type: 'image' | 'video' | 'document';
  readonly url: string;
  readonly caption: string;
  readonly fileName: string;
  readonly mime: string;
};

/** What a keyword look-up found. `none`: nothing is to be done; `why` is a word of the app. */
export type KeywordReply =
  | { readonly kind: 'none'; readonly why: string }
  /** `timeoutS`: only where the rule sets one; without it silence ends nothing (flows §6.6). */
  | { readonly kind: 'flow'; readonly flowId: string; readonly timeoutS?: number; readonly cooldownS: number }
  | AutomaticReply;

/** Everything but a flow: one message to the customer. `delayS`: 0 to 300. */
export type AutomaticReply = Timing & { readonly delayS: number } & (
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'media'; readonly media: ReplyMedia }
    | { readonly kind: 'contact'; readonly name: string; readonly phone: string; readonly email: string }
    | { readonly kind: 'catalog'; readonly catalogId: string; readonly storefrontUrl: string }
    | { readonly kind: 'location request' }
  );

const DEFAULT_TIMEOUT_S = 600;
const LONGEST_DELAY_S = 300;

const text = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(null)
  .transform((value) => value ?? '');
/** Seconds; what is no number of zero or more counts as not said. */
const seconds = (unsaid: number) =>
  z
    .preprocess((value) => (value === null || value === '' ? undefined : value), z.coerce.number().min(0).optional())
    .catch(undefined)
    .transform((value) => value ?? unsaid);
const timing = { timeout: seconds(DEFAULT_TIMEOUT_S), cooldown: seconds(0) };

const answers = z.tuple([z.looseObject({ reply_type: text, reply: text, reason: text })]).rest(z.unknown());
const flow = z.object({ flow_id: id, ...timing, timeout: seconds(0) });
const contact = z.object({ contact: z.object({ name: text, phone: text, email: text }), ...timing });
const catalog = z.object({ catalog: z.object({ catalog_id: text, storefront_url: text }), ...timing });
const custom = z.object({ reply: text, reply_delay: seconds(0), ...timing });
const timed = z.object(timing);

const mediaReply = z.object({
  type: z.enum(['image', 'video', 'document']),
  url: z.string().trim().min(1),
  caption: text,
  filename: text,
  mimetype: text,
});

/** The body of a 200 of `/api/keyword-replies`: an array with one object. */
export function keywordReply(body: unknown): KeywordReply {
  const [found] = answers.safeParse(body).data ?? [];
  if (!found) return { kind: 'none', why: 'unreadable' };
  switch (found.reply_type) {
    case 'flow': {
      const read = flow.safeParse(found).data;
      if (!read) return incomplete(found.reply_type);
      const rest = { flowId: read.flow_id, cooldownS: read.cooldown };
      return { kind: 'flow', ...rest, ...(read.timeout > 0 && { timeoutS: read.timeout }) };
    }
    case 'share_contact': {
      const read = contact.safeParse(found).data;
      return read ? { kind: 'contact', ...read.contact, delayS: 0, ...times(read) } : incomplete(found.reply_type);
    }
    case 'send_catalog': {
      const read = catalog.safeParse(found).data;
      if (!read?.catalog.catalog_id && !read?.catalog.storefront_url) return incomplete(found.reply_type);
      const { catalog_id: catalogId, storefront_url: storefrontUrl } = read.catalog;
      return { kind: 'catalog', catalogId, storefrontUrl, delayS: 0, ...times(read) };
    }
    case 'request_location':
      return { kind: 'location request', delayS: 0, ...times(timed.parse(found)) };
    case 'custom':
      return customReply(custom.parse(found));
    default:
      return { kind: 'none', why: found.reason || found.reply || 'no match' };
  }
}

function customReply(read: z.output<typeof custom>): KeywordReply {
  if (['', 'notallow', 'default'].includes(read.reply.trim()))
    return { kind: 'none', why: read.reply.trim() || 'empty' };
  const rest = { delayS: Math.min(read.reply_delay, LONGEST_DELAY_S), ...times(read) };
  const media = mediaReply.safeParse(parsed(read.reply)).data;
  if (!media) return { kind: 'text', text: read.reply, ...rest };
  const { type, url, caption, filename: fileName, mimetype: mime } = media;
  return { kind: 'media', media: { type, url, caption, fileName, mime }, ...rest };
}

const incomplete = (what: string): KeywordReply => ({ kind: 'none', why: `${what} without what it needs` });

const times = ({ timeout, cooldown }: { timeout: number; cooldown: number }): Timing => ({
  timeoutS: timeout,
  cooldownS: cooldown,
});

/** Undefined for what is no JSON: then it is the text of the reply. */
function parsed(reply: string): unknown {
  if (!reply.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(reply) as unknown;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}
