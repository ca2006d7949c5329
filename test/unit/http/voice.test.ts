/** The call routes over a desk that only remembers. Contract voice §2. */
import { describe, expect, it } from 'vitest';
import { type Caller, harness, TOKEN } from './harness.ts';

const ANSWER = {
  ...{
    wa_call_id: 17,
    meta_call_id: 'wacid.A',
    workspace_id: 3,
    assistant_id: 5,
    caller_phone: '+5511',
    callee_phone: 49,
  },
  ...{ sdp_offer: 'v=0\n', meta_token: 'secret-meta', phone_number_id: 109, graph_version: 'v24.0' },
};
const PLACE = { wa_call_id: '17', workspace_id: '3', assistant_id: '5', to: '5511987654321' };
const ROUTES = [
  ['answer', ANSWER],
  ['terminate', { meta_call_id: 'wacid.A' }],
  ['place-outbound', PLACE],
  ['link-meta', { wa_call_id: '17', meta_call_id: 'wacid.A' }],
  ['connect', { meta_call_id: 'wacid.A', sdp_answer: 'v=0' }],
] as const;

const path = (route: string) => `/api/waba-call/${route}`;

describe('who may order calls', () => {
  it.each(ROUTES)('%s takes the token from the header or the body, in every mode', async (route, body) => {
    for (const mode of ['token', 'loopback', 'off'] as const) {
      const { call } = harness({ auth: { mode, token: TOKEN } });
      const local: Caller = { from: '127.0.0.1', token: null };
      const refused = await call(path(route), { ...local, body });
      expect([refused.status, refused.body]).toEqual([401, { ok: false, error: 'unauthorized' }]);
      const wrong = await call(path(route), { ...local, body: { ...body, node_token: 'wrong' } });
      expect(wrong.status).toBe(401);
      const inBody = await call(path(route), { ...local, body: { ...body, node_token: TOKEN } });
      expect(inBody.status).not.toBe(401);
      expect((await call(path(route), { body })).status).not.toBe(401);
    }
  });

  it('record is under the general guard only', async () => {
    const { call } = harness({ auth: { mode: 'loopback', token: TOKEN } });
    const body = { meta_call_id: 'wacid.A' };
    expect((await call(path('record'), { from: '127.0.0.1', token: null, body })).status).toBe(404);
    expect((await call(path('record'), { token: null, body })).status).toBe(401);
  });
});

describe('answer', () => {
  it('takes ids as numbers and says that it bridges', async () => {
    const { call, calls } = harness();
    const answer = await call(path('answer'), { body: ANSWER });
    expect([answer.status, answer.body]).toEqual([202, { ok: true, status: 'bridging' }]);
    expect(calls.answered).toEqual([
      {
        ...{ call: '17', metaCallId: 'wacid.A', workspace: '3', assistantId: '5', callerPhone: '+5511' },
        ...{ calleePhone: '49', sdp: 'v=0\n', metaToken: 'secret-meta', phoneNumberId: '109', graphVersion: 'v24.0' },
      },
    ]);
  });

  it('has v23.0 for what is no version, and passes the token of the call on', async () => {
    const { call, calls } = harness();
    for (const graph_version of [undefined, '../v1', 'v1.0/../x'])
      await call(path('answer'), { body: { ...ANSWER, graph_version, node_token: 'own' } });
    expect(calls.answered.map(({ graphVersion }) => graphVersion)).toEqual(['v23.0', 'v23.0', 'v23.0']);
    expect(calls.answered[0]?.nodeToken).toBe('own');
  });

  it.each(['wa_call_id', 'meta_call_id', 'workspace_id', 'assistant_id'])(
    'names a missing %s and does nothing',
    async (name) => {
      const { call, calls } = harness();
      for (const value of [undefined, null, '']) {
        const answer = await call(path('answer'), { body: { ...ANSWER, [name]: value } });
        expect([answer.status, answer.body]).toEqual([400, { ok: false, error: `missing_${name}` }]);
      }
      expect(calls.answered).toEqual([]);
    },
  );

  it('V-35: a failure tells nothing of its reason, and nothing logged holds a token', async () => {
    const { call, calls, logged } = harness();
    calls.broken = true;
    const answer = await call(path('answer'), { body: ANSWER });
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({ ok: false });
    expect(answer.text + logged.join('')).not.toMatch(/secret-meta/);
    expect(answer.text).not.toMatch(/secret-reason/);
  });
});

describe('the other routes', () => {
  it('terminate answers at once, also for unknown ids', async () => {
    const { call, calls } = harness();
    expect((await call(path('terminate'), { body: {} })).body).toEqual({ ok: false, error: 'missing_meta_call_id' });
    const answer = await call(path('terminate'), { body: { meta_call_id: 'wacid.Z' } });
    expect([answer.status, answer.body]).toEqual([200, { ok: true }]);
    expect(calls.told).toEqual(['terminate wacid.Z']);
  });

  it('place-outbound dials, names what is missing, and is unavailable rather than broken', async () => {
    const { call, calls } = harness();
    const answer = await call(path('place-outbound'), { body: PLACE });
    expect([answer.status, answer.body]).toEqual([202, { ok: true, status: 'dialing' }]);
    expect(calls.placed).toMatchObject([{ call: '17', to: '5511987654321', from: '', graphVersion: 'v23.0' }]);
    const missing = await call(path('place-outbound'), { body: { ...PLACE, to: '' } });
    expect([missing.status, missing.body]).toEqual([400, { ok: false, error: 'missing_to' }]);
    calls.broken = true;
    const broken = await call(path('place-outbound'), { body: PLACE });
    expect([broken.status, broken.body]).toMatchObject([500, { ok: false, error: 'bridge_unavailable' }]);
  });

  it('link-meta and connect say whether there is such a call', async () => {
    const { call, calls } = harness();
    const link = { wa_call_id: '17', meta_call_id: 'wacid.A' };
    expect((await call(path('link-meta'), { body: link })).status).toBe(404);
    expect((await call(path('connect'), { body: { meta_call_id: 'wacid.A', sdp_answer: 'v=0' } })).body).toEqual({
      ok: false,
    });
    calls.known.add('17').add('wacid.A');
    expect((await call(path('link-meta'), { body: link })).body).toEqual({ ok: true });
    expect((await call(path('connect'), { body: { meta_call_id: 'wacid.A', sdp_answer: 'v=0' } })).status).toBe(200);
    expect((await call(path('link-meta'), { body: { wa_call_id: '17' } })).body).toEqual({
      ok: false,
      error: 'missing_ids',
    });
    const bare = await call(path('connect'), { body: { meta_call_id: 'wacid.A' } });
    expect([bare.status, bare.body]).toEqual([400, { ok: false, error: 'missing_meta_call_id_or_sdp' }]);
  });

  it('V-13: record takes either id, and is idempotent', async () => {
    const { call, calls } = harness();
    expect((await call(path('record'), { body: {} })).status).toBe(422);
    calls.known.add('wacid.A');
    for (const body of [{ meta_call_id: 'wacid.A' }, { call_id: 'wacid.A' }]) {
      const answer = await call(path('record'), { body });
      expect([answer.status, answer.body]).toEqual([200, { ok: true, recording: true }]);
    }
  });

  it('/health counts calls and tells no number', async () => {
    const { call, calls } = harness();
    calls.counts = { live: 2, cascade: 1, realtime: 1, setupFailures: 4 };
    const health = await call('/health', { token: null });
    expect(health.body).toMatchObject({ calls: { live: 2, cascade: 1, realtime: 1, setupFailures: 4 } });
  });
});
