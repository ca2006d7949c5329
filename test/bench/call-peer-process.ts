/**
 * One side of relayed calls as a process of its own: Meta's with its callers, or the realtime vendor with its models
 * (rows/calls.ts). It measures its own event loop beside what it hears: a figure is the bridge's only as long as the loop
 * that took it was not late itself.
 *
 * `node call-peer-process.js meta|vendor`: one line of JSON on stdout, then HTTP.
 *
 *  BP1  Nobody pauses: callers talk from `accept` on, models from `/talk` on.
 *  BP2  What is heard is kept only while somebody listens, as its way: ms from the stamp of the other side to here.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { startCallsPeer } from '../loopback/calls/calls-peer.ts';
import { isStamped, type Media, nowMs, stampOf } from '../loopback/calls/media.ts';
import { startRealtimePeer } from '../loopback/realtime/realtime-peer.ts';

/** The finest that the histogram can tell, which it adds to every delay. */
const RESOLUTION_MS = 2;

let ways: number[] | undefined;
const listening = (media: Media) => {
  media.heard.length = 0;
  media.onPacket = ({ at, payload }) => {
    if (isStamped(payload)) ways?.push(at - stampOf(payload).at);
  };
};

const routes = new Hono();
routes.post('/listen/:seconds{[0-9]+}', async (context) => {
  const late = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const idle = performance.eventLoopUtilization();
  const begun = nowMs();
  const heard: number[] = [];
  ways = heard;
  late.enable();
  await delay(Number(context.req.param('seconds')) * 1_000);
  late.disable();
  ways = undefined;
  const seconds = (nowMs() - begun) / 1_000;
  const busy = performance.eventLoopUtilization(idle).utilization;
  const lateMs = (share: number) => Math.max(0, late.percentile(share) / 1e6 - RESOLUTION_MS);
  return context.json({ ways: heard, seconds, loop: { busy, p50: lateMs(50), p99: lateMs(99) } });
});

const { url, secret } = process.argv[2] === 'vendor' ? await models() : await callers();
const server = createAdaptorServer({ fetch: routes.fetch });
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const control = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
process.stdout.write(`${JSON.stringify({ control, url, secret })}\n`);

async function callers() {
  const meta = await startCallsPeer();
  routes.post('/incoming', async (context) => {
    const { call, offer } = await meta.incoming();
    listening(call.media);
    return context.json({ id: call.id, offer });
  });
  routes.get('/talking', (context) =>
    context.json([...meta.calls.values()].filter(({ state }) => state === 'accepted').length),
  );
  return { url: meta.url, secret: meta.token };
}

async function models() {
  const vendor = await startRealtimePeer();
  routes.post('/talk', (context) => {
    for (const { media } of vendor.calls) {
      listening(media);
      media.talk();
    }
    return context.json(vendor.calls.length);
  });
  return { url: vendor.url, secret: vendor.key };
}
