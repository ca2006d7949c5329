/**
 * Keyword look-ups: questions to the app that cost something. Contract README §5, inbound §8, flows §9.2.
 *
 *  EP1  A keyword look-up counts a trigger and uses credit: it is repeated only when the connection was refused, so that
 *       the app cannot have heard of it (inbound §8).
 *  EP2  At most `AT_ONCE` look-ups are under way; more wait in the order of their arrival.
 *  EP3  An app that refuses connections is asked by one look-up at a time, after 1, 2, 4, then every 5 s, not by all.
 *  EP4  Every look-up ends: by its answer, by 15 s without one, or when its caller's time is over before it could be asked.
 *
 * Deliberately not here: the outbox (a late repeat of a look-up would be wrong), and what the answers lead to.
 */
import type { Clock, Timer } from '../clock.ts';
import { type Identity, phoneJid } from '../phone.ts';
import { type KeywordReply, keywordReply } from './inbound-answers.ts';
import type { AppAnswer, AppClient } from './client.ts';
import { Fifo } from './fifo.ts';
import type { Medium } from './inbound-content.ts';

export type KeywordQuery = {
  /** What the customer wrote, as it is. */
  readonly text: string;
  readonly customer: Identity;
  /** Whether it came over the linked device; else over a provider. */
  readonly isLinked: boolean;
  readonly device: string;
  readonly media: Medium['type'] | undefined;
  readonly workspace: string | undefined;
};

export type KeywordAnswer =
  | { readonly kind: 'found'; readonly reply: KeywordReply }
  /** Never asked, so that nothing was counted. */
  | { readonly kind: 'not asked'; readonly why: string }
  /** Asked, and nobody knows what it did. */
  | { readonly kind: 'no answer'; readonly why: string };

/** What must be on disk around a look-up, so that a crash never repeats one that may have counted. */
export type Witness = {
  /** Right before the request leaves. */
  asking(): Promise<void>;
  /** The connection was refused: it was not asked after all. */
  refused(): Promise<void>;
};

const AT_ONCE = 12;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5_000;
const KEYWORD_MS = 15_000;

type Job = {
  readonly run: () => Promise<AppAnswer>;
  readonly done: (answer: AppAnswer | undefined) => void;
  readonly timer: Timer;
  over: boolean;
};

export type EndpointsOptions = { readonly client: AppClient; readonly clock: Clock };

export class Endpoints {
  readonly #o: EndpointsOptions;
  readonly #waiting = new Fifo<Job>();
  #busy = 0;
  /** Above 0 while the app refuses connections. */
  #pauseMs = 0;
  /** Epoch ms. */
  #pausedUntil = 0;
  #wake: Timer | undefined;

  constructor(options: EndpointsOptions) {
    this.#o = options;
  }

  /** `until`: epoch ms after which it is asked no more. Rejects only when the witness does. */
  async keywordReply(query: KeywordQuery, until: number, witness: Witness): Promise<KeywordAnswer> {
    const run = async () => {
      await witness.asking();
      const answer = await this.#o.client.get('/api/keyword-replies', wire(query), { timeoutMs: KEYWORD_MS });
      if (isRefused(answer)) await witness.refused();
      return answer;
    };
    for (;;) {
      const answer = await this.#inTurn(run, until);
      if (answer === undefined) return { kind: 'not asked', why: 'the app was not to be reached in time' };
      if (isRefused(answer)) continue;
      if (answer.kind === 'no answer') return { kind: 'no answer', why: answer.detail };
      if (answer.status >= 200 && answer.status < 300) return { kind: 'found', reply: keywordReply(answer.body) };
      return { kind: 'no answer', why: `HTTP ${answer.status}` };
    }
  }

  /** Undefined when `until` came first. */
  #inTurn(run: Job['run'], until: number): Promise<AppAnswer | undefined> {
    const { clock } = this.#o;
    return new Promise((resolve, reject) => {
      const expire = () => {
        job.over = true;
        resolve(undefined);
      };
      const job: Job = {
        run: () =>
          run().catch((thrown: unknown) => {
            reject(thrown as Error);
            return { kind: 'no answer', why: 'aborted', detail: 'not asked' } as const;
          }),
        done: resolve,
        timer: clock.setTimeout(expire, Math.max(0, until - clock.now())),
        over: false,
      };
      this.#waiting.push(job);
      this.#pump();
    });
  }

  #pump(): void {
    const { clock } = this.#o;
    while (!this.#waiting.empty && this.#busy < (this.#pauseMs > 0 ? 1 : AT_ONCE)) {
      const wait = this.#pausedUntil - clock.now();
      if (wait > 0) {
        if (!this.#wake) this.#wake = clock.setTimeout(() => this.#goOn(), wait);
        return;
      }
      const job = this.#waiting.shift();
      if (job && !job.over) void this.#ask(job);
    }
  }

  #goOn(): void {
    this.#wake = undefined;
    this.#pump();
  }

  async #ask(job: Job): Promise<void> {
    this.#o.clock.clearTimeout(job.timer);
    this.#busy++;
    const answer = await job.run();
    this.#busy--;
    if (isRefused(answer)) this.#pause();
    else this.#pauseMs = this.#pausedUntil = 0;
    job.done(answer);
    this.#pump();
  }

  /** The others of a burst that was refused together say nothing new. */
  #pause(): void {
    const now = this.#o.clock.now();
    if (now < this.#pausedUntil) return;
    this.#pauseMs = Math.min(this.#pauseMs * 2 || FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    this.#pausedUntil = now + this.#pauseMs;
  }
}

/** The query exactly as inbound §8 has it; what is not known is left out. */
function wire({ text, customer, isLinked, device, media, workspace }: KeywordQuery): Record<string, string> {
  // The app reads a LID like a phone.
  const digits = customer.pn ?? customer.lid ?? '';
  return {
    keyword: text.trim().toLowerCase(),
    // Flows §8.
    mobile: isLinked ? phoneJid(digits) : digits,
    phone: device,
    ...((media === 'image' || media === 'audio') && { media_type: media }),
    ...(workspace !== undefined && { workspace_id: workspace }),
  };
}

const isRefused = (answer: AppAnswer): boolean => answer.kind === 'no answer' && answer.detail === 'ECONNREFUSED';
