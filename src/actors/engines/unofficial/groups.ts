/**
 * The group routes' operations on one open socket (contract clients §11).
 *
 *  GR1  Every command ends by its deadline. The library's own limit is later (30 s), and it resolves a query that timed
 *       out as if it had been done (facts/baileys §9.2): an answer after the deadline is never taken for success.
 *  GR2  A command that changed a group is followed by a look at it, also when WhatsApp sends no notice of our own change.
 */
import type { GroupMetadata } from '@whiskeysockets/baileys';
import { byDeadline, type Clock } from '../../../clock.ts';
import type { GroupAnswer, GroupCommand } from '../../groups.types.ts';
import type { GroupQueries, GroupSocket } from './group-queries.ts';
import type { GroupSync } from './group-sync.ts';
import type { LookUp, Recipients } from './recipient.ts';
import { queryCodeOf, textOf } from './translate.ts';

export type GroupsOptions = {
  readonly socket: () => GroupSocket;
  readonly queries: GroupQueries;
  readonly sync: GroupSync;
  readonly recipients: Recipients;
  readonly lookUp: LookUp;
  readonly clock: Clock;
};

export class Groups {
  readonly #o: GroupsOptions;

  constructor(options: GroupsOptions) {
    this.#o = options;
  }

  /** `deadline`: epoch ms. */
  async run(command: GroupCommand, deadline: number): Promise<GroupAnswer> {
    try {
      const answer = await byDeadline(this.#o.clock, this.#run(command), deadline);
      return answer === 'late' ? { kind: 'failed', error: 'WhatsApp did not answer in time' } : answer;
    } catch (error) {
      const code = queryCodeOf(error);
      return { kind: 'failed', error: code === undefined ? textOf(error) : `${textOf(error)} (${code})` };
    }
  }

  async #run(command: GroupCommand): Promise<GroupAnswer> {
    const { queries, sync } = this.#o;
    const socket = this.#o.socket();
    switch (command.kind) {
      case 'create':
        return this.#create(command.subject, command.participants);
      case 'all': {
        const groups = await queries.all();
        await sync.remember(groups);
        return { kind: 'all', groups: groups.map(({ meta }) => meta) };
      }
      case 'meta': {
        const group = await queries.one(command.jid);
        if (group === 'not a member') return { kind: 'failed', error: 'This number is not a member of the group' };
        await sync.remember([group]);
        return { kind: 'meta', meta: group.meta };
      }
      case 'participants':
        return this.#participants(command);
      case 'subject':
        await socket.groupUpdateSubject(command.jid, command.subject);
        return this.#changed(command.jid);
      case 'description':
        await socket.groupUpdateDescription(command.jid, command.description);
        return this.#changed(command.jid);
      case 'settings':
        await socket.groupSettingUpdate(command.jid, command.setting);
        return this.#changed(command.jid);
      case 'leave':
        await socket.groupLeave(command.jid);
        return this.#changed(command.jid);
      case 'invite code':
        return invite(await socket.groupInviteCode(command.jid));
      case 'revoke invite':
        return invite(await socket.groupRevokeInvite(command.jid));
      default:
        return command satisfies never;
    }
  }

  #changed(jid: string): GroupAnswer {
    this.#o.sync.changed(jid);
    return { kind: 'done' };
  }

  async #create(subject: string, participants: readonly string[]): Promise<GroupAnswer> {
    const jids = await this.#addresses(participants);
    const at = this.#o.clock.now();
    let created: GroupMetadata;
    try {
      created = await this.#o.socket().groupCreate(subject, jids);
    } catch (error) {
      if (!textOf(error).startsWith('Invalid group metadata response')) throw error;
      return { kind: 'no jid' };
    }
    const group = this.#o.queries.known(created, at);
    this.#o.sync.changed(group.meta.id);
    return { kind: 'meta', meta: group.meta };
  }

  async #participants(command: Extract<GroupCommand, { kind: 'participants' }>): Promise<GroupAnswer> {
    const { jid, action } = command;
    const jids = await this.#addresses(command.participants);
    const results = await this.#o.socket().groupParticipantsUpdate(jid, jids, action);
    if (results.length === 0) return { kind: 'failed', error: 'WhatsApp did not say what became of the participants' };
    this.#o.sync.changed(jid);
    const group = await this.#o.queries.one(jid).catch(() => 'not a member' as const);
    const meta = group === 'not a member' ? null : group.meta;
    const result = results.map((one) => ({ jid: this.#person(one.jid, meta), status: one.status }));
    return { kind: 'participants', result, meta };
  }

  /** The JID that WhatsApp knows a person by; whoever it does not know is left to its own answer. */
  #addresses(participants: readonly string[]): Promise<string[]> {
    const { recipients, lookUp } = this.#o;
    const address = async (to: string) => {
      const resolved = await recipients.resolve(to, lookUp);
      return resolved.kind === 'jid' ? resolved.jid : to;
    };
    return Promise.all(participants.map(address));
  }

  #person(jid: string | undefined, meta: { participants: readonly { id: string; lid?: string }[] } | null): string {
    return meta?.participants.find(({ lid }) => lid === jid)?.id ?? this.#o.queries.person(jid ?? '');
  }
}

const invite = (code: string | undefined): GroupAnswer =>
  code === undefined ? { kind: 'failed', error: 'WhatsApp gave no invite code' } : { kind: 'invite', code };
