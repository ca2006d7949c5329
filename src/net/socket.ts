/**
 * One WebSocket with headers of its own, to a vendor that the operator configured.
 *
 *  SK1  `closed` is told exactly once, also when it never opened; after our own `close` nothing is told at all.
 *  SK2  It never outlives its `close`: a peer that does not answer the closing handshake loses the connection.
 *  SK3  What a stalled peer does not take is bounded: beyond that the socket counts as lost.
 *  SK4  Reasons are codes: the address and the headers, which carry keys, are in none of them.
 *  SK5  Opening never throws: what no header can carry, or an address that is none, is a lost socket like others.
 *
 * Deliberately not here: trying again, keeping alive, the meaning of messages (their owners).
 */
import type { Socket as TcpSocket } from 'node:net';
import { Agent, buildConnector, WebSocket } from 'undici';
import type { Clock } from '../clock.ts';
import { errorCode } from '../net.ts';

const OPEN_WITHIN_MS = 8_000;
/** The closing handshake of a healthy peer takes one round trip. */
const GONE_AFTER_MS = 1_000;
/** Ten seconds of PCM; what is said again after a loss is half of it. */
const LARGEST_BACKLOG = 1_048_576;
const LARGEST_MESSAGE = 4 * 1_048_576;

export type Socket = {
  /** Nothing happens before `opened` and after `closed`. */
  readonly send: (data: string | Uint8Array<ArrayBuffer>) => void;
  /** At once for us; resolves when the connection is gone, within a second (SK2). */
  readonly close: () => Promise<void>;
};

export type SocketEvents = {
  readonly opened: () => void;
  readonly said: (text: string) => void;
  readonly closed: (why: string) => void;
};

export type OpenSocket = (
  address: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  events: SocketEvents,
) => Socket;

export const socketOpener =
  (clock: Clock): OpenSocket =>
  ({ url, headers }, events) => {
    const connect = buildConnector({ timeout: OPEN_WITHIN_MS });
    let wire: TcpSocket | undefined;
    let failure = '';
    const dispatcher = new Agent({
      webSocket: { maxPayloadSize: LARGEST_MESSAGE },
      connect: (options, done) =>
        connect(options, (error, connected) => {
          if (error) failure = errorCode(error);
          wire = connected ?? undefined;
          if (error) done(error, null);
          else if (over) wire?.destroy();
          else done(null, connected);
        }),
    });
    const socket = connecting(url, { headers: { ...headers }, dispatcher });
    if (typeof socket === 'string') return neverOpened(clock, () => events.closed(socket));
    let over = false;
    const gone = new Promise<void>((resolve) => {
      socket.addEventListener('close', () => resolve(), { once: true });
    });

    const leave = () => {
      over = true;
      clock.clearTimeout(late);
      socket.close();
      const destroy = clock.setTimeout(() => wire?.destroy(), GONE_AFTER_MS);
      void gone.then(() => {
        clock.clearTimeout(destroy);
        wire?.destroy();
      });
      // It has one connection, which the socket has taken over.
      dispatcher.destroy().catch(() => undefined);
    };
    const lose = (why: string) => {
      if (over) return;
      leave();
      events.closed(why);
    };
    const late = clock.setTimeout(() => lose('timeout'), OPEN_WITHIN_MS);

    socket.addEventListener('open', () => {
      clock.clearTimeout(late);
      if (!over) events.opened();
    });
    socket.addEventListener('message', ({ data }) => {
      if (!over && typeof data === 'string') events.said(data);
    });
    // A close follows, with a code of its own.
    socket.addEventListener('error', () => undefined);
    socket.addEventListener('close', ({ code }) => lose(failure || `closed ${code}`));

    return {
      send: (data) => {
        if (over || socket.readyState !== WebSocket.OPEN) return;
        if (socket.bufferedAmount > LARGEST_BACKLOG) return lose('stalled');
        socket.send(data);
      },
      close: () => {
        if (!over) leave();
        return gone;
      },
    };
  };

/** SK5. The socket, or why there is none. */
function connecting(url: string, init: { headers: Record<string, string>; dispatcher: Agent }): WebSocket | string {
  try {
    return new WebSocket(url, init);
  } catch (thrown) {
    return errorCode(thrown);
  }
}

function neverOpened(clock: Clock, lost: () => void): Socket {
  const timer = clock.setTimeout(lost, 0);
  return {
    send: () => undefined,
    close: () => {
      clock.clearTimeout(timer);
      return Promise.resolve();
    },
  };
}
