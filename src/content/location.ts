/**
 * Coordinates as the app sends them: numbers or text with seven decimals, under several names (contract messages §2, §5).
 *
 *  LO1  What is no point on earth is never sent (C-47): undefined, and the caller decides whether that is an error.
 */
import type { Content } from './content.ts';
import { cutTo } from './footer.ts';
import { type Fields, mapOf, numberOf, textOf } from './loose.ts';

export type LocationContent = Extract<Content, { kind: 'location' }>;

/** Longest name of a sent location, in characters (§5). */
const NAME = 200;

/** A `location` object (or its JSON text) of a message; undefined when there is none or it is no point (LO1). */
export function locationOf(value: unknown): LocationContent | undefined {
  const fields = mapOf(value);
  return fields && point(fields, textOf(fields['name']).trim(), textOf(fields['address']).trim());
}

/** The fields of send-location: `message` becomes name and address. */
export function namedLocationOf(fields: Fields): LocationContent | undefined {
  const name = cutTo(textOf(fields['message']).trim(), NAME);
  return point(fields, name, name);
}

function point(fields: Fields, name: string, address: string): LocationContent | undefined {
  const latitude = numberOf(fields['latitude'] ?? fields['lat']);
  const longitude = numberOf(fields['longitude'] ?? fields['lng'] ?? fields['lon']);
  const isOnEarth = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return isOnEarth ? { kind: 'location', latitude, longitude, name, address } : undefined;
}
