/**
 * Votes in polls that this number sent. A vote is sealed under a secret that lies in the poll itself, and names the chosen
 * options by their hashes; so it can be read as long as the sent index keeps the poll (SI3).
 *
 *  VO1  A vote that does not open was not made by this customer in this poll: it counts for nothing.
 *  VO2  Seals name creator and voter by the addresses that the voter's phone uses, phone or LID; all of them are tried.
 */
import { createHash } from 'node:crypto';
import { decryptPollVote, proto } from '@whiskeysockets/baileys';
import type { Vote } from '../../../../app-client/inbound-content.ts';
import { type Identity, lidJid, phoneJid } from '../../../../phone.ts';
import type { InboundVote } from '../../../inbound.ts';
import type { Me } from './select.ts';

export type SealedVote = Omit<InboundVote, 'vote'> & {
  readonly poll: string;
  readonly sealed: { readonly encPayload: Uint8Array; readonly encIv: Uint8Array };
};

const pollOf = (message: proto.IMessage) =>
  message.pollCreationMessage ?? message.pollCreationMessageV2 ?? message.pollCreationMessageV3;

export const isPoll = (message: proto.IMessage): boolean => Boolean(pollOf(message));

/** Undefined when the message holds no vote. */
export function readSealed(message: proto.IMessage): Pick<SealedVote, 'poll' | 'sealed'> | undefined {
  const { pollCreationMessageKey: key, vote } = message.pollUpdateMessage ?? {};
  const { encPayload, encIv } = vote ?? {};
  return key?.id && encPayload && encIv ? { poll: key.id, sealed: { encPayload, encIv } } : undefined;
}

/** `sent`: what the sent index has under the poll's id. Undefined: VO1. */
export function openVote({ poll, sealed }: SealedVote, sent: Uint8Array, me: Me, voter: Identity): Vote | undefined {
  const message = proto.Message.decode(sent);
  const secret = message.messageContextInfo?.messageSecret;
  const asked = pollOf(message);
  if (!asked || !secret) return undefined;
  for (const pollCreatorJid of jidsOf(me)) {
    for (const voterJid of jidsOf(voter)) {
      const context = { pollCreatorJid, pollMsgId: poll, pollEncKey: secret, voterJid };
      const chosen = opened(sealed, context)?.selectedOptions;
      if (!chosen) continue;
      const hashes = new Set(chosen.map((hash) => Buffer.from(hash).toString('hex')));
      const labels = (asked.options ?? []).flatMap(({ optionName }) => optionName || []);
      return { poll, labels: labels.filter((label) => hashes.has(hashOf(label))) };
    }
  }
  return undefined;
}

function opened(sealed: SealedVote['sealed'], context: Parameters<typeof decryptPollVote>[1]) {
  try {
    return decryptPollVote(sealed, context);
  } catch {
    // Not sealed with these addresses: the cipher authenticates, so nothing wrong can come out.
    return undefined;
  }
}

const jidsOf = ({ pn, lid }: { readonly pn?: string; readonly lid?: string | undefined }): string[] => [
  ...(lid === undefined ? [] : [lidJid(lid)]),
  ...(pn === undefined ? [] : [phoneJid(pn)]),
];

const hashOf = (label: string): string => createHash('sha256').update(label).digest('hex');
