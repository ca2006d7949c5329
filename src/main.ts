/**
 * Composition root: builds every part (main/, by area), starts them in order, stops them in order (design/architecture).
 * Nothing else lives here. Exit codes: 1 when it cannot start; else those of main/stopping.ts.
 */
import { HealthWatch } from './actors/health-watch.ts';
import { bulkSends } from './actors/bulk-sends.ts';
import { NumberRecords } from './actors/number-record.ts';
import type { Providers, Vitals } from './actors/protocol.ts';
import { adoptAll, type RestoreProgress, restoreAll } from './actors/restore.ts';
import { drained } from './actors/shutdown.ts';
import { takeUp } from './actors/starting.ts';
import { campaignDrain } from './app-client/drain.ts';
import { parkKey } from './app-client/flow-callbacks.ts';
import { heartbeat } from './app-client/heartbeat.ts';
import { systemClock as clock } from './clock.ts';
import { type Config, loadConfig } from './config.ts';
import { captureConsole, createLog, type Log } from './log.ts';
import { createAppSide } from './main/app-side.ts';
import { countNumbers, statesOf } from './main/counts.ts';
import { startFlows } from './main/flows.ts';
import { openHttp } from './main/http.ts';
import { type LinkedOptions, openLinked } from './main/linked.ts';
import { createMedia } from './main/media.ts';
import { createNumbers } from './main/numbers.ts';
import { createProviders } from './main/providers.ts';
import { stopOnSignals } from './main/stopping.ts';
import { openStorage } from './main/storage.ts';
import { createVoice } from './main/voice.ts';
import { createMetrics } from './metrics.ts';
import { createScheduling } from './scheduler/create.ts';

/** How long one number may hold its place in the first round of a restore. */
const RESTORE_ATTEMPT_MS = 15_000;

async function main(config: Config, log: Log): Promise<void> {
  const storage = await openStorage(config, clock, log);
  const { stores, data } = storage;
  const inUse = function* () {
    for (const { digits } of numbers.all()) yield digits;
  };
  const app = createAppSide({ config, store: data, inUse, clock, log });
  const { client, endpoints, attributes, platform, settings } = app;
  const media = createMedia(config, clock, log);
  const records = new NumberRecords(stores);
  const later: LinkedOptions['later'] = {
    flows: () => flows.flows,
    jobs: () => scheduling.news,
    send: (request) => house.send(request),
  };
  const linked = await openLinked({ config, storage, app, media, records, later, clock, log });
  const { engine, outbox, queue, attachments, automations } = linked;
  const metrics = createMetrics({
    outbox: () => outbox.stats(),
    numbers: () => statesOf(numbers),
    now: () => clock.now(),
  });
  const unlinked = (digits: string) => flows.unlinked(digits);
  const house = createNumbers({ config, storage, media, records, linked, metrics, unlinked, clock, log });
  const { supervisor, views, lanes, numbers, inspector } = house;

  const { egress, files, sources, held } = media;
  const providers = createProviders({ config, store: data, settings, media: sources, files, egress, clock, log });
  const countedProviders: Providers = {
    send: (request) => metrics.countSend(request.engine, providers.sends.send(request)),
  };
  const sends = bulkSends({
    lanes: { send: house.send, untilHandedOver: (from, id) => lanes.untilHandedOver(from, id) },
    providers: countedProviders,
    settings,
    view: (digits) => numbers.view(digits),
    onChange: (listener) => void supervisor.onChange(listener),
    stores,
    held,
    dailyCap: config.dailyCap,
    clock,
  });
  const flows = startFlows({
    ...{ config, client, attributes, attachments, endpoints, settings, sends, queue, clock, log },
    store: data,
    templateLanguages: providers.languagesOf,
    coolDown: ({ device, contact }, until) => automations.coolDown(device, contact, until),
    replyLate: (...what) => automations.decideLate(...what),
    isUntold: (session) => outbox.isUnsent(parkKey(session)),
  });
  const scheduling = createScheduling({
    ...{ client, attributes, sends, queue, clock, log },
    store: data,
    flows: flows.desk,
    pacing: () => platform.current().pacing,
    refreshPacing: () => void platform.refresh(0),
    appUrl: config.appUrl,
    graceMs: config.scheduleGraceMs,
  });
  const voice = createVoice({ config, queue, metrics, clock, log });

  let phase: ReturnType<Vitals['phase']> = 'starting';
  let restored: RestoreProgress = { done: 0, total: 0, finished: false };
  const vitals: Vitals = {
    phase: () => phase,
    counts: () => countNumbers(numbers),
    restore: () => restored,
    outbox: () => outbox.stats(),
    cooldowns: () => automations.activeCooldowns(),
  };
  const server = await openHttp({
    ...{ config, storage, app, linked, house, metrics, vitals, clock, log },
    providers: countedProviders,
    calls: voice.calls,
    flows: flows.desk,
    jobs: scheduling.jobs,
  });

  const ready = function* () {
    for (const view of numbers.all()) if (view.ready) yield view.digits;
  };
  const drain = campaignDrain({ client, clock });
  const beat = heartbeat({ client, clock, log, ready, drainMissing: drain.missing });
  const loops = [beat, drain, platform, settings, new HealthWatch({ supervisor, clock, log })];

  stopOnSignals({
    begun: () => (phase = 'draining'),
    steps: [
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
        run: () => Promise.all([storage.close(), app.close(), providers.close()]),
      },
      { name: 'claims', deadlineMs: 500, run: () => storage.release() },
    ],
    clock,
    log,
  });

  for (const each of loops) each.start();
  const isStopping = () => vitals.phase() === 'draining';
  /** Each yield is a place where the start may be left (actors/starting.ts). */
  const steps = async function* () {
    const imported = await linked.importLogins();
    yield;
    const adopted = await adoptAll({ stores, supervisor, isStopping, log, adopt: engine.adopt });
    yield;
    outbox.complete();
    await attachments.sweep(outbox.attachmentFiles());
    yield;
    await held.sweep(scheduling.start());
    yield;
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
  };
  await takeUp(steps(), isStopping, log);
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
