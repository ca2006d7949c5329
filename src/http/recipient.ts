/**
 * Who receives a message: `targetJid` when acceptable, else the digits of `targetPhoneNumber` (contract messages §1.1).
 *
 *  RC1  What leaves here is `<digits>@s.whatsapp.net`, `<digits>@lid` or `<digits>[-<digits>]@g.us`, nothing else.
 *
 * Deliberately not here: replacing a LID by its phone number (the engine knows the mapping).
 */
import { extractDigits, lidJid, phoneJid, splitJid } from '../phone.ts';

export type RecipientFields = { readonly targetJid: string; readonly targetPhoneNumber: string };

/** The recipient's JID, or undefined when neither field names one. */
export function recipientOf({ targetJid, targetPhoneNumber }: RecipientFields): string | undefined {
  return jidOf(targetJid.trim()) ?? phoneOf(targetPhoneNumber);
}

/** The group of `group_jid`; without `@g.us` its digits and dashes are taken (contract messages §7). */
export function groupOf(groupJid: string): string | undefined {
  const text = groupJid.trim();
  const jid = jidOf(text.includes('@') ? text : `${text.replace(/[^\d-]/g, '')}@g.us`);
  return jid?.endsWith('@g.us') ? jid : undefined;
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
