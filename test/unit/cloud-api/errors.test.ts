/** facts/cloud-api.md §6.1: one row for each class; contract messages §9.2: the text. */
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../src/actors/engines/cloud-api/errors.ts';

const body = (code: number) => ({ error: { message: 'm', code, error_data: { details: 'why' }, fbtrace_id: 'T' } });

describe('CE1 the code decides, never the HTTP status', () => {
  it.each([
    [130429, 400, 'slow number'],
    [4, 400, 'slow account'],
    [80007, 400, 'slow account'],
    [131056, 400, 'slow recipient'],
    [131000, 500, 'transient'],
    [131057, 500, 'transient'],
    [131049, 400, 'not now'],
    [131026, 400, 'never'],
    [131050, 400, 'opted out'],
    [131047, 400, 'needs template'],
    [131009, 400, 'request wrong'],
    [132001, 404, 'template wrong'],
    [132015, 400, 'pause campaign'],
    [131048, 400, 'pause campaign'],
    [131045, 500, 'pause number'],
    [368, 403, 'pause number'],
    [190, 401, 'credentials'],
    [3, 500, 'credentials'],
    [250, 403, 'credentials'],
    [999_999, 400, 'unknown code'],
  ])('%i as HTTP %i is %s', (code, status, meaning) => {
    expect(failureOf(status, body(code), 0)).toMatchObject({ kind: 'failed', class: meaning, code });
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
