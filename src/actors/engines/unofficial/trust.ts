/**
 * The root of WhatsApp's certificate chain, and the only way to replace it.
 *
 *  T1  Another root is accepted for a loopback socket URL only; so is a URL without TLS, because TLS is what
 *      authenticates the server (facts/baileys §10).
 *  T2  With any other URL the root must be the one that Baileys shipped, whoever may have changed it.
 */
import { WA_CERT_DETAILS } from '@whiskeysockets/baileys';

const SHIPPED_ROOT = '142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b';

/** `127.0.0.0/8`, `::1`, `localhost`. */
export function isLoopbackUrl(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * Puts `root` (64 hex digits) in place for the whole process. Throws when T1 or T2 would be broken: the bridge must not
 * start then.
 */
export function establishTrust(socketUrl: string, root: string | undefined): void {
  if (isLoopbackUrl(socketUrl)) {
    if (root === undefined) return;
    if (!/^[0-9a-f]{64}$/i.test(root)) throw new Error('The WhatsApp trust root must be 64 hex digits');
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root, 'hex');
    return;
  }
  if (root !== undefined) throw new Error('A WhatsApp trust root is only accepted with a loopback socket URL');
  if (new URL(socketUrl).protocol !== 'wss:')
    throw new Error('The WhatsApp socket URL must be wss:// unless it is loopback');
  if (WA_CERT_DETAILS.PUBLIC_KEY.toString('hex') !== SHIPPED_ROOT) {
    throw new Error("WhatsApp's certificate root is not the one that Baileys ships");
  }
}
