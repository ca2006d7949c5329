/**
 * Converts every store below AUTH_DIR and DATA_DIR to the AUTH_ENCRYPTION_KEY that is set now (none: plain):
 *
 *   node --import tsx scripts/reencrypt.ts [file with the key they were made with; none: they are plain]
 *
 * Stop the bridge first. May be repeated: what is converted already is left alone. Make a backup before.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../src/config.ts';
import { maskPhone } from '../src/phone.ts';
import { claimFolder } from '../src/store/lock.ts';
import { reencrypt } from '../src/store/reencrypt.ts';
import { StoreUnusable } from '../src/store/unusable.ts';

async function main(keyFile: string | undefined): Promise<number> {
  const loaded = loadConfig();
  if (loaded.kind === 'invalid') throw new Error(loaded.problems.join('\n'));
  const { authDir, dataDir, authEncryptionKey } = loaded.config;
  const oldKey = keyFile === undefined ? undefined : readFileSync(keyFile, 'utf8').trim();
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  let failed = 0;
  for (const dir of new Set([authDir, dataDir])) {
    const claim = await claimFolder(dir);
    if (claim.kind === 'taken') throw new Error(`${dir} is in use by ${claim.by}; stop the bridge first`);
    try {
      for (const name of storesBelow(dir)) {
        const shown = /^\d+$/.test(name) ? maskPhone(name) : name;
        try {
          const result = await reencrypt(join(dir, name), oldKey, authEncryptionKey);
          say(result.kind === 'already' ? `${shown}: nothing to do` : `${shown}: ${result.rows} rows converted`);
        } catch (error) {
          if (!(error instanceof StoreUnusable)) throw error;
          failed++;
          say(`${shown}: left as it was, ${error.reason}`);
        }
      }
    } finally {
      await claim.release();
    }
  }
  return failed;
}

/** Folders that hold a store, also those whose conversion was broken off between its two renames. */
function storesBelow(dir: string): string[] {
  const names = readdirSync(dir, { withFileTypes: true })
    .filter(
      (entry) => entry.isDirectory() && !entry.name.startsWith('.') && existsSync(join(dir, entry.name, 'data.mdb')),
    )
    .map((entry) => entry.name.replace(/\.(old|converting)$/, ''));
  return [...new Set(names)].sort();
}

main(process.argv[2]).then(
  (failed) => {
    process.exitCode = failed > 0 ? 1 : 0;
  },
  (error: unknown) => {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  },
);
