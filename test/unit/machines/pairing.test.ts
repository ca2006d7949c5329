/** Contract clients §5, §6.1: when a code is asked for, and which QR the app still has to see. */
import { describe, expect, it } from 'vitest';
import { hasFreshCode, mustAskForCode, PAIRING, unseenQr } from '../../../src/machines/pairing.ts';

describe('mustAskForCode', () => {
  const wanted = { want: 'code', code: undefined, codeStale: false, codeAsked: false } as const;
  it('asks when one is wanted and none is there', () => expect(mustAskForCode(wanted)).toBe(true));
  it('not for a QR', () => expect(mustAskForCode({ ...wanted, want: 'qr' })).toBe(false));
  it('not twice at a time', () => expect(mustAskForCode({ ...wanted, codeAsked: true })).toBe(false));
  it('not while a fresh one is there', () => expect(mustAskForCode({ ...wanted, code: 'A' })).toBe(false));
  it('again when it is stale', () => expect(mustAskForCode({ ...wanted, code: 'A', codeStale: true })).toBe(true));
});

describe('unseenQr', () => {
  const shown = { want: 'qr', stopped: false, qr: 'b', shownQr: 'a' } as const;
  it('is the latest QR', () => expect(unseenQr(shown)).toBe('b'));
  it('not the same one twice', () => expect(unseenQr({ ...shown, shownQr: 'b' })).toBeUndefined());
  it('not while a terminate hides the pairing', () => expect(unseenQr({ ...shown, stopped: true })).toBeUndefined());
  it('not while a code is wanted', () => expect(unseenQr({ ...shown, want: 'code' })).toBeUndefined());
  it('not when the socket has none', () => expect(unseenQr({ ...shown, qr: undefined })).toBeUndefined());
});

it('a code is fresh for 120 s and lives for 180 s (clients §5)', () => {
  expect(PAIRING.codeFresh).toBe(120_000);
  expect(PAIRING.codeFresh + PAIRING.codeStale).toBe(180_000);
  expect(
    [
      { code: 'A', codeStale: false },
      { code: 'A', codeStale: true },
      { code: undefined, codeStale: false },
    ].map(hasFreshCode),
  ).toEqual([true, false, false]);
});
