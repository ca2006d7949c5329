/**
 * The real bridge process: started on a free port with folders of its own, killed and started again on the same ones,
 * and a typed client of its HTTP API.
 *
 * Invariants
 *  BR1  a restart changes nothing but the process: same port, same folders, same environment, same output file.
 *  BR2  the environment is complete and explicit; nothing is inherited from the developer's shell or `.env`.
 *
 * Deliberately not here: what the answers ought to be.
 */
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { z } from 'zod';
import { program, quickBridge } from './programs.ts';
import { eventually } from './eventually.ts';
import { type Answer, type CallOptions, call } from './json-http.ts';
import { type Exit, Process, START_MS } from './process.ts';
import type { World } from './world.ts';

export type BridgeOptions = {
  readonly world: Pick<World, 'env' | 'token'>;
  /** Holds `auth/`, `data/`, `legacy/` and the output. */
  readonly dir: string;
  readonly env?: Record<string, string>;
  /** Sources that are loaded before the bridge (`node --import`). */
  readonly preload?: readonly string[];
  /** Of two files and with little optimizing (quick-start.js), which saves a short life half of its CPU. */
  readonly quick?: boolean;
};

const clientStatus = z.object({
  status: z.enum(['connected', 'qr_ready', 'code_ready', 'disconnected']),
  isReady: z.boolean(),
  qr: z.string().optional(),
  code: z.string().optional(),
});
export type ClientStatus = z.infer<typeof clientStatus>;

const statuses = z.object({ statuses: z.record(z.string(), z.object({ status: z.string(), isReady: z.boolean() })) });
const outbox = z.object({ outbox: z.object({ pending: z.number() }) });
const withQr = z.object({ qr: z.string() });
const withCode = z.object({ code: z.string() });

export type SendTo = { readonly to: string; readonly text: string; readonly key?: string };

export class Bridge {
  readonly url: string;
  readonly dir: string;
  readonly authDir: string;
  readonly legacyDir: string;
  readonly dataDir: string;
  readonly output: string;
  readonly logFile: string;
  readonly token: string;
  readonly #args: readonly string[];
  readonly #env: Record<string, string>;
  #process: Process;

  private constructor(options: BridgeOptions, port: number) {
    this.dir = options.dir;
    this.authDir = `${options.dir}/auth`;
    this.legacyDir = `${options.dir}/legacy`;
    this.dataDir = `${options.dir}/data`;
    this.output = `${options.dir}/bridge.out`;
    this.logFile = `${options.dir}/node.log`;
    this.url = `http://127.0.0.1:${port}`;
    this.token = options.world.token;
    this.#args = [
      ...(options.preload ?? []).flatMap((file) => ['--import', program(file)]),
      options.quick === true ? quickBridge() : program('src/main.ts'),
    ];
    this.#env = {
      ...options.world.env,
      PORT: String(port),
      AUTH_DIR: this.authDir,
      DATA_DIR: this.dataDir,
      LEGACY_AUTH_DIR: this.legacyDir,
      LOG_FILE: this.logFile,
      ...options.env,
    };
    this.#process = this.#spawn();
  }

  /** Starts it and waits until it listens. */
  static async start(options: BridgeOptions): Promise<Bridge> {
    const bridge = await Bridge.launch(options);
    await bridge.listening();
    return bridge;
  }

  /** Starts it without waiting: for a bridge that ought to refuse to start. */
  static async launch(options: BridgeOptions): Promise<Bridge> {
    mkdirSync(options.dir, { recursive: true });
    return new Bridge(options, await freePort());
  }

  get process(): Process {
    return this.#process;
  }

  kill9(): Promise<Exit> {
    return this.#process.kill9();
  }

  /** SIGTERM; 25 s is what the contract gives a shutdown (README §9). */
  async stop(withinMs = 25_000): Promise<Exit> {
    this.#process.signal('SIGTERM');
    return this.#process.ended(withinMs);
  }

  /** Starts the next process on the same folders and port; the forerunner must have ended. */
  async restart(): Promise<void> {
    if (this.#process.exit === undefined) throw new Error('the bridge still runs');
    this.#process = this.#spawn();
    await this.listening();
  }

  async listening(withinMs = START_MS): Promise<void> {
    const process = this.#process;
    await eventually(
      async () => {
        if (process.exit !== undefined) return true;
        return (await call(`${this.url}/health`, { timeoutMs: 1_000 })).status === 200;
      },
      // Starting takes a second or more; asking more often would take a good part of it.
      { what: `bridge ${process.pid} listens`, withinMs, everyMs: 60 },
    );
    if (process.exit !== undefined) {
      throw new Error(`the bridge ended at start: ${JSON.stringify(process.exit)}\n${process.tail()}`);
    }
  }

  /** Any route, with the token. */
  call(path: string, options: CallOptions = {}): Promise<Answer> {
    return call(`${this.url}${path}`, { ...options, headers: { 'X-Node-Token': this.token, ...options.headers } });
  }

  async status(phone: string): Promise<ClientStatus> {
    return clientStatus.parse((await this.call(`/api/client-status/${phone}`)).body);
  }

  /** Those of `phones` that are ready to send. */
  async connected(phones: readonly string[]): Promise<string[]> {
    const answer = await this.call('/api/clients-status', { body: { phones } });
    const known = statuses.parse(answer.body).statuses;
    return phones.filter((phone) => known[phone]?.status === 'connected' && known[phone].isReady);
  }

  async allConnected(phones: readonly string[], withinMs: number): Promise<void> {
    await eventually(async () => (await this.connected(phones)).length === phones.length, {
      ...{ what: `${phones.length} numbers connected`, withinMs, everyMs: 100 },
    });
  }

  /** The app has all callbacks. */
  async outboxEmpty(withinMs = 60_000): Promise<void> {
    await eventually(async () => outbox.parse((await this.call('/health')).body).outbox.pending === 0, {
      ...{ what: 'the outbox is empty', withinMs, everyMs: 100 },
    });
  }

  /** initialize-client until the first QR. */
  async qr(phone: string): Promise<string> {
    return withQr.parse((await this.call(`/api/initialize-client/${phone}`, { timeoutMs: 35_000 })).body).qr;
  }

  async pairingCode(phone: string): Promise<string> {
    return withCode.parse((await this.call(`/api/get-pairing-code/${phone}`, { timeoutMs: 50_000 })).body).code;
  }

  sendText(from: string, { to, text, key }: SendTo): Promise<Answer> {
    return this.call(`/api/send-message/${from}`, {
      body: { targetPhoneNumber: to, targetJid: null, message: text },
      timeoutMs: 20_000,
      ...(key === undefined ? {} : { headers: { 'Idempotency-Key': key } }),
    });
  }

  #spawn(): Process {
    return new Process({ args: this.#args, env: this.#env, cwd: this.dir, output: this.output });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
