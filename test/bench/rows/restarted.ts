/** How long the bridge takes to start again after `kill -9`, until it has what a row is about. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { eventually } from '../../helpers/eventually.ts';
import { call } from '../../helpers/json-http.ts';
import type { Contender } from '../contenders.ts';
import { type Figure, less } from '../figures.ts';

const logLine = z.object({ time: z.number(), msg: z.string() });

/** `has`: what its log says then. */
export async function restarted(contender: Contender, has: string, withinMs: number): Promise<Figure[]> {
  await contender.process().kill9();
  const startedAt = Date.now();
  const process = contender.start();
  const ready = logLine.parse(JSON.parse(await process.line(new RegExp(`"msg":"${has}"`), withinMs)));
  const lines = process.printed().split('\n');
  const listenedAt = lines.findLast((line) => line.includes('"msg":"listening"')) ?? '{}';
  await delay(10_000);
  const { rssMb } = process.usage();
  return [
    less(`start to ${has}`, 'ms', ready.time - startedAt),
    less(`listening to ${has}`, 'ms', ready.time - logLine.parse(JSON.parse(listenedAt)).time),
    less('RSS 10 s later', 'MB', rssMb),
  ];
}

export const listening = ({ url }: Contender): Promise<unknown> =>
  eventually(async () => (await call(`${url}/health`).catch(() => undefined))?.status === 200, {
    ...{ what: 'the bridge listens', withinMs: 60_000 },
  });
