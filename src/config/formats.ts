/**
 * What a variable's value may look like: a parser for each kind, each with the sentence that says what it expected.
 *
 *  CF2  A problem says what is expected, never the value: values may be secrets (P11).
 *
 * Deliberately not here: which variable is of which kind (variables.ts).
 */
import { isAbsolute } from 'node:path';
import { z } from 'zod';

const BOOLEANS = new Map(
  Object.entries({ true: true, 1: true, yes: true, on: true, false: false, 0: false, no: false, off: false }),
);

export const text = z.string();
export const choice = <const T extends readonly string[]>(words: T) =>
  z
    .string()
    .toLowerCase()
    .pipe(z.enum(words, `expected one of ${words.join(', ')}`));
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `expected a whole number from ${min} to ${max}`);
export const flag = z
  .string()
  .toLowerCase()
  .refine((word) => BOOLEANS.has(word), 'expected true or false')
  .transform((word) => BOOLEANS.get(word) === true);
export const url = (...protocols: string[]) =>
  z
    .string()
    .refine((value) => protocols.includes(parseUrl(value)?.protocol ?? ''), `expected a URL (${protocols.join(' ')})`)
    .transform((value) => value.replace(/\/+$/, ''));

const listed = (value: string): string[] =>
  value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
/** Anything else the library would leave out without a word, and ask a public server instead. */
export const iceServers = (scheme: 'stun' | 'turn') =>
  text
    .transform(listed)
    .refine(
      (urls) => urls.every((url) => ICE_SERVER.exec(url)?.[1] === scheme),
      `expected ${scheme}:host:port, separated by commas`,
    );
const ICE_SERVER = /^(stun|turn)s?:(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?$/;
export const folders = text
  .transform(listed)
  .refine((all) => all.every(isAbsolute), 'expected absolute folders, separated by commas');
export const hosts = text
  .transform(listed)
  .refine((all) => all.every(isHost), 'expected host names (or host:port), separated by commas');

/** At least 16 bytes, and nothing that a decoder would silently skip. */
export function isBase64Key(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && Buffer.from(text, 'base64').length >= 16;
}

export const parseUrl = (value: string): URL | undefined => (URL.canParse(value) ? new URL(value) : undefined);

/** `host` or `host:port` and nothing more: no scheme, path or credentials. */
function isHost(entry: string): boolean {
  const url = parseUrl(`https://${entry}`);
  return (
    url !== undefined && url.pathname === '/' && url.search + url.hash + url.username === '' && !entry.endsWith('/')
  );
}

/** This machine only: the WHATWG parser has already normalised forms such as `127.1` and `0x7f000001`. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
