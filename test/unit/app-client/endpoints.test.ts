import { afterEach, describe, expect, it } from 'vitest';
import type { AppAnswer, AppClient } from '../../../src/app-client/client.ts';
import { Endpoints, type KeywordQuery } from '../../../src/app-client/endpoints.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { client, digits, startApp } from '../../property/outbox/app.ts';

const QUERY: KeywordQuery = {
  text: '  Hello You ',
  customer: { pn: digits('5511999990000') },
  isLinked: true,
  device: '5511900000001',
  media: undefined,
  workspace: undefined,
};
const NO_MATCH = { status: 200, kind: 'answer', body: [{ reply_type: null, reply: 'notallow' }] } as const;
const REFUSED = { kind: 'no answer', why: 'unreachable', detail: 'ECONNREFUSED' } as const;
const TIMED_OUT = { kind: 'no answer', why: 'timeout', detail: 'AbortError' } as const;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** An app that answers as the test says, with what the witness saw in between. */
function world(answer: (n: number) => AppAnswer | Promise<AppAnswer>) {
  const time = new SimulatedTime();
  const asked: number[] = [];
  const seen: string[] = [];
  const start = time.now();
  const app = {
    get: async () => {
      seen.push('request');
      asked.push((time.now() - start) / 1000);
      return answer(asked.length);
    },
    post: () => Promise.reject(new Error('no look-up posts')),
  } satisfies AppClient;
  const witness = {
    asking: async () => void seen.push('asking'),
    refused: async () => void seen.push('refused'),
  };
  const endpoints = new Endpoints({ client: app, clock: time });
  const ask = (ms = 60_000) => endpoints.keywordReply(QUERY, time.now() + ms, witness);
  return { time, asked, seen, ask };
}

describe('keyword-replies (inbound §8)', () => {
  it('has exactly the query of the contract', async () => {
    const app = await startApp(() => ({ body: [{ reply_type: 'custom', reply: 'Hi' }] }));
    cleanups.push(() => app.close());
    const time = new SimulatedTime();
    const endpoints = new Endpoints({ client: client(app.url, time), clock: time });
    const witness = { asking: () => Promise.resolve(), refused: () => Promise.resolve() };
    expect(await endpoints.keywordReply(QUERY, time.now() + 1_000, witness)).toMatchObject({
      kind: 'found',
      reply: { kind: 'text', text: 'Hi' },
    });
    await endpoints.keywordReply({ ...QUERY, text: '', media: 'audio', workspace: '7' }, time.now() + 1_000, witness);
    await endpoints.keywordReply({ ...QUERY, isLinked: false, media: 'video' }, time.now() + 1_000, witness);
    const queries = app.seen.map(({ path }) => Object.fromEntries(new URL(path, app.url).searchParams));
    expect(queries).toEqual([
      { keyword: 'hello you', mobile: '5511999990000@s.whatsapp.net', phone: '5511900000001' },
      {
        keyword: '',
        mobile: '5511999990000@s.whatsapp.net',
        phone: '5511900000001',
        media_type: 'audio',
        workspace_id: '7',
      },
      { keyword: 'hello you', mobile: '5511999990000', phone: '5511900000001' },
    ]);
  });

  it('EP1: a timeout, a reset or an error answer is never repeated, and the witness knew before the request left', async () => {
    for (const bad of [
      TIMED_OUT,
      { ...TIMED_OUT, why: 'unreachable', detail: 'ECONNRESET' } as const,
      { kind: 'answer', status: 500, body: {} } as const,
      { kind: 'answer', status: 401, body: [{ response: '401', reply: 'unauthorized', reply_type: null }] } as const,
    ]) {
      const w = world(() => bad);
      expect((await w.ask()).kind).toBe('no answer');
      expect(w.seen).toEqual(['asking', 'request']);
    }
  });

  it('EP1, EP3: a refused connection is asked again after 1, 2, 4, 5 s; the witness hears that it was not asked', async () => {
    const w = world((n) => (n < 6 ? REFUSED : NO_MATCH));
    const answer = w.ask();
    await w.time.advanceAsync(20_000);
    expect(await answer).toEqual({ kind: 'found', reply: { kind: 'none', why: 'notallow' } });
    expect(w.asked).toEqual([0, 1, 3, 7, 12, 17]);
    expect(w.seen.slice(0, 4)).toEqual(['asking', 'request', 'refused', 'asking']);
    expect(w.time.pending).toBe(0);
  });

  it('EP3: while the app is away one look-up at a time tries it; then all go', async () => {
    const w = world((n) => (n <= 12 + 2 ? REFUSED : NO_MATCH));
    const answers = Array.from({ length: 30 }, () => w.ask());
    await w.time.advanceAsync(6_999);
    expect(w.asked).toEqual([...Array<number>(12).fill(0), 1, 3]);
    await w.time.advanceAsync(1);
    expect((await Promise.all(answers)).every(({ kind }) => kind === 'found')).toBe(true);
    expect(w.asked).toHaveLength(14 + 30);
  });

  it("EP4: not asked at all when the caller's time is over first", async () => {
    const w = world(() => REFUSED);
    const answer = w.ask(5_000);
    await w.time.advanceAsync(5_000);
    expect(await answer).toMatchObject({ kind: 'not asked' });
    await w.time.advanceAsync(60_000);
    expect(w.seen.at(-1)).toBe('refused');
    expect(w.time.pending).toBe(0);
  });

  it('EP2: at most 12 at once', async () => {
    let free: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      free = resolve;
    });
    const w = world(() => gate.then(() => NO_MATCH));
    const answers = Array.from({ length: 40 }, () => w.ask());
    await w.time.advanceAsync(1_000);
    expect(w.asked).toHaveLength(12);
    free();
    await Promise.all(answers);
    expect(w.asked).toHaveLength(40);
  });
});
