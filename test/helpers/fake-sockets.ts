/** WebSockets that do what the test says, for code on simulated time. */
import type { OpenSocket, SocketEvents } from '../../src/net/socket.ts';

export type FakeSocket = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly sent: (string | Uint8Array)[];
  readonly events: SocketEvents;
  isClosed: boolean;
};

export class FakeSockets {
  readonly all: FakeSocket[] = [];

  readonly open: OpenSocket = ({ url, headers }, told) => {
    const unlessClosed =
      <A extends unknown[]>(tell: (...args: A) => void) =>
      (...args: A) => {
        if (!socket.isClosed) tell(...args);
      };
    const events = {
      opened: unlessClosed(told.opened),
      said: unlessClosed(told.said),
      closed: unlessClosed(told.closed),
    };
    const socket: FakeSocket = { url, headers, sent: [], events, isClosed: false };
    this.all.push(socket);
    return {
      send: (data) => {
        if (!socket.isClosed) socket.sent.push(data);
      },
      close: () => {
        socket.isClosed = true;
        return Promise.resolve();
      },
    };
  };

  /** The newest. */
  get last(): FakeSocket {
    const last = this.all.at(-1);
    if (!last) throw new Error('nobody connects');
    return last;
  }
}
