/**
 * Which rows a run begins with: the listed recipients against what the ledger knows of them (contract schedules §12, bulk
 * §1.3). Pure.
 *
 *  OP1  Who was sent is not sent again under the same id, and is reported again with its message id (S-11, S-12, S-15):
 *       unless the job says that everybody gets a new attempt, or the content is another one and the send a day old.
 *  OP2  What is unknown stays so: it is reported again, never repeated.
 *  OP3  Who has failed and is listed again is tried again. Who is not listed any more is skipped, but for broadcasts and
 *       campaigns, where a later dispatch may list a part.
 *  OP4  A recipient of a series whose own hour had passed when the series was registered begins with the next occurrence;
 *       one whose hour passed while nothing ran is missed (schedules §10, §11), but not whom the run before, or a hold, kept
 *       waiting (§6). Who has a row of this occurrence is in it.
 *  OP5  One phone is one row, also when another entry of it is listed this time (S-16): who joins gets the row's result, and
 *       who was there before goes on sharing it.
 */
import { isAccepted } from '../machines/recipient.ts';
import type { Split } from './content/ab-split.ts';
import { personOf, type Recipient } from './content/recipients.ts';
import type { Alias, JobRow, LedgerRow } from './jobs.types.ts';
import { afterQuiet } from './quiet-hours.ts';
import { zoneOf } from './recipient-zone.ts';
import { instantOf, wallOf } from './wall-clock.ts';

const DAY_MS = 86_400_000;

export type Opening = {
  /** New and changed ones. */
  readonly rows: readonly LedgerRow[];
  /** Settled earlier, to be reported again. */
  readonly reports: readonly LedgerRow[];
};

export type OpeningOf = {
  readonly job: JobRow;
  /** The occurrence's instant in the job's zone. */
  readonly at: number;
  readonly recipients: readonly Recipient[];
  /** Rows of this occurrence, by key. */
  readonly known: ReadonlyMap<string, LedgerRow>;
  readonly variantOf: Split;
  readonly now: number;
  readonly graceMs: number;
};

export function openingOf({ job, at, recipients, known, variantOf, now, graceMs }: OpeningOf): Opening {
  const rows: LedgerRow[] = [];
  const reports: LedgerRow[] = [];
  let n = [...known.values()].reduce((last, row) => Math.max(last, row.n), -1);
  const wall = wallOf(at, job.zone);
  const ownRow = rowsOf(recipients, known);
  const listed = new Set(recipients.flatMap(entriesOf).map(({ key }) => key));
  const taken = new Set<number>();
  // A series' run before ended then; a job that runs once was let go on then.
  const freeSince = (job.rule ? job.lastRunAt : job.next) ?? 0;
  const zoneFor = ({ to = '', zone }: Recipient): string => zoneOf(to, zone, job.zone);
  for (const [index, recipient] of recipients.entries()) {
    const before = ownRow(recipient);
    if (before) taken.add(before.n);
    const earlier = before ? entriesOf(before) : [];
    if (before && isSettled(job, before, now)) {
      const joining = without(entriesOf(recipient), new Set(earlier.map(({ key }) => key)));
      const row = joining.length === 0 ? before : { ...before, also: [...(before.also ?? []), ...joining] };
      if (row !== before) rows.push(row);
      reports.push(row);
      continue;
    }
    const also = [...recipient.also, ...without(earlier, listed)];
    const own = job.zones ? instantOf(wall, zoneFor(recipient)) : undefined;
    const wasPast = own !== undefined && own < job.changedAt;
    const isMissed = own !== undefined && !wasPast && now - Math.max(own, freeSince) > graceMs;
    if (job.rule && !before && (wasPast || isMissed)) continue;
    const from = Math.max(own ?? 0, now);
    const notBefore = job.quiet ? afterQuiet(from, job.quiet, zoneFor(recipient)) : from;
    const variant = variantOf(index, before?.variant);
    rows.push({
      n: before?.n ?? ++n,
      key: recipient.key,
      ...(recipient.contactId !== undefined && { contactId: recipient.contactId }),
      listed: recipient.listed,
      ...(recipient.to !== undefined && { to: recipient.to }),
      ...(also.length > 0 && { also }),
      ...(variant && { variant }),
      ...(isMissed ? MISSED : start(before, recipient)),
      tries: 0,
      dispatch: job.dispatch,
      ...(notBefore > now && { notBefore }),
    });
  }
  if (job.kind !== 'broadcast' && job.kind !== 'campaign') {
    for (const row of known.values())
      if (row.state === 'pending' && !taken.has(row.n)) rows.push({ ...row, state: 'skipped' });
  }
  return { rows, reports };
}

/** OP5: by the entry that is listed, else by its phone. */
function rowsOf(recipients: readonly Recipient[], known: ReadonlyMap<string, LedgerRow>) {
  const named = new Set(recipients.map(({ key }) => key));
  const byPerson = new Map<string, LedgerRow>();
  for (const row of known.values()) {
    if (row.to !== undefined && !named.has(row.key)) byPerson.set(personOf(row.to), row);
  }
  return ({ key, to }: Recipient): LedgerRow | undefined =>
    known.get(key) ?? (to === undefined ? undefined : byPerson.get(personOf(to)));
}

const entriesOf = ({ key, contactId, listed, also = [] }: Alias & { readonly also?: readonly Alias[] }): Alias[] => [
  { key, listed, ...(contactId !== undefined && { contactId }) },
  ...also,
];

const without = (entries: readonly Alias[], keys: ReadonlySet<string>): Alias[] =>
  entries.filter(({ key }) => !keys.has(key));

/** OP1, OP2 */
function isSettled(job: JobRow, row: LedgerRow, now: number): boolean {
  if (row.state === 'unknown') return true;
  if (!isAccepted(row.state)) return false;
  const isOld = row.sentAt !== undefined && now - row.sentAt > DAY_MS;
  const isOther = row.digest !== undefined && row.digest !== job.digest;
  return !(job.anew && row.dispatch < job.dispatch) && !(isOld && isOther);
}

/** An interrupted send keeps its state and id (RM3). */
function start(before: LedgerRow | undefined, { to }: Recipient): Pick<LedgerRow, 'state' | 'id' | 'error'> {
  if (before?.state === 'sending') return { state: 'sending', ...(before.id !== undefined && { id: before.id }) };
  return to === undefined ? { state: 'failed', error: 'No phone number' } : { state: 'pending' };
}

const MISSED = { state: 'failed', error: 'missed: bridge was not running at the time of this recipient' } as const;

/** When an occurrence opens: with the first of its recipients' zones. */
export const opensAt = (job: Zoned, at: number): number => Math.min(...hours(job, at));

/** When the last of them has its turn. */
export const closesAt = (job: Zoned, at: number): number => Math.max(...hours(job, at));

type Zoned = Pick<JobRow, 'zone' | 'zones'>;

const hours = ({ zone, zones = [] }: Zoned, at: number): number[] =>
  zones.length === 0 ? [at] : zones.map((each) => instantOf(wallOf(at, zone), each));
