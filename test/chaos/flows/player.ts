/**
 * One customer who plays the shop to its end while the bridge dies and comes back. On the linked device everything is said
 * once: WhatsApp keeps it. On Cloud API the app hands on what the customer writes; what it could not hand on, the
 * customer says again when nothing follows, as people do.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bridge } from '../../helpers/bridge.ts';
import { CloudCustomer, type Customer, LinkedCustomer, type Shown } from '../../helpers/flow-customers.ts';
import type { World } from '../../helpers/world.ts';
import { type Kind, shows, type Step, STEPS } from './shop.ts';

/** When a customer loses patience. */
const PATIENCE_MS = 40_000;
const LOOK_MS = 250;
/** When a customer begins to wonder whether something is lost. */
const QUIET_MS = 3_000;

export type PlayerOptions = {
  readonly world: World;
  readonly bridge: Bridge;
  readonly kind: Kind;
  readonly number: string;
  readonly phone: string;
  readonly flow: number;
  readonly subscriber: number;
};

type SessionRow = {
  readonly key: string;
  readonly waitsFor: string;
  readonly status: string;
  /** When it came to where it stands. */
  readonly since: string;
};

export class Player {
  readonly kind: Kind;
  readonly phone: string;
  readonly key: string;
  readonly subscriber: number;
  /** The step that is awaited; `STEPS.length` when the conversation is over. */
  step = 0;
  /** Steps that never showed; on Cloud API only. */
  readonly unseen: Step[] = [];
  /** Kills that it lived through. */
  kills = 0;
  #isStarted = false;
  #isThrough = false;
  #actedAt = 0;
  #seen: readonly Shown[] = [];
  readonly #o: PlayerOptions;
  readonly #customer: Customer;

  constructor(options: PlayerOptions) {
    const { world, bridge, kind, number, phone } = options;
    this.#o = options;
    this.kind = kind;
    this.phone = phone;
    this.key = `${number}_${phone}`;
    this.subscriber = options.subscriber;
    this.#customer =
      kind === 'linked' ? new LinkedCustomer(world, number, phone) : new CloudCustomer(world, bridge, number, phone);
  }

  get isPlaying(): boolean {
    return this.step < STEPS.length;
  }

  /** Whether a kill now meets it with something said and something to come. */
  get isUnderWay(): boolean {
    return this.isPlaying && this.step > 0;
  }

  /** What shows last may still be under way inside the bridge: the next kill counts too. */
  killed(): void {
    if (this.#isStarted && !this.#isThrough) this.kills += 1;
    this.#isThrough ||= !this.isPlaying;
  }

  /** Rejects when the conversation does not come to its end. */
  async play(): Promise<void> {
    const { bridge, number, flow } = this.#o;
    this.#isStarted = true;
    const start = { flowId: flow, targetPhoneNumber: this.phone, flowSubscriberId: this.subscriber, name: 'Ann' };
    await this.#untilTaken(async () => {
      const { status } = await bridge.call(`/api/flow/start/${number}`, { body: start, timeoutMs: 15_000 });
      return status === 202;
    });
    let seen = 0;
    while (this.isPlaying) {
      const step = STEPS[this.step]!;
      const message = await this.#next(step, seen);
      if (message === undefined) this.unseen.push(step);
      else seen += 1;
      this.step += 1;
      if (step.does) await this.#act(step.does, message);
    }
  }

  /** Everything that was shown, looked at once more. */
  async shown(): Promise<readonly string[]> {
    return (await this.#customer.shown()).map(({ text }) => text);
  }

  /**
   * Message number `seen`, which must be of this step. On Cloud API undefined when it is of a later one or nothing comes;
   * on the linked device that is a loss, and rejects.
   */
  async #next(step: Step, seen: number): Promise<Shown | undefined> {
    const from = Date.now();
    while (Date.now() < from + 2 * PATIENCE_MS) {
      const isLate = this.kind === 'cloud' && Date.now() > from + QUIET_MS && (await this.#hasSaidAll());
      this.#seen = await this.#customer.shown();
      const message = this.#seen[seen];
      if (message !== undefined && shows(step, message.text)) return message;
      if (message !== undefined) return this.#missed(step, `"${message.text}"`);
      if (isLate) break;
      await delay(LOOK_MS);
    }
    return this.#missed(step, 'nothing');
  }

  /** Whether the session has gone on after what the customer did last, and has nothing more to say for now. */
  async #hasSaidAll(): Promise<boolean> {
    const { bridge } = this.#o;
    const answer = await bridge.call('/api/flow/sessions', { timeoutMs: 5_000 }).catch(() => undefined);
    const { sessions } = (answer?.body ?? { sessions: [] }) as { sessions: SessionRow[] };
    return sessions.some(
      ({ key, waitsFor, status, since }) =>
        key === this.key && Date.parse(since) >= this.#actedAt && (waitsFor !== '' || status === 'completed'),
    );
  }

  /** Nobody can say whether a provider sent it: its outcome is unknown after a kill. The linked device says all. */
  #missed(step: Step, instead: string): undefined {
    if (this.kind === 'linked') throw new Error(`${this.phone} sees ${instead} where "${step.shows}" is due`);
    return undefined;
  }

  async #act(does: NonNullable<Step['does']>, message: Shown | undefined): Promise<void> {
    this.#actedAt = Date.now();
    if (does.kind === 'form') return this.#submit();
    const said = async () => {
      if (does.kind === 'say') return this.#customer.say(does.text);
      const options = message?.options ?? [{ id: does.id, title: does.title }];
      return this.#customer.tap({ id: message?.id ?? '', text: '', options }, does.title);
    };
    if (!(this.#customer instanceof CloudCustomer)) return said();
    const customer = this.#customer;
    const before = this.#seen.length;
    await this.#untilTaken(async () => {
      const isHeard = await said().then(
        () => customer.consumed === true,
        () => false,
      );
      return isHeard || (await this.#hasMoved(before));
    });
  }

  /** Whether something follows after all: the bridge may have taken it and died before it could say so. */
  async #hasMoved(before: number): Promise<boolean> {
    await this.#o.bridge.listening();
    const until = Date.now() + PATIENCE_MS / 4;
    while (Date.now() < until) {
      if ((await this.#customer.shown()).length > before) return true;
      await delay(LOOK_MS);
    }
    return false;
  }

  /** Forms take time: the session waits by then. Submitted until it has moved on; a repeat changes nothing (F-55). */
  async #submit(): Promise<void> {
    const { bridge } = this.#o;
    await this.#untilTaken(() => this.#isAtForm());
    const [path, body] =
      this.kind === 'linked'
        ? ['/api/flow-resume', { session_id: this.key, save_variable: 'g', answers: { colour: 'red' } }]
        : [`/api/flow/resume-form/${this.key}`, { form_answers: { colour: 'red' } }];
    await this.#untilTaken(async () => {
      const { status } = await bridge.call(path, { body, timeoutMs: 8_000 });
      return status === 200 && !(await this.#isAtForm());
    });
  }

  async #isAtForm(): Promise<boolean> {
    return (await this.#o.world.appFlows()).parks[this.key]?.['node_id'] === 'n_form01';
  }

  async #untilTaken(work: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if (await work().catch(() => false)) return;
      await delay(300);
    }
    throw new Error(`${this.phone} is not heard`);
  }
}
