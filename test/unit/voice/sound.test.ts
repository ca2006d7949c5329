/** The codec, losses, resampling: what happens to samples. Contract voice §7, §8.6. */
import { afterAll, describe, expect, it } from 'vitest';
import { loudness, samplesOf } from '../../../src/actors/voice/cascade/pcm.ts';
import { lowering, raising, type Resampler } from '../../../src/actors/voice/cascade/resample.ts';
import { FRAME_SAMPLES, openCodec } from '../../../src/actors/voice/opus.ts';
import { Track } from '../../../src/actors/voice/track.ts';
import { joined, pitchOf } from '../../helpers/caller.ts';

const wave = (rate: number, frequency: number, ms: number, amplitude = 8_000) =>
  new Int16Array((rate * ms) / 1000).map((_, at) => amplitude * Math.sin((2 * Math.PI * frequency * at) / rate));
const frames = (pcm: Int16Array) =>
  Array.from({ length: Math.floor(pcm.length / FRAME_SAMPLES) }, (_, at) =>
    pcm.subarray(at * FRAME_SAMPLES, (at + 1) * FRAME_SAMPLES),
  );
const decibels = (pcm: Int16Array, reference: number) => 20 * Math.log10(Math.max(loudness(pcm), 1e-3) / reference);

describe('the Opus codec', () => {
  it('keeps pitch and loudness of a second of sound', () => {
    const codec = openCodec();
    const pcm = wave(48_000, 440, 1_000);
    const heard = joined(frames(pcm).map((frame) => codec.decode(codec.encode(frame)) ?? new Int16Array()));
    expect(heard.length).toBe(pcm.length);
    expect(pitchOf(heard.subarray(9_600))).toBeCloseTo(440, -1.3);
    expect(Math.abs(decibels(heard.subarray(9_600), loudness(pcm)))).toBeLessThan(1);
    codec.close();
  });

  it('OP1 what is no Opus decodes to nothing, and the next packet as before', () => {
    const codec = openCodec();
    const good = codec.encode(wave(48_000, 440, 20));
    for (const bad of [[], [3, 255, 255], [255], Array.from({ length: 5_000 }, () => 7)])
      expect(codec.decode(Uint8Array.from(bad))).toBeUndefined();
    expect(codec.decode(good)?.length).toBe(FRAME_SAMPLES);
    expect(codec.decode(Uint8Array.of(0xf8, 0xff, 0xfe))?.length).toBe(FRAME_SAMPLES);
    codec.close();
  });

  it('OP1 a frame of another length is a mistake of ours', () => {
    const codec = openCodec();
    expect(() => codec.encode(new Int16Array(480))).toThrow('20 ms');
    codec.close();
  });

  it('OP2 many calls at once do not disturb one another, and memory is free after close', () => {
    const pitches = Array.from({ length: 40 }, (_, at) => 200 + at * 25);
    const codecs = pitches.map(() => openCodec());
    const heard = pitches.map((): Int16Array[] => []);
    for (let frame = 0; frame < 25; frame += 1) {
      codecs.forEach((codec, at) => {
        const pcm = wave(48_000, pitches[at] as number, 500).subarray(
          frame * FRAME_SAMPLES,
          (frame + 1) * FRAME_SAMPLES,
        );
        heard[at]?.push(codec.decode(codec.encode(pcm)) ?? new Int16Array());
      });
    }
    heard.forEach((pieces, at) => {
      expect(Math.abs(pitchOf(joined(pieces).subarray(4_800)) - (pitches[at] as number))).toBeLessThan(15);
    });
    for (const codec of codecs) codec.close();
    expect(() => codecs[0]?.encode(new Int16Array(FRAME_SAMPLES))).toThrow('closed');
    const before = process.memoryUsage.rss();
    for (let at = 0; at < 1_500; at += 1) openCodec().close();
    // Kept, they would be some 75 MB.
    expect(process.memoryUsage.rss() - before).toBeLessThan(30e6);
  });
});

describe('a track', () => {
  const codec = openCodec();
  afterAll(() => codec.close());
  const packet = codec.encode(wave(48_000, 440, 20));
  const place = (sequence: number, source = 1) => ({
    source,
    sequence: sequence & 0xffff,
    timestamp: 0,
    marker: false,
  });
  const lost = (...sequences: [number, number?][]) => {
    const track = new Track(codec);
    return sequences.map(([sequence, source]) => track.take(packet, place(sequence, source))?.lost);
  };

  it('TR2 names a loss of up to ten packets, also over the wrap; more is a new beginning', () => {
    expect(lost([65_534], [65_535], [2], [13], [25])).toEqual([0, 0, 2 * FRAME_SAMPLES, 10 * FRAME_SAMPLES, 0]);
  });
  it('TR1 leaves out what is late or repeated', () => {
    expect(lost([5], [5], [4], [6])).toEqual([0, undefined, undefined, 0]);
  });
  it('TR2 another source, or a count that begins anew, is a new beginning', () => {
    expect(lost([5], [3, 2], [4, 2], [40_000, 2])).toEqual([0, 0, 0, 0]);
  });
});

describe('resampling', () => {
  const run = (resample: Resampler, pcm: Int16Array) => resample(pcm).subarray(2_000);

  it.each([
    [3, 16_000],
    [2, 24_000],
  ])('RS2 raising %d times passes speech unchanged', (factor, rate) => {
    for (const pitch of [100, 300, 1_000, 2_000, 3_400]) {
      const raised = run(raising(factor), wave(rate, pitch, 500));
      expect(Math.abs(decibels(raised, 8_000 / Math.SQRT2))).toBeLessThan(1);
      expect(pitchOf(raised)).toBeCloseTo(pitch, -1.7);
    }
    expect(raising(factor)(new Int16Array(320)).length).toBe(320 * factor);
  });

  it('RS1 raising leaves no image: a plain interpolation would', () => {
    // The image of 3 kHz at 16 kHz lies at 13 kHz. Taking the tone away leaves what does not belong.
    const raised = run(raising(3), wave(16_000, 3_000, 500));
    const rest = notch(raised, 3_000);
    expect(decibels(rest, loudness(raised))).toBeLessThan(-40);
  });

  it('RS1 lowering leaves no alias, RS2 and passes speech', () => {
    expect(decibels(run(lowering(2), wave(48_000, 15_000, 500)), 8_000 / Math.SQRT2)).toBeLessThan(-40);
    const lowered = run(lowering(2), wave(48_000, 1_000, 500));
    expect(Math.abs(decibels(lowered, 8_000 / Math.SQRT2))).toBeLessThan(1);
    expect(pitchOf(lowered) / 2).toBeCloseTo(1_000, -1.7);
  });

  it.each([
    ['raising', () => raising(3)],
    ['lowering', () => lowering(2)],
  ])('pieces of any length give the same as the whole: %s', (_, make) => {
    const pcm = wave(48_000, 700, 100);
    const resample = make();
    const pieces: Int16Array[] = [];
    for (let at = 0, length = 1; at < pcm.length; at += length, length = (length * 7) % 331)
      pieces.push(resample(pcm.subarray(at, at + length)));
    expect(joined(pieces)).toEqual(make()(pcm));
  });
});

describe('PCM on the wire', () => {
  it('a sample that is split between two pieces is whole', () => {
    const read = samplesOf();
    const all = [Uint8Array.of(1), Uint8Array.of(2, 255), Uint8Array.of(), Uint8Array.of(255, 3, 0)].map(read);
    expect(all.map((pcm) => [...pcm])).toEqual([[], [0x0201], [], [-1, 3]]);
  });
});

/** Without its tone: the projection on sine and cosine is taken away. */
function notch(pcm: Int16Array, frequency: number): Int16Array {
  let [sine, cosine] = [0, 0];
  const angle = (at: number) => (2 * Math.PI * frequency * at) / 48_000;
  pcm.forEach((sample, at) => {
    sine += (sample * Math.sin(angle(at)) * 2) / pcm.length;
    cosine += (sample * Math.cos(angle(at)) * 2) / pcm.length;
  });
  return pcm.map((sample, at) => sample - sine * Math.sin(angle(at)) - cosine * Math.cos(angle(at)));
}
