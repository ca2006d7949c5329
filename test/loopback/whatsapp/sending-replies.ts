/** Answers to buttons, lists and native flows, as phones send them back. */
import type { proto } from '@whiskeysockets/baileys';
import type { Content } from './sending-request.ts';

/** Undefined when the request is no such answer. */
export function replyMessage(content: Content): proto.IMessage | undefined {
  const { buttonReply, listReply, templateReply, nativeFlowReply } = content;
  if (buttonReply !== undefined) {
    const { id, text } = buttonReply;
    return {
      buttonsResponseMessage: { selectedButtonId: id, selectedDisplayText: text, type: 1, contextInfo: {} },
    };
  }
  if (listReply !== undefined) {
    const { id, title } = listReply;
    return {
      listResponseMessage: { title, listType: 1, singleSelectReply: { selectedRowId: id }, contextInfo: {} },
    };
  }
  if (templateReply !== undefined) {
    const { id, text } = templateReply;
    return { templateButtonReplyMessage: { selectedId: id, selectedDisplayText: text, selectedIndex: 0 } };
  }
  if (nativeFlowReply === undefined) return undefined;
  const { name, params, body } = nativeFlowReply;
  const nativeFlowResponseMessage = { name, paramsJson: params, version: 3 };
  return { interactiveResponseMessage: { body: { text: body }, nativeFlowResponseMessage } };
}
