/** What `opus.ts` uses of the compiled codec; the package declares its own wrapper only. */
declare module 'opusscript/build/opusscript_native_wasm.js' {
  export type Handler = {
    /** Bytes of the packet, or an error below 0. Addresses; `bytes` of PCM. */
    _encode(pcm: number, bytes: number, packet: number, samples: number): number;
    /** Samples, or an error below 0. */
    _decode(packet: number, bytes: number, pcm: number): number;
    _encoder_ctl(request: number, value: number): number;
  };
  export type Native = {
    readonly HEAPU8: Uint8Array;
    readonly HEAPU16: Uint16Array;
    _malloc(bytes: number): number;
    readonly OpusScriptHandler: {
      new (rate: number, channels: number, application: number): Handler;
      destroy_handler(handler: Handler): void;
    };
  };
  export default function create(): Native;
}
