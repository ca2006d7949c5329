/** Campaigns that the app lists at start (contract bulk §4.3). */
import { expect, it } from 'vitest';
import type { CampaignList } from '../../../src/app-client/look-ups.ts';
import { createLog } from '../../../src/log.ts';
import { listedCampaigns } from '../../../src/scheduler/campaign-list.ts';
import type { Fields } from '../../../src/scheduler/protocol.ts';
import { SENDER, Stage, START } from './stage.ts';

const HOUR = 3_600_000;
const campaign = (campaignId: unknown, more: Fields = {}): Fields => ({
  campaignId,
  senderPhoneNumber: SENDER,
  campaignType: 'custom',
  message: 'hello',
  customMessage: { message: 'hello' },
  targetContacts: [{ id: 1, phone: '4915110000001' }],
  timezone: 'UTC',
  ...more,
});
const at = (ms: number): Fields => ({ scheduleDateTime: new Date(START + ms).toISOString() });

function start(stage: Stage, answers: readonly CampaignList[]): { asked: number[] } {
  const asked: number[] = [];
  const { scheduler, books } = stage.life;
  listedCampaigns({
    list: () => Promise.resolve(answers[asked.push(stage.time.now() - START) - 1] ?? { kind: 'list', campaigns: [] }),
    ...{ scheduler, books, clock: stage.time },
    log: createLog({ level: 'warn', stream: { write: (line) => stage.lines.push(line) } }),
  }).start();
  return { asked };
}

it('CL1: asked until it answers; what is unknown is registered, what is known skipped', async () => {
  const stage = new Stage();
  const known = await stage.register('campaign', campaign(5, at(HOUR)));
  const campaigns = [
    campaign('5', at(2 * HOUR)),
    campaign('6', at(HOUR)),
    campaign(7, { isRecurring: true, recurringTime: '15:00' }),
  ];
  const { asked } = start(stage, [
    { kind: 'no answer', why: 'ECONNREFUSED' },
    { kind: 'no answer', why: 'HTTP 500' },
    { kind: 'list', campaigns },
  ]);
  await stage.run(HOUR / 2);
  expect(asked).toEqual([0, 1_000, 3_000]);
  expect(stage.life.books.job(known.id)).toMatchObject({ dispatch: 0, next: START + HOUR });
  expect(stage.life.books.jobOf('campaign-6')).toMatchObject({ next: START + HOUR });
  expect(stage.life.books.jobOf('campaign-7')).toMatchObject({ next: START + 3 * HOUR, rule: { every: 'daily' } });
});

it('CL2, S-02: what is overdue is sent within the grace, else has failed; without a time nothing is sent', async () => {
  const stage = new Stage();
  start(stage, [
    {
      kind: 'list',
      campaigns: [
        campaign(5, at(-HOUR / 2)),
        campaign(6, at(-2 * HOUR)),
        campaign(7),
        campaign(8, { ...at(HOUR), senderPhoneNumber: '' }),
        campaign(9, { ...at(HOUR), campaignType: 'x' }),
      ],
    },
  ]);
  await stage.run(HOUR / 2);
  expect(stage.messages).toHaveLength(1);
  expect(stage.life.books.jobOf('campaign-6')).toMatchObject({ state: 'ended', outcome: 'failed' });
  expect([7, 8, 9].map((id) => stage.life.books.jobOf(`campaign-${id}`))).toEqual([undefined, undefined, undefined]);
  expect(stage.lines).toHaveLength(3);
});
