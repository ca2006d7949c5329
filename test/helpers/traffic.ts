/**
 * Traffic in both directions over several numbers, and a ledger of it, kept outside the bridge: what contacts wrote,
 * and what a client asked the bridge to send.
 *
 * Invariants
 *  TR1  every text is unique, so that a doubled message is seen whatever id it carries.
 *  TR2  one conversation is written one message at a time; its order in the ledger is the order of sending.
 *  TR3  a client repeats a send only with its first Idempotency-Key, which no other send has, until it has a final answer.
 *
 * Deliberately not here: judging the result (audit.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Bridge } from './bridge.ts';
import type { Answer } from './json-http.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** A message from a contact to a number. */
export type Injected = {
  readonly id: string;
  readonly number: string;
  readonly contact: string;
  readonly text: string;
};

/** A message that a client asked the bridge to send. */
export type Sent = {
  readonly key: string;
  readonly number: string;
  readonly contact: string;
  readonly text: string;
  attempts: number;
  /** When each attempt began that was cut off without an answer (`performance.now()`). */
  readonly cuts: number[];
  /** `open`: no final answer yet. */
  outcome: 'open' | 'accepted' | 'failed';
  id?: string;
  /** The answer that made it final, or the last one. */
  answer?: string;
};

export type TrafficOptions = {
  readonly world: World;
  readonly bridge: Bridge;
  readonly numbers: readonly string[];
  readonly random: Random;
  readonly contactsPerNumber?: number;
  /** Pause between two messages of one conversation and direction, ms, [min, max]. */
  readonly pause?: readonly [number, number];
  readonly directions?: 'both' | 'in' | 'out';
};

/** Answers after which the same request may be repeated with the same key (contract messages §1.3, §1.4). */
const TRY_AGAIN = new Set([408, 409, 425, 429, 502, 503, 504]);
const RETRY_PAUSE_MS = 150;
const accepted = z.object({ id: z.string(), messageId: z.string() });

export class Traffic {
  readonly injected: Injected[] = [];
  readonly sent: Sent[] = [];
  readonly conversations: readonly Conversation[];
  readonly #options: TrafficOptions;
  #running: Promise<unknown> = Promise.resolve();
  #on = false;
  #giveUpAt = Number.POSITIVE_INFINITY;

  constructor(options: TrafficOptions) {
    this.#options = options;
    const { numbers, contactsPerNumber = 3 } = options;
    this.conversations = numbers.flatMap((number, n) =>
      Array.from({ length: contactsPerNumber }, (_, c) => ({
        number,
        contact: contactPhone(n, c),
        // The first contact of each number is known by phone, the second by LID only, the third by both.
        ...([{ addressing: 'pn' }, { addressing: 'lid', hidePn: true }, { addressing: 'lid' }] as const)[c % 3],
      })),
    );
  }

  /** Messages in flight or settled in both directions. */
  get total(): number {
    return this.injected.length + this.sent.length;
  }

  start(): void {
    if (this.#on) throw new Error('traffic already runs');
    this.#on = true;
    const { directions = 'both' } = this.#options;
    const flows = this.conversations.flatMap((conversation) => [
      ...(directions === 'out' ? [] : [this.#repeat(() => this.inject(conversation))]),
      ...(directions === 'in' ? [] : [this.#repeat(() => this.send(conversation))]),
    ]);
    this.#running = Promise.all(flows);
    // Its failure is told by `stop`; a scenario that failed before must not end as an unhandled rejection.
    this.#running.catch(() => undefined);
  }

  /** No new messages; resolves when every send has a final answer, or after `withinMs` as it stands. */
  async stop(withinMs = 60_000): Promise<void> {
    this.#on = false;
    this.#giveUpAt = performance.now() + withinMs;
    await this.#running;
  }

  /** One message from the contact to the number: a text, or `content` as in test/loopback/README.md. */
  async inject(conversation: Conversation, content?: Readonly<Record<string, unknown>>): Promise<Injected> {
    const { number, contact, ...how } = conversation;
    const text = `in ${this.injected.length} ${randomWord(this.#options.random)}`;
    const id = await this.#options.world.contactSends(contact, { to: number, ...(content ?? { text }), ...how });
    const injected = { id, number, contact, text };
    this.injected.push(injected);
    return injected;
  }

  /** One message from the number to the contact, repeated until the answer is final. */
  async send({ number, contact }: Conversation): Promise<Sent> {
    const serial = this.sent.length;
    const word = randomWord(this.#options.random);
    const text = `out ${serial} ${word}`;
    const sent: Sent = {
      key: `key-${serial}-${word}`,
      number,
      contact,
      text,
      attempts: 0,
      cuts: [],
      outcome: 'open',
    };
    this.sent.push(sent);
    while (sent.outcome === 'open' && performance.now() < this.#giveUpAt) {
      sent.attempts += 1;
      const begun = performance.now();
      settle(sent, await this.#attempt(sent), begun);
      if (sent.outcome === 'open') await delay(RETRY_PAUSE_MS);
    }
    return sent;
  }

  async #attempt({ number, contact, text, key }: Sent): Promise<Answer | Error> {
    try {
      return await this.#options.bridge.sendText(number, { to: contact, text, key });
    } catch (error) {
      // Refused, reset, cut in mid-answer: the bridge was killed, and the client cannot know how far it came.
      return error as Error;
    }
  }

  async #repeat(step: () => Promise<unknown>): Promise<void> {
    const { random, pause = [100, 600] } = this.#options;
    while (this.#on) {
      await step();
      await delay(random.between(...(pause as [number, number])));
    }
  }
}

export type Conversation = {
  readonly number: string;
  readonly contact: string;
  readonly addressing?: 'pn' | 'lid';
  readonly hidePn?: boolean;
};

function settle(sent: Sent, answer: Answer | Error, begun: number): void {
  if (answer instanceof Error) {
    sent.answer = answer.message;
    if ((answer as NodeJS.ErrnoException).code === 'ECONNRESET') sent.cuts.push(begun);
    return;
  }
  sent.answer = `${answer.status} ${JSON.stringify(answer.body)}`;
  if (answer.status === 200) {
    sent.outcome = 'accepted';
    sent.id = accepted.parse(answer.body).id;
  } else if (!TRY_AGAIN.has(answer.status)) {
    sent.outcome = 'failed';
  }
}

/** 13 digits, never a number of the fixtures. */
const contactPhone = (number: number, contact: number): string =>
  `49176${String(number * 100 + contact).padStart(8, '0')}`;

/** Long enough to be searched for in logs without false finds. */
const randomWord = (random: Random): string =>
  `w${random.between(0, 2 ** 31).toString(36)}x${random.between(0, 2 ** 31).toString(36)}`;
