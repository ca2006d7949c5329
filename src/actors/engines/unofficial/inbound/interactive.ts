/**
 * What a customer tapped, and what an interactive message shows, as text (contract inbound §4). The visible text of a
 * button, list or quick reply is never empty: its label, else its id.
 */
import type { proto } from '@whiskeysockets/baileys';
import { z } from 'zod';

/** Undefined when the message is no answer to buttons, lists or flows. */
export function readTap(message: proto.IMessage): string | undefined {
  const { buttonsResponseMessage: button, listResponseMessage: list, templateButtonReplyMessage: template } = message;
  if (button) return button.selectedDisplayText || button.selectedButtonId || undefined;
  if (list) return list.title || list.singleSelectReply?.selectedRowId || undefined;
  if (template) return template.selectedDisplayText || template.selectedId || undefined;
  const flow = message.interactiveResponseMessage;
  if (!flow) return undefined;
  return nativeFlowText(flow.nativeFlowResponseMessage?.paramsJson) || flow.body?.text || undefined;
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
function nativeFlowText(params: string | null | undefined): string | undefined {
  const parsed = FlowParams.safeParse(jsonOf(params ?? ''));
  return parsed.success ? parsed.data.display_text || parsed.data.title || parsed.data.id : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
