/**
 * A process that logs a number in and kills itself, for real, inside one window of receiving a message (facts/baileys
 * §7.2). Started by crash.test.ts: `crash-child.ts <dir> <digits> <socket url> <trust root> <window>`.
 */
import { createUnofficialEngine, LIBRARY_VERSION, Reuploads } from '../../../src/actors/engines/unofficial/index.ts';
import type { JournalRow } from '../../../src/actors/engines/unofficial/decrypt-journal.ts';
import { MediaFiles } from '../../../src/actors/content/media-files.ts';
import type { OutboxQueue } from '../../../src/app-client/outbox.types.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { openDeviceStores } from '../../../src/store/devices.ts';
import type { DeviceStores, Store } from '../../../src/store/store.ts';
import { NO_AUTOMATIONS, NO_JOBS } from '../../helpers/no-automations.ts';

/** Where it dies. In the last two the message is in the journal and nowhere else. */
export type Window = 'before the journal' | 'before the receipt' | 'after the receipt';

const [dir = '', digits = '', socketUrl = '', trustRoot = '', window] = process.argv.slice(2);

for (const method of ['log', 'info', 'warn', 'error'] as const) console[method] = () => undefined;

const die = () => process.kill(process.pid, 'SIGKILL');
let journaled = false;

/** Not the key shares and history that the own phone sends after a first login. */
const isContacts = (row: unknown): boolean => (row as JournalRow).attrs['notify'] !== undefined;

/** Sees the transaction that carries a contact's journal row. */
function watched(store: Store): Store {
  return {
    ...store,
    write: async (change) => {
      let carries = false;
      const written = store.write((batch) =>
        change({
          put: (table, key, value) => {
            if (table.name === 'journal' && isContacts(value)) carries = true;
            batch.put(table, key, value);
          },
          remove: (table, key) => batch.remove(table, key),
        }),
      );
      if (carries && window === 'before the journal') die();
      await written;
      if (!carries) return;
      journaled = true;
      if (window === 'before the receipt') die();
    },
  };
}

const log = createLog({ level: 'silent' });
const opened = openDeviceStores({ dir, log, clock: systemClock });
const views = new Map<string, Store>();
const stores: DeviceStores = {
  ...opened,
  open: (number) => {
    const view = views.get(number) ?? watched(opened.open(number));
    views.set(number, view);
    return view;
  },
};

/** The outbox hangs: what a crash between journal and outbox leaves behind. */
const hanging: OutboxQueue = {
  append: () => {
    // The receipt follows the journal within milliseconds.
    if (window === 'after the receipt') setInterval(() => journaled && setTimeout(die, 150), 1);
    return new Promise(() => undefined);
  },
};

const engine = createUnofficialEngine({
  ...{
    stores,
    outbox: { attach: () => hanging },
    files: new MediaFiles(`${dir}/media`),
    reuploads: new Reuploads(systemClock, log),
    forwardGroups: false,
    clock: systemClock,
    log,
    socketUrl,
    trustRoot,
  },
  ...{ dataQueue: hanging, proxyLookup: async () => ({ kind: 'none' }) as const, proxyProbeUrl: 'http://127.0.0.1:9/' },
  ...{
    version: () => LIBRARY_VERSION,
    baileysLogLevel: 'silent',
    staleAfterSeconds: 600,
    workspaceOf: () => undefined,
    automations: NO_AUTOMATIONS,
    jobs: NO_JOBS,
  },
});
engine.connect({
  digits,
  mode: 'login',
  onEvent: ({ type }) => {
    if (type === 'opened') process.stdout.write('opened\n');
  },
});
