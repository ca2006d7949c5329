/**
 * The port between a call and the pipeline that talks in it: cascade (`cascade/`) and realtime (`realtime/`) are two
 * makers of the same `Pipeline`. Types only. Contract voice §1.
 *
 *  PL1  A pipeline never touches Meta, the media gate or the app's rows: it hears, says and asks for the end.
 *  PL2  Nothing here waits and nothing throws; `close` alone answers when all is free.
 *
 * Deliberately not here: recording, which copies what the line carries and is the same for both (`recording.ts`).
 */
import type { Assistant, CallFlow, VoiceKeys } from '../../app-client/voice-calls.ts';

/** Where a packet stands in its own source: kept, so that gaps stay gaps (V-31). */
export type RtpPlace = {
  /** SSRC of the source: another one counts from somewhere else. */
  readonly source: number;
  /** 16 bits. */
  readonly sequence: number;
  /** 32 bits, 48 kHz. */
  readonly timestamp: number;
  readonly marker: boolean;
};

/** What a call offers its pipeline. */
export type CallLine = {
  /**
   * Sends one Opus packet (of 20 ms, unless a vendor's own) to the other side now: whoever plays keeps the pace. While
   * nothing is said the line says silence by itself. Dropped while the gate is closed. `place`: of a relayed packet; what
   * the bridge speaks itself has none and follows what was said last.
   */
  readonly play: (opus: Uint8Array, place?: RtpPlace) => void;
  /** One spoken turn, told in spoken order; `at` is when it was spoken (epoch ms). */
  readonly turn: (turn: { readonly role: 'agent' | 'user'; readonly text: string; readonly at: number }) => void;
  /**
   * The call ends now (the goodbye was said). `why` is for the log; the app is told of an `error` (`bridge-error`). `badKey`
   * as in `Ready`.
   */
  readonly hangUp: (why: string, error?: string, badKey?: keyof VoiceKeys) => void;
};

/** `badKey`: the vendor refuses it, so that nothing else can be done with it either. */
export type Ready =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly why: string; readonly badKey?: keyof VoiceKeys };

/** What a pipeline does for a call. */
export type Pipeline = {
  /** Settles once: it can talk now, or never will. The call waits for it before it claims. */
  readonly ready: Promise<Ready>;
  /** One Opus packet of the caller, as it came: possibly out of order, losses not filled. */
  readonly heard: (opus: Uint8Array, place: RtpPlace) => void;
  /** One key that the caller pressed: `0`-`9`, `*`, `#`, `A`-`D`. */
  readonly digit: (digit: string) => void;
  /** The gate is open: greet, or run the flow. Once. */
  readonly begin: () => void;
  /** The longest allowed call is over: say goodbye, then `hangUp`. */
  readonly farewell: () => void;
  /** Idempotent, also before `ready`; resolves when sockets, timers and peers are free. The line hears nothing more. */
  readonly close: () => Promise<void>;
};

/** Whom a call is with and who talks. */
export type CallBrief = {
  /** The app's id of the call. */
  readonly call: string;
  readonly workspace: string;
  readonly assistantId: string;
  readonly assistant: Assistant;
  readonly keys: VoiceKeys;
  /** The workspace's active flow: always the cascade's. */
  readonly flow?: CallFlow;
  /** As the app named them; `''` when it did not. */
  readonly callerPhone: string;
  readonly calleePhone: string;
};

/** Makes the pipeline of one kind. */
export type PipelineMaker = {
  /** What keys this call would lack (`stt`, `tts`, `openai`); empty: it can be tried. */
  readonly missing: (brief: CallBrief) => readonly string[];
  /** Begins at once; what it needs is opened behind `ready`. */
  readonly open: (brief: CallBrief, line: CallLine) => Pipeline;
};
