/**
 * The one way from a send route to a number and back (contract messages §1): engine, content, lane, answer.
 *
 *  SN1  Every outcome of a send has its own answer: what certainly failed is 4xx, 500 or 503, what may have left is 504 or
 *       200 with `pending`, and only the first kind may be repeated by a caller.
 *  SN2  Whenever a message id exists, it is answered as `id` and `messageId` (C-24).
 *  SN3  What belongs to an engine that this version does not have, or whose credentials are missing, is refused; it never
 *       leaves through the personal number instead (C-27).
 *
 * Deliberately not here: waiting for readiness, the queue and the deadline itself (actors/lane.ts).
 */
import type { Numbers, ProviderResult, Providers, SendAnswer } from '../actors/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Made, Surroundings } from '../content/body.ts';
import type { Content } from '../content/content.ts';
import { chooseEngine, type EngineName, type ReadSettings } from '../content/engine-choice.ts';
import { lidOfJid, phoneOfJid } from '../phone.ts';
import { reply } from './declare.ts';
import type { HttpContext } from './env.ts';
import type { RetryAfter } from './retry-after.ts';

export type SendDeps = {
  readonly numbers: Numbers;
  readonly providers: Providers;
  readonly clock: Clock;
  readonly readSettings: ReadSettings;
  readonly retryAfter: RetryAfter;
  /** The app's base URL without a trailing slash. */
  readonly appUrl: string;
  /** `SEND_ANSWER_DEADLINE_MS`. */
  readonly answerMs: number;
};

/** Contract settings §4: a look-up that failed is tried again at most this often. */
const SETTINGS_RETRY_S = '5';

/** Contract messages §1.4: reactions, pins, edits, deletes and stars. */
export const ACTION_MS = 8_000;

export type Sending<S extends object> = {
  readonly from: string;
  /** The recipient's JID; undefined when the request names none. */
  readonly to: string | undefined;
  /** As the caller wrote it; undefined for routes that know only the paired connection. */
  readonly provider: string | undefined;
  readonly ms: number;
  readonly make: (surroundings: Surroundings) => Made;
  /** What a success contains besides the ids. */
  readonly success: (content: Content, to: string) => S;
  /** `error` of a 500, with the reason in `details`; `success false`: the route says `{success: false, error: <reason>}`. */
  readonly failed: ((content: Content) => string) | 'success false';
};

export const sender = (deps: SendDeps) =>
  async function send<const S extends object>(c: HttpContext, sending: Sending<S>) {
    const { numbers, providers, clock, readSettings, appUrl } = deps;
    const { from, to, provider } = sending;
    const deadline = clock.now() + sending.ms;
    if (to === undefined) return reply(c, 400, { error: 'Recipient missing' });
    const key = c.req.header('idempotency-key') ?? '';
    if (!/^[\x21-\x7e]{0,255}$/.test(key)) return reply(c, 400, { error: 'Invalid Idempotency-Key' });

    let branding = '';
    let engine: EngineName = 'baileys';
    const workspace = c.get('workspace');
    if (provider !== undefined) {
      const settings = await readSettings(from, workspace, deadline);
      const choice = chooseEngine(provider, settings, numbers.view(from).ready);
      switch (choice.kind) {
        case 'settings unavailable':
          c.header('Retry-After', SETTINGS_RETRY_S);
          return reply(c, 503, { success: false, error: 'Settings unavailable' });
        case 'incomplete':
          return reply(c, 422, {
            success: false,
            error: `${NAMES[choice.engine]} credentials are incomplete for ${from}`,
          });
        case 'engine':
          engine = choice.engine;
          branding = settings?.brandingFooter ?? '';
          break;
        default:
          return choice satisfies never;
      }
    }

    const made = sending.make({ branding, appUrl, engine });
    if (made.kind === 'invalid') return reply(c, 400, { ...flagOf(sending), error: made.why });
    const { content, followUps } = made;
    const what = {
      from,
      content,
      deadline,
      ...(followUps.length > 0 && { followUps }),
      ...(key !== '' && { idempotencyKey: key }),
    };
    if (engine !== 'baileys') {
      const digits = phoneBehind(numbers, from, to);
      if (digits === undefined)
        return reply(c, 500, { success: false, error: `${NAMES[engine]} sends to phone numbers only` });
      const whose = workspace === undefined ? {} : { workspace };
      return providerAnswer(c, engine, await providers.send({ ...what, ...whose, engine, to: digits }));
    }
    const answer = await numbers.send({ ...what, to });
    return answerOf(c, answer, content, sending, deps.retryAfter);
  };

/** Contract messages §1.1: a LID is replaced by its phone where the number knows it. */
function phoneBehind(numbers: Numbers, from: string, to: string): string | undefined {
  const lid = lidOfJid(to);
  return lid === undefined ? phoneOfJid(to) : numbers.phoneOf(from, lid);
}

const NAMES = { waba: 'WhatsApp Cloud API', twilio: 'Twilio' } as const;

/** §1.3, §1.4, §9.2 */
function providerAnswer(c: HttpContext, engine: 'waba' | 'twilio', result: ProviderResult) {
  switch (result.kind) {
    case 'sent':
      return reply(c, 200, {
        success: true,
        ...(engine === 'twilio' && { message: 'MESSAGE SENT SUCCESSFULLY' }),
        messageId: result.id,
        id: result.id,
      });
    case 'failed': {
      const { error } = result;
      if (result.class === 'no time') return reply(c, 503, { error: 'SEND TIMED OUT', details: error });
      // Contract messages §3: Twilio fetches media itself; what is refused there has no link that it could follow.
      if (result.class === 'media refused') return reply(c, engine === 'twilio' ? 422 : 400, { success: false, error });
      const code = engine === 'twilio' && result.code !== undefined ? { errorCode: result.code } : {};
      return reply(c, 500, { success: false, error, ...code });
    }
    case 'unknown': {
      return reply(c, 504, { success: false, error: noAnswer(engine), details: result.error });
    }
    default:
      return result satisfies never;
  }
}

/** Contract messages §1.4; engines are named by their wire values (README, after §1). */
const noAnswer = (engine: EngineName): string => `${engine} did not answer in time; outcome unknown`;

const flagOf = ({ failed }: Pick<Sending<object>, 'failed'>) =>
  failed === 'success false' ? ({ success: false } as const) : {};

function answerOf<S extends object>(
  c: HttpContext,
  answer: SendAnswer,
  content: Content,
  { from, success, failed }: Sending<S>,
  retryAfter: RetryAfter,
) {
  switch (answer.kind) {
    case 'sent':
    case 'pending': {
      const { id, to, kind } = answer;
      const pending = kind === 'pending' ? ({ pending: true } as const) : {};
      return reply(c, 200, { ...success(content, to), id, messageId: id, ...pending });
    }
    case 'failed': {
      const { id, code, error, why } = answer;
      // §11: the caller's media cannot be had; nothing about the number or WhatsApp went wrong.
      if (why === 'media refused') return reply(c, 400, { ...flagOf({ failed }), error });
      const isNamed = code === undefined || error.includes(`(${code})`);
      const details = isNamed ? error : `${error} (${code})`;
      const words = failed === 'success false' ? { error: details } : { error: failed(content), details };
      return reply(c, 500, { ...flagOf({ failed }), ...words, id, messageId: id });
    }
    case 'unknown': {
      const { id, error: details } = answer;
      return reply(c, 504, { success: false, error: noAnswer('baileys'), details, id, messageId: id });
    }
    case 'not ready':
      retryAfter(c, from);
      return reply(c, 503, { error: 'CLIENT NOT READY', details: answer.why });
    case 'timed out':
      return reply(c, 503, { error: 'SEND TIMED OUT', details: answer.why });
    default:
      return answer satisfies never;
  }
}
