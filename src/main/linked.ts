/**
 * The linked-device engine, for the composition root, with what its numbers have in common: the outbox of what they tell
 * the app, the media that they receive, and the automations that answer over them. Nothing else lives here.
 */
import { join } from 'node:path';
import { AttachmentFiles } from '../actors/attachments.ts';
import { Automations } from '../actors/automation/automations.ts';
import type { FlowRuntime } from '../actors/flows/create.ts';
import type { NumberRecords } from '../actors/number-record.ts';
import type { JobNews, SendAnswer, SendRequest } from '../actors/protocol.ts';
import { WhatsAppVersions } from '../actors/whatsapp-version.ts';
import { DATA_OWNER, openOutbox } from '../app-client/outbox.ts';
import { proxyLookup } from '../app-client/proxy-config.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { mootIn } from '../scheduler/moot.ts';
import { hasRoomFor } from '../store/disk-space.ts';
import type { AppSide } from './app-side.ts';
import type { OutgoingMedia } from './media.ts';
import type { Storage } from './storage.ts';

export type LinkedOptions = {
  readonly config: Config;
  readonly storage: Storage;
  readonly app: AppSide;
  readonly media: OutgoingMedia;
  readonly records: NumberRecords;
  /** What is built on top of the numbers; nothing is received, and so nothing of it asked for, before one is adopted. */
  readonly later: {
    readonly flows: () => FlowRuntime['flows'];
    readonly jobs: () => JobNews;
    readonly send: (request: SendRequest) => Promise<SendAnswer>;
  };
  readonly clock: Clock;
  readonly log: Log;
};

export type Linked = Awaited<ReturnType<typeof openLinked>>;

export async function openLinked({ config, storage, app, media, records, later, clock, log }: LinkedOptions) {
  const { stores, data } = storage;
  const { whatsapp, appUrl, staleAfterMs } = config;
  const staleAfterSeconds = staleAfterMs / 1_000;
  const workspaceOf = (digits: string) => records.read(digits).workspace;
  // Baileys is loaded only now: the console is captured and its curve is replaced first (facts/baileys §10).
  const { createUnofficialEngine, importLegacy, LIBRARY_VERSION, mediaBytes, Reuploads } = await import(
    '../actors/engines/unofficial/index.ts'
  );
  const reuploads = new Reuploads(clock, log);
  const folder = join(config.dataDir, 'media', 'in');
  const attachments = new AttachmentFiles({
    folder,
    hasRoom: (bytes) => hasRoomFor(folder, bytes),
    // The engine is made below; nothing is fetched before it has adopted a number.
    fetcher: mediaBytes({
      ...{ host: whatsapp.mediaHost, reuploads, clock, log },
      routeOf: (account) => engine.mediaRoute(account),
    }),
    clock,
    log,
  });
  const outbox = openOutbox({
    ...{ client: app.client, clock, log, attachments },
    bounds: config.outboxBounds,
    disk: storage.room,
    isMoot: mootIn(data),
  });
  const queue = outbox.attach(DATA_OWNER, data);
  const versions = new WhatsAppVersions({
    store: data,
    fallback: whatsapp.version ?? LIBRARY_VERSION,
    source: whatsapp.versionUrl,
    clock,
    log,
  });
  const automations = new Automations({
    flows: {
      waiting: (...message) => later.flows().waiting(...message),
      offer: (...message) => later.flows().offer(...message),
      start: (order) => later.flows().start(order),
      end: (...whose) => later.flows().end(...whose),
      heard: (...told) => later.flows().heard(...told),
      conversation: (...told) => later.flows().conversation(...told),
    },
    endpoints: app.endpoints,
    send: later.send,
    workspace: workspaceOf,
    ...{ appUrl, clock, log, staleAfterSeconds },
  });
  const engine = createUnofficialEngine({
    ...{ stores, outbox, automations, reuploads, clock, log, staleAfterSeconds, workspaceOf },
    jobs: {
      receipt: (receipt) => later.jobs().receipt(receipt),
      customerWrote: (message) => later.jobs().customerWrote(message),
    },
    dataQueue: queue,
    proxyLookup: proxyLookup(app.client, clock),
    proxyProbeUrl: config.proxyProbeUrl,
    files: media.files,
    socketUrl: whatsapp.socketUrl,
    version: (digits) => versions.of(digits),
    ...(whatsapp.trustRoot !== undefined && { trustRoot: whatsapp.trustRoot }),
    baileysLogLevel: config.baileysLogLevel,
    forwardGroups: config.forwardGroups,
  });
  const importLogins = () =>
    importLegacy({
      ...{ legacyDir: config.legacyAuthDir, stores, data, log },
      onProgress: (done, total) => log.info({ done, total }, 'importing logins'),
    });
  return { engine, outbox, queue, attachments, versions, automations, importLogins };
}
