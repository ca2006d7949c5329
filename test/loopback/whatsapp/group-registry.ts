/**
 * The groups of the loopback world: who is in them, and what clients ask about and change.
 *
 * Owns: membership, settings, answers to `w:g2`, and the notices that linked devices of members get.
 * Invariants:
 *   GR1 only members see a group (403), only admins change it (403), and a notice goes to everybody concerned, removed
 *       members and the author included;
 *   GR2 a participant who is not on WhatsApp is not added: 404 in its place of the answer.
 * Does not: carry messages (`group-messages.ts`), survive a restart of the server.
 * Source: the client's group queries and notices.
 */
import { randomBytes } from 'node:crypto';
import { jidFor, lidJid, parseJid, pnJid } from './addresses.ts';
import type { Addressing } from './addresses.ts';
import { bytesOf, child, children, el, unixSeconds } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import type { People, Person } from './people.ts';

type Rank = 'superadmin' | 'admin' | null;

export interface Group {
  readonly jid: string;
  readonly addressing: Addressing;
  /** Members are shown by LID alone. */
  readonly hidePhones: boolean;
  readonly creator: string;
  readonly createdAt: string;
  subject: string;
  description: { readonly id: string; readonly text: string } | undefined;
  announcement: boolean;
  locked: boolean;
  invite: string;
  readonly members: Map<string, Rank>;
}

export interface NewGroup {
  readonly subject: string;
  readonly creator: string;
  readonly members: readonly string[];
  readonly addressing?: Addressing;
  readonly hidePhones?: boolean;
}

export type GroupReply =
  | { readonly kind: 'result'; readonly content: BinaryNode[] }
  | { readonly kind: 'error'; readonly code: number }
  | { readonly kind: 'unknown' };

const result = (...content: BinaryNode[]): GroupReply => ({ kind: 'result', content });
const refused = (code: number): GroupReply => ({ kind: 'error', code });

export class GroupRegistry {
  readonly #people: People;
  readonly #groups = new Map<string, Group>();

  constructor(people: People) {
    this.#people = people;
  }

  find(jid: string): Group | undefined {
    return this.#groups.get(jid);
  }

  create({ subject, creator, members, addressing = 'lid', hidePhones = false }: NewGroup): Group {
    const group: Group = {
      jid: `1203630${String(Date.now()).slice(-10)}${String(this.#groups.size).padStart(2, '0')}@g.us`,
      addressing,
      hidePhones,
      creator,
      createdAt: unixSeconds(),
      subject,
      description: undefined,
      announcement: false,
      locked: false,
      invite: newCode(),
      members: new Map<string, Rank>([[creator, 'superadmin'], ...members.map((phone) => [phone, null] as const)]),
    };
    this.#groups.set(group.jid, group);
    this.#notify(group, creator, [el('create', { type: 'new' }, [this.#node(group)])]);
    return group;
  }

  /** Answers a `w:g2` query of a linked device. */
  answer({ phone }: Person, iq: BinaryNode): GroupReply {
    const [asked] = children(iq);
    const { to = '', type } = iq.attrs;
    if (asked === undefined) return { kind: 'unknown' };
    if (to === '@g.us') return this.#ofAccount(phone, asked);
    const group = this.#groups.get(to);
    if (group === undefined) return refused(404);
    if (!group.members.has(phone)) return refused(403);
    return type === 'get' ? this.#shown(group, asked) : this.#changed(group, phone, asked);
  }

  /** The other members' own doing; undefined when there is no such group. */
  change(jid: string, by: string, change: BinaryNode): GroupReply {
    const group = this.#groups.get(jid);
    return group === undefined ? refused(404) : this.#changed(group, by, change);
  }

  #ofAccount(phone: string, asked: BinaryNode): GroupReply {
    switch (asked.tag) {
      case 'participating': {
        const own = [...this.#groups.values()].filter(({ members }) => members.has(phone));
        return result(
          el(
            'groups',
            {},
            own.map((group) => this.#node(group)),
          ),
        );
      }
      case 'create': {
        const asks = children(asked, 'participant').map(({ attrs }) => parseJid(attrs['jid'])?.phone ?? '');
        const members = asks.filter((one) => this.#people.get(one).onWhatsApp);
        const group = this.create({ subject: asked.attrs['subject'] ?? '', creator: phone, members });
        return result(this.#node(group));
      }
      case 'leave': {
        for (const { attrs } of children(asked, 'group')) {
          const group = this.#groups.get(attrs['id'] ?? '');
          if (group !== undefined) this.#remove(group, phone, [phone]);
        }
        return result();
      }
      default:
        return { kind: 'unknown' };
    }
  }

  #shown(group: Group, asked: BinaryNode): GroupReply {
    if (asked.tag === 'query') return result(this.#node(group));
    if (asked.tag === 'invite') return result(el('invite', { code: group.invite }));
    return { kind: 'unknown' };
  }

  #changed(group: Group, by: string, change: BinaryNode): GroupReply {
    if (group.members.get(by) == null) return refused(403);
    const told = (...notice: BinaryNode[]): GroupReply => {
      this.#notify(group, by, notice);
      return result();
    };
    switch (change.tag) {
      case 'add':
      case 'remove':
      case 'promote':
      case 'demote':
        return this.#participants(group, by, change);
      case 'subject':
        group.subject = bytesOf(change)?.toString() ?? '';
        return told(el('subject', { subject: group.subject, s_t: unixSeconds() }));
      case 'description': {
        const text = bytesOf(child(change, 'body'))?.toString();
        group.description = text === undefined ? undefined : { id: change.attrs['id'] ?? '', text };
        return told(el('description', { id: change.attrs['id'] }, text === undefined ? [] : [body(text)]));
      }
      case 'announcement':
      case 'not_announcement':
        group.announcement = change.tag === 'announcement';
        return told(el(change.tag));
      case 'locked':
      case 'unlocked':
        group.locked = change.tag === 'locked';
        return told(el(change.tag));
      case 'invite':
        group.invite = newCode();
        this.#notify(group, by, [el('invite', { code: group.invite })]);
        return result(el('invite', { code: group.invite }));
      default:
        return { kind: 'unknown' };
    }
  }

  #participants(group: Group, by: string, { tag, content }: BinaryNode): GroupReply {
    const done: string[] = [];
    const answers = (Array.isArray(content) ? content : []).map(({ attrs }) => {
      const phone = parseJid(attrs['jid'])?.phone ?? '';
      const error = this.#problem(group, tag, phone);
      if (error === undefined) done.push(phone);
      return el('participant', { jid: jidFor(group.addressing, phone), error });
    });
    if (tag === 'remove') {
      this.#remove(group, by, done);
    } else if (done.length > 0) {
      for (const phone of done) group.members.set(phone, tag === 'promote' ? 'admin' : null);
      this.#notify(group, by, [
        el(
          tag,
          {},
          done.map((phone) => this.#participant(group, phone)),
        ),
      ]);
    }
    return result(el(tag, {}, answers));
  }

  #problem(group: Group, action: string, phone: string): string | undefined {
    if (!this.#people.get(phone).onWhatsApp) return '404';
    if (action === 'add') return group.members.has(phone) ? '409' : undefined;
    return group.members.has(phone) ? undefined : '404';
  }

  #remove(group: Group, by: string, phones: readonly string[]): void {
    if (phones.length === 0) return;
    const notice = el(
      'remove',
      {},
      phones.map((phone) => this.#participant(group, phone)),
    );
    this.#notify(group, by, [notice]);
    for (const phone of phones) group.members.delete(phone);
  }

  #notify({ jid, addressing, members }: Group, by: string, notice: BinaryNode[]): void {
    for (const phone of members.keys()) {
      const member = this.#people.get(phone);
      if (member.linked === undefined) continue;
      const attributes = {
        from: jid,
        id: randomBytes(8).toString('hex'),
        t: unixSeconds(),
        type: 'w:gp2',
        participant: jidFor(addressing, by),
        ...(addressing === 'lid' && { participant_pn: pnJid(by) }),
      };
      member.queue.add(el('notification', attributes, notice));
    }
  }

  #node(group: Group): BinaryNode {
    const { jid, addressing, creator, createdAt, subject, description, members } = group;
    const attributes = {
      id: jid.split('@')[0],
      subject,
      s_t: createdAt,
      creation: createdAt,
      creator: jidFor(addressing, creator),
      creator_pn: addressing === 'lid' && !group.hidePhones ? pnJid(creator) : undefined,
      addressing_mode: addressing,
      size: String(members.size),
    };
    return el('group', attributes, [
      ...(description === undefined ? [] : [el('description', { id: description.id }, [body(description.text)])]),
      ...(group.announcement ? [el('announcement')] : []),
      ...(group.locked ? [el('locked')] : []),
      ...[...members.keys()].map((phone) => this.#participant(group, phone)),
    ]);
  }

  #participant({ addressing, hidePhones, members }: Group, phone: string): BinaryNode {
    const type = members.get(phone) ?? undefined;
    if (addressing === 'pn') return el('participant', { jid: pnJid(phone), lid: lidJid(phone), type });
    return el('participant', { jid: lidJid(phone), phone_number: hidePhones ? undefined : pnJid(phone), type });
  }
}

const body = (text: string): BinaryNode => el('body', {}, Buffer.from(text));
const newCode = (): string => randomBytes(11).toString('base64url');
