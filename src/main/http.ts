/** The HTTP face with everything that its routes ask, for the composition root. Nothing else lives here. */
import { createRequire } from 'node:module';
import { limitsOf } from '../actors/limits.ts';
import type { CallDesk, FlowDesk, Providers, Vitals } from '../actors/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { CONTRACT_WAITS, createHttpApp } from '../http/app.ts';
import { type HttpServer, listen } from '../http/server.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Jobs } from '../scheduler/protocol.ts';
import type { AppSide } from './app-side.ts';
import type { Linked } from './linked.ts';
import type { House } from './numbers.ts';
import type { Storage } from './storage.ts';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

export type HttpOptions = {
  readonly config: Config;
  readonly storage: Storage;
  readonly app: AppSide;
  readonly linked: Linked;
  readonly house: House;
  readonly providers: Providers;
  readonly calls: CallDesk;
  readonly flows: FlowDesk;
  readonly jobs: Jobs;
  readonly metrics: Metrics;
  readonly vitals: Vitals;
  readonly clock: Clock;
  readonly log: Log;
};

/** Resolves when the port is open. */
export async function openHttp(options: HttpOptions): Promise<HttpServer> {
  const { config, storage, app, linked, house, clock, log, ...rest } = options;
  const { numbers, history, inspector } = house;
  const { stores } = storage;
  const { platform, settings } = app;
  const { versions } = linked;
  const face = createHttpApp({
    ...{ ...rest, numbers, clock, log, version },
    readSettings: (digits, workspace, deadline) => settings.of(digits, workspace, deadline),
    settings: {
      platform: () => platform.current(),
      refresh: (limitMs) => platform.refresh(limitMs),
      bust: (digits) => {
        if (digits === undefined) void platform.refresh(0);
        return settings.bust(digits);
      },
    },
    operator: {
      history: (digits) => history.of(digits),
      limits: (digits) => (stores.exists(digits) ? limitsOf(stores.open(digits), clock.now()) : []),
      versions: () => versions.settings(),
      setVersion: (number, digits) => versions.set(number, digits),
    },
    outbox: linked.outbox.admin,
    auth: { mode: config.apiAuth, token: config.token },
    ownUrl: config.domainUrl,
    appUrl: config.appUrl,
    allowedOrigins: config.allowedOrigins,
    terminateUnlinks: config.terminateUnlinks,
    waits: { ...CONTRACT_WAITS, sendMs: config.sendAnswerDeadlineMs },
    ...(inspector && { inspector }),
  });
  const server = await listen(face, { port: config.port, clock, log });
  log.info({ port: server.port }, 'listening');
  return server;
}
