/**
 * Nodes that bring somebody else in: a copy to another number, a call by the app's assistant, a way to Instagram (contract
 * flows §2.4). None of them holds the flow up.
 */
import type { Content } from '../../../content/content.ts';
import { firstText, textOf } from '../../../content/loose.ts';
import { extractDigits } from '../../../phone.ts';
import { missing } from '../checks.ts';
import { mediumOf, mediumWith, textContents } from '../medium.ts';
import type { NodeContext, NodeKind, NodeResult } from '../node.ts';
import { whyNot } from '../told.ts';

const GO_ON: NodeResult = { kind: 'next', port: 1 };

export const notifyNumber: NodeKind = {
  types: ['NotifyNumber'],
  run: async (context) => {
    const { node, vars, send, warn } = context;
    const to = extractDigits(vars.fill(firstText(node.fields, 'copyNumber')));
    if (to === undefined) warn('a notify node of the flow has no number, passed');
    else
      for (const content of copyOf(context)) {
        const { kind } = await send(content, { to });
        if (kind === 'failed') warn('a copy of the flow could not be sent');
      }
    return GO_ON;
  },
  check: (node) => missing(node, 'error', 'copyNumber'),
};

function copyOf(context: NodeContext): readonly Content[] {
  const { node, vars, lastSent } = context;
  const { fields } = node;
  if (firstText(fields, 'source').toLowerCase() !== 'custom') return lastSent ? [lastSent] : [];
  const text = vars.fill(textOf(fields['text']));
  if (firstText(fields, 'kind').toLowerCase() === 'text') return textContents(text);
  const medium = mediumOf(context, firstText(fields, 'mediaKind').toLowerCase(), {
    ...{ url: firstText(fields, 'mediaUrl'), name: firstText(fields, 'mediaFilename'), mime: '' },
  });
  return medium ? mediumWith(medium, vars.fill(textOf(fields['mediaCaption'])) || text) : textContents(text);
}

export const aiCall: NodeKind = {
  types: ['AiCall'],
  run: async ({ node, session, app, once, warn }) => {
    const request = {
      ...(session.workspace !== undefined && { workspace_id: session.workspace }),
      to: session.customer,
      assistant_id: firstText(node.fields, 'assistantId'),
      ...(session.conversation !== undefined && { conversation_id: session.conversation }),
      device_phone: session.device,
    };
    const answer = await once(() => app.placeAiCall(request));
    if (answer.kind !== 'ok') warn(`a call of the flow could not be placed: ${whyNot(answer)}`);
    return GO_ON;
  },
  check: (node) => missing(node, 'warning', 'assistantId'),
};

export const waToInstagram: NodeKind = {
  types: ['WaToInstagram'],
  run: async ({ node, vars, send, warn }) => {
    const name = vars.fill(firstText(node.fields, 'igUsername')).trim().replace(/^@/, '');
    const intro = vars.fill(textOf(node.fields['introText'])).trim();
    if (name === '') {
      warn('an Instagram node of the flow has no name, passed');
      return GO_ON;
    }
    const text = [intro, `https://ig.me/m/${encodeURIComponent(name)}`].filter((line) => line !== '').join('\n');
    if ((await send({ kind: 'text', text })).kind === 'failed') warn('a text of the flow could not be sent');
    return GO_ON;
  },
  check: (node) => missing(node, 'error', 'igUsername'),
};
