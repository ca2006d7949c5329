/**
 * The loopback world, as its own process or within the one that asks, and a typed client of its control API.
 *
 * Deliberately not here: what the peers do (test/loopback), and decisions about traffic (traffic.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Answer, answerNear, type CallOptions, call } from './json-http.ts';
import { Process, START_MS } from './process.ts';
import { program } from './programs.ts';
import { ROOT } from './root.ts';

const readyLine = z.object({ control: z.string(), env: z.record(z.string(), z.string()) });
const sentMessage = z.object({ id: z.string() });
const contactMessages = z.array(
  z.object({ id: z.string(), from: z.string(), text: z.string().nullish(), at: z.string() }),
);
const checks = z.object({
  unansweredIqs: z.number(),
  messagesWithoutParticipants: z.number(),
  undecryptable: z.number(),
  duplicateIds: z.number(),
  overlappingConnections: z.number(),
});
const appRequests = z.array(
  z.object({
    n: z.number(),
    at: z.number(),
    method: z.string(),
    path: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.unknown(),
    status: z.number(),
  }),
);
const rows = z.record(z.string(), z.record(z.string(), z.unknown()));
const appFlows = z.object({
  parks: rows,
  delays: z.array(z.record(z.string(), z.unknown())),
  contacts: z.record(
    z.string(),
    z.object({
      tags: z.array(z.string()),
      groups: z.array(z.string()),
      fields: z.record(z.string(), z.unknown()),
      tasks: z.array(z.unknown()),
    }),
  ),
  positions: z.record(z.string(), z.array(z.string())),
  completed: z.record(z.string(), z.number()),
  media: z.array(z.object({ mime: z.string(), sha256: z.string() })),
});
const login = z.object({ at: z.number() });
const violations = z.array(z.unknown());

export type Checks = z.infer<typeof checks>;
export type AppRequest = z.infer<typeof appRequests>[number];
export type ContactMessage = z.infer<typeof contactMessages>[number];
export type CloseHow = 'stream-error' | 'failure' | 'tcp' | 'freeze' | 'swallow' | 'swallow-client' | 'swallow-server';
export type AppMode = 'ok' | 'down' | '500' | '422' | 'slow' | 'cut';
/** Other kinds of content are listed in test/loopback/README.md. */
export type Incoming = Readonly<Record<string, unknown>> & {
  readonly to: string;
  readonly text?: string;
  readonly addressing?: 'pn' | 'lid';
  readonly hidePn?: boolean;
};

export class World {
  readonly control: string;
  /** All that a bridge needs to be started against this world. */
  readonly env: Readonly<Record<string, string>>;
  readonly #process: Process | undefined;
  readonly #stop: () => Promise<void>;

  private constructor(ready: z.infer<typeof readyLine>, stop: () => Promise<void>, process?: Process) {
    this.control = ready.control;
    this.env = ready.env;
    this.#stop = stop;
    this.#process = process;
  }

  /** `options` of the command line: `--light`, `--quiet`, … (test/loopback/main.ts). */
  static async start(output: string, options: readonly string[] = []): Promise<World> {
    const args = [program('test/loopback/main.ts'), ...options];
    const process = new Process({ args, cwd: ROOT, output });
    const ready = await process.line(/^\{"control":/, START_MS);
    return new World(readyLine.parse(JSON.parse(ready)), () => end(process), process);
  }

  /**
   * In this process, as new as any other: a process of its own takes more CPU to load its modules than most tests take
   * to run. For whoever neither freezes nor measures the world, and can spare its event loop.
   */
  static async here(): Promise<World> {
    // Loaded late, because programs that start a world as a process need nothing of it themselves.
    const { startWorld } = await import('../loopback/world.ts');
    const world = await startWorld();
    const farAgain = answerNear(world.control, world.fetch);
    return new World(world, () => {
      farAgain();
      return world.close();
    });
  }

  /** Throws for a world that has no process of its own. */
  get process(): Process {
    if (this.#process === undefined) throw new Error('this world has no process of its own');
    return this.#process;
  }

  get token(): string {
    return this.env['NODE_WEBHOOK_TOKEN'] ?? '';
  }

  /** Answers the LID of whoever has this phone. */
  async addPhone(phone: string): Promise<string> {
    return z.object({ lid: z.string() }).parse(await this.#ok('/phones', { body: { phone } })).lid;
  }

  async scan(phone: string, qr: string): Promise<void> {
    await this.#ok(`/phones/${phone}/scan`, { body: { qr } });
  }

  async enterCode(phone: string, code: string): Promise<void> {
    await this.#ok(`/phones/${phone}/enter-code`, { body: { code } });
  }

  /** The user removes the linked device on the phone; false when there is none. */
  async unlink(phone: string): Promise<boolean> {
    return (await call(`${this.control}/phones/${phone}/unlink`, { body: {} })).status < 300;
  }

  /** A contact writes to a paired number; queued as offline while the number is away. Answers the WhatsApp id. */
  async contactSends(contact: string, message: Incoming): Promise<string> {
    return sentMessage.parse(await this.#ok(`/contacts/${contact}/send`, { body: message })).id;
  }

  /** What the contact decrypted, in order. */
  async contactMessages(contact: string, from?: string): Promise<ContactMessage[]> {
    const query = from === undefined ? '' : `?from=${from}`;
    return contactMessages.parse(await this.#ok(`/contacts/${contact}/messages${query}`));
  }

  async receipts(contact: string, mode: 'auto' | 'manual' | 'off'): Promise<void> {
    await this.#ok(`/contacts/${contact}/receipts`, { body: { mode } });
  }

  async receipt(contact: string, id: string, type: 'delivered' | 'read' | 'played' | 'retry'): Promise<void> {
    await this.#ok(`/contacts/${contact}/receipt`, { body: { id, type } });
  }

  /** False when the number was not connected, so that there was nothing to close. */
  async closeNumber(phone: string, how: CloseHow, code?: number): Promise<boolean> {
    const body = code === undefined ? { how } : { how, code };
    return (await call(`${this.control}/numbers/${phone}/close`, { body })).status < 300;
  }

  /** Waits up to 25 s for the number's next login, and hears of it at once; answers its moment, epoch ms. */
  async nextLogin(phone: string): Promise<number> {
    return login.parse(await this.#ok(`/numbers/${phone}/next-login`)).at;
  }

  /** App and vendors are as new, and WhatsApp without faults; who is on WhatsApp, and linked to what, stays. */
  async forget(): Promise<void> {
    await this.#ok('/forget', { body: {} });
  }

  async faults(faults: Record<string, unknown>): Promise<void> {
    await this.#ok('/faults', { body: faults });
  }

  async checks(): Promise<Checks> {
    return checks.parse(await this.#ok('/checks'));
  }

  /** One line for each finding of `checks`, for the search for its cause. */
  async findings(): Promise<string[]> {
    return z.array(z.string()).parse(await this.#ok('/checks/details'));
  }

  /** Callbacks that the app received, oldest first, numbered by `n`; `after` leaves out those up to that one. */
  async appRequests({ path = '', after = 0 }: { path?: string; after?: number } = {}): Promise<AppRequest[]> {
    return appRequests.parse(await this.#ok(`/app/requests?path=${encodeURIComponent(path)}&after=${after}`));
  }

  /** `path`: that one alone; `ok` for all ends every path's. */
  async appMode(mode: AppMode, ms?: number, path?: string): Promise<void> {
    await this.#ok('/app/mode', {
      body: { mode, ...(ms !== undefined && { ms }), ...(path !== undefined && { path }) },
    });
  }

  /** Callbacks that broke the contract; empty when all is well. */
  async violations(): Promise<readonly unknown[]> {
    return violations.parse(await this.#ok('/app/violations'));
  }

  /** Writes ready-made logins in the older layout into `dir`; answers the numbers. */
  async pairedFixtures(count: number, dir: string): Promise<string[]> {
    const answer = await this.#ok('/fixtures/paired', { body: { count, dir }, timeoutMs: 60_000 });
    return z.object({ phones: z.array(z.string()) }).parse(answer).phones;
  }

  /** Any command of the app's control API, such as `keyword` (test/loopback/README.md). */
  async app(command: string, body: object): Promise<unknown> {
    return this.#ok(`/app/${command}`, { body });
  }

  /** All that flows left at the app. */
  async appFlows(): Promise<z.infer<typeof appFlows>> {
    return appFlows.parse(await this.#ok('/app/flows'));
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  async #ok(path: string, options: CallOptions = {}): Promise<unknown> {
    const answer: Answer = await call(`${this.control}${path}`, options);
    if (answer.status >= 300) throw new Error(`world ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

async function end(process: Process): Promise<void> {
  process.signal('SIGTERM');
  await Promise.race([process.ended(5_000), delay(5_000)]);
  if (process.exit === undefined) await process.kill9();
}
