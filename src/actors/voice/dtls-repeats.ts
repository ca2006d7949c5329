/**
 * A DTLS handshake that survives a repeated answer.
 *
 *  DR1  A client that has repeated its first message, because the answer took more than half a second, gets two answers
 *       (HelloVerifyRequest). The library (0.24.4) takes the second for a failure and ends the connection; it is left out.
 *
 * Deliberately not here: everything else of the handshake, which the library does.
 */
import type { RTCDtlsTransport } from 'werift';

const HELLO_VERIFY_REQUEST = 3;

/** To be called when the transport begins to connect: its socket is made right after that, and speaks 100 ms later. */
export function tolerateRepeats(transport: RTCDtlsTransport): void {
  queueMicrotask(() => {
    const { dtls } = transport;
    if (!dtls) return;
    const handle = dtls.onHandleHandshakes;
    let hasVerified = false;
    dtls.onHandleHandshakes = async (handshakes) => {
      const fresh = handshakes.filter(({ msg_type: type }) => type !== HELLO_VERIFY_REQUEST || !hasVerified);
      hasVerified ||= fresh.some(({ msg_type: type }) => type === HELLO_VERIFY_REQUEST);
      if (fresh.length > 0) await handle(fresh);
    };
  });
}
