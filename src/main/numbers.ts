/**
 * The numbers, for the composition root: who keeps them alive, what is seen and remembered of them, the lanes to their
 * sockets, and the directory through which everybody else knows them. Nothing else lives here.
 */
import { Directory } from '../actors/directory.ts';
import { History } from '../actors/history.ts';
import { createInspector } from '../actors/inspector/inspector.ts';
import { Lanes } from '../actors/lane.ts';
import type { NumberRecords } from '../actors/number-record.ts';
import type { SendRequest } from '../actors/protocol.ts';
import { Supervisor } from '../actors/supervisor.ts';
import { Views } from '../actors/views.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { numberMachine } from '../machines/number.ts';
import { defaultRestartPolicy } from '../machines/restart.ts';
import type { Metrics } from '../metrics.ts';
import type { Linked } from './linked.ts';
import type { OutgoingMedia } from './media.ts';
import type { Storage } from './storage.ts';

export type NumbersOptions = {
  readonly config: Config;
  readonly storage: Storage;
  readonly media: OutgoingMedia;
  readonly records: NumberRecords;
  readonly linked: Linked;
  readonly metrics: Metrics;
  /** WhatsApp's login of this number has ended. */
  readonly unlinked: (digits: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
};

export type House = ReturnType<typeof createNumbers>;

export function createNumbers(options: NumbersOptions) {
  const { config, storage, media, records, linked, metrics, unlinked, clock, log } = options;
  const { stores, data } = storage;
  const { engine, queue, automations, outbox } = linked;
  const inspector = config.inspect ? createInspector(numberMachine, clock) : undefined;
  const history = new History({ store: data, clock, log });
  const supervisor = new Supervisor({
    ...{ engine, stores, records, history, clock, log },
    outbox: {
      detach: async (owner) => {
        await unlinked(owner);
        await automations.detach(owner);
        await outbox.detach(owner);
      },
    },
    isPaired: engine.isPaired,
    tell: (fact) => {
      queue.append([fact]).catch((error: unknown) => log.error({ err: error }, 'a status could not be stored'));
    },
    restartPolicy: defaultRestartPolicy,
    ...(inspector && { inspect: inspector.inspect }),
  });
  const views = new Views(supervisor, clock);
  const lanes = new Lanes({ supervisor, views, stores, media: media.sources, files: media.files, clock, log });
  /** Counted by how it ends. */
  const send = (request: SendRequest) => metrics.countSend('baileys', lanes.send(request));
  const { humanWrote } = automations;
  const numbers = new Directory({ supervisor, views, records, lanes: { send }, stores, humanWrote, clock });
  return { supervisor, views, lanes, send, numbers, history, inspector };
}
