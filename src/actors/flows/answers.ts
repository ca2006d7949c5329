/**
 * What becomes of a customer's message: whose answer it is, or which flow it starts (contract flows §7.1 steps 2 to 4,
 * §7.2).
 *
 *  AW1  A message is decided on once; the decision is on disk, with all that it changes, before the caller hears of it, and
 *       what follows from it runs behind that.
 *  AW2  The order of §7.1: trigger word, own options and jumps, remembered keyword, whatever the wait takes else (F-18).
 *  AW3  A caller that has given up decides nothing any more (F-20).
 *  AW4  What was kept while a step ran is decided on by the same steps when it is through, however long that took, unless the
 *       app withdrew it meanwhile. What a look-up finds then for the linked device, and is no flow, is for the number's
 *       automation to say (replies.ts RP6); at a provider it is the app's.
 *  AW5  What became older than `STALE_AFTER_SECONDS` meanwhile, through an outage, may still answer what a session waits for;
 *       it starts nothing, and nothing is looked up for it.
 */
import type { KeywordAnswer } from '../../app-client/endpoints.ts';
import type { AutomaticReply } from '../../app-client/inbound-answers.ts';
import type { Batch, Key } from '../../store/store.ts';
import type { CustomerMessage } from '../automation/flows.ts';
import { type LookUp, notAsked, once } from '../automation/look-up.ts';
import { routingOf, type RoutingOptions } from './answer-routing.ts';
import type { Kept, KeptPlace } from './kept-replies.ts';
import { type FlowLookUp, LOOK_UP_MS } from './look-ups.ts';
import type { Start } from './new-session.ts';
import type { Parks } from './parks.ts';
import type { Rows } from './rows.ts';
import { isRunning, type SessionRow } from './session.types.ts';
import type { Sessions } from './sessions.ts';
import type { Starts } from './starts.ts';
import { jump, take } from './steps.ts';
import type { Reply } from './waits.types.ts';

export type Question = Kept & {
  readonly lookUp: LookUp;
  /** AW3. */
  readonly isOpen: () => boolean;
  /** Of its arrival (kept-replies.ts `arrived`). */
  readonly number: number;
  /** Where it is kept. */
  readonly id?: Key;
};

export type AnswersOptions = RoutingOptions & {
  readonly rows: Rows;
  readonly sessions: Sessions;
  readonly starts: Starts;
  readonly parks: Parks;
  readonly lookUp: FlowLookUp;
  /** AW5. `STALE_AFTER_SECONDS`, in ms. */
  readonly staleAfterMs: number;
  /** AW4. Resolves when the automation has decided on it. */
  readonly replyLate: (device: string, message: CustomerMessage, reply: AutomaticReply) => Promise<void>;
};

export class Answers {
  readonly #o: AnswersOptions;

  constructor(options: AnswersOptions) {
    this.#o = options;
  }

  /** Resolves with whether a session took it, as soon as that is on disk. */
  offer(question: Question): Promise<boolean> {
    const { starts, sessions } = this.#o;
    const { device, contact } = question.start;
    const before = starts.pending(device, contact)?.number;
    return new Promise((resolve) => {
      void sessions
        .enter(device, contact, async (row) => {
          if (!question.isOpen()) return;
          const pending = starts.pending(device, contact);
          // Started by an earlier message while this one waited its turn.
          if (pending && pending.number !== before && question.number >= pending.since) {
            await this.keep(row?.key ?? pending.key, question);
            return resolve(true);
          }
          const here = row ?? (await this.#unparked(question));
          const taken = here && !here.ended && question.isOpen() && (await this.#decide(here, question));
          resolve(taken === true);
          // Its deadline is kept here from now on (parks.ts PK4).
          if (here && !row && !taken && here.wait?.due !== undefined) await sessions.save(here);
          if (here && taken === true && isRunning(here) && !here.pause) await sessions.run(here);
        })
        // Decided on already, unless it failed or the process stops.
        .finally(() => resolve(false));
    });
  }

  /** For a message that starts a flow, whatever decided so; in the mailbox or out of it. */
  async start(
    question: Question,
    flowId: string,
    by: Pick<Start, 'timeoutS' | 'cooldownS'> & { readonly keyword: boolean },
  ): Promise<void> {
    const { rows, starts } = this.#o;
    const { reply, start, number } = question;
    const { keyword, ...rest } = by;
    const trigger = keyword && isTyped(reply) ? reply.text.trim() : '';
    const order = { ...start, ...rest, flowId, ...(trigger !== '' && { trigger }), since: number + 1 };
    await starts.order(order, (batch) => {
      this.#decided(batch, question);
      if (trigger !== '') rows.rememberKeyword(batch, start.device, trigger);
    });
  }

  /** What no session takes starts the flow that came with it, else the one that is found (§7.1 step 4). */
  async startAny(question: Question): Promise<boolean> {
    const { flowId, isOpen, lookUp } = question;
    if (!isOpen()) return false;
    if (flowId === undefined) return this.#startFound(question, await lookUp());
    await this.start(question, flowId, { cooldownS: 0, keyword: false });
    return true;
  }

  /** Whether a look-up found a flow. */
  async #startFound(question: Question, found: KeywordAnswer): Promise<boolean> {
    if (!question.isOpen() || found.kind !== 'found' || found.reply.kind !== 'flow') return false;
    const { flowId, timeoutS, cooldownS } = found.reply;
    const cooldown = question.coolsDown ? cooldownS : 0;
    await this.start(question, flowId, {
      cooldownS: cooldown,
      keyword: true,
      ...(timeoutS !== undefined && { timeoutS }),
    });
    return true;
  }

  async #unparked({ start: { device, contact }, reply }: Question): Promise<SessionRow | undefined> {
    if (!reply.tap && reply.text.trim() === '') return undefined;
    return this.#o.parks.find(device, contact);
  }

  /** Changes the row when a session takes the message (AW1). */
  async #decide(row: SessionRow, question: Question): Promise<boolean> {
    if (this.#o.rows.isHandled(row.device, question.reply.id)) return true;
    if (!isRunning(row)) return this.#taken(row, question);
    // It waits for something else than the customer, for hours perhaps: the message is kept for then.
    await this.keep(row.key, question);
    return true;
  }

  /** AW2 */
  async #taken(row: SessionRow, question: Question): Promise<boolean> {
    const { rows, sessions, clock } = this.#o;
    const { device } = row;
    const { reply } = question;
    const mayStart = isTyped(reply) && !this.#isStale(reply);
    if (mayStart && row.trigger !== undefined && isSame(reply.text, row.trigger)) return this.#restart(row, question);
    const found = routingOf(this.#o, row, reply);
    const isAny = found.kind === 'none' || (found.kind === 'answer' && found.match.anyText === true);
    if (
      isAny &&
      mayStart &&
      rows.isKeyword(device, reply.text) &&
      (await this.#startFound(question, await question.lookUp()))
    )
      return true;
    if (found.kind === 'none' || !question.isOpen()) return false;
    const now = clock.now();
    if (found.kind === 'jump') jump(row, found, reply.text, now);
    else take(row, found.open, reply, found.match, now);
    await sessions.save(row, (batch) => this.#decided(batch, question));
    return true;
  }

  #decided(batch: Batch, { start, reply, id }: Question): void {
    this.#o.rows.handle(batch, start.device, reply.id);
    if (id !== undefined) this.#o.rows.kept.drop(batch, id);
  }

  /** AW2, the first: the same flow again. */
  async #restart(row: SessionRow, question: Question): Promise<boolean> {
    const root = row.calls.find(({ from }) => !from);
    if (!root) return false;
    const { timeoutS, cooldownS, workspace } = row;
    const start = { ...question.start, ...(workspace !== undefined && { workspace }) };
    const by = { cooldownS, keyword: true, ...(timeoutS !== undefined && { timeoutS }) };
    await this.start({ ...question, start }, root.flow, by);
    return true;
  }

  /** AW4. For the session of this key, or the one that is to begin. */
  async keep(key: string, { reply, start, flowId, media, isAsked, coolsDown, number }: Question): Promise<void> {
    const { rows } = this.#o;
    const more = { ...(flowId !== undefined && { flowId }), ...(media && { media }), ...(isAsked && { isAsked }) };
    await rows.write((batch) => {
      rows.kept.keep(batch, key, number, { reply, start, coolsDown, ...more });
      rows.handle(batch, start.device, reply.id);
    });
  }

  /** AW4. In the order in which it came; to be called in the mailbox, when nothing of theirs runs. */
  async takeKept(key: string, row: SessionRow | undefined): Promise<void> {
    const { rows, sessions, starts } = this.#o;
    const [first] = rows.kept.of(key);
    if (!first || sessions.isStopped) return;
    const { start } = first.kept;
    const pending = starts.pending(start.device, start.contact);
    if (pending && first.number >= pending.since) return;
    const question = this.#questionOf(first);
    const isTaken = row && !row.ended && (await this.#taken(row, question));
    if (isTaken !== true && !(await this.#startKept(question))) {
      if (sessions.isStopped) return;
      await rows.write((batch) => this.#decided(batch, question));
    }
    return row && isRunning(row) ? sessions.run(row) : this.takeKept(key, row);
  }

  /** AW4. Whether it starts a flow. */
  async #startKept(question: Question): Promise<boolean> {
    const { reply, start, isOpen, lookUp } = question;
    if (reply.vote || this.#isStale(reply)) return false;
    if (await this.startAny(question)) return true;
    if (!isOpen() || start.provider !== '') return false;
    // The same look-up.
    const found = await lookUp();
    if (found.kind === 'found' && found.reply.kind !== 'flow' && found.reply.kind !== 'none')
      await this.#o.replyLate(start.device, messageOf(question), found.reply);
    return false;
  }

  #isStale({ at }: Reply): boolean {
    return this.#o.clock.now() - at > this.#o.staleAfterMs;
  }

  /** F-19: its look-up is noted before it begins. */
  #questionOf({ id, number, kept }: KeptPlace): Question {
    const { rows, sessions, lookUp, clock } = this.#o;
    const note = (isAsked: boolean) => () => rows.write((batch) => rows.kept.change(batch, id, { isAsked }));
    const witness = { asking: note(true), refused: note(false) };
    return {
      ...{ ...kept, id, number },
      isOpen: () => !sessions.isStopped && rows.kept.has(id),
      lookUp: kept.isAsked
        ? notAsked('it was asked before')
        : once(() => lookUp(kept, clock.now() + LOOK_UP_MS, witness)),
    };
  }
}

/** As automations see it. */
const messageOf = ({ reply: { id, text, at }, start: { contact, seeds } }: Question): CustomerMessage => ({
  ...{ id, contact, text, at: at / 1_000 },
  name: seeds.kind === 'message' ? seeds.name : '',
});

const isTyped = ({ tap, vote, text }: Reply): boolean => !tap && !vote && text.trim() !== '';
const isSame = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();
