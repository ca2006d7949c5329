/**
 * Who receives a message: `targetJid` when acceptable, else the digits of `targetPhoneNumber` (contract messages §1.1).
 *
 *  RC1  What leaves here is `<digits>@s.whatsapp.net`, `<digits>@lid` or `<digits>[-<digits>]@g.us`, nothing else.
 *
 * Deliberately not here: replacing a LID by its phone number (the engine knows the mapping).
 */
import { extractDigits, lidJid, phoneJid, splitJid } from '../phone.ts';

/** The recipient's JID, or undefined when neither field names one. */
export function recipientOf(targetJid: string, targetPhoneNumber: string): string | undefined {
  return jidOf(targetJid.trim()) ?? phoneOf(targetPhoneNumber);
}

function jidOf(jid: string): string | undefined {
  const { user, server } = splitJid(jid) ?? { user: '', server: '' };
  switch (server) {
    case 's.whatsapp.net':
      return /^\d{6,20}$/.test(user) ? phoneJid(user) : undefined;
    case 'lid':
      return /^\d{1,20}$/.test(user) ? lidJid(user) : undefined;
    case 'g.us':
      return /^\d{5,32}(?:-\d{5,20})?$/.test(user) ? `${user}@g.us` : undefined;
    default:
      return undefined;
  }
}

function phoneOf(phone: string): string | undefined {
  const digits = extractDigits(phone);
  return digits === undefined ? undefined : phoneJid(digits);
}
