/**
 * Composition root: builds every part, starts them in order, stops them in order (design/architecture). Nothing else
 * lives here. Exit codes: 0 after an orderly stop, 1 when it cannot start or after an uncaught exception.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AttachmentFiles } from './actors/attachments.ts';
import { Automations } from './actors/automation/automations.ts';
import { Directory } from './actors/directory.ts';
import { HealthWatch } from './actors/health-watch.ts';
import { History } from './actors/history.ts';
import { createInspector } from './actors/inspector/inspector.ts';
import { MediaFiles } from './actors/content/media-files.ts';
import { MediaSources } from './actors/content/media-source.ts';
import { VoiceConverter } from './actors/content/voice.ts';
import { Lanes } from './actors/lane.ts';
import { limitsOf } from './actors/limits.ts';
import { NumberRecords } from './actors/number-record.ts';
import type { Providers, SendRequest, Vitals } from './actors/protocol.ts';
import { adoptAll, type RestoreProgress, restoreAll } from './actors/restore.ts';
import { drained, runDown } from './actors/shutdown.ts';
import { Supervisor } from './actors/supervisor.ts';
import { Views } from './actors/views.ts';
import { WhatsAppVersions } from './actors/whatsapp-version.ts';
import { bulkSends } from './actors/bulk-sends.ts';
import { HeldMedia } from './actors/content/held-media.ts';
import { WorkspaceAttributes } from './app-client/attributes.ts';
import { appClient } from './app-client/client.ts';
import { campaignDrain } from './app-client/drain.ts';
import { Endpoints } from './app-client/endpoints.ts';
import { heartbeat } from './app-client/heartbeat.ts';
import { DATA_OWNER, openOutbox } from './app-client/outbox.ts';
import { worseOf } from './app-client/outbox-bounds.ts';
import { proxyLookup } from './app-client/proxy-config.ts';
import { PlatformSettings } from './app-client/platform-settings.ts';
import { Settings } from './app-client/settings.ts';
import { SettingsRows } from './app-client/settings-rows.ts';
import { systemClock as clock } from './clock.ts';
import { type Config, loadConfig } from './config.ts';
import { CONTRACT_WAITS, createHttpApp } from './http/app.ts';
import { listen } from './http/server.ts';
import { captureConsole, createLog, type Log } from './log.ts';
import { countNumbers, statesOf } from './main/counts.ts';
import { startFlows } from './main/flows.ts';
import { createProviders } from './main/providers.ts';
import { createVoice } from './main/voice.ts';
import { createMetrics } from './metrics.ts';
import { numberMachine } from './machines/number.ts';
import { defaultRestartPolicy } from './machines/restart.ts';
import { appAgent } from './net.ts';
import { Egress } from './net/egress.ts';
import { createScheduling } from './scheduler/create.ts';
import { openDeviceStores } from './store/devices.ts';
import { diskRoom } from './store/disk-space.ts';
import { openLmdb } from './store/lmdb.ts';
import { claimFolder, type FolderClaim } from './store/lock.ts';

/** 64 callbacks at once (contract README §3.1), and room for ticks and look-ups while all of those are slow. */
const APP_CONNECTIONS = 80;
/** How long one number may hold its place in the first round of a restore. */
const RESTORE_ATTEMPT_MS = 15_000;

async function main(config: Config, log: Log): Promise<void> {
  const claims: Extract<FolderClaim, { kind: 'claimed' }>[] = [];
  for (const dir of new Set([config.authDir, config.dataDir])) {
    const claim = await claimFolder(dir);
    if (claim.kind === 'taken')
      throw new Error(`${dir} is in use by another bridge (${claim.by}); only one may run on it`);
    claims.push(claim);
  }
  const encryption = config.authEncryptionKey === undefined ? {} : { encryptionKey: config.authEncryptionKey };
  const stores = openDeviceStores({ dir: config.authDir, log, clock, ...encryption });
  const data = openLmdb({ path: join(config.dataDir, 'bridge'), ...encryption });

  const connections = appAgent(APP_CONNECTIONS);
  const client = appClient({
    baseUrl: config.appUrl,
    token: config.token,
    ...(config.callbackSigningSecret !== undefined && { signingSecret: config.callbackSigningSecret }),
    connections,
    clock,
  });

  const records = new NumberRecords(stores);
  const files = new MediaFiles(join(config.dataDir, 'media', 'out'));
  // Baileys is loaded only now: the console is captured and its curve is replaced first (facts/baileys §10).
  const { createUnofficialEngine, importLegacy, LIBRARY_VERSION, mediaBytes, Reuploads } = await import(
    './actors/engines/unofficial/index.ts'
  );
  const reuploads = new Reuploads(clock, log);
  const attachments = new AttachmentFiles({
    folder: join(config.dataDir, 'media', 'in'),
    fetcher: mediaBytes({
      host: config.whatsapp.mediaHost,
      reuploads,
      // The engine is made below; nothing is fetched before it has adopted a number.
      routeOf: (account) => engine.mediaRoute(account),
      clock,
      log,
    }),
    log,
  });
  const outbox = openOutbox({
    client,
    clock,
    log,
    attachments,
    bounds: config.outboxBounds,
    disk: () => worseOf(diskRoom(config.authDir), diskRoom(config.dataDir)),
  });
  const dataQueue = outbox.attach(DATA_OWNER, data);
  const versions = new WhatsAppVersions({
    store: data,
    fallback: config.whatsapp.version ?? LIBRARY_VERSION,
    source: config.whatsapp.versionUrl,
    clock,
    log,
  });
  const endpoints = new Endpoints({ client, clock });
  const automations = new Automations({
    // The runtime is made below; nothing is received before the engine has adopted a number.
    flows: {
      waiting: (...message) => flows.flows.waiting(...message),
      offer: (...message) => flows.flows.offer(...message),
      start: (order) => flows.flows.start(order),
      end: (...whose) => flows.flows.end(...whose),
      conversation: (...told) => flows.flows.conversation(...told),
    },
    endpoints,
    send: (request) => countedSend(request),
    workspace: (digits) => records.read(digits).workspace,
    appUrl: config.appUrl,
    clock,
    log,
    staleAfterSeconds: config.staleAfterMs / 1_000,
  });
  const engine = createUnofficialEngine({
    stores,
    outbox,
    automations,
    // The scheduler is made below; nothing is received before the engine has adopted a number.
    jobs: {
      receipt: (receipt) => scheduling.news.receipt(receipt),
      customerWrote: (message) => scheduling.news.customerWrote(message),
    },
    dataQueue,
    proxyLookup: proxyLookup(client, clock),
    proxyProbeUrl: config.proxyProbeUrl,
    files,
    reuploads,
    clock,
    log,
    socketUrl: config.whatsapp.socketUrl,
    version: (digits) => versions.of(digits),
    ...(config.whatsapp.trustRoot !== undefined && { trustRoot: config.whatsapp.trustRoot }),
    baileysLogLevel: config.baileysLogLevel,
    staleAfterSeconds: config.staleAfterMs / 1_000,
    forwardGroups: config.forwardGroups,
    workspaceOf: (digits) => records.read(digits).workspace,
  });

  const inspector = config.inspect ? createInspector(numberMachine, clock) : undefined;
  const history = new History({ store: data, clock, log });
  const supervisor = new Supervisor({
    engine,
    stores,
    records,
    history,
    outbox: {
      detach: async (owner) => {
        await flows.unlinked(owner);
        await automations.detach(owner);
        await outbox.detach(owner);
      },
    },
    isPaired: engine.isPaired,
    tell: (fact) => {
      dataQueue.append([fact]).catch((error: unknown) => log.error({ err: error }, 'a status could not be stored'));
    },
    clock,
    log,
    restartPolicy: defaultRestartPolicy,
    ...(inspector && { inspect: inspector.inspect }),
  });
  const views = new Views(supervisor, clock);
  const egress = new Egress({ appUrl: config.appUrl, allowHosts: config.media.allowHosts });
  const media = new MediaSources({
    files,
    egress,
    voice: new VoiceConverter({ command: 'ffmpeg', log }),
    maxBytes: config.media.maxBytes,
    readBases: config.media.readBases,
    clock,
  });
  const lanes = new Lanes({ supervisor, views, stores, media, files, clock, log });
  const metrics = createMetrics({
    outbox: () => outbox.stats(),
    numbers: () => statesOf(numbers),
    now: () => clock.now(),
  });
  const countedSend = (request: SendRequest) => metrics.countSend('baileys', lanes.send(request));
  const numbers = new Directory({
    supervisor,
    views,
    records,
    lanes: { send: countedSend },
    stores,
    humanWrote: automations.humanWrote,
    clock,
  });

  let phase: ReturnType<Vitals['phase']> = 'starting';
  let restored: RestoreProgress = { done: 0, total: 0, finished: false };
  const vitals: Vitals = {
    phase: () => phase,
    counts: () => countNumbers(numbers),
    restore: () => restored,
    outbox: () => outbox.stats(),
    cooldowns: () => automations.activeCooldowns(),
  };
  const platform = new PlatformSettings({ client, store: data, clock, log });
  const settings = new Settings({
    client,
    rows: new SettingsRows(data, config.authEncryptionKey !== undefined),
    inUse: function* () {
      for (const { digits } of numbers.all()) yield digits;
    },
    clock,
    log,
  });
  const providers = createProviders({ config, store: data, settings, media, files, egress, clock, log });
  const held = new HeldMedia({ folder: join(config.dataDir, 'media', 'jobs'), sources: media, clock });
  const countedProviders: Providers = {
    send: (request) => metrics.countSend(request.engine, providers.sends.send(request)),
  };
  const sends = bulkSends({
    lanes: { send: countedSend, untilHandedOver: (from, id) => lanes.untilHandedOver(from, id) },
    providers: countedProviders,
    settings,
    view: (digits) => numbers.view(digits),
    onChange: (listener) => void supervisor.onChange(listener),
    stores,
    held,
    dailyCap: config.dailyCap,
    clock,
  });
  const attributes = new WorkspaceAttributes(client, clock);
  const flows = startFlows({
    ...{ config, client, attributes, attachments, endpoints, settings, sends, clock, log },
    store: data,
    queue: dataQueue,
    templateLanguages: providers.languagesOf,
    coolDown: ({ device, contact }, until) => automations.coolDown(device, contact, until),
  });
  const scheduling = createScheduling({
    store: data,
    queue: dataQueue,
    sends,
    flows: flows.desk,
    client,
    attributes,
    pacing: () => platform.current().pacing,
    refreshPacing: () => void platform.refresh(0),
    appUrl: config.appUrl,
    graceMs: config.scheduleGraceMs,
    clock,
    log,
  });
  const voice = createVoice({ config, queue: dataQueue, metrics, clock, log });
  const app = createHttpApp({
    numbers,
    calls: voice.calls,
    flows: flows.desk,
    jobs: scheduling.jobs,
    providers: countedProviders,
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
      setVersion: (version, digits) => versions.set(version, digits),
    },
    outbox: outbox.admin,
    metrics,
    vitals,
    clock,
    log,
    version: (createRequire(import.meta.url)('../package.json') as { version: string }).version,
    auth: { mode: config.apiAuth, token: config.token },
    ownUrl: config.domainUrl,
    appUrl: config.appUrl,
    allowedOrigins: config.allowedOrigins,
    terminateUnlinks: config.terminateUnlinks,
    waits: { ...CONTRACT_WAITS, sendMs: config.sendAnswerDeadlineMs },
    ...(inspector && { inspector }),
  });
  const server = await listen(app, { port: config.port, clock, log });
  log.info({ port: server.port }, 'listening');

  const ready = function* () {
    for (const view of numbers.all()) if (view.ready) yield view.digits;
  };
  const drain = campaignDrain({ client, clock });
  const beat = heartbeat({ client, clock, log, ready, drainMissing: drain.missing });
  const loops = [beat, drain, platform, settings, new HealthWatch({ supervisor, clock, log })];

  let stopping: Promise<void> | undefined;
  const stop = (code: number, why: string) => {
    stopping ??= (async () => {
      log.info({ reason: why }, 'stopping');
      phase = 'draining';
      const failed = await runDown(
        [
          {
            name: 'ticks',
            deadlineMs: 100,
            run: async () => [...loops.map((each) => each.stop()), inspector?.close()],
          },
          {
            name: 'sends',
            deadlineMs: 10_000,
            run: async () => {
              await Promise.all([automations.stop(), flows.stop(), scheduling.stop(), voice.stop()]);
              await drained(() => lanes.waiting + providers.sends.waiting, clock);
            },
          },
          { name: 'sockets', deadlineMs: 6_000, run: () => supervisor.stop() },
          { name: 'http', deadlineMs: 2_000, run: () => server.close(1_000) },
          {
            name: 'outbox',
            deadlineMs: 4_000,
            run: async () => {
              await outbox.drain(3_000);
              await attachments.close();
            },
          },
          {
            name: 'stores',
            deadlineMs: 2_000,
            run: () => Promise.all([stores.close(), data.close(), connections.close(), providers.close()]),
          },
          { name: 'claims', deadlineMs: 500, run: () => Promise.all(claims.map((claim) => claim.release())) },
        ],
        clock,
        log,
      );
      log.info({ count: failed.length }, 'stopped');
      process.exit(code);
    })();
  };
  process.once('SIGTERM', () => stop(0, 'SIGTERM'));
  process.once('SIGINT', () => stop(0, 'SIGINT'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    stop(1, 'uncaught exception');
  });
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));

  for (const each of loops) each.start();
  const imported = await importLegacy({
    legacyDir: config.legacyAuthDir,
    stores,
    data,
    log,
    onProgress: (done, total) => log.info({ done, total }, 'importing logins'),
  });
  const adopted = await adoptAll({ stores, supervisor, log, adopt: engine.adopt });
  outbox.complete();
  await attachments.sweep(outbox.attachmentFiles());
  await held.sweep(scheduling.start());
  flows.start();
  // An incomplete login of the older bridge has no folder here; it is reported as Disconnected all the same (README §9).
  await restoreAll([...adopted, ...imported.incomplete], {
    records,
    supervisor,
    views,
    clock,
    concurrency: config.restoreConcurrency,
    attemptMs: RESTORE_ATTEMPT_MS,
    onProgress: (progress) => {
      restored = progress;
      if (progress.finished || progress.done % 10 === 0)
        log.info({ done: progress.done, total: progress.total }, 'restoring');
    },
  });
  if (phase === 'starting') phase = 'running';
}

const loaded = loadConfig();
if (loaded.kind === 'invalid') {
  for (const problem of loaded.problems) process.stderr.write(`${problem}\n`);
  process.exit(1);
}
const log = createLog({ level: loaded.config.logLevel, file: loaded.config.logFile });
captureConsole(log);
if (loaded.unknown.length > 0) log.warn({ variable: loaded.unknown.join(' ') }, 'unknown variables');
main(loaded.config, log).catch((error: unknown) => {
  log.fatal({ err: error }, 'the bridge cannot start');
  process.exit(1);
});
