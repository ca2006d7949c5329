import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AppPeer, startAppPeer } from '../../loopback/app/app-peer.ts';
import { call } from '../../helpers/json-http.ts';

const DEVICE = '5511987654321';
const CUSTOMER = '4915112345678';

let app: AppPeer;
beforeEach(async () => {
  app = await startAppPeer();
});
afterEach(() => app.close());

const headers = () => ({ 'x-node-token': app.token });
const post = (path: string, body: unknown, more = {}) =>
  call(`${app.url}/api/${path}`, { method: 'POST', body, headers: { ...headers(), ...more } });
const get = (path: string) => call(`${app.url}/api/${path}`, { headers: headers() });
const problems = () => app.violations().map(({ problem }) => problem);

const text = (id: string, more = {}) => ({
  device_phone: DEVICE,
  sender_phone: CUSTOMER,
  sender_name: 'Ana',
  body: 'hello',
  wa_message_id: id,
  is_lid: false,
  raw_jid: `${CUSTOMER}@s.whatsapp.net`,
  lid_jid: '',
  timestamp: 1_790_000_000,
  ...more,
});

describe('who may call (contract README §3)', () => {
  it.each([
    ['update-status', 403, { ok: false, message: 'forbidden' }],
    ['inbound-message', 401, { ok: false, error: 'unauthorized' }],
    ['groups/sync', 401, { ok: false, error: 'unauthorized' }],
  ])('%s without the token: %i', async (path, status, body) => {
    expect(await post(path, {}, { 'x-node-token': 'wrong' })).toEqual({ status, body });
    expect(problems()).toEqual(['X-Node-Token: wrong or missing']);
  });

  it('keyword-replies refuses in its own way', async () => {
    const { status, body } = await call(`${app.url}/api/keyword-replies?keyword=&mobile=&phone=`);
    expect([status, body]).toEqual([
      401,
      [{ response: '401', reply: 'unauthorized', reply_type: null, flow_id: null }],
    ]);
  });

  it('without Accept: application/json an invalid body is answered with a redirect', async () => {
    const { status } = await post('update-status', { wid: '' }, { accept: '*/*' });
    expect(status).toBe(302);
    expect(problems()).toContain('Accept: must be application/json');
  });
});

describe('inbound-message (contract inbound §3)', () => {
  it('stores, recognises repeats of any address form, mirrors and reactions', async () => {
    const stored = { ok: true, conversation_id: 1, routing_actions: [] };
    expect(await post('inbound-message', text('A1'))).toEqual({ status: 200, body: stored });
    expect((await post('inbound-message', text('A1'))).body).toMatchObject({ kind: 'dedup', message_id: 1 });
    const byLid = text('A2', { sender_phone: '99', is_lid: true, raw_jid: '99@lid', lid_jid: '99@lid' });
    expect((await post('inbound-message', byLid)).body).toMatchObject({ conversation_id: 2 });
    expect((await post('inbound-message', text('A2', { lid_jid: '99@lid' }))).body).toMatchObject({ ok: true });
    expect((await post('inbound-message', text('A3', { direction: 'out' }))).body).toMatchObject({
      kind: 'outbound_sync',
    });
    const { body: _, wa_message_id: __, ...who } = text('');
    const reaction = { ...who, reaction_emoji: '', reaction_target: 'A1' };
    expect((await post('inbound-message', reaction)).body).toEqual({ ok: true, kind: 'reaction', message_id: null });
    expect(problems()).toEqual([]);
  });

  it('remembers the last 80 ids of a conversation, as the app does', async () => {
    for (let n = 0; n < 81; n += 1) await post('inbound-message', text(`M${n}`));
    expect((await post('inbound-message', text('M1'))).body).toMatchObject({ kind: 'dedup' });
    expect((await post('inbound-message', text('M0'))).body).not.toHaveProperty('kind');
  });

  it.each([
    ['a body of 8193 characters', { body: 'x'.repeat(8193) }, 'body: longer than 8192 characters'],
    ['an unknown field', { media_url2: 'x' }, 'body: Unrecognized key: "media_url2"'],
    ['an unknown media type', { media_type: 'voice' }, /^media_type: must be one of/],
    ['an empty customer', { sender_phone: '' }, /^sender_phone: required/],
    ['digits that are no digits', { device_phone: `+${DEVICE}` }, 'device_phone: must be bare digits'],
    ['milliseconds', { timestamp: 1_790_000_000_000 }, 'timestamp: must be seconds'],
    ['nothing usable', { body: '' }, /^body: nothing usable/],
    ['a latitude out of range', { location_latitude: 91 }, /^location_latitude/],
    ['not forwarded, but said', { is_forwarded: false }, 'is_forwarded: only when true'],
    ['a long name', { sender_name: 'x'.repeat(192) }, 'sender_name: longer than 191 characters'],
    ['a missing id', { wa_message_id: undefined }, /^wa_message_id/],
  ])('refuses %s: 422 and a recorded violation', async (_, more, problem) => {
    expect((await post('inbound-message', text('B1', more))).status).toBe(422);
    expect(problems()).toEqual([typeof problem === 'string' ? problem : expect.stringMatching(problem)]);
  });

  it('counts characters, not UTF-16 units', async () => {
    expect((await post('inbound-message', text('C1', { body: '👍'.repeat(8192) }))).status).toBe(200);
    expect((await post('inbound-message', text('C2', { body: '👍'.repeat(8193) }))).status).toBe(422);
  });
});

describe('the other callbacks', () => {
  it.each([
    ['Ready', 'connected'],
    ['Qr generated', 'pending'],
    ['Pair failed: QR timeout', 'disconnected'],
    ['Logged Out', 'disconnected'],
  ])('update-status %s is read as %s (clients §7)', async (status, derived_status) => {
    const qr = status === 'Qr generated' ? { qr: '2@abc' } : {};
    expect(await post('update-status', { wid: DEVICE, status, progress: 0, ...qr })).toEqual({
      status: 200,
      body: { ok: true, derived_status },
    });
    expect(problems()).toEqual([]);
  });

  it.each([
    ['update-status', { wid: DEVICE, status: 'Online', progress: 0 }],
    ['update-status', { wid: DEVICE, status: 'Ready', progress: 100, qr: '2@abc' }],
    ['update-status', { wid: DEVICE, status: `Pair failed: ${'x'.repeat(20)}`, progress: 0 }],
    ['chat/message-status', { whatsapp_message_id: 'X', status: 'sent' }],
    ['chat/message-status', { whatsapp_message_id: 'X', status: 'read', read_at: 'yesterday' }],
    ['campaigns/update-status-by-id', { message_id: '', status: 'read' }],
    ['devices/proxy-result', { phone_number: DEVICE, proxy_status: 'bad' }],
    ['groups/sync', { device_phone: DEVICE, groups: [] }],
    ['node-heartbeat', { devices: [{ wid: DEVICE, status: 'offline' }] }],
    ['campaigns/drain', { now: true }],
  ])('%s refuses %j', async (path, body) => {
    expect((await post(path, body)).status).toBe(422);
    expect(problems()).toHaveLength(1);
  });

  it('receipts find what the app was told to know', async () => {
    const receipt = { whatsapp_message_id: 'X', status: 'read', read_at: '2026-01-01T00:00:00.000Z' };
    expect((await post('chat/message-status', receipt)).body).toEqual({ ok: true, updated: 1 });
    app.answers.receipts({ updated: 0, matched: true });
    expect((await post('chat/message-status', receipt)).body).toEqual({ ok: true, updated: 0 });
    const byId = { message_id: 'X', status: 'read' };
    expect((await post('campaigns/update-status-by-id', byId)).body).toEqual({ ok: true, matched: true });
  });

  it('heartbeat and drain say whether campaigns are active; an older app refuses an empty list (clients §8)', async () => {
    app.answers.campaignsActive(true);
    expect((await post('node-heartbeat', { devices: [] })).body).toMatchObject({ touched: 0, campaigns_active: true });
    expect((await post('campaigns/drain', {})).body).toMatchObject({ ok: true, campaigns_active: true });
    app.answers.olderApp(true);
    expect((await post('node-heartbeat', { devices: [] })).status).toBe(422);
    expect((await post('node-heartbeat', { devices: [{ wid: '000000', status: 'connected' }] })).status).toBe(200);
    expect((await post('campaigns/drain', {})).status).toBe(404);
    expect(problems()).toEqual([]);
  });

  it('S-65: a route that no app has is a violation', async () => {
    expect((await get('get-queue-recipients')).status).toBe(404);
    expect(problems()).toEqual(['no such route']);
  });

  it('a body that is no JSON object is a violation', async () => {
    expect((await post('update-status', '{"wid":')).status).toBe(422);
    expect((await post('campaigns/drain', '[]')).status).toBe(422);
  });
});

describe('look-ups', () => {
  it('answer defaults until told otherwise', async () => {
    expect((await get(`whatsapp-settings?phone=${DEVICE}`)).body).toMatchObject({
      use_facebook_api: false,
      branding_footer: null,
    });
    app.answers.settings(undefined, { branding_footer: 'by us' });
    app.answers.settings(DEVICE, {
      use_twilio: true,
      proxy: { enabled: true, type: 'http', host: '127.0.0.1', port: 1 },
    });
    expect((await get(`whatsapp-settings?phone=${DEVICE}`)).body).toMatchObject({
      use_twilio: true,
      branding_footer: 'by us',
    });
    expect((await get('whatsapp-settings')).body).toMatchObject({ use_twilio: false });
    expect((await get(`devices/proxy-config/${DEVICE}`)).body).toMatchObject({
      ok: true,
      proxy: { enabled: true, port: 1 },
    });
    expect((await get(`devices/proxy-config/${CUSTOMER}`)).body).toEqual({ ok: true, proxy: { enabled: false } });
    expect((await get('whatsapp-message-settings')).body).toEqual({
      success: true,
      msg_gap: 3,
      batches_gap: 50,
      bw_msg_gap: 5,
      enable_batches: 0,
    });
    expect((await get('flows/7')).status).toBe(404);
    app.answers.flow('7', {});
    expect((await get('flows/7')).body).toMatchObject({ success: true, data: { flow: { id: 7 } } });
    expect((await get('scheduled/active')).body).toEqual({ ok: true, schedules: [] });
    expect((await get('campaigns/sync')).body).toEqual({ success: true, campaigns: [] });
    expect(problems()).toEqual([]);
  });

  it('keyword-replies answers per number and keyword, and notices a keyword that was not lower-cased', async () => {
    const query = (keyword: string) =>
      `keyword-replies?keyword=${keyword}&mobile=${CUSTOMER}@s.whatsapp.net&phone=${DEVICE}`;
    app.answers.keyword('Hi', DEVICE, { reply_type: 'custom', reply: 'hello' });
    expect((await get(query('hi'))).body).toEqual([{ reply_type: 'custom', reply: 'hello' }]);
    expect((await get(query('bye'))).body).toMatchObject([{ reply: 'notallow', reply_type: null }]);
    expect(problems()).toEqual([]);
    await get(query('Hi'));
    expect(problems()).toEqual(['keyword: must be trimmed and lower-cased']);
  });

  it('keyword-replies notices bare digits of a customer of a number that has no provider', async () => {
    const query = `keyword-replies?keyword=hi&mobile=${CUSTOMER}&phone=${DEVICE}`;
    app.answers.settings('15550009999', { use_facebook_api: true });
    await get(query);
    expect(problems()).toEqual(['mobile: bare digits, though the number is on a linked device alone']);
    app.clear();
    app.answers.settings(DEVICE, { workspace: '7', use_twilio: true });
    await get(query);
    expect(problems()).toEqual([]);
  });
});

describe('faults', () => {
  const ready = { wid: DEVICE, status: 'Ready', progress: 100 };
  const failure = (request: Promise<unknown>) =>
    request.then(
      () => 'answered',
      (error: NodeJS.ErrnoException) => error.code,
    );

  it('down: nobody listens; afterwards the same port does', async () => {
    await app.mode({ mode: 'down' });
    expect(await failure(post('update-status', ready))).toBe('ECONNREFUSED');
    await app.mode({ mode: 'down' });
    await app.mode({ mode: 'ok' });
    expect((await post('update-status', ready)).status).toBe(200);
  });

  it('down, slow and broken for one path leave the others alone; ok ends all of it', async () => {
    await app.mode({ path: 'update-status', mode: 'down' });
    await app.mode({ path: '/api/campaigns/drain', mode: '500' });
    await app.mode({ path: 'inbound-message', mode: 'slow', ms: 200 });
    expect(await failure(post('update-status', ready))).toBe('ECONNRESET');
    expect((await post('campaigns/drain', {})).status).toBe(500);
    expect((await post('node-heartbeat', { devices: [] })).status).toBe(200);
    const start = performance.now();
    expect((await post('inbound-message', text('S1'))).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThan(190);
    await app.mode({ mode: 'ok' });
    expect((await post('update-status', ready)).status).toBe(200);
    expect(app.requests({ path: 'update-status' }).map(({ status }) => status)).toEqual([0, 200]);
  });

  it('500 and 422 process nothing', async () => {
    for (const mode of ['500', '422'] as const) {
      await app.mode({ mode });
      expect((await post('inbound-message', text('F1'))).status).toBe(Number(mode));
    }
    await app.mode({ mode: 'ok' });
    expect((await post('inbound-message', text('F1'))).body).not.toHaveProperty('kind');
  });

  it('cut: processed, but the caller does not know; the repeat is a repeat', async () => {
    await app.mode({ mode: 'cut' });
    expect(await failure(post('inbound-message', text('K1')))).toBe('ECONNRESET');
    await app.mode({ mode: 'ok' });
    expect((await post('inbound-message', text('K1'))).body).toMatchObject({ kind: 'dedup' });
  });

  it('nextAnswer is given once, in order, and only to a valid request', async () => {
    app.nextAnswer('inbound-message', { ok: true, kind: 'opt_out', conv_id: 1 });
    app.nextAnswer('/api/inbound-message', { ok: false, error: 'device_not_found' }, 404);
    expect((await post('inbound-message', text('', {}))).status).toBe(422);
    expect((await post('inbound-message', text('N1'))).body).toMatchObject({ kind: 'opt_out' });
    expect((await post('inbound-message', text('N2'))).status).toBe(404);
    expect((await post('inbound-message', text('N3'))).body).toMatchObject({ conversation_id: 1 });
  });
});

describe('what it remembers', () => {
  it('every request in order, with its headers, body and answer', async () => {
    await post('inbound-message', text('R1'));
    await post('update-status', { wid: CUSTOMER, status: 'Ready', progress: 100 });
    expect(app.requests()).toMatchObject([
      {
        n: 1,
        method: 'POST',
        path: '/api/inbound-message',
        id: 'R1',
        device: DEVICE,
        status: 200,
        body: { body: 'hello' },
      },
      { n: 2, path: '/api/update-status', device: CUSTOMER, headers: { 'x-node-token': app.token } },
    ]);
    expect(app.requests({ after: 1 }).map(({ n }) => n)).toEqual([2]);
    expect(app.requests({ path: 'inbound-message', device: DEVICE })).toHaveLength(1);
    app.clear();
    expect(app.requests()).toEqual([]);
  });

  it('only ids with record: ids', async () => {
    const light = await startAppPeer({ token: app.token, record: 'ids' });
    await call(`${light.url}/api/inbound-message`, { body: text('L1'), headers: headers() });
    expect(light.requests()).toMatchObject([{ n: 1, id: 'L1', device: DEVICE, status: 200, body: {}, headers: {} }]);
    await light.close();
  });
});

describe('control routes (design/loopback.md)', () => {
  const control = async (path: string, body?: unknown) => {
    const request = { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await app.routes.request(path, body === undefined ? {} : request);
    return { status: response.status, body: (await response.json()) as Record<string, unknown>[] };
  };

  it('do what the functions do', async () => {
    await control('/app/settings', { phone: DEVICE, branding_footer: 'x' });
    await control('/app/message-settings', { msg_gap: 9 });
    await control('/app/keyword', { keyword: 'hi', phone: DEVICE, answer: { reply: 'yes' } });
    await control('/app/flow', { id: 3, flow: { flow_name: 'Three' } });
    await control('/app/schedules', [{ id: 1 }]);
    await control('/app/next-answer', { path: 'node-heartbeat', body: { ok: true, mine: 1 } });
    expect((await get(`whatsapp-settings?phone=${DEVICE}`)).body).toMatchObject({ branding_footer: 'x' });
    expect((await get('whatsapp-message-settings')).body).toMatchObject({ msg_gap: 9 });
    expect((await get(`keyword-replies?keyword=hi&mobile=${CUSTOMER}@s.whatsapp.net&phone=${DEVICE}`)).body).toEqual([
      { reply: 'yes' },
    ]);
    expect((await get('flows/3')).body).toMatchObject({ data: { flow: { flow_name: 'Three' } } });
    expect((await get('scheduled/active')).body).toMatchObject({ schedules: [{ id: 1 }] });
    expect((await post('node-heartbeat', { devices: [] })).body).toEqual({ ok: true, mine: 1 });
    expect((await control('/app/mode', { mode: '500' })).body).toEqual({ ok: true });
    expect((await get('scheduled/active')).status).toBe(500);
    expect((await control('/app/requests?path=/api/scheduled/active')).body).toMatchObject([
      { status: 200 },
      { status: 500 },
    ]);
    expect((await control('/app/requests?after=6')).body).toHaveLength(1);
    expect((await control('/app/violations')).body).toEqual([]);
  });

  it('refuse what they do not understand', async () => {
    expect((await control('/app/mode', { mode: 'sideways' })).status).toBe(400);
    expect((await control('/app/schedules', { id: 1 })).status).toBe(400);
  });
});
