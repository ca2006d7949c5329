/** The numbers of an outgoing stream, and the keys in an incoming one. Contract voice §7, §9.5. */
import { describe, expect, it } from 'vitest';
import { DtmfReader } from '../../../src/actors/voice/dtmf.ts';
import { SILENCE, samplesOf } from '../../../src/actors/voice/opus-toc.ts';
import { RtpLine } from '../../../src/actors/voice/rtp-line.ts';

/** 20 ms in SILK and CELT, and 60 ms. */
const FRAME = Uint8Array.of(0x78, 1, 2, 3);
const LONG = Uint8Array.of(0x18, 1, 2, 3);

const line = () => new RtpLine({ sequence: 65_534, timestamp: 4_294_967_000 });
const place = (sequence: number, timestamp: number, source = 7, marker = false) => ({
  source,
  sequence,
  timestamp,
  marker,
});

describe('the duration of a packet', () => {
  it.each([
    [SILENCE, 960],
    [FRAME, 960],
    [LONG, 2880],
    [Uint8Array.of(0x79, 1), 1920],
    [Uint8Array.of(0x7b, 3), 2880],
    [new Uint8Array(), 960],
  ])('%j is %i samples', (packet, samples) => {
    expect(samplesOf(packet)).toBe(samples);
  });
});

describe('an outgoing line', () => {
  it('V-31: a source keeps its distances: losses stay gaps, the order stays as received, over the end of 16 and 32 bits', () => {
    const out = line();
    const given = [10, 11, 14, 13, 15].map((n) => out.relayed(place(n, n * 960), FRAME, n * 20));
    expect(given.map((numbers) => numbers?.sequence)).toEqual([65_534, 65_535, 2, 1, 3]);
    expect(given.map((numbers) => ((numbers?.timestamp ?? 0) - 4_294_967_000) >>> 0)).toEqual([
      0, 960, 3840, 2880, 4800,
    ]);
    expect(given.map((numbers) => numbers?.marker)).toEqual([true, false, false, false, false]);
  });

  it('V-31: a new source, a restart of the vendor, goes on by one and by the time that has passed', () => {
    const out = line();
    const first = out.relayed(place(500, 48_000), FRAME, 1_000);
    const second = out.relayed(place(9, 7, 8), FRAME, 1_250);
    expect(((second?.sequence ?? 0) - (first?.sequence ?? 0)) & 0xffff).toBe(1);
    expect(((second?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0).toBe(250 * 48);
    const third = out.relayed(place(11, 7 + 1920, 8), FRAME, 1_290);
    expect(((third?.sequence ?? 0) - (second?.sequence ?? 0)) & 0xffff).toBe(2);
  });

  it('V-31: silence in between is continuous in both directions, and speech after it carries the marker', () => {
    const out = line();
    const spoken = out.relayed(place(1, 960), FRAME, 0);
    const quiet = [80, 100, 120].map((now) => out.silence(SILENCE, now));
    const again = out.relayed(place(2, 1920), FRAME, 140);
    const all = [spoken, ...quiet, again];
    const steps = all
      .slice(1)
      .map((now, at) => [
        ((now?.sequence ?? 0) - (all[at]?.sequence ?? 0)) & 0xffff,
        ((now?.timestamp ?? 0) - (all[at]?.timestamp ?? 0)) >>> 0,
      ]);
    expect(steps).toEqual([
      [1, 80 * 48],
      [1, 960],
      [1, 960],
      [1, 960],
    ]);
    expect(all.map((numbers) => numbers?.marker)).toEqual([true, false, false, false, true]);
  });

  it('RL3: no number is given twice when a packet from before the silence comes late', () => {
    const out = line();
    out.relayed(place(1, 960), FRAME, 0);
    out.silence(SILENCE, 80);
    expect(out.relayed(place(5, 4800), FRAME, 100)).toBeDefined();
    expect(out.relayed(place(4, 3840), FRAME, 101)).toBeUndefined();
    expect(out.relayed(place(6, 5760), FRAME, 102)).toBeDefined();
  });

  it('RL3: a source is heard for as long as it speaks, and its stragglers with it (23 min are 70,000 packets)', () => {
    const out = line();
    let dropped = 0;
    for (let n = 0; n < 70_000; n += 1)
      if (!out.relayed(place(n & 0xffff, (n * 960) >>> 0), FRAME, n * 20)) dropped += 1;
    expect(dropped).toBe(0);
    expect(out.relayed(place(69_990 & 0xffff, 69_990 * 960), FRAME, 1_400_000)).toBeDefined();
  });

  it('V-31: after a packet of 60 ms the next source does not overlap it', () => {
    const out = line();
    const long = out.relayed(place(1, 960), LONG, 0);
    const next = out.silence(SILENCE, 10);
    expect((next.timestamp - (long?.timestamp ?? 0)) >>> 0).toBe(2880);
  });

  it('own speech is continuous however late its frames are, and begins with a marker', () => {
    const out = line();
    const frames = [0, 20, 500, 500, 501].map((now) => out.own(FRAME, now));
    expect(frames.map(({ timestamp }) => (timestamp - 4_294_967_000) >>> 0)).toEqual([0, 960, 1920, 2880, 3840]);
    expect(frames.map(({ marker }) => marker)).toEqual([true, false, false, false, false]);
  });

  it('silence follows the clock again after a stall', () => {
    const out = line();
    out.silence(SILENCE, 0);
    const late = out.silence(SILENCE, 400);
    expect((late.timestamp - 4_294_967_000) >>> 0).toBe(400 * 48);
  });
});

describe('keys', () => {
  const press = (event: number, end: boolean) => Uint8Array.of(event, end ? 0x8a : 0x0a, 3, 0x20);

  it('V-18: one digit per press, at its end, however often its packets are repeated', () => {
    const heard: string[] = [];
    const reader = new DtmfReader((digit) => heard.push(digit));
    for (const end of [false, false, true, true, true]) reader.take(press(5, end), 1_000);
    for (const end of [false, true, true, true]) reader.take(press(11, end), 9_000);
    expect(heard).toEqual(['5', '#']);
  });

  it('V-18: a press whose end was lost counts when the next one begins, and a late packet begins nothing', () => {
    const heard: string[] = [];
    const reader = new DtmfReader((digit) => heard.push(digit));
    reader.take(press(1, false), 1_000);
    reader.take(press(2, false), 2_000);
    reader.take(press(1, true), 1_000);
    reader.take(press(2, true), 2_000);
    expect(heard).toEqual(['1', '2']);
  });

  it('what is no key is nothing', () => {
    const heard: string[] = [];
    const reader = new DtmfReader((digit) => heard.push(digit));
    for (const payload of [new Uint8Array(), Uint8Array.of(5), press(40, true)]) reader.take(payload, 1);
    expect(heard).toEqual([]);
  });
});
