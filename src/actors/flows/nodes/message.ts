/**
 * Messages that expect no answer: replies one after the other, and media (contract flows §2.4).
 *
 *  ME1  Media go by their address, so that the guard of media sources applies on every engine (F-32).
 *  ME2  A caption reaches the customer (medium.ts MM3), and is no message of its own for a copy to another number.
 *  ME3  What has nothing to say is passed.
 */
import type { Content } from '../../../content/content.ts';
import { firstText, isObject, listOf, textOf } from '../../../content/loose.ts';
import { missing } from '../checks.ts';
import { mediumOf, mediumWith, textContents } from '../medium.ts';
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
          ? textContents(vars.fill(textOf(reply['data'])))
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
  for (const [place, content] of contents.entries()) {
    const { kind } = await send(content, place > 0 ? { isCaption: true } : undefined);
    if (kind === 'failed') warn(`a ${content.kind} of the flow could not be sent`);
  }
}

type Given = Parameters<typeof mediumOf>[2] & { readonly caption: string };

/** ME1, ME2; nothing without an address. */
function mediaContents(context: NodeContext, kind: string, { caption, ...given }: Given): readonly Content[] {
  const medium = mediumOf(context, kind, given);
  return medium ? mediumWith(medium, context.vars.fill(caption)) : [];
}
