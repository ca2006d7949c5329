/**
 * Numbers that the app lists without their country code (contract schedules §12, bulk §2.1; S-24).
 *
 *  CO1  Only a number that is none as it stands is completed, and only when that makes it one. A code that it carries
 *       already is never put before it again. Nothing is ever refused or shortened for being unknown to the library.
 *
 * The library's full metadata: with the smaller ones more local numbers look like another country's.
 */
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';

/** What a listed number is sent to. `mobile`: the same contact's number without its code, as far as the app says. */
export function completed(digits: string, code: string, mobile: string): string {
  const carriesCode = mobile !== '' && digits === code + withoutTrunk(mobile);
  if (code === '' || carriesCode || validOf(digits) !== undefined) return digits;
  return validOf(code + digits) ?? digits;
}

/** `country_code` + `mobile`. */
export function composed(code: string, mobile: string): string {
  const carriesCode = code === '' || mobile.startsWith(code);
  if (carriesCode && validOf(mobile) !== undefined) return mobile;
  return validOf(code + mobile) ?? (carriesCode ? mobile : code + withoutTrunk(mobile));
}

/** A valid number in full, without the zero that is dialled inside its country. */
function validOf(digits: string): string | undefined {
  const number = parsePhoneNumberFromString(`+${digits}`);
  return number?.isValid() ? number.number.slice(1) : undefined;
}

/** Whether a number of this length can exist. */
export const isPossible = (digits: string): boolean => parsePhoneNumberFromString(`+${digits}`)?.isPossible() ?? false;

const withoutTrunk = (mobile: string): string => mobile.replace(/^0+/, '');
