/** Answers to buttons, lists and native flows, as phones send them back. */
import type { proto } from '@whiskeysockets/baileys';
import type { Content } from './sending-request.ts';

/** Undefined when the request is no such answer. `peerJid`: who wrote the message that was tapped in. */
export function replyMessage(content: Content, peerJid: string): proto.IMessage | undefined {
  const { buttonReply, listReply, templateReply, nativeFlowReply } = content;
  const quoting = (quoted: string | undefined): proto.IContextInfo =>
    quoted === undefined ? {} : { stanzaId: quoted, participant: peerJid, quotedMessage: { conversation: '' } };
  if (buttonReply !== undefined) {
    const { id, text, quoted } = buttonReply;
    return {
      buttonsResponseMessage: {
        selectedButtonId: id,
        selectedDisplayText: text,
        type: 1,
        contextInfo: quoting(quoted),
      },
    };
  }
  if (listReply !== undefined) {
    const { id, title, quoted } = listReply;
    return {
      listResponseMessage: {
        title,
        listType: 1,
        singleSelectReply: { selectedRowId: id },
        contextInfo: quoting(quoted),
      },
    };
  }
  if (templateReply !== undefined) {
    const { id, text, quoted } = templateReply;
    const reply = { selectedId: id, selectedDisplayText: text, selectedIndex: 0, contextInfo: quoting(quoted) };
    return { templateButtonReplyMessage: reply };
  }
  if (nativeFlowReply === undefined) return undefined;
  const { name, params, body, quoted } = nativeFlowReply;
  const nativeFlowResponseMessage = { name, paramsJson: params, version: 3 };
  return {
    interactiveResponseMessage: { body: { text: body }, nativeFlowResponseMessage, contextInfo: quoting(quoted) },
  };
}
