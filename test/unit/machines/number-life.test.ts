/** The number machine on a simulated clock: a number with a login (contract clients §4, §6.2, §7). */
import { describe, expect, it } from 'vitest';
import { ACCOUNT, bench, closed, MINUTE, OTHER_ACCOUNT, ready, SECOND, scan, showingQr } from './bench.ts';

describe('clients §4.1 terminate', () => {
  it('of a ready number: socket closed, login kept, Disconnected', () => {
    const number = ready();
    number.send({ type: 'stop' });
    expect(number.view()).toEqual({
      state: 'disconnected',
      ready: false,
      paired: true,
      stopped: true,
      lingering: false,
      why: 'stopped by the operator',
    });
    expect(number.open()).toEqual([]);
    expect(number.statuses().at(-1)).toBe('Disconnected/0');
    expect(number.facts('stopped changed').map(({ stopped }) => stopped)).toEqual([true]);
    number.after(10 * MINUTE);
    expect(number.attempts).toHaveLength(1);
  });

  it.each(['restoring', 'waiting', 'idle'] as const)('says nothing when %s', (when) => {
    const number = bench({ paired: true });
    if (when === 'restoring' || when === 'waiting') number.send({ type: 'restore' });
    if (when === 'waiting') number.hear(closed(428));
    number.send({ type: 'stop' });
    expect(number.view()).toMatchObject({ state: 'disconnected', stopped: true, lingering: false, paired: true });
    expect(number.open()).toEqual([]);
    expect(number.statuses()).toEqual([]);
    number.after(10 * MINUTE);
    expect(number.statuses()).toEqual([]);
  });

  it('of a pairing: shown as disconnected at once, alive for 30 s, then gone without a word', () => {
    const number = showingQr();
    number.send({ type: 'stop' });
    expect(number.view()).toEqual({
      state: 'disconnected',
      ready: false,
      paired: false,
      stopped: true,
      lingering: true,
    });
    number.after(30 * SECOND - 1);
    expect(number.open()).toHaveLength(1);
    number.after(1);
    expect(number.open()).toEqual([]);
    expect(number.view()).toMatchObject({ state: 'disconnected', lingering: false });
    expect(number.statuses()).toEqual(['Connecting/25', 'Qr generated/0']);
  });

  it('a second stop does not lengthen the 30 s', () => {
    const number = showingQr();
    number.send({ type: 'stop' });
    number.after(20 * SECOND);
    number.send({ type: 'stop' });
    number.after(10 * SECOND);
    expect(number.open()).toEqual([]);
    expect(number.facts('stopped changed')).toHaveLength(1);
  });

  it('initialize takes a lingering pairing over, with its current QR', () => {
    const number = showingQr();
    number.send({ type: 'stop' });
    number.after(10 * SECOND);
    number.hear({ type: 'qr', qr: 'qr 2' });
    expect(number.view().qr).toBeUndefined();
    number.send({ type: 'initialize', want: 'qr' });
    expect(number.view()).toMatchObject({ state: 'qr', qr: 'qr 2', stopped: false, lingering: false });
    expect(number.attempts).toHaveLength(1);
    number.after(60 * SECOND);
    expect(number.open(), 'the 30 s are forgotten').toHaveLength(1);
    expect(
      number
        .facts('status')
        .filter(({ qr }) => qr)
        .map(({ qr }) => qr),
    ).toEqual(['qr 1', 'qr 2']);
  });

  it('C-19: terminate + initialize every 2 s lets a pairing complete', () => {
    const number = bench();
    const press = () => {
      number.send({ type: 'stop' });
      number.send({ type: 'initialize', want: 'qr' });
      number.after(2 * SECOND);
    };
    number.send({ type: 'initialize', want: 'qr' });
    press();
    number.hear({ type: 'qr', qr: 'qr 1' });
    for (let i = 0; i < 10; i++) press();
    expect(number.attempts).toHaveLength(1);
    number.hear({ type: 'paired', account: ACCOUNT });
    press();
    number.hear(closed(515));
    press();
    number.hear({ type: 'opened', account: ACCOUNT });
    press();
    expect(number.view()).toMatchObject({ state: 'connected', ready: true, stopped: false });
    expect(number.attempts).toHaveLength(2);
    expect(number.facts('login gone')).toEqual([]);
  });

  it('NM5: terminate + initialize every 2 s lets a saved login settle, on one socket', () => {
    const number = bench({ paired: true });
    number.send({ type: 'initialize', want: 'qr' });
    const press = () => {
      number.send({ type: 'stop' });
      expect(number.view()).toMatchObject({ state: 'disconnected', stopped: true, ready: false });
      number.after(10);
      number.send({ type: 'initialize', want: 'qr' });
      number.after(2 * SECOND - 10);
    };
    press();
    number.hear({ type: 'opened', account: ACCOUNT });
    press();
    expect(number.view()).toMatchObject({ state: 'connected', ready: true, stopped: false });
    expect(number.attempts).toHaveLength(1);
    expect(number.statuses()).toEqual(['Ready/100']);
  });

  it('NM5: a terminated start of a saved login ends within 30 s without a word, the login kept', () => {
    const number = bench({ paired: true });
    number.send({ type: 'initialize', want: 'qr' });
    number.send({ type: 'stop' });
    number.after(30 * SECOND);
    expect(number.open()).toEqual([]);
    number.after(10 * MINUTE);
    expect(number.view()).toMatchObject({ state: 'disconnected', stopped: true, lingering: false, paired: true });
    expect(number.statuses()).toEqual([]);
    expect(number.attempts).toHaveLength(1);
  });

  it('NM5: a scan while lingering completes the pairing, then rests: paired, stopped, no Ready', () => {
    const number = showingQr();
    number.send({ type: 'stop' });
    number.after(5 * SECOND);
    scan(number);
    number.hear({ type: 'opened', account: ACCOUNT });
    expect(number.view().lingering).toBe(true);
    number.after(2 * SECOND);
    expect(number.view()).toMatchObject({ state: 'disconnected', paired: true, stopped: true, lingering: false });
    expect(number.open()).toEqual([]);
    expect(number.statuses()).toEqual(['Connecting/25', 'Qr generated/0']);
    number.send({ type: 'initialize', want: 'qr' });
    expect(number.last()?.input.mode).toBe('login');
  });

  it('NM5: a scanned login whose socket drops while hidden waits for the next initialize', () => {
    const number = showingQr();
    number.send({ type: 'stop' });
    number.hear({ type: 'paired', account: ACCOUNT });
    number.hear(closed(428));
    expect(number.view()).toMatchObject({ state: 'disconnected', paired: true, stopped: true, lingering: false });
    number.after(MINUTE);
    expect(number.attempts).toHaveLength(1);
  });
});

describe('clients §4.2 unlink', () => {
  it('forget: unpaired, Logged Out, nothing left running', () => {
    const number = ready();
    number.hear(closed(401, 'Intentional Logout'));
    expect(number.statuses(), 'our own logout is not news from WhatsApp').toEqual(['Ready/100']);
    expect(number.facts('login gone')).toEqual([]);
    number.send({ type: 'forget' });
    expect(number.view()).toMatchObject({ state: 'disconnected', paired: false, why: 'unlinked' });
    expect(number.statuses()).toEqual(['Ready/100', 'Logged Out/0']);
    expect(number.time.pending).toBe(0);
  });
});

describe('clients §6.2 a paired number', () => {
  it('NM6: an attempt without a word for 90 s is given up as lost', () => {
    const number = bench({ paired: true });
    number.send({ type: 'restore' });
    number.after(90 * SECOND);
    expect(number.open()).toEqual([]);
    expect(number.view()).toMatchObject({ state: 'restoring', why: 'no word from WhatsApp in time (408)' });
    number.after(6 * SECOND);
    expect(number.open()).toHaveLength(1);
  });

  it('401 right after a restart: Logged Out, login gone, no retry (C-17)', () => {
    const number = bench({ paired: true });
    number.send({ type: 'restore' });
    number.hear(closed(401));
    number.after(10 * MINUTE);
    expect(number.view()).toMatchObject({ state: 'disconnected', paired: false });
    expect(number.statuses()).toEqual(['Logged Out/0']);
    expect(number.attempts).toHaveLength(1);
  });

  it.each([403, 411])(
    '%i keeps the login; the next initialize tries once more; refused again, it pairs anew',
    (code) => {
      const number = ready();
      number.hear(closed(code));
      expect(number.view()).toMatchObject({ state: 'disconnected', paired: true });
      expect(number.statuses().at(-1)).toBe('Logged Out/0');
      number.after(10 * MINUTE);
      expect(number.attempts).toHaveLength(1);
      number.send({ type: 'initialize', want: 'qr' });
      expect(number.last()?.input.mode).toBe('login');
      number.hear(closed(code));
      expect(number.facts('login gone')).toHaveLength(1);
      expect(number.last()?.input).toMatchObject({ mode: 'pair', attempt: 3 });
    },
  );

  it('403, then an open: the next 403 is a first one again', () => {
    const number = ready();
    number.hear(closed(403));
    number.send({ type: 'initialize', want: 'qr' });
    number.hear({ type: 'opened', account: ACCOUNT });
    number.hear(closed(403));
    expect(number.view()).toMatchObject({ state: 'disconnected', paired: true });
    expect(number.facts('login gone')).toEqual([]);
  });

  it.each([
    [405, 'client outdated (405)'],
    [409, 'client refused (409)'],
  ])('%i is any other code: tried again and again, the reason shown, the login never lost', (code, why) => {
    const number = ready();
    for (let i = 0; i < 20; i++) {
      number.hear(closed(code, 'Connection Failure'));
      expect(number.view()).toMatchObject({ state: 'restoring', paired: true, why });
      number.after(30 * SECOND);
      expect(number.open()).toHaveLength(1);
    }
    expect(number.statuses()).toEqual(['Ready/100', 'Disconnected/0']);
    number.hear({ type: 'opened', account: ACCOUNT });
    number.after(2 * SECOND);
    expect(number.statuses()).toEqual(['Ready/100', 'Disconnected/0', 'Ready/100']);
  });

  it('440 five times in a row: 5 min between tries and a warning; an initialize asks at once', () => {
    const number = ready();
    for (let i = 0; i < 4; i++) {
      number.hear(closed(440));
      number.after(30 * SECOND);
      expect(number.open()).toHaveLength(1);
    }
    expect(number.facts('warning')).toEqual([]);
    number.hear(closed(440));
    expect(number.facts('warning')).toHaveLength(1);
    number.after(5 * MINUTE - 1);
    expect(number.open()).toEqual([]);
    number.after(1);
    number.hear(closed(440));
    expect(number.facts('warning')).toHaveLength(2);
    number.send({ type: 'initialize', want: 'qr' });
    expect(number.open()).toHaveLength(1);
    number.hear(closed(440));
    number.after(6 * SECOND);
    expect(number.open()).toHaveLength(1);
  });

  it('n grows over short uptimes and is forgotten after 60 s open', () => {
    const number = ready();
    const waits: number[] = [];
    const drop = (uptime: number) => {
      number.after(uptime);
      number.hear(closed(428));
      const at = number.now();
      number.after(30 * SECOND);
      waits.push((number.last()?.at ?? 0) - at);
      number.hear({ type: 'opened', account: ACCOUNT });
      number.after(2 * SECOND);
    };
    for (const uptime of [0, 0, 57_999, 58_000]) drop(uptime);
    expect(waits.map((wait) => Math.floor(wait / 100) / 10)).toEqual([4, 6, 9, 4]);
  });

  it('health lost: a new socket at once, the old one closed first (P10)', () => {
    const number = ready();
    number.send({ type: 'health lost', why: 'no pong for 45 s' });
    expect(number.view()).toMatchObject({ state: 'restoring', why: 'no pong for 45 s' });
    expect(number.open()).toHaveLength(1);
    expect(number.overlap).toBe(1);
    expect(number.attempts).toHaveLength(2);
  });

  it('a close out of turn, while no socket is open, decides nothing', () => {
    const number = ready();
    number.hear(closed(428));
    number.send(closed(401));
    expect(number.view()).toMatchObject({ state: 'restoring', paired: true });
    number.send({ type: 'stop' });
    number.send(closed(401));
    expect(number.view()).toMatchObject({ state: 'disconnected', paired: true });
    expect(number.facts('login gone')).toEqual([]);
  });

  it('NR1: a late word of a connection that was replaced changes nothing', () => {
    const number = ready();
    const old = number.voices[0];
    number.send({ type: 'health lost', why: 'deaf' });
    old?.(closed(401));
    old?.({ type: 'opened', account: OTHER_ACCOUNT });
    expect(number.view()).toMatchObject({ state: 'restoring', paired: true });
    expect(number.open()).toHaveLength(1);
  });

  it('a close during settling is a close', () => {
    const number = bench({ paired: true });
    number.send({ type: 'restore' });
    number.hear({ type: 'opened', account: ACCOUNT });
    number.after(SECOND);
    number.hear(closed(428));
    number.after(SECOND);
    expect(number.view()).toMatchObject({ state: 'restoring', ready: false });
    expect(number.statuses()).toEqual([]);
  });
});

describe('clients §7 update-status', () => {
  it('C-39: a blip under 60 s says nothing', () => {
    const number = ready();
    number.hear(closed(428));
    number.after(50 * SECOND);
    number.hear({ type: 'opened', account: ACCOUNT });
    number.after(2 * SECOND);
    expect(number.view().ready).toBe(true);
    expect(number.statuses()).toEqual(['Ready/100']);
  });

  it('C-39: over 60 s, one Disconnected, then Ready when back', () => {
    const number = ready();
    number.hear(closed(428));
    number.after(60 * SECOND - 1);
    expect(number.statuses()).toEqual(['Ready/100']);
    for (let i = 0; i < 300; i++) {
      number.after(SECOND);
      number.hear(closed(503));
    }
    expect(number.statuses()).toEqual(['Ready/100', 'Disconnected/0']);
    number.after(30 * SECOND);
    number.hear({ type: 'opened', account: ACCOUNT });
    number.after(2 * SECOND);
    expect(number.statuses()).toEqual(['Ready/100', 'Disconnected/0', 'Ready/100']);
  });

  it('a stop during a blip is silent, and the next Ready is said', () => {
    const number = ready();
    number.hear(closed(428));
    number.send({ type: 'stop' });
    number.send({ type: 'initialize', want: 'qr' });
    number.hear({ type: 'opened', account: ACCOUNT });
    number.after(2 * SECOND);
    expect(number.statuses()).toEqual(['Ready/100', 'Ready/100']);
  });

  it('Qr generated at most once per 5 s, the latest wins; the view is always the latest', () => {
    const number = showingQr();
    for (let i = 2; i <= 9; i++) {
      number.after(SECOND);
      number.hear({ type: 'qr', qr: `qr ${i}` });
      expect(number.view().qr).toBe(`qr ${i}`);
    }
    const shown = number.facts('status').filter(({ status }) => status === 'Qr generated');
    expect(shown.map(({ qr, at }) => [qr, at / SECOND])).toEqual([
      ['qr 1', 0],
      ['qr 5', 5],
    ]);
    number.after(2 * SECOND);
    expect(number.facts('status').at(-1)).toMatchObject({ qr: 'qr 9', at: 10 * SECOND });
  });

  it('start: incomplete login → Disconnected, no QR, no socket (C-51)', () => {
    const number = bench({ paired: false });
    number.send({ type: 'restore' });
    number.after(10 * MINUTE);
    expect(number.attempts).toEqual([]);
    expect(number.statuses()).toEqual(['Disconnected/0']);
  });

  it('a stopped number stays stopped over a restart (C-51)', () => {
    const number = bench({ paired: true, stopped: true });
    number.send({ type: 'restore' });
    expect(number.attempts).toEqual([]);
    expect(number.statuses()).toEqual([]);
  });

  it('a restored number that stays away for 60 s is reported once', () => {
    const number = bench({ paired: true });
    number.send({ type: 'restore' });
    number.hear(closed());
    number.after(5 * MINUTE);
    expect(number.statuses()).toEqual(['Disconnected/0']);
  });
});
