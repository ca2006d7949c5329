/**
 * The linked-device engine: Baileys behind the Engine port. What its connections share is made here, once per process.
 */
import { tmpdir } from 'node:os';
import type { Outbox, OutboxQueue } from '../../../app-client/outbox.types.ts';
import type { ProxyLookup } from '../../../app-client/proxy-config.ts';
import type { AutomationHome } from '../../automation/automations.ts';
import type { JobNews } from '../../protocol.ts';
import type { Clock } from '../../../clock.ts';
import { type Log, type LogLevel, numberLog } from '../../../log.ts';
import { variants } from '../../../phone.ts';
import type { DeviceStores, Store } from '../../../store/store.ts';
import type { MediaFiles } from '../../content/media-files.ts';
import { KEEP_ALIVE, type KeepAlive } from '../../../machines/deafness.ts';
import type { Engine } from '../engine.ts';
import { loadLogin } from './auth-state.ts';
import { SharedCaches } from './caches.ts';
import { Connection, type EngineContext } from './connection.ts';
import { signatureCheck } from './curve.ts';
import { Device } from './device.ts';
import { Proxies, type Route } from './proxy.ts';
import type { Reuploads } from './inbound/media-reupload.ts';
import { CAPABILITIES } from './outgoing/capabilities.ts';
import { sweepLibraryFiles } from './outgoing/library-files.ts';
import { meOf } from './session.ts';
import { establishTrust } from './trust.ts';

export type UnofficialDeps = {
  readonly stores: DeviceStores;
  readonly outbox: Pick<Outbox, 'attach'>;
  readonly automations: AutomationHome;
  readonly jobs: JobNews;
  /** For facts about numbers without a login. */
  readonly dataQueue: OutboxQueue;
  readonly proxyLookup: ProxyLookup;
  /** `PROXY_PROBE_URL`. */
  readonly proxyProbeUrl: string;
  /** Media on its way out. */
  readonly files: MediaFiles;
  /** Shared with the fetcher of inbound media. */
  readonly reuploads: Reuploads;
  readonly clock: Clock;
  readonly log: Log;
  /** `WHATSAPP_SOCKET_URL`. */
  readonly socketUrl: string;
  /** The WhatsApp Web version that a number announces at its next connect. */
  readonly version: (digits: string) => readonly [number, number, number];
  /** `WHATSAPP_TRUST_ROOT`, 64 hex digits; loopback only. */
  readonly trustRoot?: string;
  /** `KEEP_ALIVE` unless a test is in a hurry. */
  readonly keepAlive?: KeepAlive;
  /** `BAILEYS_LOG_LEVEL`. */
  readonly baileysLogLevel: LogLevel;
  /** `STALE_AFTER_SECONDS`. */
  readonly staleAfterSeconds: number;
  /** `FORWARD_GROUPS`. */
  readonly forwardGroups: boolean;
  /** The workspace a number is bound to, when one is (contract clients §11.1). */
  readonly workspaceOf: (digits: string) => string | undefined;
};

export type UnofficialEngine = Engine & {
  /** Is a complete login on disk: creds with `me` and `account` (facts/baileys §5.1)? */
  isPaired(digits: string): boolean;
  /**
   * Takes charge of a saved login before it connects: its unsent callbacks are posted from now on, and what a crash left
   * in its journal goes to the outbox, also for a number that stays stopped. Rejects when its folder cannot be used.
   */
  adopt(digits: string): Promise<void>;
  /** The way to the media host for the account with this phone number; another spelling of its folder's counts. */
  mediaRoute(account: string): Route;
};

/** Throws when the certificate root is not to be trusted (trust.ts): the bridge must not start then. */
export function createUnofficialEngine(deps: UnofficialDeps): UnofficialEngine {
  const { stores, outbox, clock, log, socketUrl, staleAfterSeconds, baileysLogLevel, forwardGroups } = deps;
  establishTrust(socketUrl, deps.trustRoot);
  if (signatureCheck !== 'native') log.error("libsignal has changed: WhatsApp's signatures are not checked");
  sweepLibraryFiles(tmpdir(), clock.now()).catch((error: unknown) => {
    log.warn({ err: error }, 'temporary files of the library could not be removed');
  });
  const devices = new WeakMap<Store, Device>();
  const logOf = (digits: string) => numberLog(log, digits);
  const deviceOf = (digits: string, store: Store): Device => {
    const known = devices.get(store);
    if (known) return known;
    const queue = outbox.attach(digits, store, deps.automations.listener(digits));
    const device = new Device({
      digits,
      store,
      queue,
      automations: deps.automations,
      jobs: deps.jobs,
      files: deps.files,
      reuploads: deps.reuploads,
      clock,
      log: logOf(digits),
      staleAfterSeconds,
      forwardGroups,
      workspace: () => deps.workspaceOf(digits),
    });
    devices.set(store, device);
    return device;
  };
  const caches = new SharedCaches(clock);
  const proxies = new Proxies({
    lookup: deps.proxyLookup,
    probeUrl: deps.proxyProbeUrl,
    clock,
    queueOf: (digits, store) => (store ? deviceOf(digits, store).queue : deps.dataQueue),
  });
  const context: EngineContext = {
    stores,
    clock,
    caches,
    socketUrl,
    version: deps.version,
    keepAlive: deps.keepAlive ?? KEEP_ALIVE,
    route: (digits, store) => proxies.route(digits, store),
    baileysLogLevel,
    logOf,
    deviceOf,
  };
  const loginOf = (digits: string) => (stores.exists(digits) ? loadLogin(stores.open(digits)) : undefined);
  return {
    name: 'baileys',
    capabilities: CAPABILITIES,
    connect: (options) => new Connection(options, context),
    isPaired: (digits) => loginOf(digits)?.paired ?? false,
    adopt: async (digits) => {
      const device = deviceOf(digits, stores.open(digits));
      const login = loginOf(digits);
      if (login?.paired) await device.recover(meOf(login.creds));
    },
    mediaRoute: (account) => {
      const digits = variants(account).find((spelling) => stores.exists(spelling)) ?? account;
      return proxies.known(digits, stores.exists(digits) ? stores.open(digits) : undefined);
    },
  };
}
