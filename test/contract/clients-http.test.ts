/** Contract clients §1-§5: every row that HTTP answers, over in-memory numbers. */
import { describe, expect, it } from 'vitest';
import { harness, PHONE } from '../unit/http/harness.ts';

const QR = '2@raw-pairing-string,abc,def';
const user = { id: `${PHONE}:7@s.whatsapp.net`, name: 'Shop', lid: '998877' };
const wireUser = { id: `${PHONE}:7@s.whatsapp.net`, name: 'Shop', lid: '998877@lid' };
const ready = { state: 'connected', ready: true, paired: true, user } as const;
const inQr = { state: 'qr', qr: QR } as const;
const later = (ms: number, run: () => void) => setTimeout(run, ms);

describe('clients §1 initialize-client', () => {
  const path = `/api/initialize-client/${PHONE}`;
  const connected = { message: 'Client already ready', qr: null, status: 'connected' };
  const qrReady = { qr: QR, message: 'QR code generated', status: 'qr_ready' };

  it('ready → connected, qr null', async () => {
    const { call, numbers } = harness();
    numbers.set(PHONE, ready);
    expect(await call(path)).toMatchObject({ status: 200, body: connected });
  });

  it('becomes ready while waiting → connected', async () => {
    const { call, numbers } = harness();
    numbers.onStart = () => later(20, () => numbers.set(PHONE, ready));
    expect(await call(path)).toMatchObject({ status: 200, body: connected });
  });

  it('a QR that is there already, or appears → the raw pairing string, at once (PA2)', async () => {
    const { call, numbers } = harness({ waits: { initializeMs: 5_000, codeMs: 5_000, downMs: 100, sendMs: 100 } });
    numbers.onStart = () => later(20, () => numbers.set(PHONE, inQr));
    const began = Date.now();
    expect(await call(path)).toMatchObject({ status: 200, body: qrReady });
    expect(Date.now() - began).toBeLessThan(1_000);
    expect(await call(path)).toMatchObject({ status: 200, body: qrReady });
  });

  it('no QR in time → 500 with details', async () => {
    const { call } = harness();
    const { status, body } = await call(path);
    expect(status).toBe(500);
    expect(body).toEqual({
      error: 'Failed to initialize client',
      details: expect.stringMatching(/^No QR code within/),
    });
  });

  it('a saved login that cannot connect is kept, and the answer says so', async () => {
    const { call, numbers } = harness();
    numbers.set(PHONE, { state: 'restoring', paired: true, why: 'timed out (408)' });
    expect(await call(path)).toMatchObject({
      status: 500,
      body: {
        error: 'Failed to initialize client',
        details: 'The saved login is kept and is reconnecting (timed out (408))',
      },
    });
  });

  it('a start that fails for good is answered soon, not after 30 s', async () => {
    const { call, numbers } = harness({ waits: { initializeMs: 5_000, codeMs: 5_000, downMs: 40, sendMs: 100 } });
    numbers.onStart = () => later(10, () => numbers.set(PHONE, { state: 'disconnected', why: 'QR timeout' }));
    const began = Date.now();
    expect(await call(path)).toMatchObject({ status: 500, body: { details: 'The connection ended (QR timeout)' } });
    expect(Date.now() - began).toBeLessThan(2_000);
  });

  it('a refused login is discarded and a QR produced in the same call: down in passing is no end', async () => {
    const { call, numbers } = harness({ waits: { initializeMs: 2_000, codeMs: 100, downMs: 300, sendMs: 100 } });
    numbers.onStart = () => {
      later(10, () => numbers.set(PHONE, { state: 'disconnected', paired: false, why: 'logged out (401)' }));
      later(60, () => numbers.set(PHONE, { state: 'connecting' }));
      later(90, () => numbers.set(PHONE, inQr));
    };
    expect(await call(path)).toMatchObject({ status: 200, body: qrReady });
  });

  it('C-54 parallel calls share one attempt and get the same answer; none is 429', async () => {
    const { call, numbers } = harness({ waits: { initializeMs: 2_000, codeMs: 100, downMs: 100, sendMs: 100 } });
    later(50, () => numbers.set(PHONE, inQr));
    const replies = await Promise.all(Array.from({ length: 10 }, () => call(path)));
    for (const reply of replies) expect(reply).toMatchObject({ status: 200, body: qrReady });
  });

  it('C-08 a quarantined number does not tell its crash', async () => {
    const { call, numbers } = harness();
    numbers.onStart = () =>
      numbers.set(PHONE, { state: 'disconnected', quarantined: true, why: 'Cannot read properties of undefined' });
    expect((await call(path)).text).not.toContain('Cannot read');
  });

  it('PA1 a caller that hangs up ends nothing', async () => {
    const { app, numbers } = harness();
    const controller = new AbortController();
    const headers = { 'X-Node-Token': 'a-token-of-the-app-0123456789abcdef' };
    const call = app.request(path, { headers, signal: controller.signal });
    controller.abort();
    await call;
    expect(numbers.calls).toEqual([['start', PHONE, 'qr', undefined]]);
  });
});

describe('clients §2 client-status', () => {
  const path = `/api/client-status/${PHONE}`;
  it.each([
    ['ready', ready, { status: 'connected', isReady: true, user: wireUser }],
    ['ready wins over a QR', { ...ready, qr: QR }, { status: 'connected', isReady: true, user: wireUser }],
    ['QR pending', inQr, { status: 'qr_ready', isReady: false, qr: QR }],
    [
      'code pending',
      { state: 'pairing', code: 'ABCD2345', codeAt: 1 },
      { status: 'code_ready', isReady: false, code: 'ABCD2345' },
    ],
    ['connecting', { state: 'connecting' }, { status: 'disconnected', isReady: false }],
    ['reconnecting', { state: 'restoring', paired: true }, { status: 'disconnected', isReady: false }],
    ['connected but the socket is gone', { ...ready, ready: false }, { status: 'disconnected', isReady: false }],
    ['hidden by a terminate', { ...inQr, lingering: true }, { status: 'disconnected', isReady: false }],
  ] as const)('%s', async (_, view, expected) => {
    const { call, numbers } = harness();
    numbers.set(PHONE, view);
    expect(await call(path)).toMatchObject({ status: 200, body: { phoneNumber: PHONE, ...expected } });
    expect((await call(path)).body).toEqual({ phoneNumber: PHONE, ...expected });
    expect(numbers.calls, 'no side effect').toEqual([]);
  });

  it('an unknown number is disconnected', async () => {
    const { call, numbers } = harness();
    expect((await call(path)).body).toEqual({ status: 'disconnected', phoneNumber: PHONE, isReady: false });
    expect(numbers.calls).toEqual([]);
  });

  it('error → 500 without internals (C-08)', async () => {
    const { call, numbers, logged } = harness();
    numbers.view = () => {
      throw new Error('secret inside');
    };
    const reply = await call(path);
    expect(reply).toMatchObject({
      status: 500,
      body: { error: 'Failed to get client status', details: expect.any(String) },
    });
    expect(reply.text).not.toContain('secret');
    expect(logged.join('')).toContain('a route failed');
  });
});

describe('clients §3 clients-status', () => {
  const path = '/api/clients-status';
  it('digits are extracted and de-duplicated; unknown numbers are disconnected', async () => {
    const { call, numbers } = harness();
    numbers.set(PHONE, ready);
    numbers.set('4915112345678', inQr);
    const phones = [`+${PHONE}`, '55 (11) 98765-4321', 4915112345678, '123456', null, {}, ['x'], 'abc', true];
    expect(await call(path, { body: { phones } })).toMatchObject({
      status: 200,
      body: {
        ok: true,
        count: 3,
        statuses: {
          [PHONE]: { status: 'connected', isReady: true },
          4915112345678: { status: 'qr_ready', isReady: false },
          123456: { status: 'disconnected', isReady: false },
        },
      },
    });
  });

  it('at most 1000', async () => {
    const phones = Array.from({ length: 1_500 }, (_, i) => String(1_000_000 + i));
    expect((await harness().call(path, { body: { phones } })).body).toMatchObject({ count: 1_000 });
  });

  it('an empty list is an empty answer; a missing or wrong one is 400, so that the app falls back', async () => {
    const { call } = harness();
    expect((await call(path, { body: { phones: [] } })).body).toEqual({ ok: true, count: 0, statuses: {} });
    for (const body of [{}, [], { phones: PHONE }, { phones: { 0: PHONE } }, { phones: null }]) {
      expect(await call(path, { body })).toMatchObject({ status: 400, body: { error: 'Invalid phones' } });
    }
  });

  it('error → 500 with ok:false', async () => {
    const { call, numbers } = harness();
    numbers.view = () => {
      throw new Error('x');
    };
    const body = { ok: false, error: 'Failed to get clients status', details: expect.any(String) };
    expect(await call(path, { body: { phones: [PHONE] } })).toMatchObject({ status: 500, body });
  });
});

describe('clients §4 ending a connection', () => {
  const terminate = `/api/terminate-client/${PHONE}`;
  const unlink = `/api/unlink-client/${PHONE}`;
  const terminated = { message: 'Client terminated successfully', phoneNumber: PHONE, status: 'terminated' };
  const notFound = { message: 'Client not found or already terminated', phoneNumber: PHONE, status: 'not_found' };

  it('C-50 §4.1 known → terminated, again or unknown → not_found; the login is not touched', async () => {
    const { call, numbers } = harness();
    expect(await call(terminate)).toMatchObject({ status: 200, body: notFound });
    numbers.set(PHONE, ready);
    expect(await call(terminate)).toMatchObject({ status: 200, body: terminated });
    expect(await call(terminate)).toMatchObject({ status: 200, body: notFound });
    expect(numbers.calls.every(([name]) => name === 'stop')).toBe(true);
  });

  it('§4.1 TERMINATE_UNLINKS acts like unlink with the answers of terminate', async () => {
    const { call, numbers } = harness({ terminateUnlinks: true });
    expect(await call(terminate)).toMatchObject({ status: 200, body: notFound });
    numbers.set(PHONE, ready);
    expect((await call(terminate)).body).toEqual(terminated);
    expect(numbers.calls).toEqual([
      ['unlink', PHONE],
      ['unlink', PHONE],
    ]);
  });

  it.each([true, false])('§4.2 unlink, logout delivered: %s', async (remote) => {
    const { call, numbers } = harness();
    numbers.set(PHONE, ready);
    numbers.unlinkAnswer = () => ({ kind: 'unlinked', remote });
    expect((await call(unlink, { method: 'POST' })).body).toEqual({
      message: 'Client unlinked successfully',
      phoneNumber: PHONE,
      status: 'unlinked',
      remote,
    });
  });

  it('§4.2 unlink of an unknown number is idempotent', async () => {
    expect((await harness().call(unlink, { body: '[]' })).body).toEqual({
      message: 'Client not found or already unlinked',
      phoneNumber: PHONE,
      status: 'not_found',
    });
  });

  it('errors → 500 of their own', async () => {
    const { call, numbers } = harness();
    numbers.stop = () => {
      throw new Error('x');
    };
    numbers.unlink = () => Promise.reject(new Error('x'));
    const details = expect.any(String);
    expect(await call(terminate)).toMatchObject({
      status: 500,
      body: { error: 'Failed to terminate client', details },
    });
    const failed = { error: 'Failed to unlink client', details };
    expect(await call(unlink, { method: 'POST' })).toMatchObject({ status: 500, body: failed });
  });

  it('C-20 §4.3 check-connection changes nothing', async () => {
    const { call, numbers } = harness();
    const path = `/api/check-connection/${PHONE}`;
    const phoneNumber = PHONE;
    const down = { status: 'NOT_CONNECTED', message: 'Device is not connected', phoneNumber, cleaned: false };
    expect((await call(path)).body).toEqual(down);
    numbers.set(PHONE, { ...ready, ready: false });
    expect((await call(path)).body).toEqual(down);
    numbers.set(PHONE, ready);
    const up = { status: 'CONNECTED', message: 'Device is connected', phoneNumber, user: wireUser, cleaned: false };
    expect(await call(path)).toMatchObject({ status: 200, body: up });
    expect(numbers.calls).toEqual([]);
  });
});

describe('clients §5 get-pairing-code', () => {
  const path = `/api/get-pairing-code/${PHONE}`;
  const code = 'ABCD2345';
  const withCode = { success: true, code, pairing_code: code, status: 'code_ready', expires_in: 180 };
  const pairing = (ago: number) => ({ state: 'pairing', code, codeAt: Date.now() - ago }) as const;

  it('ready → 200 already connected, and nothing is started', async () => {
    const { call, numbers } = harness();
    numbers.set(PHONE, ready);
    expect((await call(path)).body).toEqual({
      success: false,
      message: 'Client already ready',
      already_connected: true,
    });
    expect(numbers.calls).toEqual([]);
  });

  it('a live code younger than 120 s is answered again', async () => {
    const { call, numbers } = harness();
    numbers.set(PHONE, pairing(119_000));
    expect((await call(path)).body).toEqual({ ...withCode, message: 'Pairing code (existing)' });
    expect(numbers.calls).toEqual([]);
  });

  it('an older one is replaced', async () => {
    const { call, numbers } = harness();
    numbers.set(PHONE, pairing(120_001));
    numbers.onStart = () => later(20, () => numbers.set(PHONE, { code: 'WXYZ6789', codeAt: Date.now() }));
    const expected = {
      ...withCode,
      code: 'WXYZ6789',
      pairing_code: 'WXYZ6789',
      message: 'Pairing code generated successfully',
    };
    expect((await call(path)).body).toEqual(expected);
  });

  it('new code', async () => {
    const { call, numbers } = harness();
    numbers.onStart = () => later(20, () => numbers.set(PHONE, pairing(0)));
    expect((await call(path)).body).toEqual({ ...withCode, message: 'Pairing code generated successfully' });
    expect(numbers.calls).toEqual([['start', PHONE, 'code', undefined]]);
  });

  it('C-19 a pairing hidden by a terminate is taken over with its code', async () => {
    const { call, numbers } = harness();
    numbers.set(PHONE, { ...pairing(5_000), lingering: true, stopped: true });
    numbers.onStart = () => numbers.set(PHONE, { lingering: false, stopped: false });
    expect((await call(path)).body).toEqual({ ...withCode, message: 'Pairing code (existing)' });
  });

  it('none in time → 408 timeout', async () => {
    const { call } = harness();
    const body = {
      success: false,
      error: 'Pairing code generation timeout',
      details: expect.stringMatching(/^No pairing code/),
    };
    const reply = await call(path);
    expect(reply.status).toBe(408);
    expect(reply.body).toEqual(body);
  });

  it('a saved login that is reconnecting → 408 that says so', async () => {
    const { call, numbers } = harness();
    numbers.set(PHONE, { state: 'restoring', paired: true });
    expect(await call(path)).toMatchObject({
      status: 408,
      body: { details: 'The saved login is kept and is reconnecting' },
    });
  });

  it('a failed code request → 500', async () => {
    const { call, numbers } = harness();
    numbers.onStart = () => later(5, () => numbers.set(PHONE, { state: 'disconnected', why: 'rate-overlimit' }));
    const body = {
      success: false,
      error: 'Failed to generate pairing code',
      details: 'The connection ended (rate-overlimit)',
    };
    expect(await call(path)).toMatchObject({ status: 500, body });
  });

  it('joins a running attempt: parallel calls get the same code, none is 429', async () => {
    const { call, numbers } = harness();
    later(40, () => numbers.set(PHONE, pairing(0)));
    const replies = await Promise.all(Array.from({ length: 5 }, () => call(path)));
    for (const reply of replies) expect(reply).toMatchObject({ status: 200, body: withCode });
  });

  it('C-08 codes and QR strings are never logged', async () => {
    const { call, numbers, logged } = harness();
    numbers.set(PHONE, { ...pairing(0), qr: QR });
    await call(path);
    await call(`/api/initialize-client/${PHONE}`);
    await call(`/api/client-status/${PHONE}`);
    expect(logged.join('')).not.toMatch(/ABCD2345|raw-pairing/);
  });
});

describe('C-11 a second workspace cannot take over a number', () => {
  const routes: [method: 'GET' | 'POST', path: string][] = [
    ['GET', `/api/initialize-client/${PHONE}`],
    ['GET', `/api/client-status/${PHONE}`],
    ['GET', `/api/terminate-client/${PHONE}`],
    ['POST', `/api/unlink-client/${PHONE}`],
    ['GET', `/api/check-connection/${PHONE}`],
    ['GET', `/api/get-pairing-code/${PHONE}`],
    ['POST', `/api/send-message/${PHONE}`],
  ];

  it.each(routes)('%s %s → 409, no QR, user or status, nothing changed', async (method, path) => {
    const { call, numbers } = harness();
    for (const view of [{ ...ready, qr: QR }, inQr]) {
      numbers.set(PHONE, view);
      numbers.bind(PHONE, '7');
      const fields = { targetPhoneNumber: '4915112345678', message: 'x' };
      const bodies =
        method === 'POST' ? [undefined, { ...fields, workspace_id: 8 }, { ...fields, workspace_id: '8' }] : [undefined];
      for (const body of bodies) {
        const query = body === undefined ? '?workspace_id=8' : '';
        const reply = await call(`${path}${query}`, { method, ...(body && { body }) });
        expect([reply.status, reply.body]).toEqual([409, { error: 'Number belongs to another workspace' }]);
      }
    }
    expect(numbers.calls).toEqual([]);
  });

  it.each(routes)('%s %s: its own workspace and calls without one pass', async (method, path) => {
    const { call, numbers } = harness();
    numbers.set(PHONE, ready);
    numbers.bind(PHONE, '7');
    const body = method === 'POST' ? { body: { targetPhoneNumber: '4915112345678', message: 'x' } } : {};
    for (const query of ['?workspace_id=7', '?workspace_id=', '']) {
      expect((await call(`${path}${query}`, { method, ...body })).status).toBe(200);
    }
  });

  it('the first workspace is handed on with the start', async () => {
    const { call, numbers } = harness();
    numbers.onStart = () => numbers.set(PHONE, inQr);
    await call(`/api/initialize-client/${PHONE}?workspace_id=42`);
    expect(numbers.calls).toEqual([['start', PHONE, 'qr', '42']]);
    expect((await call(`/api/get-pairing-code/${PHONE}?workspace_id=43`)).status).toBe(409);
  });

  it('a race lost inside the start is 409 too', async () => {
    const { call, numbers } = harness();
    numbers.startAnswer = { kind: 'other workspace' };
    for (const route of ['initialize-client', 'get-pairing-code']) {
      expect((await call(`/api/${route}/${PHONE}?workspace_id=8`)).status).toBe(409);
    }
  });

  it('clients-status shows numbers of others as disconnected', async () => {
    const { call, numbers } = harness();
    numbers.set(PHONE, ready);
    numbers.bind(PHONE, '7');
    const body = { phones: [PHONE], workspace_id: 8 };
    expect((await call('/api/clients-status', { body })).body).toMatchObject({
      statuses: { [PHONE]: { status: 'disconnected' } },
    });
  });

  it.each(['../7', 'a b', '7;8', 'x'.repeat(65), '%00'])('workspace_id %s is 400', async (id) => {
    const { call, numbers } = harness();
    const path = `/api/initialize-client/${PHONE}?workspace_id=${encodeURIComponent(id)}`;
    expect(await call(path)).toMatchObject({ status: 400, body: { error: 'Invalid workspace_id' } });
    for (const workspace_id of [{}, [], ['7'], true, 1.5, id]) {
      expect((await call(`/api/unlink-client/${PHONE}`, { body: { workspace_id } })).status).toBe(400);
    }
    expect(numbers.calls).toEqual([]);
  });
});

describe('README §9 draining: nothing new is begun', () => {
  it('every call under /api is 503 Shutting down, after the guard', async () => {
    const { call, numbers, vitals } = harness();
    vitals.now = 'draining';
    numbers.set(PHONE, ready);
    const body = { targetPhoneNumber: '4915112345678', message: 'x' };
    for (const route of [
      'initialize-client',
      'client-status',
      'terminate-client',
      'check-connection',
      'get-pairing-code',
    ]) {
      expect(await call(`/api/${route}/${PHONE}`)).toMatchObject({ status: 503, body: { error: 'Shutting down' } });
    }
    expect(await call(`/api/send-message/${PHONE}`, { body })).toMatchObject({
      status: 503,
      body: { error: 'Shutting down' },
    });
    expect((await call(`/api/client-status/${PHONE}`, { token: null })).status).toBe(401);
    expect(numbers.calls).toEqual([]);
  });

  it('a drain that begins between the gate and the start', async () => {
    const { call, numbers } = harness();
    numbers.startAnswer = { kind: 'draining' };
    for (const route of ['initialize-client', 'get-pairing-code']) {
      expect(await call(`/api/${route}/${PHONE}`)).toMatchObject({ status: 503, body: { error: 'Shutting down' } });
    }
  });
});
