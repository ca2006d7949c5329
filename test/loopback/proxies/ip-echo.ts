/** A service that answers with the address it was asked from, like those on the internet. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type IpEcho = {
  readonly url: string;
  /** Every path that was asked for, in order. */
  readonly asked: string[];
  close(): Promise<void>;
};

export async function startIpEcho(): Promise<IpEcho> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(JSON.stringify({ ip: request.socket.remoteAddress }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
