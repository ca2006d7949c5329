/**
 * Which footer a message carries on the socket (contract messages §1.5). The branding footer comes from the settings.
 *
 *  FO1  Plain text gets only the branding footer, appended once, byte for byte (C-56). Its own footer is ignored.
 */

/** The longest footer field of an interactive message, in characters. */
const FOOTER_FIELD = 60;

/** FO1. The app's dispatchers may have appended the same footer already. */
export function withBranding(text: string, branding: string): string {
  const end = `\n\n_${branding}_`;
  return branding === '' || text.endsWith(end) ? text : text + end;
}

/** Buttons: the request's own, else the branding footer cut to the field. */
export const footerField = (own: string, branding: string): string => own || cutTo(branding, FOOTER_FIELD);

/** At most `limit` characters, never half an emoji. */
export function cutTo(text: string, limit: number): string {
  return text.length <= limit ? text : [...text].slice(0, limit).join('');
}

/** For a vendor that may count an emoji twice: at most `limit` units of UTF-16, never half an emoji. */
export function cutToUnits(text: string, limit: number): string {
  return text.slice(0, limit).replace(/[\uD800-\uDBFF]$/, '');
}
