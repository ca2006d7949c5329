/** ST1 and ST2 under kill -9: a process that writes is killed at random moments, and its folder is opened again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { program } from '../../helpers/programs.ts';
import type { AdapterName } from './adapters.ts';
import { rowOf, ROWS } from './writer.ts';

const WRITER = 'test/conformance/store/writer.ts';

export function crashConformance(name: AdapterName, openStore: (path: string) => Store, kills: number): void {
  describe(`store port: ${name}, killed`, () => {
    it(`ST1 ST2 ${kills} times kill -9 while writing: no acknowledged write lost, no batch torn`, {
      timeout: 180_000,
    }, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'store-crash-'));
      const acknowledged: number[] = [];
      let first = 1;
      try {
        for (let kill = 0; kill < kills; kill++) {
          const fresh = await writeAndKill(name, folder, first);
          acknowledged.push(...fresh);
          first = check(openStore, folder, acknowledged) + 1;
        }
        expect(acknowledged.length).toBeGreaterThan(kills);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
}

/** Numbers of the batches that the killed process had acknowledged. */
async function writeAndKill(name: AdapterName, folder: string, first: number): Promise<number[]> {
  const child = spawn(process.execPath, [program(WRITER), name, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  try {
    await once(child.stdout, 'data');
    await delay(Math.random() * 60);
  } finally {
    child.kill('SIGKILL');
  }
  await once(child, 'close');
  // The last line may have been cut off by the kill.
  return output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map(Number);
}

/** Returns the highest batch number found. */
function check(openStore: (path: string) => Store, folder: string, acknowledged: readonly number[]): number {
  const store = openStore(folder);
  try {
    const batches = store.table<{ rows: number }>('batches');
    const rows = store.table<ReturnType<typeof rowOf>>('rows');
    const found = [...batches.keys({ to: '' })].map(Number);
    const lost = acknowledged.filter((batch) => !batches.has(batch));
    const torn = found.filter((batch) =>
      Array.from({ length: ROWS }, (_, row) => row).some((row) => {
        const value = rows.get(`${batch}.${row}`);
        return value === undefined || Buffer.compare(value.body, rowOf(batch, row).body) !== 0;
      }),
    );
    const highest = found.at(-1) ?? 0;
    expect({ lost, torn, rows: [...rows.keys()].length }).toEqual({ lost: [], torn: [], rows: found.length * ROWS });
    expect(batches.get('newest')).toBe(highest);
    return highest;
  } finally {
    void store.close();
  }
}
