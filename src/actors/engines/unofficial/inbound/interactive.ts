/**
 * What a customer tapped, and what an interactive message shows, as text (contract inbound §4). The visible text of a
 * button, list or quick reply is never empty: its label, else its id.
 */
import type { proto } from '@whiskeysockets/baileys';
import { z } from 'zod';
import type { Tap } from '../../../../app-client/inbound-content.ts';

/** Undefined when the message is no answer to buttons, lists or flows. In the order of contract flows §7.3. */
export function readTap(message: proto.IMessage): Tap | undefined {
  const { buttonsResponseMessage: button, listResponseMessage: list, templateButtonReplyMessage: template } = message;
  const flow = message.interactiveResponseMessage;
  if (flow) {
    const { id, display_text, title } = nativeFlowParams(flow.nativeFlowResponseMessage?.paramsJson);
    return tap(id, display_text || title || flow.body?.text, flow.contextInfo);
  }
  if (template) return tap(template.selectedId, template.selectedDisplayText, template.contextInfo);
  if (list) return tap(list.singleSelectReply?.selectedRowId, list.title, list.contextInfo);
  return button ? tap(button.selectedButtonId, button.selectedDisplayText, button.contextInfo) : undefined;
}

/** What the app is told of a tap: its label, else its id. */
export function textOfTap(message: proto.IMessage): string | undefined {
  const flow = message.interactiveResponseMessage;
  if (flow) {
    const { id, display_text, title } = nativeFlowParams(flow.nativeFlowResponseMessage?.paramsJson);
    return display_text || title || id || flow.body?.text || undefined;
  }
  const found = readTap(message);
  return found?.title || found?.id || undefined;
}

function tap(
  id: string | null | undefined,
  title: string | null | undefined,
  context: proto.IContextInfo | null | undefined,
): Tap {
  const quoted = context?.stanzaId;
  return { id: id ?? '', title: title ?? '', ...(quoted && { quoted }) };
}

/** What a message with buttons, a list or cards shows above them. Undefined for other kinds. */
export function readShown(message: proto.IMessage): string | undefined {
  const { buttonsMessage, listMessage, interactiveMessage, templateMessage, highlyStructuredMessage } = message;
  const template = templateMessage?.hydratedTemplate ?? templateMessage?.hydratedFourRowTemplate;
  const body = interactiveMessage?.body?.text ?? templateMessage?.interactiveMessageTemplate?.body?.text;
  const shown = [
    ...[interactiveMessage?.header?.title, body, interactiveMessage?.footer?.text],
    ...[buttonsMessage?.text, buttonsMessage?.contentText, buttonsMessage?.footerText],
    ...[listMessage?.title, listMessage?.description, listMessage?.footerText],
    ...[template?.hydratedTitleText, template?.hydratedContentText, template?.hydratedFooterText],
    highlyStructuredMessage?.hydratedHsm?.hydratedTemplate?.hydratedContentText,
  ];
  return shown.filter(Boolean).join('\n') || undefined;
}

const word = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);
const FlowParams = z.object({ display_text: word, title: word, id: word });

/** `params` is JSON that the customer's phone made: anything may be in it. */
function nativeFlowParams(params: string | null | undefined): z.infer<typeof FlowParams> {
  return FlowParams.safeParse(jsonOf(params ?? '')).data ?? {};
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
