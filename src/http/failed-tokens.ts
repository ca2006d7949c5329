/**
 * Callers that present wrong tokens, per address: after 20 in a minute the answer is 429 until the minute is over.
 *
 *  FT1  A right token never comes here: it is admitted first, also from an address that others guess from.
 *  FT2  Memory is bounded: the address that was seen first is forgotten first. An IPv6 caller owns a /64, so that counts.
 *
 * Deliberately not here: comparing tokens (auth.ts). Guessing 16 characters is hopeless at any speed; this keeps the noise
 * of it away, and says in the log that somebody tries.
 */
import ipaddr from 'ipaddr.js';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';

const ALLOWED = 20;
const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;

type Window = { count: number; readonly until: number };

export class FailedTokens {
  readonly #windows = new Map<string, Window>();
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** One more wrong token from this address. Seconds to wait when there were too many; undefined otherwise. */
  note(address: string): number | undefined {
    const now = this.#clock.now();
    const key = networkOf(address);
    const window = this.#windowOf(key, now);
    window.count += 1;
    if (window.count <= ALLOWED) return undefined;
    if (window.count === ALLOWED + 1)
      this.#log.warn(
        { host: address, count: ALLOWED },
        'wrong tokens in a minute from one address: 429 until it is over',
      );
    return Math.max(1, Math.ceil((window.until - now) / 1000));
  }

  #windowOf(key: string, now: number): Window {
    const known = this.#windows.get(key);
    if (known && known.until > now) return known;
    this.#windows.delete(key); // to the end of the order of FT2
    const [oldest] = this.#windows.size >= MAX_ADDRESSES ? this.#windows.keys() : [];
    if (oldest !== undefined) this.#windows.delete(oldest);
    const fresh = { count: 0, until: now + WINDOW_MS };
    this.#windows.set(key, fresh);
    return fresh;
  }
}

/** The address of IPv4, also when Node writes it as IPv6; the first 64 bits of IPv6. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return '';
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}
