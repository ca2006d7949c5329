/**
 * The linked-device engine on real LMDB folders against the loopback WhatsApp server, both in this process. The outbox
 * is replaced by its smallest durable form: rows in the number's own store, in one transaction with `also`.
 */
// First: it replaces libsignal's signature check, which must happen before anything imports Baileys.
import { createUnofficialEngine, LIBRARY_VERSION, Reuploads } from '../../../src/actors/engines/unofficial/index.ts';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { globalAgent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MediaFiles } from '../../../src/actors/content/media-files.ts';
import type { UnofficialEngine } from '../../../src/actors/engines/unofficial/create.ts';
import type { Engine, Handle, Origin, SendResult } from '../../../src/actors/engines/engine.ts';
import type { JobReceipt } from '../../../src/actors/protocol.ts';
import type { Fact, InboundFact, ReceiptFact } from '../../../src/app-client/callbacks.types.ts';
import { textOf } from '../../../src/app-client/inbound-content.ts';
import type { OutboxQueue } from '../../../src/app-client/outbox.types.ts';
import type { ProxyLookup } from '../../../src/app-client/proxy-config.ts';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { newMessageId } from '../../../src/ids.ts';
import { createLog } from '../../../src/log.ts';
import { KEEP_ALIVE, type KeepAlive } from '../../../src/machines/deafness.ts';
import type { ConnectionEvent } from '../../../src/machines/number.types.ts';
import { openDeviceStores } from '../../../src/store/devices.ts';
import type { Batch, DeviceStores, Store } from '../../../src/store/store.ts';
import { startWhatsApp, type WhatsApp, type WhatsAppOptions } from '../../loopback/whatsapp/server.ts';
import { NO_AUTOMATIONS, NO_JOBS } from '../../helpers/no-automations.ts';

export const PHONE = '5511987654321';
export const CONTACT = '491701234567';

/** A fact with what it says as text. */
export type ReadFact = InboundFact & { readonly text: string };

/** Facts as rows `<n>` of the number's store. */
export class RecordedQueue implements OutboxQueue {
  readonly #store: Store;
  readonly #onAppend: () => void;
  #next: number;

  constructor(store: Store, onAppend: () => void) {
    this.#store = store;
    this.#onAppend = onAppend;
    this.#next = [...this.#table().keys()].length;
  }

  append(facts: readonly Fact[], also?: (batch: Batch) => void): Promise<void> {
    this.#onAppend();
    return this.#store.write((batch) => {
      for (const fact of facts) batch.put(this.#table(), this.#next++, fact);
      also?.(batch);
    });
  }

  facts(): Fact[] {
    return [...this.#table().range()].map(({ value }) => value);
  }

  #table() {
    return this.#store.table<Fact>('facts');
  }
}

export class World {
  readonly whatsapp: WhatsApp;
  readonly dir: string;
  readonly logLines: string[] = [];
  readonly log = createLog({ level: 'debug', stream: { write: (line) => void this.logLines.push(line) } });
  readonly files: MediaFiles;
  /** What the app says of every number's proxy. */
  proxy: Awaited<ReturnType<ProxyLookup>> = { kind: 'none' };
  /** Whoever tells a proxied number its address. */
  probeUrl = 'http://127.0.0.1:9/';
  /** For tests that cannot wait for the real one. */
  keepAlive: KeepAlive = KEEP_ALIVE;
  clock: Clock = systemClock;
  stores: DeviceStores;
  engine: UnofficialEngine;
  /** While true, every write to a number's store is refused, as by a full disk. */
  diskFull = false;
  /** What jobs were told. */
  readonly jobReceipts: JobReceipt[] = [];
  /** As `FORWARD_GROUPS`; in force from the next `restart`. */
  forwardGroups = false;
  /** Runs when facts are handed over: their journal row is on its way to the disk, their receipt is not written yet. */
  onAppend: (() => void) | undefined;
  #queues = new Map<string, RecordedQueue>();
  #connections: Attempt[] = [];

  private constructor(whatsapp: WhatsApp, dir: string) {
    this.whatsapp = whatsapp;
    this.dir = dir;
    this.files = new MediaFiles(join(dir, 'media'));
    [this.stores, this.engine] = this.#process();
  }

  static async start(options: WhatsAppOptions = { preKeys: 30 }): Promise<World> {
    const whatsapp = await startWhatsApp(options);
    // As NODE_EXTRA_CA_CERTS for a process of its own, but without the world's own authorities, which take 25 ms of each
    // connection.
    globalAgent.options.ca = readFileSync(whatsapp.mediaCertificate, 'utf8');
    return new World(whatsapp, mkdtempSync(join(tmpdir(), 'engine-')));
  }

  /** What a process holds: open folders and an engine. */
  #process(): [DeviceStores, UnofficialEngine] {
    const opened = openDeviceStores({ dir: this.dir, log: this.log, clock: systemClock });
    const views = new Map<Store, Store>();
    const view = (store: Store): Store => {
      const known = views.get(store) ?? this.#refusing(store);
      views.set(store, known);
      return known;
    };
    const stores: DeviceStores = { ...opened, open: (digits) => view(opened.open(digits)) };
    const engine = createUnofficialEngine({
      stores,
      outbox: { attach: (owner, store) => this.#attach(owner, store) },
      dataQueue: { append: () => Promise.resolve() },
      proxyLookup: () => Promise.resolve(this.proxy),
      proxyProbeUrl: this.probeUrl,
      files: this.files,
      reuploads: new Reuploads(systemClock, this.log),
      clock: this.clock,
      log: this.log,
      socketUrl: this.whatsapp.url,
      version: () => LIBRARY_VERSION,
      keepAlive: this.keepAlive,
      trustRoot: this.whatsapp.trustRoot,
      baileysLogLevel: 'warn',
      staleAfterSeconds: 600,
      forwardGroups: this.forwardGroups,
      workspaceOf: () => undefined,
      automations: NO_AUTOMATIONS,
      jobs: { ...NO_JOBS, receipt: async (receipt) => void this.jobReceipts.push(receipt) },
    });
    return [stores, engine];
  }

  #refusing(store: Store): Store {
    return {
      ...store,
      write: (change) => (this.diskFull ? Promise.reject(new Error('no space left')) : store.write(change)),
    };
  }

  /** As when a process ends in good order; a second one may now own the folders. */
  async leave(): Promise<void> {
    await Promise.all(this.#connections.map(({ handle }) => handle.close()));
    this.#connections = [];
    this.#queues = new Map();
    await this.stores.close();
  }

  /** As a new process on the same folders. */
  restart(): void {
    [this.stores, this.engine] = this.#process();
  }

  connect(mode: 'login' | 'pair', digits = PHONE): Attempt {
    const attempt = new Attempt(this.engine, digits, mode);
    this.#connections.push(attempt);
    return attempt;
  }

  /** Pairs by QR and logs in; returns the open connection. */
  async paired(digits = PHONE): Promise<Attempt> {
    this.whatsapp.createPhone(digits);
    const pairing = this.connect('pair', digits);
    const { qr } = await pairing.next('qr');
    const result = await this.whatsapp.scan(digits, qr);
    if (result.kind !== 'paired') throw new Error(result.reason);
    await pairing.next('closed');
    await pairing.handle.close();
    return this.login(digits);
  }

  async login(digits = PHONE): Promise<Attempt> {
    const attempt = this.connect('login', digits);
    await attempt.next('opened');
    return attempt;
  }

  facts(digits = PHONE): Fact[] {
    return this.#queues.get(digits)?.facts() ?? [];
  }

  inbound(digits = PHONE): ReadFact[] {
    const facts = this.facts(digits).filter((fact) => fact.kind === 'inbound');
    return facts.map((fact) => ({ ...fact, text: textOf(fact.content) }));
  }

  receipts(digits = PHONE): ReceiptFact[] {
    return this.facts(digits).filter((fact) => fact.kind === 'receipt');
  }

  async stop(): Promise<void> {
    await this.leave();
    await this.whatsapp.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  #attach(owner: string, store: Store): RecordedQueue {
    const queue = new RecordedQueue(store, () => this.onAppend?.());
    this.#queues.set(owner, queue);
    return queue;
  }
}

type Event<T extends ConnectionEvent['type']> = Extract<ConnectionEvent, { type: T }>;

/** One connection attempt and everything it reported. */
export class Attempt {
  readonly handle: Handle;
  readonly events: ConnectionEvent[] = [];

  constructor(engine: Engine, digits: string, mode: 'login' | 'pair') {
    this.handle = engine.connect({ digits, mode, onEvent: (event) => void this.events.push(event) });
  }

  /** The first event of this type, once it is there. */
  async next<T extends ConnectionEvent['type']>(type: T, ms = 15_000): Promise<Event<T>> {
    return eventually(`an event ${type}`, () => this.events.find((event) => event.type === type) as Event<T>, ms);
  }

  send(
    text: string,
    to = `${CONTACT}@s.whatsapp.net`,
    more: { id?: string; ms?: number; from?: string; origin?: Origin } = {},
  ): Promise<SendResult> {
    const { id = newMessageId(), ms = 12_000, from = PHONE, origin } = more;
    const order = { from, to, id, deadline: Date.now() + ms, ...(origin && { origin }) };
    return this.handle.send({ ...order, content: { kind: 'text', text } });
  }
}

/** Polls until `probe` gives something. */
export async function eventually<T>(what: string, probe: () => T | undefined | false, ms = 10_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
