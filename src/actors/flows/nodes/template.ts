/**
 * Template (contract flows §10.4): Meta's own message on Cloud API, approved content on Twilio, else the rendered text with
 * its buttons.
 *
 *  TE1  What the customer reads is always whole: header, body and footer with their values filled in (F-10).
 *  TE2  A tap on a quick reply comes back as `p<j>`, j counting the quick replies from 0, whatever the engine; port j + 1.
 *  TE3  It waits only when a quick reply leads somewhere; then one that could not be sent ends the session (F-27).
 *  TE4  A language that Meta does not have is replaced by one that it has approved, then by English, then by the base.
 *
 * Deliberately not here: what its placeholders stand for (template-parts.ts).
 */
import type { Content, MetaTemplate } from '../../../content/content.ts';
import { type Fields, firstText } from '../../../content/loose.ts';
import { contentTemplateOf } from '../../../content/templates.ts';
import { missing, unwired } from '../checks.ts';
import type { Flow, FlowNode } from '../definition.types.ts';
import { menuMatch, menuWait } from '../menu.ts';
import type { NodeContext, NodeKind, SendOptions, Sent } from '../node.ts';
import { componentsOf, freeContent, type Parts, partsOf, quickReplies, shownOf, slotsOf } from '../template-parts.ts';

const DEFAULT_LANGUAGE = 'en_US';
/** A template that exists, though not in this language. */
const NO_SUCH_LANGUAGE = /^132001\b/;
const MAX_LANGUAGES = 6;

export const template: NodeKind = {
  types: ['Template'],
  run: async (context) => {
    const { node, warn } = context;
    const parts = partsOf(context);
    if (parts.body.trim() === '') return { kind: 'next', port: 1 };
    const sent = await sendIt(context, parts);
    if (waits(node, context.flow)) {
      if (sent.kind === 'failed') return { kind: 'abort', why: 'its prompt could not be sent' };
      return { kind: 'wait', wait: menuWait(node, parts.replies) };
    }
    if (sent.kind === 'failed') warn('a template of the flow could not be sent');
    return { kind: 'next', port: 1 };
  },
  match: menuMatch,
  menu: (scene) => {
    const parts = partsOf(scene);
    return parts.replies.length === 0 ? undefined : menuWait(scene.node, parts.replies);
  },
  waits,
  check: (node, flow) => {
    const replies = quickReplies(node.fields).map(({ text }, j) => [j + 1, `Quick reply ${text}`] as const);
    return [
      ...missing(node, 'error', 'templateBody'),
      ...(waits(node, flow) ? unwired(node, flow, new Map(replies)) : []),
    ];
  },
};

/** TE3. `out` has the port of the first quick reply; only the builder's name tells them apart. */
function waits({ id, fields }: FlowNode, { edges }: Flow): boolean {
  const ports = quickReplies(fields).length;
  return edges.some(({ from, port, handle }) => from === id && port >= 1 && port <= ports && handle !== 'out');
}

async function sendIt(context: NodeContext, parts: Parts): Promise<Sent> {
  const { node, session, send } = context;
  const options: SendOptions = { mirror: shownOf(node.fields, parts) };
  const name = firstText(node.fields, 'templateName');
  if (session.engine === 'waba' && name !== '' && firstText(node.fields, 'templateMetaId', 'templateId') !== '')
    return sendMetas(context, name, parts, options);
  const approved = session.engine === 'twilio' ? contentOf(node.fields, context) : undefined;
  return send(approved ?? freeContent(session.engine, parts), options);
}

const contentOf = (fields: Fields, context: NodeContext): Content | undefined =>
  contentTemplateOf(firstText(fields, 'contentSid'), Object.fromEntries(slotsOf(context)));

/** TE4 */
async function sendMetas(context: NodeContext, name: string, parts: Parts, options: SendOptions): Promise<Sent> {
  const { node, send, again, templateLanguages } = context;
  const first = firstText(node.fields, 'templateLanguage') || DEFAULT_LANGUAGE;
  const header = await headerOf(context, parts);
  const components = [...(header?.component ?? []), ...componentsOf(context)];
  const inLanguage = (code: string): Promise<Sent> => {
    const named: MetaTemplate = { name, language: { code }, ...(components.length > 0 && { components }) };
    return send({ kind: 'template', template: named, ...(header?.media && { header: header.media }) }, options);
  };
  const sent = await inLanguage(first);
  if (!isMissing(sent)) return sent;
  const approved = await again(() => templateLanguages(name));
  const others = [...(approved.kind === 'ok' ? approved.value : []), 'en_US', 'en', first.split('_')[0] ?? 'en'];
  for (const code of [...new Set(others)].filter((other) => other !== first).slice(0, MAX_LANGUAGES)) {
    const next = await inLanguage(code);
    if (!isMissing(next)) return next;
  }
  return sent;
}

const isMissing = (sent: Sent): boolean => sent.kind === 'failed' && NO_SUCH_LANGUAGE.test(sent.error);

/** The medium as the app has uploaded it at Meta, else its address. */
async function headerOf({ node, session, cloud, app, again }: NodeContext, { media }: Parts) {
  const id = firstText(node.fields, 'templateId');
  if (!media) return undefined;
  if (id === '') return { media };
  // Settings may change before the visit is repeated: an effect all the same (ND2).
  const uploaded = await again(async (): ReturnType<typeof app.templateHeaderMedia> => {
    if (!cloud) return { kind: 'refused', status: 0, error: 'no Cloud number' };
    const { phoneNumberId } = cloud;
    return app.templateHeaderMedia({ workspace: session.workspace, template: id, phoneNumberId });
  });
  if (uploaded.kind !== 'ok') return { media };
  return {
    component: [{ type: 'header', parameters: [{ type: media.type, [media.type]: { id: uploaded.value.mediaId } }] }],
  };
}
