import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantOf, isoWithOffset, isZone, readTime, wallOf } from '../../../src/scheduler/wall-clock.ts';
import { anyCharacter } from '../../helpers/any-text.ts';
import { seeded } from '../../helpers/random.ts';
import { ALL_ZONES, scan, shown, wallFrom, ZoneOracle } from '../../helpers/zone-oracle.ts';

const MINUTE = 60_000;
const FROM = Date.UTC(2026, 0, 1);
const TO = Date.UTC(2028, 0, 1);

/** Changes of the past that a rule of thumb trips over: a day that was left out, half hours, a change at midnight. */
const ODD: readonly (readonly [zone: string, around: number])[] = [
  ['Pacific/Apia', Date.UTC(2011, 11, 30)],
  ['Pacific/Kwajalein', Date.UTC(1993, 7, 21)],
  ['Pacific/Fakaofo', Date.UTC(2011, 11, 30)],
  ['America/Caracas', Date.UTC(2016, 4, 1)],
  ['Asia/Pyongyang', Date.UTC(2018, 4, 4)],
  ['America/Sao_Paulo', Date.UTC(2018, 10, 4)],
  ['Asia/Amman', Date.UTC(2022, 1, 25)],
  ['Antarctica/Casey', Date.UTC(2018, 2, 10)],
  ['America/Juneau', Date.UTC(1983, 9, 30)],
];

const oracles = new Map(ALL_ZONES.map((zone) => [zone, new ZoneOracle(zone, FROM, TO)]));

/** Wall times within three and a half hours of both readings at each change, and a second around the readings. */
function edges(oracle: ZoneOracle): number[] {
  return oracle.changes.flatMap(({ at, before, after }) =>
    [at + before, at + after].flatMap((reading) => [
      ...Array.from({ length: 29 }, (_, step) => reading + (step - 14) * 15 * MINUTE),
      reading - 1000,
      reading + 1000,
    ]),
  );
}

describe('P7 §5: wall clock to instant', () => {
  it('W1 S-42 agrees with the clock itself around every change of every zone', () => {
    let cases = 0;
    let gaps = 0;
    const differing: string[] = [];
    const check = (zone: string, naive: number, oracle: ZoneOracle) => {
      const at = instantOf(wallFrom(naive), zone);
      cases += 1;
      if (shown(at, zone) !== naive) gaps += 1;
      if (at !== oracle.instantOf(naive)) differing.push(`${zone} ${new Date(naive).toISOString()}`);
    };
    for (const [zone, oracle] of oracles) for (const naive of edges(oracle)) check(zone, naive, oracle);
    for (const [zone, around] of ODD) {
      const oracle = new ZoneOracle(zone, around - 20 * 86_400_000, around + 20 * 86_400_000);
      expect(oracle.changes.length, `${zone} changed then`).toBeGreaterThan(0);
      for (const naive of edges(oracle)) check(zone, naive, oracle);
    }
    console.log(`${cases} wall times at changes, ${gaps} of them in gaps, ${differing.length} differences`);
    expect(differing).toEqual([]);
    expect(cases).toBeGreaterThan(10_000);
    expect(gaps).toBeGreaterThan(1_000);
  });

  it('W1 agrees on any wall time of two years in every zone', () => {
    const roll = seeded(7);
    let cases = 0;
    for (const [zone, oracle] of oracles) {
      for (let n = 0; n < 15; n += 1) {
        const naive = FROM + roll.between(0, (TO - FROM) / 1000 - 1) * 1000;
        expect(instantOf(wallFrom(naive), zone), `${zone} ${naive}`).toBe(oracle.instantOf(naive));
        cases += 1;
      }
    }
    console.log(`${cases} wall times anywhere, 0 differences`);
  });

  it('W1 agrees with walking the clock minute by minute', () => {
    const changing = [...oracles].filter(([, { changes }]) => changes.length > 0);
    const roll = seeded(11);
    for (let n = 0; n < 120; n += 1) {
      const [zone, { changes }] = roll.pick(changing);
      const { at, before } = roll.pick(changes);
      const naive = at + before + roll.between(-45, 105) * MINUTE;
      expect(instantOf(wallFrom(naive), zone), `${zone} ${new Date(naive).toISOString()}`).toBe(scan(naive, zone));
    }
  });

  it('W1 S-42 agrees with croner around every change of every zone, but for the hour that croner drops', () => {
    let cases = 0;
    const dropped: string[] = [];
    const differing: string[] = [];
    for (const [zone, oracle] of oracles) {
      for (const naive of edges(oracle).filter((_, index) => index % 31 < 29 && index % 3 === 0)) {
        const { month, day, hour, minute } = wallFrom(naive);
        const ours = instantOf(wallFrom(naive), zone);
        // Asked from a day and a half before: no zone is further from Greenwich.
        const cron = new Cron(`0 ${minute} ${hour} ${day} ${month} *`, { timezone: zone });
        const theirs = cron.nextRun(new Date(naive - 36 * 60 * MINUTE))?.getTime();
        cases += 1;
        if (theirs === ours) continue;
        // Greenland's gap ends at midnight: the first valid instant is on another date, which the pattern does not match.
        const isOtherDate = wallFrom(shown(ours, zone)).day !== day;
        (isOtherDate ? dropped : differing).push(`${zone} ${new Date(naive).toISOString()}`);
      }
    }
    console.log(
      `${cases} wall times asked of croner, ${dropped.length} dropped by it, ${differing.length} differences`,
    );
    expect(differing).toEqual([]);
    expect(dropped.every((line) => /Godthab|Nuuk|Scoresbysund/.test(line))).toBe(true);
    expect(cases).toBeGreaterThan(5_000);
  });

  it('every instant has the wall time that Intl shows, and its ISO form is that instant', () => {
    const roll = seeded(13);
    for (const zone of ALL_ZONES) {
      for (let n = 0; n < 10; n += 1) {
        const at = FROM + roll.between(0, (TO - FROM) / 1000 - 1) * 1000;
        expect(wallOf(at, zone), zone).toEqual(wallFrom(shown(at, zone)));
        expect(Date.parse(isoWithOffset(at, zone)), zone).toBe(at);
        expect(readTime(isoWithOffset(at, zone), zone, 0)).toMatchObject({ kind: 'instant', at });
      }
    }
  });
});

describe('P12: what comes from outside', () => {
  it('W3 no zone name throws, and only IANA names are zones', () => {
    const names = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.string({ unit: fc.constantFrom(...'ABCabcUTCGMT+-:/_0123456789. \0') }),
      fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype), '+02:00', 'UTC+2', '../UTC', 'Europe/', 'Z'),
    );
    const known = new Set(ALL_ZONES.map((zone) => zone.toLowerCase()));
    fc.assert(
      fc.property(names, (name) => {
        if (isZone(name))
          expect(new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone).toBeTruthy();
        else expect(known.has(name.toLowerCase())).toBe(false);
      }),
      { numRuns: 1000 },
    );
    for (const zone of ALL_ZONES) expect(isZone(zone), zone).toBe(true);
  });

  it('W3 no value throws as a time; what is read is a time of the calendar', () => {
    const digit = fc.constantFrom(...'0123456789');
    const written = fc
      .tuple(fc.string({ unit: digit, minLength: 14, maxLength: 14 }), fc.constantFrom('T', ' ', 'x'), fc.string())
      .map(
        ([d, between, rest]) =>
          `${d.slice(0, 4)}-${d.slice(4, 6)}-${d.slice(6, 8)}${between}${d.slice(8, 10)}:${d.slice(10, 12)}:${d.slice(12)}${rest}`,
      );
    let read = 0;
    fc.assert(
      fc.property(fc.oneof(fc.anything(), written), (value) => {
        const time = readTime(value, 'Europe/Berlin', FROM);
        if (time.kind === 'unreadable') return;
        read += 1;
        expect(Number.isFinite(time.at)).toBe(true);
        expect(
          wallFrom(
            Date.UTC(
              time.wall.year,
              time.wall.month - 1,
              time.wall.day,
              time.wall.hour,
              time.wall.minute,
              time.wall.second,
            ),
          ),
        ).toEqual(time.wall);
      }),
      { numRuns: 5000 },
    );
    expect(read).toBeGreaterThan(0);
  });
});
