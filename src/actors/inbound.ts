/**
 * The desk of one number where accepted messages and receipts become facts for the app (design, natural path ii).
 *
 *  IN1  One transaction = outbox rows + whatever the engine must forget (its journal) + the id remembered as seen + the
 *       task of the automations. A crash leaves all of it or none of it (P5).
 *  IN2  A message id is forwarded once in 14 days, also across restarts (contract inbound §1).
 *  IN3  What this bridge sent itself is never mirrored (contract inbound §7).
 *  IN4  Facts of one number are appended in the order of the calls: nothing here waits before it appends.
 *  IN5  A receipt is told once per (message, status), never downwards (contract inbound §10).
 *  IN6  A receipt of a job's message is told to the job, which knows its endpoint and ids, and to nobody else (S-20). It is
 *       marked as told once that is durable: after a crash in between the job hears it again.
 *
 * Deliberately not here: decoding (engines), payloads and retries (app-client), automations.
 */
import type { InboundFact, ReceiptFact } from '../app-client/callbacks.types.ts';
import type { InboundContent, Vote } from '../app-client/inbound-content.ts';
import type { OutboxQueue } from '../app-client/outbox.types.ts';
import type { Clock } from '../clock.ts';
import { advance, forApp, type Receipt } from '../machines/receipt.ts';
import type { Identity } from '../phone.ts';
import type { Batch, Store, Table } from '../store/store.ts';
import { GroupAuthors } from './group-authors.ts';
import type { AutomationDoor } from './automation/automation.ts';
import type { LidMap, LidPair } from './lid-map.ts';
import type { JobNews, JobReceipt } from './protocol.ts';
import { RotatingSweep } from './rotating-sweep.ts';
import type { SentIndex } from './sent-index.ts';

const SEEN_MS = 14 * 86_400_000;

/** A message in no engine's dialect. */
export type InboundMessage = {
  readonly id: string;
  readonly direction: 'in' | 'out';
  /** At least one half is present. */
  readonly contact: Identity;
  readonly name: string;
  readonly content: InboundContent;
  /** How often it was forwarded; absent when it was not. */
  readonly forwarded?: number;
  /** Written there by `participant`, a JID. */
  readonly group?: { readonly jid: string; readonly participant: string };
  /** WhatsApp's time, epoch seconds. */
  readonly at: number;
  /** Automations never handle this kind, however fresh it is (an edit, contract inbound §4). */
  readonly storedOnly?: true;
};

/** A customer's vote in a poll of ours: no bubble, so the app is told of none; only flows hear of it (contract flows §7). */
export type InboundVote = Pick<InboundMessage, 'id' | 'contact' | 'name' | 'at'> & { readonly vote: Vote };

export type InboundDeskOptions = {
  readonly digits: string;
  readonly store: Store;
  readonly queue: OutboxQueue;
  readonly sent: SentIndex;
  readonly lids: LidMap;
  /** Of a group, from what is known; `''` when it is not. */
  readonly groupName: (jid: string) => string;
  /** `FORWARD_GROUPS`: without it messages in groups are dropped (contract inbound §1, §9). */
  readonly forwardGroups: boolean;
  readonly automation: AutomationDoor;
  readonly jobs: JobNews;
  readonly clock: Clock;
  /** Older messages are stored, not handled (`STALE_AFTER_SECONDS`). */
  readonly staleAfterSeconds: number;
};

export class InboundDesk {
  readonly #o: InboundDeskOptions;
  /** Message id -> when it was forwarded, epoch milliseconds. */
  readonly #seen: Table<number>;
  readonly #authors: GroupAuthors;
  readonly #sweep: RotatingSweep<number>;
  /** Last receipt of a message that its job is being told of. */
  readonly #telling = new Map<string, Promise<void>>();
  /** Ids whose transaction has not resolved yet. */
  readonly #onTheirWay = new Set<string>();

  constructor(options: InboundDeskOptions) {
    this.#o = options;
    this.#seen = options.store.table('seen');
    this.#authors = new GroupAuthors(options.store, options.clock);
    this.#sweep = new RotatingSweep(this.#seen, (at) => (options.clock.now() - at > SEEN_MS ? 'remove' : 'keep'));
  }

  /**
   * Resolves when everything is durable. `also` runs in the same transaction, whether or not anything is forwarded.
   * Rejects, with nothing changed, only when the store does.
   */
  async accept(
    messages: readonly InboundMessage[],
    also: (batch: Batch) => void,
    votes: readonly InboundVote[] = [],
  ): Promise<void> {
    const { queue, store, lids, automation } = this.#o;
    const told = messages.filter((message) => this.#isNews(message));
    const voted = votes.filter(({ id }) => !this.#isKnown(id));
    const news: readonly Pick<InboundMessage, 'id' | 'group'>[] = [...told, ...voted];
    const pairs = lids.news([...messages, ...votes].flatMap(({ contact }) => pairOf(contact)));
    const facts = told.map((message) => this.#fact(message));
    const tasks = [
      ...automation.open(facts),
      ...automation.openVotes(voted.map((vote) => ({ ...vote, contact: lids.complete(vote.contact) }))),
    ];
    const change = (batch: Batch) => {
      also(batch);
      automation.put(batch, tasks);
      lids.learn(batch, pairs);
      for (const { id, group } of news) {
        if (group) this.#authors.record(batch, id, group.participant);
        batch.put(this.#seen, id, this.#o.clock.now());
        this.#sweep.onAdd(batch);
      }
    };
    if (news.length === 0) return store.write(change);
    for (const { id } of news) this.#onTheirWay.add(id);
    try {
      await (facts.length > 0 ? queue.append(facts, change) : store.write(change));
    } finally {
      for (const { id } of news) this.#onTheirWay.delete(id);
    }
    for (const fact of facts) this.#customerWrote(fact);
    automation.begin(tasks);
    for (const { direction, group, contact } of facts) {
      if (direction === 'out' && !group) automation.humanWrote(contact);
    }
  }

  /** Takes a receipt of a message that this number sent; anything else is ignored. `at`: epoch milliseconds. */
  receipt(id: string, receipt: Receipt, at: number): Promise<void> {
    const { queue, sent } = this.#o;
    if (sent.get(id)?.origin === 'job') return this.#jobReceipt(id, receipt, at);
    const news = this.#newsOf(id, receipt, at);
    if (!news) return this.#note(id, receipt);
    const origin = sent.get(id)?.origin;
    const fact: ReceiptFact = { kind: 'receipt', ...news, ...(origin === 'auto' && { origin }) };
    return sent.receive(id, receipt, (change) => queue.append([fact], change));
  }

  #customerWrote({ device, direction, group, contact, content, at }: InboundFact): void {
    if (direction === 'out' || group || content.kind === 'reaction') return;
    const text = content.kind === 'text' ? content.text : 'caption' in content ? content.caption : '';
    const kind = content.kind === 'media' ? content.type : content.kind;
    this.#o.jobs.customerWrote({ device, contact, text, kind, at: at * 1_000 });
  }

  /** IN6. One after the other, so that none is marked before the one that it follows was told. */
  #jobReceipt(id: string, receipt: Receipt, at: number): Promise<void> {
    const told = (this.#telling.get(id) ?? Promise.resolve())
      // Whoever brought it was told of its failure.
      .catch(() => undefined)
      .then(async () => {
        const news = this.#newsOf(id, receipt, at);
        if (news) await this.#o.jobs.receipt(news);
        await this.#note(id, receipt);
      })
      .finally(() => {
        if (this.#telling.get(id) === told) this.#telling.delete(id);
      });
    this.#telling.set(id, told);
    return told;
  }

  #note(id: string, receipt: Receipt): Promise<void> {
    return this.#o.sent.receive(id, receipt, (change) => this.#o.store.write(change));
  }

  /** IN5. What there is to tell of a receipt; undefined when nothing. */
  #newsOf(id: string, receipt: Receipt, at: number): JobReceipt | undefined {
    const status = forApp(receipt);
    const before = this.#o.sent.get(id)?.receipt;
    const isTold = status !== undefined && before !== undefined && forApp(before) === status;
    if (status === undefined || isTold || !advance(before, receipt)) return undefined;
    return { device: this.#o.digits, id, status, at };
  }

  /** Who wrote this message in a group, a JID: a reaction to it must name them. */
  participantOf(id: string): string | undefined {
    return this.#authors.of(id);
  }

  #isNews({ id, direction, group }: InboundMessage): boolean {
    if (group && !this.#o.forwardGroups) return false;
    if (this.#isKnown(id)) return false;
    return direction === 'in' || !this.#o.sent.has(id);
  }

  #isKnown(id: string): boolean {
    return this.#onTheirWay.has(id) || this.#seen.has(id);
  }

  #fact({ storedOnly, group, ...message }: InboundMessage): InboundFact {
    const { clock, digits, lids, groupName, staleAfterSeconds } = this.#o;
    return {
      kind: 'inbound',
      device: digits,
      ...message,
      ...(group && { group: { jid: group.jid, subject: groupName(group.jid) } }),
      contact: lids.complete(message.contact),
      stored: storedOnly === true || group !== undefined || clock.now() / 1_000 - message.at > staleAfterSeconds,
    };
  }
}

function pairOf({ pn, lid }: Identity): LidPair[] {
  return pn !== undefined && lid !== undefined ? [{ pn, lid }] : [];
}
