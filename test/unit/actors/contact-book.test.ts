import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContactBook } from '../../../src/actors/contact-book.ts';
import { LidMap } from '../../../src/actors/lid-map.ts';
import { createLog } from '../../../src/log.ts';
import { parseDigits } from '../../../src/phone.ts';
import { openLmdb } from '../../../src/store/lmdb.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const PETER = '491701234567';
const JID = `${PETER}@s.whatsapp.net`;

describe('contact book (clients §10)', () => {
  let dir: string;
  let store: Store;
  let clock: SimulatedTime;
  let book: ContactBook;
  let writes: number;

  const open = () => {
    const counted: Store = {
      ...store,
      write: (change) => {
        writes += 1;
        return store.write(change);
      },
    };
    return new ContactBook(
      counted,
      new LidMap(store),
      clock,
      createLog({ level: 'fatal', stream: { write: () => undefined } }),
    );
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'contacts-'));
    store = openLmdb({ path: dir });
    clock = new SimulatedTime();
    writes = 0;
    book = open();
  });
  afterEach(async () => {
    await book.flush();
    expect(clock.pending).toBe(0);
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('CB2 news are readable at once and written together, at most every 10 s; C-41 no timer is left', async () => {
    book.learn([{ jid: JID, name: 'Peter' }]);
    clock.advance(5_000);
    book.learn([{ jid: `${PETER}:7@s.whatsapp.net`, notify: 'Pete' }]);
    const peter = { id: JID, phoneNumber: JID, name: 'Peter', notify: 'Pete' };
    expect(book.list()).toEqual([peter]);
    expect([writes, open().list()]).toEqual([0, []]);
    await clock.advanceAsync(5_000);
    await book.flush();
    expect([writes, open().list()]).toEqual([1, [peter]]);
    book.learn([{ jid: JID, notify: 'Pete' }]); // no news
    await clock.advanceAsync(20_000);
    expect(writes).toBe(1);
  });

  it('CB3, C-37 what was learned under a LID is the phone’s as soon as the pair is known; the phone’s own words win', async () => {
    book.learn([{ jid: '771@lid', notify: 'Pete', name: 'by LID' }]);
    expect(book.list()).toEqual([{ id: '771@lid', notify: 'Pete', name: 'by LID' }]);
    const pn = parseDigits(PETER);
    if (pn === undefined) throw new Error('not a phone');
    await store.write((batch) => new LidMap(store).learn(batch, [{ pn, lid: '771' }]));
    expect(book.list()).toEqual([{ id: JID, phoneNumber: JID, notify: 'Pete', name: 'by LID' }]);
    book.learn([{ jid: JID, name: 'Peter' }]);
    expect(book.list()).toEqual([{ id: JID, phoneNumber: JID, notify: 'Pete', name: 'Peter' }]);
  });

  it('groups, channels, the server and nameless people are no contacts', () => {
    const jids = ['120363000000000001@g.us', '1@newsletter', 'status@broadcast', '@s.whatsapp.net', 'x'];
    book.learn(jids.map((jid) => ({ jid, name: 'nobody' })));
    book.learn([{ jid: JID }]);
    expect(book.list()).toEqual([]);
  });

  it('CB1 at most 20,000: the longest unchanged go first, the phone’s address book last', async () => {
    const people = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => `49170${1_000_000 + from + n}`);
    const jid = (phone: string) => `${phone}@s.whatsapp.net`;
    book.learn(people(0, 500).map((phone) => ({ jid: jid(phone), name: 'saved' })));
    await book.flush();
    clock.advance(1_000);
    book.learn(people(1_000, 19_500).map((phone) => ({ jid: jid(phone), notify: 'old' })));
    await book.flush();
    clock.advance(1_000);
    book.learn(people(50_000, 10).map((phone) => ({ jid: jid(phone), notify: 'new' })));
    await book.flush();
    const kept = open().list();
    expect(kept.length).toBe(19_000);
    const count = (word: string) => kept.filter(({ name, notify }) => name === word || notify === word).length;
    expect([count('saved'), count('old'), count('new')]).toEqual([500, 18_490, 10]);
  });
});
