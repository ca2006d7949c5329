/** PCM as vendors carry it: signed 16 bits, little endian, mono. Pure. */

/** Pieces of bytes as samples; half a sample waits for the next piece. */
export function samplesOf(): (bytes: Uint8Array) => Int16Array {
  let half: number | undefined;
  return (bytes) => {
    const carried = half === undefined ? 0 : 1;
    const joined = new Uint8Array(carried + bytes.length);
    if (half !== undefined) joined[0] = half;
    joined.set(bytes, carried);
    half = joined.length % 2 === 1 ? joined[joined.length - 1] : undefined;
    const pcm = new Int16Array(joined.length >> 1);
    for (let at = 0; at < pcm.length; at += 1)
      pcm[at] = (joined[2 * at] as number) | ((joined[2 * at + 1] as number) << 8);
    return pcm;
  };
}

export function bytesOf(pcm: Int16Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pcm.length * 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < pcm.length; at += 1) view.setInt16(2 * at, pcm[at] as number, true);
  return bytes;
}

/** Root mean square: how loud it is, 0…32768. */
export function loudness(pcm: Int16Array): number {
  let sum = 0;
  for (const sample of pcm) sum += sample * sample;
  return pcm.length === 0 ? 0 : Math.sqrt(sum / pcm.length);
}
