/** The routes that only this bridge has, for operators: client-history and whatsapp-version. */
import { describe, expect, it } from 'vitest';
import { harness, PHONE } from '../unit/http/harness.ts';

describe('GET /api/client-history/:phone', () => {
  const path = `/api/client-history/${PHONE}`;

  it('tells moves with cause, code, next action and its time', async () => {
    const { call, operator } = harness();
    operator.histories.set(PHONE, [
      { at: 0, state: 'connected', cause: 'settled' },
      { at: 1_000, state: 'restoring', cause: 'Connection was lost', code: 408, next: 'reconnect', nextAt: 7_000 },
    ]);
    expect(await call(path)).toMatchObject({
      status: 200,
      body: {
        phoneNumber: PHONE,
        history: [
          { at: '1970-01-01T00:00:00.000Z', state: 'connected', cause: 'settled' },
          {
            at: '1970-01-01T00:00:01.000Z',
            state: 'restoring',
            cause: 'Connection was lost',
            code: 408,
            next: 'reconnect',
            nextAt: '1970-01-01T00:00:07.000Z',
          },
        ],
      },
    });
  });

  it('C-23: tells the limits that WhatsApp set, with their end', async () => {
    const { call, operator } = harness();
    operator.limited.set(PHONE, [{ code: 463, why: 'WhatsApp has restricted this number', at: 0, until: 1_000 }]);
    const limit = { code: 463, at: '1970-01-01T00:00:00.000Z', until: '1970-01-01T00:00:01.000Z' };
    expect(await call(path)).toMatchObject({ status: 200, body: { limits: [limit] } });
  });

  it('an unknown number has an empty list; another workspace gets 409 (C-11)', async () => {
    const { call, numbers } = harness();
    expect(await call(path)).toMatchObject({ status: 200, body: { phoneNumber: PHONE, history: [] } });
    numbers.bind(PHONE, '1');
    expect(await call(`${path}?workspace_id=2`)).toMatchObject({ status: 409 });
    expect(await call('/api/client-history/__proto__')).toMatchObject({ status: 400 });
    expect(await call(path, { token: null })).toMatchObject({ status: 401 });
  });
});

describe('/api/whatsapp-version', () => {
  const path = '/api/whatsapp-version';

  it('shows, sets for one number, sets for all, takes back', async () => {
    const { call } = harness();
    expect(await call(path)).toMatchObject({
      status: 200,
      body: { ok: true, default: '2.3000.1', latest: null, all: null, numbers: {} },
    });
    expect(await call(path, { body: { version: '2,3000,1015901307', phone: `+${PHONE}` } })).toMatchObject({
      status: 200,
      body: { all: null, numbers: { [PHONE]: '2.3000.1015901307' } },
    });
    expect(await call(path, { body: { version: '2.3000.5' } })).toMatchObject({ body: { all: '2.3000.5' } });
    await call(path, { body: { version: null } });
    expect(await call(path, { body: { version: null, phone: PHONE } })).toMatchObject({
      body: { all: null, numbers: {} },
    });
  });

  it('OP1 needs the strict token; bad input changes nothing', async () => {
    const { call, operator } = harness({ auth: { mode: 'loopback', token: 'another-token-0123456789' } });
    const local = { from: '127.0.0.1', token: null };
    expect(await call(path, local)).toMatchObject({ status: 401 });
    expect(await call(path, { ...local, body: { version: '2.3000.5' } })).toMatchObject({ status: 401 });
    const { call: ask } = harness();
    for (const body of [{ version: 'latest' }, { version: '2.3000' }, { version: '2.3000.5', phone: '../etc' }, {}])
      expect(await ask(path, { body })).toMatchObject({ status: 400 });
    expect(operator.versions()).toEqual({ fallback: [2, 3000, 1], numbers: {} });
  });
});
