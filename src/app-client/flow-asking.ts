/**
 * How flows ask the app: values cut to its limits, careful repeats, and answers read as values. Contract flows §8.
 *
 *  FQ1  What cannot be asked twice is repeated only when the connection was never there, or on 429 and 503; what changes
 *       nothing also after a broken connection, 502 and 504. Three attempts at most, none after a timeout, because a
 *       customer waits.
 *  FQ2  An answer without what was asked for is a refusal, in the app's own word if it has one. No answer is what still
 *       stands at 429 or 503 after the repeats, and a fault without the app's `error`: its framework words every fault
 *       in `message`, which does not tell what was done before it.
 *
 * Deliberately not here: which endpoints there are (flow-calls.ts).
 */
import { type Clock, sleep } from '../clock.ts';
import { type Fields, isObject, mapOf, textOf } from '../content/loose.ts';
import { retryAfterMs } from '../net.ts';
import { type AppAnswer, type AppClient, neverSent } from './client.ts';
import type { CallAnswer } from './flow-calls.types.ts';
import { jsonText } from './json-text.ts';
import { cut } from './limits.ts';

export type Endpoint = {
  readonly path: string;
  readonly timeoutMs: number;
  /** Longest text of a field. */
  readonly cuts?: Readonly<Record<string, number>>;
  /** It changes nothing (FQ1). */
  readonly harmless?: true;
};

/** Undefined: what was asked for is not in it. */
export type Reader<T> = (body: Fields) => T | undefined;

const PAUSES_MS = [1_000, 3_000];
const LONGEST_RETRY_AFTER_MS = 5_000;
/** Later it may say something else. */
const IS_BUSY = new Set([429, 503]);

export function asking(client: AppClient, clock: Clock) {
  async function repeated(ask: () => Promise<AppAnswer>, harmless: boolean): Promise<AppAnswer> {
    for (let attempt = 0; ; attempt++) {
      const answer = await ask();
      const pause = PAUSES_MS[attempt];
      if (pause === undefined || !mayRepeat(answer, harmless)) return answer;
      const wanted = answer.kind === 'answer' ? retryAfterMs(answer.retryAfter, clock.now()) : 0;
      if (wanted > LONGEST_RETRY_AFTER_MS) return answer;
      await sleep(clock, Math.max(pause, wanted));
    }
  }

  return {
    async get<T>(path: string, query: Record<string, string>, timeoutMs: number, read: Reader<T>) {
      return answered(await repeated(() => client.get(path, query, { timeoutMs }), true), read);
    },

    async post<T>({ path, timeoutMs, cuts, harmless }: Endpoint, body: Fields, read: Reader<T>) {
      const fitting = Object.entries(body).map(([field, value]) => {
        const longest = cuts?.[field];
        return [field, longest !== undefined && typeof value === 'string' ? cut(value, longest) : value];
      });
      const text = jsonText(Object.fromEntries(fitting));
      return answered(await repeated(() => client.post(path, text, { timeoutMs }), harmless === true), read);
    },
  };
}

/** FQ1. */
function mayRepeat(answer: AppAnswer, harmless: boolean): boolean {
  if (answer.kind === 'answer') return IS_BUSY.has(answer.status) || (harmless && [502, 504].includes(answer.status));
  return neverSent(answer) || (harmless && answer.why === 'unreachable');
}

/** FQ2. */
function answered<T>(answer: AppAnswer, read: Reader<T>): CallAnswer<T> {
  if (answer.kind === 'no answer') return { kind: 'no answer', why: answer.detail };
  const { status } = answer;
  const body = mapOf(answer.body);
  const isGood =
    status >= 200 && status < 300 && body !== undefined && body['ok'] !== false && body['success'] !== false;
  const value = isGood ? read(body) : undefined;
  if (value !== undefined) return { kind: 'ok', value };
  const { error: own, message } = isObject(answer.body) ? answer.body : {};
  const isFault = status >= 500;
  const word = textOf(own) || (isFault ? '' : textOf(message));
  const why = /^[\w .:-]{1,60}$/.test(word) ? word : `HTTP ${status}`;
  const isForNow = IS_BUSY.has(status) || (isFault && word === '');
  return isForNow ? { kind: 'no answer', why } : { kind: 'refused', status, error: why };
}
