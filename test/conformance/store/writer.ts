/**
 * The program that crash.ts kills: writes batches of two tables for ever, asynchronously in groups and now and then
 * synchronously, and prints the number of every batch whose write has resolved.
 * Usage: writer.ts <adapter> <folder> <first batch number>
 */
import { writeSync } from 'node:fs';
import { adapters } from './adapters.ts';
import type { AdapterName } from './adapters.ts';

/** Rows per batch: enough for several pages, so that a torn batch would show. */
export const ROWS = 12;

export const rowOf = (batch: number, row: number): { batch: number; row: number; body: Buffer } => ({
  batch,
  row,
  body: Buffer.alloc(200 + ((batch * 37 + row * 11) % 900), batch % 251),
});

async function main(adapter: AdapterName, folder: string, first: number): Promise<void> {
  const store = adapters[adapter](folder);
  const acknowledge = (batch: number): void => void writeSync(1, `${batch}\n`);
  for (let next = first; ; ) {
    const group: Promise<void>[] = [];
    for (let i = 0; i < 4; i++, next++) {
      const batch = next;
      group.push(store.write((changes) => put(changes, batch)).then(() => acknowledge(batch)));
    }
    // Not in every round: a synchronous write takes the others along, and would hide an early acknowledgement.
    if (next % 3 === 0) {
      await new Promise(setImmediate);
      const batch = next++;
      store.writeSync((changes) => put(changes, batch));
      acknowledge(batch);
    }
    await Promise.all(group);
  }

  function put(changes: Parameters<Parameters<typeof store.write>[0]>[0], batch: number): void {
    for (let row = 0; row < ROWS; row++) changes.put(store.table('rows'), `${batch}.${row}`, rowOf(batch, row));
    changes.put(store.table('batches'), batch, { rows: ROWS });
    // The same key in every batch: what ST5 says about its last value must hold after a crash, too.
    changes.put(store.table('batches'), 'newest', batch);
  }
}

if (process.argv[1]?.endsWith('writer.js')) {
  const [, , adapter, folder, first] = process.argv;
  await main(adapter as AdapterName, folder ?? '', Number(first));
}
