/**
 * Plain, unmodified Baileys with its login in memory: the counterpart that proves the loopback server.
 */
import { DEFAULT_CONNECTION_CONFIG, initAuthCreds, makeWASocket, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import type {
  AuthenticationState,
  BaileysEventMap,
  SignalDataSet,
  SignalDataTypeMap,
  WASocket,
  WAMessage,
} from '@whiskeysockets/baileys';
import { setTimeout as sleep } from 'node:timers/promises';

const silent = { ...DEFAULT_CONNECTION_CONFIG.logger, level: 'silent' };
const logger: typeof DEFAULT_CONNECTION_CONFIG.logger = Object.assign(silent, {
  child: () => logger,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
});

export function memoryAuth(creds = initAuthCreds()): AuthenticationState {
  const store = new Map<string, unknown>();
  return {
    creds,
    keys: {
      get: async <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
        const found: Record<string, SignalDataTypeMap[T]> = {};
        for (const id of ids) {
          const value = store.get(`${type}/${id}`);
          if (value !== undefined) found[id] = value as SignalDataTypeMap[T];
        }
        return found;
      },
      set: async (data: SignalDataSet) => {
        for (const [type, entries] of Object.entries(data)) {
          for (const [id, value] of Object.entries(entries ?? {})) {
            if (value === null) store.delete(`${type}/${id}`);
            else store.set(`${type}/${id}`, value);
          }
        }
      },
    },
  };
}

export interface Peer {
  readonly url: string;
  readonly trustRoot: string;
}

type Update = BaileysEventMap['connection.update'];

export class Client {
  readonly sock: WASocket;
  readonly upserts: { type: string; message: WAMessage }[] = [];
  readonly updates: BaileysEventMap['messages.update'] = [];
  readonly acks: Record<string, string>[] = [];
  closed: { code: number; message: string } | undefined;
  #connection: Update[] = [];

  constructor(peer: Peer, auth: AuthenticationState, options: Partial<Parameters<typeof makeWASocket>[0]> = {}) {
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(peer.trustRoot, 'hex');
    this.sock = makeWASocket({
      auth,
      waWebSocketUrl: peer.url,
      logger,
      emitOwnEvents: false,
      retryRequestDelayMs: 10,
      ...options,
    });
    this.sock.ev.on('connection.update', (update) => {
      this.#connection.push(update);
      const error = update.lastDisconnect?.error as { message?: string; output?: { statusCode?: number } } | undefined;
      if (update.connection === 'close') {
        this.closed = { code: error?.output?.statusCode ?? 0, message: error?.message ?? '' };
      }
    });
    this.sock.ev.on('messages.upsert', ({ messages, type }) => {
      for (const message of messages) this.upserts.push({ type, message });
    });
    this.sock.ev.on('messages.update', (updates) => this.updates.push(...updates));
    this.sock.ws.on('CB:ack,class:message', (node: { attrs: Record<string, string> }) => this.acks.push(node.attrs));
  }

  get opened(): boolean {
    return this.#connection.some(({ connection }) => connection === 'open');
  }

  async qr(): Promise<string> {
    return until('a QR', () => this.#connection.findLast(({ qr }) => qr !== undefined)?.qr);
  }

  open(): Promise<true> {
    return until('open', () => (this.closed === undefined ? this.opened || undefined : fail(this.closed)));
  }

  close(): Promise<{ code: number; message: string }> {
    return until('close', () => this.closed);
  }

  /** Contents that reached the application, in order. */
  get texts(): string[] {
    return this.upserts.flatMap(
      ({ message }) => message.message?.conversation ?? message.message?.extendedTextMessage?.text ?? [],
    );
  }

  message(text: string): Promise<{ type: string; message: WAMessage }> {
    return until(`message ${text}`, () =>
      this.upserts.find(
        ({ message: { message } }) => (message?.conversation ?? message?.extendedTextMessage?.text) === text,
      ),
    );
  }

  status(id: string, status: number): Promise<true> {
    return until(
      `status ${status}`,
      () => this.updates.some(({ key, update }) => key.id === id && update.status === status) || undefined,
    );
  }

  /** Hangs up properly. */
  end(): void {
    void this.sock.end(undefined);
  }

  /** As if the process had been killed. */
  kill(): void {
    (this.sock.ws as unknown as { socket: { terminate(): void } }).socket.terminate();
  }
}

function fail({ code, message }: { code: number; message: string }): never {
  throw new Error(`closed with ${code}: ${message}`);
}

export async function until<T>(what: string, look: () => T | undefined, ms = 8000): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${ms} ms`);
    await sleep(5);
  }
}
