/**
 * Where tests keep their files: in memory where the machine has room. Thousands of stores are opened and flushed in a run,
 * and no test cuts the power, which alone tells a flush to memory from one to a disk; a killed process loses nothing in
 * either.
 *
 * Deliberately not here: the benchmarks and `npm run faults`, which measure with a disk.
 */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const MEMORY = '/dev/shm';
/** Many times what a run holds at once, and above what a bridge takes for a disk that fills up. */
const LEAST_BYTES = 2 ** 31;

/** A folder for one run of the tests, gone at its end with all that killed processes left in it. */
export function scratch(): string {
  const folder = mkdtempSync(`${hasRoom() ? MEMORY : tmpdir()}/node-bridge-tests-`);
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Only Linux has the folder, and a container may have made it small. */
function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize > LEAST_BYTES;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
