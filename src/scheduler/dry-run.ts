/**
 * What a registration would do: each recipient's local fire time, the engine, the problems, the expected finish. It sends
 * and stores nothing.
 *
 *  DY1  The code of a real run finds engine, times and messages, so that the two cannot differ; only media is not fetched.
 */
import type { BulkSends } from '../actors/protocol.ts';
import { isPossible } from './content/country-code.ts';
import type { Draft } from './drafts.ts';
import { Messenger, type MessengerDeps } from './messenger.ts';
import { openingOf } from './opening.ts';
import type { Pacing } from './pacing.ts';
import type { DryRun, Fields } from './protocol.ts';
import { zoneOf } from './recipient-zone.ts';
import { averageGapMs } from './views.ts';
import { isoWithOffset } from './wall-clock.ts';

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
  const { recipients, variantOf } = messenger;
  // As it will be when it opens, which is before the job's own hour where a recipient's zone is ahead.
  const opens = job.next ?? now;
  const known = new Map<string, never>();
  const { rows } = openingOf({ job, at: job.at, recipients, known, variantOf, now: opens, graceMs: Infinity });
  const room = engine === 'baileys' ? sends.room(job.sender, job.workspace) : Infinity;
  if (engine === 'baileys' && !sends.isReady(job.sender)) problems.push('the number is not connected');
  if (recipients.length === 0) problems.push('no recipients');
  const gap = averageGapMs(job, pacing());
  let finishAt = now;
  const views = [];
  for (const [index, line] of rows.entries()) {
    const recipient = messenger.recipient(line.key);
    const zone = zoneOf(line.to ?? '', recipient?.zone, job.zone);
    const at = line.notBefore ?? opens;
    finishAt = Math.max(at, index === 0 ? at : finishAt + gap);
    const own = engine === null || line.state === 'failed' ? [] : messenger.problems(line);
    const isBad = line.to !== undefined && !line.to.includes('@') && !isPossible(line.to);
    const found = [
      line.error,
      isBad ? 'no phone number has this many digits' : undefined,
      ...own,
      index >= room ? 'over the daily cap: sent on a later day' : undefined,
    ];
    views.push({
      listed: line.listed,
      ...(line.contactId !== undefined && { contactId: line.contactId }),
      at: isoWithOffset(at, zone),
      zone,
      problems: found.filter((problem) => problem !== undefined),
    });
  }
  return { kind: 'dry run', recipients: views, engine, problems, finishAt };
}

/** A dry run fetches nothing. */
const refuse: BulkSends['hold'] = () => Promise.resolve({ kind: 'refused', why: 'not fetched' });
