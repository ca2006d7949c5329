/**
 * Addresses: phone numbers (PN), opaque ids (LID), devices.
 *
 * Owns: the one mapping between a phone number and its LID.
 * Invariants:
 *   A1 the LID of a number is always the same, and a number can be found by its LID alone;
 *   A2 no LID is numerically equal to a number in use (the client's `areJidsSameUser` ignores the server part);
 *   A3 a LID does not contain the number's digits, so that a search for leaked numbers is not misled.
 * Does not: know whether somebody exists (`people.ts`).
 */

export type Addressing = 'pn' | 'lid';

export interface Address {
  readonly phone: string;
  readonly device: number;
  readonly addressing: Addressing;
}

/** The service's own address. */
export const SERVER = '@s.whatsapp.net';

const JID = /^(\d{1,20})(?::(\d{1,3}))?@(s\.whatsapp\.net|c\.us|lid)$/;

/** No country code begins with 99 and has numbers of this length. */
const LID_PREFIX = '99';

/** x -> a*x + b modulo a power of ten: a bijection, undone with the inverse of a. */
const SCRAMBLE = [13, 15].map((digits) => {
  const modulus = 10n ** BigInt(digits);
  const factor = 6_364_136_223_879n % modulus;
  return { digits, modulus, factor, inverse: inverseOf(factor, modulus), offset: 1_442_695_040_887n };
});

export function lidOf(phone: string): string {
  const { digits, modulus, factor, offset } = scrambleFor(phone.length);
  const mixed = (BigInt(phone) * factor + offset) % modulus;
  return LID_PREFIX + mixed.toString().padStart(digits, '0');
}

export function phoneOfLid(lid: string): string {
  const { modulus, inverse, offset } = scrambleFor(lid.length - LID_PREFIX.length);
  const mixed = BigInt(lid.slice(LID_PREFIX.length));
  return ((((mixed - offset + modulus) % modulus) * inverse) % modulus).toString();
}

export function pnJid(phone: string, device = 0): string {
  return `${phone}${device === 0 ? '' : `:${device}`}@s.whatsapp.net`;
}

export function lidJid(phone: string, device = 0): string {
  return `${lidOf(phone)}${device === 0 ? '' : `:${device}`}@lid`;
}

export function jidFor(addressing: Addressing, phone: string, device = 0): string {
  return addressing === 'lid' ? lidJid(phone, device) : pnJid(phone, device);
}

/** Whom a jid means; undefined for groups, the server and anything else. */
export function parseJid(jid: string | undefined): Address | undefined {
  const match = JID.exec(jid ?? '');
  if (match === null) return undefined;
  const [, user = '', device = '0', server] = match;
  if (server !== 'lid') return { phone: user, device: Number(device), addressing: 'pn' };
  if (!user.startsWith(LID_PREFIX)) return undefined;
  return { phone: phoneOfLid(user), device: Number(device), addressing: 'lid' };
}

function scrambleFor(length: number) {
  const found = SCRAMBLE.find(({ digits }) => length <= digits);
  if (found === undefined) throw new RangeError('a phone number has at most 15 digits');
  return found;
}

function inverseOf(value: bigint, modulus: bigint): bigint {
  let [previous, current] = [modulus, value];
  let [before, now] = [0n, 1n];
  while (current !== 0n) {
    const quotient = previous / current;
    [previous, current] = [current, previous - quotient * current];
    [before, now] = [now, before - quotient * now];
  }
  return ((before % modulus) + modulus) % modulus;
}
