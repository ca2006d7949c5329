/** From a killed process to every number online again: time, CPU and RSS per number. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { online } from '../contenders.ts';
import { less, type Row } from '../figures.ts';

export async function restore(bench: Bench): Promise<Row[]> {
  const count = bench.size(200);
  const rows: Row[] = [];
  for (const name of bench.names) {
    await using stage = await bench.stage(name, count);
    const { contender, world } = stage;
    // The first start imports (bridge) and warms the files; what counts is the one after the kill.
    contender.start();
    await online(world, count, 180_000, (n) => bench.progress(`restore, ${name}: first start ${n}/${count}`));
    await delay(2_000);
    await contender.process().kill9();
    await online(world, 0, 10_000, () => undefined);
    const process = contender.start();
    const ms = await online(world, count, 180_000, (n) =>
      bench.progress(`restore, ${name}: after the kill ${n}/${count}`),
    );
    const { cpuMs } = process.usage();
    await delay(5_000);
    const { rssMb } = process.usage();
    rows.push({
      row: `restore of ${count}`,
      contender: name,
      figures: [
        less('start to all online', 's', ms / 1_000),
        less('CPU', 's', cpuMs / 1_000),
        less('CPU per number', 'ms', cpuMs / count),
        less('RSS 5 s later', 'MB', rssMb),
      ],
    });
  }
  return rows;
}
