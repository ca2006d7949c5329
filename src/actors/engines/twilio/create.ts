/**
 * Twilio behind the port of providers (../provider.ts, PV1-PV5): one form for each message (contract messages §10).
 *
 *  TW1  A call has 20 s and never longer than its command; what was not answered after a byte left is `unknown`: Twilio
 *       has no idempotency key.
 *  TW2  Media goes as a public link; what has none is refused before the first call.
 *  TW3  A number keeps to its rate, and waits as long as Twilio's own "slow down" means (../limits.ts).
 *
 * Deliberately not here: where credentials come from, and who repeats what.
 */
import type { Clock } from '../../../clock.ts';
import type { Media } from '../../../content/content.ts';
import { linksOf } from '../../../content/media.ts';
import type { Log } from '../../../log.ts';
import { textPayload, type Vendor } from '../../../net/vendor.ts';
import { maskPhone } from '../../../phone.ts';
import { Limits, type Sender } from '../limits.ts';
import {
  NOT_LEFT,
  type ProviderCommand,
  type ProviderEngine,
  type ProviderResult,
  type TwilioCredentials,
} from '../provider.ts';
import { CAPABILITIES, type Draft, draftsOf } from './content.ts';
import { failureOf } from './errors.ts';

const CALL_MS = 20_000;

export type TwilioOptions = {
  readonly vendor: Vendor;
  /** `TWILIO_API_URL`, no trailing slash. */
  readonly baseUrl: string;
  /** True for an https address that every machine of the internet reaches. */
  readonly isPublic: (url: string) => Promise<boolean>;
  /** Messages of one number, on average: `TWILIO_MESSAGES_PER_SECOND`. */
  readonly perSecond: number;
  readonly clock: Clock;
  readonly log: Log;
};

type Command = ProviderCommand<TwilioCredentials>;
type Failed = Exclude<ProviderResult, { kind: 'sent' }>;
type Accepted = { readonly kind: 'accepted'; readonly id: string };

/**
 * facts/twilio.md §6, §7. What waits longer than 60 s says so itself (a full queue: 10 min). No code of Twilio's speaks of one
 * recipient.
 */
const SLOW = { base: 2_000, growth: 2, max: 60_000 };
const TWILIO_LIMITS = { burst: 3, holds: { 'slow number': SLOW, 'slow account': SLOW, 'slow recipient': SLOW } };

export function createTwilio(options: TwilioOptions): ProviderEngine<TwilioCredentials> {
  const { clock, perSecond } = options;
  const limits = new Limits({ ...TWILIO_LIMITS, clock, perSecond, random: Math.random });
  return { name: 'twilio', capabilities: CAPABILITIES, send: (command) => send(options, limits, command) };
}

async function send(options: TwilioOptions, limits: Limits, command: Command): Promise<ProviderResult> {
  const drafted = draftsOf(command.content);
  if (drafted.kind !== 'drafts') return { kind: 'failed', error: drafted.why, class: drafted.kind };
  const forms: URLSearchParams[] = [];
  for (const draft of drafted.drafts) {
    const link = draft.media && (await publicLink(options, draft.media));
    if (draft.media && link === undefined && !draft.optional)
      return { kind: 'failed', error: 'Twilio needs a public media URL', class: 'media refused' };
    forms.push(formOf(command, draft, link));
  }
  let first: Accepted | undefined;
  for (const [index, form] of forms.entries()) {
    const result = await inTurn(options, limits, command, form);
    if (result.kind !== 'accepted') return first ? partly(index, forms.length, result) : result;
    first ??= result;
  }
  if (!first) return { kind: 'failed', error: 'Nothing to send', class: 'request wrong' };
  return { kind: 'sent', id: first.id, to: command.to };
}

/** TW3 */
async function inTurn(
  options: TwilioOptions,
  limits: Limits,
  command: Command,
  form: URLSearchParams,
): Promise<Accepted | Failed> {
  const { credentials, deadline, to: recipient } = command;
  const sender: Sender = { number: credentials.from, account: credentials.accountSid, recipient };
  const turn = await limits.turn(sender, deadline);
  if (turn.kind === 'too late') {
    const error = 'Twilio allows no further message to leave before the deadline; nothing was sent';
    const { waitMs: retryAfterMs, whom } = turn;
    return { kind: 'failed', error, class: 'no time', retryAfterMs, ...(whom === 'recipient' && { whom }) };
  }
  if (command.leaving && !(await command.leaving())) return NOT_LEFT;
  const result = await post(options, command, form);
  if (result.kind === 'accepted') limits.accepted(sender);
  if (result.kind !== 'failed') return result;
  if (result.class !== 'transient') return limits.refused(result, sender);
  // A fault of the moment slows the sender down too (facts/twilio.md §6); its recipient is not tried forever for that.
  return { ...result, retryAfterMs: limits.slowDown('slow number', sender, result.retryAfterMs ?? 0) };
}

function formOf(
  { to, credentials }: Command,
  { body, geo, template }: Draft,
  link: string | undefined,
): URLSearchParams {
  return new URLSearchParams({
    From: `whatsapp:+${credentials.from}`,
    To: `whatsapp:+${to}`,
    ...(body !== '' && { Body: body }),
    ...(link !== undefined && { MediaUrl: link }),
    ...(geo !== undefined && { PersistentAction: geo }),
    ...(template && { ContentSid: template.sid }),
    ...(template && template.variables !== '' && { ContentVariables: template.variables }),
    ...(credentials.statusCallback !== undefined && { StatusCallback: credentials.statusCallback }),
  });
}

async function publicLink({ isPublic }: TwilioOptions, media: Media): Promise<string | undefined> {
  for (const url of linksOf(media)) if (await isPublic(url)) return url;
  return undefined;
}

async function post(
  { vendor, baseUrl, clock, log }: TwilioOptions,
  { credentials, deadline, from, id }: Command,
  form: URLSearchParams,
): Promise<Accepted | Failed> {
  const { accountSid, token } = credentials;
  const answer = await vendor.post({
    url: `${baseUrl}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`,
    authorization: `Basic ${Buffer.from(`${accountSid}:${token}`).toString('base64')}`,
    payload: textPayload('application/x-www-form-urlencoded', form.toString()),
    deadline: Math.min(deadline, clock.now() + CALL_MS),
  });
  switch (answer.kind) {
    case 'answer': {
      if (answer.status >= 200 && answer.status < 300) return { kind: 'accepted', id: sidOf(answer.body, clock) };
      const result = failureOf(answer.status, answer.body, answer.retryAfterMs);
      log.warn({ number: maskPhone(from), messageId: id, result: result.kind }, 'Twilio did not accept a message');
      return { ...result, error: result.error.replaceAll(token, '…') };
    }
    case 'not sent': {
      const error = `Twilio could not be reached (${answer.why})`;
      return { kind: 'failed', error, class: 'transient', retryAfterMs: 2_000 };
    }
    case 'no answer':
      return { kind: 'unknown', error: `Twilio gave no answer (${answer.why}); outcome unknown` };
    default:
      return answer satisfies never;
  }
}

/** Accepted, but nobody can tell under which id: `tw_<ms>` (contract messages §10). */
function sidOf(body: unknown, clock: Clock): string {
  const sid = typeof body === 'object' && body !== null && 'sid' in body ? body.sid : undefined;
  return typeof sid === 'string' && sid !== '' ? sid : `tw_${clock.now()}`;
}

/** PV3: whoever repeats the whole would double what was accepted. */
const partly = (accepted: number, all: number, { error }: Failed): Failed => ({
  kind: 'unknown',
  error: `Only ${accepted} of ${all} messages were sent: ${error}`,
});
