import { describe, expect, it } from 'vitest';
import { callbackOf } from '../../../src/app-client/callbacks.ts';
import type {
  BroadcastRecipientFact,
  CampaignRecipientFact,
  JobFact,
  ScheduleRecipientFact,
} from '../../../src/app-client/callbacks.types.ts';
import { outcomeOf } from '../../../src/app-client/outcomes.ts';
import { bodyProblems } from '../../loopback/app/contract.ts';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const ISO = '2026-01-02T03:04:05.006Z';
const of = { device: '5511900000001', ledger: 'broadcast:7', at: AT };
const totals = { total: 9, sent: 5, failed: 1, delivered: 4, read: 2 };
const long = '😀'.repeat(5_000);

const schedule: ScheduleRecipientFact = {
  ...{ ...of, kind: 'schedule recipient', scheduleId: 3 },
  ...{ phone: '+55 11 99999-0000', status: 'sent', messageId: '3EB0A' },
};
const broadcast: BroadcastRecipientFact = {
  ...{ ...of, kind: 'broadcast recipient', broadcastId: 7, contactId: 11 },
  ...{ status: 'sent', messageId: '3EB0A' },
};
const campaign: CampaignRecipientFact = { ...broadcast, kind: 'campaign recipient', campaignId: 5 };
const { messageId: _, ...failedBroadcast }: BroadcastRecipientFact = { ...broadcast, status: 'failed' };

/** Field by field as contract schedules §9, bulk §3, §4.4, §4.5 have them. */
const TABLE: readonly (readonly [name: string, fact: JobFact, path: string, body: object])[] = [
  [
    'a run begins',
    { ...of, kind: 'schedule status', scheduleId: 3, status: 'running' },
    '/api/update-schedule-status',
    { scheduleId: 3, status: 'running', phoneNumber: '5511900000001', timestamp: ISO },
  ],
  [
    'a recurring run ends',
    {
      ...{ ...of, kind: 'schedule status', scheduleId: 3, status: 'completed' },
      ...{ totals: { sent: 5, delivered: 4, failed: 1 }, lastRunAt: AT, reason: 'why' },
    },
    '/api/update-schedule-status',
    {
      ...{ scheduleId: 3, status: 'completed', totalSent: 5, totalDelivered: 4, totalFailed: 1, reason: 'why' },
      ...{ lastRunAt: ISO, phoneNumber: '5511900000001', timestamp: ISO },
    },
  ],
  [
    'a recipient of a schedule, as the app listed it',
    schedule,
    '/api/update-scheduled-contact-status',
    { scheduleId: 3, phone: '+55 11 99999-0000', status: 'sent', messageId: '3EB0A', timestamp: ISO },
  ],
  [
    'a broadcast ends',
    { ...of, kind: 'broadcast status', broadcastId: 7, status: 'completed_with_errors', success: 5, failed: 1 },
    '/api/update-broadcast-status',
    { broadcast_id: 7, status: 'completed_with_errors', success_count: 5, fail_count: 1 },
  ],
  [
    'a recipient of a broadcast',
    broadcast,
    '/api/update-message-status',
    { broadcast_id: 7, contact_id: 11, status: 'sent', whatsapp_message_id: '3EB0A', sent_at: ISO },
  ],
  [
    'a failed recipient has no id',
    { ...failedBroadcast, error: 'Failed to send' },
    '/api/update-message-status',
    {
      ...{ broadcast_id: 7, contact_id: 11, status: 'failed', whatsapp_message_id: null },
      error_message: 'Failed to send',
    },
  ],
  [
    'a campaign stops, with the reason',
    { ...of, kind: 'campaign status', campaignId: 5, status: 'paused', totals, reason: 'why' },
    '/api/campaigns/update-status',
    {
      ...{ campaign_id: 5, status: 'paused', total_recipients: 9, sent_count: 5, failed_count: 1 },
      ...{ delivered_count: 4, read_count: 2, reason: 'why' },
    },
  ],
  [
    'a recipient of a campaign',
    { ...campaign, status: 'read', variant: 'B' },
    '/api/campaigns/update-contact-status',
    { campaign_id: 5, contact_id: 11, status: 'read', whatsapp_message_id: '3EB0A', variant: 'B', read_at: ISO },
  ],
  [
    'a reply to a campaign',
    { ...of, kind: 'campaign reply', campaignId: 5, reply: { kind: 'response', contactId: 11, text: 'Yes' } },
    '/api/campaigns/track-response',
    { campaign_id: 5, contact_id: 11, response: 'Yes', responded_at: ISO },
  ],
  [
    'a customer wants no more',
    { ...of, kind: 'campaign reply', campaignId: 5, reply: { kind: 'unsubscribe', phone: '5511999990000' } },
    '/api/campaigns/unsubscribe',
    { campaign_id: 5, phone: '5511999990000' },
  ],
];

describe('what jobs tell the app (contract schedules §9, bulk §3, §4.4, §4.5)', () => {
  it.each(TABLE)('%s', (_name, fact, path, body) => {
    const callback = callbackOf(fact);
    expect(callback).toMatchObject({ path, lane: 'rest', orderKeys: ['job:broadcast:7'] });
    expect(callback.body).toEqual(body);
    expect(bodyProblems(path, callback.body)).toEqual([]);
  });

  it('a recipient of a schedule has 5 s, everything else 10 s (README §6)', () => {
    for (const [, fact] of TABLE)
      expect(callbackOf(fact).timeoutMs).toBe(fact.kind === 'schedule recipient' ? 5_000 : 10_000);
  });

  it.each<readonly [string, JobFact, string, number]>([
    ['reason', { ...of, kind: 'schedule status', scheduleId: 3, status: 'failed', reason: long }, 'reason', 1_000],
    ['error of a schedule', { ...schedule, error: long }, 'error', 512],
    ['id of a schedule', { ...schedule, messageId: long }, 'messageId', 128],
    ['phone of a schedule', { ...schedule, phone: '9'.repeat(99) }, 'phone', 32],
    ['error of a broadcast', { ...broadcast, error: long }, 'error_message', 1_024],
    ['id of a broadcast', { ...broadcast, messageId: long }, 'whatsapp_message_id', 191],
    ['error of a campaign', { ...campaign, error: long }, 'error_message', 1_024],
    ['id of a campaign', { ...campaign, messageId: long }, 'whatsapp_message_id', 191],
    [
      'reason of a campaign',
      { ...of, kind: 'campaign status', campaignId: 5, status: 'failed', totals, reason: long },
      'reason',
      1_000,
    ],
    [
      'reason of a broadcast',
      { ...of, kind: 'broadcast status', broadcastId: 7, status: 'failed', success: 0, failed: 1, reason: long },
      'reason',
      1_000,
    ],
    [
      'a reply',
      { ...of, kind: 'campaign reply', campaignId: 5, reply: { kind: 'response', contactId: 1, text: long } },
      'response',
      4_096,
    ],
    [
      'the phone of an opt-out',
      { ...of, kind: 'campaign reply', campaignId: 5, reply: { kind: 'unsubscribe', phone: '9'.repeat(99) } },
      'phone',
      32,
    ],
  ])('JC1 (S-21): %s is cut to what the app takes', (_name, fact, field, limit) => {
    const { path, body } = callbackOf(fact);
    expect([...String(body[field])]).toHaveLength(limit);
    expect(bodyProblems(path, body)).toEqual([]);
  });

  it('S-57: every word that a fact can have is one that the app knows', () => {
    const words: JobFact[] = [
      ...(['running', 'completed', 'failed'] as const).map(
        (status): JobFact => ({ ...of, kind: 'schedule status', scheduleId: 3, status }),
      ),
      ...(['processing', 'completed', 'completed_with_errors', 'failed'] as const).map(
        (status): JobFact => ({ ...of, kind: 'broadcast status', broadcastId: 7, status, success: 0, failed: 0 }),
      ),
      ...(['running', 'paused', 'cancelled', 'completed', 'failed'] as const).map(
        (status): JobFact => ({ ...of, kind: 'campaign status', campaignId: 5, status, totals }),
      ),
      ...(['sent', 'delivered', 'read', 'failed'] as const).flatMap((status): JobFact[] => [
        { ...schedule, status },
        { ...broadcast, status },
        { ...campaign, status },
      ]),
    ];
    const refused = words.flatMap((fact) => bodyProblems(callbackOf(fact).path, callbackOf(fact).body));
    expect(refused).toEqual([]);
    // The words the contract names as refused are refused here too: the check can fail.
    for (const status of ['paused', 'cancelled'])
      expect(bodyProblems('/api/update-schedule-status', { scheduleId: 3, status })).not.toEqual([]);
    expect(bodyProblems('/api/campaigns/update-status', { campaign_id: 5, status: 'draft' })).not.toEqual([]);
  });

  it.each([schedule, broadcast, campaign])('JC3: only delivered gives way, and only to read ($kind)', (fact) => {
    const supersede = (status: typeof fact.status) => callbackOf({ ...fact, status }).supersede;
    const [delivered, read] = [supersede('delivered'), supersede('read')];
    expect(read?.key).toBe(delivered?.key);
    expect(read?.rank).toBeGreaterThan(delivered?.rank ?? Infinity);
    expect([supersede('sent'), supersede('failed')]).toEqual([undefined, undefined]);
  });

  it('JC3: another recipient, attempt or ledger is never replaced, not even under the same message id', () => {
    const key = (fact: Partial<BroadcastRecipientFact>) =>
      callbackOf({ ...broadcast, status: 'read', ...fact }).supersede?.key;
    const keys = [key({}), key({ contactId: 12 }), key({ messageId: '3EB0B' }), key({ ledger: 'broadcast:8' })];
    expect(new Set(keys).size).toBe(4);
    const phone = (own: string) => callbackOf({ ...schedule, status: 'read', phone: own }).supersede?.key;
    expect(phone('1')).not.toBe(phone('2'));
  });

  it('JC3: summaries and replies replace nothing', () => {
    const others = TABLE.map(([, fact]) => fact).filter(({ kind }) => !kind.endsWith('recipient'));
    expect(others.map((fact) => callbackOf(fact).supersede)).toEqual(others.map(() => undefined));
  });

  it('README §3.1: a job that the app does not know is dropped without a dead letter; a 422 is one', () => {
    const history = { attempts: 0, repeats: 0, unknownDeviceMs: 0 };
    const outcome = (path: string, status: number, body: object = { ok: false, message: 'not found' }) =>
      outcomeOf(path, { kind: 'answer', status, body }, history, 0, 0.5).kind;
    for (const [, , path] of TABLE) {
      expect([outcome(path, 404), outcome(path, 422)]).toEqual(['skip', 'dead']);
      // An app without the endpoint: it may get it with its next update, and the letters are replayed.
      expect(outcome(path, 404, { message: 'Not Found' })).toBe('dead');
    }
    expect(outcome('/api/update-status', 404)).toBe('dead');
  });
});
