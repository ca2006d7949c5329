/**
 * `POST /api/campaigns/drain`: lets the app send the next messages of its running campaigns. Contract clients §8.
 *
 * Invariants:
 *  D1  every 30 s; 4 s after an answer with `campaigns_active:true`; never two at once.
 *  D2  404 (older apps): not called for 10 minutes, `missing()` is true and the heartbeat takes over.
 */
import type { Clock } from '../clock.ts';
import type { AppClient } from './client.ts';
import { BUSY_MS, CALM_MS, campaignsActive, TICK_TIMEOUT_MS } from './heartbeat.ts';
import { type Ticker, ticker } from './ticker.ts';

const MISSING_MS = 10 * 60_000;

export interface CampaignDrain extends Ticker {
  /** The app said that it lacks the endpoint, less than 10 minutes ago. */
  missing(): boolean;
}

export function campaignDrain({ client, clock }: { readonly client: AppClient; readonly clock: Clock }): CampaignDrain {
  let missingUntil = 0;
  const ticks = ticker(clock, async (signal) => {
    const started = clock.now();
    const answer = await client.post('/api/campaigns/drain', {}, { timeoutMs: TICK_TIMEOUT_MS, signal });
    if (answer.kind === 'answer' && answer.status === 404) {
      missingUntil = clock.now() + MISSING_MS;
      return MISSING_MS;
    }
    if (campaignsActive(answer)) return BUSY_MS;
    return Math.max(0, started + CALM_MS - clock.now());
  });
  return { ...ticks, missing: () => clock.now() < missingUntil };
}
