/**
 * Where a job's media lies: attachments of templates, media of schedules and campaigns (contract bulk §2.3, schedules §1).
 *
 *  AT1  A medium that is announced and not there fails the recipient; the text never goes alone in its place (S-63).
 */
import type { Media, MediaType } from '../../content/content.ts';
import type { EngineName } from '../../content/engine-choice.ts';
import { type Fields, firstText, textOf } from '../../content/loose.ts';
import { mediaOf } from '../../content/media.ts';
import { lastSegment } from '../../content/mime.ts';

export type Attached =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'media'; readonly media: Media }
  | { readonly kind: 'missing'; readonly why: string };

/** What base64 without type and name is taken for, by the kind of message it is meant to become. */
const USUAL = { image: 'image/jpeg', video: 'video/mp4', audio: 'audio/mpeg', document: '' } as const;
type Declared = keyof typeof USUAL;

/** `attachment_*` of a template. */
export function attachmentOf(template: Fields): Attached {
  const said = firstText(template, 'attachment_type').toLowerCase();
  const declared = isDeclared(said) ? said : undefined;
  if (said !== '' && declared === undefined) return { kind: 'nothing' };
  const file = firstText(template, 'attachment_file');
  const place = firstText(template, 'attachment_url') || file;
  const fileName = lastSegment(file) || lastSegment(place);
  const media = mediaOf(
    {
      file_base64: template['attachment_base64'],
      file: place,
      filetype: firstText(template, 'attachment_mime'),
      fileName,
    },
    '',
  );
  if (media) return { kind: 'media', media: declared ? asDeclared(media, declared) : media };
  return declared ? { kind: 'missing', why: `the ${declared} of the template is not there` } : { kind: 'nothing' };
}

const isDeclared = (word: string): word is Declared => Object.hasOwn(USUAL, word);

/** An image may be sent as a document; otherwise what the bytes are decides, as soon as anybody knows. */
function asDeclared(media: Media, declared: Declared): Media {
  if (declared === 'document') {
    // Bytes of unknown type: the word keeps a download's own type from deciding the kind of message.
    return { ...media, type: 'document', mime: media.mime || 'application/octet-stream' };
  }
  if (media.mime !== '') return media;
  const type: MediaType = declared;
  return media.from.kind === 'base64' ? { ...media, type, mime: USUAL[declared] } : { ...media, type };
}

/** A URL, a path or a data URI. Undefined: nothing is named. */
export function mediaAt(value: unknown, fileName = ''): Media | undefined {
  const place = textOf(value).trim();
  const fields = /^data:/i.test(place) ? { file_base64: place } : { file: place };
  return mediaOf({ ...fields, fileName }, '');
}

const FOLDER = 'uploads/scheduled/';

/** `mediaUrl` of a schedule: a retry's may lack the folder it lies in (S-53). */
export function scheduledMediaOf(value: unknown, { appUrl, engine }: { appUrl: string; engine: EngineName }) {
  const media = mediaAt(value);
  if (media?.from.kind !== 'url') return media;
  const { url } = media.from;
  const at = /^https?:\/\/[^/?#]+(?:\/[^?#]*)?\/(?=[^/?#]+(?:[?#]|$))/i.exec(url)?.[0];
  if (at === undefined || at.endsWith(`/${FOLDER}`)) return media;
  const inserted = at + FOLDER + url.slice(at.length);
  const places = [media.from, { kind: 'url' as const, url: inserted }];
  // Twilio fetches it itself and takes one link only: of the app's own files the one that is right.
  const link = engine === 'twilio' && url.startsWith(`${appUrl}/`) ? { link: inserted } : {};
  return { ...media, ...link, from: { kind: 'first of' as const, places } };
}
