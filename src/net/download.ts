/**
 * A guarded download into an open file (contract messages §11).
 *
 *  DL1  Every address, that of each of at most three redirects too, is checked, and the connection goes to a checked
 *       address (EG3).
 *  DL2  Bytes are streamed; more than the limit ends the download while reading, whatever the headers said.
 *  DL3  Through a proxy nothing is looked up here (net/proxy.ts PX1), so only the caller's own address is fetched: no
 *       redirect is followed.
 *  DL4  A disk slower than the network slows the download and nothing else. Node's own client, therefore: undici's
 *       parser throws, out of everybody's reach, when a server closes while a body waits for its reader.
 *
 * Deliberately not here: the time limit (the caller's signal) and removing what is half written (the caller's file).
 */
import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { type IncomingMessage, request as overTcp, type RequestOptions } from 'node:http';
import { request as overTls } from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import type { Egress } from './egress.ts';
import type { WayOut } from './proxy.ts';

const MAX_REDIRECTS = 3;
const REDIRECTS = [301, 302, 303, 307, 308];

export type Downloaded =
  /** `contentType` as the server said it, `''` without one. `url`: after redirects. */
  | { readonly kind: 'done'; readonly bytes: number; readonly contentType: string; readonly url: string }
  | { readonly kind: 'refused'; readonly why: string };

type Limits = {
  readonly maxBytes: number;
  /** Ends it at once, with a rejection: the caller knows why. */
  readonly signal: AbortSignal;
};
export type DownloadOptions = Limits & { readonly egress: Egress };

/** Rejects only when the signal is aborted or the file cannot be written; whatever the server does is `refused`. */
export async function download(address: string, file: FileHandle, options: DownloadOptions): Promise<Downloaded> {
  let next = address;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const checked = await unlessAborted(options.egress.check(next), options.signal);
    if (checked.kind === 'refused') return checked;
    const step = await fetchOnce(checked.url, { agent: false, lookup: pinned(checked.addresses) }, file, options);
    if (step.kind !== 'redirect') return step;
    next = step.to;
  }
  return { kind: 'refused', why: 'too many redirects' };
}

/** DL3. Of an address that is the bridge's own choice. Rejects as `download` does. */
export async function downloadThrough(
  { agent }: WayOut,
  address: string,
  file: FileHandle,
  limits: Limits,
): Promise<Downloaded> {
  const step = await fetchOnce(new URL(address), { agent }, file, limits);
  return step.kind === 'redirect' ? refused('it lies elsewhere') : step;
}

/** A look-up cannot be ended: it goes on, and nobody waits for it. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

type Step = Downloaded | { readonly kind: 'redirect'; readonly to: string };

async function fetchOnce(
  url: URL,
  way: Pick<RequestOptions, 'agent' | 'lookup'>,
  file: FileHandle,
  { maxBytes, signal }: Limits,
): Promise<Step> {
  const headers = { accept: '*/*', 'accept-encoding': 'identity' };
  const asked = (url.protocol === 'https:' ? overTls : overTcp)(url, { ...way, headers, signal }).end();
  // What breaks once the answer has begun reaches us through its body.
  asked.on('error', () => undefined);
  try {
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const { location, 'content-type': contentType = '', 'content-length': length } = answer.headers;
    const status = answer.statusCode ?? 0;
    if (REDIRECTS.includes(status) && location !== undefined && URL.canParse(location, url.href))
      return { kind: 'redirect', to: new URL(location, url).href };
    if (status !== 200) return refused(`the server answered ${status}`);
    if (Number(length ?? 0) > maxBytes) return tooLarge(maxBytes);
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return tooLarge(maxBytes);
      await file.write(chunk);
    }
    return { kind: 'done', bytes, contentType, url: url.href };
  } catch (error) {
    if (signal.aborted || isOfTheFile(error)) throw error;
    return refused('the server could not be reached, or broke off');
  } finally {
    asked.destroy();
  }
}

const refused = (why: string): Downloaded => ({ kind: 'refused', why });
export const tooLarge = (maxBytes: number): Downloaded & { kind: 'refused' } => ({
  kind: 'refused',
  why: `it is larger than ${Math.floor(maxBytes / 1_048_576)} MB`,
});

const isOfTheFile = (error: unknown): boolean =>
  ['ENOSPC', 'EIO', 'EDQUOT', 'EBADF'].includes((error as NodeJS.ErrnoException).code ?? '');

/** EG3. An address in the URL itself is never looked up. */
export function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_host, options, done) => {
    const [first] = all;
    if (options.all) return done(null, all);
    return first ? done(null, first.address, first.family) : done(new Error('no address'), '');
  };
}
