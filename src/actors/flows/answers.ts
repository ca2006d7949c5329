/**
 * What becomes of a customer's message: whose answer it is, or which flow it starts (contract flows §7.1 steps 2 to 4,
 * §7.2).
 *
 *  AW1  A message is decided on once; the decision is on disk, with all that it changes, before the caller hears of it, and
 *       what follows from it runs behind that.
 *  AW2  The order of §7.1: trigger word, own options and jumps, remembered keyword, whatever the wait takes else (F-18).
 *  AW3  A caller that has given up decides nothing any more (F-20).
 *
 * Deliberately not here: what becomes of messages that came while a step ran (kept-answers.ts).
 */
import type { KeywordAnswer } from '../../app-client/endpoints.ts';
import type { Batch } from '../../store/store.ts';
import { routingOf, type RoutingOptions } from './answer-routing.ts';
import type { Start } from './new-session.ts';
import type { Parks } from './parks.ts';
import { isSame, isTyped, type Question } from './question.ts';
import type { Rows } from './rows.ts';
import { isRunning, type SessionRow } from './session.types.ts';
import type { Sessions } from './sessions.ts';
import type { Starts } from './starts.ts';
import { jump, take } from './steps.ts';
import type { Reply } from './waits.types.ts';

/** Of a flow that the app names: no rule sets its times (contract flows §7.1). */
export const ROUTED = { cooldownS: 0, keyword: false };

export type AnswersOptions = RoutingOptions & {
  readonly rows: Rows;
  readonly sessions: Sessions;
  readonly starts: Starts;
  readonly parks: Parks;
  /** `STALE_AFTER_SECONDS`, in ms. */
  readonly staleAfterMs: number;
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
    also?: (batch: Batch) => void,
  ): Promise<void> {
    const { rows, starts } = this.#o;
    const { reply, start, number } = question;
    const { keyword, ...rest } = by;
    const trigger = keyword && isTyped(reply) ? reply.text.trim() : '';
    const order = { ...start, ...rest, flowId, ...(trigger !== '' && { trigger }), since: number + 1 };
    await starts.order(order, (batch) => {
      this.decided(batch, question);
      if (trigger !== '') rows.rememberKeyword(batch, start.device, trigger);
      also?.(batch);
    });
  }

  /** What no session takes starts the flow that came with it, else the one that is found (§7.1 step 4). */
  async startAny(question: Question): Promise<boolean> {
    const { flowId, isOpen, lookUp } = question;
    if (!isOpen()) return false;
    if (flowId === undefined) return this.#startFound(question, await lookUp());
    await this.start(question, flowId, ROUTED);
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
    if (!isRunning(row)) return this.taken(row, question);
    // It waits for something else than the customer, for hours perhaps: the message is kept for then.
    await this.keep(row.key, question);
    return true;
  }

  /** AW2. Changes the row when its session takes the message; to be called in the mailbox. */
  async taken(row: SessionRow, question: Question): Promise<boolean> {
    const { rows, sessions, clock } = this.#o;
    const { device } = row;
    const { reply } = question;
    const mayStart = isTyped(reply) && !this.isStale(reply);
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
    await sessions.save(row, (batch) => this.decided(batch, question));
    return true;
  }

  /** AW1. What each decision writes. */
  decided(batch: Batch, { start, reply, id }: Question): void {
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

  /** For the session of this key, or the one that is to begin, when what runs now is through. */
  async keep(key: string, { reply, start, flowId, media, isAsked, coolsDown, number }: Question): Promise<void> {
    const { rows } = this.#o;
    const more = { ...(flowId !== undefined && { flowId }), ...(media && { media }), ...(isAsked && { isAsked }) };
    await rows.write((batch) => {
      rows.kept.keep(batch, key, number, { reply, start, coolsDown, ...more });
      rows.handle(batch, start.device, reply.id);
    });
  }

  /** It may answer what a session waits for, and starts nothing. */
  isStale({ at }: Reply): boolean {
    return this.#o.clock.now() - at > this.#o.staleAfterMs;
  }
}
