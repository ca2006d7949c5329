/**
 * Phone numbers and the two WhatsApp identities (facts: phone JID `<digits>@s.whatsapp.net`, LID `<digits>@lid`).
 * Keys and folders always use bare digits; nothing else ever reaches a path or a map key (C-01, C-05).
 */

/** Bare digits, 6-20 of them, no plus sign. Only `parseDigits` makes one. */
export type Digits = string & { readonly __brand: 'Digits' };

/** `:phone` of the contract: digits with an optional leading plus, 6-20 digits; anything else is undefined. */
export function parseDigits(input: string): Digits | undefined {
  const match = /^\+?([0-9]{6,20})$/.exec(input);
  return match ? (match[1] as Digits) : undefined;
}

/** Digits of a free-form phone (`+55 (11) 9…`): everything else is stripped. Undefined unless 6-20 remain. */
export function extractDigits(input: string): Digits | undefined {
  return parseDigits(input.replace(/[^0-9]/g, ''));
}

export type Identity = { readonly pn?: Digits; readonly lid?: string };

/** `55…:7@s.whatsapp.net` → `{user, server}`; the device part and Baileys' agent part are dropped. Undefined for a string without a server. */
export function splitJid(jid: string): { user: string; server: string } | undefined {
  const at = jid.indexOf('@');
  if (at <= 0) return undefined;
  const user = jid.slice(0, at).split(':')[0]?.split('_')[0] ?? '';
  return { user, server: jid.slice(at + 1) };
}

export const phoneJid = (digits: string): string => `${digits}@s.whatsapp.net`;
export const lidJid = (lid: string): string => `${lid}@lid`;

/** `@s.whatsapp.net`, `@c.us` and `@hosted` are phone identities. */
export function phoneOfJid(jid: string): Digits | undefined {
  const parts = splitJid(jid);
  if (!parts || !['s.whatsapp.net', 'c.us', 'hosted'].includes(parts.server)) return undefined;
  return parseDigits(parts.user);
}

/** `@lid` and `@hosted.lid` are LIDs: digits that are not a phone number. */
export function lidOfJid(jid: string): string | undefined {
  const parts = splitJid(jid);
  return parts && (parts.server === 'lid' || parts.server === 'hosted.lid') ? parts.user : undefined;
}

/**
 * Every way one person's number is written (facts/numbers-and-lid §2): Brazil's ninth digit, Mexico's 1,
 * Argentina's 9. For matching only, never for sending without asking WhatsApp. The input comes first.
 */
export function variants(digits: string): string[] {
  const brazil = /^55(\d{2})(9?)([6-9]\d{7})$/.exec(digits);
  if (brazil) return both(digits, `55${brazil[1]}${brazil[3]}`, `55${brazil[1]}9${brazil[3]}`);
  const argentina = /^54(9?)(\d{10})$/.exec(digits);
  if (argentina) return both(digits, `54${argentina[2]}`, `549${argentina[2]}`);
  const mexico = /^52(1?)(\d{10})$/.exec(digits);
  if (mexico) return both(digits, `52${mexico[2]}`, `521${mexico[2]}`);
  return [digits];
}

/** True when two numbers are the same person's by the variant rules. */
export const samePhone = (a: string, b: string): boolean => a === b || variants(a).includes(b);

function both(own: string, a: string, b: string): string[] {
  return own === a ? [a, b] : [b, a];
}

/** For logs: the last four digits only (P11). */
export const maskPhone = (digits: string): string => `…${digits.slice(-4)}`;
