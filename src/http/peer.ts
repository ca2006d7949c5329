/**
 * Who is at the other end of the connection, as far as an address can tell (contract README §2).
 *
 *  PE1  A request that carries any forwarding header came through a proxy and is never local, whatever its peer (C-02).
 *  PE2  A missing address is not local.
 *
 * Deliberately not here: what a local peer may do (auth.ts).
 */
import type { HttpContext } from './env.ts';

const FORWARDING = /^(?:forwarded|x-forwarded-.*|x-real-ip|cf-connecting-ip)$/;
/** Node prints IPv4 peers of a dual-stack listener as `::ffff:127.0.0.1`. */
const LOOPBACK_ADDRESS = /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/;

export const isLoopbackAddress = (address: string): boolean => address === '::1' || LOOPBACK_ADDRESS.test(address);

/** True for a loopback peer that speaks for itself. */
export function isLocalPeer(c: HttpContext): boolean {
  if (!isLoopbackAddress(c.env?.incoming?.socket.remoteAddress ?? '')) return false;
  for (const name of c.req.raw.headers.keys()) {
    if (FORWARDING.test(name)) return false;
  }
  return true;
}

/** The host name of a `Host` header, lower case and without its port; undefined when it is missing or no host at all. */
export const hostName = (header: string | undefined): string | undefined => HOST.exec(header?.toLowerCase() ?? '')?.[1];

/** Names that can only mean this machine; a rebinding attack arrives under a name of its own. */
export const isLoopbackName = (name: string): boolean =>
  name === 'localhost' || name === '[::1]' || LOOPBACK_ADDRESS.test(name);
