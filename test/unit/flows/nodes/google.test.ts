import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../../src/actors/flows/nodes/index.ts';
import { Bench, CUSTOMER, DEVICE, NOW } from '../context.ts';

type Setup = ConstructorParameters<typeof Bench>[1];
const KEY = `${DEVICE}_${CUSTOMER}`;
const NEXT = { kind: 'next', port: 1 };
const bench = (type: string, fields: Record<string, unknown>, setup: Partial<Setup> = {}) =>
  new Bench(kindOf(type), { type, fields, vars: { name: 'Ana', who: { title: 'Dr', id: 1 } }, ...setup });
const answering = (one: Bench, value: Record<string, unknown>) => {
  one.answers.google = { kind: 'ok', value: { ok: true, ...value } };
  return one;
};
const requests = (one: Bench) => one.calls.map(({ request }) => request);

describe('GoogleMeet', () => {
  const fields = {
    ...{ title: 'Call {{who}}', durationMinutes: 45, leadMinutes: '15', sendCalendarInvite: 1 },
    messageTemplate: 'Join, {{name}}: {{meet_link}}',
  };

  it('mints a link, keeps it, and sends it in the author’s words', async () => {
    const one = answering(bench('GoogleMeet', fields), { meet_url: 'https://meet/x', event_id: 'E1' });
    expect(await one.run()).toEqual(NEXT);
    expect(requests(one)).toEqual([
      {
        what: 'google-meet',
        body: {
          ...{ workspace_id: '3', title: 'Call Dr', send_invites: true, time_zone: 'UTC' },
          ...{ start_at: '2026-03-04T12:45:15.000Z', end_at: '2026-03-04T13:30:15.000Z' },
        },
      },
    ]);
    expect(one.texts()).toEqual(['Join, Ana: https://meet/x']);
    expect([one.vars.get('meet_start'), one.vars.get('meet_event_id'), one.effects]).toEqual([
      ...['2026-03-04T12:45:15.000Z', 'E1'],
      ['once'],
    ]);
  });

  it('a link that the words leave out is not lost', async () => {
    const one = answering(bench('GoogleMeet', { messageTemplate: 'Join us' }), { meet_url: 'https://meet/x' });
    await one.run();
    expect(one.texts()).toEqual(['Join us\nhttps://meet/x']);
  });

  it('minutes that no calendar knows are ten years', async () => {
    const one = answering(bench('GoogleMeet', { leadMinutes: 1e300, durationMinutes: '9e99' }), { meet_url: 'u' });
    expect(await one.run()).toEqual(NEXT);
    expect(requests(one)).toMatchObject([
      { body: { start_at: '2036-03-01T12:30:15.000Z', end_at: '2046-02-27T12:30:15.000Z' } },
    ]);
  });

  it('a failure says nothing, and goes on', async () => {
    const one = bench('GoogleMeet', fields);
    expect([await one.run(), one.sent, one.vars.get('meet_link')]).toEqual([NEXT, [], '']);
  });
});

describe('GoogleSheets', () => {
  const sheet = { sheetId: 'S1', tabName: 'Tab' };

  it('writes a row; objects are their human field, and time has tags', async () => {
    const columns = [
      { header: 'Who', value: '{{who}}' },
      { header: 'When', value: '{{date}}' },
      { header: 'Name', value: '{{name}}' },
    ];
    const one = answering(bench('GoogleSheets', { ...sheet, mode: 'write', columns, matchByHeader: true }), {});
    expect(await one.run()).toEqual(NEXT);
    expect(requests(one)).toEqual([
      {
        what: 'google/sheet-write',
        body: {
          ...{ workspace_id: '3', sheet_id: 'S1', tab_name: 'Tab', column_headers: ['Who', 'When', 'Name'] },
          ...{ values: ['Dr', '2026-03-04', 'Ana'], match_by_header: true },
        },
      },
    ]);
  });

  it('of a reply that is a list each row is one call', async () => {
    const columns = [
      { header: 'A', value: '{{reply.a}}' },
      { header: 'N', value: '{{name}}' },
    ];
    const vars = { name: 'Ana', 'reply.__rows': [{ a: 1 }, { a: 2 }], 'reply.a': 1 };
    const one = answering(bench('GoogleSheets', { ...sheet, columns }, { vars }), {});
    await one.run();
    expect(requests(one)).toMatchObject([{ body: { values: ['1', 'Ana'] } }, { body: { values: ['2', 'Ana'] } }]);
    expect(one.effects).toEqual(['once', 'once']);
    expect(one.vars.get('reply.a')).toBe(1);
  });

  it('what a row does not have is empty in it, also where the first row has it', async () => {
    const columns = [{ header: 'B', value: '{{reply.b}}{{reply.__status}}' }];
    const vars = { 'reply.__rows': [{ a: 1, b: 'x' }, { a: 2 }], 'reply.a': 1, 'reply.b': 'x', 'reply.__status': 200 };
    const one = answering(bench('GoogleSheets', { ...sheet, columns }, { vars }), {});
    await one.run();
    expect(requests(one)).toMatchObject([{ body: { values: ['x200'] } }, { body: { values: ['200'] } }]);
  });

  const many = (one: number) => ({ 'r.__rows': Array.from({ length: one }, (_, n) => ({ n })) });
  const column = { columns: [{ header: 'N', value: '{{r.n}}' }] };

  it('of more than 100 rows the first are written, and somebody is told', async () => {
    const one = answering(bench('GoogleSheets', { ...sheet, ...column }, { vars: many(101) }), {});
    await one.run();
    expect([one.calls.length, one.warnings]).toEqual([100, ['only 100 of 101 rows of the flow are written']]);
  });

  it('an app that is away is not waited for once for each row; one that refuses a row gets the others', async () => {
    const one = bench('GoogleSheets', { ...sheet, ...column }, { vars: many(50) });
    one.answers.google = { kind: 'no answer', why: 'timeout' };
    expect([await one.run(), one.calls.length, one.warnings.length]).toEqual([NEXT, 1, 1]);
    one.answers.google = { kind: 'refused', status: 422, error: 'bad' };
    await one.run();
    expect(one.calls).toHaveLength(51);
  });

  it('reads one row into variables', async () => {
    const fields = { ...sheet, mode: 'read', matchColumn: 'Name', matchValue: '{{name}}', saveAs: 'row' };
    const one = answering(bench('GoogleSheets', fields, { vars: { name: 'Ana', 'row.old': 1 } }), {
      rows: [{ City: 'Rio' }],
    });
    expect(await one.run()).toEqual(NEXT);
    expect(requests(one)).toEqual([
      {
        what: 'google/sheet-read',
        body: {
          workspace_id: '3',
          sheet_id: 'S1',
          tab_name: 'Tab',
          match_column: 'Name',
          match_value: 'Ana',
          limit: 1,
        },
      },
    ]);
    expect([one.vars.fill('{{row.city}}{{row.old}}'), one.effects]).toEqual(['Rio', ['again']]);
  });

  it.each([{ rows: [] }, { rows: null }])('no row is an empty value: %j', async (value) => {
    const one = answering(bench('GoogleSheets', { ...sheet, mode: 'read' }, { vars: { 'sheet_row.old': 1 } }), value);
    await one.run();
    expect(one.vars.pairs()).toEqual([['sheet_row', '']]);
  });

  it.each(['read', 'write'])('a failure to %s goes on', async (mode) => {
    const one = bench('GoogleSheets', { ...sheet, mode });
    expect([await one.run(), one.warnings.length]).toEqual([NEXT, 1]);
  });
});

describe('GoogleDocs', () => {
  it('makes a document, keeps its address and sends it', async () => {
    const placeholders = [
      { key: 'who', value: '{{who}}' },
      { key: '', value: 'x' },
    ];
    const one = answering(
      bench('GoogleDocs', {
        templateId: 'T1',
        newTitle: 'Offer {{name}}',
        placeholders,
        shareable: true,
        messageTemplate: 'See {{doc_url}}',
      }),
      { url: 'https://doc/1' },
    );
    expect(await one.run()).toEqual(NEXT);
    expect(requests(one)).toEqual([
      {
        what: 'google/doc-generate',
        body: { workspace_id: '3', template_id: 'T1', new_title: 'Offer Ana', vars: { who: 'Dr' }, shareable: true },
      },
    ]);
    expect([one.texts(), one.vars.get('doc_url')]).toEqual([['See https://doc/1'], 'https://doc/1']);
  });

  it('a failure says nothing', async () => {
    const one = bench('GoogleDocs', { saveAs: 'mine' });
    expect([await one.run(), one.sent, one.vars.get('mine')]).toEqual([NEXT, [], '']);
  });
});

describe('GoogleForm', () => {
  const fields = { formId: 4, bodyText: 'Fill in, {{name}}', saveAs: 'form', expiresInSec: 3_600 };
  const wait = {
    nextNodeType: 'GoogleForm',
    nodeId: 'n_aaaaaa',
    variable: 'form',
    formId: '4',
    startedAt: NOW,
  } as const;

  it('sends the link and waits', async () => {
    const one = answering(bench('GoogleForm', fields), { form_url: 'https://form/1' });
    expect(await one.run()).toEqual({ kind: 'wait', wait, due: NOW + 3_600_000 });
    expect(requests(one)).toEqual([
      {
        what: 'google/form-send',
        body: {
          ...{ workspace_id: '3', google_form_id: '4', flow_session_id: KEY, contact_phone: CUSTOMER },
          ...{ save_variable: 'form', resume_port: 'submitted', expires_in_sec: 3_600 },
        },
      },
    ]);
    expect(one.texts()).toEqual(['Fill in, Ana\nhttps://form/1']);
  });

  it('F-37: when its time is over the timeout way is taken; a day unless the author says otherwise', async () => {
    const one = answering(bench('GoogleForm', { formId: 4 }), { form_url: 'u' });
    expect(await one.run()).toMatchObject({ due: NOW + 86_400_000, wait: { variable: 'google_form' } });
    expect(await one.due(wait)).toEqual({ kind: 'next', port: 2 });
  });

  it('F-02: typed text is nothing to it', () => {
    expect(bench('GoogleForm', fields).match(wait, 'hello')).toBeUndefined();
  });

  it.each<readonly [readonly number[], number]>([
    [[1, 2], 2],
    [[1], 1],
  ])('FO2: a form that could not be sent is not waited for (wired %j)', async (wired, port) => {
    const refused = bench('GoogleForm', fields, { wired });
    expect(await refused.run()).toEqual({ kind: 'next', port });
    const unsent = answering(bench('GoogleForm', fields, { wired }), { form_url: 'u' });
    unsent.onSend = () => ({ kind: 'failed', error: 'x' });
    expect(await unsent.run()).toEqual({ kind: 'next', port });
  });
});

describe('WaForm', () => {
  const fields = { formId: 4, metaFlowId: '777', formTitle: 'Data', bodyText: 'Hi {{name}}', ctaLabel: 'Open' };

  it('is sent on Cloud with its token, and waits', async () => {
    const one = bench('WaForm', fields, { engine: 'waba' });
    const flowToken = `form-4-${KEY}`;
    expect(await one.run()).toEqual({
      kind: 'wait',
      wait: {
        ...{ nextNodeType: 'WaForm', nodeId: 'n_aaaaaa', variable: '', formId: '4', metaFlowId: '777', flowToken },
        startedAt: NOW,
      },
    });
    expect(one.contents()).toEqual([
      { kind: 'form', title: 'Data', body: 'Hi Ana', footer: '', button: 'Open', formId: '777', token: flowToken },
    ]);
  });

  it('F-02: typed text is nothing to it', () => {
    const own = { nextNodeType: 'WaForm', nodeId: 'n_aaaaaa', variable: '' } as const;
    const wait = { ...own, formId: '4', metaFlowId: '7', flowToken: 't', startedAt: NOW };
    expect(bench('WaForm', fields).match(wait, 'hello')).toBeUndefined();
  });

  it.each<readonly [string, Record<string, unknown>, Setup['engine'] & string]>([
    ['on a linked device', fields, 'baileys'],
    ['on Twilio', fields, 'twilio'],
    ['unpublished', { ...fields, metaFlowId: null }, 'waba'],
  ])('%s it is passed', async (_, given, engine) => {
    const one = bench('WaForm', given, { engine });
    expect([await one.run(), one.sent, one.warnings.length]).toEqual([NEXT, [], 1]);
  });

  it('one that cannot be sent is passed', async () => {
    const one = bench('WaForm', fields, { engine: 'waba' });
    one.onSend = () => ({ kind: 'failed', error: 'x' });
    expect(await one.run()).toEqual(NEXT);
  });
});
