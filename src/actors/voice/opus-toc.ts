/**
 * What an Opus packet says of itself without being decoded: its duration (RFC 6716 §3.1), and the packet of silence.
 */

/** 20 ms of silence, mono, in three bytes. */
export const SILENCE: Uint8Array = Uint8Array.of(0xf8, 0xff, 0xfe);

/** Of one frame, at 48 kHz, by the configuration in the first five bits. */
function frameSamples(configuration: number): number {
  if (configuration < 12) return [480, 960, 1920, 2880][configuration & 3] ?? 960;
  if (configuration < 16) return [480, 960][configuration & 1] ?? 960;
  return [120, 240, 480, 960][configuration & 3] ?? 960;
}

/** Samples at 48 kHz in this packet; 960 for an empty one. */
export function samplesOf(opus: Uint8Array): number {
  const [toc, second] = opus;
  if (toc === undefined) return 960;
  const frames = (toc & 3) === 0 ? 1 : (toc & 3) === 3 ? (second ?? 1) & 0x3f : 2;
  return frameSamples(toc >> 3) * Math.max(1, frames);
}
