/** Every row of the contract's close tables (clients §6.1, §6.2) by name, and what facts/baileys §6 adds to them. */
import { describe, expect, it } from 'vitest';
import { type CloseFacts, reasonText, refusalText, verdict } from '../../../src/machines/close-reason.ts';

const facts: CloseFacts = { login: 'proven', explicit: false, refused: false, failures: 0, replaced: 0, random: 0 };
const at = (code: number | undefined, given: Partial<CloseFacts> = {}, text = 'Connection Failure') =>
  verdict(code === undefined ? { text } : { code, text }, { ...facts, ...given });

describe('clients §6.2: a paired number', () => {
  it.each([
    ['515 restart required: base 2 s', 515, 2_000],
    ['500 bad session: base 4 s', 500, 4_000],
    ['408 timed out: base 6 s', 408, 6_000],
    ['428 closed: base 4 s', 428, 4_000],
    ['503 unavailable: base 3 s', 503, 3_000],
    ['any other code: base 3 s', 418, 3_000],
    ['client outdated (405): any other code', 405, 3_000],
    ['client refused (409): any other code', 409, 3_000],
    ['a refused upgrade (502): base 3 s', 502, 3_000],
    ['no code: base 3 s', undefined, 3_000],
  ])('%s', (_, code, base) => {
    expect(at(code)).toEqual({ kind: 'retry', delay: base });
  });

  it('actual delay = base × min(1.5ⁿ, 10) + 0–1.5 s, max 30 s', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 20].map((failures) => at(428, { failures }));
    expect(delays.map((v) => (v.kind === 'retry' ? v.delay : 0))).toEqual([
      4_000, 6_000, 9_000, 13_500, 20_250, 30_000, 30_000, 30_000,
    ]);
    expect(at(428, { random: 0.5 })).toEqual({ kind: 'retry', delay: 4_750 });
    expect(at(515, { failures: 1e9 }), 'ten times the base').toEqual({ kind: 'retry', delay: 20_000 });
    expect(at(515, { failures: 1e9, random: 1 })).toEqual({ kind: 'retry', delay: 21_500 });
  });

  it('440 replaced: base 6 s, after 5 in a row 5 min and a warning', () => {
    expect(at(440, { replaced: 3 })).toEqual({ kind: 'replaced', delay: 6_000, warn: false });
    expect(at(440, { replaced: 4 })).toEqual({ kind: 'replaced', delay: 300_000, warn: true });
    expect(at(440, { replaced: 99 })).toEqual({ kind: 'replaced', delay: 300_000, warn: true });
  });

  it('401: unlinked is unlinked, before or after the first open', () => {
    for (const login of ['proven', 'fresh'] as const) {
      expect(at(401, { login })).toEqual({ kind: 'forget', ours: false, pairAgain: false });
    }
  });

  it('401 on an explicit initialize of a saved login: pair again in the same go (clients §1)', () => {
    expect(at(401, { explicit: true })).toEqual({ kind: 'forget', ours: false, pairAgain: true });
    expect(at(401, { explicit: true, login: 'fresh' }), 'but not in circles').toMatchObject({ pairAgain: false });
  });

  it('401 Intentional Logout is our own logout', () => {
    const own = at(401, { explicit: true }, 'Intentional Logout');
    expect(own).toEqual({ kind: 'forget', ours: true, pairAgain: false });
  });

  it.each([403, 411])('%i: stop, keep the files', (code) => {
    expect(at(code)).toEqual({ kind: 'stop', because: 'refused' });
    expect(at(code, { explicit: true })).toEqual({ kind: 'stop', because: 'refused' });
    expect(at(code, { refused: true }), 'a restore is no second try').toEqual({ kind: 'stop', because: 'refused' });
  });

  it.each([403, 411])('%i again on the next explicit initialize: gone, pair anew', (code) => {
    expect(at(code, { refused: true, explicit: true })).toEqual({ kind: 'forget', ours: false, pairAgain: true });
  });

  it.each([403, 411])('%i before the first open ends the pairing and its login (§6.1)', (code) => {
    const gone = { kind: 'forget', ours: false, pairAgain: false };
    expect(at(code, { login: 'fresh', explicit: true })).toEqual(gone);
  });

  it('408 QR refs attempts ended means nothing to a number with a login', () => {
    expect(at(408, {}, 'QR refs attempts ended')).toEqual({ kind: 'retry', delay: 6_000 });
  });
});

describe('clients §6.1: close before the first open', () => {
  it('515 after the scan restarts at once, once', () => {
    expect(at(515, { login: 'fresh' })).toEqual({ kind: 'retry now' });
    expect(at(515, { login: 'fresh', failures: 1 })).toEqual({ kind: 'retry', delay: 3_000 });
  });

  it.each([408, 428, 500, 503, 515, 440, 418, undefined])('%s is tried again, within 10 s', (code) => {
    const verdicts = [0, 3, 50].map((failures) => at(code, { login: 'none', failures, random: 1 }));
    for (const v of verdicts) expect(v.kind === 'retry' && v.delay <= 10_000 && v.delay >= 2_000).toBe(true);
  });

  it.each([401, 403, 411, 405, 409])('%i ends the pairing', (code) => {
    expect(at(code, { login: 'none', explicit: true })).toEqual({ kind: 'stop', because: 'pairing' });
  });

  it('408 QR refs attempts ended ends the pairing', () => {
    expect(at(408, { login: 'none' }, 'QR refs attempts ended')).toEqual({ kind: 'stop', because: 'pairing' });
  });
});

it('texts: with the code for the operator, without for the status word', () => {
  expect(reasonText({ code: 401, text: 'Stream Errored (conflict)' })).toBe('Stream Errored (conflict) (401)');
  expect(reasonText({ text: 'closed' })).toBe('closed');
  expect(reasonText({ code: 405, text: 'Connection Failure' })).toBe('client outdated (405)');
  expect(refusalText({ code: 405, text: 'Connection Failure' })).toBe('client outdated');
  expect(refusalText({ code: 408, text: 'QR refs attempts ended' })).toBe('QR timeout');
  expect(refusalText({ code: 403, text: 'forbidden' })).toBe('forbidden');
});
