/**
 * What the tests of inbound messages share: one number on one bridge, a contact who writes to it, and what the app got.
 * The whole way is real: the contact's encryption, Baileys, the bridge's process, its outbox, the app that validates.
 */
import { eventually } from '../../helpers/eventually.ts';
import { call } from '../../helpers/json-http.ts';
import { CommonStage, newContact } from '../../helpers/common-stage.ts';
import type { Stage } from '../../helpers/stage.ts';
import type { Bridge } from '../../helpers/bridge.ts';

type Ended = { readonly violations: readonly unknown[]; readonly undecryptable: number };

export type Told = Readonly<Record<string, unknown>>;

export class Play {
  readonly stage: Stage;
  readonly bridge: Bridge;
  readonly number: string;
  readonly newContact = newContact;
  readonly #end: () => Promise<Ended>;

  private constructor({ stage, bridge, number }: Pick<Play, 'stage' | 'bridge' | 'number'>, end: () => Promise<Ended>) {
    this.stage = stage;
    this.bridge = bridge;
    this.number = number;
    this.#end = end;
  }

  /** On the stage that many files share. */
  static async begin(): Promise<Play> {
    const common = await CommonStage.enter();
    return new Play(common, () => common.leave());
  }

  /** On a stage of its own, gone at the end. */
  static async on(stage: Stage, env: Record<string, string> = {}): Promise<Play> {
    const { bridge, phones } = await stage.paired(1, env);
    const number = phones[0];
    if (number === undefined) throw new Error('no number was paired');
    await bridge.allConnected([number], 60_000);
    return new Play({ stage, bridge, number }, async () => {
      const violations = await stage.world.violations();
      const { undecryptable } = await stage.world.checks();
      await stage.strike();
      return { violations, undecryptable };
    });
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
  async end(): Promise<Ended> {
    const { violations, undecryptable } = await this.#end();
    return { violations, undecryptable };
  }

  async #send(path: string, body: object): Promise<string> {
    return ((await this.world(path, body)) as { id: string }).id;
  }
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
