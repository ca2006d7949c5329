/**
 * Kinds of fields as the app validates them.
 *
 * The app's middleware turns `""` into null before it validates (README §3): fine for nullable fields, fatal for
 * required ones. Lengths count characters, not UTF-16 units.
 */

import { z } from 'zod';

export const text = (max: number) =>
  z.string('must be a string').refine((value) => fits(value, max), `longer than ${max} characters`);
export const required = (max: number) => text(max).min(1, 'required');
export const optional = <T extends z.ZodType>(type: T) =>
  z.preprocess((value) => (value === '' ? null : value), type.nullish());
export const digits = (max: number) => required(max).regex(/^\d+$/, 'must be bare digits');
export const moment = z.iso.datetime({ offset: true, error: 'must be an ISO date' });
export const whole = z.int('must be a whole number');
export const word = (...words: string[]) => z.enum(words, `must be one of ${words.join(', ')}`);

function fits(value: string, max: number): boolean {
  return value.length <= max || (value.length <= max * 2 && [...value].length <= max);
}
