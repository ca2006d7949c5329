import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { NO_ATTACHMENTS } from '../../helpers/no-attachments.ts';
import { openOutbox } from '../../../src/app-client/outbox.ts';
import { deadLettersOf, rowsOf } from '../../../src/app-client/outbox-rows.ts';
import { systemClock } from '../../../src/clock.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import { claimFolder } from '../../../src/store/lock.ts';
import { program } from '../../helpers/programs.ts';
import { client, eventually, inbound, quiet, startApp, written, ROOMY } from '../../property/outbox/app.ts';

const folder = mkdtempSync(join(tmpdir(), 'letters-'));
const auth = join(folder, 'auth');
const dataDir = join(folder, 'data');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function command(...args: string[]) {
  const child = spawn(process.execPath, [program('scripts/outbox.ts'), ...args], {
    env: { ...process.env, AUTH_DIR: auth, DATA_DIR: dataDir },
  });
  let out = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (out += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out };
}

describe('scripts/outbox.ts (contract README §3.1)', () => {
  it('lists dead letters without their content, replays them in order, refuses beside a running bridge', async () => {
    let refuse = true;
    const app = await startApp(() => (refuse ? { status: 422 } : {}));
    const number = join(auth, '5511900000001');
    const open = () => {
      const stores = [openLmdb({ path: join(dataDir, 'bridge') }), openLmdb({ path: number })] as const;
      const outbox = openOutbox({
        ...ROOMY,
        attachments: NO_ATTACHMENTS,
        client: client(app.url, systemClock),
        clock: systemClock,
        log: quiet,
      });
      const [data, own] = stores;
      outbox.attach('data', data);
      const queue = outbox.attach('5511900000001', own);
      const close = async () => {
        await outbox.drain(1000);
        for (const store of stores) await written(store);
        for (const store of stores) await store.close();
      };
      return { outbox, queue, own, close };
    };
    const first = open();
    await first.queue.append([1, 2, 3].map((n) => inbound('5511999990000', `${n}`, 'secret words')));
    await eventually(() => first.outbox.stats().pending === 0);
    await first.close();

    expect(await command('nonsense')).toMatchObject({ code: 2 });
    const claim = await claimFolder(dataDir);
    if (claim.kind !== 'claimed') expect.fail();
    expect(await command('list')).toMatchObject({ code: 1, out: expect.stringContaining('stop the bridge') });
    await claim.release();

    const listed = await command('list');
    expect(listed.code).toBe(0);
    expect(listed.out.match(/^…0001 .*\/api\/inbound-message {2}HTTP 422$/gm)).toHaveLength(3);
    expect(listed.out).not.toMatch(/secret|55119/);

    expect(await command('replay')).toEqual({ code: 0, out: '…0001   3 put back\n' });
    refuse = false;
    app.seen.length = 0;
    const second = open();
    await eventually(() => second.outbox.stats().pending === 0);
    expect(app.seen.map(({ body }) => body.wa_message_id)).toEqual(['1', '2', '3']);
    expect(second.outbox.stats().deadLetter).toBe(0);
    await second.outbox.drain(1000);
    expect([...rowsOf(second.own).keys(), ...deadLettersOf(second.own).keys()]).toEqual([]);
    await second.close();
    await app.close();
  }, 60_000);
});
