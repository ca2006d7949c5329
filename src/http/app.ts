/**
 * The HTTP face of the bridge: steps in front of the routes, in their order, and the routes.
 *
 *  AP1  Every path under `/api`, also one that does not exist, passes the guard first; `OPTIONS` never reaches it.
 *  AP2  While draining nothing under `/api` is begun.
 *
 * Deliberately not here: listening (server.ts) and what numbers do (actors).
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import type {
  AppSettings,
  CallDesk,
  FlowDesk,
  Numbers,
  Operator,
  OutboxAdmin,
  Providers,
  Vitals,
} from '../actors/protocol.ts';
import type { Clock } from '../clock.ts';
import type { ReadSettings } from '../content/engine-choice.ts';
import type { Log } from '../log.ts';
import type { Jobs } from '../scheduler/protocol.ts';
import { type AuthMode, createAuth } from './auth.ts';
import { cors, originPolicy } from './cors.ts';
import { declarer } from './declare.ts';
import type { HttpEnv } from './env.ts';
import { notFound, refuseWhileDraining, unhandled } from './errors.ts';
import { serveOpenApi } from './openapi.ts';
import { routingPath } from './prefix.ts';
import { requestId } from './request-id.ts';
import { retryAfter } from './retry-after.ts';
import { broadcastRoutes } from './routes/broadcasts.ts';
import { campaignRoutes } from './routes/campaigns.ts';
import { clientRoutes } from './routes/clients.ts';
import { flowRoutes } from './routes/flows.ts';
import { groupRoutes } from './routes/groups.ts';
import { healthRoutes } from './routes/health.ts';
import { type Inspector, inspectorRoutes } from './routes/inspector.ts';
import { jobRoutes } from './routes/jobs.ts';
import { messageActionRoutes } from './routes/message-actions.ts';
import { messageRoutes } from './routes/messages.ts';
import { type MetricsText, metricsRoutes } from './routes/metrics.ts';
import { operatorRoutes } from './routes/operator.ts';
import { outboxRoutes } from './routes/outbox.ts';
import { type PairingWaits, pairingRoutes } from './routes/pairing.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { settingsRoutes } from './routes/settings.ts';
import { voiceRoutes } from './routes/voice.ts';

export type HttpDeps = {
  readonly numbers: Numbers;
  readonly providers: Providers;
  readonly operator: Operator;
  readonly outbox: OutboxAdmin;
  /** Without a scheduler its routes do not exist. */
  readonly jobs: Jobs;
  readonly flows: FlowDesk;
  readonly calls: CallDesk;
  readonly metrics: MetricsText;
  readonly readSettings: ReadSettings;
  readonly settings: AppSettings;
  readonly vitals: Vitals;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** `NODE_API_AUTH` and `NODE_WEBHOOK_TOKEN` (`''`: none). */
  readonly auth: { readonly mode: AuthMode; readonly token: string };
  /** `DOMAIN_NAME`, the bridge's own base URL. */
  readonly ownUrl: string | undefined;
  /** `APP_DOMAIN_NAME`, the app's base URL. */
  readonly appUrl: string;
  readonly allowedOrigins: readonly string[];
  readonly terminateUnlinks: boolean;
  /** Longest waits in ms; `sendMs` is `SEND_ANSWER_DEADLINE_MS`. */
  readonly waits: PairingWaits & { readonly sendMs: number };
  /** Given only with `INSPECT`; without it no `/inspector` exists. */
  readonly inspector?: Inspector;
};

/** Contract clients §1, §5 and messages §1.4. */
export const CONTRACT_WAITS = { initializeMs: 30_000, codeMs: 45_000, downMs: 3_000, sendMs: 18_000 } as const;

export function createHttpApp(deps: HttpDeps): OpenAPIHono<HttpEnv> {
  const { numbers, jobs, vitals, clock, log, version, waits, inspector } = deps;
  const originAllowed = originPolicy(deps.appUrl, deps.allowedOrigins);
  const auth = createAuth({ ...deps.auth, ownUrl: deps.ownUrl, originAllowed, clock, log });
  if (auth.warning !== undefined) log.warn(auth.warning);

  const app = new OpenAPIHono<HttpEnv>({ getPath: routingPath });
  app.onError(unhandled(log));
  app.notFound(notFound);
  app.use(requestId, cors(originAllowed));
  app.use('/api/*', auth.guard, refuseWhileDraining(vitals));

  const declare = declarer(app, numbers, vitals, log);
  const retry = retryAfter(deps.operator, clock);
  const scheduled = () => jobs.count();
  const { flows } = deps;
  const health = { vitals, settings: deps.settings, scheduled, clock, version, knowsToken: auth.knowsToken };
  const calls = () => deps.calls.stats();
  healthRoutes(declare, { ...health, calls, flows: () => flows.counts() });
  clientRoutes(declare, { numbers, strict: auth.strict, terminateUnlinks: deps.terminateUnlinks });
  pairingRoutes(declare, { numbers, clock, waits });
  groupRoutes(declare, { numbers, clock, retryAfter: retry, strict: auth.strict, answerMs: waits.sendMs });
  operatorRoutes(declare, { operator: deps.operator, strict: auth.strict });
  outboxRoutes(declare, { outbox: deps.outbox, vitals, strict: auth.strict });
  metricsRoutes(declare, deps.metrics, auth.strict);
  settingsRoutes(declare, { settings: deps.settings, strict: auth.strict });
  const { providers, readSettings, appUrl } = deps;
  const sends = { numbers, providers, clock, readSettings, retryAfter: retry, appUrl, answerMs: waits.sendMs };
  messageRoutes(declare, sends);
  messageActionRoutes(declare, sends);
  scheduleRoutes(declare, jobs);
  broadcastRoutes(declare, jobs);
  campaignRoutes(declare, jobs);
  jobRoutes(declare, jobs, auth.strict);
  flowRoutes(declare, { flows, clock, strict: auth.strict, strictOrBody: auth.strictOrBody });
  voiceRoutes(declare, { calls: deps.calls, strictOrBody: auth.strictOrBody });
  if (inspector) inspectorRoutes(app, inspector, auth.localOrToken);
  serveOpenApi(app, version);
  return app;
}
