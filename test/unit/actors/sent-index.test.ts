import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RideAlong } from '../../../src/actors/engines/unofficial/ride-along.ts';
import { SentIndex } from '../../../src/actors/sent-index.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

let dir: string;
let store: Store;
let sent: SentIndex;
let rideAlong: RideAlong;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sent-'));
  store = openLmdb({ path: dir });
  const time = new SimulatedTime();
  sent = new SentIndex(store, time);
  rideAlong = new RideAlong(store, time);
  await sent.record('A', '1@s.whatsapp.net', Buffer.from('text'), (change) => store.write(change));
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

/** What a new process reads. */
const onDisk = () => new SentIndex(store, new SimulatedTime()).get('A')?.receipt;

it('SI3 content leaves after 8 days, that of a poll stays as long as its row (contract flows §12: a wait lasts 30 days)', async () => {
  const time = new SimulatedTime();
  const old = new SentIndex(store, time);
  const content = Buffer.from('poll');
  await old.record('T', '1@s.whatsapp.net', content, (change) => store.write(change));
  await old.record('P', '1@s.whatsapp.net', content, (change) => store.write(change), { lasting: true });
  const sendsFor = async (days: number) => {
    time.advance(days * 86_400_000);
    for (let n = 0; n < 40; n++) await old.record(`${days}/${n}`, 'x', content, (change) => store.write(change));
  };
  await sendsFor(9);
  expect([old.get('T')?.message, Buffer.from(old.get('P')?.message ?? []).toString()]).toEqual([undefined, 'poll']);
  await sendsFor(22);
  expect(old.has('P')).toBe(false);
});

it('SI5 an id as long as somebody likes is none of ours: no fault, nothing changed', async () => {
  const id = 'x'.repeat(1_000);
  expect([sent.get(id), sent.has(id)]).toEqual([undefined, false]);
  await sent.receive(id, 'read', () => expect.fail('nothing is to be written'));
  await sent.refuse(id, 463, () => expect.fail('nothing is to be written'));
});

describe('receipts of a sent message', () => {
  it.each(['delivered', 'read'] as const)(
    'an ack mark that rides along and leaves late takes no `%s` back (contract inbound §10: never downwards)',
    async (receipt) => {
      const acked = sent.receive('A', 'sent', (change) => rideAlong.add(change));
      await sent.receive('A', receipt, (change) => store.write(change));
      await rideAlong.depart();
      await acked;
      expect(sent.get('A')?.receipt).toBe(receipt);
      expect(onDisk()).toBe(receipt);
    },
  );

  it('an ack mark that leaves late, before anything newer, is kept', async () => {
    const acked = sent.receive('A', 'sent', (change) => rideAlong.add(change));
    await rideAlong.depart();
    await acked;
    expect(onDisk()).toBe('sent');
  });

  it('two receipts on their way at once: the higher one stays, in whichever order they leave', async () => {
    const read = sent.receive('A', 'read', (change) => rideAlong.add(change));
    const delivered = sent.receive('A', 'delivered', (change) => store.write(change));
    await rideAlong.depart();
    await Promise.all([read, delivered]);
    expect(onDisk()).toBe('read');
  });
});
