/**
 * Writes the saved login of one number as a folder of Baileys' multi-file state, so that no one is locked in:
 *
 *   node --import tsx scripts/export-auth.ts <number> <empty or new folder>
 *
 * Reads AUTH_DIR and AUTH_ENCRYPTION_KEY as the bridge does. Stop the bridge first, and never run both logins at once:
 * two processes on one login lose its sessions. The folder holds the account in the clear.
 */
import { existsSync, readdirSync } from 'node:fs';
import { writeFolderLogin } from '../src/actors/engines/unofficial/auth-files.ts';
import { loadLogin } from '../src/actors/engines/unofficial/auth-state.ts';
import { systemClock } from '../src/clock.ts';
import { loadConfig } from '../src/config.ts';
import { createLog } from '../src/log.ts';
import { maskPhone, parseDigits } from '../src/phone.ts';
import { openDeviceStores } from '../src/store/devices.ts';
import { claimFolder } from '../src/store/lock.ts';

async function main(): Promise<string> {
  const [number = '', folder = ''] = process.argv.slice(2);
  const digits = parseDigits(number);
  if (!digits || !folder) return 'Usage: node --import tsx scripts/export-auth.ts <number> <empty or new folder>';
  if (existsSync(folder) && readdirSync(folder).length > 0) return `${folder} is not empty`;
  const loaded = loadConfig();
  if (loaded.kind === 'invalid') return loaded.problems.join('\n');
  const { authDir, authEncryptionKey } = loaded.config;

  const claim = await claimFolder(authDir);
  if (claim.kind === 'taken') return `${authDir} is in use by ${claim.by}; stop the bridge first`;
  const stores = openDeviceStores({
    dir: authDir,
    log: createLog({ level: 'warn' }),
    clock: systemClock,
    ...(authEncryptionKey !== undefined && { encryptionKey: authEncryptionKey }),
  });
  try {
    if (!stores.exists(digits)) return `there is no saved login of ${maskPhone(digits)} in ${authDir}`;
    const store = stores.open(digits);
    const login = loadLogin(store);
    if (!login) return `the saved login of ${maskPhone(digits)} is incomplete`;
    const count = await writeFolderLogin(folder, store, login.creds);
    process.stdout.write(`${maskPhone(digits)}: creds and ${count} keys written\n`);
    return '';
  } finally {
    await stores.close();
    await claim.release();
  }
}

const problem = await main();
if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
