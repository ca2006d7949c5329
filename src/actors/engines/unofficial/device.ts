/**
 * What belongs to one number's store and outlives its connections: sent index, LID map, journal, inbound desk. One per
 * open store, so that writes on their way are seen by the next connection too.
 */
import { proto, type SignalDataSet } from '@whiskeysockets/baileys';
import type { Medium } from '../../../app-client/inbound-content.ts';
import type { OutboxQueue } from '../../../app-client/outbox.types.ts';
import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { Store } from '../../../store/store.ts';
import { ContactBook } from '../../contact-book.ts';
import { DailyCount } from '../../daily-count.ts';
import { GroupBook } from '../../group-book.ts';
import type { AutomationHome } from '../../automation/automations.ts';
import { InboundDesk, type InboundVote } from '../../inbound.ts';
import type { JobNews } from '../../protocol.ts';
import { LidMap } from '../../lid-map.ts';
import { noteRefusal } from '../../limits.ts';
import type { MediaFiles } from '../../content/media-files.ts';
import { NewestOwn } from '../../newest-own.ts';
import { SentIndex } from '../../sent-index.ts';
import { DecryptJournal, type JournalEntry } from './decrypt-journal.ts';
import type { Raw } from './group-queries.ts';
import { type Intake, intake } from './inbound/intake.ts';
import { readMedia } from './inbound/media.ts';
import type { Reuploads } from './inbound/media-reupload.ts';
import type { Me } from './inbound/select.ts';
import { openVote, type SealedVote } from './inbound/votes.ts';
import { PromisedSends } from './promised-sends.ts';
import { Recipients } from './recipient.ts';
import { RideAlong } from './ride-along.ts';

export type DeviceOptions = {
  readonly digits: string;
  readonly store: Store;
  readonly queue: OutboxQueue;
  readonly automations: AutomationHome;
  readonly jobs: JobNews;
  readonly files: MediaFiles;
  readonly reuploads: Reuploads;
  readonly clock: Clock;
  readonly log: Log;
  readonly staleAfterSeconds: number;
  /** `FORWARD_GROUPS`. */
  readonly forwardGroups: boolean;
  /** The workspace this number is bound to, when one is. */
  readonly workspace: () => string | undefined;
};

export class Device {
  readonly digits: string;
  readonly store: Store;
  readonly queue: OutboxQueue;
  readonly workspace: () => string | undefined;
  readonly contacts: ContactBook;
  readonly groups: GroupBook<Raw>;
  readonly sent: SentIndex;
  readonly recipients: Recipients;
  readonly promised: PromisedSends;
  readonly newest: NewestOwn;
  readonly daily: DailyCount;
  readonly files: MediaFiles;
  readonly reuploads: Reuploads;
  readonly journal: DecryptJournal;
  readonly desk: InboundDesk;
  readonly rideAlong: RideAlong;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lids: LidMap;
  readonly #writing = new Set<Promise<void>>();

  constructor(options: DeviceOptions) {
    const { digits, store, queue, automations, files, reuploads, clock, log, staleAfterSeconds, forwardGroups } =
      options;
    this.digits = digits;
    this.store = store;
    this.queue = queue;
    this.workspace = options.workspace;
    this.#clock = clock;
    this.#log = log;
    this.rideAlong = new RideAlong(store, clock);
    this.sent = new SentIndex(store, clock);
    this.files = files;
    this.reuploads = reuploads;
    this.newest = new NewestOwn(store, clock);
    this.daily = new DailyCount(store, clock);
    this.promised = new PromisedSends(store, this.sent, files, clock, log);
    // Nothing of this number can be under way yet: the device is made before its first connection.
    files.sweep(digits, this.promised.files()).catch((error: unknown) => {
      log.warn({ err: error }, 'media that a crash left behind could not be removed');
    });
    const lids = new LidMap(store);
    this.#lids = lids;
    this.contacts = new ContactBook(store, lids, clock, log);
    this.groups = new GroupBook(store, lids, clock);
    this.recipients = new Recipients(store, lids, clock);
    this.journal = new DecryptJournal(store, clock);
    const groupName = (jid: string) => this.groups.subject(jid) ?? '';
    const automation = automations.attach(digits, store, queue, lids, (id) => this.#sentMedium(id));
    const { jobs } = options;
    const inbound = { staleAfterSeconds, forwardGroups, groupName, automation, jobs };
    this.desk = new InboundDesk({ digits, store, queue, sent: this.sent, lids, clock, ...inbound });
  }

  /**
   * DJ3: what a crash left between journal and outbox. To be awaited before a socket is opened: it also waits for what
   * an earlier connection left on its way to the disk, so that the new one reads the newest sessions.
   */
  async recover(me: Me): Promise<number> {
    await this.settled();
    const entries = this.journal.leftBehind();
    await Promise.all(entries.map((entry) => this.#accept(entry, me)));
    return entries.length;
  }

  /** The messages that have just been decrypted, as they come by in Baileys' key writes. */
  onKeys(data: SignalDataSet, stored: Promise<void>, me: Me, onFailure: (error: unknown) => void): void {
    this.#track(stored);
    for (const entry of this.journal.entriesOf(data)) {
      // Not on disk, so not known: the redelivery must be decrypted and journaled again.
      stored.catch(() => this.journal.forget(entry));
      this.#accept(entry, me).catch(onFailure);
    }
  }

  onRefusal(code: number): void {
    noteRefusal(this.store, code, this.#clock).catch((error: unknown) =>
      this.#log.error({ err: error, code }, 'a limit of the number could not be stored'),
    );
  }

  /** Waits for the keys, messages and marks that are on their way to the disk. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#writing, this.rideAlong.depart(), this.contacts.flush()]);
  }

  #accept(entry: JournalEntry, me: Me): Promise<void> {
    let read: Intake;
    try {
      read = intake(entry.row, me);
    } catch (error) {
      // A bug. The row stays for a version without it; meanwhile it must not keep the number from its other messages.
      this.#log.error({ err: error }, 'an inbound message could not be read');
      return Promise.resolve();
    }
    const { messages, votes, remarks, keep } = read;
    const opened = votes.map((vote) => this.#open(vote, me));
    const counted = opened.filter((vote) => vote !== undefined);
    const unread = opened.length > counted.length ? ['vote that does not open'] : [];
    for (const kind of [...remarks, ...unread]) this.#log.info({ kind }, 'inbound content without a decoder');
    const accepting = this.desk
      .accept(messages, this.journal.done(entry, keep), counted)
      .then(() => this.journal.forget(entry));
    this.#track(accepting);
    return accepting;
  }

  #open(sealed: SealedVote, me: Me): InboundVote | undefined {
    const { id, contact, name, at, poll } = sealed;
    const sent = this.sent.get(poll)?.message;
    const vote = sent && openVote(sealed, sent, me, this.#lids.complete(contact));
    return vote && { id, contact, name, at, vote };
  }

  /** What this number sent under this id, as a mirror shows it: its bytes are to be had where the recipient has them. */
  #sentMedium(id: string): Medium | undefined {
    const row = this.sent.get(id);
    if (!row?.message) return undefined;
    const message = { chat: row.to, id, fromMe: true };
    return readMedia(proto.Message.decode(row.message), { account: this.digits, message });
  }

  #track(writing: Promise<void>): void {
    this.#writing.add(writing);
    const done = () => this.#writing.delete(writing);
    writing.then(done, done);
  }
}
