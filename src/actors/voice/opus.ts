/**
 * The Opus codec of one call side: 48 kHz mono, frames of 20 ms out, any packet in. The only place that knows the codec.
 *
 *  OP1  What a peer sends never throws: a packet that is none decodes to nothing.
 *  OP2  One compiled module serves the process; a codec's own memory is free after `close`, and nothing works after it.
 *
 * The package's wrapper writes PCM at twice the address that it allocated, into memory of others. Its compiled module is
 * therefore used directly, which takes each byte of PCM in 16 bits. Calls are synchronous, so all share one scratch pad.
 *
 * Deliberately not here: losses and their silence (`track.ts`), pace.
 */
import createNative, { type Handler, type Native } from 'opusscript/build/opusscript_native_wasm.js';

export const SAMPLE_RATE = 48_000;
/** 20 ms. */
export const FRAME_SAMPLES = 960;

export type Codec = {
  /** `FRAME_SAMPLES` samples. */
  readonly encode: (frame: Int16Array) => Uint8Array;
  /** Undefined: it is no Opus packet. */
  readonly decode: (packet: Uint8Array) => Int16Array | undefined;
  readonly close: () => void;
};

const VOIP = 2048;
const SET_BITRATE = 4002;
const SET_COMPLEXITY = 4010;
const SET_SIGNAL = 4024;
const SIGNAL_VOICE = 3001;
/** Wide-band speech needs no more; the default costs twice the time for nothing that a phone call carries. */
const BITRATE = 32_000;
const COMPLEXITY = 5;

/** 120 ms. */
const LARGEST_PCM = 5_760;
const LARGEST_PACKET = 4_000;

type Shared = { readonly native: Native; readonly pcm: number; readonly packet: number };
let shared: Shared | undefined;

function share(): Shared {
  const native = createNative();
  return { native, pcm: native._malloc(LARGEST_PCM * 4), packet: native._malloc(LARGEST_PACKET) };
}

export function openCodec(): Codec {
  shared ??= share();
  const { native, pcm, packet } = shared;
  let handler: Handler | undefined = new native.OpusScriptHandler(SAMPLE_RATE, 1, VOIP);
  handler._encoder_ctl(SET_BITRATE, BITRATE);
  handler._encoder_ctl(SET_COMPLEXITY, COMPLEXITY);
  handler._encoder_ctl(SET_SIGNAL, SIGNAL_VOICE);
  const open = (): Handler => {
    if (!handler) throw new Error('the codec is closed');
    return handler;
  };

  return {
    encode: (frame) => {
      if (frame.length !== FRAME_SAMPLES) throw new RangeError('a frame has 20 ms');
      native.HEAPU16.set(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength), pcm / 2);
      const bytes = open()._encode(pcm, frame.byteLength, packet, FRAME_SAMPLES);
      if (bytes < 0) throw new Error(`the codec refused a frame (${bytes})`);
      return native.HEAPU8.slice(packet, packet + bytes);
    },
    decode: (bytes) => {
      const codec = open();
      // Nothing at all would be taken as a loss of 120 ms.
      if (bytes.length === 0 || bytes.length > LARGEST_PACKET) return undefined;
      native.HEAPU8.set(bytes, packet);
      const samples = codec._decode(packet, bytes.length, pcm);
      if (samples < 0) return undefined;
      const wide = native.HEAPU16.subarray(pcm / 2, pcm / 2 + samples * 2);
      const decoded = new Int16Array(samples);
      for (let at = 0; at < samples; at += 1)
        decoded[at] = (wide[2 * at] as number) | ((wide[2 * at + 1] as number) << 8);
      return decoded;
    },
    close: () => {
      if (handler) native.OpusScriptHandler.destroy_handler(handler);
      handler = undefined;
    },
  };
}
