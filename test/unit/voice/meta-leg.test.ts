/** The leg towards Meta with a real connection, on simulated time: who is gone, and what is said meanwhile. Contract voice §6. */
import { afterEach, describe, expect, it } from 'vitest';
import { MetaLeg } from '../../../src/actors/voice/meta-leg.ts';
import { SILENCE } from '../../../src/actors/voice/opus-toc.ts';
import { eventually } from '../../helpers/eventually.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { Media, stamped } from '../../loopback/calls/media.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function leg() {
  const time = new SimulatedTime();
  const lost: string[] = [];
  const heard: number[] = [];
  const meta = new Media({ lite: true });
  const own = new MetaLeg({
    ...{ ice: { stunUrls: [], local: true }, clock: time, digit: () => {}, heard: () => {}, spoke: () => {} },
    opus: (_, { sequence }) => heard.push(sequence),
    lost: (why) => lost.push(why),
  });
  open.push(meta, own);
  const answer = await own.answer(await meta.offer());
  if (answer.kind === 'failed') throw new Error(answer.why);
  await meta.take(answer.sdp);
  await eventually(() => meta.connected, { what: 'connected', withinMs: 8_000, everyMs: 5 });
  expect(await own.connectedBy(time.now() + 1_000)).toBe(true);
  return { time, lost, heard, meta, own };
}

describe('a caller of whom nothing comes', () => {
  it('V-05: is gone after 15 s without a packet, and after 30 s when there never was one', async () => {
    const { time, lost, heard, meta, own } = await leg();
    own.open();
    time.advance(29_999);
    expect(lost).toEqual([]);
    meta.say(stamped(1));
    await eventually(() => heard.length === 1, { what: 'heard', withinMs: 4_000, everyMs: 5 });
    time.advance(14_999);
    expect(lost).toEqual([]);
    time.advance(1);
    expect(lost).toEqual(['no packet for 15 s']);
    time.advance(60_000);
    expect(lost).toHaveLength(1);
  });

  it('V-05: 30 s from the opening without a first packet', async () => {
    const { time, lost, own } = await leg();
    time.advance(40_000);
    expect(lost).toEqual([]);
    own.open();
    time.advance(30_000);
    expect(lost).toEqual(['no packet for 30 s']);
  });
});

describe('what the caller hears', () => {
  it('V-24: nothing before it is kept open, silence every 20 ms from then on, words only when it is open', async () => {
    const { time, meta, own } = await leg();
    own.play(stamped(1));
    time.advance(1_000);
    own.keepOpen();
    own.play(stamped(2));
    time.advance(99);
    await eventually(() => meta.heard.length === 5, { what: 'silence', withinMs: 4_000, everyMs: 5 });
    own.open();
    own.play(stamped(3));
    // A packet leaves at least every 60 ms.
    time.advance(59);
    await eventually(() => meta.heard.length === 6, { what: 'a word', withinMs: 4_000, everyMs: 5 });
    time.advance(61);
    await eventually(() => meta.heard.length >= 8, { what: 'silence again', withinMs: 4_000, everyMs: 5 });
    expect(meta.heard.map(({ payload }) => payload.equals(SILENCE))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      true,
      true,
      ...meta.heard.slice(8).map(() => true),
    ]);
  });

  it('leaves no timer behind', async () => {
    const { time, own } = await leg();
    own.open();
    expect(time.pending).toBe(2);
    await own.close();
    expect(time.pending).toBe(0);
  });
});
