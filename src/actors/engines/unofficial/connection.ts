/**
 * One connection attempt of one number over Baileys: opens the socket, translates its events, and ends it for good.
 *
 *  CO1  `closed` is reported at most once and is the last word; after `close()` was called nothing is reported.
 *  CO2  No exception of the library or of a listener escapes: it ends this connection with its text (P1).
 *  CO3  A pairing lives in memory until WhatsApp has confirmed it; then the login is on disk before WhatsApp hears our
 *       answer. A pairing that breaks off leaves nothing behind (facts/baileys §5.2: half-paired creds get a false 401).
 *  CO4  Changed creds are on disk before the library's next step.
 *  CO5  Ending never waits for the peer: a frozen one is cut off after a moment (facts §6: `ws` would wait 30 s).
 *
 * Deliberately not here: what a close code means (machines/close-reason.ts), retries, what a login adds to the socket
 * (session.ts).
 */
import type { AuthenticationState, ConnectionState, WASocket } from '@whiskeysockets/baileys';
import type { Clock } from '../../../clock.ts';
import type { Log, LogLevel } from '../../../log.ts';
import type { CloseReason } from '../../../machines/close-reason.ts';
import type { KeepAlive } from '../../../machines/deafness.ts';
import type { ConnectionEvent } from '../../../machines/number.types.ts';
import type { DeviceStores, Store } from '../../../store/store.ts';
import type { Target } from '../../../content/content.ts';
import type { Contact } from '../../contact-book.ts';
import type { GroupAnswer, GroupCommand } from '../../groups.types.ts';
import type { ConnectionOptions, Handle, Progress, SendCommand, SendResult, StarResult } from '../engine.ts';
import { isPaired, newPairingState, openAuthState, type PairingState } from './auth-state.ts';
import type { SharedCaches } from './caches.ts';
import type { Device } from './device.ts';
import { guarded, guardListeners } from './guard.ts';
import { LOGGED_OUT, logOut, OWN_LOGOUT } from './logout.ts';
import { askForCode, outliveReferences } from './pairing-code.ts';
import type { Route } from './proxy.ts';
import { Session } from './session.ts';
import { openSocket, terminate } from './socket.ts';
import { accountOf, reasonOf, textOf } from './translate.ts';
import { watchHearing } from './watchdog.ts';

/** How long the peer may take to answer the WebSocket close before the TCP connection is cut (CO5). */
const CLOSE_HANDSHAKE_MS = 1_000;
/** What the library itself reports when nobody answers (facts/baileys §6). */
const CONNECTION_LOST = 408;

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
  readonly #untilEnded: Promise<CloseReason>;
  #resolveEnded: (reason: CloseReason) => void = () => undefined;
  #sock: WASocket | undefined;
  #session: Session | undefined;
  #silent = false;
  #ended = false;
  #opened = false;
  #paired = false;
  #qrSeen = false;
  #codeWanted = false;
  #stopWatching: () => void = () => undefined;
  #closing: Promise<void> | undefined;
  #loggingOut: Promise<boolean> | undefined;

  constructor(options: ConnectionOptions, engine: EngineContext) {
    this.#o = options;
    this.#engine = engine;
    this.#log = engine.logOf(options.digits);
    this.#untilEnded = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    const begin = options.mode === 'login' ? this.#login() : this.#pair();
    begin.catch((error: unknown) => this.#fail(error));
  }

  isOpen(): boolean {
    return this.#opened && !this.#ended && this.#sock?.ws.isOpen === true && this.#sock.user !== undefined;
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
    this.#loggingOut ??= this.#logout(deadline);
    return this.#loggingOut;
  }

  close(): Promise<void> {
    this.#silent = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #login(): Promise<void> {
    const { stores, caches, clock } = this.#engine;
    const { digits } = this.#o;
    const store = stores.exists(digits) ? stores.open(digits) : undefined;
    const auth = store && openAuthState(store);
    if (!store || !auth || !isPaired(auth.creds)) return this.#closed({ text: 'there is no saved login' });
    const session = new Session({
      device: this.#engine.deviceOf(digits, store),
      auth,
      socket: () => this.#socket(),
      caches: caches.forSocket(),
      clock,
      log: this.#log,
      ended: () => this.#ended,
      onFailure: (error) => this.#fail(error),
      onEnd: () => this.#cutIfFrozen(),
    });
    const [route] = await Promise.all([this.#engine.route(digits, store), session.recover()]);
    if (this.#silent || this.#ended) return;
    if (route.kind === 'blocked') return this.#blocked(route);
    this.#session = session;
    this.#open(route, { creds: auth.creds, keys: session.keys }, () => auth.saveCreds());
  }

  async #pair(): Promise<void> {
    const { stores } = this.#engine;
    const { digits } = this.#o;
    const route = await this.#engine.route(digits, stores.exists(digits) ? stores.open(digits) : undefined);
    if (this.#silent || this.#ended) return;
    if (route.kind === 'blocked') return this.#blocked(route);
    const auth = newPairingState();
    this.#open(route, auth, () => this.#onPairingCreds(auth));
  }

  /** The number's proxy does not work: no socket is opened (clients §9, fail closed). */
  #blocked({ why }: Extract<Route, { kind: 'blocked' }>): void {
    this.#closed({ text: why, by: 'proxy' });
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
    if (this.#session) this.#session.listen(sock);
    else outliveReferences(sock.ws);
    const onFault = (error: unknown) => this.#fail(error);
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
    if (connection === 'close') this.#closed(reasonOf(lastDisconnect?.error));
  }

  #onQr(qr: string): void {
    this.#qrSeen = true;
    this.#report({ type: 'qr', qr });
    if (this.#codeWanted) this.#askForCode();
  }

  /** Asked before the first QR, Baileys answers "Connection Closed" (facts §5.2). */
  #askForCode(): void {
    this.#codeWanted = false;
    const told = askForCode(this.#socket(), this.#o.digits, this.#engine.clock).then((answer) => {
      if (answer.kind === 'code') this.#report({ type: 'code', code: answer.code, at: answer.at });
      if (answer.kind === 'refused' && this.#sock?.ws.isOpen)
        this.#report({ type: 'code failed', error: answer.error });
    });
    told.catch((error: unknown) => this.#fail(error));
  }

  #onOpen(): void {
    const account = accountOf(this.#socket().user);
    if (!account) return this.#fail(new Error('logged in without an account'));
    this.#opened = true;
    const { clock, keepAlive } = this.#engine;
    this.#stopWatching = watchHearing(this.#socket().ws, { clock, keepAlive, onDeaf: (why) => this.#onDeaf(why) });
    this.#session?.sender.keepPromises().catch((error: unknown) => this.#fail(error));
    this.#session?.surroundings.opened();
    this.#report({ type: 'opened', account });
  }

  /** CO3: `creds.update` comes with the account before the library answers WhatsApp, and without one before that. */
  #onPairingCreds(auth: PairingState): void {
    const account = isPaired(auth.creds) ? accountOf(auth.creds.me) : undefined;
    if (this.#paired || !account) return auth.saveCreds();
    auth.persistTo(this.#engine.stores.open(this.#o.digits));
    this.#paired = true;
    this.#report({ type: 'paired', account });
  }

  /** P10. The machine opens the next connection at once; this one is cut without waiting for a peer that cannot answer. */
  #onDeaf(why: string): void {
    const sock = this.#socket();
    this.#report({ type: 'health lost', why });
    sock.end(Object.assign(new Error(why), { output: { statusCode: CONNECTION_LOST } })).catch(() => undefined);
    terminate(sock);
  }

  #report(event: ConnectionEvent): void {
    if (!this.#silent && !this.#ended) this.#o.onEvent(event);
  }

  #closed(reason: CloseReason): void {
    if (this.#ended) return;
    this.#report({ type: 'closed', reason: this.#loggingOut && reason.code === LOGGED_OUT ? OWN_LOGOUT : reason });
    this.#ended = true;
    this.#stopWatching();
    this.#session?.sender.cut();
    this.#resolveEnded(reason);
  }

  /** CO2; also for a store that cannot write: the TCP connection is cut, so nothing more can be acknowledged. */
  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#log.error({ err: error }, 'a connection failed');
    if (!this.#sock) return this.#closed({ text: textOf(error) });
    const asError = error instanceof Error ? error : new Error(String(error));
    this.#sock.end(asError).catch(() => undefined);
    terminate(this.#sock);
  }

  /** Baileys has begun to end the socket and waits for the peer's answer (CO5). */
  #cutIfFrozen(): void {
    const { clock } = this.#engine;
    const timer = clock.setTimeout(() => this.#sock && terminate(this.#sock), CLOSE_HANDSHAKE_MS);
    void this.#untilEnded.then(() => clock.clearTimeout(timer));
  }

  async #logout(deadline: number): Promise<boolean> {
    const jid = this.#sock?.user?.id;
    if (!this.#sock || jid === undefined || !this.isOpen()) return false;
    return logOut(this.#sock, jid, Math.max(1, deadline - this.#engine.clock.now()), this.#untilEnded);
  }

  async #close(): Promise<void> {
    await this.#loggingOut;
    if (this.#sock && !this.#ended) {
      this.#cutIfFrozen();
      this.#sock.end(undefined).catch(() => undefined);
      const giveUp = this.#engine.clock.setTimeout(() => this.#closed({ text: 'closed' }), 3 * CLOSE_HANDSHAKE_MS);
      await this.#untilEnded;
      this.#engine.clock.clearTimeout(giveUp);
    }
    this.#closed({ text: 'closed' });
    await this.#session?.settled();
  }

  #socket(): WASocket {
    if (!this.#sock) throw new Error('the socket is not open yet');
    return this.#sock;
  }
}
