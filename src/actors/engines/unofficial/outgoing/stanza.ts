/**
 * What WhatsApp wants to see outside the encryption: attributes and child nodes of the `message` stanza. They follow from
 * the message alone, so that a repeat from the sent index is the same stanza (../send.ts SE1).
 */
import { type BinaryNode, proto } from '@whiskeysockets/baileys';
import { splitJid } from '../../../../phone.ts';

/** Values of the attribute `edit` (facts/baileys §3). */
const EDIT = '1';
const PIN = '2';
const REVOKE = '7';
/** A group's admin removes what another one wrote. */
const REVOKE_AS_ADMIN = '8';

const { REVOKE: REVOKES, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type;

/** Says that a native-flow message is inside. The library adds no such node (facts/baileys §3.1). */
const BIZ: BinaryNode = {
  tag: 'biz',
  attrs: {},
  content: [
    {
      tag: 'interactive',
      attrs: { type: 'native_flow', v: '1' },
      content: [{ tag: 'native_flow', attrs: { v: '9', name: 'mixed' } }],
    },
  ],
};

/** As the library's own way of sending a poll has it. */
const POLL: BinaryNode = { tag: 'meta', attrs: { polltype: 'creation' } };

export type StanzaOptions = {
  readonly additionalAttributes: { [name: string]: string };
  readonly additionalNodes: BinaryNode[];
};

export function stanzaOf(message: proto.IMessage): StanzaOptions {
  const edit = editOf(message);
  return {
    additionalAttributes: edit === undefined ? {} : { edit },
    additionalNodes: nodesOf(message),
  };
}

function nodesOf({ interactiveMessage, pollCreationMessage, pollCreationMessageV3 }: proto.IMessage): BinaryNode[] {
  if (interactiveMessage) return [BIZ];
  return pollCreationMessage || pollCreationMessageV3 ? [POLL] : [];
}

/** A message of its own in the chat: not a reaction, pin, edit or revoke. */
export const isShown = ({ reactionMessage, pinInChatMessage, protocolMessage }: proto.IMessage): boolean =>
  !reactionMessage && !pinInChatMessage && !protocolMessage;

function editOf({ protocolMessage, pinInChatMessage }: proto.IMessage): string | undefined {
  if (pinInChatMessage) return PIN;
  if (protocolMessage?.type === MESSAGE_EDIT) return EDIT;
  if (protocolMessage?.type !== REVOKES) return undefined;
  const { remoteJid, fromMe } = protocolMessage.key ?? {};
  const isAdmins = fromMe !== true && splitJid(remoteJid ?? '')?.server === 'g.us';
  return isAdmins ? REVOKE_AS_ADMIN : REVOKE;
}
