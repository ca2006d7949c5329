/** facts/cloud-api.md §6.1: one row for each class; contract messages §9.2: the text. */
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../src/actors/engines/cloud-api/errors.ts';

const body = (code: number) => ({ error: { message: 'm', code, error_data: { details: 'why' }, fbtrace_id: 'T' } });

describe('CE1 the code decides, never the HTTP status', () => {
  const CLASSES = {
    'slow number': [[130429, 400]],
    'slow account': [
      [4, 400],
      [80007, 400],
    ],
    'slow recipient': [[131056, 400]],
    transient: [
      [1, 400],
      [2, 503],
      [131000, 500],
      [131016, 500],
      [133004, 503],
      [131057, 500],
      [2494100, 500],
    ],
    'not now': [[131049, 400]],
    // 130497: recipients of that country, and nobody else.
    never: [
      [131026, 400],
      [130472, 400],
      [131021, 400],
      [130403, 400],
      [130497, 403],
    ],
    'opted out': [[131050, 400]],
    'needs template': [[131047, 400]],
    'request wrong': [33, 100, 131008, 131009, 131051, 131052, 131053, 134011, 135000].map((code) => [code, 400]),
    'template wrong': [[132001, 404], ...[132000, 132005, 132007, 132012, 132018, 132999].map((code) => [code, 400])],
    'pause campaign': [132015, 132016, 132068, 132069, 131048, 131063, 131064].map((code) => [code, 400]),
    'pause number': [
      [131042, 400],
      [368, 403],
      [131031, 403],
      [131037, 400],
      [131045, 500],
      [133010, 400],
    ],
    credentials: [
      [0, 401],
      [190, 401],
      [3, 500],
      [10, 403],
      [200, 403],
      [299, 403],
      [131005, 403],
    ],
    'unknown code': [
      [999_999, 400],
      [999_999, 500],
    ],
  };
  const rows = Object.entries(CLASSES).flatMap(([meaning, codes]) =>
    codes.map(([code = 0, status = 0]) => [code, status, meaning] as const),
  );
  it.each(rows)('%i as HTTP %i is %s', (code, status, meaning) => {
    for (const http of [status, 400, 500])
      expect(failureOf(http, body(code), 0)).toMatchObject({ kind: 'failed', class: meaning, code });
  });

  it('§9.2 details, code and trace; titles for users come first', () => {
    expect(failureOf(400, body(131047), 0).error).toBe('131047: why (code 131047, trace T)');
    const forUsers = {
      code: 190,
      error_subcode: 463,
      error_user_title: 'Expired',
      error_user_msg: 'Log in',
      message: 'm',
    };
    expect(failureOf(401, { error: forUsers }, 0).error).toBe('190: Expired: Log in (code 190/463)');
  });

  it.each([
    [401, 'credentials'],
    [429, 'slow number'],
    [502, 'transient'],
    [404, 'request wrong'],
  ])('without a code: HTTP %i is %s', (status, meaning) => {
    expect(failureOf(status, '<html>', 0)).toMatchObject({ kind: 'failed', class: meaning });
  });

  it.each([[null], [''], ['none'], [[]], [true]])('a code of %j is none, not code 0', (code) => {
    expect(failureOf(500, { error: { message: 'm', code } }, 0)).toMatchObject({ class: 'transient' });
    expect(failureOf(400, { error: { message: 'm', code: '131026' } }, 0)).toMatchObject({
      class: 'never',
      code: 131026,
    });
  });

  it('PV3 a gateway that gave up waiting is `unknown`', () => {
    expect(failureOf(504, '', 0)).toMatchObject({ kind: 'unknown' });
  });

  it('a Retry-After counts where waiting helps at all, up to an hour', () => {
    expect(failureOf(429, '', 7_000)).toMatchObject({ class: 'slow number', retryAfterMs: 7_000 });
    expect(failureOf(400, body(130429), 1_000)).toMatchObject({ retryAfterMs: 2_000 });
    expect(failureOf(400, body(4), 86_400_000)).toMatchObject({ retryAfterMs: 3_600_000 });
    expect(failureOf(400, body(131047), 7_000)).not.toHaveProperty('retryAfterMs');
  });
});
