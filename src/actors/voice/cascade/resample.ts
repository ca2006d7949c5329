/**
 * Changes the sample rate of speech by a whole factor, with a low-pass (contract voice §8.6). Streaming: pieces of any
 * length give the same as the whole.
 *
 *  RS1  What the lower rate cannot carry is at least 40 dB down: no images after raising, no aliases after lowering.
 *  RS2  Speech up to 3.4 kHz passes unchanged within 1 dB.
 *
 * A windowed-sinc filter in polyphase form: only the products that a sample is made of are computed.
 */

/** Filter taps at the lower rate. The delay is half of them: 0.5 ms at 16 kHz. */
const SPAN = 24;
/** Of the lower rate; where the filter is half-way down. */
const CUT_OFF = 0.44;

export type Resampler = (pcm: Int16Array) => Int16Array;

/** From a rate to `factor` times that. */
export function raising(factor: number): Resampler {
  const taps = lowPass(factor).map((tap) => tap * factor);
  const past = new Float32Array(SPAN);
  return (pcm) => {
    const all = withPast(past, pcm);
    const raised = new Int16Array(pcm.length * factor);
    for (let at = 0; at < pcm.length; at += 1) {
      for (let phase = 0; phase < factor; phase += 1) {
        let sum = 0;
        for (let k = 0; k < SPAN; k += 1) sum += (taps[k * factor + phase] as number) * (all[at + SPAN - k] as number);
        raised[at * factor + phase] = clamped(sum);
      }
    }
    return raised;
  };
}

/** From a rate to a `factor`th of that. Samples that do not fill one of the lower rate wait for the next piece. */
export function lowering(factor: number): Resampler {
  const taps = lowPass(factor);
  const past = new Float32Array(taps.length);
  let skip = 0;
  return (pcm) => {
    const all = withPast(past, pcm);
    const lowered = new Int16Array(Math.ceil(Math.max(0, pcm.length - skip) / factor));
    let at = skip;
    for (let made = 0; made < lowered.length; made += 1, at += factor) {
      let sum = 0;
      for (let k = 0; k < taps.length; k += 1) sum += (taps[k] as number) * (all[at + taps.length - k] as number);
      lowered[made] = clamped(sum);
    }
    skip = at - pcm.length;
    return lowered;
  };
}

/** Remembers the last samples in `past`; answers them with the new ones behind. */
function withPast(past: Float32Array, pcm: Int16Array): Float32Array {
  const all = new Float32Array(past.length + pcm.length);
  all.set(past);
  all.set(pcm, past.length);
  past.set(all.subarray(all.length - past.length));
  return all;
}

/** Sinc under a Blackman window, of gain 1, at the higher rate. */
function lowPass(factor: number): number[] {
  const length = SPAN * factor;
  const middle = (length - 1) / 2;
  const cut = CUT_OFF / factor;
  const taps = Array.from({ length }, (_, at) => {
    const x = at - middle;
    const sinc = x === 0 ? 2 * cut : Math.sin(2 * Math.PI * cut * x) / (Math.PI * x);
    const turn = (2 * Math.PI * at) / (length - 1);
    return sinc * (0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn));
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / gain);
}

const clamped = (value: number): number => Math.max(-32_768, Math.min(32_767, Math.round(value)));
