/**
 * What a registration would do: each recipient's local fire time, the engine, the problems, the expected finish. It sends
 * and stores nothing.
 *
 *  DY1  The code of a real run finds engine, times and messages, so that the two cannot differ; only media is not fetched.
 *  DY2  The end is that of a number which does nothing else and is connected; the cap counts for the day of each message.
 */
import type { BulkSends } from '../actors/protocol.ts';
import { isPossible } from './content/country-code.ts';
import type { Draft } from './drafts.ts';
import { Messenger, type MessengerDeps } from './messenger.ts';
import type { JobRow, LedgerRow } from './jobs.types.ts';
import { openingOf } from './opening.ts';
import type { Pacing } from './pacing.ts';
import type { DryRun, Fields } from './protocol.ts';
import { zoneOf } from './recipient-zone.ts';
import { averageGapMs } from './views.ts';
import { DAY_MS, isoWithOffset } from './wall-clock.ts';

export type DryRunDeps = Omit<MessengerDeps, 'sends'> & {
  readonly sends: Pick<BulkSends, 'engineOf' | 'hold' | 'isReady' | 'room'>;
  readonly pacing: () => Pacing;
};

export async function dryRunOf(deps: DryRunDeps, { row: job }: Draft, body: Fields): Promise<DryRun> {
  const { sends, clock, pacing } = deps;
  const now = clock.now();
  const engineOf: BulkSends['engineOf'] = (...asked) => sends.engineOf(...asked);
  const messenger = new Messenger({ ...deps, sends: { engineOf, hold: refuse } }, job, body);
  const prepared = await messenger.prepare();
  const engine = prepared.kind === 'ready' ? prepared.engine : null;
  const problems = prepared.kind === 'ready' ? [] : [prepared.why];
  const opens = job.next ?? now;
  const rows = planned(job, messenger, now);
  if (engine === 'baileys' && !sends.isReady(job.sender)) problems.push('the number is not connected');
  if (messenger.recipients.length === 0) problems.push('no recipients');
  const room = (at: number) => (engine === 'baileys' ? sends.room(job.sender, job.workspace, at) : Infinity);
  const { overCap, finishAt } = expected(rows, opens, averageGapMs(job, pacing()), room);
  const views = rows.map((line) => {
    const zone = zoneOf(line.to ?? '', messenger.recipient(line.key)?.zone, job.zone);
    const own = engine === null || line.state === 'failed' ? [] : messenger.problems(line);
    const isBad = line.to !== undefined && !line.to.includes('@') && !isPossible(line.to);
    const found = [
      line.error,
      isBad ? 'no phone number has this many digits' : undefined,
      ...own,
      overCap.has(line.n) ? 'over the daily cap: sent on a later day' : undefined,
    ];
    return {
      listed: line.listed,
      ...(line.contactId !== undefined && { contactId: line.contactId }),
      at: isoWithOffset(line.notBefore ?? opens, zone),
      zone,
      problems: found.filter((problem) => problem !== undefined),
    };
  });
  return { kind: 'dry run', recipients: views, engine, problems, finishAt };
}

/** The rows that a job will open with, which is before its own hour where a recipient's zone is ahead. */
export function planned(job: JobRow, { recipients, variantOf }: Messenger, now: number): readonly LedgerRow[] {
  const known = new Map<string, never>();
  const at = job.occurrence;
  return openingOf({ job, at, recipients, known, variantOf, now: job.next ?? now, graceMs: Infinity }).rows;
}

/** One after the other in the order of their hours, on each UTC day no more than it has room for. `n` of who has to wait. */
function expected(rows: readonly LedgerRow[], opens: number, gapMs: number, room: (at: number) => number) {
  const overCap = new Set<number>();
  const from = ({ notBefore = opens }: LedgerRow) => notBefore;
  let [finishAt, free, day, isWaiting] = [opens, 0, NaN, false];
  for (const line of rows.filter(({ state }) => state !== 'failed').sort((a, b) => from(a) - from(b))) {
    const paced = Number.isNaN(day) ? opens : finishAt + gapMs;
    if (from(line) > paced) isWaiting = false;
    finishAt = Math.max(from(line), paced);
    if (dayOf(finishAt) !== day) [day, free] = [dayOf(finishAt), room(finishAt)];
    if (free <= 0) {
      isWaiting = true;
      day += 1;
      finishAt = day * DAY_MS;
      free = room(finishAt);
    }
    free -= 1;
    if (isWaiting) overCap.add(line.n);
  }
  return { overCap, finishAt };
}

const dayOf = (at: number): number => Math.floor(at / DAY_MS);

/** A dry run fetches nothing. */
const refuse: BulkSends['hold'] = () => Promise.resolve({ kind: 'refused', why: 'not fetched' });
