/**
 * The parts of a job's message → neutral content, with header and footer where the contract's table has them for this origin
 * and engine (contract bulk §2.4).
 *
 *  LY1  A header is a bold line above the body (S-23), but for the title of a broadcast's cards on the linked device.
 *  LY2  A footer has its own field under buttons and cards, except in campaigns: there it is an italic line. On the linked
 *       device it is plain text otherwise, for providers an italic line. A field without buttons might not be shown at all, so
 *       a schedule's text template has an italic line as well.
 *  LY3  Nothing is added that nobody wrote: empty texts stay empty or are left out.
 */
import { MAX_TEXT, type Made } from '../../content/body.ts';
import type { Button, Card, Content, Media } from '../../content/content.ts';
import type { EngineName } from '../../content/engine-choice.ts';
import type { LocationContent } from '../../content/location.ts';
import type { Dialect } from '../../content/placeholders.ts';
import { NO_CONTENT } from './failures.ts';

/** Each has its own placeholders and its own look. */
export type Origin = Dialect;

export type Parts = {
  readonly header: string;
  readonly body: string;
  readonly footer: string;
  readonly buttons: readonly Button[];
  readonly media?: Media;
  readonly cards?: readonly Card[];
  /** A second message. */
  readonly location?: LocationContent;
};

export const failed = (why: string): Made => ({ kind: 'invalid', why });

/** The location is the message when there is nothing else. */
export function laidOut(parts: Parts, origin: Origin, engine: EngineName): Made {
  const { location } = parts;
  const [content, ...more] = messages(parts, origin, engine);
  if (!content) return location ? { kind: 'made', content: location, followUps: [] } : failed(NO_CONTENT);
  const texts = [content, ...more].map((message) => (message.kind === 'text' ? message.text : ''));
  if (texts.some((text) => text.length > MAX_TEXT)) return failed(`Message longer than ${MAX_TEXT} characters`);
  return { kind: 'made', content, followUps: location ? [...more, location] : more };
}

function messages(parts: Parts, origin: Origin, engine: EngineName): Content[] {
  const { header, body, footer, buttons, media, cards } = parts;
  const text = blocks(bold(header), body);
  if (cards) {
    const keepsTitle = origin === 'broadcast' && engine === 'baileys';
    const above = keepsTitle ? { title: header.trim(), body } : { title: '', body: text };
    const hasField = origin !== 'campaign' && engine === 'baileys';
    if (hasField) return [{ kind: 'carousel', ...above, footer, cards }];
    return [{ kind: 'carousel', ...above, body: blocks(above.body, italic(footer)), footer: '', cards }];
  }
  if (buttons.length > 0) {
    const hasField = origin !== 'campaign';
    const whole = hasField ? text : blocks(text, italic(footer));
    const field = hasField ? footer : '';
    const above = media && { header: media.type === 'audio' ? { ...media, type: 'document' as const } : media };
    return [{ kind: 'buttons', body: whole, title: '', subtitle: '', footer: field, buttons, ...above }];
  }
  const isItalic = origin === 'campaign' || engine !== 'baileys' || (origin === 'schedule' && !media);
  const whole = blocks(text, isItalic ? italic(footer) : footer);
  if (media) return captioned(media, whole);
  return whole === '' ? [] : [{ kind: 'text', text: whole }];
}

/** Audio shows no caption on WhatsApp: the text follows (contract messages §4). */
export function captioned(media: Media, caption: string): [Content, ...Content[]] {
  if (media.type !== 'audio') return [{ kind: 'media', media, caption }];
  const spoken: Content[] = caption.trim() === '' ? [] : [{ kind: 'text', text: caption }];
  return [{ kind: 'media', media, caption: '' }, ...spoken];
}

const marked = (mark: string, text: string): string => (text.trim() === '' ? '' : mark + text.trim() + mark);
const bold = (text: string): string => marked('*', text);
const italic = (text: string): string => marked('_', text);
const blocks = (...parts: readonly string[]): string => parts.filter((part) => part.trim() !== '').join('\n\n');
