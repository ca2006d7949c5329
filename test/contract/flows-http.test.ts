/** Contract flows §1: routes, statuses and bodies, over a desk of the test's. */
import { describe, expect, it } from 'vitest';
import { SimulatedTime } from '../helpers/simulated-time.ts';
import type { SessionView } from '../../src/actors/protocol.ts';
import { harness, PHONE, TOKEN } from '../unit/http/harness.ts';

const CUSTOMER = '491701234567';
const KEY = `${PHONE}_${CUSTOMER}`;
const START = `/api/flow/start/${PHONE}`;
const AT = Date.UTC(2026, 0, 2, 3, 4, 5);
const local = { from: '127.0.0.1', token: null } as const;

const asked = async (path: string, body: unknown, set?: (flows: ReturnType<typeof harness>['flows']) => void) => {
  const { call, flows } = harness();
  set?.(flows);
  const { status, body: answer } = await call(path, { body });
  return { answer: [status, answer], calls: flows.calls };
};

describe('flows §1.1 who may call', () => {
  const STRICT: [path: string, body: object][] = [
    [`/api/flow/resume-port/${KEY}`, {}],
    [`/api/flow/resume-by-phone/7/${CUSTOMER}`, {}],
    [`/api/flow/resume-form/${KEY}`, {}],
    ['/api/flow/resume-delay', {}],
    ['/api/flow-resume', {}],
    ['/api/flow/provider-inbound', {}],
    ['/api/flow-end', {}],
  ];

  it.each(STRICT)('%s takes no address and no wrong token, in every mode', async (path, body) => {
    for (const mode of [undefined, 'token', 'loopback', 'off'] as const) {
      const { call, flows } = harness({ auth: { mode, token: TOKEN } });
      for (const caller of [local, { ...local, token: 'wrong' }]) {
        const { status, body: said } = await call(path, { ...caller, body });
        expect([mode, status, said]).toEqual([mode, 401, { ok: false, error: 'unauthorized' }]);
      }
      expect(flows.calls).toEqual([]);
    }
  });

  it.each(STRICT)('%s without a secret: the general rule', async (path, body) => {
    const { call } = harness({ auth: { mode: undefined, token: '' } });
    expect((await call(path, { ...local, body })).status).not.toBe(401);
    expect((await call(path, { token: null, body })).status).toBe(401);
  });

  it('only flow-end takes the token from the body', async () => {
    for (const [path] of STRICT) {
      const { call } = harness();
      const { status } = await call(path, { token: null, body: { node_token: TOKEN, customer_phone: CUSTOMER } });
      expect([path, status]).toEqual([path, path === '/api/flow-end' ? 200 : 401]);
      expect((await call(path, { token: null, body: { node_token: `${TOKEN}x` } })).status).toBe(401);
    }
  });

  it('the list of sessions names customers: strict; start and validate follow the mode', async () => {
    const { call } = harness({ auth: { mode: 'loopback', token: TOKEN } });
    expect((await call('/api/flow/sessions', local)).status).toBe(401);
    expect((await call(START, { ...local, body: { flowId: 1, targetPhoneNumber: CUSTOMER } })).status).toBe(202);
    expect((await call('/api/flow/validate', { ...local, body: { nodes: [], edges: [] } })).status).toBe(200);
  });
});

describe('POST /api/flow/start/:phone', () => {
  it('202 with flow and target; everything reaches the runtime', async () => {
    const { answer, calls } = await asked(START, {
      ...{ flowId: 12, targetPhoneNumber: `+49 170 1234567`, flowSubscriberId: '88', provider: ' WABA ' },
      ...{ name: 'Ann', first_name: 'Ann', last_name: null, email: 'a@b.c', custom_attributes: '{"vip":"yes"}' },
      ...{ variables: { order: 5 }, workspace_id: 7, campaignId: null, contactId: null },
    });
    expect(answer).toEqual([202, { message: 'FLOW START ACCEPTED', flowId: 12, target: CUSTOMER }]);
    expect(calls).toEqual([
      [
        'start',
        {
          ...{ device: PHONE, customer: CUSTOMER, flowId: '12', provider: 'waba', subscriber: 88, workspace: '7' },
          contact: { name: 'Ann', first_name: 'Ann', email: 'a@b.c', custom_attributes: { vip: 'yes' } },
          variables: { order: 5 },
        },
      ],
    ]);
  });

  it('the smallest start; PHP writes empty maps as [] (F-47)', async () => {
    const body = { flowId: '12', targetPhoneNumber: CUSTOMER, variables: [], contact: [], custom_attributes: [] };
    const { answer, calls } = await asked(START, body);
    expect(answer).toEqual([202, { message: 'FLOW START ACCEPTED', flowId: '12', target: CUSTOMER }]);
    const empty = { contact: { custom_attributes: {} }, variables: {} };
    expect(calls).toEqual([['start', { device: PHONE, customer: CUSTOMER, flowId: '12', provider: '', ...empty }]]);
  });

  it('contact replaces the single fields', async () => {
    const { calls } = await asked(START, {
      ...{ flowId: 1, targetPhoneNumber: CUSTOMER, name: 'Old', email: 'old@b.c' },
      contact: { name: 'New', mobile: '1', custom_attributes: '[]' },
    });
    expect(calls).toMatchObject([['start', { contact: { name: 'New', mobile: '1', custom_attributes: {} } }]]);
    expect(calls[0]?.[1]).not.toHaveProperty('contact.email');
  });

  it.each([
    ['no flow', { targetPhoneNumber: CUSTOMER }],
    ['an empty flow', { flowId: ' ', targetPhoneNumber: CUSTOMER }],
    ['no customer', { flowId: 1 }],
    ['a customer who is no number', { flowId: 1, targetPhoneNumber: 'Ann' }],
    ['nothing', {}],
  ])('400 for %s, and nothing starts', async (_, body) => {
    const { answer, calls } = await asked(START, body);
    expect(answer).toEqual([400, { error: 'flowId and targetPhoneNumber are required' }]);
    expect(calls).toEqual([]);
  });

  it('400 for a sender who is no number, 409 for a number of another workspace, 503 while the bridge is full', async () => {
    const body = { flowId: 1, targetPhoneNumber: CUSTOMER };
    expect((await asked('/api/flow/start/12', body)).answer).toEqual([400, { error: 'Invalid phone number' }]);
    const { call, numbers, vitals, flows } = harness();
    numbers.start(PHONE, 'qr', '7');
    expect((await call(START, { body: { ...body, workspace_id: 8 } })).status).toBe(409);
    vitals.room = 'full';
    expect((await call(START, { body })).status).toBe(503);
    expect(flows.calls).toEqual([]);
  });
});

describe('orders', () => {
  const resumed = { kind: 'resumed', nodeId: 'n_abc123', port: 2 } as const;
  const PORT = `/api/flow/resume-port/${KEY}`;
  const BY_PHONE = `/api/flow/resume-by-phone/7/+${CUSTOMER}`;
  const meta = { id: 55, total: '10.50', currency: 'EUR', provider: 'shopify' };

  it('200 with port and node; port 1 by default; order data as text', async () => {
    const { answer, calls } = await asked(PORT, { port: '2', orderMeta: meta }, (flows) => (flows.resumed = resumed));
    expect(answer).toEqual([200, { ok: true, port: 2, nodeId: 'n_abc123' }]);
    expect(calls).toEqual([
      ['resumePort', { kind: 'key', key: KEY }, 2, { id: '55', total: '10.50', currency: 'EUR' }],
    ]);
    const second = await asked(BY_PHONE, { orderMeta: [] }, (flows) => (flows.resumed = resumed));
    expect(second.answer).toEqual([200, { ok: true, port: 2, nodeId: 'n_abc123' }]);
    expect(second.calls).toEqual([
      ['resumePort', { kind: 'customer', workspace: '7', customer: CUSTOMER }, 1, undefined],
    ]);
  });

  it('not found: 404 by key, a noop by number', async () => {
    expect((await asked(PORT, {})).answer).toEqual([404, { ok: false, error: 'session_not_found' }]);
    expect((await asked(BY_PHONE, {})).answer).toEqual([200, { ok: true, noop: true, reason: 'no_matching_session' }]);
  });

  it.each([PORT, BY_PHONE])(
    '%s: a noop when nothing waits for an order, 500 when it could not be resumed',
    async (path) => {
      expect((await asked(path, {}, (flows) => (flows.resumed = { kind: 'not waiting for it' }))).answer).toEqual([
        200,
        { ok: true, noop: true, reason: 'not_waiting_on_commerce' },
      ]);
      expect((await asked(path, {}, (flows) => (flows.resumed = { kind: 'failed', why: 'no disk' }))).answer).toEqual([
        500,
        { ok: false, error: 'no disk' },
      ]);
    },
  );

  it.each([
    [PORT, { port: 'x' }],
    [PORT, { port: -1 }],
    [PORT, { port: 1.5 }],
    [BY_PHONE, { port: [] }],
    ['/api/flow/resume-by-phone/7/nobody', {}],
    [`/api/flow/resume-by-phone/%20/${CUSTOMER}`, {}],
  ])('400 bad_params: %s %j', async (path, body) => {
    const { answer, calls } = await asked(path, body);
    expect(answer).toEqual([400, { ok: false, error: 'bad_params' }]);
    expect(calls).toEqual([]);
  });
});

describe('forms', () => {
  const FORM = `/api/flow/resume-form/${KEY}`;
  const GOOGLE = '/api/flow-resume';
  const waits = { kind: 'not waiting for it' } as const;

  it('resume-form: where it goes on, or that it ended', async () => {
    const to = { kind: 'resumed', nodeId: 'n_1', port: 1, advancedTo: 'n_2' } as const;
    const body = { form_id: 3, form_answers: { size: 'L' } };
    const { answer, calls } = await asked(FORM, body, (flows) => (flows.resumed = to));
    expect(answer).toEqual([200, { ok: true, nodeId: 'n_1', advanced_to: 'n_2' }]);
    expect(calls).toEqual([['resumeForm', KEY, { size: 'L' }]]);
    const end = { kind: 'resumed', nodeId: 'n_1', port: 1 } as const;
    expect((await asked(FORM, body, (flows) => (flows.resumed = end))).answer).toEqual([
      200,
      { ok: true, ended: true },
    ]);
  });

  it('resume-form: noops and failures', async () => {
    const noop = (reason: string) => [200, { ok: true, noop: true, reason }];
    expect((await asked(FORM, {})).answer).toEqual(noop('session_not_found'));
    expect((await asked(FORM, {}, (flows) => (flows.resumed = waits))).answer).toEqual(noop('not_waiting_on_form'));
    const failed = await asked(FORM, {}, (flows) => (flows.resumed = { kind: 'failed', why: 'no disk' }));
    expect(failed.answer).toEqual([500, { ok: false, error: 'no disk' }]);
  });

  it('flow-resume: variable by default, answers, every outcome', async () => {
    const done = { kind: 'resumed', nodeId: 'n_1', port: 1 } as const;
    const { answer, calls } = await asked(
      GOOGLE,
      { session_id: KEY, answers: { q: ['a', 'b'] }, workspace_id: 7, resume_port: 'submitted' },
      (flows) => (flows.resumed = done),
    );
    expect(answer).toEqual([200, { ok: true }]);
    expect(calls).toEqual([['googleForm', KEY, 'google_form', { q: ['a', 'b'] }]]);
    const named = await asked(GOOGLE, { session_id: KEY, save_variable: 'g', answers: [] });
    expect(named.calls).toEqual([['googleForm', KEY, 'g', {}]]);
    expect(named.answer).toEqual([200, { ok: true, noop: true, reason: 'session_not_found' }]);
    expect((await asked(GOOGLE, { session_id: KEY }, (flows) => (flows.resumed = waits))).answer).toEqual([
      200,
      { ok: true },
    ]);
    expect((await asked(GOOGLE, { answers: {} })).answer).toEqual([400, { ok: false, error: 'missing_session_id' }]);
  });
});

describe('POST /api/flow/resume-delay', () => {
  const body = { flow_id: 12, session_key: KEY, node_id: 'n_1', customer_phone: CUSTOMER, device_phone: PHONE };

  it('202 before any work; the device follows from the key when it is not named', async () => {
    const { answer, calls } = await asked('/api/flow/resume-delay', {
      ...{ ...body, flow_subscriber_id: '5', provider: 'twilio', variables: { a: 1 } },
    });
    expect(answer).toEqual([202, { ok: true, message: 'RESUME ACCEPTED', node_id: 'n_1' }]);
    const order = { flowId: '12', sessionKey: KEY, nodeId: 'n_1', customer: CUSTOMER, device: PHONE };
    expect(calls).toEqual([['resumeDelay', { ...order, subscriber: 5, provider: 'twilio', variables: { a: 1 } }]]);
    const lean = await asked('/api/flow/resume-delay', { ...body, device_phone: null, variables: [] });
    expect(lean.calls).toEqual([['resumeDelay', { ...order, provider: '', variables: {} }]]);
  });

  it.each(['flow_id', 'session_key', 'node_id', 'customer_phone'])('400 without %s', async (name) => {
    const { answer, calls } = await asked('/api/flow/resume-delay', { ...body, [name]: '' });
    expect(answer).toEqual([400, { ok: false, error: 'flow_id, session_key, node_id, customer_phone required' }]);
    expect(calls).toEqual([]);
  });

  it.each(['flow_id', 'session_key', 'node_id'])(
    '400 with a %s that no store takes: no order of it is kept',
    async (name) => {
      const { answer, calls } = await asked('/api/flow/resume-delay', { ...body, [name]: '9'.repeat(1_000) });
      expect([answer[0], calls]).toEqual([400, []]);
    },
  );
});

describe('POST /api/flow-end', () => {
  it('answers how many ended; 0 without a customer', async () => {
    const body = { customer_phone: `+${CUSTOMER}`, workspace_id: 7 };
    const { answer, calls } = await asked('/api/flow-end', body, (flows) => (flows.ended = 2));
    expect([answer, calls]).toEqual([[200, { ok: true, ended: 2 }], [['end', CUSTOMER, '7']]]);
    const all = await asked('/api/flow-end', { customer_phone: CUSTOMER });
    expect(all.calls).toEqual([['end', CUSTOMER, undefined]]);
    const none = await asked('/api/flow-end', { workspace_id: 7 }, (flows) => (flows.ended = 2));
    expect([none.answer, none.calls]).toEqual([[200, { ok: true, ended: 0 }], []]);
  });
});

describe('POST /api/flow/provider-inbound', () => {
  it('202 with what became of it, by a deadline within 10 s (F-20)', async () => {
    const clock = new SimulatedTime();
    const { call, flows } = harness({ clock });
    flows.consumed = true;
    const now = clock.now();
    const { status, body } = await call('/api/flow/provider-inbound', {
      body: {
        ...{ deviceNumber: `+${PHONE}`, customerPhone: CUSTOMER, text: ' hi ', replyId: 'p0', pushName: 'Ann' },
        ...{ provider: 'twilio', workspaceId: 7, flowId: 12, mediaUrl: 'https://x.test/a' },
      },
    });
    expect([status, body]).toEqual([202, { ok: true, consumed: true }]);
    const [[, message, deadline] = []] = flows.calls;
    expect(message).toEqual({
      ...{ device: PHONE, customer: CUSTOMER, text: ' hi ', replyId: 'p0', name: 'Ann', provider: 'twilio' },
      ...{ workspace: '7', flowId: '12', mediaUrl: 'https://x.test/a' },
    });
    expect(Number(deadline) - now).toBeLessThan(10_000);
  });

  it('the smallest message is of the Cloud API and is not consumed', async () => {
    const body = { deviceNumber: PHONE, customerPhone: CUSTOMER };
    const { answer, calls } = await asked('/api/flow/provider-inbound', body);
    expect(answer).toEqual([202, { ok: true, consumed: false }]);
    const bare = { text: '', replyId: '', name: '', provider: 'waba', mediaUrl: '' };
    expect(calls).toEqual([['providerInbound', { device: PHONE, customer: CUSTOMER, ...bare }, expect.any(Number)]]);
  });

  it.each([{ deviceNumber: PHONE }, { customerPhone: CUSTOMER }, { deviceNumber: PHONE, customerPhone: 'Ann' }])(
    '400 for %j',
    async (body) => {
      const { answer, calls } = await asked('/api/flow/provider-inbound', body);
      expect(answer).toEqual([400, { ok: false, error: 'deviceNumber and customerPhone required' }]);
      expect(calls).toEqual([]);
    },
  );
});

describe('POST /api/flow/validate', () => {
  const warning = { level: 'warning', code: 'unreachable', message: 'Nothing leads here', nodeId: 'n_1' } as const;

  it.each([{ nodes: [], edges: [] }, { flowNodes: [] }, { flow_data: {} }, { success: true, data: {} }])(
    'a definition as %j',
    async (body) => {
      const { answer, calls } = await asked('/api/flow/validate', body, (flows) => (flows.problems = [warning]));
      expect(answer).toEqual([200, { ok: true, problems: [warning] }]);
      expect(calls).toEqual([['validate', body]]);
    },
  );

  it('errors are not ok; a flow of the app is fetched', async () => {
    const error = { level: 'error', code: 'empty', message: 'No nodes' } as const;
    const { answer, calls } = await asked(
      '/api/flow/validate',
      { flowId: 12 },
      (flows) => (flows.checked = { kind: 'checked', problems: [error] }),
    );
    expect([answer, calls]).toEqual([[200, { ok: false, problems: [error] }], [['check', '12']]]);
  });

  it('404, 502, 400', async () => {
    expect((await asked('/api/flow/validate', { flowId: 12 })).answer).toEqual([
      404,
      { ok: false, error: 'flow_not_found' },
    ]);
    const away = { kind: 'no answer', why: 'timeout' } as const;
    expect((await asked('/api/flow/validate', { flowId: 12 }, (flows) => (flows.checked = away))).answer).toEqual([
      502,
      { ok: false, error: 'app_unreachable' },
    ]);
    expect((await asked('/api/flow/validate', {})).answer[0]).toBe(400);
  });
});

describe('what operators see', () => {
  it('GET /api/flow/sessions: of all, or of one number; times as ISO', async () => {
    const { call, flows } = harness();
    const view: SessionView = {
      ...{ key: KEY, sessionId: 's', flowId: '12', flowName: 'Shop', flowVersion: 'abc' },
      ...{ engine: 'baileys', status: 'active', nodeId: 'n_1', nodeLabel: 'Ask', waitsFor: 'Question' },
      ...{ since: AT, startedAt: AT, deadline: null },
    };
    flows.views = [view];
    const { body } = await call(`/api/flow/sessions?phone=%2B${PHONE}`);
    const time = '2026-01-02T03:04:05.000Z';
    expect(body).toEqual({ ok: true, sessions: [{ ...view, since: time, startedAt: time, deadline: null }] });
    await call('/api/flow/sessions');
    await call(`/api/flow/sessions?phone=+${PHONE}`);
    expect(flows.calls).toEqual([
      ['sessions', PHONE],
      ['sessions', undefined],
      ['sessions', PHONE],
    ]);
    expect((await call('/api/flow/sessions?phone=x')).status).toBe(400);
  });

  it('F-43: /health counts starts that failed after their 202, and names flow and subscriber to who has the token', async () => {
    const { call, flows } = harness();
    flows.numbers = {
      ...{ active: 3, waiting: 2, failedStarts: 1 },
      lastFailed: [{ device: PHONE, flowId: '12', subscriber: 88, why: 'the app has no such flow', at: AT }],
    };
    expect((await call('/health')).body).toMatchObject({
      ...{ activeFlowSessions: 3, failedFlowStarts: 1 },
      lastFailedFlowStarts: [
        {
          ...{ phone: PHONE, flowId: '12', flowSubscriberId: 88, why: 'the app has no such flow' },
          at: '2026-01-02T03:04:05.000Z',
        },
      ],
    });
    const open = (await call('/health', { token: null })).body;
    expect(open).toMatchObject({ activeFlowSessions: 3, failedFlowStarts: 1 });
    expect(open).not.toHaveProperty('lastFailedFlowStarts');
  });
});
