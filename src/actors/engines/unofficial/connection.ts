/**
 * One connection attempt of one number over Baileys: opens the socket and translates its events.
 *
 *  CO3  A pairing lives in memory until WhatsApp has confirmed it; then the login is on disk before WhatsApp hears our
 *       answer. A pairing that breaks off leaves nothing behind (facts/baileys §5.2: half-paired creds get a false 401).
 *  CO4  Changed creds are on disk before the library's next step.
 *
 * Deliberately not here: how it ends (ending.ts), retries, what a login adds to the socket (session.ts).
 */
import type { AuthenticationState, ConnectionState, WASocket } from '@whiskeysockets/baileys';
import type { Clock } from '../../../clock.ts';
import type { Log, LogLevel } from '../../../log.ts';
import type { KeepAlive } from '../../../machines/deafness.ts';
import type { DeviceStores, Store } from '../../../store/store.ts';
import type { Target } from '../../../content/content.ts';
import type { Contact } from '../../contact-book.ts';
import type { GroupAnswer, GroupCommand } from '../../groups.types.ts';
import type { ConnectionOptions, Handle, Progress, SendCommand, SendResult, StarResult } from '../engine.ts';
import { isPaired, newPairingState, openAuthState, type PairingState } from './auth-state.ts';
import type { SharedCaches } from './caches.ts';
import type { Device } from './device.ts';
import { Ending } from './ending.ts';
import { guarded, guardListeners } from './guard.ts';
import { askForCode, outliveReferences } from './pairing-code.ts';
import type { Route } from './proxy.ts';
import { Session } from './session.ts';
import { openSocket } from './socket.ts';
import { accountOf, reasonOf } from './translate.ts';
import { watchHearing } from './watchdog.ts';

/** What connections share. */
export type EngineContext = {
  readonly stores: DeviceStores;
  readonly clock: Clock;
  readonly caches: SharedCaches;
  readonly socketUrl: string;
  readonly keepAlive: KeepAlive;
  readonly version: (digits: string) => readonly [number, number, number];
  /** How this number may go out now (proxy.ts). */
  readonly route: (digits: string, store: Store | undefined) => Promise<Route>;
  readonly baileysLogLevel: LogLevel;
  readonly logOf: (digits: string) => Log;
  readonly deviceOf: (digits: string, store: Store) => Device;
};

export class Connection implements Handle {
  readonly #o: ConnectionOptions;
  readonly #engine: EngineContext;
  readonly #log: Log;
  readonly #ending: Ending;
  #sock: WASocket | undefined;
  #session: Session | undefined;
  #opened = false;
  #paired = false;
  #qrSeen = false;
  #codeWanted = false;
  #stopWatching: () => void = () => undefined;

  constructor(options: ConnectionOptions, engine: EngineContext) {
    this.#o = options;
    this.#engine = engine;
    this.#log = engine.logOf(options.digits);
    this.#ending = new Ending({
      onEvent: options.onEvent,
      onEnded: () => {
        this.#stopWatching();
        this.#session?.sender.cut();
      },
      settled: async () => this.#session?.settled(),
      clock: engine.clock,
      log: this.#log,
    });
    const begin = options.mode === 'login' ? this.#login() : this.#pair();
    begin.catch((error: unknown) => this.#ending.fail(error));
  }

  isOpen(): boolean {
    return this.#opened && !this.#ending.ended && this.#sock?.ws.isOpen === true && this.#sock.user !== undefined;
  }

  requestCode(): void {
    this.#codeWanted = true;
    if (this.#qrSeen) this.#askForCode();
  }

  async send(command: SendCommand): Promise<SendResult> {
    if (this.#session && this.isOpen()) return this.#session.sender.send(command);
    return { kind: 'failed', id: command.id, error: 'this number is not connected' };
  }

  progress(id: string): Progress {
    return this.#session?.progress(id) ?? 'uploading';
  }

  async groups(command: GroupCommand, deadline: number): Promise<GroupAnswer> {
    if (this.#session && this.isOpen()) return this.#session.surroundings.groups(command, deadline);
    return { kind: 'not connected' };
  }

  async star(to: string, target: Target, star: boolean, deadline: number): Promise<StarResult> {
    if (this.#session && this.isOpen()) return this.#session.surroundings.star(to, target, star, deadline);
    return { kind: 'failed', error: 'this number is not connected' };
  }

  contacts(): readonly Contact[] {
    return this.#session?.surroundings.contacts() ?? [];
  }

  logout(deadline: number): Promise<boolean> {
    return this.#ending.logout(this.isOpen() ? this.#sock?.user?.id : undefined, deadline);
  }

  close(): Promise<void> {
    return this.#ending.close();
  }

  async #login(): Promise<void> {
    const { stores, caches, clock } = this.#engine;
    const { digits } = this.#o;
    const store = stores.exists(digits) ? stores.open(digits) : undefined;
    const auth = store && openAuthState(store);
    if (!store || !auth || !isPaired(auth.creds)) return this.#ending.closed({ text: 'there is no saved login' });
    const session = new Session({
      device: this.#engine.deviceOf(digits, store),
      auth,
      socket: () => this.#socket(),
      caches: caches.forSocket(),
      clock,
      log: this.#log,
      ended: () => this.#ending.ended,
      onFailure: (error) => this.#ending.fail(error),
      onEnd: () => this.#ending.cutIfFrozen(),
    });
    const [route] = await Promise.all([this.#engine.route(digits, store), session.recover()]);
    if (this.#ending.begun) return;
    if (route.kind === 'blocked') return this.#blocked(route);
    this.#session = session;
    this.#open(route, { creds: auth.creds, keys: session.keys }, () => auth.saveCreds());
  }

  async #pair(): Promise<void> {
    const { stores } = this.#engine;
    const { digits } = this.#o;
    const route = await this.#engine.route(digits, stores.exists(digits) ? stores.open(digits) : undefined);
    if (this.#ending.begun) return;
    if (route.kind === 'blocked') return this.#blocked(route);
    const auth = newPairingState();
    this.#open(route, auth, () => this.#onPairingCreds(auth));
  }

  /** The number's proxy does not work: no socket is opened (clients §9, fail closed). */
  #blocked({ why }: Extract<Route, { kind: 'blocked' }>): void {
    this.#ending.closed({ text: why, by: 'proxy' });
  }

  #open(route: Exclude<Route, { kind: 'blocked' }>, auth: AuthenticationState, onCreds: () => void): void {
    const sock = openSocket({
      mode: this.#o.mode,
      keepAliveMs: this.#engine.keepAlive.everyMs,
      url: this.#engine.socketUrl,
      version: this.#engine.version(this.#o.digits),
      ...(route.kind === 'proxy' && { out: route.out }),
      auth,
      caches: this.#session?.caches ?? this.#engine.caches.forSocket(),
      log: this.#log,
      logLevel: this.#engine.baileysLogLevel,
      ...(this.#session && { session: this.#session.socketOptions }),
    });
    this.#sock = sock;
    this.#ending.owns(sock);
    if (this.#session) this.#session.listen(sock);
    else outliveReferences(sock.ws);
    const onFault = (error: unknown) => this.#ending.fail(error);
    sock.ev.on(
      'connection.update',
      guarded((update) => this.#onUpdate(update), onFault),
    );
    sock.ev.on('creds.update', guarded(onCreds, onFault));
    guardListeners(sock.ws, onFault);
  }

  #onUpdate({ connection, qr, lastDisconnect }: Partial<ConnectionState>): void {
    if (qr !== undefined) this.#onQr(qr);
    if (connection === 'open') this.#onOpen();
    if (connection === 'close') this.#ending.closed(reasonOf(lastDisconnect?.error));
  }

  #onQr(qr: string): void {
    this.#qrSeen = true;
    this.#ending.report({ type: 'qr', qr });
    if (this.#codeWanted) this.#askForCode();
  }

  /** Asked before the first QR, Baileys answers "Connection Closed" (facts §5.2). */
  #askForCode(): void {
    this.#codeWanted = false;
    const told = askForCode(this.#socket(), this.#o.digits, this.#engine.clock).then((answer) => {
      if (answer.kind === 'code') this.#ending.report({ type: 'code', code: answer.code, at: answer.at });
      if (answer.kind === 'refused' && this.#sock?.ws.isOpen)
        this.#ending.report({ type: 'code failed', error: answer.error });
    });
    told.catch((error: unknown) => this.#ending.fail(error));
  }

  #onOpen(): void {
    const sock = this.#socket();
    const account = accountOf(sock.user);
    if (!account) return this.#ending.fail(new Error('logged in without an account'));
    this.#opened = true;
    const { clock, keepAlive } = this.#engine;
    this.#stopWatching = watchHearing(sock.ws, { clock, keepAlive, onDeaf: (why) => this.#ending.deaf(sock, why) });
    this.#session?.sender.keepPromises().catch((error: unknown) => this.#ending.fail(error));
    this.#session?.surroundings.opened();
    this.#ending.report({ type: 'opened', account });
  }

  /** CO3: `creds.update` comes with the account before the library answers WhatsApp, and without one before that. */
  #onPairingCreds(auth: PairingState): void {
    const account = isPaired(auth.creds) ? accountOf(auth.creds.me) : undefined;
    if (this.#paired || !account) return auth.saveCreds();
    auth.persistTo(this.#engine.stores.open(this.#o.digits));
    this.#paired = true;
    this.#ending.report({ type: 'paired', account });
  }

  #socket(): WASocket {
    if (!this.#sock) throw new Error('the socket is not open yet');
    return this.#sock;
  }
}
