/**
 * An engine behind the same port as the real ones, whose connections do what the test says. It counts what matters for
 * P1 and P2: how many sockets of a number are open at once, and whether each was closed exactly once.
 */
import type { Contact } from '../../src/actors/contact-book.ts';
import type {
  ConnectionOptions,
  Engine,
  Handle,
  Progress,
  SendCommand,
  SendResult,
  StarResult,
} from '../../src/actors/engines/engine.ts';
import { CAPABILITIES } from '../../src/actors/engines/unofficial/outgoing/capabilities.ts';
import type { GroupAnswer } from '../../src/actors/groups.types.ts';
import type { ConnectionEvent } from '../../src/machines/number.types.ts';

export class FakeConnection implements Handle {
  readonly options: ConnectionOptions;
  readonly sent: SendCommand[] = [];
  closes = 0;
  codesAsked = 0;
  loggedOut = false;
  #open = false;

  constructor(options: ConnectionOptions) {
    this.options = options;
  }

  /** Reports an event as the library would; silent once it was closed (E3). */
  tell(event: ConnectionEvent): void {
    if (this.closes > 0) return;
    if (event.type === 'opened') this.#open = true;
    if (event.type === 'closed') this.#open = false;
    this.options.onEvent(event);
  }

  /** Logs in as the number itself. */
  login(): void {
    this.tell({ type: 'opened', account: { id: `${this.options.digits}:1@s.whatsapp.net` } });
  }

  isOpen(): boolean {
    return this.#open && this.closes === 0;
  }

  requestCode(): void {
    this.codesAsked += 1;
  }

  send(command: SendCommand): Promise<SendResult> {
    this.sent.push(command);
    return Promise.resolve({ kind: 'sent', id: command.id, to: command.to });
  }

  progress(): Progress {
    return 'handed over';
  }

  groups(): Promise<GroupAnswer> {
    return Promise.resolve({ kind: 'failed', error: 'this engine has no groups' });
  }

  star(): Promise<StarResult> {
    return Promise.resolve({ kind: 'done' });
  }

  contacts(): Contact[] {
    return [];
  }

  logout(): Promise<boolean> {
    this.loggedOut = true;
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    this.closes += 1;
    this.#open = false;
    return Promise.resolve();
  }
}

export class FakeEngine implements Engine {
  readonly name = 'baileys' as const;
  readonly capabilities = CAPABILITIES;
  readonly connections: FakeConnection[] = [];
  /** Runs on every new connection; the default logs saved logins in at once. */
  onConnect: (connection: FakeConnection) => void = (connection) => {
    if (connection.options.mode === 'login') queueMicrotask(() => connection.login());
  };
  /** The most connections of one number that were ever unclosed at the same time. */
  overlap = 0;

  connect(options: ConnectionOptions): Handle {
    const connection = new FakeConnection(options);
    this.connections.push(connection);
    this.overlap = Math.max(this.overlap, this.unclosed(options.digits).length);
    this.onConnect(connection);
    return connection;
  }

  of(digits: string): FakeConnection[] {
    return this.connections.filter((connection) => connection.options.digits === digits);
  }

  unclosed(digits?: string): FakeConnection[] {
    return this.connections.filter((c) => c.closes === 0 && (digits === undefined || c.options.digits === digits));
  }
}
