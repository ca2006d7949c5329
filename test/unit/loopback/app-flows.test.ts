import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../../helpers/json-http.ts';
import { type AppPeer, startAppPeer } from '../../loopback/app/app-peer.ts';

let app: AppPeer;
beforeEach(async () => {
  app = await startAppPeer();
});
afterEach(() => app.close());

const headers = () => ({ 'x-node-token': app.token, accept: 'application/json' });
const post = async (path: string, body: unknown) =>
  (await call(`${app.url}/api/${path}`, { method: 'POST', body, headers: headers() })).body;
const get = async (path: string) => (await call(`${app.url}/api/${path}`, { headers: headers() })).body;
const problems = () => app.violations().map(({ problem }) => problem);

const KEY = '5511987654321_491701234567';
const snapshot = {
  ...{ session_key: KEY, flow_id: 12, device_phone: '5511987654321', customer_phone: '491701234567' },
  ...{ node_id: 'n_abc123', waiting: { nextNodeType: 'Question', nodeId: 'n_abc123', variable: 'x' } },
  ...{ variables: {}, provider: 'baileys' },
};

describe('park rows (contract flows §6.4)', () => {
  const parked = () => get(`flow-node/park-session?session_key=${KEY}`);

  it('AF1 the newest is kept until it is cleared; an empty map comes back as []', async () => {
    expect(await parked()).toEqual({ ok: true, found: false });
    await post('flow-node/park-session', { ...snapshot, node_id: 'n_old', flow_subscriber_id: 5 });
    expect(await post('flow-node/park-session', snapshot)).toMatchObject({ ok: true, id: 2 });
    const { session_key: _, ...row } = snapshot;
    expect(await parked()).toEqual({ ok: true, found: true, ...row, variables: [] });
    expect(await post('flow-node/park-session', { session_key: KEY, clear: true })).toEqual({ ok: true, cleared: 1 });
    expect(await parked()).toEqual({ ok: true, found: false });
    expect(problems()).toEqual([]);
  });

  it('a key of another form is refused, here and in the query', async () => {
    await post('flow-node/park-session', { session_key: 'abc', clear: true });
    await get('flow-node/park-session?session_key=abc');
    expect(problems()).toEqual([expect.any(String), 'session_key: must be <device>_<customer>']);
  });
});

describe('delays (contract flows §11)', () => {
  const delay = { ...snapshot, resume_seconds: 90, waiting: undefined };

  it('AF2 the sweep hands over what is due, until it is accepted, at most five times', async () => {
    await post('flow-node/delay-park', delay);
    const seen: unknown[] = [];
    const resume = (status: number) => async (body: object) => (seen.push(body), status);
    const { flows } = app.answers;
    expect(await flows.sweep(Date.now() + 80_000, resume(202))).toBe(0);
    expect(await flows.sweep(Date.now() + 100_000, resume(503))).toBe(0);
    expect(await flows.sweep(Date.now() + 100_000, resume(202))).toBe(1);
    expect(await flows.sweep(Date.now() + 100_000, resume(202))).toBe(0);
    const { resume_seconds: _, waiting: __, ...body } = delay;
    expect(seen).toEqual([body, body]);
    await post('flow-node/delay-park', delay);
    for (let n = 0; n < 9; n++) await flows.sweep(Date.now() + 100_000, resume(500));
    expect(seen).toHaveLength(7);
  });

  it.each([0, 315_360_001, 1.5])('%s seconds are refused', async (resume_seconds) => {
    await post('flow-node/delay-park', { ...delay, resume_seconds });
    expect(problems()).toHaveLength(1);
  });
});

describe('what nodes write', () => {
  const who = { workspace_id: 7, customer_phone: '491701234567' };

  it('tags, groups, fields, tasks, positions and completions', async () => {
    await post('flow-node/tag', { ...who, action: 'add', tag_id: '', tag_name: 'vip' });
    await post('flow-node/tag', { ...who, action: 'add_group', group_id: 3, group_name: '' });
    await post('flow-node/tag', { ...who, action: 'remove', tag_name: 'vip' });
    await post('flow-node/contact-update', { ...who, fields: [{ key: 'email', value: 'a@b.c' }] });
    await post('flow-node/task', { ...who, title: 'Call', priority: 'high', due_in_seconds: 60, related_type: '' });
    for (const node_id of ['n_1', 'n_2'])
      await post('flow-node/position', { flow_subscriber_id: 5, node_id, node_label: 'Ask' });
    await post('flow-node/complete', { flow_subscriber_id: 5 });
    expect(app.answers.flows.state).toMatchObject({
      contacts: { '491701234567': { tags: [], groups: ['3'], fields: { email: 'a@b.c' }, tasks: [{ title: 'Call' }] } },
      positions: { 5: ['n_1', 'n_2'] },
      completed: { 5: 1 },
    });
    expect(problems()).toEqual([]);
  });

  it.each([
    ['flow-node/tag', { ...who, action: 'add', tag_name: 'x'.repeat(65) }],
    ['flow-node/position', { flow_subscriber_id: 5, node_id: 'n', node_label: 'x'.repeat(181) }],
    ['flow-node/contact-update', { ...who, fields: Array.from({ length: 41 }, () => ({ key: 'k', value: 'v' })) }],
    [
      'flow-node/ai-call',
      { model: 'm', system_prompt: 'x'.repeat(6_001), user_prompt: '', max_tokens: 9, temperature: 1 },
    ],
    ['flow-node/task', { ...who, title: 'x', colour: 'red' }],
  ])('F-54: %s over a limit, or with a field of its own, is a violation and a 422', async (path, body) => {
    expect(await post(path, body)).toMatchObject({ message: 'The given data was invalid.' });
    expect(problems()).toHaveLength(1);
  });

  it('a mirror of a flow has its own kind of id, and only such a mirror', async () => {
    const out = { device_phone: '5511987654321', sender_phone: '491701234567', direction: 'out', body: 'hi' };
    await post('inbound-message', { ...out, source: 'flow', wa_message_id: 'flow_out_1700000000000_ab12' });
    await post('inbound-message', { ...out, wa_message_id: '3EB0AB' });
    expect(problems()).toEqual([]);
    await post('inbound-message', { ...out, source: 'flow', wa_message_id: '3EB0AB' });
    await post('inbound-message', { ...out, wa_message_id: 'flow_out_1700000000000_ab12' });
    expect(problems()).toHaveLength(2);
  });
});

it('AF3 answers that a test sets hold until they are taken back, and nothing is written meanwhile', async () => {
  const path = '/api/flow-node/deal-action';
  const move = { workspace_id: 7, action: 'move', contact_phone: '491701234567' };
  app.answers.flows.set(path, { ok: false, error: 'stage_not_found' }, 422);
  for (let n = 0; n < 2; n++)
    expect(await post('flow-node/deal-action', move)).toEqual({ ok: false, error: 'stage_not_found' });
  app.answers.flows.set(path);
  expect(await post('flow-node/deal-action', move)).toMatchObject({ ok: true, created: false });
});
