import { describe, expect, it } from 'vitest';
import { WorkspaceAttributes } from '../../../src/app-client/attributes.ts';
import type { AppAnswer } from '../../../src/app-client/client.ts';
import { JobLookUps } from '../../../src/app-client/look-ups.ts';
import { scheduleList } from '../../../src/app-client/schedule-list.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const ok = (body: unknown, status = 200): AppAnswer => ({ kind: 'answer', status, body });
const DOWN: AppAnswer = { kind: 'no answer', why: 'unreachable', detail: 'ECONNREFUSED' };

function asking(...answers: AppAnswer[]) {
  const asked: string[] = [];
  const time = new SimulatedTime();
  const get = async (path: string, _: unknown, { timeoutMs }: { timeoutMs: number }): Promise<AppAnswer> => {
    asked.push(`${path} ${timeoutMs}`);
    return answers.shift() ?? DOWN;
  };
  return { asked, time, get, lookUps: new JobLookUps({ get }, new WorkspaceAttributes({ get }, time)) };
}

describe('bulk §4.3: what jobs ask for', () => {
  it.each([
    [
      'a template',
      ok({ success: true, template: { id: 3, template_body: 'x' } }),
      { kind: 'found', fields: { id: 3, template_body: 'x' } },
    ],
    ['none', ok({ ok: false, error: 'not_found' }, 404), { kind: 'not found' }],
    ['LU1 a page', ok('<html>'), { kind: 'no answer', why: 'HTTP 200' }],
    ['LU1 a fault', ok({ template: { id: 3 } }, 500), { kind: 'no answer', why: 'HTTP 500' }],
    ['LU1 nobody', DOWN, { kind: 'no answer', why: 'ECONNREFUSED' }],
  ])('templates-camp: %s', async (_, answer, read) => {
    const { asked, lookUps } = asking(answer);
    expect(await lookUps.template(3)).toEqual(read);
    expect(asked).toEqual(['/api/templates-camp/3 15000']);
  });

  it('WA1, WA2: attributes are asked for once a minute per workspace; a failed answer is not kept', async () => {
    const { asked, time, lookUps } = asking(
      DOWN,
      ok({ ok: true, attributes: { shop: 'A' } }),
      ok({ ok: true, attributes: [] }),
      ok({ ok: true, attributes: { shop: 'B' } }),
    );
    expect(await lookUps.attributes('1')).toEqual({});
    expect(await Promise.all([lookUps.attributes('1'), lookUps.attributes('1')])).toEqual([
      { shop: 'A' },
      { shop: 'A' },
    ]);
    expect(await lookUps.attributes('a/b')).toEqual({});
    time.advance(59_999);
    expect(await lookUps.attributes('1')).toEqual({ shop: 'A' });
    time.advance(1);
    expect(await lookUps.attributes('1')).toEqual({ shop: 'B' });
    expect(asked.map((call) => call.split(' ')[0])).toEqual([
      ...['/api/workspace-attributes/1', '/api/workspace-attributes/1'],
      ...['/api/workspace-attributes/a%2Fb', '/api/workspace-attributes/1'],
    ]);
  });

  it.each([
    ['today', ok({ success: true, campaigns: [] }), { kind: 'list', campaigns: [] }],
    ['filled', ok({ success: true, campaigns: [{ campaignId: 1 }] }), { kind: 'list', campaigns: [{ campaignId: 1 }] }],
    ['a PHP map', ok({ campaigns: { 3: { campaignId: 1 } } }), { kind: 'list', campaigns: [{ campaignId: 1 }] }],
    ['an app without it', ok('', 404), { kind: 'list', campaigns: [] }],
    ['LU1 a fault', ok({ campaigns: [] }, 500), { kind: 'no answer', why: 'HTTP 500' }],
  ])('campaigns/sync: %s', async (_, answer, read) => {
    expect(await asking(answer).lookUps.campaigns()).toEqual(read);
  });
});

describe('schedules §10: GET /api/scheduled/active', () => {
  const row = {
    id: 7,
    scheduleId: 7,
    schedule_type: 'once',
    from_number: '+5511900000001',
    scheduleDateTime: 'x',
    nextRunAt: null,
  };

  it('reads rows in PHP dress and leaves out what is only for display', async () => {
    const { asked, get } = asking(
      ok({ ok: true, schedules: { 2: { ...row, scheduleId: '7', message: null, other: 1 } } }),
    );
    expect(await scheduleList({ get })).toEqual({
      kind: 'list',
      complete: true,
      rows: [
        {
          ...{ kind: 'row', id: 7, sender: '5511900000001', recurring: false, advances: false },
          body: { scheduleId: 7, scheduleDateTime: 'x', message: null },
        },
      ],
    });
    expect(asked).toEqual(['/api/scheduled/active 15000']);
  });

  it('SL2: a row that cannot be read spoils no other one; without an id the list is not complete', async () => {
    const rows = [{ ...row, from_number: null }, { ...row, id: 8, scheduleId: 8, schedule_type: [] }, row];
    const read = await scheduleList(asking(ok({ ok: true, schedules: rows })));
    expect(read).toMatchObject({
      complete: true,
      rows: [{ kind: 'unreadable', id: 7 }, { kind: 'unreadable', id: 8 }, { kind: 'row' }],
    });
    for (const broken of [null, 'x', { ...row, id: -1, scheduleId: 0 }]) {
      const list = await scheduleList(asking(ok({ ok: true, schedules: [broken, row] })));
      expect(list).toMatchObject({ complete: false, rows: [{ kind: 'row', id: 7 }] });
    }
  });

  it.each([
    ['SL3 999 rows', ok({ ok: true, schedules: Array(999).fill(row) }), { kind: 'list', complete: true }],
    ['SL3 1,000 rows', ok({ ok: true, schedules: Array(1_000).fill(row) }), { kind: 'list', complete: false }],
    ['SL1 nobody', DOWN, { kind: 'no answer' }],
    ['SL1 a page', ok('<html>'), { kind: 'no answer' }],
    ['SL1 a fault', ok({ ok: true, schedules: [] }, 500), { kind: 'no answer' }],
    ['SL1 a refusal', ok({ ok: false, schedules: [] }), { kind: 'no answer' }],
    ['SL1 no list', ok({ ok: true }), { kind: 'no answer' }],
  ])('%s', async (_, answer, read) => {
    expect(await scheduleList(asking(answer))).toMatchObject(read);
  });
});
