/**
 * A process that logs a number in, sends one document whose upload is slow, says what was answered and waits to be
 * killed. Started by sending-media.test.ts: `upload-child.ts <dir> <digits> <socket url> <trust root> <to> <id> <file> <its text>`.
 */
import { createUnofficialEngine, LIBRARY_VERSION, Reuploads } from '../../../src/actors/engines/unofficial/index.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { MediaFiles } from '../../../src/actors/content/media-files.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { openDeviceStores } from '../../../src/store/devices.ts';
import { NO_AUTOMATIONS, NO_JOBS } from '../../helpers/no-automations.ts';

const [dir = '', digits = '', socketUrl = '', trustRoot = '', to = '', id = '', path = '', text = ''] =
  process.argv.slice(2);

for (const method of ['log', 'info', 'warn', 'error'] as const) console[method] = () => undefined;

const log = createLog({ level: 'silent' });
const engine = createUnofficialEngine({
  ...{ stores: openDeviceStores({ dir, log, clock: systemClock }), clock: systemClock, log, socketUrl, trustRoot },
  ...{
    files: new MediaFiles(`${dir}/media`),
    reuploads: new Reuploads(systemClock, log),
    version: () => LIBRARY_VERSION,
    baileysLogLevel: 'silent',
  },
  ...{
    staleAfterSeconds: 600,
    forwardGroups: false,
    workspaceOf: () => undefined,
    automations: NO_AUTOMATIONS,
    jobs: NO_JOBS,
  },
  ...{ proxyLookup: async () => ({ kind: 'none' }) as const, proxyProbeUrl: 'http://127.0.0.1:9/' },
  dataQueue: { append: async () => undefined },
  outbox: { attach: () => ({ append: async () => undefined }) },
});
const handle = engine.connect({
  digits,
  mode: 'login',
  onEvent: ({ type }) => {
    if (type === 'opened') void send();
  },
});

const bytes = Buffer.from(text);

async function send(): Promise<void> {
  const media = { type: 'document', mime: 'application/pdf', fileName: 'a.pdf' } as const;
  // Only now, as the lane does: what lies there earlier is what a crash left behind.
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  const from = { kind: 'file', path, bytes: bytes.length } as const;
  const content = { kind: 'media', caption: '', media: { ...media, from } } as const;
  const result = await handle.send({ from: digits, to, id, content, deadline: Date.now() + 500 });
  process.stdout.write(`${result.kind}\n`);
}
