/**
 * Which URLs the bridge may fetch for somebody else: media and templates (contract messages §11), webhooks of flows and
 * tools of calls (contract flows §3.1).
 *
 *  EG1  http and https only; plain http only to the app's own host, and for webhooks. No credentials in the URL.
 *  EG2  The app's host and `EGRESS_ALLOW_HOSTS` are allowed on any address, at the ports they were named with and at the
 *       two default ports. Every other host must resolve to public addresses only, in every answer it gives.
 *       For webhooks, names of the inside are refused wherever they lead.
 *  EG3  What was checked is what is connected to: the answer names the addresses, and nobody resolves the name again.
 *  EG4  A name server that does not answer holds nobody for longer than a caller can wait (contract messages §1.4).
 *
 * Deliberately not here: the request, its redirects (each is checked again) and its limits (download.ts).
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { byDeadline, type Clock, systemClock } from '../clock.ts';

export type EgressOptions = {
  /** The app's base URL. */
  readonly appUrl: string;
  /** `host` or `host:port`, as in `EGRESS_ALLOW_HOSTS`. */
  readonly allowHosts: readonly string[];
  /** Default: media. */
  readonly purpose?: 'media' | 'webhooks';
  /** Every address of a host name, in the order of preference. Default: the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Default: the system's. */
  readonly clock?: Clock;
};

export type Checked =
  | { readonly kind: 'allowed'; readonly url: URL; readonly addresses: readonly string[] }
  | { readonly kind: 'refused'; readonly why: string };

type Endpoint = { readonly host: string; readonly port: string };

/** EG4. The system's resolver itself may take half a minute. */
const RESOLVE_MS = 5_000;
const DEFAULT_PORTS = ['80', '443'];
const INSIDE = /^localhost$|\.(localhost|internal)$|metadata\./;

const systemResolve = async (host: string): Promise<string[]> =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);

export class Egress {
  readonly #app: Endpoint;
  readonly #allowed: readonly Endpoint[];
  readonly #forWebhooks: boolean;
  readonly #resolve: (host: string) => Promise<readonly string[]>;
  readonly #clock: Clock;

  constructor({ appUrl, allowHosts, purpose, resolve = systemResolve, clock = systemClock }: EgressOptions) {
    this.#app = endpointOf(new URL(appUrl));
    const named = allowHosts.map((entry) => endpointOf(new URL(`https://${entry}`)));
    this.#allowed = [this.#app, ...named];
    this.#forWebhooks = purpose === 'webhooks';
    this.#resolve = resolve;
    this.#clock = clock;
  }

  /** Never throws; an unresolvable name is refused. */
  async check(address: string): Promise<Checked> {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
      return refused('only http and https addresses can be fetched');
    if (url.username !== '' || url.password !== '') return refused('the address contains credentials');
    const target = endpointOf(url);
    if (url.protocol === 'http:' && !this.#forWebhooks && !matches(target, this.#app))
      return refused("plain http is allowed to the app's own host only");
    const isExempt = this.#allowed.some((allowed) => matches(target, allowed));
    if (this.#forWebhooks && !isExempt && INSIDE.test(target.host))
      return refused('the host is not on the public internet');
    const addresses = await this.#addressesOf(target.host);
    if (addresses.length === 0) return refused('the host has no address');
    if (!isExempt && !addresses.every(isPublic)) return refused('the host is not on the public internet');
    return { kind: 'allowed', url, addresses };
  }

  /** True for an https address that every machine on the internet reaches, whatever is allowed here. */
  async isPublic(address: string): Promise<boolean> {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return false;
    const addresses = await this.#addressesOf(endpointOf(url).host);
    return addresses.length > 0 && addresses.every(isPublic);
  }

  async #addressesOf(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const resolving = this.#resolve(host).catch(() => []);
    const found = await byDeadline(this.#clock, resolving, this.#clock.now() + RESOLVE_MS);
    return found === 'late' ? [] : found;
  }
}

/** All that is given out of IPv6 for the internet; outside lie forms such as `::7f00:1`, which some systems route. */
const IPV6_INTERNET = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * An address that belongs to the internet at large. Mapped IPv4 is judged as IPv4; every other way to write IPv4 inside
 * IPv6 (NAT64, 6to4, Teredo…) has a range of its own, which is not `unicast`.
 */
export function isPublic(address: string): boolean {
  // A zone (`fe80::1%eth0`) exists on links only.
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(IPV6_INTERNET);
}

const refused = (why: string): Checked => ({ kind: 'refused', why });

/** The WHATWG parser has brought decimal, octal and hexadecimal hosts to their usual form already. */
function endpointOf({ hostname, port, protocol }: URL): Endpoint {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return { host, port: port || (protocol === 'http:' ? '80' : '443') };
}

const matches = (target: Endpoint, allowed: Endpoint): boolean =>
  target.host === allowed.host && (target.port === allowed.port || DEFAULT_PORTS.includes(target.port));
