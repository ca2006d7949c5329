/**
 * A guarded download into an open file (contract messages §11).
 *
 *  DL1  Every address, that of each of at most three redirects too, is checked, and the connection goes to a checked
 *       address (EG3).
 *  DL2  Bytes are streamed; more than the limit ends the download while reading, whatever the headers said.
 *
 * Deliberately not here: the time limit (the caller's signal) and removing what is half written (the caller's file).
 */
import type { FileHandle } from 'node:fs/promises';
import { isIPv6, type LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import type { Checked, Egress } from './egress.ts';

const MAX_REDIRECTS = 3;
const REDIRECTS = [301, 302, 303, 307, 308];

export type Downloaded =
  /** `contentType` as the server said it, `''` without one. `url`: after redirects. */
  | { readonly kind: 'done'; readonly bytes: number; readonly contentType: string; readonly url: string }
  | { readonly kind: 'refused'; readonly why: string };

export type DownloadOptions = {
  readonly egress: Egress;
  readonly maxBytes: number;
  /** Ends it at once, with a rejection: the caller knows why. */
  readonly signal: AbortSignal;
};

/** Rejects only when the signal is aborted or the file cannot be written; whatever the server does is `refused`. */
export async function download(address: string, file: FileHandle, options: DownloadOptions): Promise<Downloaded> {
  let next = address;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const checked = await options.egress.check(next);
    options.signal.throwIfAborted();
    if (checked.kind === 'refused') return checked;
    const step = await fetchOnce(checked, file, options);
    if (step.kind !== 'redirect') return step;
    next = step.to;
  }
  return { kind: 'refused', why: 'too many redirects' };
}

type Step = Downloaded | { readonly kind: 'redirect'; readonly to: string };

async function fetchOnce(
  { url, addresses }: Extract<Checked, { kind: 'allowed' }>,
  file: FileHandle,
  { maxBytes, signal }: DownloadOptions,
): Promise<Step> {
  const dispatcher = new Agent({ connect: { lookup: pinned(addresses) }, pipelining: 0 });
  try {
    const answer = await request(url.href, {
      dispatcher,
      signal,
      headers: { accept: '*/*', 'accept-encoding': 'identity' },
    });
    const { location, 'content-type': contentType } = answer.headers;
    if (REDIRECTS.includes(answer.statusCode) && typeof location === 'string' && URL.canParse(location, url.href))
      return { kind: 'redirect', to: new URL(location, url).href };
    if (answer.statusCode !== 200) return refused(`the server answered ${answer.statusCode}`);
    if (Number(answer.headers['content-length'] ?? 0) > maxBytes) return tooLarge(maxBytes);
    let bytes = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return tooLarge(maxBytes);
      await file.write(chunk);
    }
    return { kind: 'done', bytes, contentType: typeof contentType === 'string' ? contentType : '', url: url.href };
  } catch (error) {
    if (signal.aborted || isOfTheFile(error)) throw error;
    return refused('the server could not be reached, or broke off');
  } finally {
    await dispatcher.destroy();
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
function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_host, options, done) => {
    const [first] = all;
    if (options.all) return done(null, all);
    return first ? done(null, first.address, first.family) : done(new Error('no address'), '');
  };
}
