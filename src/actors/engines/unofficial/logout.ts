/** Taking this linked device off the account (contract clients §4.2), with WhatsApp's answer, which Baileys does not await. */
import type { WASocket } from '@whiskeysockets/baileys';
import type { CloseReason } from '../../../machines/close-reason.ts';

export const LOGGED_OUT = 401;
/** The library's own words; machines/close-reason.ts knows them. */
export const OWN_LOGOUT: CloseReason = { code: LOGGED_OUT, text: 'Intentional Logout' };
const NO_LOGOUT: CloseReason = { text: 'the logout was not answered' };

/**
 * True when WhatsApp took it: it answered within `ms`, or removed the device, and with it the stream, before it answered
 * (`ended`: why the connection ended). The socket begins to end before this resolves.
 */
export async function logOut(sock: WASocket, jid: string, ms: number, ended: Promise<CloseReason>): Promise<boolean> {
  const removal = { tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } };
  const iq = { tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'md' }, content: [removal] };
  const answered = sock.query(iq, ms).then(
    (answer: unknown) => answer !== undefined,
    () => false,
  );
  const taken = await Promise.race([ended.then(({ code }) => code === LOGGED_OUT), answered]);
  const { code, text } = taken ? OWN_LOGOUT : NO_LOGOUT;
  sock.end(Object.assign(new Error(text), { output: { statusCode: code } })).catch(() => undefined);
  return taken;
}
