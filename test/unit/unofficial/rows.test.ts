import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SharedCaches } from '../../../src/actors/engines/unofficial/caches.ts';
import { DecryptJournal, hashOf } from '../../../src/actors/engines/unofficial/decrypt-journal.ts';
import { Recipients } from '../../../src/actors/engines/unofficial/recipient.ts';
import { InboundDesk, type InboundMessage } from '../../../src/actors/inbound.ts';
import { LidMap } from '../../../src/actors/lid-map.ts';
import type { JobReceipt } from '../../../src/actors/protocol.ts';
import { type Commit, SentIndex } from '../../../src/actors/sent-index.ts';
import type { Fact } from '../../../src/app-client/callbacks.types.ts';
import type { OutboxQueue } from '../../../src/app-client/outbox.types.ts';
import type { Clock } from '../../../src/clock.ts';
import { parseDigits } from '../../../src/phone.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';
import { NO_AUTOMATION, NO_JOBS } from '../../helpers/no-automations.ts';

const DAY = 86_400_000;
const commit: Commit = (change) => store.write(change);
const digits = (text: string) => parseDigits(text) ?? expect.fail('not digits');

let dir: string;
let store: Store;
let now = 1_700_000_000_000;
const clock: Clock = { now: () => now, setTimeout: () => ({ id: 0 }), clearTimeout: () => undefined };
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rows-'));
  store = openLmdb({ path: join(dir, 'store') });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Ends the process's memory: what is known now is what the disk says. */
async function reopen(): Promise<void> {
  await store.close();
  store = openLmdb({ path: join(dir, 'store') });
}

describe('sent index', () => {
  it('SI2, SI4 reads see a record before it is durable, and after a restart', async () => {
    const index = new SentIndex(store, clock);
    const recorded = index.record('A', '1@s.whatsapp.net', Buffer.from('x'), commit);
    expect(index.get('A')).toMatchObject({ to: '1@s.whatsapp.net', at: now });
    await recorded;
    await reopen();
    expect(Buffer.from(new SentIndex(store, clock).get('A')?.message ?? []).toString()).toBe('x');
  });

  it('SI3 content leaves after 8 days, the row after 30, while others are written', async () => {
    const index = new SentIndex(store, clock);
    for (let n = 0; n < 64; n++) await index.record(`old${n}`, 'x', Buffer.from('x'), commit);
    now += 9 * DAY;
    for (let n = 0; n < 64; n++) await index.record(`mid${n}`, 'x', Buffer.from('x'), commit);
    expect(index.get('old0')).toMatchObject({ to: 'x' });
    expect(index.get('old0')?.message).toBeUndefined();
    now += 22 * DAY;
    for (let n = 0; n < 64; n++) await index.record(`new${n}`, 'x', Buffer.from('x'), commit);
    expect(index.has('old0')).toBe(false);
    expect(index.has('mid0')).toBe(true);
  });
});

describe('LID map', () => {
  it('LM1 knows both directions after a restart, and what Baileys stored', async () => {
    const map = new LidMap(store);
    const pair = { pn: digits('491701234567'), lid: '900000000000002' };
    expect(map.news([pair])).toEqual([pair]);
    await store.write((batch) => map.learn(batch, [pair]));
    await store.write((batch) => {
      batch.put(store.table('signal/lid-mapping'), '4915112345678', '900000000000003');
      batch.put(store.table('signal/lid-mapping'), '900000000000003_reverse', '4915112345678');
    });
    await reopen();
    const again = new LidMap(store);
    expect(again.news([pair])).toEqual([]);
    expect(again.complete({ lid: pair.lid })).toEqual(pair);
    expect(again.complete({ pn: pair.pn })).toEqual(pair);
    expect(again.phoneOf('900000000000003')).toBe('4915112345678');
    expect(again.phoneOf(pair.pn)).toBeUndefined();
  });
});

describe('inbound desk', () => {
  const told: Fact[] = [];
  let sent: SentIndex;
  let jobReceipt = NO_JOBS.receipt;
  const groups = { forwardGroups: false, automation: NO_AUTOMATION, groupName: () => '' };
  const desk = () => {
    const queue: OutboxQueue = {
      append: (facts, also) =>
        store.write((batch) => {
          told.push(...facts);
          batch.put(store.table('outbox'), told.length, facts.length);
          also?.(batch);
        }),
    };
    sent = new SentIndex(store, clock);
    return new InboundDesk({
      digits: '1',
      store,
      queue,
      sent,
      lids: new LidMap(store),
      clock,
      staleAfterSeconds: 600,
      jobs: { ...NO_JOBS, receipt: (receipt) => jobReceipt(receipt) },
      ...groups,
    });
  };
  const message = (id: string, more: Partial<InboundMessage> = {}): InboundMessage => ({
    ...{
      id,
      direction: 'in',
      contact: { pn: digits('491701234567') },
      name: '',
      content: { kind: 'text', text: 'x' },
      at: now / 1_000,
    },
    ...more,
  });
  const nothing = () => undefined;
  beforeEach(() => {
    told.length = 0;
  });

  it('IN2 an id is told once: twice in one moment, after a restart, and for 14 days', async () => {
    const first = desk();
    await Promise.all([first.accept([message('A')], nothing), first.accept([message('A')], nothing)]);
    await reopen();
    now += 13 * DAY;
    await desk().accept([message('A')], nothing);
    expect(told).toHaveLength(1);
  });

  it('F-04 a vote is no callback; automations get it once, with both halves of the contact', async () => {
    const opened: unknown[] = [];
    groups.automation = { ...NO_AUTOMATION, openVotes: (votes) => (opened.push(...votes), []) };
    const one = desk();
    groups.automation = NO_AUTOMATION;
    const contact = { pn: digits('491701234567'), lid: '9' };
    await one.accept([message('A', { contact })], nothing);
    told.length = 0;
    const voted = { id: 'V', contact: { lid: '9' }, name: 'Ann', at: 1, vote: { poll: 'P', labels: ['x'] } };
    await Promise.all([one.accept([], nothing, [voted]), one.accept([], nothing, [voted])]);
    expect([told, opened]).toEqual([[], [{ ...voted, contact }]]);
  });

  it('IN1 a repeated id still takes its journal row out', async () => {
    const one = desk();
    await one.accept([message('A')], nothing);
    await store.write((batch) => batch.put(store.table('journal'), 'k', 1));
    await one.accept([message('A')], (batch) => batch.remove(store.table('journal'), 'k'));
    expect(store.table('journal').has('k')).toBe(false);
  });

  it('IN1 nothing is remembered when the store refuses', async () => {
    const one = desk();
    const refuse = () => {
      throw new Error('refused');
    };
    await expect(one.accept([message('A')], refuse)).rejects.toThrow('refused');
    told.length = 0;
    await one.accept([message('A')], nothing);
    expect(told).toHaveLength(1);
  });

  it('IN3 what was sent through the bridge is not mirrored, what the own phone wrote is', async () => {
    const one = desk();
    const recorded = sent.record('A', 'x', Buffer.alloc(1), commit);
    await one.accept([message('A', { direction: 'out' })], nothing);
    await recorded;
    await one.accept([message('B', { direction: 'out' })], nothing);
    expect(told).toMatchObject([{ id: 'B', direction: 'out' }]);
  });

  it('inbound §1 older than STALE_AFTER_SECONDS is stored', async () => {
    const one = desk();
    await one.accept([message('A', { at: now / 1_000 - 601 }), message('B', { at: now / 1_000 - 599 })], nothing);
    expect(told).toMatchObject([{ stored: true }, { stored: false }]);
  });

  it('inbound §2 learns the pair of a message and completes the next with it', async () => {
    const one = desk();
    await one.accept([message('A', { contact: { pn: digits('491701234567'), lid: '9' } })], nothing);
    await one.accept([message('B', { contact: { lid: '9' } })], nothing);
    expect(told).toMatchObject([{}, { contact: { pn: '491701234567', lid: '9' } }]);
  });

  it('IN5 receipts: only of own ids, each status once, never downwards, also in one moment', async () => {
    const one = desk();
    await sent.record('A', 'x', Buffer.alloc(1), commit);
    const receipts = ['delivered', 'delivered', 'read', 'delivered', 'played', 'read'] as const;
    await Promise.all(receipts.map((receipt) => one.receipt('A', receipt, 5)));
    await one.receipt('stranger', 'read', 5);
    expect(told).toEqual([
      { kind: 'receipt', device: '1', id: 'A', status: 'delivered', at: 5 },
      { kind: 'receipt', device: '1', id: 'A', status: 'read', at: 5 },
    ]);
    expect(sent.get('A')?.receipt).toBe('played');
  });

  it('IN6, S-20: a receipt of a job is told to the job alone, in order and once each', async () => {
    const one = desk();
    const jobs: JobReceipt[] = [];
    jobReceipt = async (receipt) => {
      await setImmediate();
      jobs.push(receipt);
    };
    await sent.record('A', 'x', Buffer.alloc(1), commit, { origin: 'job' });
    const receipts = ['delivered', 'delivered', 'read', 'delivered', 'played', 'read'] as const;
    await Promise.all(receipts.map((receipt) => one.receipt('A', receipt, 5)));
    expect(jobs).toEqual([
      { device: '1', id: 'A', status: 'delivered', at: 5 },
      { device: '1', id: 'A', status: 'read', at: 5 },
    ]);
    expect(told).toEqual([]);
    expect(sent.get('A')?.receipt).toBe('played');
  });

  it('IN6: it counts as told only when the job has it, so that a failure or a crash in between repeats it', async () => {
    const one = desk();
    await sent.record('A', 'x', Buffer.alloc(1), commit, { origin: 'job' });
    jobReceipt = () => Promise.reject(new Error('no space left'));
    const both = [one.receipt('A', 'delivered', 5), one.receipt('A', 'delivered', 6)];
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(sent.get('A')?.receipt).toBeUndefined();
    await reopen();
    const again = desk();
    const jobs: JobReceipt[] = [];
    jobReceipt = async (receipt) => void jobs.push(receipt);
    await again.receipt('A', 'delivered', 7);
    expect(jobs).toEqual([{ device: '1', id: 'A', status: 'delivered', at: 7 }]);
    expect(sent.get('A')?.receipt).toBe('delivered');
  });
});

describe('decrypt journal', () => {
  const ciphertext = () => Buffer.from(`ciphertext ${Math.random()}`);
  const observed = (journal: DecryptJournal, bytes: Uint8Array) =>
    journal.observe({ tag: 'message', attrs: { id: 'A' }, content: [{ tag: 'enc', attrs: {}, content: bytes }] });
  const save = (data: object) =>
    store.write((batch) => {
      const [[key, row] = ['', {}]] = Object.entries((data as { journal: object }).journal);
      batch.put(store.table('journal'), key, row);
    });

  it('DJ2, DJ3 a row is recalled until it is done, across a restart, in the order of decryption', async () => {
    const journal = new DecryptJournal(store, clock);
    const all = [ciphertext(), ciphertext(), ciphertext()];
    for (const [n, bytes] of all.entries()) {
      observed(journal, bytes);
      const data = journal.entry(hashOf(bytes), bytes, Buffer.from(`plain ${n}`));
      expect(journal.entriesOf(data)).toHaveLength(1);
      await save(data);
    }
    await reopen();
    const again = new DecryptJournal(store, clock);
    const left = again.leftBehind();
    expect(left.map(({ row }) => Buffer.from(row.plaintext).toString())).toEqual(['plain 0', 'plain 1', 'plain 2']);
    expect(Buffer.from(again.recall(hashOf(all[1] ?? ciphertext())) ?? []).toString()).toBe('plain 1');

    const [first, second] = left;
    if (!first || !second) return expect.fail('rows');
    await store.write((batch) => {
      again.done(first, false)(batch);
      again.done(second, true)(batch);
    });
    again.forget(first);
    again.forget(second);
    expect(again.recall(first.row.hash)).toEqual(Buffer.of(1));
    expect(Buffer.from(again.recall(second.row.hash) ?? []).toString()).toBe('plain 1');
    expect(again.leftBehind()).toHaveLength(1);
    expect(again.recall(hashOf(ciphertext()))).toBeUndefined();
  });

  it('bytes of no observed stanza are a bug, loudly', () => {
    const journal = new DecryptJournal(store, clock);
    const bytes = ciphertext();
    expect(() => journal.entry(hashOf(bytes), bytes, bytes)).toThrow('no stanza');
  });
});

describe('recipients (numbers-and-lid §3)', () => {
  const to = '554187654321@s.whatsapp.net';
  const canonical = '5541987654321@s.whatsapp.net';

  it('asks once for all variants, keeps the answer over a restart, asks again after a day', async () => {
    const asked: string[][] = [];
    const lookUp = async (numbers: readonly string[]) => {
      asked.push([...numbers]);
      return [{ jid: canonical, exists: true }];
    };
    const one = new Recipients(store, new LidMap(store), clock);
    const answers = await Promise.all([one.resolve(to, lookUp), one.resolve(to, lookUp)]);
    expect(answers).toEqual([
      { kind: 'jid', jid: canonical },
      { kind: 'jid', jid: canonical },
    ]);
    await reopen();
    const again = new Recipients(store, new LidMap(store), clock);
    await again.resolve(to, lookUp);
    expect(asked).toEqual([['554187654321', '5541987654321']]);
    now += DAY + 1;
    await again.resolve(to, lookUp);
    expect(asked).toHaveLength(2);
  });

  it('nobody is a verdict for an hour; no answer and an error are none', async () => {
    const one = new Recipients(store, new LidMap(store), clock);
    expect(await one.resolve(to, async () => [])).toEqual({ kind: 'not on WhatsApp' });
    now += 3_600_001;
    expect(await one.resolve(to, async () => undefined)).toEqual({ kind: 'jid', jid: to });
    expect(await one.resolve(to, () => Promise.reject(new Error('rate-overlimit')))).toEqual({ kind: 'jid', jid: to });
  });

  it('a LID becomes its phone when known; a group stays; anything else is refused', async () => {
    const lids = new LidMap(store);
    const one = new Recipients(store, lids, clock);
    const never = () => expect.fail('asked');
    expect(await one.resolve('9@lid', never)).toEqual({ kind: 'jid', jid: '9@lid' });
    await store.write((batch) => lids.learn(batch, [{ pn: digits('491701234567'), lid: '9' }]));
    expect(await one.resolve('9@lid', never)).toEqual({ kind: 'jid', jid: '491701234567@s.whatsapp.net' });
    expect(await one.resolve('1-2@g.us', never)).toEqual({ kind: 'jid', jid: '1-2@g.us' });
    expect(await one.resolve('nonsense', never)).toMatchObject({ kind: 'invalid' });
  });
});

describe('shared caches', () => {
  it('CA2, CA3 a socket sees only its own entries, and expired ones no more', async () => {
    const caches = new SharedCaches(clock);
    const [one, two] = [caches.forSocket(), caches.forSocket()];
    await one.devices.set('user', [1]);
    expect(one.devices.get('user')).toEqual([1]);
    expect(two.devices.get('user')).toBeUndefined();
    now += 5 * 60_000;
    expect(one.devices.get('user')).toBeUndefined();
  });
});
