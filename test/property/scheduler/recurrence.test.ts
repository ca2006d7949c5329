import { Cron } from 'croner';
import { describe, expect, it } from 'vitest';
import { latestOccurrence, occurrenceAfter, type Rule } from '../../../src/scheduler/recurrence.ts';
import type { Wall } from '../../../src/scheduler/wall-clock.ts';
import { type Random, seeded } from '../../helpers/random.ts';
import { ALL_ZONES, type Change, wallFrom, ZoneOracle } from '../../helpers/zone-oracle.ts';

const DAY = 86_400_000;
const FROM = Date.UTC(2026, 0, 1);
const TO = Date.UTC(2028, 0, 1);

const oracles = new Map(ALL_ZONES.map((zone) => [zone, new ZoneOracle(zone, FROM, TO)]));
const changing = ALL_ZONES.filter((zone) => (oracles.get(zone)?.changes.length ?? 0) > 0);

/** The rule of §6 said about a single date, in the order of the table. Dates are UTC midnights. */
function isOn(date: number, rule: Rule, anchor: number): boolean {
  const days = (date - anchor) / DAY;
  if (days === 0) return true;
  const [then, first] = [new Date(date), new Date(anchor)];
  switch (rule.every) {
    case 'daily':
      return days % rule.repeatEvery === 0;
    case 'weekly': {
      const monday = anchor - ((first.getUTCDay() + 6) % 7) * DAY;
      const listed = rule.days.length > 0 ? rule.days : [first.getUTCDay()];
      return Math.floor((date - monday) / DAY / 7) % rule.repeatEvery === 0 && listed.includes(then.getUTCDay());
    }
    case 'monthly': {
      const months = (then.getUTCFullYear() - first.getUTCFullYear()) * 12 + then.getUTCMonth() - first.getUTCMonth();
      const length = new Date(Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 0)).getUTCDate();
      return months % rule.repeatEvery === 0 && then.getUTCDate() === Math.min(first.getUTCDate(), length);
    }
  }
}

/** The whole series until the oracle's horizon, a day at a time. */
function walked(rule: Rule, anchor: number, oracle: ZoneOracle): number[] {
  const [date, time] = [anchor - (anchor % DAY), anchor % DAY];
  const end = rule.endDate === undefined ? TO : Date.parse(`${rule.endDate}T00:00:00Z`);
  const found: number[] = [];
  for (let day = date; day <= end; day += DAY) if (isOn(day, rule, date)) found.push(oracle.instantOf(day + time));
  return found;
}

type Series = { readonly rule: Rule; readonly zone: string; readonly naive: number; readonly anchor: Wall };

/** A series that starts up to 80 days before a change of its zone, at a time of day near the one that changes. */
function series(roll: Random): Series {
  const zone = roll.pick(roll.chance(0.9) ? changing : ALL_ZONES);
  const changes = oracles.get(zone)?.changes ?? [];
  const change = changes.length > 0 ? roll.pick(changes) : { at: FROM + 100 * DAY, before: 0 };
  const near = change.at + change.before + roll.between(-72, 108) * 60_000;
  const naive = Math.max(FROM, near - roll.between(0, 80) * DAY);
  const every = roll.pick(['daily', 'weekly', 'monthly'] as const);
  const repeatEvery = roll.chance(0.4) ? 1 : roll.between(1, every === 'daily' ? 45 : 5);
  const days = every === 'weekly' ? [0, 1, 2, 3, 4, 5, 6].filter(() => roll.chance(0.35)) : [];
  const last = new Date(Math.min(TO - DAY, naive + roll.between(0, 200) * DAY)).toISOString().slice(0, 10);
  const rule: Rule = { every, repeatEvery, days, ...(roll.chance(0.3) && { endDate: last }) };
  return { rule, zone, naive, anchor: wallFrom(naive) };
}

const endsOnOtherDate = ({ at, before, after }: Change): boolean =>
  after > before && wallFrom(at + before).day !== wallFrom(at + after).day;

const said = ({ rule, zone, naive }: Series) => `${JSON.stringify(rule)} ${zone} ${new Date(naive).toISOString()}`;

describe('P7 §6: series', () => {
  it('S-36 S-37 S-38 S-39 S-42 are what walking the calendar day by day finds', () => {
    const roll = seeded(17);
    let cases = 0;
    let ended = 0;
    for (let n = 0; n < 1_500; n += 1) {
      const one = series(roll);
      const expected = walked(one.rule, one.naive, oracles.get(one.zone)!);
      let at = Number.NEGATIVE_INFINITY;
      let after = FROM - 400 * DAY;
      for (const due of expected.slice(0, 25)) {
        at = occurrenceAfter(one.rule, one.anchor, one.zone, after) ?? Number.NaN;
        expect(at, said(one)).toBe(due);
        expect(latestOccurrence(one.rule, one.anchor, one.zone, at), said(one)).toBe(at);
        after = at;
        cases += 1;
      }
      if (expected.length > 25 || one.rule.endDate === undefined) continue;
      ended += 1;
      expect(occurrenceAfter(one.rule, one.anchor, one.zone, after), said(one)).toBeUndefined();
      expect(latestOccurrence(one.rule, one.anchor, one.zone, TO), said(one)).toBe(expected.at(-1));
    }
    console.log(`${cases} occurrences of 1500 series, ${ended} of them seen to end, 0 differences`);
    expect(cases).toBeGreaterThan(15_000);
    expect(ended).toBeGreaterThan(100);
  });

  it('R3 from any instant, the next and the latest are neighbours in the series', () => {
    const roll = seeded(19);
    let cases = 0;
    for (let n = 0; n < 1_500; n += 1) {
      const one = series(roll);
      const expected = walked(one.rule, one.naive, oracles.get(one.zone)!);
      const instants = [...Array.from({ length: 4 }, () => FROM + roll.between(0, 600 * DAY)), expected[1] ?? FROM];
      for (const now of instants.flatMap((at) => [at, at - 1])) {
        const next = expected.find((at) => at > now);
        if (next === undefined && one.rule.endDate === undefined) continue;
        expect(occurrenceAfter(one.rule, one.anchor, one.zone, now), `${said(one)} ${now}`).toBe(next);
        expect(latestOccurrence(one.rule, one.anchor, one.zone, now), `${said(one)} ${now}`).toBe(
          expected.findLast((at) => at <= now),
        );
        cases += 1;
      }
    }
    console.log(`${cases} instants, 0 differences`);
    expect(cases).toBeGreaterThan(8_000);
  });

  it("S-42 every-1 series are croner's, where a cron expression can say them", () => {
    const roll = seeded(23);
    let cases = 0;
    const differing: string[] = [];
    for (let n = 0; n < 1_000; n += 1) {
      const any = series(roll);
      const { minute, hour, day } = any.anchor;
      // Cron has no clamping, no weeks, no seconds of an anchor that is not listed.
      const rule: Rule = { ...any.rule, repeatEvery: 1, days: any.rule.every === 'weekly' ? any.rule.days : [] };
      if (rule.every === 'monthly' && day > 28) continue;
      // Where the gap ends at midnight, croner drops the day (wall-clock.test.ts).
      if (oracles.get(any.zone)?.changes.some(endsOnOtherDate)) continue;
      const weekday = new Date(any.naive).getUTCDay();
      if (rule.every === 'weekly' && rule.days.length > 0 && !rule.days.includes(weekday)) continue;
      const days = rule.days.length > 0 ? rule.days.join(',') : weekday;
      const last = { daily: '* * *', weekly: `* * ${days}`, monthly: `${day} * *` }[rule.every];
      const cron = new Cron(`0 ${minute} ${hour} ${last}`, { timezone: any.zone });
      const end = rule.endDate === undefined ? TO : Date.parse(`${rule.endDate}T00:00:00Z`) + DAY;
      let at = occurrenceAfter(rule, any.anchor, any.zone, FROM - 400 * DAY);
      for (let step = 0; step < 10 && at !== undefined; step += 1) {
        const theirs = cron.nextRun(new Date(at))?.getTime();
        const ours = occurrenceAfter(rule, any.anchor, any.zone, at);
        if (ours !== undefined && ours !== theirs)
          differing.push(`${said({ ...any, rule })} ${new Date(ours).toISOString()}`);
        if (ours === undefined) expect(theirs, 'the series ended early').toBeGreaterThan(end - 2 * DAY);
        cases += 1;
        at = ours;
      }
    }
    console.log(`${cases} occurrences asked of croner, ${differing.length} differences`);
    for (const line of differing.slice(0, 10)) console.log(`  ${line}`);
    expect(differing).toEqual([]);
    expect(cases).toBeGreaterThan(5_000);
  });
});
