/**
 * A bridge's outbox that is killed from outside: appends rows in a loop and writes the number of each
 * one that is durable. Arguments: store folder, app URL. Starts when its stdin says the first number.
 */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { NO_ATTACHMENTS } from '../../helpers/no-attachments.ts';
import { openOutbox } from '../../../src/app-client/outbox.ts';
import { systemClock } from '../../../src/clock.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import { client, inbound, quiet, ROOMY } from './app.ts';

const [path = '', url = ''] = process.argv.slice(2);
const [first] = (await once(process.stdin, 'data')) as [Buffer];
const outbox = openOutbox({
  ...ROOMY,
  attachments: NO_ATTACHMENTS,
  client: client(url, systemClock),
  clock: systemClock,
  log: quiet,
});
const queue = outbox.attach('data', openLmdb({ path }));

const burst = async (n: number): Promise<void> => {
  const contact = `551199999000${n % 5}`;
  await queue.append([inbound(contact, `${n}`)]);
  writeSync(1, `${n}\n`);
};
for (let n = Number(String(first)); ; n += 5) {
  await Promise.all([0, 1, 2, 3, 4].map((i) => burst(n + i)));
  await new Promise((resolve) => setTimeout(resolve, 2));
}
