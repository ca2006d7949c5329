/**
 * The number machine under random histories on a simulated clock: whatever people press, WhatsApp says and time brings.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConnectionEvent, NumberEvent, NumberInput } from '../../../src/machines/number.types.ts';
import { ACCOUNT, type Bench, bench, closed, HOUR, MINUTE, OTHER_ACCOUNT, SECOND } from '../../unit/machines/bench.ts';

const PAIRING_WORDS = ['Qr generated', 'Code generated', 'Connecting', 'Reconnecting', 'Syncing data'];

type Step =
  /** A command, sent whatever the state. */
  | { readonly kind: 'send'; readonly event: NumberEvent }
  /** WhatsApp speaks on the open connection, if there is one. */
  | { readonly kind: 'hear'; readonly event: ConnectionEvent }
  /** A word of WhatsApp where none is due: a library that talks out of turn. */
  | { readonly kind: 'stray'; readonly event: ConnectionEvent }
  | { readonly kind: 'wait'; readonly ms: number };

const commands: NumberEvent[] = [
  { type: 'initialize', want: 'qr' },
  { type: 'initialize', want: 'code' },
  { type: 'restore' },
  { type: 'stop' },
  { type: 'forget' },
  { type: 'health lost', why: 'deaf' },
];

const said = (n: number): ConnectionEvent[] => [
  { type: 'qr', qr: `qr ${n}` },
  { type: 'code', code: `CODE${n}`, at: n },
  { type: 'code failed', error: `no code ${n}` },
  { type: 'paired', account: ACCOUNT },
  { type: 'opened', account: ACCOUNT },
  { type: 'opened', account: ACCOUNT },
  { type: 'opened', account: OTHER_ACCOUNT },
];

const codes = [401, 403, 405, 408, 409, 411, 428, 440, 500, 503, 515, 418, undefined];
const closes = fc.constantFrom(...codes).map((code) => closed(code, `closed with ${code}`));
const words = fc.nat(9).chain((n) => fc.constantFrom(...said(n)));
const waits = fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 200 * SECOND }));

const stepOf = (given: NumberEvent[]): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...given).map((event): Step => ({ kind: 'send', event })) },
    { weight: 4, arbitrary: words.map((event): Step => ({ kind: 'hear', event })) },
    { weight: 2, arbitrary: closes.map((event): Step => ({ kind: 'hear', event })) },
    { weight: 1, arbitrary: fc.oneof(words, closes).map((event): Step => ({ kind: 'stray', event })) },
    { weight: 4, arbitrary: waits.map((ms): Step => ({ kind: 'wait', ms })) },
  );

const historyOf = (given: NumberEvent[]) => fc.array(stepOf(given), { minLength: 1, maxLength: 60 });
const inputs = fc.record({
  paired: fc.boolean(),
  stopped: fc.boolean(),
  random: fc.nat(1_000).map((n) => () => n / 1_000),
});

function take(number: Bench, step: Step): void {
  if (step.kind === 'wait') number.after(step.ms);
  else if (step.kind === 'hear') number.hear(step.event);
  else number.send(step.event);
}

/** Plays a history; `check` runs after every step. */
function play(input: Partial<NumberInput>, steps: readonly Step[], check: (number: Bench, step: Step) => void): Bench {
  const number = bench(input);
  for (const step of steps) {
    take(number, step);
    check(number, step);
  }
  return number;
}

const runs = { numRuns: 120 };

describe('any history', () => {
  it('never fails, never has two connections, and every word fits the app', () => {
    fc.assert(
      fc.property(inputs, historyOf(commands), (input, steps) => {
        const number = play(input, steps, (now) => {
          expect(now.errors).toEqual([]);
          expect(now.actor.getSnapshot().status).toBe('active');
          expect(now.open().length).toBeLessThanOrEqual(1);
        });
        expect(number.overlap).toBeLessThanOrEqual(1);
        for (const { status, progress, qr } of number.facts('status')) {
          expect(status.length).toBeLessThanOrEqual(32);
          expect(progress).toBeGreaterThanOrEqual(0);
          expect(qr !== undefined).toBe(status === 'Qr generated');
        }
      }),
      runs,
    );
  });

  it('then stop and a while: disconnected, stopped, no connection, no timer (C-41)', () => {
    fc.assert(
      fc.property(inputs, historyOf(commands), (input, steps) => {
        const number = play(input, steps, () => {});
        number.send({ type: 'stop' });
        expect(number.view()).toMatchObject({ state: 'disconnected', stopped: true, ready: false });
        number.after(31 * SECOND);
        expect(number.view()).toMatchObject({ state: 'disconnected', stopped: true, lingering: false });
        expect(number.open()).toEqual([]);
        number.after(5 * SECOND);
        expect(number.time.pending).toBe(0);
        const attempts = number.attempts.length;
        number.after(HOUR);
        expect(number.attempts).toHaveLength(attempts);
      }),
      runs,
    );
  });

  it('C-39: no pairing word is ever said of a number whose login has been open, until that login is gone', () => {
    fc.assert(
      fc.property(inputs, historyOf(commands), (input, steps) => {
        let proven = input.paired;
        let heard = 0;
        play(input, steps, (number, step) => {
          const wasOurs = step.kind === 'send' && step.event.type === 'forget';
          for (const fact of number.said.slice(heard)) {
            if (fact.type === 'login gone' || (fact.type === 'wrong account' && fact.fresh)) proven = false;
            if (fact.type === 'status' && PAIRING_WORDS.includes(fact.status)) expect(proven, fact.status).toBe(false);
            if (fact.type === 'status' && fact.status === 'Ready') proven = true;
          }
          heard = number.said.length;
          if (wasOurs) proven = false;
        });
      }),
      runs,
    );
  });

  it('C-17: a login goes only by forget, by 401, by 403/411, or as the wrong account of a fresh pairing', () => {
    fc.assert(
      fc.property(inputs, historyOf(commands), (input, steps) => {
        let paired = input.paired;
        let heard = 0;
        play(input, steps, (number, step) => {
          const now = number.view().paired;
          if (paired && !now) {
            const facts = number.said.slice(heard);
            const gone = facts.find((fact) => fact.type === 'login gone');
            const wrong = facts.some((fact) => fact.type === 'wrong account' && fact.fresh);
            const forgotten = step.kind === 'send' && step.event.type === 'forget';
            expect(forgotten || wrong || [401, 403, 411].includes(gone?.reason.code ?? 0)).toBe(true);
          }
          paired = now;
          heard = number.said.length;
        });
      }),
      runs,
    );
  });

  it('Qr generated: at most one in 5 s, never the same one twice in a row', () => {
    fc.assert(
      fc.property(historyOf(commands), (steps) => {
        const number = play({}, steps, () => {});
        const shown = number.facts('status').filter(({ status }) => status === 'Qr generated');
        for (const [i, { at }] of shown.slice(1).entries()) {
          expect(at - (shown[i]?.at ?? 0)).toBeGreaterThanOrEqual(5 * SECOND);
        }
      }),
      runs,
    );
  });
});

describe('a restored number', () => {
  const unasked = commands.filter(({ type }) => type === 'restore' || type === 'stop' || type === 'health lost');

  it('C-51: restore never leads to a QR, a code or a pairing connection', () => {
    fc.assert(
      fc.property(inputs, historyOf(unasked), (input, steps) => {
        const number = play(input, [{ kind: 'send', event: { type: 'restore' } }, ...steps], (now) => {
          expect(now.view().qr).toBeUndefined();
          expect(now.view().code).toBeUndefined();
        });
        expect(number.attempts.filter(({ input: { mode } }) => mode === 'pair')).toEqual([]);
        expect(number.facts('status').filter(({ status }) => PAIRING_WORDS.includes(status))).toEqual([]);
      }),
      runs,
    );
  });

  it('V3: two attempts are never closer than the smallest base wait', () => {
    const drops = fc.array(
      fc.record({ code: fc.constantFrom(408, 428, 440, 500, 503, 515, undefined), after: waits, open: fc.boolean() }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(drops, inputs, (list, { random }) => {
        const number = bench({ paired: true, random });
        number.send({ type: 'restore' });
        for (const { code, after, open } of list) {
          if (open) number.hear({ type: 'opened', account: ACCOUNT });
          number.after(after);
          number.hear(closed(code));
        }
        for (const [i, { endedAt }] of number.attempts.entries()) {
          const following = number.attempts[i + 1];
          if (following)
            expect(following.at - (endedAt ?? Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(2 * SECOND);
        }
      }),
      runs,
    );
  });
});

describe('12 hours of drops and outages', () => {
  /** WhatsApp comes and goes: seconds to an hour each; every attempt during an outage fails in its own way. */
  it.each([1, 2, 3, 4, 5])('seed %i: always back, silent under 60 s, Disconnected and Ready in turn', (seed) => {
    let state = seed;
    const random = () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state / 2_147_483_648;
    };
    const number = bench({ paired: true, random });
    number.send({ type: 'restore' });
    let served = 0;
    let outageEnds = 0;
    while (number.now() < 12 * HOUR) {
      const up = number.now() >= outageEnds;
      if (number.open().length > 0 && served < number.attempts.length) {
        served = number.attempts.length;
        number.hear(
          up ? { type: 'opened', account: ACCOUNT } : closed([408, 428, 503, undefined][Math.floor(random() * 4)]),
        );
      }
      number.after(500);
      if (number.view().ready && random() < 0.002) {
        outageEnds = number.now() + (random() < 0.5 ? random() * 40 * SECOND : random() * HOUR);
        number.hear(closed(428));
      }
    }
    const moves = number.facts('transition');
    const outages = moves.flatMap(({ to, at }, i) =>
      to === 'restoring' ? [(moves[i + 1]?.at ?? number.now()) - at] : [],
    );
    expect(outages.length).toBeGreaterThan(5);
    expect(number.overlap).toBe(1);
    expect(number.time.pending).toBeLessThanOrEqual(3);
    const words = number.facts('status').map(({ status }) => status);
    for (const [i, word] of words.slice(1).entries()) {
      expect(['Ready', 'Disconnected']).toContain(word);
      expect(word, 'in turn').not.toBe(words[i]);
    }
    const long = outages.filter((ms) => ms >= MINUTE).length;
    expect(words.filter((word) => word === 'Disconnected')).toHaveLength(long);
    const gaps = number.attempts.slice(1).map(({ at }, i) => at - (number.attempts[i]?.endedAt ?? at));
    expect(Math.max(...gaps), 'retried at least every 30 s, for ever').toBeLessThanOrEqual(30 * SECOND);
    expect(number.facts('login gone')).toEqual([]);
  });
});

describe('C-19', () => {
  it('terminate + initialize every 2 s lets a pairing complete, whenever the phone acts', () => {
    const moment = fc.integer({ min: 0, max: 25 });
    const delay = fc.integer({ min: 0, max: 2_500 });
    fc.assert(
      fc.property(
        moment,
        delay,
        delay,
        delay,
        fc.integer({ min: 0, max: 1_900 }),
        (scanAt, toClose, toOpen, toQr, hidden) => {
          const number = bench();
          const due: { at: number; event: ConnectionEvent; done?: boolean }[] = [
            { at: toQr, event: { type: 'qr', qr: 'qr' } },
            { at: toQr + scanAt * SECOND, event: { type: 'paired', account: ACCOUNT } },
            { at: toQr + scanAt * SECOND + toClose, event: closed(515) },
            { at: toQr + scanAt * SECOND + toClose + toOpen, event: { type: 'opened', account: ACCOUNT } },
          ];
          const until = (end: number) => {
            for (const item of due.filter(({ at, done }) => !done && at <= end)) {
              number.after(Math.max(0, item.at - number.now()));
              number.hear(item.event);
              item.done = true;
            }
            number.after(end - number.now());
          };
          number.send({ type: 'initialize', want: 'qr' });
          for (let at = 2 * SECOND; at < 40 * SECOND && !number.view().ready; at += 2 * SECOND) {
            until(at);
            if (number.view().ready) break;
            number.send({ type: 'stop' });
            until(at + hidden);
            number.send({ type: 'initialize', want: 'qr' });
            if (number.open().length > 0 && number.last()?.input.mode === 'login' && due.every(({ done }) => done)) {
              number.hear({ type: 'opened', account: ACCOUNT });
            }
          }
          number.after(5 * SECOND);
          expect(number.view()).toMatchObject({ paired: true, ready: true, state: 'connected' });
          expect(
            number.attempts.filter(({ input: { mode } }) => mode === 'pair'),
            'one pairing',
          ).toHaveLength(1);
          expect(number.facts('login gone')).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
