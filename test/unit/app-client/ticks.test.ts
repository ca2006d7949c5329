import { describe, expect, it } from 'vitest';
import type { AppAnswer, AppClient } from '../../../src/app-client/client.ts';
import { campaignDrain } from '../../../src/app-client/drain.ts';
import { heartbeat } from '../../../src/app-client/heartbeat.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { sleep } from '../../../src/clock.ts';
import { quiet } from '../../property/outbox/app.ts';

type Reply = AppAnswer & { readonly takesMs?: number };
const ok = (body: object = {}): Reply => ({ kind: 'answer', status: 200, body: { ok: true, ...body } });
const error = (status: number): Reply => ({ kind: 'answer', status, body: {} });

/** An app on simulated time: answers by path, records when and what. */
function world(reply: (path: string, body: { devices?: unknown[] }) => Reply) {
  const clock = new SimulatedTime();
  const start = clock.now();
  const calls: { path: string; at: number; body: unknown }[] = [];
  const running = new Set<string>();
  const client: AppClient = {
    post: async (path, body) => {
      expect(running.has(path), `overlap of ${path}`).toBe(false);
      running.add(path);
      calls.push({ path, at: (clock.now() - start) / 1000, body });
      const answer = reply(path, body as { devices?: unknown[] });
      if (answer.takesMs) await sleep(clock, answer.takesMs);
      running.delete(path);
      return answer;
    },
    get: () => expect.fail('no GET'),
  };
  const times = (path: string) => calls.filter((call) => call.path === path).map((call) => call.at);
  return { clock, client, calls, times };
}

const BEAT = '/api/node-heartbeat';
const DRAIN = '/api/campaigns/drain';

describe('node-heartbeat (contract clients §8)', () => {
  const beat = (w: ReturnType<typeof world>, ready: string[], drainMissing = () => false) =>
    heartbeat({ client: w.client, clock: w.clock, log: quiet, ready: () => ready, drainMissing });

  it('T1 C-40: each 30 s, with the ready numbers and with none', async () => {
    const w = world(() => ok());
    const ready = ['5511900000001'];
    const ticks = beat(w, ready);
    ticks.start();
    ticks.start();
    await w.clock.advanceAsync(31_000);
    ready.length = 0;
    await w.clock.advanceAsync(30_000);
    expect(w.calls).toEqual([
      { path: BEAT, at: 0, body: { devices: [{ wid: '5511900000001', status: 'connected' }] } },
      { path: BEAT, at: 30, body: { devices: [{ wid: '5511900000001', status: 'connected' }] } },
      { path: BEAT, at: 60, body: { devices: [] } },
    ]);
    ticks.stop();
    await w.clock.advanceAsync(100_000);
    expect(w.calls).toHaveLength(3);
    expect(w.clock.pending).toBe(0);
  });

  it('T1: never overlaps itself, and a slow answer does not push the next one back', async () => {
    const w = world(() => ({ ...ok(), takesMs: 50_000 }));
    const ticks = beat(w, []);
    ticks.start();
    await w.clock.advanceAsync(110_000);
    expect(w.times(BEAT)).toEqual([0, 50, 100]);
    ticks.stop();
  });

  it('T2 C-40: a 422 to an empty list is remembered and a placeholder is sent instead', async () => {
    const w = world((_path, { devices }) => (devices?.length === 0 ? error(422) : ok()));
    const ticks = beat(w, []);
    ticks.start();
    await w.clock.advanceAsync(65_000);
    const placeholder = { devices: [{ wid: '000000', status: 'connected' }] };
    expect(w.calls.map(({ at, body }) => [at, body])).toEqual([
      [0, { devices: [] }],
      [0, placeholder],
      [30, placeholder],
      [60, placeholder],
    ]);
    ticks.stop();
  });

  it('T3: without a drain endpoint it follows after 4 s while campaigns are active', async () => {
    let active = true;
    const w = world((path) => (path === DRAIN ? error(404) : ok({ campaigns_active: active })));
    const drain = campaignDrain(w);
    const ticks = beat(w, [], () => drain.missing());
    drain.start();
    await w.clock.advanceAsync(1);
    ticks.start();
    await w.clock.advanceAsync(9000);
    active = false;
    await w.clock.advanceAsync(30_000);
    expect(w.times(BEAT).map(Math.floor)).toEqual([0, 4, 8, 12]);
    expect(w.times(DRAIN)).toEqual([0]);
    ticks.stop();
    drain.stop();
  });

  it('a failing app is asked again at the same pace', async () => {
    const w = world(() => ({ kind: 'no answer', why: 'unreachable', detail: 'ECONNREFUSED' }));
    const ticks = beat(w, []);
    ticks.start();
    await w.clock.advanceAsync(60_000);
    expect(w.times(BEAT)).toEqual([0, 30, 60]);
    ticks.stop();
  });
});

describe('campaigns/drain (contract clients §8)', () => {
  it('D1: 30 s calm, 4 s after campaigns_active:true', async () => {
    let active = false;
    const w = world(() => ok({ campaigns_active: active }));
    const drain = campaignDrain(w);
    drain.start();
    await w.clock.advanceAsync(29_000);
    active = true;
    await w.clock.advanceAsync(9000);
    active = false;
    await w.clock.advanceAsync(34_000);
    expect(w.times(DRAIN)).toEqual([0, 30, 34, 38, 42, 72]);
    drain.stop();
  });

  it('D2: 404 stops it for 10 minutes', async () => {
    const w = world(() => error(404));
    const drain = campaignDrain(w);
    drain.start();
    await w.clock.advanceAsync(599_000);
    expect(drain.missing()).toBe(true);
    await w.clock.advanceAsync(2000);
    expect(w.times(DRAIN)).toEqual([0, 600]);
    expect(drain.missing()).toBe(true);
    drain.stop();
  });
});
