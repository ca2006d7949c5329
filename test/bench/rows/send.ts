/**
 * Text sends over HTTP, until the answer: rate, latency and CPU per send at concurrency 1 and 10. The bridge answers when
 * WhatsApp's server has acknowledged, the baselines when the stanza is written. The contact sends no receipts: the
 * baselines would ignore them, the bridge stores and forwards them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { online } from '../contenders.ts';
import { less, more, percentile, type Row } from '../figures.ts';
import { Poster } from '../poster.ts';
import { inParallel } from './in-parallel.ts';

const WARM_UP = 300;
const CONTACT = '5511955550001';

export async function send(bench: Bench): Promise<Row[]> {
  const total = bench.size(2_000);
  const rows: Row[] = [];
  for (const concurrency of [1, 10]) {
    for (const name of bench.names) {
      await using stage = await bench.stage(name, 1);
      const { contender, world, phones } = stage;
      const [from = ''] = phones;
      await world.receipts(CONTACT, 'off');
      const process = contender.start();
      await online(world, 1, 30_000, () => undefined);
      await delay(3_000);
      const poster = new Poster(contender.url, contender.token, concurrency);
      const one = async (n: number): Promise<number> => {
        const startedAt = performance.now();
        const status = await poster.post(`/api/send-message/${from}`, {
          targetPhoneNumber: CONTACT,
          message: `message ${n}`,
        });
        if (status !== 200) throw new Error(`${name}: a send was answered ${status}`);
        return performance.now() - startedAt;
      };
      await inParallel(WARM_UP, concurrency, one);
      const cpuBefore = process.usage().cpuMs;
      const startedAt = performance.now();
      const latencies = await inParallel(total, concurrency, one, (n) =>
        bench.progress(`send x${concurrency}, ${name}: ${n}/${total}`),
      );
      const seconds = (performance.now() - startedAt) / 1_000;
      const cpuMs = process.usage().cpuMs - cpuBefore;
      await poster.close();
      rows.push({
        row: `text send over HTTP, concurrency ${concurrency}`,
        contender: name,
        figures: [
          more('rate', '/s', total / seconds),
          less('p50', 'ms', percentile(latencies, 0.5)),
          less('p99', 'ms', percentile(latencies, 0.99)),
          less('CPU per send', 'ms', cpuMs / total),
        ],
      });
    }
  }
  return rows;
}
