/**
 * The automations of all numbers: one per device store, from the moment its queue is attached until its login goes.
 *
 *  AM1  A number's automation begins with what an earlier process left.
 *  AM2  It ends before its folder goes away, and when the process stops; what is left stays on disk.
 */
import type { Endpoints } from '../../app-client/endpoints.ts';
import type { AutomaticReply } from '../../app-client/inbound-answers.ts';
import type { AnswerListener, OutboxQueue } from '../../app-client/outbox.types.ts';
import { type Clock, sleep, type Timer } from '../../clock.ts';
import { type Log, numberLog } from '../../log.ts';
import { type Identity, lidOfJid, phoneOfJid } from '../../phone.ts';
import type { Store } from '../../store/store.ts';
import type { LidMap } from '../lid-map.ts';
import type { SendAnswer, SendRequest } from '../protocol.ts';
import { Automation, type AutomationDoor } from './automation.ts';
import { Conversations } from './conversations.ts';
import { Cooldowns } from './cooldowns.ts';
import type { CustomerMessage, Flows } from './flows.ts';
import { Replies, type RepliesOptions } from './replies.ts';
import { Tasks } from './tasks.ts';

/** Contract README §9. */
const SWEEP_MS = 600_000;
/** How long the end of a login waits for a look-up under way. */
const DETACH_MS = 3_000;

export type AutomationsOptions = {
  readonly flows: Flows;
  readonly endpoints: Pick<Endpoints, 'keywordReply'>;
  readonly send: (request: SendRequest) => Promise<SendAnswer>;
  readonly workspace: (device: string) => string | undefined;
  /** The app's base URL, for relative media. */
  readonly appUrl: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly staleAfterSeconds: number;
};

/** What engines need of it: a number's automation, and who hears the app's answers to its messages. */
export type AutomationHome = {
  attach(
    device: string,
    store: Store,
    queue: OutboxQueue,
    lids: LidMap,
    sentMedium: RepliesOptions['sentMedium'],
  ): AutomationDoor;
  listener(device: string): AnswerListener;
};

type Own = {
  readonly automation: Automation;
  readonly replies: Replies;
  readonly cooldowns: Cooldowns;
  readonly lids: LidMap;
};

export class Automations implements AutomationHome {
  readonly #o: AutomationsOptions;
  readonly #own = new Map<string, Own>();
  #sweepTimer: Timer | undefined;

  constructor(options: AutomationsOptions) {
    this.#o = options;
    this.#sweepLater();
  }

  /** AM1. Once per open store. */
  attach(
    device: string,
    store: Store,
    queue: OutboxQueue,
    lids: LidMap,
    sentMedium: RepliesOptions['sentMedium'],
  ): Automation {
    const { flows, endpoints, send, appUrl, clock, staleAfterSeconds } = this.#o;
    const log = numberLog(this.#o.log, device);
    const onFailure = (error: unknown) =>
      log.error({ err: error }, 'an automation failed; it is tried at the next start');
    const tasks = new Tasks(store, clock, onFailure);
    const conversations = new Conversations(onFailure);
    const cooldowns = new Cooldowns(store, clock);
    const shared = { device, tasks, conversations, cooldowns, clock, log };
    const replies = new Replies({ ...shared, queue, send, sentMedium, appUrl });
    const workspace = () => this.#o.workspace(device);
    const automation = new Automation({ ...shared, replies, flows, endpoints, workspace, staleAfterSeconds });
    this.#own.set(device, { automation, replies, cooldowns, lids });
    automation.recover();
    return automation;
  }

  /** What the outbox heard for a message of this number. */
  readonly listener =
    (device: string): AnswerListener =>
    (about, answer, first) => {
      const answered = this.#own.get(device)?.automation.answered(about, answer, first);
      answered?.catch((error: unknown) => this.#o.log.error({ err: error }, 'an answer of the app could not be noted'));
    };

  /**
   * A send through a route (inbound §8: a delayed reply gives way to a human operator). Requests do not say who made them:
   * operators, the app's AI agent and its campaigns share these routes and bodies (messages §12). All count as a human,
   * because a reply too few is mended by whoever wrote, a reply on top of an operator's answer by nobody.
   */
  readonly humanWrote = (device: string, to: string): void => {
    const own = this.#own.get(device);
    const [pn, lid] = [phoneOfJid(to), lidOfJid(to)];
    own?.automation.humanWrote(own.lids.complete({ ...(pn && { pn }), ...(lid && { lid }) }));
  };

  /** What a flow's look-up found for a message that it had kept (replies.ts RP6). */
  async decideLate(device: string, message: CustomerMessage, reply: AutomaticReply): Promise<void> {
    await this.#own.get(device)?.replies.decideLate(message, reply);
  }

  /** A flow of this customer has ended: other replies stay away until then (flows §6.6). */
  async coolDown(device: string, contact: Identity, until: number): Promise<void> {
    await this.#own.get(device)?.cooldowns.begin(contact, until);
  }

  /** Customers of all numbers who get no automatic reply now. */
  activeCooldowns(): number {
    let sum = 0;
    for (const { cooldowns } of this.#own.values()) sum += cooldowns.active();
    return sum;
  }

  /** AM2. */
  async detach(device: string): Promise<void> {
    const own = this.#own.get(device);
    this.#own.delete(device);
    if (own) await Promise.race([own.automation.stop(), sleep(this.#o.clock, DETACH_MS)]);
  }

  async stop(): Promise<void> {
    if (this.#sweepTimer) this.#o.clock.clearTimeout(this.#sweepTimer);
    await Promise.all([...this.#own.values()].map(({ automation }) => automation.stop()));
  }

  #sweepLater(): void {
    this.#sweepTimer = this.#o.clock.setTimeout(() => {
      this.#sweepLater();
      for (const { cooldowns } of this.#own.values())
        cooldowns.sweep().catch((error: unknown) => this.#o.log.error({ err: error }, 'cooldowns could not be swept'));
    }, SWEEP_MS);
  }
}
