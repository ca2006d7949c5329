/** What the outbox does with answers: receipts told to two endpoints, and answers handed to automations. */
import { afterEach, describe, expect, it } from 'vitest';
import { openOutbox } from '../../../src/app-client/outbox.ts';
import type { AnswerListener, Outbox } from '../../../src/app-client/outbox.types.ts';
import type { Store } from '../../../src/store/store.ts';
import { NO_ATTACHMENTS } from '../../helpers/no-attachments.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { memoryFolder } from '../../helpers/memory-store.ts';
import {
  type Answer,
  client,
  counted,
  inbound,
  pass,
  quiet,
  receipt,
  type Seen,
  startApp,
  written,
  ROOMY,
} from '../../property/outbox/app.ts';

const ANA = '5511999990000';
const CHAT = '/api/chat/message-status';
const CAMPAIGN = '/api/campaigns/update-status-by-id';
const MINUTE = 60_000;

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function world(decide: (seen: Seen) => Answer) {
  const time = new SimulatedTime();
  const app = await startApp(decide);
  cleanups.push(() => app.close());
  const to = counted(client(app.url, time));
  const temp = memoryFolder();
  cleanups.push(() => temp.remove());
  const heard: [string, unknown, boolean][] = [];
  const listener: AnswerListener = ({ id }, answer, first) =>
    void heard.push([id, answer.kind === 'answer' ? answer.body : answer, first]);
  let store: Store | undefined;
  let outbox: Outbox | undefined;
  const w = {
    app,
    heard,
    open: () => {
      store = temp.open();
      outbox = openOutbox({
        ...ROOMY,
        attachments: NO_ATTACHMENTS,
        client: to,
        clock: time,
        log: quiet,
        random: () => 0.5,
      });
      return outbox.attach('number', store, listener);
    },
    close: async () => {
      await outbox?.drain(0);
      await store?.close();
    },
    pass: (ms: number) =>
      pass(
        time,
        async () => {
          if (to.flying() === 0 && store) await written(store);
          return to.flying() > 0;
        },
        ms,
      ),
    stats: () => outbox?.stats(),
    /** `[path, status]` of every request. */
    told: () => app.seen.map(({ path, body }) => [path, body.status]),
  };
  cleanups.push(() => w.close());
  return w;
}

describe('receipts of single sends (inbound §10)', () => {
  it('S-20: are told to the chat and to the campaigns, each with its own fields; those of automatic replies to the chat alone', async () => {
    const w = await world(() => ({ body: { ok: true, updated: 1, matched: true } }));
    const queue = w.open();
    await queue.append([receipt('A', 'read', 'single'), receipt('B', 'delivered', 'auto')]);
    await w.pass(1_000);
    const at = '2026-01-02T03:04:05.000Z';
    const sorted = w.app.seen.map(({ path, body }) => ({ path, body })).sort((a, b) => a.path.localeCompare(b.path));
    expect(sorted).toEqual([
      { path: CAMPAIGN, body: { message_id: 'A', status: 'read', timestamp: at } },
      { path: CHAT, body: { whatsapp_message_id: 'A', status: 'read', read_at: at } },
      { path: CHAT, body: { whatsapp_message_id: 'B', status: 'delivered', delivered_at: at } },
    ]);
    expect(w.stats()).toMatchObject({ pending: 0, deadLetter: 0 });
  });

  it.each([
    ['the chat knows it', { updated: 1, matched: false }, 2],
    ['a campaign knows it', { updated: 0, matched: true }, 2],
    ['a campaign has a better status', { updated: 0, skipped: 'older' }, 2],
    ['nobody knows it: after 2, 5, 15, 60 s, then given up', { updated: 0, matched: false }, 10],
    ['PHP writes numbers as text', { updated: '0', matched: 0 }, 10],
  ])('C-22: %s', async (_, body, requests) => {
    const w = await world(() => ({ body: { ok: true, ...body } }));
    await w.open().append([receipt('A', 'delivered', 'single')]);
    await w.pass(3 * MINUTE);
    expect(w.app.seen).toHaveLength(requests);
    expect(w.stats()).toMatchObject({ pending: 0, deadLetter: 0 });
  });

  it('RC3: an app without the chat endpoint is told through the campaigns; it is asked for the missing one after 10 min', async () => {
    const w = await world(({ path }) => (path === CHAT ? { status: 404 } : { body: { ok: true, matched: true } }));
    const queue = w.open();
    for (let minute = 0; minute < 12; minute++) {
      await queue.append([receipt(`R${minute}`, 'read', 'single')]);
      await w.pass(MINUTE);
    }
    expect(w.told().filter(([path]) => path === CHAT)).toHaveLength(2);
    expect(w.told().filter(([path]) => path === CAMPAIGN)).toHaveLength(12);
    expect(w.stats()).toMatchObject({ pending: 0, deadLetter: 0 });
  });

  it('RC4: a refusal by one is a dead letter after the other was told; a failure of the moment is repeated', async () => {
    let failing = true;
    const w = await world(({ path, body }) => {
      if (body.whatsapp_message_id === 'A') return { status: 422 };
      if (path === CAMPAIGN && body.status === 'read' && failing) return { status: 500 };
      return { body: { ok: true, updated: 1, matched: true } };
    });
    const queue = w.open();
    await queue.append([receipt('A', 'delivered', 'single')]);
    await w.pass(1_000);
    expect(w.told()).toEqual([
      [CHAT, 'delivered'],
      [CAMPAIGN, 'delivered'],
    ]);
    expect(w.stats()).toMatchObject({ pending: 0, deadLetter: 1 });
    await queue.append([receipt('B', 'read', 'single')]);
    await w.pass(600);
    failing = false;
    await w.pass(2_000);
    expect(w.told().filter(([, status]) => status === 'read')).toHaveLength(4);
    expect(w.stats()).toMatchObject({ pending: 0, deadLetter: 1 });
  });

  it('C-49: coalesced within 500 ms, at most 8 at once', async () => {
    const w = await world(() => ({ delayMs: 20, body: { ok: true, updated: 1, matched: true } }));
    const queue = w.open();
    const ids = Array.from({ length: 50 }, (_, i) => `R${i}`);
    await queue.append(ids.map((id) => receipt(id, 'delivered', 'single')));
    await w.pass(300);
    await queue.append(ids.map((id) => receipt(id, 'read', 'single')));
    await w.pass(1_000);
    expect(w.told().filter(([, status]) => status === 'delivered')).toEqual([]);
    expect(w.app.seen).toHaveLength(100);
    expect(w.app.atOnce()).toBeLessThanOrEqual(8);
  });
});

describe('answers to messages of customers (inbound §3.1)', () => {
  it('are heard after the 2xx, in the order of the conversation, once', async () => {
    const w = await world(({ body }) => ({ body: { ok: true, n: body.wa_message_id } }));
    const queue = w.open();
    await queue.append(['A', 'B', 'C'].map((id) => inbound(ANA, id)));
    await w.pass(1_000);
    expect(w.heard.map(([id, body]) => [id, (body as { n: string }).n])).toEqual([
      ['A', 'A'],
      ['B', 'B'],
      ['C', 'C'],
    ]);
  });

  it('of mirrors, groups and reactions are nobody’s business', async () => {
    const w = await world(() => ({}));
    await w.open().append([
      { ...inbound(ANA, 'A'), direction: 'out' },
      { ...inbound(ANA, 'B'), group: { jid: '1203630@g.us', subject: '' } },
      { ...inbound(ANA, 'C'), content: { kind: 'reaction', emoji: '+', target: 'A' } },
    ]);
    await w.pass(1_000);
    expect(w.app.seen).toHaveLength(3);
    expect(w.heard).toEqual([]);
  });

  it('are "first" only when no attempt before, nor an earlier process, can have told the app', async () => {
    let fail = true;
    const w = await world(({ body }) => (fail && body.wa_message_id !== 'A' ? { status: 500 } : {}));
    const queue = w.open();
    await queue.append([inbound(ANA, 'A'), inbound(ANA, 'B')]);
    await w.pass(500);
    fail = false;
    await w.pass(2_000);
    fail = true;
    await queue.append([inbound('5511999991111', 'C')]);
    await w.close();
    fail = false;
    w.open();
    await w.pass(2_000);
    expect(w.heard.map(([id, , first]) => [id, first])).toEqual([
      ['A', true],
      ['B', false],
      ['C', false],
    ]);
  });

  it('stay unheard when the app refuses', async () => {
    const w = await world(({ body }) => ({ status: body.wa_message_id === 'A' ? 422 : 200 }));
    await w.open().append([inbound(ANA, 'A')]);
    await w.pass(1_000);
    expect(w.heard).toEqual([]);
  });
});
