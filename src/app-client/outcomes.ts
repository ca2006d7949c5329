/**
 * What an answer of the app means for the callback that got it. Pure. Contract README §3.1, inbound §10.
 *
 * Decisions where the contract is silent: a redirect is a wrong base URL and treated as the configuration fault it is;
 * `Retry-After` counts up to one hour; every 2xx is success, whatever the body says (`{ok:false}` of update-status is
 * normal, clients §7).
 */
import { z } from 'zod';
import { retryAfterMs } from '../net.ts';
import type { AppAnswer } from './client.ts';
import { PATHS } from './callbacks.ts';
import { CALL_PATHS } from './call-callbacks.ts';
import { JOB_PATHS } from './job-callbacks.ts';

export type Outcome =
  | { readonly kind: 'done' }
  /** `appDown`: nobody answered for the app, so other callbacks would fare the same. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly appDown: boolean }
  /** Refused by configuration: keep, try again each minute. */
  | { readonly kind: 'hold' }
  /** Accepted, but the app does not know the message yet. */
  | { readonly kind: 'again later'; readonly afterMs: number }
  /** The app lacks this endpoint, or does not know the job or call it is about: it would never be taken. */
  | { readonly kind: 'skip' }
  | { readonly kind: 'dead'; readonly why: string };

export type History = {
  /** Failed attempts in a row of this callback. */
  readonly attempts: number;
  /** How often the app did not know the message (`again later`). */
  readonly repeats: number;
  /** How long the app has been answering `device_not_found` in this conversation. */
  readonly unknownDeviceMs: number;
};

/** Told about a row of the app's own: a job, a call. */
const OF_ROWS: ReadonlySet<string> = new Set([...Object.values(JOB_PATHS), ...Object.values(CALL_PATHS)]);

const REPEAT_AFTER = [2000, 5000, 15_000, 60_000] as const;
const LONGEST_BACKOFF = 5 * 60_000;
const LONGEST_RETRY_AFTER = 60 * 60_000;
const DEVICE_MAY_APPEAR_MS = 10 * 60_000;

/** `now` in epoch milliseconds; `random` in 0..1 drives the jitter of ±20 %. */
export function outcomeOf(path: string, answer: AppAnswer, history: History, now: number, random: number): Outcome {
  const backoff = jittered(Math.min(1000 * 2 ** history.attempts, LONGEST_BACKOFF), random);
  if (answer.kind === 'no answer') return { kind: 'retry', afterMs: backoff, appDown: answer.why === 'unreachable' };
  const { status, body } = answer;
  if (status >= 200 && status < 300) return repeat(path, body, history.repeats);
  if (status < 400 || status === 401 || status === 403) return { kind: 'hold' };
  if (status >= 500 || status === 408 || status === 425 || status === 429) {
    const asked = Math.min(retryAfterMs(answer.retryAfter, now), LONGEST_RETRY_AFTER);
    return { kind: 'retry', afterMs: Math.max(backoff, asked), appDown: status >= 502 && status <= 504 };
  }
  if (status === 404 && (path === PATHS.receipt || isUnknownRow(path, body))) return { kind: 'skip' };
  if (status === 404 && isUnknownDevice(path, body) && history.unknownDeviceMs < DEVICE_MAY_APPEAR_MS)
    return { kind: 'retry', afterMs: backoff, appDown: false };
  return { kind: 'dead', why: `HTTP ${status}` };
}

/** 404 `device_not_found`: the device row may be saved after the pairing. */
export function isUnknownDevice(path: string, body: unknown): boolean {
  return path === PATHS.inbound && DeviceNotFound.safeParse(body).success;
}

/** README §3.1: the app itself says that it has no such job or call. A route that is missing says it otherwise. */
const isUnknownRow = (path: string, body: unknown): boolean => OF_ROWS.has(path) && NotOk.safeParse(body).success;

function repeat(path: string, body: unknown, repeats: number): Outcome {
  const wait = REPEAT_AFTER[repeats];
  const unknown = path === PATHS.receipt && NothingUpdated.safeParse(body).success;
  return unknown && wait !== undefined ? { kind: 'again later', afterMs: wait } : { kind: 'done' };
}

const NotOk = z.object({ ok: z.literal(false) });
const DeviceNotFound = z.object({ error: z.literal('device_not_found') });
const NothingUpdated = z.object({ updated: z.union([z.literal(0), z.literal('0')]) });

const jittered = (ms: number, random: number): number => Math.round(ms * (0.8 + 0.4 * random));
