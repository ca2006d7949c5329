/**
 * What one number does by itself with a customer's fresh message: waiting flow, the app's flow, keyword look-up, reply.
 * Contract inbound §6, flows §7.1.
 *
 *  AU1  Messages of one customer are handled strictly one after the other, customers in parallel (C-35); a reply's delay
 *       and a late answer wait beside that order, not in it.
 *  AU2  The app's answer is waited for at most 1 s for a waiting session and 4 s before the look-up, counted from the
 *       message's arrival; a slow app never blocks the automations.
 *  AU3  `opt_out` and `ai_crm_copilot` forbid every reply to that message, `dedup` too when it answers the first attempt (C-32).
 *       Of a message that a flow has, the flow is told (flows.ts `heard`).
 *  AU4  At most one flow starts per message, at most one look-up is made for it (C-32, C-33).
 *  AU5  A `flow_id` that comes up to 120 s late starts its flow when nothing else ran for that message, else it is logged
 *       (C-34).
 *  AU6  What a crash or a stop leaves is taken up at its step (tasks.ts TK2); by then too old, it is stored only. Once it was
 *       looked up, only a session that had asked for that is offered it again: another may have asked something else since.
 *  AU7  A vote is for a waiting session alone: it waits for no answer, causes no look-up and starts nothing.
 *
 * Deliberately not here: forwarding the message (the outbox does), sending replies (replies.ts), flows themselves.
 */
import type { Batch } from '../../store/store.ts';
import type { AppAnswer } from '../../app-client/client.ts';
import type { InboundFact } from '../../app-client/callbacks.types.ts';
import type { Endpoints, KeywordAnswer } from '../../app-client/endpoints.ts';
import { type KeywordReply, inboundAnswer } from '../../app-client/inbound-answers.ts';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Identity } from '../../phone.ts';
import { AnswerSlot } from './answer-slot.ts';
import type { Conversations } from './conversations.ts';
import type { Cooldowns } from './cooldowns.ts';
import type { CustomerMessage, Flows } from './flows.ts';
import { notAsked, once } from './look-up.ts';
import { messageOf, verdictOf } from './reading.ts';
import type { Replies } from './replies.ts';
import type { OpenTask, Step, Tasks } from './tasks.ts';

/** AU2, AU5. */
const SESSION_WAITS_MS = 1_000;
const LOOK_UP_WAITS_MS = 4_000;
const LATE_MS = 120_000;
/** How long a look-up is tried while the app refuses connections. */
const LOOK_UP_PATIENCE_MS = 60_000;
/** A flow started by the app's routing: no rule sets its times (flows §7.1). */
const ROUTED = { cooldownS: 0, keyword: false };

export type AutomationOptions = {
  readonly device: string;
  readonly tasks: Tasks;
  readonly conversations: Conversations;
  readonly cooldowns: Cooldowns;
  readonly replies: Replies;
  readonly flows: Flows;
  readonly endpoints: Pick<Endpoints, 'keywordReply'>;
  readonly workspace: () => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Older messages are stored, not handled (`STALE_AFTER_SECONDS`). */
  readonly staleAfterSeconds: number;
};

type FlowStep = Extract<Step, { kind: 'flow' }>;

/** A message on its way through, with the answer it waits for. */
type Case = OpenTask & { readonly slot: AnswerSlot };

/** What the inbound desk needs of it. */
export type AutomationDoor = Pick<Automation, 'open' | 'openVotes' | 'put' | 'begin' | 'humanWrote'>;

type Vote = Pick<CustomerMessage, 'id' | 'contact' | 'name' | 'at'> & Required<Pick<CustomerMessage, 'vote'>>;

export class Automation {
  readonly #o: AutomationOptions;
  /** By message id, from arrival until nothing can happen any more. */
  readonly #cases = new Map<string, Case>();
  #stopped = false;

  constructor(options: AutomationOptions) {
    this.#o = options;
  }

  /** Those of these facts that automations handle; to be `put` in the facts' transaction and begun after it. */
  open(facts: readonly InboundFact[]): OpenTask[] {
    return facts.flatMap((fact) => {
      const message = messageOf(fact);
      return message ? [this.#o.tasks.open(message)] : [];
    });
  }

  /** The same for votes, of which the app is told nothing and says nothing (AU7). */
  openVotes(votes: readonly Vote[]): OpenTask[] {
    return votes.map((vote) => this.#o.tasks.open({ ...vote, text: '' }, { kind: 'go on' }));
  }

  put(batch: Batch, tasks: readonly OpenTask[]): void {
    for (const task of tasks) this.#o.tasks.put(batch, task);
  }

  begin(tasks: readonly OpenTask[]): void {
    for (const open of tasks) {
      const slot = new AnswerSlot(this.#o.clock, open.task.verdict);
      const begun: Case = Object.assign(open, { slot });
      this.#cases.set(open.task.message.id, begun);
      this.#enter(begun, () => this.#takeUp(begun));
    }
  }

  /** AU6. */
  recover(): void {
    const left = this.#o.tasks.leftBehind();
    if (left.length > 0) this.#o.log.info({ count: left.length }, 'automations are taken up where they were left');
    this.begin(left);
  }

  /** The app has the message and said this. `first`: no earlier attempt may have told it to the app. */
  async answered(about: { id: string; contact: Identity }, answer: AppAnswer, first: boolean): Promise<void> {
    if (answer.kind !== 'answer' || answer.status < 200 || answer.status > 299) return;
    const read = inboundAnswer(answer.body);
    const verdict = verdictOf(read, first);
    const waiting = this.#cases.get(about.id);
    if (waiting && !waiting.done) {
      waiting.slot.settle(verdict);
      if (verdict.kind !== 'go on') await this.#o.tasks.change(waiting, { verdict });
    } else if (!(await this.#o.flows.heard(this.#o.device, about, verdict)) && verdict.kind === 'flow') {
      this.#o.log.info({ messageId: about.id }, 'a flow_id came when the message was done with, or is stored only');
    }
    if (read.kind === 'stored' && read.conversation !== undefined)
      await this.#o.flows.conversation(this.#o.device, about.contact, read.conversation);
    if (read.kind !== 'opt out') return;
    this.#o.replies.drop(about.contact, 'the customer opted out');
    await this.#o.flows.end(this.#o.device, about.contact);
  }

  /** A human wrote to this customer: on the own phone, or through the app. */
  humanWrote(contact: Identity): void {
    this.#o.replies.drop(contact, 'a human wrote meanwhile');
  }

  /** Nothing new begins; resolves when what is under way has ended. What is left stays on disk. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#o.replies.stop();
    for (const { slot } of this.#cases.values()) slot.cancel();
    await this.#o.conversations.settled();
    await this.#o.tasks.flush();
  }

  #enter({ task }: Case, work: () => Promise<void> | void): void {
    void this.#o.conversations.enter(task.message.contact, async () => {
      if (!this.#stopped) await work();
    });
  }

  #takeUp(one: Case): Promise<void> | void {
    const { message, step } = one.task;
    if (this.#o.clock.now() / 1_000 - message.at > this.#o.staleAfterSeconds && step.kind !== 'reply') {
      this.#o.log.info({ messageId: message.id }, 'a message became too old for automations');
      return this.#close(one);
    }
    switch (step.kind) {
      case 'new':
        return this.#decide(one);
      case 'asked':
        return step.onOffer ? this.#decide(one) : this.#nothingRan(one);
      case 'flow':
        return this.#startFlow(one);
      case 'reply':
        return this.#o.replies.resume(one);
      default:
        step satisfies never;
    }
  }

  async #decide(one: Case): Promise<void> {
    const { flows, device, workspace } = this.#o;
    const { message } = one.task;
    const { slot } = one;
    let isOnOffer = false;
    const wasAsked = one.task.step.kind === 'asked';
    const lookUp = wasAsked ? notAsked('it was asked before') : once(() => this.#lookUp(one, isOnOffer));
    if (flows.waiting(device, message)) {
      if ((await slot.within(SESSION_WAITS_MS))?.kind === 'stop') return this.#close(one);
      if (this.#stopped) return;
      isOnOffer = true;
      if ((await flows.offer(device, message, lookUp, workspace())) === 'consumed') {
        if (slot.verdict) await flows.heard(device, message, slot.verdict);
        return this.#end(one);
      }
      isOnOffer = false;
      if (this.#stopped) return;
    }
    if (message.vote) return this.#close(one);
    if (one.task.step.kind === 'asked') await this.#o.tasks.change(one, { step: { kind: 'asked' } });
    if (wasAsked) return this.#nothingRan(one);
    const verdict = await slot.within(LOOK_UP_WAITS_MS);
    if (verdict?.kind === 'stop') return this.#close(one);
    if (this.#stopped) return;
    if (verdict?.kind === 'flow') return this.#decideFlow(one, { flowId: verdict.flowId, ...ROUTED });
    const found = await lookUp();
    // The answer may have come meanwhile.
    if (slot.verdict?.kind === 'stop') return this.#close(one);
    if (found.kind === 'found') return this.#act(one, found.reply);
    this.#o.log.warn({ messageId: message.id, reason: found.why }, 'no answer to a keyword look-up');
    return this.#nothingRan(one);
  }

  async #act(one: Case, reply: KeywordReply): Promise<void> {
    switch (reply.kind) {
      case 'none':
        return this.#nothingRan(one);
      case 'flow':
        return this.#decideFlow(one, { ...reply, keyword: true });
      case 'text':
      case 'media':
      case 'contact':
      case 'catalog':
      case 'location request':
        if (this.#o.cooldowns.isActive(one.task.message.contact)) return this.#close(one);
        this.#cases.delete(one.task.message.id);
        return this.#o.replies.decide(one, reply);
      default:
        reply satisfies never;
    }
  }
  /** AU5. The order of the conversation goes on meanwhile. */
  #nothingRan(one: Case): Promise<void> | void {
    const { verdict } = one.slot;
    if (verdict?.kind === 'flow') return this.#decideFlow(one, { flowId: verdict.flowId, ...ROUTED });
    if (verdict) return this.#close(one);
    void one.slot
      .within(LATE_MS)
      .then((late) => this.#enter(one, () => (late?.kind === 'flow' ? this.#nothingRan(one) : this.#close(one))));
  }

  async #decideFlow(one: Case, { flowId, timeoutS, cooldownS, keyword }: Omit<FlowStep, 'kind'>): Promise<void> {
    const silence = timeoutS === undefined ? {} : { timeoutS };
    await this.#o.tasks.change(one, { step: { kind: 'flow', flowId, cooldownS, keyword, ...silence } });
    await this.#startFlow(one);
  }

  async #startFlow(one: Case): Promise<void> {
    const { device, flows, workspace } = this.#o;
    const { message, step } = one.task;
    if (step.kind !== 'flow') return;
    const { flowId, timeoutS, cooldownS, keyword } = step;
    await flows.start({ device, message, flowId, workspace: workspace(), timeoutS, cooldownS, keyword });
    this.#close(one);
  }

  /** TK2 around the request (endpoints.ts EP1). */
  #lookUp(one: Case, isOnOffer: boolean): Promise<KeywordAnswer> {
    const { device, endpoints, workspace, tasks, clock } = this.#o;
    const { text, contact: customer, media } = one.task.message;
    const query = { text, customer, isLinked: true, device, media, workspace: workspace() };
    return endpoints.keywordReply(query, clock.now() + LOOK_UP_PATIENCE_MS, {
      asking: () => tasks.change(one, { step: { kind: 'asked', ...(isOnOffer && { onOffer: true }) } }),
      refused: () => tasks.change(one, { step: { kind: 'new' } }),
    });
  }

  /** The session has the message: it must not be offered again after a crash. */
  async #end(one: Case): Promise<void> {
    this.#close(one);
    await this.#o.tasks.flush();
  }

  #close(one: Case): void {
    this.#cases.delete(one.task.message.id);
    this.#o.tasks.close(one);
  }
}
