/**
 * What becomes of messages that came while a step ran, or before a flow began (kept-replies.ts), when that is through.
 *
 *  KA1  They are decided on by the steps of §7.1 like any other (answers.ts), in their order, however long it took, unless the
 *       app withdrew them meanwhile. What a look-up finds then for the linked device, and is no flow, is for the number's
 *       automation to say (replies.ts RP6); at a provider it is the app's. What a disk refuses is tried again each minute.
 *  KA2  What became older than `STALE_AFTER_SECONDS` meanwhile, through an outage, may still answer what a session waits for;
 *       it starts nothing, and nothing is looked up for it.
 *  KA3  A flow that the app names for one counts as long as nothing came of it: while it is kept or looked up, and up to two
 *       minutes later (F-22).
 */
import type { AutomaticReply } from '../../app-client/inbound-answers.ts';
import type { Clock } from '../../clock.ts';
import type { CustomerMessage } from '../automation/flows.ts';
import { notAsked, once } from '../automation/look-up.ts';
import { type Answers, ROUTED } from './answers.ts';
import type { KeptPlace } from './kept-replies.ts';
import { type FlowLookUp, LOOK_UP_MS } from './look-ups.ts';
import { messageOf, type Question } from './question.ts';
import type { Rows } from './rows.ts';
import { isRunning, type SessionRow } from './session.types.ts';
import type { Sessions } from './sessions.ts';
import type { Starts } from './starts.ts';

const REFUSED_MS = 60_000;

export type KeptAnswersOptions = {
  readonly rows: Rows;
  readonly sessions: Sessions;
  readonly starts: Starts;
  readonly answers: Answers;
  readonly lookUp: FlowLookUp;
  /** KA1. Resolves when the automation has decided on it. */
  readonly replyLate: (device: string, message: CustomerMessage, reply: AutomaticReply) => Promise<void>;
  readonly clock: Clock;
};

/** `over`: no flow is to come of it any more. */
type Came = 'flow' | 'nothing' | 'over';

export class KeptAnswers {
  readonly #o: KeptAnswersOptions;

  constructor(options: KeptAnswersOptions) {
    this.#o = options;
  }

  /** KA1. All of this key; to be called in the mailbox, when nothing of theirs runs. */
  async take(key: string, row: SessionRow | undefined): Promise<void> {
    const { rows, sessions, starts, clock } = this.#o;
    const [first] = rows.kept.of(key);
    if (!first || sessions.isStopped) return;
    const { device, contact } = first.kept.start;
    const pending = starts.pending(device, contact);
    if (pending && first.number >= pending.since) return;
    rows.kept.stays(first.id);
    try {
      await this.#settle(first, row);
    } catch (error) {
      clock.setTimeout(() => sessions.hear(device, contact, key), REFUSED_MS);
      throw error;
    }
    return row && isRunning(row) ? sessions.run(row) : this.take(key, row);
  }

  async #settle(place: KeptPlace, row: SessionRow | undefined): Promise<void> {
    const { rows, sessions, answers } = this.#o;
    const question = this.#questionOf(place);
    if (row && !row.ended && (await answers.taken(row, question))) return;
    const came = await this.#start(question);
    if (came === 'flow' || sessions.isStopped) return;
    const now = rows.kept.get(place.id);
    if (came === 'nothing' && now?.flowId !== undefined) return answers.start(question, now.flowId, ROUTED);
    await rows.write((batch) => {
      answers.decided(batch, question);
      if (came === 'nothing' && now) rows.kept.leave(batch, place);
    });
  }

  async #start(question: Question): Promise<Came> {
    const { answers, replyLate } = this.#o;
    const { reply, start, isOpen, lookUp } = question;
    if (reply.vote || answers.isStale(reply)) return 'over';
    if (await answers.startAny(question)) return 'flow';
    if (!isOpen() || start.provider !== '') return 'over';
    // The same look-up.
    const found = await lookUp();
    if (found.kind !== 'found' || found.reply.kind === 'flow' || found.reply.kind === 'none') return 'nothing';
    await replyLate(start.device, messageOf(question), found.reply);
    return 'over';
  }

  /** KA3. Whether there was a message that this flow is for. */
  async startLate(device: string, message: string, flowId: string): Promise<boolean> {
    const { rows, answers } = this.#o;
    // It may be left just now.
    await rows.settled();
    const left = rows.kept.unclaimed(device, message);
    if (!left) return false;
    const question = { ...left.kept, number: left.number, isOpen: () => true, lookUp: notAsked('decided already') };
    await answers.start(question, flowId, ROUTED, (batch) => rows.kept.claim(batch, device, message));
    return true;
  }

  /** F-19: its look-up is noted before it begins. */
  #questionOf({ id, number, kept }: KeptPlace): Question {
    const { rows, sessions, lookUp, clock } = this.#o;
    const note = (isAsked: boolean) => () => rows.write((batch) => rows.kept.change(batch, id, { isAsked }));
    const witness = { asking: note(true), refused: note(false) };
    return {
      ...{ ...kept, id, number },
      isOpen: () => !sessions.isStopped && rows.kept.get(id) !== undefined,
      lookUp: kept.isAsked
        ? notAsked('it was asked before')
        : once(() => lookUp(kept, clock.now() + LOOK_UP_MS, witness)),
    };
  }
}
