/** Contract clients §11.1: an app without a workspace for a number answers 422 to each list of groups. */
import { afterEach, expect, it } from 'vitest';
import { openOutbox } from '../../../src/app-client/outbox.ts';
import { deadLettersOf } from '../../../src/app-client/outbox-rows.ts';
import type { GroupsFact } from '../../../src/app-client/callbacks.types.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { NO_ATTACHMENTS } from '../../helpers/no-attachments.ts';
import { client, eventually, startApp, tempStore, ROOMY } from '../../property/outbox/app.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

it('422 no workspace for device: a dead letter each time, one line in the log per number', async () => {
  const app = await startApp(() => ({ status: 422, body: { ok: false, error: 'no workspace for device' } }));
  cleanups.push(() => app.close());
  const temp = tempStore();
  cleanups.push(() => temp.remove());
  const store = temp.open();
  const lines: string[] = [];
  const log = createLog({ level: 'warn', stream: { write: (line) => void lines.push(line) } });
  const to = client(app.url, systemClock);
  const outbox = openOutbox({ ...ROOMY, attachments: NO_ATTACHMENTS, client: to, clock: systemClock, log });
  cleanups.push(async () => {
    await outbox.drain(1_000);
    await store.close();
  });
  const queue = outbox.attach('data', store);
  const group = (n: number) => ({ jid: `${n}@g.us`, subject: 'x', size: 0, participants: [] });
  for (const [n, device] of ['5511900000001', '5511900000001', '5511900000002', '5511900000001'].entries()) {
    const fact: GroupsFact = { kind: 'groups', device, groups: [group(n)], whole: false };
    await queue.append([fact]);
  }
  await eventually(() => [...deadLettersOf(store).keys()].length === 4);
  expect(lines.filter((line) => line.includes('dead letters')).length).toBe(2);
});
