/**
 * Asking WhatsApp about groups, and its answers in neutral form.
 *
 *  GQ1  No answer is never an empty answer: the library resolves a query that timed out as undefined (facts/baileys §9.2),
 *       and "no groups" would tell the app that the number has left all of them.
 *  GQ2  `not a member` is only what WhatsApp said (403, 404); any other failure leaves what is known as it is.
 */
import type { BinaryNode, GroupMetadata, WASocket } from '@whiskeysockets/baileys';
import { extractGroupMetadata } from '@whiskeysockets/baileys/lib/Socket/groups.js';
import type { Clock } from '../../../clock.ts';
import type { GroupBook, KnownGroup } from '../../group-book.ts';
import { queryCodeOf } from './translate.ts';

const NOT_A_MEMBER: ReadonlySet<number | undefined> = new Set([403, 404]);

export type GroupSocket = Pick<
  WASocket,
  | 'query'
  | 'groupMetadata'
  | 'groupCreate'
  | 'groupParticipantsUpdate'
  | 'groupUpdateSubject'
  | 'groupUpdateDescription'
  | 'groupSettingUpdate'
  | 'groupLeave'
  | 'groupInviteCode'
  | 'groupRevokeInvite'
>;

/** What the library needs of a group in order to send to it. */
export type Raw = Pick<GroupMetadata, 'id' | 'owner' | 'subject' | 'addressingMode' | 'ephemeralDuration'> & {
  readonly participants: { id: string }[];
};

export type Known = KnownGroup<Raw>;

export class GroupQueries {
  readonly #socket: () => GroupSocket;
  readonly #book: GroupBook<Raw>;
  readonly #clock: Clock;

  constructor(socket: () => GroupSocket, book: GroupBook<Raw>, clock: Clock) {
    this.#socket = socket;
    this.#book = book;
    this.#clock = clock;
  }

  /** Every group the number is in. Rejects when WhatsApp does not say (GQ1). */
  async all(): Promise<Known[]> {
    const asked = { tag: 'participating', attrs: {}, content: [leaf('participants'), leaf('description')] };
    const iq = { tag: 'iq', attrs: { to: '@g.us', xmlns: 'w:g2', type: 'get' }, content: [asked] };
    const at = this.#clock.now();
    const answer = (await this.#socket().query(iq)) as BinaryNode | undefined;
    const list = childrenOf(answer).find(({ tag }) => tag === 'groups');
    if (!list) throw new Error('WhatsApp did not name the groups');
    const groups = childrenOf(list).filter(({ tag }) => tag === 'group');
    return groups.map((group) => this.known(extractGroupMetadata({ tag: 'result', attrs: {}, content: [group] }), at));
  }

  /** Rejects when WhatsApp does not say. */
  async one(jid: string): Promise<Known | 'not a member'> {
    const at = this.#clock.now();
    try {
      return this.known(await this.#socket().groupMetadata(jid), at);
    } catch (error) {
      if (NOT_A_MEMBER.has(queryCodeOf(error))) return 'not a member';
      throw error;
    }
  }

  /** The phone JID of a participant where the phone is known, else the JID as it is. */
  person(jid: string): string {
    return this.#book.person(jid).id;
  }

  /** `at`: epoch ms when WhatsApp was asked. */
  known(metadata: GroupMetadata, at: number): Known {
    const { id, subject, owner, ownerPn, creation, desc, size, announce, restrict, participants } = metadata;
    const { addressingMode, ephemeralDuration } = metadata;
    const ephemeral = ephemeralDuration !== undefined && { ephemeralDuration };
    return {
      at,
      meta: {
        id,
        subject: subject ?? '',
        ...(owner !== undefined && { owner: this.#book.person(owner, ownerPn).id }),
        ...(creation !== undefined && creation > 0 && { creation }),
        ...(desc !== undefined && { desc }),
        size: size ?? participants.length,
        announce: announce === true,
        restrict: restrict === true,
        ...ephemeral,
        participants: participants.map((one) => ({
          ...this.#book.person(one.id, one.phoneNumber, one.lid),
          admin: one.admin ?? null,
        })),
      },
      raw: {
        id,
        owner,
        subject: subject ?? '',
        ...(addressingMode !== undefined && { addressingMode }),
        ...ephemeral,
        participants: participants.map((one) => ({ id: one.id })),
      },
    };
  }
}

const leaf = (tag: string): BinaryNode => ({ tag, attrs: {} });
const childrenOf = (node: BinaryNode | undefined): BinaryNode[] => (Array.isArray(node?.content) ? node.content : []);
