/** GroupSync and GroupBook over a real store, a clock that moves when told, and a WhatsApp that answers from a table. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GroupQueries, type GroupSocket, type Raw } from '../../../src/actors/engines/unofficial/group-queries.ts';
import { GroupSync } from '../../../src/actors/engines/unofficial/group-sync.ts';
import { GroupBook } from '../../../src/actors/group-book.ts';
import { LidMap } from '../../../src/actors/lid-map.ts';
import type { GroupsFact } from '../../../src/app-client/callbacks.types.ts';
import type { OutboxQueue } from '../../../src/app-client/outbox.types.ts';
import { createLog } from '../../../src/log.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const A = '120363000000000001@g.us';
const B = '120363000000000002@g.us';
const ME = '5511987654321';
const PETER = '491701234567';

type Node = { tag: string; attrs: Record<string, string>; content?: Node[] };

describe('groups of one connection', () => {
  let dir: string;
  let store: Store;
  let clock: SimulatedTime;
  let facts: GroupsFact[];
  /** What WhatsApp knows: group -> participants' attributes. Undefined: no answer. */
  let groups: Map<string, Record<string, string>[]> | undefined;
  let asked: string[];
  let sync: GroupSync;

  const node = (jid: string, members: Record<string, string>[]): Node => ({
    tag: 'group',
    attrs: { id: jid.split('@')[0] ?? '', subject: `of ${members.length}` },
    content: members.map((attrs) => ({ tag: 'participant', attrs })),
  });
  const socket = {
    query: async () => {
      asked.push('all');
      if (!groups) return undefined; // the library's way to say that no answer came
      return {
        tag: 'iq',
        attrs: {},
        content: [{ tag: 'groups', attrs: {}, content: [...groups].map((g) => node(...g)) }],
      };
    },
    groupMetadata: async (jid: string) => {
      asked.push(jid);
      const members = groups?.get(jid);
      if (!members) throw Object.assign(new Error('forbidden'), { data: 403 });
      const participants = members.map(({ jid: id, phone_number: phoneNumber }) => ({ id, phoneNumber, admin: null }));
      return { id: jid, subject: `of ${members.length}`, owner: undefined, participants };
    },
  } as unknown as GroupSocket;

  const connect = () => {
    const book = new GroupBook<Raw>(store, new LidMap(store), clock);
    const queue: OutboxQueue = {
      append: async (told, also) => {
        facts.push(...(told as GroupsFact[]));
        await store.write((batch) => also?.(batch));
      },
    };
    const queries = new GroupQueries(() => socket, book, clock);
    const log = createLog({ level: 'fatal', stream: { write: () => undefined } });
    return new GroupSync({ ...{ digits: ME, workspace: () => '7', book, queries, store, queue, clock, log } });
  };
  const writes = new Set<Promise<void>>();
  /** The store, whose writes can be waited for. */
  const watched = (real: Store): Store => ({
    ...real,
    write: (change) => {
      const writing = real.write(change);
      writes.add(writing);
      const done = () => writes.delete(writing);
      writing.then(done, done);
      return writing;
    },
  });
  /** Moves time, and lets real disk writes and what follows them finish. */
  const pass = async (ms: number) => {
    await clock.advanceAsync(ms);
    do {
      await Promise.allSettled(writes);
      for (let turn = 0; turn < 10; turn++) await clock.advanceAsync(0);
    } while (writes.size > 0);
  };
  const toldJids = () => facts.map((fact) => [fact.whole, ...fact.groups.map(({ jid, size }) => `${jid} ${size}`)]);

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'groups-'));
    store = watched(openLmdb({ path: dir }));
    clock = new SimulatedTime();
    facts = [];
    asked = [];
    groups = new Map([
      [
        A,
        [
          { jid: `${ME}@s.whatsapp.net`, type: 'admin' },
          { jid: '771@lid', phone_number: `${PETER}@s.whatsapp.net` },
        ],
      ],
      [B, [{ jid: '771@lid' }, { jid: '772@lid' }]],
    ]);
    sync = connect();
  });
  afterEach(async () => {
    await sync.stop();
    expect(clock.pending).toBe(0);
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('§11.1 everything 7 s after open, not before; C-48 a LID becomes a phone only when its pair is known', async () => {
    sync.opened();
    await pass(6_900);
    expect(asked).toEqual([]);
    await pass(200);
    expect(facts).toEqual([
      {
        ...{ kind: 'groups', device: ME, workspace: '7', whole: true },
        groups: [
          {
            ...{ jid: A, subject: 'of 2', size: 2 },
            participants: [
              { phone: ME, admin: true },
              { phone: PETER, admin: false },
            ],
          },
          { jid: B, subject: 'of 2', size: 2, participants: [] },
        ],
      },
    ]);
    // The pair learned from group A tells who 771 is in group B, next time.
    sync.changed(B);
    await pass(5_100);
    expect(facts.at(-1)?.groups).toEqual([
      { jid: B, subject: 'of 2', size: 2, participants: [{ phone: PETER, admin: false }] },
    ]);
  });

  it('GS6 a group of which WhatsApp will not say anything keeps no other group from being told', async () => {
    const known = socket.groupMetadata;
    socket.groupMetadata = (jid) =>
      jid === A ? Promise.reject(Object.assign(new Error('no'), { data: 500 })) : known(jid);
    sync.changed(A);
    sync.changed(B);
    await pass(5_100);
    expect(toldJids()).toEqual([[false, `${B} 2`]]);
    socket.groupMetadata = known;
    await pass(60_000);
    expect(toldJids()).toEqual([
      [false, `${B} 2`],
      [false, `${A} 2`],
    ]);
  });

  it('§11.1 changes are told 5 s after the last one; GS2 at the latest 30 s after the first', async () => {
    sync.opened();
    await pass(7_100);
    for (let n = 0; n < 4; n++) {
      sync.changed(A);
      await pass(4_000);
    }
    expect(facts.length).toBe(1);
    await pass(1_100);
    expect(toldJids().slice(1)).toEqual([[false, `${A} 2`]]);
    for (let n = 0; n < 8; n++) {
      sync.changed(A);
      await pass(4_000);
    }
    expect(facts.length).toBe(3);
  });

  it('GQ1, GS4 no answer is not "no groups": nothing is told, and WhatsApp is asked again until it answers', async () => {
    sync.opened();
    await pass(7_100);
    const before = groups;
    groups = undefined;
    sync.changed(A);
    for (let n = 0; n < 12; n++) sync.changed(`12036300000000001${n}@g.us`);
    await pass(5_100);
    expect(facts.length).toBe(1);
    groups = before;
    await pass(16_000);
    expect(toldJids().slice(1)).toEqual([[true, `${A} 2`, `${B} 2`]]);
  });

  it('GS3, C-48 a group that was left is told once with size 0: seen by its notice, or missing after a restart', async () => {
    sync.opened();
    await pass(7_100);
    groups?.delete(A);
    sync.changed(A);
    await pass(5_100);
    sync.changed(A);
    await pass(5_100);
    expect(toldJids().slice(1)).toEqual([[false, `${A} 0`]]);
    await sync.stop();
    groups?.delete(B);
    sync = connect();
    sync.opened();
    await pass(7_100);
    expect(toldJids().slice(2)).toEqual([[false, `${B} 0`]]);
    await sync.stop();
    sync = connect();
    sync.opened();
    await pass(7_100);
    expect(facts.length).toBe(3);
  });

  it('GS5 sends use the book; GB1 a changed group, 24 h, and a new connection are asked for again, once', async () => {
    sync.opened();
    await pass(7_100);
    asked = [];
    expect((await sync.metadata(A))?.participants.map(({ id }) => id)).toEqual([`${ME}@s.whatsapp.net`, '771@lid']);
    expect(asked).toEqual([]);
    sync.changed(A);
    await pass(1);
    await Promise.all([sync.metadata(A), sync.metadata(A), sync.metadata(A)]);
    await sync.metadata(A);
    expect(asked).toEqual([A]);
    await pass(24 * 3_600_000 + 5_000); // the change itself was told, and A asked for, 5 s after it
    asked = [];
    await sync.metadata(A);
    expect(asked).toEqual([A]);
    await sync.stop();
    sync = connect();
    sync.opened();
    await pass(1);
    await sync.metadata(A);
    expect(asked).toEqual([A, A]);
  });

  it('nothing is asked, told or written after the end', async () => {
    sync.opened();
    sync.changed(A);
    await sync.stop();
    sync.changed(B);
    await pass(60_000);
    expect([asked, facts]).toEqual([[], []]);
  });
});
