/**
 * Campaigns that the app may list at start (contract bulk §4.3): an empty list with today's apps, which run theirs themselves.
 *
 *  CL1  Asked until it answers, once per process. A campaign that is known here, whatever became of it, is skipped.
 *  CL2  One that is overdue follows the policy for jobs that were missed (schedules §10); one without a time is nobody's wish
 *       to send now, and is left out.
 */
import type { CampaignList } from '../app-client/look-ups.ts';
import { type Ticker, ticker } from '../app-client/ticker.ts';
import type { Clock } from '../clock.ts';
import { type Fields, flagOf, numberOf, textOf } from '../content/loose.ts';
import type { Log } from '../log.ts';
import { extractDigits } from '../phone.ts';
import type { Books } from './books.ts';
import { draftOf, keyOfApp } from './drafts.ts';
import { opensAt } from './opening.ts';
import type { Scheduler } from './scheduler.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const NEVER_MS = 2 ** 31 - 1;

export type ListedCampaignsOptions = {
  readonly list: (signal?: AbortSignal) => Promise<CampaignList>;
  readonly scheduler: Pick<Scheduler, 'register'>;
  readonly books: Books;
  readonly clock: Clock;
  readonly log: Log;
};

/** `start` it after the scheduler. */
export function listedCampaigns(options: ListedCampaignsOptions): Ticker {
  const { list, clock, log } = options;
  let pauseMs = FIRST_PAUSE_MS / 2;
  const self = ticker(clock, async (signal) => {
    const answer = await list(signal);
    if (signal.aborted) return NEVER_MS;
    if (answer.kind === 'no answer') return (pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS));
    for (const campaign of answer.campaigns) {
      await register(options, campaign).catch((error: unknown) => {
        log.error({ err: error }, 'a campaign of the list could not be registered');
      });
    }
    self.stop();
    return NEVER_MS;
  });
  return self;
}

async function register({ books, scheduler, clock, log }: ListedCampaignsOptions, body: Fields): Promise<void> {
  const id = numberOf(body['campaignId']);
  if (!Number.isSafeInteger(id) || books.jobOf(keyOfApp('campaign', id))) return;
  const sender = extractDigits(textOf(body['senderPhoneNumber']));
  const isDaily = flagOf(body['isRecurring'], false);
  const hasTime = isDaily || textOf(body['scheduleDateTime']) !== '';
  if (!sender || !hasTime) {
    log.warn(
      { campaignId: id, reason: sender ? 'it has no time' : 'it has no sender' },
      'a listed campaign is left out',
    );
    return;
  }
  const draft = draftOf({ kind: 'campaign', sender, body, ...(isDaily && { immediate: true as const }) }, clock.now());
  if (draft.kind !== 'draft') {
    const reason = draft.kind === 'unreadable' ? draft.why : draft.kind;
    log.warn({ campaignId: id, reason }, 'a listed campaign is left out');
    return;
  }
  const { row } = draft;
  await scheduler.register({ ...draft, row: { ...row, next: opensAt(row, row.at) } }, body);
}
