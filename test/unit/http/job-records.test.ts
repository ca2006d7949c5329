/** Contract schedules §13: jobs as records, and their status words. */
import { describe, expect, it } from 'vitest';
import { recordOf, statusWord } from '../../../src/http/job-records.ts';
import type { JobView } from '../../../src/scheduler/protocol.ts';
import { jobView } from './fake-jobs.ts';
import { PHONE } from './harness.ts';

const common = {
  ...{ id: 'bulk_1_a', provider: 'waba', senderPhoneNumber: PHONE, message: 'hi', status: 'scheduled', type: 'bulk' },
  ...{ createdAt: '2027-01-15T07:43:20.000Z', scheduledFor: '2027-01-15 08:00:00 AM UTC', timezone: 'UTC' },
  ...{ scheduleDateTime: '2027-01-15 08:00', messageType: 'text', mediaUrl: null, latitude: null, longitude: null },
};
const body = { provider: ' WABA ', message: 'hi', scheduleDateTime: '2027-01-15 08:00', messageType: 'text' };

describe('schedules §13 records', () => {
  it('bulk: exactly the keys of its kind; PHP’s empty values become what they mean', () => {
    const loose = {
      ...body,
      targetPhoneNumbers: ['+49170'],
      recipientAttributes: [],
      templateData: [],
      isTemplate: '1',
    };
    expect(recordOf(jobView(PHONE, { appId: -1_000_007, body: { ...loose, node_note: 'never shown' } }))).toEqual({
      ...common,
      ...{ scheduleId: -1_000_007, targetPhoneNumbers: ['+49170'], recipientAttributes: {}, templateData: null },
      isTemplate: true,
    });
  });

  it('a template without a text of its own shows the template’s, also from JSON text', () => {
    const templateData = '{"template_body":"from the template","attachment_base64":12345}';
    expect(recordOf(jobView(PHONE, { body: { templateData } }))).toMatchObject({
      ...{ message: 'from the template', provider: null },
      templateData: { attachment_base64: 12_345 },
    });
  });

  it('recurring: its rule and its runs in addition', () => {
    const rule = {
      repeatInterval: 'weekly',
      repeatEvery: '2',
      daysOfWeek: [1, 3],
      endDate: '2027-02-01',
      targetQueues: [4],
    };
    const job = { kind: 'recurring', runs: 2, lastRunAt: 1_800_000_000_000, nextAt: 1_800_000_060_000 } as const;
    expect(recordOf(jobView(PHONE, { ...job, body: { ...body, ...rule } }))).toMatchObject({
      ...{ ...rule, repeatEvery: 2, totalRuns: 2, status: 'running' },
      ...{ lastRunAt: '2027-01-15T08:00:00.000Z', nextRunAt: '2027-01-15T08:01:00.000Z' },
    });
    expect(recordOf(jobView(PHONE, { kind: 'recurring' }))).toMatchObject({ repeatEvery: 1, nextRunAt: null });
  });

  it('JR2 after a run: counts with unknown ones among the failed, numbers, end, reason', () => {
    const totals = { total: 4, sent: 2, failed: 1, unknown: 1 };
    const ended = { state: 'ended', outcome: 'completed', runs: 1, endedAt: 1_800_000_000_000 } as const;
    const job = jobView(PHONE, { ...ended, totals, failedNumbers: ['49170'], reason: 'device disconnected' });
    expect(recordOf(job)).toMatchObject({
      ...{ sentCount: 2, failedCount: 2, failedNumbers: ['49170'], completedAt: '2027-01-15T08:00:00.000Z' },
      ...{ error: 'device disconnected', status: 'completed_with_errors' },
    });
    const before = recordOf(jobView(PHONE));
    for (const key of ['sentCount', 'failedCount', 'failedNumbers', 'completedAt', 'error'])
      expect(before).not.toHaveProperty(key);
  });

  it('single: recipient, then id and moment of sending, or of failing', () => {
    const job = { kind: 'single', body: { targetPhoneNumber: '49170' }, messageId: '3EB0AA' } as const;
    const ended = { ...job, state: 'ended', endedAt: 1_800_000_000_000 } as const;
    expect(recordOf(jobView(PHONE, job))).not.toHaveProperty('sentAt');
    expect(recordOf(jobView(PHONE, { ...ended, outcome: 'completed', totals: { sent: 1 } }))).toMatchObject({
      ...{ targetPhoneNumber: '49170', messageId: '3EB0AA', whatsappMessageId: '3EB0AA', status: 'sent' },
      sentAt: '2027-01-15T08:00:00.000Z',
    });
    const failed = recordOf(jobView(PHONE, { ...ended, outcome: 'failed', totals: { failed: 1 } }));
    expect(failed).toMatchObject({ status: 'failed', failedAt: '2027-01-15T08:00:00.000Z' });
    expect(failed).not.toHaveProperty('sentAt');
  });

  it('S-30 broadcasts and campaigns show no contacts, no custom media, no prebuilt bodies', () => {
    const inside = {
      ...{ targetContacts: [{ id: 1, phone: '49170' }], tracked_bodies: { 1: 'x' } },
      customMessage: { custom_message: 'custom words', custom_image: 'data:image/png;base64,AAAA' },
    };
    const campaign = recordOf(
      jobView(PHONE, { kind: 'campaign', appId: 5, body: { ...inside, campaignName: 'Spring' } }),
    );
    expect(campaign).toMatchObject({ campaignId: 5, campaignName: 'Spring', message: 'custom words' });
    const broadcast = recordOf(jobView(PHONE, { kind: 'broadcast', appId: 17, totals: { total: 1 }, body: inside }));
    expect(broadcast).toMatchObject({ broadcastId: 17, recipientCount: 1 });
    for (const record of [campaign, broadcast]) expect(JSON.stringify(record)).not.toMatch(/base64|49170|tracked/);
  });
});

describe('schedules §13 status words', () => {
  const ended = (outcome: NonNullable<JobView['outcome']>, rest = {}) =>
    ({ state: 'ended', outcome, ...rest }) as const;
  it.each<[Parameters<typeof jobView>[1], string]>([
    [{}, 'scheduled'],
    [{ running: true }, 'running'],
    [{ kind: 'recurring' }, 'running'],
    [{ kind: 'single' }, 'scheduled'],
    [{ state: 'paused', running: true }, 'paused'],
    [{ state: 'held' }, 'stopped'],
    [ended('completed'), 'completed'],
    [ended('completed', { totals: { failed: 1 } }), 'completed_with_errors'],
    [ended('completed', { totals: { unknown: 1 } }), 'completed_with_errors'],
    [ended('completed', { kind: 'single' }), 'sent'],
    [ended('failed', { totals: { failed: 1 } }), 'failed'],
    [ended('cancelled', { totals: { failed: 1 } }), 'cancelled'],
  ])('%j → %s', (job, word) => {
    expect(statusWord(jobView(PHONE, job))).toBe(word);
  });
});
