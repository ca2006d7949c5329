/**
 * Links of a campaign that its app counts (contract bulk §4.1 `trackingEnabled`).
 *
 *  TK1  A link is rewritten once: what leads to the counter already stays.
 */

/** Closing punctuation and WhatsApp's own marks are not part of a link. */
const LINK = /https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}*_~]/gi;

export type Track = (url: string) => string;

/** Undefined when the contact has no id to count for. */
export function trackOf(appUrl: string, trackingId: string): Track | undefined {
  if (trackingId === '') return undefined;
  const counter = `${appUrl}/c/`;
  return (url) => {
    if (!/^https?:\/\//i.test(url) || url.startsWith(counter)) return url;
    // A plus sign would be read as a space.
    const target = Buffer.from(url).toString('base64').replaceAll('+', '%2B');
    return `${counter}${encodeURIComponent(trackingId)}?url=${target}`;
  };
}

export const trackedLinks = (text: string, track: Track): string => text.replace(LINK, (url) => track(url));
