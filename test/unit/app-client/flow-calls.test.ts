import { describe, expect, it } from 'vitest';
import { WorkspaceAttributes } from '../../../src/app-client/attributes.ts';
import type { AppAnswer, AppClient } from '../../../src/app-client/client.ts';
import { flowCalls } from '../../../src/app-client/flow-calls.ts';
import type { CallAnswer } from '../../../src/app-client/flow-calls.types.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const ok = (body: unknown, status = 200): AppAnswer => ({ kind: 'answer', status, body });
const nobody = (detail: string, why: 'unreachable' | 'timeout' = 'unreachable'): AppAnswer => ({
  kind: 'no answer',
  why,
  detail,
});
const long = '😀'.repeat(9_000);
const lengthOf = (value: unknown): number => [...String(value)].length;

function world(...answers: AppAnswer[]) {
  const time = new SimulatedTime();
  const asked: { path: string; body: Record<string, unknown>; timeoutMs: number }[] = [];
  const next = () => answers.shift() ?? nobody('ECONNRESET');
  const client: AppClient = {
    post: async (path, body, { timeoutMs }) => {
      const read = (typeof body === 'string' ? JSON.parse(body) : body) as Record<string, unknown>;
      asked.push({ path, body: read, timeoutMs });
      return next();
    },
    get: async (path, query, { timeoutMs }) => {
      asked.push({ path, body: query, timeoutMs });
      return next();
    },
  };
  const calls = flowCalls({ client, attributes: new WorkspaceAttributes(client, time), clock: time });
  return { time, asked, calls };
}

type Calls = ReturnType<typeof world>['calls'];
type Row = readonly [
  name: string,
  ask: (calls: Calls) => Promise<CallAnswer<unknown>>,
  answer: unknown,
  path: string,
  timeoutMs: number,
  sent: object,
  value: unknown,
];

const TABLE: readonly Row[] = [
  [
    'a definition',
    (c) => c.definition('7/8'),
    { success: true, data: { flow: { id: 7 }, flow_data: { flowNodes: [] } } },
    '/api/flows/7%2F8',
    20_000,
    {},
    { flow: { id: 7 }, data: { flowNodes: [] } },
  ],
  [
    'a parked session in PHP dress (F-47)',
    (c) => c.parked('1_2'),
    {
      ...{ ok: true, found: 1, flow_id: 7, flow_subscriber_id: '4', device_phone: '1', customer_phone: '2' },
      ...{ node_id: 'n_1', waiting: '{"nextNodeType":"List"}', variables: [], provider: null },
    },
    '/api/flow-node/park-session',
    10_000,
    { session_key: '1_2' },
    {
      ...{ flowId: '7', subscriber: 4, device: '1', customer: '2', nodeId: 'n_1', provider: '' },
      ...{ waiting: { nextNodeType: 'List' }, variables: {} },
    },
  ],
  [
    'nothing parked',
    (c) => c.parked('1_2'),
    { ok: true, found: false },
    '/api/flow-node/park-session',
    10_000,
    {},
    undefined,
  ],
  [
    'a parked delay',
    (c) =>
      c.delayPark({
        ...{ flowId: '7', sessionKey: '1_2', device: '1', customer: '2', nodeId: 'n_1', provider: '' },
        ...{ seconds: 1e12, variables: {} },
      }),
    { ok: true, id: 1 },
    '/api/flow-node/delay-park',
    10_000,
    { flow_id: '7', session_key: '1_2', resume_seconds: 315_360_000, variables: {} },
    { ok: true, id: 1 },
  ],
  [
    'media',
    (c) => c.storeMedia({ base64: 'QUJD', mime: 'image/png' }),
    { ok: true, path: 'p', url: 'https://app/p' },
    '/api/flow/store-media',
    25_000,
    { data: 'QUJD', mime: 'image/png' },
    'https://app/p',
  ],
  [
    'an AI call',
    (c) =>
      c.ai({
        ...{ workspace: '3', model: 'gpt', system: 's', user: 'u', maxTokens: 9_999, temperature: 7, assistant: '5' },
        ...{ json: true, fields: ['a'] },
      }),
    { ok: true, reply: 'hi' },
    '/api/flow-node/ai-call',
    30_000,
    {
      ...{ workspace_id: '3', model: 'gpt', system_prompt: 's', user_prompt: 'u', max_tokens: 4_000, temperature: 2 },
      ...{ assistant_id: '5', json: true, fields: ['a'] },
    },
    { reply: 'hi' },
  ],
  [
    'an agent',
    (c) => c.agentReply({ workspace: undefined, agent: '2', customer: '3', context: 'x' }),
    { ok: true, replied: true },
    '/api/flow-node/ai-agent-reply',
    30_000,
    { agent_id: '2', customer_phone: '3', flow_context: 'x' },
    { ok: true, replied: true },
  ],
  [
    'the media of a template',
    (c) => c.templateHeaderMedia({ workspace: '3', template: '5', phoneNumberId: '6' }),
    { ok: true, media_id: 77 },
    '/api/flow-node/template-header-media',
    70_000,
    { workspace_id: '3', template_id: '5', phone_number_id: '6' },
    { mediaId: '77' },
  ],
  [
    'rows of a database',
    (c) => c.mysql({ sql: 'select 1' }),
    { ok: true, rows: [{ a: 1 }], count: 1 },
    '/api/flow-node/mysql-query',
    15_000,
    { sql: 'select 1' },
    { rows: [{ a: 1 }] },
  ],
  [
    'a Google form',
    (c) => c.google({ what: 'google/form-send', body: { expires_in_sec: 60 } }),
    { ok: true, form_url: 'u' },
    '/api/flow-node/google/form-send',
    15_000,
    { expires_in_sec: 60 },
    { ok: true, form_url: 'u' },
  ],
  [
    'a Google document',
    (c) => c.google({ what: 'google/doc-generate', body: {} }),
    { ok: true, url: 'u' },
    '/api/flow-node/google/doc-generate',
    25_000,
    {},
    { ok: true, url: 'u' },
  ],
  [
    'what is in stock',
    (c) => c.inventory({ retailer_ids: ['5', 'a', 'b'] }),
    { ok: true, in_stock: { 1: 5, 2: 'a' } },
    '/api/commerce/check-inventory',
    8_000,
    { retailer_ids: ['5', 'a', 'b'] },
    { inStock: ['5', 'a'] },
  ],
  [
    'a checkout',
    (c) => c.checkoutLink({ items: [] }),
    { ok: true, url: 'u' },
    '/api/commerce/checkout-link',
    15_000,
    { items: [] },
    { url: 'u' },
  ],
  [
    'slots',
    (c) => c.slots({ workspace: '3', limit: 10 }),
    { ok: true, slots: null },
    '/api/appointments/slots',
    10_000,
    { workspace_id: '3', limit: '10' },
    { slots: [] },
  ],
  [
    'days of a booking',
    (c) => c.bookingSlots({ workspace: '3', type: '4', offset: 9, day: '2026-01-01' }),
    { ok: true, times: [] },
    '/api/booking/slots',
    12_000,
    { workspace_id: '3', type_id: '4', offset: '9', day: '2026-01-01' },
    { ok: true, times: [] },
  ],
];

describe('flows §8: what flows ask the app', () => {
  it.each(TABLE)('%s', async (_, ask, answer, path, timeoutMs, sent, value) => {
    const { asked, calls } = world(ok(answer));
    expect(await ask(calls)).toEqual({ kind: 'ok', value });
    expect(asked).toEqual([{ path, timeoutMs, body: expect.objectContaining(sent) }]);
  });

  it.each<readonly [string, AppAnswer, CallAnswer<unknown>]>([
    [
      'its own no in a 200',
      ok({ ok: false, error: 'slot_taken' }),
      { kind: 'refused', status: 200, error: 'slot_taken' },
    ],
    [
      'a 422',
      ok({ ok: false, error: 'stage_not_found' }, 422),
      { kind: 'refused', status: 422, error: 'stage_not_found' },
    ],
    [
      'a 502 in its words',
      ok({ ok: false, error: 'provider_failed' }, 502),
      { kind: 'refused', status: 502, error: 'provider_failed' },
    ],
    ['a page of HTML', ok('<html>'), { kind: 'refused', status: 200, error: 'HTTP 200' }],
    ['a long complaint', ok({ message: 'x'.repeat(99) }, 404), { kind: 'refused', status: 404, error: 'HTTP 404' }],
    ['a bare fault', ok('', 500), { kind: 'no answer', why: 'HTTP 500' }],
    ['a fault that its framework words', ok({ message: 'Server Error' }, 500), { kind: 'no answer', why: 'HTTP 500' }],
    [
      'a no that its framework words',
      ok({ message: 'Not Found' }, 404),
      { kind: 'refused', status: 404, error: 'Not Found' },
    ],
    ['silence', nobody('UND_ERR_ABORTED', 'timeout'), { kind: 'no answer', why: 'UND_ERR_ABORTED' }],
  ])('FQ2: %s', async (_, answer, read) => {
    const { calls } = world(answer);
    expect(await calls.deal({})).toEqual(read);
  });

  it.each<readonly [string, AppAnswer, number, (calls: Calls) => Promise<unknown>]>([
    ['a refused connection is tried three times', nobody('ECONNREFUSED'), 3, (c) => c.deal({})],
    ['429 too', ok('', 429), 3, (c) => c.deal({})],
    ['503 too', ok({ ok: false, error: 'busy' }, 503), 3, (c) => c.deal({})],
    ['a broken connection is not', nobody('ECONNRESET'), 1, (c) => c.deal({})],
    ['a fault is not', ok('', 502), 1, (c) => c.deal({})],
    ['a question that changes nothing is, after a broken connection', nobody('ECONNRESET'), 3, (c) => c.parked('1_2')],
    ['and after 502', ok('', 502), 3, (c) => c.inventory({})],
    ['never after a timeout', nobody('x', 'timeout'), 1, (c) => c.parked('1_2')],
  ])('FC2, FQ1: %s', async (_, answer, times, ask) => {
    const { asked, calls, time } = world(answer, answer, answer, answer, answer);
    const done = ask(calls);
    await time.advanceAsync(10_000);
    await done;
    expect(asked).toHaveLength(times);
  });

  it('a long Retry-After ends it: a customer waits', async () => {
    const { asked, calls } = world({ kind: 'answer', status: 429, body: '', retryAfter: '60' });
    expect(await calls.deal({})).toEqual({ kind: 'no answer', why: 'HTTP 429' });
    expect(asked).toHaveLength(1);
  });

  it.each<readonly [number, object, string]>([
    [429, { message: 'Too Many Attempts.' }, 'Too Many Attempts.'],
    [503, { message: 'Service Unavailable' }, 'HTTP 503'],
    [503, { ok: false, error: 'integration_disabled' }, 'integration_disabled'],
  ])('FQ2: an app that is too busy, also after the repeats, has refused nothing: %i %j', async (status, body, why) => {
    const answer = ok(body, status);
    const { asked, calls, time } = world(answer, answer, answer);
    const done = calls.definition('7');
    await time.advanceAsync(10_000);
    expect([await done, asked.length]).toEqual([{ kind: 'no answer', why }, 3]);
  });

  it('F-54: no field is longer than the app accepts', async () => {
    const good = Array.from({ length: 9 }, () => ok({ ok: true }));
    const { asked, calls } = world(...good);
    await calls.ai({
      workspace: '3',
      model: long,
      system: long,
      user: long,
      maxTokens: 0,
      temperature: -1,
      fields: [long],
    });
    await calls.agentReply({ workspace: '3', agent: '1', customer: '2', context: long });
    await calls.deal({ deal_name: long });
    await calls.mysql({ sql: long });
    await calls.google({ what: 'google/sheet-read', body: { match_value: long } });
    await calls.google({ what: 'google/doc-generate', body: { new_title: long } });
    await calls.google({ what: 'google/form-send', body: { flow_session_id: long } });
    await calls.sendProducts({ header: long, body: long, footer: long, items: [] });
    const lengths = asked.map(({ body }) =>
      Object.fromEntries(
        Object.entries(body).map(([field, value]) => [
          field,
          Array.isArray(value) ? value.length : typeof value === 'number' ? value : lengthOf(value),
        ]),
      ),
    );
    expect(lengths).toEqual([
      {
        ...{ workspace_id: 1, model: 120, system_prompt: 6_000, user_prompt: 6_000, max_tokens: 1, temperature: 0 },
        fields: 1,
      },
      { workspace_id: 1, agent_id: 1, customer_phone: 1, flow_context: 5_500 },
      { deal_name: 191 },
      { sql: 8_000 },
      { match_value: 255 },
      { new_title: 240 },
      { flow_session_id: 64 },
      { header: 60, body: 1_024, footer: 60, items: 0 },
    ]);
    expect(asked[0]?.body['fields']).toEqual(['😀'.repeat(120)]);
  });

  it('JT1: half a surrogate pair never leaves', async () => {
    const sent: unknown[] = [];
    const client: AppClient = {
      post: async (_, body) => {
        sent.push(body);
        return ok({ ok: true });
      },
      get: async () => ok({}),
    };
    const time = new SimulatedTime();
    await flowCalls({ client, attributes: new WorkspaceAttributes(client, time), clock: time }).deal({ x: '\uD83D' });
    expect(sent).toEqual(['{"x":"\uFFFD"}']);
  });

  it('media over 25 MB never leave', async () => {
    const { asked, calls } = world();
    const base64 = 'A'.repeat(34_952_536 + 4);
    expect(await calls.storeMedia({ base64, mime: 'video/mp4' })).toEqual({
      kind: 'refused',
      status: 413,
      error: 'too_large',
    });
    expect(asked).toEqual([]);
  });

  it('WA2: attributes that failed spare the app for a minute, and do not stop a job from asking', async () => {
    const { asked, calls, time } = world(ok('', 500), ok({ attributes: { shop: 'A' } }));
    expect([await calls.attributes('1'), await calls.attributes('1')]).toEqual([{}, {}]);
    expect(asked).toHaveLength(1);
    time.advance(60_000);
    expect(await calls.attributes('1')).toEqual({ shop: 'A' });
  });
});
