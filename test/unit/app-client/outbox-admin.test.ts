/** What operators and a returning app see of the outbox (outbox-admin.ts): counts, dead letters, events, replays. */
import { expect, it, onTestFinished } from 'vitest';
import type { AppAnswer, AppClient } from '../../../src/app-client/client.ts';
import type { Fact } from '../../../src/app-client/callbacks.types.ts';
import type { OutboxEvent, Page } from '../../../src/app-client/outbox-admin.types.ts';
import { openOutbox } from '../../../src/app-client/outbox.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import type { Store } from '../../../src/store/store.ts';
import { NO_ATTACHMENTS } from '../../helpers/no-attachments.ts';
import { temporaryStore } from '../../helpers/temporary-store.ts';
import { DEVICE, digits, eventually, inbound, quiet, ROOMY } from '../../property/outbox/app.ts';

const OTHER = '5511900000002';
const ok: AppAnswer = { kind: 'answer', status: 200, body: { ok: true } };
const refused: AppAnswer = { kind: 'answer', status: 422, body: { message: 'x'.repeat(1_000) } };
const away: AppAnswer = { kind: 'no answer', why: 'unreachable', detail: 'ECONNREFUSED' };

const from = (device: string, id: string, text?: string) => ({
  ...inbound('5511999990000', id, text),
  device: digits(device),
});
const idsOf = ({ items }: Page<OutboxEvent>) => items.map(({ body }) => body['wa_message_id']);

/** Two numbers' queues beside an app whose answer to each message a test says; default: it is away. */
function stage() {
  const posted: { readonly id: unknown; readonly event: string | undefined }[] = [];
  const answers = { of: (_: unknown): AppAnswer => away };
  const client: AppClient = {
    post: async (_, body, { id }) => {
      const { wa_message_id } = (typeof body === 'string' ? JSON.parse(body) : body) as Record<string, unknown>;
      posted.push({ id: wa_message_id, event: id });
      return answers.of(wa_message_id);
    },
    get: async () => away,
  };
  const outbox = openOutbox({ ...ROOMY, attachments: NO_ATTACHMENTS, client, clock, log: quiet });
  const held = new Map<string, Promise<void>>();
  const stores = new Map<string, Store>(
    [DEVICE, OTHER].map((owner) => {
      const store = temporaryStore();
      const write: Store['write'] = async (change) => {
        await held.get(owner);
        return store.write(change);
      };
      return [owner, { ...store, write }];
    }),
  );
  /** That disk writes nothing until it is released. */
  const slow = (owner: string) => {
    let release = () => {};
    held.set(owner, new Promise<void>((done) => (release = done)));
    return release;
  };
  const queues = new Map([...stores].map(([owner, store]) => [owner, outbox.attach(owner, store)]));
  outbox.complete();
  // Before the stores close.
  onTestFinished(() => outbox.drain(1_000));
  const append = (...facts: readonly Fact[]) =>
    Promise.all(facts.map((fact) => (queues.get(fact.device) ?? expect.fail('no queue')).append([fact])));
  const letters = (count: number) => eventually(() => outbox.admin.deadLetters(undefined, 100).items.length === count);
  return { admin: outbox.admin, posted, answers, append, letters, slow };
}

it('counts what waits, by route and number, and since when; never what it says', async () => {
  const { admin, append } = stage();
  const before = clock.now();
  await append(from(DEVICE, 'A'), from(DEVICE, 'B'), from(OTHER, 'C', 'secret words'));
  const summary = admin.summary();
  expect(summary).toMatchObject({ pending: 3, deadLetters: 0, complete: true, bytes: expect.any(Number) });
  expect([Object.fromEntries(summary.byPath), Object.fromEntries(summary.byNumber)]).toEqual([
    { '/api/inbound-message': 3 },
    { [DEVICE]: 2, [OTHER]: 1 },
  ]);
  expect(Math.abs((summary.oldest ?? 0) - before)).toBeLessThan(1_000);
  expect(JSON.stringify([...summary.byPath, ...summary.byNumber])).not.toContain('secret');
});

it('OA1 dead letters tell why and the start of the answer, no contents; a replay posts them under their own ids, once', async () => {
  const { admin, answers, append, letters, posted } = stage();
  answers.of = () => refused;
  await append(from(DEVICE, 'A', 'secret words'), from(OTHER, 'B'));
  await letters(2);
  const { items } = admin.deadLetters(undefined, 100);
  expect(items).toMatchObject([
    { number: DEVICE, path: '/api/inbound-message', why: 'HTTP 422', status: 422 },
    { number: OTHER },
  ]);
  expect(items[0]?.answer?.length).toBe(300);
  expect(JSON.stringify(items)).not.toContain('secret');
  const first = posted.map(({ event }) => event);
  expect(new Set(items.map(({ id }) => id))).toEqual(new Set(first));

  answers.of = () => ok;
  expect(await admin.replay({ number: OTHER, path: '/api/groups/sync' })).toBe(0);
  expect(await admin.replay({ number: OTHER })).toBe(1);
  await letters(1);
  expect(await admin.replay({ ids: [items[0]?.id ?? ''] })).toBe(1);
  expect(await admin.replay({})).toBe(0);
  await eventually(() => admin.summary().pending === 0);
  expect(posted.slice(2)).toEqual([
    { id: 'B', event: items[1]?.id },
    { id: 'A', event: items[0]?.id },
  ]);
});

it('OA1 a dead letter goes back before what came later in its conversation', async () => {
  const { admin, answers, append, letters, posted } = stage();
  answers.of = (id) => (id === 'A' ? refused : away);
  await append(from(DEVICE, 'A'));
  await letters(1);
  await append(from(DEVICE, 'B'));
  answers.of = () => ok;
  expect(await admin.replay({})).toBe(1);
  await eventually(() => admin.summary().pending === 0);
  const accepted = posted.slice(posted.findLastIndex(({ id }) => id === 'A'));
  expect(accepted.map(({ id }) => id)).toEqual(['A', 'B']);
});

it('OA2 events: refused and waiting ones of all numbers in order of acceptance, page by page, and reading accepts nothing', async () => {
  const { admin, answers, append, letters } = stage();
  answers.of = (id) => (id === 'B' ? refused : away);
  for (const fact of [from(DEVICE, 'A'), from(OTHER, 'B'), from(DEVICE, 'C'), from(OTHER, 'D')]) await append(fact);
  await letters(1);
  const all = await admin.events(undefined, 100);
  if (!all) return expect.fail('not complete');
  expect([idsOf(all), all.more, all.items.map(({ state }) => state)]).toEqual([
    ['A', 'B', 'C', 'D'],
    false,
    ['waiting', 'refused', 'waiting', 'waiting'],
  ]);
  const pages: unknown[][] = [];
  let after: string | undefined;
  for (let more = true; more; ) {
    const page = await admin.events(after, 3);
    if (!page) return expect.fail('not complete');
    pages.push(idsOf(page));
    ({ next: after, more } = page);
  }
  expect(pages).toEqual([['A', 'B', 'C'], ['D']]);
  await append(from(DEVICE, 'E'));
  expect(idsOf((await admin.events(after, 3)) ?? expect.fail('not complete'))).toEqual(['E']);
  expect(admin.summary()).toMatchObject({ pending: 4, deadLetters: 1 });
});

it('OA2 a page ends before the first callback that is not on disk yet, whatever a faster disk has behind it', async () => {
  const { admin, append, slow } = stage();
  await append(from(DEVICE, 'A'));
  const release = slow(DEVICE);
  const writing = append(from(DEVICE, 'B'));
  await append(from(OTHER, 'C'));
  const during = (await admin.events(undefined, 100)) ?? expect.fail('not complete');
  release();
  await writing;
  const rest = (await admin.events(during.next, 100)) ?? expect.fail('not complete');
  expect([idsOf(during), idsOf(rest)]).toEqual([['A'], ['B', 'C']]);
});

it('OA3 a page ends at 8 MB of text, and one item always comes', async () => {
  const { admin, append } = stage();
  // The app's limits cut each text, so it takes many of them.
  const long = Array.from({ length: 360 }, (_, n) => from(DEVICE, `L${n}`, '€'.repeat(8_000)));
  await append(...long);
  const page = (await admin.events(undefined, 1_000)) ?? expect.fail('not complete');
  const bytes = page.items.reduce((sum, { body }) => sum + Buffer.byteLength(JSON.stringify(body)), 0);
  expect([page.more, bytes <= 8 * 1_048_576, page.items.length > 0]).toEqual([true, true, true]);
});

it('while a start has not attached every number, events and replays are not answered in part', async () => {
  const client: AppClient = { post: async () => away, get: async () => away };
  const outbox = openOutbox({ ...ROOMY, attachments: NO_ATTACHMENTS, client, clock, log: quiet });
  expect([
    await outbox.admin.events(undefined, 1),
    await outbox.admin.replay({}),
    outbox.admin.summary().complete,
  ]).toEqual([undefined, undefined, false]);
});
