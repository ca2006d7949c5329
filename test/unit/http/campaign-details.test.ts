/** Contract bulk §4.2: a campaign's page. */
import { describe, expect, it } from 'vitest';
import { detailsOf } from '../../../src/http/campaign-details.ts';
import type { RecipientView } from '../../../src/scheduler/protocol.ts';
import { jobView, recipientView } from './fake-jobs.ts';
import { PHONE } from './harness.ts';

const AT = 1_800_000_000_000;
const row = (contactId: number, rest: Partial<RecipientView> = {}) =>
  recipientView(`4917${contactId}`, { contactId, name: `N${contactId}`, email: 'e@x.example', ...rest });
const details = (rows: RecipientView[], body: object = {}) =>
  detailsOf(5, jobView(PHONE, { kind: 'campaign', appId: 5, body: { ...body } }), rows);

const ROWS = [
  row(1, {
    state: 'read',
    variant: 'A',
    sentAt: AT,
    readAt: AT + 1000,
    messageId: 'M1',
    respondedAt: AT,
    response: 'yes',
  }),
  row(2, { state: 'delivered', variant: 'A', sentAt: AT, deliveredAt: AT, messageId: 'M2' }),
  row(3, { state: 'sent', variant: 'B', sentAt: AT, messageId: 'M3' }),
  row(4, { state: 'failed', variant: 'B', error: 'Number is not on WhatsApp' }),
  row(5, { state: 'unknown', variant: 'B', messageId: 'M5' }),
  row(6, { variant: 'B' }),
];

describe('bulk §4.2 details', () => {
  it('what the campaign is', () => {
    const body = { campaignName: 'Spring', campaignType: 'template', isABTest: 'true', abSplit: '30' };
    expect(details([], body)).toMatchObject({
      ...{ id: 5, name: 'Spring', type: 'template', status: 'scheduled', completedAt: null },
      ...{ createdAt: '2027-01-15T07:43:20.000Z', scheduledFor: '2027-01-15 08:00:00 AM UTC' },
      ...{ isABTest: true, abSplit: 30, contactDetails: [] },
    });
    expect(details([])).toMatchObject({ isABTest: false, abSplit: 50, metrics: { abWinner: null } });
  });

  it('S-57 the status is a word that the app has for campaigns', () => {
    const status = (job: Parameters<typeof jobView>[1]) =>
      detailsOf(5, jobView(PHONE, { kind: 'campaign', ...job }), []).status;
    expect(status({ running: true })).toBe('running');
    expect(status({ state: 'held' })).toBe('paused');
    expect(status({ state: 'ended', outcome: 'completed', totals: { failed: 1 } })).toBe('completed');
    expect(status({ state: 'ended', outcome: 'cancelled' })).toBe('cancelled');
  });

  it('CD1 stats count the contacts, whole and by variant', () => {
    expect(details(ROWS).stats).toEqual({
      ...{ total: 6, sent: 3, failed: 2, delivered: 2, read: 1, responded: 1, clicked: 0 },
      variantA: { sent: 2, delivered: 2, read: 1, responded: 1, clicked: 0 },
      variantB: { sent: 1, delivered: 0, read: 0, responded: 0, clicked: 0 },
    });
  });

  it('rates: percent with two decimals, of what they could be; the number 0 when there is nothing', () => {
    expect(details(ROWS).metrics).toMatchObject({
      ...{ deliveryRate: '66.67', readRate: '50.00', clickRate: '0.00', responseRate: '50.00' },
    });
    expect(details([]).metrics).toEqual({
      deliveryRate: 0,
      readRate: 0,
      clickRate: 0,
      responseRate: 0,
      abWinner: null,
    });
  });

  it.each<[string, RecipientView[], unknown]>([
    ['A', ROWS, { winner: 'A', score: 45 }],
    [
      'B',
      [row(1, { state: 'delivered', variant: 'A' }), row(2, { state: 'read', variant: 'B' })],
      { winner: 'B', score: 50, improvement: 150 },
    ],
    [
      'tie',
      [row(1, { state: 'read', variant: 'A' }), row(2, { state: 'read', variant: 'B' })],
      { winner: 'tie', score: 50 },
    ],
    ['nobody before both were sent', [row(1, { state: 'read', variant: 'A' }), row(2, { variant: 'B' })], null],
  ])('the better variant by weights: %s', (_, rows, winner) => {
    expect(details(rows, { isABTest: true }).metrics.abWinner).toEqual(winner);
    expect(details(rows, { isABTest: false }).metrics.abWinner).toBeNull();
  });

  it('CD2 every contact with all its keys; read implies delivered; nobody has clicked', () => {
    const iso = '2027-01-15T08:00:00.000Z';
    const [first, , , failed, unknown, waiting] = details(ROWS).contactDetails;
    expect(first).toEqual({
      ...{ id: 1, name: 'N1', phone: '49171', email: 'e@x.example', variant: 'A', sent: true, sentAt: iso },
      ...{ delivered: true, deliveredAt: '2027-01-15T08:00:01.000Z', read: true, readAt: '2027-01-15T08:00:01.000Z' },
      ...{ clicked: false, clickedAt: null, clickCount: 0, responded: true, respondedAt: iso, response: 'yes' },
      ...{ failed: false, errorMessage: null, whatsappMessageId: 'M1' },
    });
    expect(failed).toMatchObject({ sent: false, failed: true, errorMessage: 'Number is not on WhatsApp' });
    expect(unknown).toMatchObject({ sent: false, failed: true, whatsappMessageId: 'M5' });
    expect(waiting).toMatchObject({ sent: false, failed: false, sentAt: null, response: null });
  });

  it('segments name whom to write to next', () => {
    const ids = Object.fromEntries(
      Object.entries(details(ROWS).segments).map(([name, people]) => [name, people.map(({ id }) => id)]),
    );
    expect(ids).toEqual({
      ...{ sent: [1, 2, 3], failed: [4, 5], delivered: [1, 2], read: [1], clicked: [], responded: [1] },
      ...{ notDelivered: [3], notRead: [2, 3], notResponded: [2, 3] },
    });
    expect(details(ROWS).segments.read).toEqual([{ id: 1, name: 'N1', phone: '49171' }]);
  });
});
