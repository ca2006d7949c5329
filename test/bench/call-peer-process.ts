/**
 * One side of calls as a process of its own: Meta's with its callers, the realtime vendor with its models, or the speech
 * vendors (rows/calls.ts). It measures its own event loop beside what it hears: a figure is the bridge's only as long as
 * the loop that took it was not late itself.
 *
 * `node call-peer-process.js meta|talkers|models|speech`: one line of JSON on stdout, then HTTP.
 *
 *  BP1  Of relayed calls nobody pauses: callers (`meta`) talk from `accept` on, models from `/talk` on. The callers of a
 *       cascade (`talkers`) speak 3 s of every 9, which is a turn, and breathe audibly in between.
 *  BP2  What is heard is kept only while somebody listens, as its way: ms from the stamp of the other side to here; of
 *       what the bridge speaks itself, as what it is late by (`Spoken`).
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { openCodec } from '../../src/actors/voice/opus.ts';
import { SILENCE } from '../../src/actors/voice/opus-toc.ts';
import { toneFrames } from '../helpers/caller.ts';
import { type MetaCall, startCallsPeer } from '../loopback/calls/calls-peer.ts';
import { isStamped, type Media, nowMs, type Packet, stampOf } from '../loopback/calls/media.ts';
import { startRealtimePeer } from '../loopback/realtime/realtime-peer.ts';
import { startSpeechPeer } from '../loopback/speech/speech-peer.ts';
import type { SideName } from './call-sides.ts';

/** The finest that the histogram can tell, which it adds to every delay. */
const RESOLUTION_MS = 2;
/** Of a caller's turns, in packets. */
const TURN = 450;
const WORDS = 150;
/** No turn has ended sooner after its last word: what is heard before that is no answer to it. */
const SOONEST_MS = 600;

class Heard {
  packets = 0;
  readonly ways: number[] = [];
  readonly answers: number[] = [];
  readonly utterances: number[][] = [];

  get late(): number[] {
    return this.utterances.flatMap((drifts) => {
      const earliest = drifts.reduce((least, drift) => Math.min(least, drift), Number.POSITIVE_INFINITY);
      return drifts.map((drift) => drift - earliest);
    });
  }
}

let heard: Heard | undefined;

const relayed = (media: Media) => {
  media.heard.length = 0;
  media.onPacket = ({ at, payload }) => {
    if (!heard || !isStamped(payload)) return;
    heard.packets += 1;
    heard.ways.push(at - stampOf(payload).at);
  };
};

/** What the bridge says to one caller: utterances between silence. */
class Spoken {
  #lastWordAt: number | undefined;
  #first: Packet | undefined;
  #drifts: number[] | undefined;
  /** Whose utterance it is. */
  #heard: Heard | undefined;

  /** The caller is speaking. */
  word(): void {
    this.#lastWordAt = nowMs();
  }

  take(packet: Packet): void {
    if (heard !== this.#heard) this.#drifts = undefined;
    this.#heard = heard;
    if (heard) heard.packets += 1;
    if (packet.payload.equals(SILENCE)) {
      this.#first = undefined;
      this.#drifts = undefined;
      return;
    }
    if (!this.#first) {
      this.#first = packet;
      const ms = packet.at - (this.#lastWordAt ?? packet.at);
      if (ms >= SOONEST_MS) {
        heard?.answers.push(ms);
        this.#lastWordAt = undefined;
      }
    }
    if (!heard) return;
    if (!this.#drifts) heard.utterances.push((this.#drifts = []));
    this.#drifts.push(packet.at - this.#first.at - ((packet.timestamp - this.#first.timestamp) >>> 0) / 48);
  }
}

const routes = new Hono();
routes.post('/listen/:seconds{[0-9]+}', async (context) => {
  const late = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const idle = performance.eventLoopUtilization();
  const begun = nowMs();
  const all = new Heard();
  heard = all;
  late.enable();
  await delay(Number(context.req.param('seconds')) * 1_000);
  late.disable();
  heard = undefined;
  const seconds = (nowMs() - begun) / 1_000;
  const busy = performance.eventLoopUtilization(idle).utilization;
  const lateMs = (share: number) => Math.max(0, late.percentile(share) / 1e6 - RESOLUTION_MS);
  const { packets, ways, answers } = all;
  return context.json({
    ...{ packets, ways, answers, late: all.late, seconds },
    loop: { busy, p50: lateMs(50), p99: lateMs(99) },
  });
});

const SIDES: Record<SideName, () => Promise<{ readonly url: string; readonly secret: string }>> = {
  meta: () =>
    callers(({ media }) => {
      relayed(media);
      media.talk();
    }),
  talkers,
  models,
  speech,
};
const { url, secret } = await SIDES[process.argv[2] as SideName]();
const server = createAdaptorServer({ fetch: routes.fetch });
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const control = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
process.stdout.write(`${JSON.stringify({ control, url, secret })}\n`);

async function callers(accepted: (call: MetaCall) => void) {
  const meta = await startCallsPeer();
  meta.onAccept = accepted;
  routes.post('/incoming', async (context) => {
    const { call, offer } = await meta.incoming();
    return context.json({ id: call.id, offer });
  });
  routes.get('/talking', (context) =>
    context.json([...meta.calls.values()].filter(({ state }) => state === 'accepted').length),
  );
  return { url: meta.url, secret: meta.token };
}

/** BP1 */
function talkers() {
  // Of encoders of their own: the first frame of one tone holds the end of what was encoded before it.
  const [words, breath] = [toneFrames(openCodec(), 25), toneFrames(openCodec(), 25, 200)];
  return callers(({ media }) => {
    const spoken = new Spoken();
    media.onPacket = (packet) => spoken.take(packet);
    media.talk((n) => {
      const speaks = n % TURN >= TURN - WORDS;
      if (speaks) spoken.word();
      return (speaks ? words : breath)[n % 25];
    });
  });
}

async function models() {
  const vendor = await startRealtimePeer();
  routes.post('/talk', (context) => {
    for (const { media } of vendor.calls) {
      relayed(media);
      media.talk();
    }
    return context.json(vendor.calls.length);
  });
  return { url: vendor.url, secret: vendor.key };
}

async function speech() {
  const { url, keys } = await startSpeechPeer();
  const secret = 'speech-key';
  Object.assign(keys, { deepgram: secret, elevenlabs: secret });
  return { url, secret };
}
