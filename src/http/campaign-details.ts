/**
 * A campaign's page (contract bulk §4.2): counts, rates, the better variant, every contact. Pure.
 *
 *  CD1  All figures are counted from the same rows as the contacts that stand beside them.
 *  CD2  Nobody is shown as having clicked: links lead over the app, which alone counts clicks.
 */
import type { z } from '@hono/zod-openapi';
import { flagOf, numberOf, textOf } from '../content/loose.ts';
import type { JobView, RecipientView } from '../scheduler/protocol.ts';
import { iso, isoOrNull } from './iso.ts';
import { statusWord } from './job-records.ts';
import type { campaignDetails } from './schemas/campaigns.ts';

type Details = z.infer<(typeof campaignDetails)['responses'][200]['content']['application/json']['schema']>['campaign'];
type Contact = Details['contactDetails'][number];

export function detailsOf(id: number, job: JobView, rows: readonly RecipientView[]): Details {
  const { body } = job;
  const contacts = rows.map(contactOf);
  const split = numberOf(body['abSplit']);
  const isABTest = flagOf(body['isABTest'], false);
  const all = countsOf(contacts);
  const variantA = variantCounts(contacts, 'A');
  const variantB = variantCounts(contacts, 'B');
  return {
    ...{ id, name: textOf(body['campaignName']), type: textOf(body['campaignType']), status: campaignWord(job) },
    ...{ createdAt: iso(job.createdAt), scheduledFor: job.scheduledFor, completedAt: isoOrNull(job.endedAt) },
    ...{ isABTest, abSplit: Number.isFinite(split) ? split : 50 },
    stats: {
      total: contacts.length,
      failed: contacts.filter(({ failed }) => failed).length,
      ...all,
      variantA,
      variantB,
    },
    metrics: {
      deliveryRate: rate(all.delivered, all.sent),
      readRate: rate(all.read, all.delivered),
      clickRate: rate(all.clicked, all.delivered),
      responseRate: rate(all.responded, all.delivered),
      abWinner: isABTest ? winner(variantA, variantB) : null,
    },
    contactDetails: contacts,
    segments: segmentsOf(contacts),
  };
}

/** Only words that the app has for campaigns (bulk §4.4). */
function campaignWord(job: JobView): Details['status'] {
  const word = statusWord(job);
  switch (word) {
    case 'completed_with_errors':
    case 'sent':
      return 'completed';
    case 'stopped':
      return 'paused';
    default:
      return word;
  }
}

function contactOf(row: RecipientView): Contact {
  const { state, sentAt, readAt, respondedAt } = row;
  const read = state === 'read';
  const delivered = read || state === 'delivered';
  const failed = state === 'failed' || state === 'unknown';
  return {
    ...{ id: row.contactId ?? null, name: row.name, phone: row.listed, email: row.email },
    variant: row.variant ?? null,
    ...{ sent: delivered || state === 'sent', sentAt: isoOrNull(sentAt) },
    // A receipt for reading may come without one for delivery.
    ...{ delivered, deliveredAt: isoOrNull(row.deliveredAt ?? readAt), read, readAt: isoOrNull(readAt) },
    ...{ clicked: false, clickedAt: null, clickCount: 0 },
    ...{ responded: respondedAt !== undefined, respondedAt: isoOrNull(respondedAt), response: row.response ?? null },
    ...{ failed, errorMessage: row.error ?? null, whatsappMessageId: row.messageId ?? null },
  };
}

type Counts = Details['stats']['variantA'];

const variantCounts = (contacts: readonly Contact[], variant: 'A' | 'B'): Counts =>
  countsOf(contacts.filter((contact) => contact.variant === variant));

function countsOf(contacts: readonly Contact[]): Counts {
  const having = (fact: keyof Counts) => contacts.filter((contact) => contact[fact]).length;
  return {
    sent: having('sent'),
    delivered: having('delivered'),
    read: having('read'),
    responded: having('responded'),
    clicked: having('clicked'),
  };
}

const rate = (part: number, whole: number): string | 0 => (whole === 0 ? 0 : ((part / whole) * 100).toFixed(2));

const WEIGHTS = { delivered: 0.2, read: 0.3, clicked: 0.3, responded: 0.2 } as const;

/** Percentages of what was sent, weighted; nobody wins before both variants were sent. */
function winner(a: Counts, b: Counts): Details['metrics']['abWinner'] {
  if (a.sent === 0 || b.sent === 0) return null;
  const [scoreA, scoreB] = [score(a), score(b)];
  if (scoreA === scoreB) return { winner: 'tie', score: scoreA };
  const [best, worst] = scoreA > scoreB ? [scoreA, scoreB] : [scoreB, scoreA];
  return {
    ...{ winner: scoreA > scoreB ? ('A' as const) : ('B' as const), score: best },
    ...(worst > 0 && { improvement: twoDecimals(((best - worst) / worst) * 100) }),
  };
}

const score = (counts: Counts): number =>
  twoDecimals(
    ((WEIGHTS.delivered * counts.delivered +
      WEIGHTS.read * counts.read +
      WEIGHTS.clicked * counts.clicked +
      WEIGHTS.responded * counts.responded) /
      counts.sent) *
      100,
  );

const twoDecimals = (value: number): number => Math.round(value * 100) / 100;

/** Whom to write to next; the rest of a contact stands in `contactDetails`. */
function segmentsOf(contacts: readonly Contact[]): Details['segments'] {
  const those = (belongs: (contact: Contact) => boolean) =>
    contacts.filter(belongs).map(({ id, name, phone }) => ({ id, name, phone }));
  return {
    sent: those(({ sent }) => sent),
    failed: those(({ failed }) => failed),
    delivered: those(({ delivered }) => delivered),
    read: those(({ read }) => read),
    clicked: those(({ clicked }) => clicked),
    responded: those(({ responded }) => responded),
    notDelivered: those(({ sent, delivered }) => sent && !delivered),
    notRead: those(({ sent, read }) => sent && !read),
    notResponded: those(({ sent, responded }) => sent && !responded),
  };
}
