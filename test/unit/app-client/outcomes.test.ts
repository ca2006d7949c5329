import { describe, expect, it } from 'vitest';
import type { AppAnswer } from '../../../src/app-client/client.ts';
import { type History, outcomeOf } from '../../../src/app-client/outcomes.ts';

const NOW = Date.UTC(2026, 0, 1);
const NONE: History = { attempts: 0, repeats: 0, unknownDeviceMs: 0 };
const INBOUND = '/api/inbound-message';
const RECEIPT = '/api/chat/message-status';
const STATUS = '/api/update-status';

const answer = (status: number, body: unknown = {}, retryAfter?: string): AppAnswer => ({
  kind: 'answer',
  status,
  body,
  ...(retryAfter !== undefined && { retryAfter }),
});
const outcome = (path: string, got: AppAnswer, history: Partial<History> = {}, random = 0.5) =>
  outcomeOf(path, got, { ...NONE, ...history }, NOW, random);
const retry = (afterMs: number, appDown = false) => ({ kind: 'retry', afterMs, appDown });

describe('contract README §3.1: what an answer means', () => {
  it.each([
    ['network error', { kind: 'no answer', why: 'unreachable', detail: 'ECONNREFUSED' } as const, retry(1000, true)],
    ['timeout', { kind: 'no answer', why: 'timeout', detail: 'AbortError' } as const, retry(1000)],
    ['200', answer(200, { ok: true }), { kind: 'done' }],
    ['200 with ok:false (update-status: no matching config)', answer(200, { ok: false }), { kind: 'done' }],
    ['201', answer(201), { kind: 'done' }],
    ['204', answer(204, undefined), { kind: 'done' }],
    ['200 with HTML', answer(200, '<html>'), { kind: 'done' }],
    ['301', answer(301), { kind: 'hold' }],
    ['302', answer(302), { kind: 'hold' }],
    ['400', answer(400), { kind: 'dead', why: 'HTTP 400' }],
    ['401', answer(401), { kind: 'hold' }],
    ['403', answer(403), { kind: 'hold' }],
    ['404', answer(404), { kind: 'dead', why: 'HTTP 404' }],
    ['405', answer(405), { kind: 'dead', why: 'HTTP 405' }],
    ['408', answer(408), retry(1000)],
    ['409', answer(409), { kind: 'dead', why: 'HTTP 409' }],
    ['413', answer(413), { kind: 'dead', why: 'HTTP 413' }],
    ['419', answer(419), { kind: 'dead', why: 'HTTP 419' }],
    ['422', answer(422, { message: 'too long' }), { kind: 'dead', why: 'HTTP 422' }],
    ['425', answer(425), retry(1000)],
    ['429', answer(429), retry(1000)],
    ['500', answer(500), retry(1000)],
    ['501', answer(501), retry(1000)],
    ['502', answer(502), retry(1000, true)],
    ['503', answer(503), retry(1000, true)],
    ['504', answer(504), retry(1000, true)],
    ['520', answer(520), retry(1000)],
  ])('%s', (_name, got, expected) => {
    expect(outcome(INBOUND, got)).toEqual(expected);
    expect(outcome(STATUS, got)).toEqual(expected);
    if (got.kind !== 'answer' || got.status !== 404) expect(outcome(RECEIPT, got)).toEqual(expected);
  });

  it('backs off 1, 2, 4 s … 5 min, ±20 %', () => {
    const delays = (random: number) =>
      [0, 1, 2, 3, 8, 9, 50].map((attempts) => {
        const got = outcome(INBOUND, answer(500), { attempts }, random);
        return got.kind === 'retry' ? got.afterMs / 1000 : got.kind;
      });
    expect(delays(0.5)).toEqual([1, 2, 4, 8, 256, 300, 300]);
    expect(delays(0)).toEqual([0.8, 1.6, 3.2, 6.4, 204.8, 240, 240]);
    expect(delays(1)).toEqual([1.2, 2.4, 4.8, 9.6, 307.2, 360, 360]);
  });

  it('Retry-After: seconds or a date, up to an hour, never shortens the back-off', () => {
    const after = (header: string) => outcome(INBOUND, answer(429, {}, header));
    expect(after('30')).toEqual(retry(30_000));
    expect(after('0')).toEqual(retry(1000));
    expect(after(new Date(NOW + 45_000).toUTCString())).toEqual(retry(45_000));
    expect(after(new Date(NOW - 45_000).toUTCString())).toEqual(retry(1000));
    expect(after('soon')).toEqual(retry(1000));
    expect(after('999999')).toEqual(retry(3_600_000));
  });

  it('404 device_not_found on inbound-message is retried for 10 minutes, then dead', () => {
    const got = answer(404, { ok: false, error: 'device_not_found' });
    expect(outcome(INBOUND, got)).toEqual(retry(1000));
    expect(outcome(INBOUND, got, { attempts: 3, unknownDeviceMs: 599_999 })).toEqual(retry(8000));
    expect(outcome(INBOUND, got, { unknownDeviceMs: 600_000 })).toEqual({ kind: 'dead', why: 'HTTP 404' });
    expect(outcome(STATUS, got)).toEqual({ kind: 'dead', why: 'HTTP 404' });
    expect(outcome(INBOUND, answer(404, { error: 'other' }))).toEqual({ kind: 'dead', why: 'HTTP 404' });
  });
});

describe('contract inbound §10: receipts', () => {
  it('updated:0 is repeated after 2, 5, 15, 60 s, then given up', () => {
    const after = (repeats: number, body: unknown = { ok: true, updated: 0 }) =>
      outcome(RECEIPT, answer(200, body), { repeats });
    expect([0, 1, 2, 3, 4].map((repeats) => after(repeats))).toEqual([
      { kind: 'again later', afterMs: 2000 },
      { kind: 'again later', afterMs: 5000 },
      { kind: 'again later', afterMs: 15_000 },
      { kind: 'again later', afterMs: 60_000 },
      { kind: 'done' },
    ]);
    expect(after(0, { ok: true, updated: 1 })).toEqual({ kind: 'done' });
    expect(after(0, { ok: true })).toEqual({ kind: 'done' });
    expect(outcome(STATUS, answer(200, { updated: 0 }))).toEqual({ kind: 'done' });
  });

  it('404 of the oldest apps skips the endpoint', () => {
    expect(outcome(RECEIPT, answer(404))).toEqual({ kind: 'skip' });
  });
});
