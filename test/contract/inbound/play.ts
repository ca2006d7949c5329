/**
 * What the tests of inbound messages share: one number on one bridge, a contact who writes to it, and what the app got.
 * The whole way is real: the contact's encryption, Baileys, the bridge's process, its outbox, the app that validates.
 */
import { eventually } from '../../helpers/eventually.ts';
import { call } from '../../helpers/json-http.ts';
import { Stage } from '../../helpers/stage.ts';
import type { Bridge } from '../../helpers/bridge.ts';

export type Told = Readonly<Record<string, unknown>>;

export class Play {
  readonly stage: Stage;
  readonly bridge: Bridge;
  readonly number: string;
  #contacts = 0;

  private constructor(stage: Stage, bridge: Bridge, number: string) {
    this.stage = stage;
    this.bridge = bridge;
    this.number = number;
  }

  /** `set`: with a world in this process, or in one of its own. */
  static async begin(
    env: Record<string, string> = {},
    set: () => Promise<Stage> = () => Stage.forTest(),
  ): Promise<Play> {
    const stage = await set();
    const { bridge, phones } = await stage.paired(1, env);
    const number = phones[0];
    if (number === undefined) throw new Error('no number was paired');
    await bridge.allConnected([number], 60_000);
    return new Play(stage, bridge, number);
  }

  /** Somebody who has never written before. */
  newContact(): string {
    this.#contacts += 1;
    return `49170${String(1_000_000 + this.#contacts)}`;
  }

  /** `content` as in test/loopback/README.md. Answers the message's id. */
  async write(contact: string, content: object): Promise<string> {
    return this.#send(`/contacts/${contact}/send`, { to: this.number, ...content });
  }

  /** The operator writes on the phone. */
  async writeFromPhone(to: string, content: object): Promise<string> {
    return this.#send(`/phones/${this.number}/send`, { to, ...content });
  }

  /** Any operation of the world. */
  async world(path: string, body: object): Promise<unknown> {
    const answer = await call(`${this.stage.world.control}${path}`, { body });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** The callback of this message, once the app has it. */
  async told(id: string, withinMs = 15_000): Promise<Told> {
    return this.find((body) => body['wa_message_id'] === id, `the app has ${id}`, withinMs);
  }

  find(matches: (body: Told) => boolean, what: string, withinMs = 15_000): Promise<Told> {
    return eventually(async () => (await this.all()).find(matches), { what, withinMs });
  }

  /** Every inbound callback so far, in the order of arrival. */
  async all(): Promise<Told[]> {
    const requests = await this.stage.world.appRequests({ path: '/api/inbound-message' });
    return requests.map(({ body }) => body as Told);
  }

  /** Nothing broke the contract, and the client did nothing that WhatsApp would mind. */
  async end(): Promise<{ readonly violations: readonly unknown[]; readonly undecryptable: number }> {
    const violations = await this.stage.world.violations();
    const { undecryptable } = await this.stage.world.checks();
    await this.stage.strike();
    return { violations, undecryptable };
  }

  async #send(path: string, body: object): Promise<string> {
    return ((await this.world(path, body)) as { id: string }).id;
  }
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
