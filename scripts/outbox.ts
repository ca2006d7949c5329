/**
 * The operator's view on callbacks that the app did not take (contract README §3.1):
 *
 *   node --import tsx scripts/outbox.ts list      what lies in the dead letters, by number; never what it says
 *   node --import tsx scripts/outbox.ts replay    puts all of it back into the outbox; posted at the next start
 *
 * Works on the folders of `.env` (AUTH_DIR, DATA_DIR), so the bridge must be stopped; refuses while it runs.
 * Exit codes: 0 done, 1 refused, 2 wrong usage.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listDeadLetters, replayDeadLetters } from '../src/app-client/dead-letters.ts';
import { systemClock as clock } from '../src/clock.ts';
import { type Config, loadConfig } from '../src/config.ts';
import { createLog } from '../src/log.ts';
import { maskPhone } from '../src/phone.ts';
import { openDeviceStores } from '../src/store/devices.ts';
import { openLmdb } from '../src/store/lmdb.ts';
import { claimFolder, type FolderClaim } from '../src/store/lock.ts';
import type { Store } from '../src/store/store.ts';

type Act = (owner: string, store: Store) => Promise<void>;

const print = (line: string) => process.stdout.write(`${line}\n`);
const time = (ms: number) => new Date(ms).toISOString();

const list: Act = async (owner, store) => {
  for (const { path, why, appended, died } of listDeadLetters(store))
    print([owner.padEnd(6), time(appended), time(died), path, why].join('  '));
};

const replay: Act = async (owner, store) => {
  const count = await replayDeadLetters(store, clock);
  if (count > 0) print(`${owner.padEnd(6)}  ${count} put back`);
};

async function onEveryStore(config: Config, act: Act): Promise<void> {
  const encryption = config.authEncryptionKey === undefined ? {} : { encryptionKey: config.authEncryptionKey };
  const log = createLog({ level: 'warn', stream: process.stderr });
  const devices = openDeviceStores({ dir: config.authDir, log, clock, ...encryption });
  for (const digits of devices.list()) await act(maskPhone(digits), devices.open(digits));
  await devices.close();
  const path = join(config.dataDir, 'bridge');
  if (!existsSync(path)) return;
  const data = openLmdb({ path, ...encryption });
  await act('data', data);
  await data.close();
}

async function main(act: Act): Promise<number> {
  const loaded = loadConfig();
  if (loaded.kind === 'invalid') {
    for (const problem of loaded.problems) process.stderr.write(`${problem}\n`);
    return 1;
  }
  const { config } = loaded;
  const claims: FolderClaim[] = [];
  try {
    for (const folder of new Set([config.authDir, config.dataDir])) {
      const claim = await claimFolder(folder);
      claims.push(claim);
      if (claim.kind === 'claimed') continue;
      process.stderr.write(`${folder} is in use (${claim.by}): stop the bridge first\n`);
      return 1;
    }
    await onEveryStore(config, act);
    return 0;
  } finally {
    for (const claim of claims) if (claim.kind === 'claimed') await claim.release();
  }
}

const act = new Map([
  ['list', list],
  ['replay', replay],
]).get(process.argv[2] ?? '');
if (!act) process.stderr.write('usage: scripts/outbox.ts list|replay\n');
process.exitCode = act ? await main(act) : 2;
