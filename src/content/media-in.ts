/**
 * The media of a content, wherever it stands, so that a job can fetch each once and give every recipient the same bytes
 * (contract settings §6).
 *
 *  MI1  `mediaIn` and `withMedia` know the same places: what the one lists, the other replaces.
 */
import type { Content, Media, MediaSource } from './content.ts';

/** In the order of the message. */
export function mediaIn(content: Content): MediaSource[] {
  const sources: MediaSource[] = [];
  withMedia(content, (from) => {
    sources.push(from);
    return from;
  });
  return sources;
}

export function withMedia(content: Content, replace: (from: MediaSource) => MediaSource): Content {
  const replaced = (media: Media): Media => ({ ...media, from: replace(media.from) });
  switch (content.kind) {
    case 'media':
      return { ...content, media: replaced(content.media) };
    case 'buttons':
    case 'template':
      return content.header ? { ...content, header: replaced(content.header) } : content;
    case 'carousel': {
      const cards = content.cards.map((card) => (card.image ? { ...card, image: replaced(card.image) } : card));
      return { ...content, cards };
    }
    default:
      return content;
  }
}
