/**
 * The one place that calls `makeWASocket`: every option and why (contract clients §6.3, facts/baileys §8).
 * Deliberately not here: what its events mean (connection.ts).
 */
import {
  type AuthenticationState,
  Browsers,
  DEFAULT_CONNECTION_CONFIG,
  makeWASocket,
  proto,
  type SocketConfig,
  type WASocket,
} from '@whiskeysockets/baileys';
import type { Log, LogLevel } from '../../../log.ts';
import type { WayOut } from '../../../net/proxy.ts';
import type { SocketCaches } from './caches.ts';

const { HistorySyncType } = proto.HistorySync;
const CONNECT_TIMEOUT_MS = 60_000;
const QUERY_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_PAIRING_MS = 30_000;

/** The one Baileys was built for. Its own look-ups of a newer one fall back silently, so they are not used. */
export const LIBRARY_VERSION: readonly [number, number, number] = DEFAULT_CONNECTION_CONFIG.version;

export type SocketOptions = {
  readonly mode: 'login' | 'pair';
  /** How often the library asks whether the peer is there, once it is logged in. */
  readonly keepAliveMs: number;
  readonly url: string;
  /** WhatsApp Web version to announce. */
  readonly version: readonly [number, number, number];
  /** The number's own proxy: for the WebSocket, uploads, and what the library downloads itself (history). */
  readonly out?: WayOut;
  readonly auth: AuthenticationState;
  readonly caches: SocketCaches;
  /** The number's log; Baileys gets a child at its own level. */
  readonly log: Log;
  readonly logLevel: LogLevel;
  /** Only while logged in: there is nothing to send or decrypt before. */
  readonly session?: Pick<
    SocketConfig,
    'getMessage' | 'makeSignalRepository' | 'patchMessageBeforeSending' | 'cachedGroupMetadata'
  >;
};

export function openSocket({
  mode,
  keepAliveMs,
  url,
  version,
  out,
  auth,
  caches,
  log,
  logLevel,
  session,
}: SocketOptions): WASocket {
  const sock = makeWASocket({
    auth,
    waWebSocketUrl: url,
    ...(out && { agent: out.agent, fetchAgent: out.agent, options: { dispatcher: out.dispatcher } }),
    version: [...version],
    browser: Browsers.macOS('Desktop'),
    logger: log.child({ class: 'baileys' }, { level: logLevel }),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    defaultQueryTimeoutMs: QUERY_TIMEOUT_MS,
    keepAliveIntervalMs: mode === 'pair' ? KEEP_ALIVE_PAIRING_MS : keepAliveMs,
    // With own events Baileys holds acks and errors of a send back for up to 30 s (facts §9.1).
    emitOwnEvents: false,
    markOnlineOnConnect: false,
    // The server's properties decide how privacy tokens are attached; without them WhatsApp may answer 463.
    fireInitQueries: true,
    syncFullHistory: false,
    // The first notice carries the initial LID mappings and the names of chats; without any the library warns of session
    // errors. Push names are a small list. Saying no to RECENT also skips its wait of up to 20 s after pairing.
    shouldSyncHistoryMessage: ({ syncType }) =>
      syncType === HistorySyncType.INITIAL_BOOTSTRAP || syncType === HistorySyncType.PUSH_NAME,
    // Retry receipts are answered from the durable sent index, so the memory cache per socket buys nothing.
    enableRecentMessageCache: false,
    generateHighQualityLinkPreview: false,
    userDevicesCache: caches.devices,
    msgRetryCounterCache: caches.retries,
    callOfferCache: caches.calls,
    placeholderResendCache: caches.placeholders,
    // A store that cannot write ends the connection at once (durable-keys.ts); waiting 30 s would only stall it.
    transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
    ...session,
  });
  withoutIdleListeners(sock);
  return sock;
}

/**
 * Who types, who is there and who calls is nothing to this bridge, and these listeners of the library throw at notices of
 * a stranger's making. A call is still answered with its ack (`CB:call`); its event would only make a message of it.
 */
function withoutIdleListeners({ ev, ws }: WASocket): void {
  ws.removeAllListeners('CB:presence');
  ws.removeAllListeners('CB:chatstate');
  ev.removeAllListeners('call');
}

/** Cuts the TCP connection: a frozen peer never answers the WebSocket close, and `ws` waits 30 s for it (facts §6). */
export function terminate(sock: WASocket): void {
  // `socket` is protected in the types only.
  const { socket } = sock.ws as unknown as { readonly socket: { terminate(): void } | null };
  socket?.terminate();
}
