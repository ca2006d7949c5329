/** Who guesses tokens is slowed down per address, and nobody else is (failed-tokens.ts). */
import { expect, it } from 'vitest';
import { FailedTokens } from '../../../src/http/failed-tokens.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { quiet } from '../../property/outbox/app.ts';
import { harness, PHONE, TOKEN } from './harness.ts';

const STATUS = `/api/client-status/${PHONE}`;
const wrong = { token: 'not-the-token-of-the-app' };

it('A5 FT1 after 20 wrong tokens in a minute: 429 with Retry-After; the right token still passes, others are not touched', async () => {
  const time = new SimulatedTime();
  const { call, numbers, logged } = harness({ clock: time });
  for (let n = 0; n < 20; n += 1) expect((await call(STATUS, wrong)).status).toBe(401);
  time.advance(20_000);
  const slowed = await call(STATUS, wrong);
  expect([slowed.status, slowed.body, slowed.headers.get('retry-after')]).toEqual([
    429,
    { ok: false, error: 'too_many_failures' },
    '40',
  ]);
  expect((await call(STATUS)).status).toBe(200);
  expect((await call(STATUS, { ...wrong, from: '203.0.113.8' })).status).toBe(401);
  // No token at all guesses nothing.
  expect((await call(STATUS, { token: null })).status).toBe(401);
  time.advance(40_000);
  expect((await call(STATUS, wrong)).status).toBe(401);
  expect(numbers.calls).toEqual([]);
  expect(logged.filter((line) => line.includes('wrong tokens'))).toHaveLength(1);
  expect(logged.join('')).not.toContain(TOKEN);
  expect(logged.join('')).not.toContain(wrong.token);
});

it('FT2 an IPv6 caller owns its /64; IPv4 is the same when it is written as IPv6', () => {
  const failed = new FailedTokens(new SimulatedTime(), quiet);
  const notes = (addresses: readonly string[]) => addresses.map((address) => failed.note(address) !== undefined);
  const host = (n: number) => `2001:db8:1:2::${n.toString(16)}`;
  expect(notes(Array.from({ length: 21 }, (_, n) => host(n + 1))).lastIndexOf(false)).toBe(19);
  expect(notes(['2001:db8:1:3::1'])).toEqual([false]);
  notes(Array.from({ length: 20 }, () => '198.51.100.1'));
  expect(notes(['::ffff:198.51.100.1'])).toEqual([true]);
});

it('FT2 memory is bounded: the address that was seen first is forgotten first', () => {
  const failed = new FailedTokens(new SimulatedTime(), quiet);
  for (let n = 0; n < 21; n += 1) failed.note('198.51.100.1');
  for (let n = 0; n < 9_999; n += 1) failed.note(`10.0.${n >> 8}.${n & 255}`);
  expect(failed.note('198.51.100.1')).toBeDefined();
  failed.note('10.1.0.0');
  expect(failed.note('198.51.100.1')).toBeUndefined();
});
