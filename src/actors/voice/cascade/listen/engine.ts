/** The port of what turns speech into text. One engine object serves one socket: it may keep state about its audio. */

export type ListenEngine = {
  readonly name: 'deepgram' | 'openai';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The first messages of a connection. */
  readonly hello: readonly string[];
  /** 48 kHz. */
  readonly audio: (pcm: Int16Array) => string | Uint8Array<ArrayBuffer>;
  /** What keeps the connection alive while there is no audio. */
  readonly idle: { readonly everyMs: number; readonly message: () => string };
  /** What the caller said, when the message is a final transcript; else `''`. */
  readonly final: (message: string) => string;
};

export type ListenOptions = {
  /** http or https, without a trailing slash. */
  readonly baseUrl: string;
  readonly key: string;
  /** The first configured language, `''` without one. */
  readonly language: string;
};

/** `ws` for http, `wss` for https. */
export const socketUrl = (baseUrl: string, path: string): string => baseUrl.replace(/^http/, 'ws') + path;
