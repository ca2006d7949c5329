/**
 * What is known of a number's groups between one look at WhatsApp and the next: their metadata, and which of them the app
 * has been told of. One book per device store; nothing is kept in memory.
 *
 *  GB1  Metadata counts as fresh only when it was asked for after `since` (this connection began, or the group changed)
 *       and within 24 h: a stale list of participants would leave new members without keys.
 *  GB2  A group that the app was told of stays in the book until the app has been told that the number left it (C-48).
 *  GB3  A participant is a phone when the phone is known from the metadata or the LID map, else a LID, never LID digits
 *       as a phone (C-46, C-48).
 *
 * Deliberately not here: asking WhatsApp, and when to.
 */
import type { ReportedGroup } from '../app-client/callbacks.types.ts';
import type { Clock } from '../clock.ts';
import { type Digits, lidJid, lidOfJid, phoneJid, phoneOfJid } from '../phone.ts';
import type { Batch, Store, Table } from '../store/store.ts';
import type { GroupMeta, GroupParticipant } from './groups.types.ts';
import type { LidMap, LidPair } from './lid-map.ts';

const FRESH_MS = 24 * 3_600_000;

/** A group as an engine knows it: neutral fields, and its own form for its own use. */
export type KnownGroup<Raw> = {
  readonly meta: GroupMeta;
  readonly raw: Raw;
  /** Epoch ms when WhatsApp was asked. */
  readonly at: number;
};

type Row<Raw> = KnownGroup<Raw> & {
  /** The app knows this number as a member. */
  readonly told: boolean;
};

export class GroupBook<Raw> {
  readonly #table: Table<Row<Raw>>;
  readonly #lids: LidMap;
  readonly #clock: Clock;

  constructor(store: Store, lids: LidMap, clock: Clock) {
    this.#table = store.table('groups');
    this.#lids = lids;
    this.#clock = clock;
  }

  /** GB1. */
  fresh(jid: string, since: number): Raw | undefined {
    const row = this.#table.get(jid);
    return row && row.at > since && this.#clock.now() - row.at < FRESH_MS ? row.raw : undefined;
  }

  /** The last known name, however old. */
  subject(jid: string): string | undefined {
    return this.#table.get(jid)?.meta.subject;
  }

  /** Groups that the app believes this number to be in. */
  told(): string[] {
    return [...this.#table.range()].filter(({ value }) => value.told).map(({ key }) => String(key));
  }

  isTold(jid: string): boolean {
    return this.#table.get(jid)?.told ?? false;
  }

  /** `told`: the app hears of it in the same transaction. Otherwise what the app knows stays as it was. */
  put(batch: Batch, group: KnownGroup<Raw>, told: boolean): void {
    const before = this.#table.get(group.meta.id)?.told ?? false;
    batch.put(this.#table, group.meta.id, { ...group, told: told || before });
    this.#lids.learn(batch, this.#lids.news(group.meta.participants.flatMap(pairOf)));
  }

  /** The number is no member any more, and the app hears of it in the same transaction. */
  remove(batch: Batch, jid: string): void {
    batch.remove(this.#table, jid);
  }

  /** GB3. `phone` and `lid`: JIDs that the engine saw beside `jid`. */
  person(jid: string, phone?: string, lid?: string): { id: string; phoneNumber?: string; lid?: string } {
    const lidUser = lidOfJid(jid) ?? (lid === undefined ? undefined : lidOfJid(lid));
    const pn =
      phoneOfJid(jid) ??
      (phone === undefined ? undefined : phoneOfJid(phone)) ??
      (lidUser === undefined ? undefined : this.#lids.phoneOf(lidUser));
    return {
      id: pn === undefined ? jid : phoneJid(pn),
      ...(pn !== undefined && { phoneNumber: phoneJid(pn) }),
      ...(lidUser !== undefined && { lid: lidJid(lidUser) }),
    };
  }
}

/** As the app is told of it (contract clients §11.1): members whose phone is unknown are left out. */
export function reported({ id, subject, size, participants }: GroupMeta): ReportedGroup {
  const members = participants.flatMap(({ phoneNumber, admin }) => {
    const phone = phoneNumber === undefined ? undefined : phoneOfJid(phoneNumber);
    return phone === undefined ? [] : [{ phone, admin: admin !== null }];
  });
  return { jid: id, subject, size, participants: members };
}

function pairOf({ phoneNumber, lid }: GroupParticipant): LidPair[] {
  const pn: Digits | undefined = phoneNumber === undefined ? undefined : phoneOfJid(phoneNumber);
  const user = lid === undefined ? undefined : lidOfJid(lid);
  return pn !== undefined && user !== undefined ? [{ pn, lid: user }] : [];
}
