/**
 * The app as the bridge knows it, for the composition root: the connections to it, and what is asked of it. What is told
 * to it goes through the outbox (linked.ts) and the ticks (main.ts). Nothing else lives here.
 */
import { WorkspaceAttributes } from '../app-client/attributes.ts';
import { type AppClient, appClient } from '../app-client/client.ts';
import { Endpoints } from '../app-client/endpoints.ts';
import { PlatformSettings } from '../app-client/platform-settings.ts';
import { Settings } from '../app-client/settings.ts';
import { SettingsRows } from '../app-client/settings-rows.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { appAgent } from '../net.ts';
import type { Store } from '../store/store.ts';

/** 64 callbacks at once (contract README §3.1), and room for ticks and look-ups while all of those are slow. */
const CONNECTIONS = 80;

export type AppSideOptions = {
  readonly config: Config;
  readonly store: Store;
  /** Digits of the numbers whose settings are kept fresh. */
  readonly inUse: () => Iterable<string>;
  readonly clock: Clock;
  readonly log: Log;
};

export type AppSide = {
  readonly client: AppClient;
  readonly endpoints: Endpoints;
  readonly attributes: WorkspaceAttributes;
  /** What the app set for all numbers, and for each. */
  readonly platform: PlatformSettings;
  readonly settings: Settings;
  close(): Promise<void>;
};

export function createAppSide({ config, store, inUse, clock, log }: AppSideOptions): AppSide {
  const { appUrl, token, callbackSigningSecret: signingSecret, authEncryptionKey } = config;
  const connections = appAgent(CONNECTIONS);
  const client = appClient({
    ...{ baseUrl: appUrl, token, connections, clock },
    ...(signingSecret !== undefined && { signingSecret }),
  });
  return {
    client,
    endpoints: new Endpoints({ client, clock }),
    attributes: new WorkspaceAttributes(client, clock),
    platform: new PlatformSettings({ client, store, clock, log }),
    settings: new Settings({
      client,
      rows: new SettingsRows(store, authEncryptionKey !== undefined),
      inUse,
      clock,
      log,
    }),
    close: () => connections.close(),
  };
}
