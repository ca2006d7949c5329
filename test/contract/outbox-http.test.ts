/** Additions to README §4: the outbox over HTTP, and what a full one answers (routes/outbox.ts, declare.ts). */
import { describe, expect, it } from 'vitest';
import { harness, PHONE } from '../unit/http/harness.ts';

const ID = 'evt_hq7c0wkq0w_1f2e3d4c';
const AT = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('OX1 the strict token', () => {
  it.each([
    ['GET', '/api/outbox'],
    ['POST', '/api/outbox/replay'],
    ['GET', '/api/events'],
    ['GET', '/metrics'],
  ])('%s %s without it is 401, also for callers on this machine', async (method, path) => {
    for (const mode of ['token', 'loopback', 'off'] as const) {
      const { call, outbox } = harness({ auth: { mode, token: 'a-token-of-the-app-0123456789abcdef' } });
      const body = method === 'POST' ? { all: true } : undefined;
      const refused = await call(path, { method, body, token: null, from: '127.0.0.1' });
      expect([mode, refused.status]).toEqual([mode, 401]);
      expect(outbox.asked).toEqual([]);
      expect((await call(path, { method, body })).status).toBe(200);
    }
  });
});

describe('GET /api/outbox', () => {
  it('tells counts, times and dead letters without contents', async () => {
    const { call, outbox, vitals } = harness();
    vitals.room = 'filling';
    outbox.now = {
      ...outbox.now,
      ...{ pending: 2, bytes: 300, byPath: new Map([['/api/inbound-message', 2]]), byNumber: new Map([[PHONE, 2]]) },
      ...{ oldest: AT, nextAttempt: undefined, deadLetters: 1 },
    };
    outbox.letters = [
      {
        ...{ id: ID, path: '/api/inbound-message', number: undefined, accepted: AT, died: AT + 1_000 },
        ...{ why: 'HTTP 422', status: 422, answer: 'The body' },
      },
    ];
    const { status, body } = await call('/api/outbox?after=abc&limit=500');
    expect(outbox.asked).toEqual([['dead letters', 'abc', 500]]);
    expect([status, body]).toEqual([
      200,
      {
        ...{ ok: true, pending: 2, bytes: 300, room: 'filling', complete: true },
        ...{ oldest: '2026-01-02T03:04:05.000Z', nextAttempt: null },
        ...{ paths: { '/api/inbound-message': 2 }, numbers: { [PHONE]: 2 } },
        deadLetters: {
          count: 1,
          items: [
            {
              ...{
                id: ID,
                path: '/api/inbound-message',
                number: null,
                why: 'HTTP 422',
                status: 422,
                answer: 'The body',
              },
              ...{ acceptedAt: '2026-01-02T03:04:05.000Z', diedAt: '2026-01-02T03:04:06.000Z' },
            },
          ],
          next: null,
          more: false,
        },
      },
    ]);
  });
});

describe('POST /api/outbox/replay', () => {
  it.each([
    [{ all: true }, {}],
    [{ ids: [ID] }, { ids: [ID] }],
    [
      { path: '/api/inbound-message', number: `+${PHONE}` },
      { path: '/api/inbound-message', number: PHONE },
    ],
  ])('%j asks for just that', async (body, choice) => {
    const { call, outbox } = harness();
    outbox.replayed = 7;
    expect((await call('/api/outbox/replay', { body })).body).toEqual({ ok: true, replayed: 7 });
    expect(outbox.asked).toEqual([['replay', choice]]);
  });

  it.each([
    {},
    { all: false },
    { all: true, path: '/api/inbound-message' },
    { ids: [] },
    { ids: ['evt_1'] },
    { path: 'inbound-message' },
    { number: '12' },
  ])('OX2 %j is 400 and puts nothing back', async (body) => {
    const { call, outbox } = harness();
    expect((await call('/api/outbox/replay', { body })).status).toBe(400);
    expect(outbox.asked).toEqual([]);
  });

  it('503 while the start has not attached every number', async () => {
    const { call, outbox } = harness();
    outbox.replayed = undefined;
    expect((await call('/api/outbox/replay', { body: { all: true } })).status).toBe(503);
  });
});

describe('GET /api/events', () => {
  it('tells events with contents and the cursor behind them', async () => {
    const { call, outbox } = harness();
    const event = {
      id: ID,
      path: '/api/inbound-message',
      body: { message: 'hello' },
      at: AT,
      state: 'waiting',
    } as const;
    outbox.page = { items: [{ ...event, media: { bytes: undefined, inlined: false } }], next: 'xyz', more: true };
    const { status, body } = await call('/api/events');
    expect(outbox.asked).toEqual([['events', undefined, 100]]);
    expect([status, body]).toEqual([
      200,
      {
        ...{ ok: true, next: 'xyz', more: true },
        events: [{ ...event, at: '2026-01-02T03:04:05.000Z', media: { bytes: null, inlined: false } }],
      },
    ]);
  });

  it.each(['after=!', 'after=ABC', 'after=123456789012', 'limit=0', 'limit=501', 'limit=1e2', 'limit=-1'])(
    'OX2 %s is 400, here and for dead letters',
    async (query) => {
      const { call, outbox } = harness();
      for (const path of ['/api/events', '/api/outbox'])
        expect((await call(`${path}?${query}`)).body).toEqual({ error: 'Invalid after or limit' });
      expect(outbox.asked).toEqual([]);
    },
  );
});

describe('OB1 a full outbox', () => {
  const text = { targetPhoneNumber: '4915112345678', message: 'hello' };

  it('refuses sends with 503 before anything happens; looking and pairing go on', async () => {
    const { call, numbers, vitals } = harness();
    vitals.room = 'full';
    const { status, body } = await call(`/api/send-message/${PHONE}`, { body: text });
    expect([status, body]).toMatchObject([503, { error: 'BRIDGE FULL', details: expect.any(String) }]);
    expect(numbers.calls).toEqual([]);
    expect((await call(`/api/client-status/${PHONE}`)).status).toBe(200);
    vitals.room = 'filling';
    expect((await call(`/api/send-message/${PHONE}`, { body: text })).status).toBe(200);
  });
});
