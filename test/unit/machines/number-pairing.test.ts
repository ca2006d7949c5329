/** The number machine on a simulated clock: how a number gets its login (contract clients §1, §5, §6.1). */
import { describe, expect, it } from 'vitest';
import { ACCOUNT, bench, closed, DIGITS, MINUTE, OTHER_ACCOUNT, ready, SECOND, scan, showingQr } from './bench.ts';

describe('clients §1 initialize', () => {
  it('pairs by QR: Connecting, Qr generated, Syncing data, Ready, on two sockets', () => {
    const number = showingQr();
    expect(number.view()).toMatchObject({ state: 'qr', qr: 'qr 1', ready: false, paired: false });
    number.hear({ type: 'paired', account: ACCOUNT });
    expect(number.view()).toMatchObject({ state: 'connecting', paired: true });
    expect(number.open()).toHaveLength(1);
    number.hear(closed(515));
    expect(number.attempts.map(({ input }) => input)).toEqual([
      { digits: DIGITS, mode: 'pair', attempt: 1 },
      { digits: DIGITS, mode: 'login', attempt: 2 },
    ]);
    number.hear({ type: 'opened', account: ACCOUNT });
    expect(number.view()).toMatchObject({ state: 'connecting', ready: false });
    number.after(2 * SECOND);
    expect(number.view()).toEqual({
      state: 'connected',
      ready: true,
      paired: true,
      stopped: false,
      lingering: false,
      user: ACCOUNT,
    });
    expect(number.statuses()).toEqual(['Connecting/25', 'Qr generated/0', 'Syncing data/75', 'Ready/100']);
    expect(number.facts('transition').map(({ to }) => to)).toEqual(['connecting', 'qr', 'connecting', 'connected']);
  });

  it('connects a saved login and says none of the pairing words', () => {
    const number = bench({ paired: true });
    number.send({ type: 'initialize', want: 'qr' });
    expect(number.view().state).toBe('connecting');
    expect(number.last()?.input.mode).toBe('login');
    number.hear({ type: 'opened', account: ACCOUNT });
    number.after(2 * SECOND);
    expect(number.statuses()).toEqual(['Ready/100']);
  });

  it('joins an attempt that is already running', () => {
    const number = showingQr();
    for (let i = 0; i < 10; i++) number.send({ type: 'initialize', want: 'qr' });
    expect(number.attempts).toHaveLength(1);
    expect(number.statuses()).toEqual(['Connecting/25', 'Qr generated/0']);
  });

  it('replaces a login that WhatsApp refuses with 401 in the same go', () => {
    const number = bench({ paired: true });
    number.send({ type: 'initialize', want: 'qr' });
    number.hear(closed(401, 'Connection Failure'));
    expect(number.facts('login gone')).toHaveLength(1);
    expect(number.last()?.input).toEqual({ digits: DIGITS, mode: 'pair', attempt: 2 });
    number.hear({ type: 'qr', qr: 'new' });
    expect(number.view()).toMatchObject({ state: 'qr', qr: 'new', paired: false });
    expect(number.statuses()).toEqual(['Logged Out/0', 'Connecting/25', 'Qr generated/0']);
  });

  it('a 401 long after the call has ended pairs nobody: no QR without a reader', () => {
    const number = bench({ paired: true });
    number.send({ type: 'initialize', want: 'qr' });
    number.hear(closed(408));
    number.after(MINUTE);
    number.hear(closed(401));
    expect(number.view()).toMatchObject({ state: 'disconnected', paired: false });
    expect(number.open()).toEqual([]);
    expect(number.statuses()).toEqual(['Disconnected/0', 'Logged Out/0']);
  });

  it('once ready, the call is over: a later 401 pairs nobody', () => {
    const number = bench({ paired: true });
    number.send({ type: 'initialize', want: 'qr' });
    number.hear({ type: 'opened', account: ACCOUNT });
    number.after(2 * SECOND);
    number.hear(closed(401));
    expect(number.view()).toMatchObject({ state: 'disconnected', paired: false });
    expect(number.attempts).toHaveLength(1);
  });

  it('an outage never discards the login: it goes on in the background', () => {
    const number = bench({ paired: true });
    number.send({ type: 'initialize', want: 'qr' });
    number.hear(closed(408));
    expect(number.view()).toMatchObject({ state: 'restoring', paired: true, why: 'gone (408)' });
    number.after(6 * SECOND);
    expect(number.last()?.input).toMatchObject({ mode: 'login', attempt: 2 });
    expect(number.facts('login gone')).toEqual([]);
  });

  it('clears the stop mark, once', () => {
    const number = bench({ paired: true, stopped: true });
    number.send({ type: 'initialize', want: 'qr' });
    number.send({ type: 'initialize', want: 'qr' });
    expect(number.facts('stopped changed').map(({ stopped }) => stopped)).toEqual([false]);
  });

  it('does nothing to a ready number', () => {
    const number = ready();
    number.send({ type: 'initialize', want: 'code' });
    expect(number.attempts).toHaveLength(1);
    expect(number.view().ready).toBe(true);
    number.hear(closed(401));
    expect(number.view(), 'and does not make a later 401 pair again').toMatchObject({
      state: 'disconnected',
      paired: false,
    });
  });
});

describe('clients §5 pairing code', () => {
  const askingForCode = () => {
    const number = bench();
    number.send({ type: 'initialize', want: 'code' });
    number.hear({ type: 'qr', qr: 'qr 1' });
    return number;
  };

  it('asks for a code after the first QR, shows it with its age, reports no QR', () => {
    const number = askingForCode();
    expect(number.last()?.codesAsked).toBe(1);
    number.hear({ type: 'code', code: 'ABCD1234', at: 5 });
    number.hear({ type: 'qr', qr: 'qr 2' });
    expect(number.view()).toMatchObject({ state: 'pairing', code: 'ABCD1234', codeAt: 5 });
    expect(number.view().qr).toBeUndefined();
    expect(number.statuses()).toEqual(['Connecting/25', 'Code generated/0']);
  });

  it('switching from QR to code within one pairing keeps the socket', () => {
    const number = showingQr();
    number.send({ type: 'initialize', want: 'code' });
    number.send({ type: 'initialize', want: 'code' });
    expect(number.last()?.codesAsked).toBe(1);
    number.hear({ type: 'code', code: 'ABCD1234', at: 5 });
    expect(number.view().state).toBe('pairing');
    number.send({ type: 'initialize', want: 'qr' });
    expect(number.view()).toMatchObject({ state: 'qr', qr: 'qr 1' });
    number.send({ type: 'initialize', want: 'code' });
    expect(number.view()).toMatchObject({ state: 'pairing', code: 'ABCD1234' });
    expect(number.last()?.codesAsked).toBe(1);
    scan(number);
    expect(number.attempts).toHaveLength(2);
  });

  it('a code younger than 120 s is reused, an older one replaced on demand, and it ends after 180 s', () => {
    const number = askingForCode();
    number.hear({ type: 'code', code: 'ABCD1234', at: 5 });
    number.after(120 * SECOND - 1);
    number.send({ type: 'initialize', want: 'code' });
    expect(number.last()?.codesAsked).toBe(1);
    number.after(1);
    number.send({ type: 'initialize', want: 'code' });
    number.send({ type: 'initialize', want: 'code' });
    expect(number.last()?.codesAsked).toBe(2);
    number.hear({ type: 'code', code: 'EFGH5678', at: 9 });
    expect(number.view()).toMatchObject({ code: 'EFGH5678', codeAt: 9 });
    number.after(180 * SECOND - 1);
    expect(number.view().state).toBe('pairing');
    number.after(1);
    expect(number.view().state).toBe('disconnected');
    expect(number.statuses().at(-1)).toBe('Pair failed: code expired/0');
  });

  it('C-53: a refused request is reported and ends the pairing', () => {
    const number = askingForCode();
    number.hear({ type: 'code failed', error: 'rate-overlimit for this number, try again later' });
    expect(number.view()).toMatchObject({
      state: 'disconnected',
      why: 'rate-overlimit for this number, try again later',
    });
    expect(number.statuses().at(-1)).toBe('Pair failed: rate-overlimit for/0');
    expect(number.open()).toEqual([]);
  });

  it('a dropped socket takes its code along; the next socket is asked again', () => {
    const number = askingForCode();
    number.hear({ type: 'code', code: 'ABCD1234', at: 5 });
    number.hear(closed(428));
    expect(number.view().code).toBeUndefined();
    number.after(4 * SECOND);
    number.hear({ type: 'qr', qr: 'qr 9' });
    expect(number.last()).toMatchObject({ codesAsked: 1, input: { mode: 'pair', attempt: 2 } });
    number.after(60 * SECOND);
    number.hear({ type: 'code', code: 'EFGH5678', at: 9 });
    number.after(180 * SECOND - 1);
    expect(number.view(), 'the new code has its own 180 s').toMatchObject({ state: 'pairing', code: 'EFGH5678' });
    number.after(1);
    expect(number.view().state).toBe('disconnected');
  });
});

describe('clients §6.1 pairing', () => {
  it('no scan for 90 s after the first QR ends it, whatever rotates or reconnects meanwhile', () => {
    const number = bench();
    number.send({ type: 'initialize', want: 'qr' });
    number.after(20 * SECOND);
    number.hear({ type: 'qr', qr: 'qr 1' });
    number.after(40 * SECOND);
    number.hear({ type: 'qr', qr: 'qr 2' });
    number.hear(closed(408));
    number.after(6 * SECOND);
    number.hear({ type: 'qr', qr: 'qr 3' });
    number.after(44 * SECOND - 1);
    expect(number.view().state).toBe('qr');
    number.after(1);
    expect(number.view()).toMatchObject({ state: 'disconnected', why: 'QR timeout' });
    expect(number.statuses().at(-1)).toBe('Pair failed: QR timeout/0');
    expect(number.open()).toEqual([]);
    expect(number.time.pending).toBeLessThanOrEqual(1);
  });

  it('C-54: network faults are retried within 10 s each, until 90 s without a QR', () => {
    const number = bench();
    number.send({ type: 'initialize', want: 'qr' });
    for (let i = 0; i < 200; i++) {
      number.hear(closed());
      number.after(SECOND);
    }
    expect(number.statuses().slice(0, 4)).toEqual([
      'Connecting/25',
      'Reconnecting/30',
      'Reconnecting/50',
      'Reconnecting/30',
    ]);
    expect(number.statuses().at(-1)).toBe('Pair failed: no connection/0');
    const gaps = number.attempts.slice(1).map((attempt, i) => attempt.at - (number.attempts[i]?.at ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(11 * SECOND);
    expect(Math.max(...number.attempts.map(({ at }) => at))).toBeLessThan(90 * SECOND);
  });

  it.each([
    [401, "couldn't link devic"],
    [403, "couldn't link devic"],
    [411, "couldn't link devic"],
    [405, 'client outdated'],
    [409, 'client refused'],
  ])('%i before the first open ends the pairing', (code, why) => {
    const number = showingQr();
    number.hear(closed(code, "couldn't link device"));
    expect(number.view().state).toBe('disconnected');
    expect(number.statuses().at(-1)).toBe(`Pair failed: ${why}/0`);
    expect(number.facts('login gone')).toEqual([]);
    number.after(10 * MINUTE);
    expect(number.attempts).toHaveLength(1);
  });

  it('used-up QR refs end the pairing', () => {
    const number = showingQr();
    number.hear(closed(408, 'QR refs attempts ended'));
    expect(number.statuses().at(-1)).toBe('Pair failed: QR timeout/0');
  });

  it.each([
    ['Brazil without the ninth digit', '5511987654321', '551187654321:3@s.whatsapp.net'],
    ['Mexico with 1', '525512345678', '5215512345678@s.whatsapp.net'],
    ['Argentina with 9', '541112345678', '5491112345678:2@s.whatsapp.net'],
  ])('C-38: %s is no mismatch', (_, digits, id) => {
    const number = bench({ digits, paired: true });
    number.send({ type: 'restore' });
    number.hear({ type: 'opened', account: { id } });
    number.after(2 * SECOND);
    expect(number.view().ready).toBe(true);
  });

  it('another account on a fresh pairing: Mismatch, log out and forget', () => {
    const number = showingQr();
    scan(number);
    number.hear({ type: 'opened', account: OTHER_ACCOUNT });
    expect(number.facts('wrong account').map(({ fresh }) => fresh)).toEqual([true]);
    expect(number.statuses().at(-1)).toBe('Mismatch/0');
    expect(number.view()).toMatchObject({ state: 'disconnected', paired: false, why: 'linked to another account' });
  });

  it('C-38: another account on a restored login stops the number and never unlinks', () => {
    const number = bench({ paired: true });
    number.send({ type: 'restore' });
    number.hear({ type: 'opened', account: OTHER_ACCOUNT });
    expect(number.facts('wrong account').map(({ fresh }) => fresh)).toEqual([false]);
    expect(number.statuses()).toEqual(['Mismatch/0']);
    expect(number.view()).toMatchObject({ state: 'disconnected', paired: true });
    number.after(10 * MINUTE);
    expect(number.attempts).toHaveLength(1);
  });

  it('an account id that is no phone number unlinks nothing', () => {
    const number = showingQr();
    scan(number);
    number.hear({ type: 'opened', account: { id: '99@lid' } });
    number.after(2 * SECOND);
    expect(number.view().ready).toBe(true);
  });

  it('a network fault between scan and first open keeps the login and retries silently', () => {
    const number = showingQr();
    number.hear({ type: 'paired', account: ACCOUNT });
    number.hear(closed(428));
    expect(number.view()).toMatchObject({ state: 'restoring', paired: true });
    number.after(4 * SECOND);
    expect(number.last()?.input).toMatchObject({ mode: 'login' });
    number.hear({ type: 'opened', account: ACCOUNT });
    number.after(2 * SECOND);
    expect(number.statuses()).toEqual(['Connecting/25', 'Qr generated/0', 'Ready/100']);
  });

  it('once scanned, no clock of the pairing ends it: a slow first login still completes', () => {
    const number = showingQr();
    scan(number);
    number.after(85 * SECOND);
    number.hear({ type: 'opened', account: ACCOUNT });
    number.after(10 * SECOND);
    expect(number.view().ready).toBe(true);
    number.after(MINUTE);
    expect(number.statuses().at(-1)).toBe('Ready/100');
  });

  it('the approved socket that never says 515 is given up, the login is not', () => {
    const number = showingQr();
    number.after(30 * SECOND);
    number.hear({ type: 'paired', account: ACCOUNT });
    number.after(90 * SECOND);
    expect(number.view()).toMatchObject({ state: 'restoring', paired: true });
    expect(number.statuses()).toEqual(['Connecting/25', 'Qr generated/0']);
    number.after(6 * SECOND);
    expect(number.last()?.input.mode).toBe('login');
  });

  it('515 after the scan is followed at once, also when sockets were lost before the scan', () => {
    const number = bench();
    number.send({ type: 'initialize', want: 'qr' });
    number.hear(closed(428));
    number.after(4 * SECOND);
    number.hear({ type: 'qr', qr: 'qr 1' });
    scan(number);
    expect(number.last()?.input).toMatchObject({ mode: 'login', attempt: 3 });
    expect(number.statuses().at(-1)).toBe('Syncing data/75');
  });

  it('a second 515 waits: no loop without a wait', () => {
    const number = showingQr();
    scan(number);
    number.hear(closed(515));
    expect(number.open()).toEqual([]);
    number.after(3 * SECOND);
    expect(number.open()).toHaveLength(1);
  });
});
