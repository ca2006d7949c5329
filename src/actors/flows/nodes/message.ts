/**
 * Messages that expect no answer: replies one after the other, and media (contract flows §2.4).
 *
 *  ME1  Media go by their address, so that the guard of media sources applies on every engine (F-32).
 *  ME2  A caption reaches the customer: under the medium, or after a medium that shows none.
 *  ME3  What has nothing to say is passed.
 */
import type { Content, MediaType } from '../../../content/content.ts';
import { firstText, isObject, listOf, textOf } from '../../../content/loose.ts';
import { knownMime, lastSegment, mimeOfName, typeOfMime } from '../../../content/mime.ts';
import { missing } from '../checks.ts';
import type { NodeContext, NodeKind } from '../node.ts';

/** After each reply (contract flows §11). */
const PAUSE_MS = 1_000;

export const message: NodeKind = {
  types: ['Message'],
  run: async (context) => {
    const { node, vars, pause } = context;
    for (const reply of (listOf(node.fields['flowReplies']) ?? []).filter(isObject)) {
      const kind = firstText(reply, 'flowReplyType').toLowerCase();
      const contents =
        kind === 'text' || kind === ''
          ? texts(vars.fill(textOf(reply['data'])))
          : mediaContents(context, kind, {
              url: firstText(reply, 'data'),
              caption: textOf(reply['caption']),
              name: firstText(reply, 'filename'),
              mime: firstText(reply, 'mimetype'),
            });
      await sendAll(context, contents);
      if (contents.length > 0) await pause(PAUSE_MS);
    }
    return { kind: 'next', port: 1 };
  },
  check: (node) => {
    const replies = listOf(node.fields['flowReplies']) ?? [];
    return replies.length === 0 ? missing(node, 'warning', 'flowReplies') : [];
  },
};

export const media: NodeKind = {
  types: ['Media'],
  run: async (context) => {
    const { fields } = context.node;
    const contents = mediaContents(context, firstText(fields, 'mediaKind').toLowerCase(), {
      url: firstText(fields, 'mediaUrl'),
      caption: textOf(fields['mediaCaption']),
      name: firstText(fields, 'mediaFilename'),
      mime: firstText(fields, 'mediaMimetype'),
    });
    await sendAll(context, contents);
    return { kind: 'next', port: 1 };
  },
  check: (node) => missing(node, 'warning', 'mediaUrl'),
};

async function sendAll({ send, warn }: NodeContext, contents: readonly Content[]): Promise<void> {
  for (const content of contents) {
    const { kind } = await send(content);
    if (kind === 'failed') warn(`a ${content.kind} of the flow could not be sent`);
  }
}

type Given = { readonly url: string; readonly caption: string; readonly name: string; readonly mime: string };

const texts = (text: string): Content[] => (text.trim() === '' ? [] : [{ kind: 'text', text }]);

/** ME1, ME2; nothing without an address. */
function mediaContents({ vars, appUrl }: NodeContext, kind: string, given: Given): Content[] {
  const address = vars.fill(given.url).trim();
  const caption = vars.fill(given.caption);
  if (address === '') return [];
  const url = /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `${appUrl}/${address.replace(/^\/+/, '')}`;
  const type = typeOf(kind);
  const fileName = vars.fill(given.name).trim() || lastSegment(url) || 'file';
  const named = mimeOfName(fileName) || mimeOfName(url);
  const mime = (type === 'document' && knownMime(given.mime)) || (typeOfMime(named) === type ? named : UNNAMED[type]);
  const medium = { type, from: { kind: 'url', url }, mime, ...(type === 'document' && { fileName }) } as const;
  const shows = type !== 'audio';
  return [{ kind: 'media', media: medium, caption: shows ? caption : '' }, ...(shows ? [] : texts(caption))];
}

type Kind = Exclude<MediaType, 'sticker'>;

/** The author's word for it stands, whatever the server says; only the MIME type is left to the download. */
const UNNAMED: Readonly<Record<Kind, string>> = {
  image: 'application/octet-stream',
  video: 'application/octet-stream',
  audio: 'audio/mpeg',
  document: 'application/octet-stream',
};

const typeOf = (kind: string): Kind => (kind === 'image' || kind === 'video' || kind === 'audio' ? kind : 'document');
