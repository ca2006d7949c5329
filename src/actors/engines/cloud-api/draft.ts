/**
 * One message of the Cloud API before its media is there, and the two plainest: text and media (facts/cloud-api.md §2.1).
 */
import type { Media } from '../../../content/content.ts';
import { cutToUnits } from '../../../content/footer.ts';

/** One message: `type` and the object named so. */
export type Draft = {
  readonly type: string;
  readonly part: object;
  /**
   * `part`: the message is this medium. `header`: it stands above the body; `optional`: without it where it cannot be had.
   * `component`: it is a template's header.
   */
  readonly media?:
    | { readonly at: 'part'; readonly media: Media; readonly caption: string }
    | { readonly at: 'header'; readonly media: Media; readonly optional?: true }
    | { readonly at: 'component'; readonly media: Media };
};

export type Drafted =
  | { readonly kind: 'drafts'; readonly drafts: readonly Draft[] }
  /** `why` is for the app. */
  | { readonly kind: 'unsupported' | 'request wrong'; readonly why: string };

const MAX_TEXT = 4_096;
export const MAX_CAPTION = 1_024;

export const drafts = (...list: readonly Draft[]): Drafted => ({ kind: 'drafts', drafts: list });
export const wrong = (why: string): Drafted => ({ kind: 'request wrong', why });
export const tooLong = (what: string, limit: number): string =>
  `WhatsApp Cloud API takes at most ${limit} characters in ${what}`;

/** Parts of interactive messages: a title and a footer are cut, and Meta always wants a body (contract messages §9). */
const FIELD = 60;
export const headerOf = (title: string) =>
  title === '' ? {} : { header: { type: 'text', text: cutToUnits(title, FIELD) } };
export const bodyOf = (text: string) => ({ body: { text: text || ' ' } });
export const footerOf = (text: string) => (text === '' ? {} : { footer: { text: cutToUnits(text, FIELD) } });

export function textOf(body: string): Drafted {
  if (body.trim() === '') return wrong('WhatsApp Cloud API takes no empty text');
  if (body.length > MAX_TEXT) return wrong(tooLong('a text', MAX_TEXT));
  return drafts({ type: 'text', part: { preview_url: false, body } });
}

/** A caption where none fits follows as text. */
export function mediaOf(media: Media, caption: string): Drafted {
  const fits = media.type !== 'audio' && media.type !== 'sticker' && caption.length <= MAX_CAPTION;
  const own = fits ? caption : '';
  const { type, part } = mediaPart(media, own);
  const draft: Draft = { type, part, media: { at: 'part', media, caption: own } };
  return fits || caption.trim() === '' ? drafts(draft) : joined([drafts(draft), textOf(caption)]);
}

/** Without its link or id. Audio that was taken for something else until its bytes came keeps its caption as a document. */
export function mediaPart(media: Pick<Media, 'type' | 'fileName' | 'voice'>, caption: string) {
  const type = media.type === 'audio' && caption !== '' ? 'document' : media.type;
  const part = {
    ...(caption !== '' && { caption }),
    ...(type === 'document' && { filename: media.fileName ?? 'file' }),
    ...(type === 'audio' && media.voice && { voice: true }),
  };
  return { type, part };
}

export function joined(parts: readonly Drafted[]): Drafted {
  const list: Draft[] = [];
  for (const part of parts) {
    if (part.kind !== 'drafts') return part;
    list.push(...part.drafts);
  }
  return { kind: 'drafts', drafts: list };
}
