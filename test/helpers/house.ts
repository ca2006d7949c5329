/**
 * Supervisor, views and lanes on real stores, with an engine that the test drives: the house without HTTP and without
 * WhatsApp. For P1 and P2, where the fault must hit one exact line of one number.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Directory } from '../../src/actors/directory.ts';
import { History } from '../../src/actors/history.ts';
import { MediaFiles } from '../../src/actors/content/media-files.ts';
import { MediaSources } from '../../src/actors/content/media-source.ts';
import { VoiceConverter } from '../../src/actors/content/voice.ts';
import { Lanes } from '../../src/actors/lane.ts';
import { NumberRecords } from '../../src/actors/number-record.ts';
import { Supervisor } from '../../src/actors/supervisor.ts';
import { Views } from '../../src/actors/views.ts';
import type { Fact } from '../../src/app-client/callbacks.types.ts';
import type { Outbox } from '../../src/app-client/outbox.types.ts';
import { createLog } from '../../src/log.ts';
import type { numberMachine } from '../../src/machines/number.ts';
import type { RestartPolicy } from '../../src/machines/restart.ts';
import { Egress } from '../../src/net/egress.ts';
import { openDeviceStores } from '../../src/store/devices.ts';
import { openLmdb } from '../../src/store/lmdb.ts';
import { FakeEngine } from './fake-engine.ts';
import { SimulatedTime } from './simulated-time.ts';

export type HouseOptions = {
  /** Numbers whose login is on disk. */
  readonly paired?: readonly string[];
  readonly logic?: (digits: string) => typeof numberMachine | undefined;
  readonly restartPolicy: RestartPolicy;
};

export function buildHouse(options: HouseOptions) {
  const dir = mkdtempSync(join(tmpdir(), 'house-'));
  const time = new SimulatedTime();
  const lines: string[] = [];
  const log = createLog({ level: 'info', stream: { write: (line) => lines.push(line) } });
  const stores = openDeviceStores({ dir, log, clock: time });
  const paired = new Set(options.paired);
  for (const digits of paired) stores.open(digits);
  const unreadable = new Set<string>();
  const facts: Fact[] = [];
  const engine = new FakeEngine();
  const records = new NumberRecords(stores);
  const data = openLmdb({ path: join(dir, 'bridge') });
  const history = new History({ store: data, clock: time, log });
  const detached: string[] = [];
  const outbox = { detach: async (owner: string) => void detached.push(owner) } as unknown as Outbox;
  const supervisor = new Supervisor({
    engine,
    stores,
    records,
    history,
    outbox,
    isPaired: (digits) => {
      if (unreadable.has(digits)) throw new Error('this folder cannot be read');
      return paired.has(digits) && stores.exists(digits);
    },
    tell: (fact) => facts.push(fact),
    clock: time,
    log,
    restartPolicy: options.restartPolicy,
    ...(options.logic && { logic: options.logic }),
  });
  const views = new Views(supervisor, time);
  const files = new MediaFiles(join(dir, 'media'));
  const media = new MediaSources({
    files,
    egress: new Egress({ appUrl: 'http://127.0.0.1:8000', allowHosts: [] }),
    voice: new VoiceConverter({ command: 'no-such-converter', log }),
    maxBytes: 1_048_576,
    readBases: [],
    clock: time,
  });
  const lanes = new Lanes({ supervisor, views, stores, media, files, clock: time, log });
  const humans: string[] = [];
  const numbers = new Directory({
    supervisor,
    views,
    records,
    lanes,
    stores,
    humanWrote: (_, to) => void humans.push(to),
    clock: time,
  });
  return {
    dir,
    time,
    engine,
    stores,
    supervisor,
    history,
    numbers,
    /** Numbers whose login the disk does not give back. */
    unreadable,
    /** To whom an operator wrote, as far as can be told. */
    humans,
    facts,
    detached,
    lines,
    /** Status words told to the app for one number, in order. */
    statuses: (digits: string) => facts.flatMap((f) => (f.kind === 'status' && f.device === digits ? [f.status] : [])),
    /** State moves of one number, as logged. */
    moves: (digits: string) =>
      lines
        .map((line) => JSON.parse(line) as { number?: string; from?: string; to?: string })
        .filter((line) => line.number?.endsWith(digits.slice(-4)) && line.to !== undefined)
        .map((line) => `${line.from} > ${line.to}`),
    async close() {
      const stopped = supervisor.stop();
      await time.advanceAsync(10_000);
      await stopped;
      await Promise.all([stores.close(), data.close()]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
