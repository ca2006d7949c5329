/** What doing nothing costs: RSS per idle number and CPU over half a minute. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { online } from '../contenders.ts';
import { less, type Row } from '../figures.ts';

const WATCH_MS = 30_000;

export async function idle(bench: Bench): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of [50, bench.size(500)]) {
    for (const name of bench.names) {
      const empty = await rssOf(bench, name, 0);
      await using stage = await bench.stage(name, count);
      stage.contender.start();
      await online(stage.world, count, 300_000, (n) => bench.progress(`idle, ${name}: ${n}/${count}`));
      if (name === 'bridge') {
        // Its first start imported; an operator's next ones do not.
        await stage.contender.process().kill9();
        stage.contender.start();
        await online(stage.world, count, 300_000, (n) => bench.progress(`idle, ${name}: ${n}/${count}`));
      }
      const process = stage.contender.process();
      bench.progress(`idle, ${name}: watching ${count} numbers`);
      await delay(15_000);
      const before = process.usage();
      await delay(WATCH_MS);
      const after = process.usage();
      rows.push({
        row: `idle with ${count} numbers`,
        contender: name,
        figures: [
          less('RSS empty process', 'MB', empty),
          less('RSS', 'MB', after.rssMb),
          less('RSS per number', 'MB', (after.rssMb - empty) / count),
          less('CPU', '% of a core', ((after.cpuMs - before.cpuMs) / WATCH_MS) * 100),
        ],
      });
    }
  }
  return rows;
}

async function rssOf(bench: Bench, name: Bench['names'][number], count: number): Promise<number> {
  await using stage = await bench.stage(name, count);
  const process = stage.contender.start();
  await delay(5_000);
  return process.usage().rssMb;
}
