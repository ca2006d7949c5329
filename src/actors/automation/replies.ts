/**
 * Automatic replies of one number, from the decision to the mirror in the app's thread. Contract inbound §8.
 *
 *  RP1  Decision, due time and cooldown are one transaction, before anything is sent; the time is absolute and survives a
 *       restart.
 *  RP2  A reply is sent under an idempotency key made of the customer's message id: however often it is tried, it is one
 *       WhatsApp message (lane.ts L1).
 *  RP3  A reply that waits is dropped when a human wrote in that chat meanwhile or the customer opted out.
 *  RP4  What was handed over is mirrored with its real id, in the transaction that ends its task (C-58); media with their
 *       bytes, for which a mirror waits until they are uploaded (inbound §7).
 *  RP5  A reply that cannot go now is tried again for ten minutes; then it would be no answer any more.
 *  RP6  What a flow's look-up finds for a message that it had kept is decided by the same rules (flows/kept-answers.ts KA1).
 *
 * Deliberately not here: what to reply (automation.ts) and how it is worded (auto-reply.ts).
 */
import type { AutomaticReply } from '../../app-client/inbound-answers.ts';
import type { InboundContent, Medium } from '../../app-client/inbound-content.ts';
import type { OutboxQueue } from '../../app-client/outbox.types.ts';
import type { Clock, Timer } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { type Identity, lidJid, phoneJid } from '../../phone.ts';
import type { SendAnswer, SendRequest } from '../protocol.ts';
import { captionOf, saying } from './auto-reply.ts';
import { contactKeys, type Conversations } from './conversations.ts';
import type { Cooldowns } from './cooldowns.ts';
import type { CustomerMessage } from './flows.ts';
import type { OpenTask, Tasks } from './tasks.ts';

const SEND_MS = 30_000;
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 60_000;
const GIVE_UP_MS = 600_000;
const UPLOAD_LOOK_MS = 5_000;

export type RepliesOptions = {
  readonly device: string;
  readonly tasks: Tasks;
  readonly conversations: Conversations;
  readonly cooldowns: Cooldowns;
  readonly queue: OutboxQueue;
  readonly send: (request: SendRequest) => Promise<SendAnswer>;
  /** What was sent under this message id; undefined before it is handed over. */
  readonly sentMedium: (id: string) => Medium | undefined;
  /** Base of relative media URLs. */
  readonly appUrl: string;
  readonly clock: Clock;
  readonly log: Log;
};

type Waiting = { readonly timer: Timer; readonly keys: readonly string[] };

export class Replies {
  readonly #o: RepliesOptions;
  readonly #waiting = new Map<OpenTask, Waiting>();
  #stopped = false;

  constructor(options: RepliesOptions) {
    this.#o = options;
  }

  /** RP1. Resolves when the reply is sent, or waits in its timer. */
  async decide(open: OpenTask, reply: AutomaticReply): Promise<void> {
    await this.#note(open, reply);
    await this.resume(open);
  }

  /**
   * RP6. A flow had kept this message, took it for nothing, and found this. Resolves when it is decided: whoever asks may
   * be in the way of the conversation, in which it is sent.
   */
  async decideLate(message: CustomerMessage, reply: AutomaticReply): Promise<void> {
    const { tasks, cooldowns, conversations } = this.#o;
    if (cooldowns.isActive(message.contact)) return;
    const open = tasks.open(message);
    await this.#note(open, reply);
    void conversations.enter(message.contact, async () => {
      if (!this.#stopped) await this.resume(open);
    });
  }

  /** Takes up a decision: at once when it is due, else in a timer. */
  async resume(open: OpenTask): Promise<void> {
    const { step } = open.task;
    if (step.kind !== 'reply') return;
    const wait = step.due - this.#o.clock.now();
    if (wait < -GIVE_UP_MS) this.#end(open, 'the bridge was away when it was due');
    else if (wait > 0) this.#wait(open, wait, 0);
    else await this.#send(open, 0);
  }

  #note(open: OpenTask, reply: AutomaticReply): Promise<void> {
    const { tasks, cooldowns, clock } = this.#o;
    const due = clock.now() + reply.delayS * 1_000;
    return tasks.change(open, { step: { kind: 'reply', reply, due } }, (batch) => {
      if (reply.cooldownS > 0) cooldowns.set(batch, open.task.message.contact, due + reply.cooldownS * 1_000);
    });
  }

  /** RP3. */
  drop(contact: Identity, why: string): void {
    if (this.#waiting.size === 0) return;
    const keys = contactKeys(contact);
    for (const [open, waiting] of this.#waiting) {
      if (!waiting.keys.some((key) => keys.includes(key))) continue;
      this.#o.clock.clearTimeout(waiting.timer);
      this.#waiting.delete(open);
      this.#end(open, why);
    }
  }

  /** Nothing waits any longer; it stays on disk for the next process. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#waiting.values()) this.#o.clock.clearTimeout(timer);
    this.#waiting.clear();
  }

  /** `keys`: who may drop it meanwhile (RP3). */
  #wait(open: OpenTask, ms: number, tries: number, keys = contactKeys(open.task.message.contact)): void {
    if (this.#stopped) return;
    const { clock, conversations } = this.#o;
    const { contact } = open.task.message;
    const timer = clock.setTimeout(() => {
      this.#waiting.delete(open);
      void conversations.enter(contact, () => this.#send(open, tries));
    }, ms);
    this.#waiting.set(open, { timer, keys });
  }

  async #send(open: OpenTask, tries: number): Promise<void> {
    const { device, send, clock, appUrl } = this.#o;
    const { step, message } = open.task;
    if (open.done || step.kind !== 'reply') return;
    const said = saying(step.reply, message, appUrl);
    if (!said) return this.#end(open, 'it says nothing');
    const answer = await send({
      from: device,
      to: addressOf(message),
      content: said.content,
      origin: 'auto',
      idempotencyKey: `auto-reply ${step.reply.kind} ${message.id}`,
      deadline: clock.now() + SEND_MS,
    });
    switch (answer.kind) {
      case 'sent':
      case 'pending':
        return this.#mirrorOnceHere(open, answer, said.mirror);
      case 'failed':
        if (answer.why === 'media refused') return this.#sayCaption(open, answer.error);
        if (answer.code !== undefined) return this.#end(open, answer.error);
        return this.#again(open, tries, answer.error);
      case 'unknown':
        return this.#again(open, tries, answer.error);
      case 'not ready':
      case 'timed out':
        return this.#again(open, tries, answer.why);
      default:
        answer satisfies never;
    }
  }

  /** RP4. The lane answers a repeat under the same key with what it answered before, also after a crash. */
  #mirrorOnceHere(
    open: OpenTask,
    { id, kind }: SendAnswer & { readonly id: string },
    content: InboundContent,
  ): Promise<void> | void {
    const { sentMedium, clock } = this.#o;
    const { step } = open.task;
    if (content.kind !== 'media' || step.kind !== 'reply') return this.#mirror(open, id, content);
    const medium = sentMedium(id);
    const isLate = clock.now() - step.due >= GIVE_UP_MS;
    if (!medium && kind === 'pending' && !isLate) return this.#wait(open, UPLOAD_LOOK_MS, 0, []);
    return this.#mirror(open, id, medium ?? content);
  }

  async #mirror(open: OpenTask, id: string, content: InboundContent): Promise<void> {
    const { device, queue, tasks, clock } = this.#o;
    const { contact } = open.task.message;
    const at = Math.floor(clock.now() / 1_000);
    await queue.append(
      [{ kind: 'inbound', device, direction: 'out', contact, name: '', id, content, at, stored: false }],
      (batch) => tasks.remove(batch, open),
    );
  }

  /** RP5. */
  #again(open: OpenTask, tries: number, why: string): Promise<void> | void {
    const { step, message } = open.task;
    if (step.kind !== 'reply') return;
    if (this.#o.clock.now() - step.due < GIVE_UP_MS) {
      const ms = Math.min(FIRST_RETRY_MS * 2 ** tries, LONGEST_RETRY_MS);
      this.#o.log.info({ messageId: message.id, reason: why, ms }, 'an automatic reply is tried again');
      this.#wait(open, ms * (0.8 + 0.4 * Math.random()), tries + 1);
      return;
    }
    return this.#sayCaption(open, why);
  }

  async #sayCaption(open: OpenTask, why: string): Promise<void> {
    const { step, message } = open.task;
    const caption = step.kind === 'reply' ? captionOf(step.reply) : undefined;
    if (!caption) return this.#end(open, why);
    this.#o.log.warn({ messageId: message.id, reason: why }, 'the media of an automatic reply is left out');
    await this.#o.tasks.change(open, { step: { kind: 'reply', reply: caption, due: this.#o.clock.now() } });
    await this.resume(open);
  }

  #end(open: OpenTask, why: string): void {
    this.#o.log.info({ messageId: open.task.message.id, reason: why }, 'an automatic reply was dropped');
    this.#o.tasks.close(open);
  }
}

/** A customer without a known phone is answered under the LID, never under a phone made of its digits (inbound §2). */
function addressOf({ contact: { pn, lid } }: CustomerMessage): string {
  return pn === undefined ? lidJid(lid ?? '') : phoneJid(pn);
}
