import { afterEach, describe, expect, it, vi } from 'vitest';
import { NO_ATTACHMENTS } from '../../helpers/no-attachments.ts';
import { type Outbox } from '../../../src/app-client/outbox.types.ts';
import { openOutbox } from '../../../src/app-client/outbox.ts';
import { parkKey } from '../../../src/app-client/flow-callbacks.ts';
import { deadLettersOf, type IsMoot, rowsOf } from '../../../src/app-client/outbox-rows.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { memoryFolder } from '../../helpers/memory-store.ts';
import {
  type Answer,
  type App,
  client,
  counted,
  DEVICE,
  digits,
  eventually,
  inbound,
  pass,
  quiet,
  receipt,
  type Seen,
  startApp,
  status,
  written,
  ROOMY,
} from '../../property/outbox/app.ts';

const ANA = '5511999990000';
const BOB = '5511999991111';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An outbox on simulated time before a real app, on a store that can be reopened. */
async function world(decide: (seen: Seen, app: App) => Answer = () => ({}), isMoot: IsMoot = () => false) {
  const time = new SimulatedTime();
  const app = await startApp(decide);
  cleanups.push(() => app.close());
  const to = counted(client(app.url, time));
  const start = time.now();
  const arrivals: number[] = [];
  const temp = memoryFolder();
  cleanups.push(() => temp.remove());
  let store: Store | undefined;
  let outbox: Outbox | undefined;
  const w = {
    time,
    app,
    store: () => store ?? expect.fail(),
    outbox: () => outbox ?? expect.fail(),
    open: () => {
      store = temp.open();
      outbox = openOutbox({
        ...ROOMY,
        attachments: NO_ATTACHMENTS,
        client: to,
        clock: time,
        log: quiet,
        random: () => 0.5,
        isMoot,
      });
      return outbox.attach('data', store);
    },
    close: async () => {
      await outbox?.drain(0);
      await store?.close();
    },
    pass: (ms: number) =>
      pass(
        time,
        async () => {
          if (to.flying() === 0) await written(w.store());
          return to.flying() > 0;
        },
        ms,
      ),
    /** Seconds since the start at which each request came; to be read between passes. */
    seconds: arrivals,
    ids: () => app.seen.map(({ body }) => body.wa_message_id ?? body.status),
    rows: () => [...rowsOf(w.store()).keys()].length,
    dead: () => [...deadLettersOf(w.store()).range()].map(({ value }) => value),
  };
  const post = to.post;
  Object.assign(to, {
    post: (...call: Parameters<typeof post>) => {
      arrivals.push((time.now() - start) / 1000);
      return post(...call);
    },
  });
  cleanups.push(() => w.close());
  return w;
}

const first =
  (n: number, bad: Answer): ((seen: Seen, app: App) => Answer) =>
  (_seen, app) =>
    app.seen.length < n ? bad : {};

it('O3, W3: what became moot while it waited is never posted and leaves; its line goes on, also after a restart', async () => {
  const moot = new Set<string>();
  let up = false;
  const w = await world(
    () => (up ? {} : { status: 503 }),
    ({ body }) => [...moot].some((word) => body.includes(word)),
  );
  const queue = w.open();
  await queue.append([inbound(ANA, 'A'), inbound(ANA, 'B'), inbound(ANA, 'C')]);
  await w.pass(1_000);
  expect(w.rows()).toBe(3);
  await w.close();
  moot.add('"A"').add('"B"');
  up = true;
  w.app.seen.length = 0;
  w.open();
  await w.pass(MINUTE);
  expect(w.ids()).toEqual(['C']);
  expect([w.rows(), w.dead()]).toEqual([0, []]);
});

describe('append', () => {
  it('O1: resolves with the rows and what goes with them on disk, in one transaction', async () => {
    const w = await world(() => ({ status: 500 }));
    const queue = w.open();
    const journal = w.store().table<string>('journal');
    await queue.append([inbound(ANA, 'A'), inbound(BOB, 'B')], (batch) => batch.put(journal, 'A', 'seen'));
    expect(w.rows()).toBe(2);
    expect(journal.get('A')).toBe('seen');
    await expect(
      queue.append([inbound(ANA, 'C')], () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(w.rows()).toBe(2);
    expect(w.outbox().stats()).toMatchObject({ pending: 2, deadLetter: 0 });
  });

  it('a refused append leaves nothing in the line that could stop the next', async () => {
    const w = await world();
    const queue = w.open();
    const refused = queue.append([inbound(ANA, 'A')], () => {
      throw new Error('no');
    });
    const next = queue.append([inbound(ANA, 'B')]);
    await expect(refused).rejects.toThrow('no');
    await next;
    await expect(queue.append([inbound(ANA, 'C'), { ...inbound(ANA, 'D'), contact: {} }])).rejects.toThrow('B2');
    await queue.append([inbound(ANA, 'E')]);
    await w.pass(1000);
    expect(w.ids()).toEqual(['B', 'E']);
    expect(w.outbox().stats()).toMatchObject({ pending: 0, deadLetter: 0, oldest: null });
  });

  it('O6: posted rows leave the disk', async () => {
    const w = await world();
    const queue = w.open();
    for (let i = 0; i < 20; i++) await queue.append([inbound(ANA, `${i}`)]);
    await w.pass(300);
    await w.outbox().drain(100);
    expect(w.rows()).toBe(0);
  });
});

describe('retry (contract README §3.1)', () => {
  it('500 is repeated after 1, 2, 4 s; the rows behind it wait, other conversations do not', async () => {
    const w = await world(({ body }, app) =>
      body.wa_message_id === 'A' && app.seen.length < 5 ? { status: 500 } : {},
    );
    const queue = w.open();
    await queue.append([inbound(ANA, 'A'), inbound(ANA, 'B'), inbound(BOB, 'C')]);
    await w.pass(20_000);
    expect(w.ids()).toEqual(['A', 'C', 'A', 'A', 'A', 'A', 'B']);
    expect(w.seconds).toEqual([0, 0, 1, 3, 7, 15, 15]);
  });

  it('Retry-After is honoured', async () => {
    const w = await world(first(1, { status: 429, headers: { 'retry-after': '30' } }));
    await w.open().append([inbound(ANA, 'A')]);
    await w.pass(40_000);
    expect(w.seconds).toEqual([0, 30]);
  });

  it('401/403 is kept and repeated each minute', async () => {
    const w = await world(first(3, { status: 403, body: { ok: false, message: 'forbidden' } }));
    await w.open().append([inbound(ANA, 'A')]);
    await w.pass(5 * MINUTE);
    expect(w.seconds).toEqual([0, 60, 120, 180]);
    expect(w.outbox().stats().pending).toBe(0);
  });

  it('a refused token is not hammered by many conversations, and all go once it is accepted', async () => {
    let refused = true;
    const w = await world(() => (refused ? { status: 401 } : {}));
    const queue = w.open();
    await queue.append(Array.from({ length: 200 }, (_, i) => inbound(`55119999${1000 + i}`, `${i}`)));
    await w.pass(59_000);
    expect(w.app.seen.length).toBeLessThanOrEqual(44);
    await w.pass(5 * MINUTE);
    expect(w.app.seen.length).toBeLessThanOrEqual(44 + 6);
    refused = false;
    await w.pass(MINUTE);
    expect(w.outbox().stats().pending).toBe(0);
  });

  it('422 lies in the dead letters with its answer, and the next of that conversation proceeds', async () => {
    const w = await world(({ body }) =>
      body.wa_message_id === 'A' ? { status: 422, body: { message: 'too long' } } : {},
    );
    await w.open().append([inbound(ANA, 'A'), inbound(ANA, 'B')]);
    await w.pass(1000);
    expect(w.ids()).toEqual(['A', 'B']);
    expect(w.dead()).toMatchObject([
      { why: 'HTTP 422', answer: '{"message":"too long"}', row: { path: '/api/inbound-message' } },
    ]);
    expect(w.outbox().stats()).toMatchObject({ pending: 0, deadLetter: 1, oldest: null });
    expect(w.rows()).toBe(0);
    w.time.advance(15 * 24 * HOUR);
    await w.pass(1);
    expect(w.dead()).toEqual([]);
  });

  it('a dead letter that the disk refuses is none; its row stays for the next start', async () => {
    const w = await world(() => ({ status: 422 }));
    await w.open().append([inbound(ANA, 'A')]);
    const write = w.store().write.bind(w.store());
    const refusing = vi.spyOn(w.store(), 'write').mockImplementationOnce((change) =>
      write((batch) => {
        change(batch);
        throw new Error('no space left');
      }),
    );
    await w.pass(1000);
    expect(refusing).toHaveBeenCalled();
    expect(w.dead()).toEqual([]);
    expect([w.rows(), w.outbox().stats().deadLetter]).toEqual([1, 0]);
  });

  it('404 device_not_found is retried for 10 minutes', async () => {
    const unknown = { status: 404, body: { ok: false, error: 'device_not_found' } };
    const w = await world(() => unknown);
    const queue = w.open();
    await queue.append([inbound(ANA, 'A'), inbound(ANA, 'B')]);
    await w.pass(9 * MINUTE);
    expect(w.outbox().stats()).toMatchObject({ pending: 2, deadLetter: 0 });
    await w.pass(6 * MINUTE);
    expect(w.outbox().stats()).toMatchObject({ pending: 0, deadLetter: 2 });
    expect(w.ids().at(-1)).toBe('B');
  });

  it('older than 72 h: dead letter, whether the process runs or starts then', async () => {
    const w = await world(() => ({ cut: 'before' }));
    const queue = w.open();
    await queue.append([inbound(ANA, 'A')]);
    w.time.advance(71 * HOUR);
    await queue.append([inbound(ANA, 'B')]);
    expect(w.outbox().stats()).toMatchObject({ pending: 2, deadLetter: 0 });
    w.time.advance(2 * HOUR);
    await w.pass(11 * MINUTE);
    expect(w.outbox().stats()).toMatchObject({ pending: 1, deadLetter: 1 });
    expect(w.dead()).toMatchObject([{ why: 'older than 72 h' }]);
    await w.close();
    w.time.advance(73 * HOUR);
    w.open();
    expect(w.outbox().stats()).toMatchObject({ pending: 0 });
    await w.pass(1);
    expect(w.outbox().stats()).toMatchObject({ pending: 0, deadLetter: 2, oldest: null });
  });
});

describe('superseded (contract README §3.1)', () => {
  it('an unsent update-status of a number is replaced by the newer one, of other numbers not', async () => {
    const w = await world(first(3, { status: 500 }));
    const queue = w.open();
    await queue.append([status('Restoring'), status('Connecting')]);
    await w.pass(1500);
    await queue.append([status('Syncing data'), status('Ready', '5511900000002')]);
    await queue.append([status('Ready')]);
    await w.pass(10_000);
    expect(w.ids()).toEqual(['Connecting', 'Connecting', 'Ready', 'Ready', 'Ready']);
    expect(w.app.seen.map(({ body }) => body.wid).filter((wid) => wid !== DEVICE)).toHaveLength(2);
    expect(w.rows()).toBe(0);
  });

  it('flows PK5: what a session has the app keep is unsent until the app has taken the newest of it', async () => {
    const w = await world(first(1, { status: 500 }));
    const queue = w.open();
    const told = () => ['s', 'other'].map((session) => w.outbox().isUnsent(parkKey(session)));
    const cleared = queue.append([{ kind: 'flow park', device: DEVICE, session: 's' }]);
    expect(told()).toEqual([true, false]);
    await cleared;
    await w.pass(100);
    expect(told()).toEqual([true, false]);
    await w.pass(10_000);
    expect([told(), w.app.seen.length]).toEqual([[false, false], 2]);
  });

  it('delivered and read of one message collapse to the highest; a late delivered is not sent after read', async () => {
    const w = await world();
    const queue = w.open();
    await queue.append([receipt('A', 'delivered'), receipt('B', 'delivered')]);
    await w.pass(400);
    expect(w.app.seen).toHaveLength(0);
    await queue.append([receipt('A', 'read')]);
    await queue.append([receipt('A', 'delivered')]);
    await w.pass(2000);
    expect(w.app.seen.map(({ body }) => [body.whatsapp_message_id, body.status])).toEqual([
      ['A', 'read'],
      ['B', 'delivered'],
    ]);
    expect(w.rows()).toBe(0);
  });

  it('what is under way is not unsent: both go, in order; a failed one gives way', async () => {
    let fail = false;
    const w = await world(() => ({ delayMs: 30, ...(fail && { status: 500 }) }));
    const queue = w.open();
    const running = queue.append([status('Connecting')]);
    await running;
    await queue.append([status('Ready')]);
    await w.pass(1000);
    expect(w.ids()).toEqual(['Connecting', 'Ready']);
    fail = true;
    await queue.append([status('Disconnected')]);
    await queue.append([status('Logged Out')]);
    await w.pass(1);
    fail = false;
    await w.pass(10_000);
    expect(w.ids().slice(2)).toEqual(['Disconnected', 'Logged Out']);
  });
});

describe('receipts (contract inbound §10)', () => {
  it('updated:0 is repeated after 2, 5, 15, 60 s, also over a restart, then given up', async () => {
    const w = await world(() => ({ body: { ok: true, updated: 0 } }));
    const queue = w.open();
    await queue.append([receipt('A', 'delivered')]);
    await w.pass(10_000);
    expect(w.seconds).toEqual([0.5, 2.5, 7.5]);
    await w.close();
    w.open();
    await w.pass(3 * MINUTE);
    expect(w.seconds.slice(3)).toEqual([10, 70]);
    expect(w.outbox().stats()).toMatchObject({ pending: 0, deadLetter: 0, oldest: null });
  });

  it('a read that comes while delivered waits to be repeated goes at once', async () => {
    const w = await world(() => ({ body: { ok: true, updated: 0 } }));
    const queue = w.open();
    await queue.append([receipt('A', 'delivered')]);
    await w.pass(30_000);
    await queue.append([receipt('A', 'read')]);
    await w.pass(5 * MINUTE);
    expect(w.ids()).toEqual([...Array(4).fill('delivered'), ...Array(5).fill('read')]);
    expect(w.seconds.slice(4)).toEqual([30.5, 32.5, 37.5, 52.5, 112.5]);
  });

  it('404 of the oldest apps: the endpoint is skipped for 10 minutes', async () => {
    const w = await world(() => ({ status: 404 }));
    const queue = w.open();
    for (let minute = 0; minute < 12; minute++) {
      await queue.append([receipt(`R${minute}`, 'read')]);
      await w.pass(MINUTE);
    }
    expect(w.seconds).toEqual([0.5, 600.5]);
    expect(w.outbox().stats()).toMatchObject({ pending: 0, deadLetter: 0, oldest: null });
  });

  it('at most 8 run at once; at most 64 in all, in lanes of their own', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const w = await world(() => ({ after: held }));
    const queue = w.open();
    const many = Array.from({ length: 100 }, (_, i) => i);
    const waiting = (n: number) => eventually(() => w.app.seen.length === n);
    await queue.append(many.map((i) => receipt(`R${i}`, 'read')));
    w.time.advance(500);
    await waiting(8);
    await queue.append(many.map((i) => inbound(`55119999${1000 + i}`, `${i}`)));
    await waiting(8 + 44);
    await queue.append(many.map((i) => status('Ready', `55119000${1000 + i}`)));
    await waiting(64);
    release();
    await eventually(() => w.outbox().stats().pending === 0);
    expect(w.app.seen).toHaveLength(300);
    expect(w.app.atOnce()).toBe(64);
  });
});

describe('order', () => {
  it('O2: a customer stays one line when the phone of the LID becomes known', async () => {
    const w = await world(first(2, { status: 500 }));
    const queue = w.open();
    const by = (id: string, contact: object) => ({ ...inbound(ANA, id), contact });
    const pn = digits(ANA);
    await queue.append([by('A', { lid: '777' }), by('B', { lid: '777' })]);
    await queue.append([by('C', { lid: '777', pn })]);
    await queue.append([by('D', { pn }), by('E', { lid: '777' })]);
    await w.pass(MINUTE);
    expect(w.ids().slice(-5)).toEqual(['A', 'B', 'C', 'D', 'E']);
  });

  it('O2: rows of an earlier process come before new ones', async () => {
    const w = await world(first(1, { status: 500 }));
    await w.open().append([inbound(ANA, 'A'), inbound(ANA, 'B')]);
    await w.pass(1);
    await w.close();
    w.time.advance(-5000);
    await w.open().append([inbound(ANA, 'C')]);
    await w.pass(MINUTE);
    expect(w.ids()).toEqual(['A', 'A', 'B', 'C']);
  });
});

describe('detach', () => {
  it('O7: unsent rows and dead letters move into data, in order, also those under way', async () => {
    let down = true;
    const w = await world(({ body }) =>
      body.wa_message_id === 'X' ? { status: 422 } : down ? { delayMs: 20, status: 500 } : {},
    );
    w.open();
    const own = memoryFolder();
    cleanups.push(() => own.remove());
    const ownStore = own.open();
    const queue = w.outbox().attach(DEVICE, ownStore);
    await queue.append([inbound(BOB, 'X')]);
    await queue.append(Array.from({ length: 600 }, (_, i) => inbound(`551199999000${i % 6}`, `${i}`)));
    await w.outbox().detach(DEVICE);
    expect([...rowsOf(ownStore).keys(), ...deadLettersOf(ownStore).keys()]).toEqual([]);
    await ownStore.close();
    await expect(queue.append([inbound(ANA, 'late')])).rejects.toThrow('moved to data');
    // X may be refused before, while or after it moves; when it is spent while it moves, its copy leaves 500 ms later (H1).
    await w.pass(1000);
    expect(w.outbox().stats()).toMatchObject({ pending: 600, deadLetter: 1 });
    expect(w.rows()).toBe(600);
    await w.close();
    down = false;
    const before = w.app.seen.length;
    w.open();
    await w.pass(1000);
    const ids = w.ids().slice(before).map(Number);
    expect(ids).toHaveLength(600);
    for (let c = 0; c < 6; c++)
      expect(ids.filter((n) => n % 6 === c)).toEqual(Array.from({ length: 100 }, (_, i) => i * 6 + c));
    expect(w.outbox().stats()).toMatchObject({ pending: 0, deadLetter: 1, oldest: null });
  });
});

describe('H1 removal of what was posted', () => {
  it('rides with the next append, or leaves by itself after half a second', async () => {
    const w = await world();
    const queue = w.open();
    await queue.append([inbound(ANA, 'A')]);
    await w.pass(10);
    expect([w.ids(), w.rows()]).toEqual([['A'], 1]);
    await queue.append([inbound(ANA, 'B')]);
    expect([...rowsOf(w.store()).range()].map(({ value }) => value.body)).toEqual([expect.stringContaining('"B"')]);
    await w.pass(600);
    expect([w.ids(), w.rows()]).toEqual([['A', 'B'], 0]);
  });

  it('is not forgotten when that append is refused', async () => {
    const w = await world();
    const queue = w.open();
    await queue.append([inbound(ANA, 'A')]);
    await w.pass(10);
    const refuse = () => {
      throw new Error('full');
    };
    await expect(queue.append([inbound(ANA, 'B')], refuse)).rejects.toThrow('full');
    await w.pass(600);
    expect(w.rows()).toBe(0);
  });
});

describe('drain', () => {
  it('waits for what is under way, starts nothing new, keeps the rest on disk', async () => {
    const w = await world(({ body }) => ({ delayMs: body.wa_message_id === 'A' ? 50 : 5000 }));
    const queue = w.open();
    await queue.append([inbound(ANA, 'A'), inbound(ANA, 'B'), inbound(BOB, 'C')]);
    const draining = w.outbox().drain(2000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    w.time.advance(2000);
    await draining;
    await queue.append([inbound(ANA, 'D')]);
    expect(w.ids()).toEqual(['A', 'C']);
    expect(w.rows()).toBe(3);
    expect(w.time.pending).toBe(0);
  });
});
