/**
 * Takes a message out of its wrappers, recursively: disappearing, view-once, caption, edited, device-sent, bot and
 * associated-child messages (contract inbound §4).
 */
import { proto } from '@whiskeysockets/baileys';

export type Unwrapped =
  | { readonly kind: 'content'; readonly message: proto.IMessage }
  | { readonly kind: 'edit'; readonly message: proto.IMessage }
  | { readonly kind: 'revoke' }
  /** What our own phone found for us after a stanza without content. */
  | { readonly kind: 'resent'; readonly messages: readonly proto.IWebMessageInfo[] }
  /** Key distribution, app state, history: Baileys' own business. */
  | { readonly kind: 'protocol' };

/** Every field of `Message` that holds a `FutureProofMessage`: `{message}`. */
const WRAPPERS = [
  'ephemeralMessage',
  'viewOnceMessage',
  'viewOnceMessageV2',
  'viewOnceMessageV2Extension',
  'documentWithCaptionMessage',
  'editedMessage',
  'botInvokeMessage',
  'associatedChildMessage',
  'groupMentionedMessage',
  'lottieStickerMessage',
  'pollCreationMessageV4',
  'questionMessage',
  'questionReplyMessage',
  'botForwardedMessage',
  'botTaskMessage',
  'eventCoverImage',
  'pollCreationOptionImageMessage',
  'limitSharingMessage',
  'groupStatusMessage',
  'groupStatusMessageV2',
  'groupStatusMentionMessage',
  'statusMentionMessage',
  'statusAddYours',
] as const satisfies readonly (keyof proto.IMessage)[];

/** A real message is wrapped two or three times; more is somebody's experiment. */
const MAX_DEPTH = 8;

export function unwrap(outer: proto.IMessage): Unwrapped {
  let message = outer;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const inner = message.deviceSentMessage?.message ?? innerOf(message);
    if (!inner) break;
    message = inner;
  }
  const { protocolMessage } = message;
  if (protocolMessage) return ofProtocol(protocolMessage);
  return kindOf(message) === undefined ? { kind: 'protocol' } : { kind: 'content', message };
}

/** The name of the content's field, e.g. `imageMessage`. Undefined when there is nothing but keys and context. */
export function kindOf(message: proto.IMessage): keyof proto.IMessage | undefined {
  const names = Object.keys(message) as (keyof proto.IMessage)[];
  return names.find((name) => !NO_CONTENT.has(name) && message[name] !== null && message[name] !== undefined);
}

const NO_CONTENT: ReadonlySet<string> = new Set([
  'messageContextInfo',
  'senderKeyDistributionMessage',
  'fastRatchetKeySenderKeyDistributionMessage',
]);

function innerOf(message: proto.IMessage): proto.IMessage | null | undefined {
  for (const wrapper of WRAPPERS) {
    const inner = message[wrapper]?.message;
    if (inner) return inner;
  }
  return undefined;
}

function ofProtocol(protocol: proto.Message.IProtocolMessage): Unwrapped {
  const { Type } = proto.Message.ProtocolMessage;
  switch (protocol.type) {
    case Type.REVOKE:
      return { kind: 'revoke' };
    case Type.MESSAGE_EDIT: {
      const edited = protocol.editedMessage && unwrap(protocol.editedMessage);
      return edited?.kind === 'content' ? { kind: 'edit', message: edited.message } : { kind: 'protocol' };
    }
    case Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE: {
      const results = protocol.peerDataOperationRequestResponseMessage?.peerDataOperationResult ?? [];
      const resent = results.map((result) => result.placeholderMessageResendResponse?.webMessageInfoBytes);
      const bytes = resent.filter((info) => info instanceof Uint8Array);
      if (bytes.length === 0) return { kind: 'protocol' };
      return { kind: 'resent', messages: bytes.flatMap(readable) };
    }
    default:
      return { kind: 'protocol' };
  }
}

/** Anybody can write such a message, with any bytes in it. */
function readable(info: Uint8Array): proto.IWebMessageInfo[] {
  try {
    return [proto.WebMessageInfo.decode(info)];
  } catch {
    return [];
  }
}
