/** How full the outbox may become, and what a full one still takes (outbox-bounds.ts). */
import { expect, it } from 'vitest';
import type { AppClient } from '../../../src/app-client/client.ts';
import { OutboxBounds, type Room } from '../../../src/app-client/outbox-bounds.ts';
import { openOutbox } from '../../../src/app-client/outbox.ts';
import { createLog } from '../../../src/log.ts';
import { NO_ATTACHMENTS } from '../../helpers/no-attachments.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { temporaryStore } from '../../helpers/temporary-store.ts';
import { inbound, quiet, receipt, status } from '../../property/outbox/app.ts';

const silent: AppClient = {
  post: () => new Promise(() => undefined),
  get: () => new Promise(() => undefined),
};

function outboxWith(bounds: { rows: number; bytes: number }, disk: () => Room = () => 'ok') {
  const time = new SimulatedTime();
  const outbox = openOutbox({ bounds, disk, attachments: NO_ATTACHMENTS, client: silent, clock: time, log: quiet });
  return { outbox, queue: outbox.attach('data', temporaryStore()) };
}

it('OB1 OB3 at the bound of rows WhatsApp’s messages and receipts are refused whole, the bridge’s own words are taken', async () => {
  const { outbox, queue } = outboxWith({ rows: 5, bytes: 1_000_000 });
  for (let n = 0; n < 4; n += 1) {
    expect(outbox.stats().room).toBe('ok');
    await queue.append([inbound(`551199999000${n}`, `M${n}`)]);
  }
  expect(outbox.stats().room).toBe('filling');
  await queue.append([inbound('5511999990009', 'M4')]);
  expect(outbox.stats()).toMatchObject({ room: 'full', pending: 5 });
  let touched = false;
  const also = () => void (touched = true);
  await expect(queue.append([inbound('5511999990008', 'M5')], also)).rejects.toThrow(/full/);
  await expect(queue.append([receipt('M0', 'read')], also)).rejects.toThrow(/full/);
  expect([touched, outbox.stats().pending]).toEqual([false, 5]);
  await queue.append([status('ready')]);
  expect(outbox.stats().pending).toBe(6);
});

it('OB1 the bound of bytes counts the texts that wait', async () => {
  const { outbox, queue } = outboxWith({ rows: 1_000, bytes: 4_000 });
  await queue.append([inbound('5511999990000', 'M0', 'x'.repeat(3_000))]);
  expect(outbox.stats().room).toBe('filling');
  await queue.append([inbound('5511999990001', 'M1', 'x'.repeat(1_000))]);
  await expect(queue.append([inbound('5511999990002', 'M2')])).rejects.toThrow(/full/);
});

it('OB1 a full disk is a full outbox, and ends with it', async () => {
  let disk: Room = 'full';
  const { outbox, queue } = outboxWith({ rows: 1_000, bytes: 1_000_000 }, () => disk);
  await expect(queue.append([inbound('5511999990000', 'M0')])).rejects.toThrow(/disk is full/);
  expect(outbox.stats()).toMatchObject({ room: 'full', pending: 0 });
  disk = 'filling';
  await queue.append([inbound('5511999990000', 'M0')]);
  expect(outbox.stats()).toMatchObject({ room: 'filling', pending: 1 });
});

it.each([
  [79, 0],
  [80, 3],
  [100, 3],
] as const)('OB2 at %i %% of a bound the log is told %i times in three minutes', (rows, times) => {
  const time = new SimulatedTime();
  const lines: string[] = [];
  const log = createLog({ level: 'error', stream: { write: (line: string) => void lines.push(line) } });
  const bounds = new OutboxBounds({
    ...{ tally: { rows, bytes: 0 }, bounds: { rows: 100, bytes: 100 }, disk: () => 'ok', clock: time, log },
  });
  time.advance(180_000);
  bounds.stop();
  time.advance(180_000);
  expect(lines).toHaveLength(times);
});
