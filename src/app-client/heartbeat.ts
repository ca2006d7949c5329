/**
 * `POST /api/node-heartbeat`: which numbers are connected, and the app's only scheduler tick. Contract clients §8.
 *
 * Invariants:
 *  T1  one every 30 s from start to start, with zero numbers too, and never two at once. (The app marks a number
 *      disconnected after 90 s, so a slow answer must not push the next one back.)
 *  T2  after a 422 to an empty list (older apps) an empty list is sent as one placeholder that matches no number.
 *  T3  where the app has no drain endpoint, the next one follows 4 s after an answer with `campaigns_active:true`.
 *
 * Deliberately not here: the outbox. A late repeat of a tick would be wrong.
 */
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { AppAnswer, AppClient } from './client.ts';
import { cut, LIMITS } from './limits.ts';
import { type Ticker, ticker } from './ticker.ts';

export const CALM_MS = 30_000;
export const BUSY_MS = 4000;
export const TICK_TIMEOUT_MS = 90_000;

const PLACEHOLDER = { wid: '000000', status: 'connected' };

export type HeartbeatOptions = {
  readonly client: AppClient;
  readonly clock: Clock;
  readonly log: Log;
  /** Digits of the numbers whose socket is ready now. */
  readonly ready: () => Iterable<string>;
  /** Whether the app lacks `campaigns/drain` (`drain.ts`). */
  readonly drainMissing: () => boolean;
};

export function heartbeat({ client, clock, log, ready, drainMissing }: HeartbeatOptions): Ticker {
  let refusesEmpty = false;
  let failing = false;

  return ticker(clock, async (signal) => {
    const started = clock.now();
    const devices = Array.from(ready(), (wid) => ({ wid: cut(wid, LIMITS.heartbeat.wid), status: 'connected' }));
    const post = (list: readonly object[]) =>
      client.post('/api/node-heartbeat', { devices: list }, { timeoutMs: TICK_TIMEOUT_MS, signal });

    let answer = await post(devices.length === 0 && refusesEmpty ? [PLACEHOLDER] : devices);
    if (devices.length === 0 && !refusesEmpty && answer.kind === 'answer' && answer.status === 422) {
      refusesEmpty = true;
      answer = await post([PLACEHOLDER]);
    }
    if (!signal.aborted) report(answer);
    if (drainMissing() && campaignsActive(answer)) return BUSY_MS;
    return Math.max(0, started + CALM_MS - clock.now());
  });

  /** Once per change: a heartbeat fails twice a minute while the app is away. 404 is an app without heartbeats. */
  function report(answer: AppAnswer): void {
    const fails = answer.kind === 'no answer' || (answer.status >= 300 && answer.status !== 404);
    if (fails === failing) return;
    failing = fails;
    const reason = answer.kind === 'answer' ? `HTTP ${answer.status}` : answer.detail;
    if (fails) log.warn({ reason }, 'the app does not take the heartbeat');
    else log.info('the app takes the heartbeat again');
  }
}

/** Whether an answer of the heartbeat or of the drain says that campaigns are running. */
export function campaignsActive(answer: AppAnswer): boolean {
  return answer.kind === 'answer' && answer.status < 300 && Active.safeParse(answer.body).success;
}

const Active = z.object({ campaigns_active: z.union([z.literal(true), z.literal(1)]) });
