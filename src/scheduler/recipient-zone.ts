/**
 * Whose clock counts for a recipient (contract schedules §11, S-55): the zone written for the person, else that of the
 * number's country when the country has exactly one, else the job's.
 *
 * Countries come from libphonenumber's full data, which alone tells those apart that share a calling code; whether a
 * number is valid is not asked. The zones of a country come from the time zone data of Node. Zones that show the same
 * time (Germany has a second one for a village) count as one: what differs is their past.
 * Deliberately not here: LIDs, which look like numbers and are none; the caller knows which is which.
 */
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { textOf } from '../content/loose.ts';
import { DAY_MS, isoWithOffset, isZone } from './wall-clock.ts';

/** Two zones are the same clock when they agree on these days; rules repeat every year. */
const COMPARED_FROM = Date.UTC(2026, 0, 1);
const COMPARED_WEEKS = 53;

/** Empty text for a country that has no zone of its own, or several. */
const zones = new Map<string, string>();

export function zoneOf(phone: string, own: unknown, jobZone: string): string {
  const named = textOf(own).trim();
  if (isZone(named)) return named;
  const country = parsePhoneNumberFromString(`+${phone.replace(/[^0-9]/g, '')}`)?.country;
  return (country && onlyZoneOf(country)) || jobZone;
}

function onlyZoneOf(country: string): string {
  const known = zones.get(country);
  if (known !== undefined) return known;
  const [first, ...others] = zonesOf(country).filter(isZone);
  const only = first !== undefined && others.every((other) => isSameClock(first, other)) ? first : '';
  zones.set(country, only);
  return only;
}

/** Node has had both spellings; the types know neither. */
function zonesOf(country: string): readonly string[] {
  const locale: Intl.Locale & { getTimeZones?(): string[]; timeZones?: string[] } = new Intl.Locale(`und-${country}`);
  return locale.getTimeZones?.() ?? locale.timeZones ?? [];
}

function isSameClock(a: string, b: string): boolean {
  for (let week = 0; week < COMPARED_WEEKS; week += 1) {
    const at = COMPARED_FROM + week * 7 * DAY_MS;
    if (isoWithOffset(at, a) !== isoWithOffset(at, b)) return false;
  }
  return true;
}
