/**
 * A vote as a phone seals it: the hashes of the chosen options, encrypted under a key made of the poll's secret, the
 * poll's id and both people's addresses.
 * Does not: know polls (`inbox.ts`).
 */
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';

export interface VoteContext {
  readonly pollId: string;
  /** The poll's `messageSecret`. */
  readonly secret: Uint8Array;
  readonly creatorJid: string;
  readonly voterJid: string;
}

export function sealVote(options: readonly string[], { pollId, secret, creatorJid, voterJid }: VoteContext) {
  const selectedOptions = options.map((option) => createHash('sha256').update(option).digest());
  const plain = proto.Message.PollVoteMessage.encode({ selectedOptions }).finish();
  const hmac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();
  const purpose = Buffer.concat([...[pollId, creatorJid, voterJid, 'Poll Vote'].map(bytes), Buffer.of(1)]);
  const key = hmac(hmac(Buffer.alloc(32), secret), purpose);
  const encIv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, encIv).setAAD(bytes(`${pollId}\0${voterJid}`));
  const encPayload = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return { encPayload, encIv };
}

const bytes = (text: string): Buffer => Buffer.from(text);
