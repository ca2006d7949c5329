/** What both proxies are: a listening server that counts its tunnels and can go away. Listens on 127.0.0.1 only. */
import type { AddressInfo, Server, Socket } from 'node:net';

export type ProxyOptions = { readonly username: string; readonly password: string };

export type Proxy = {
  readonly port: number;
  /** `host:port` of every tunnel that was asked for, in order. */
  readonly tunnels: string[];
  /** Counts a client's connection, so that `close` can cut it. */
  entered(client: Socket): void;
  /** Cuts every tunnel and stops listening. */
  close(): Promise<void>;
};

export async function proxyOf(server: Server): Promise<Proxy> {
  const clients = new Set<Socket>();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: (server.address() as AddressInfo).port,
    tunnels: [],
    entered: (client) => {
      clients.add(client);
      client.on('close', () => clients.delete(client));
    },
    close: async () => {
      for (const client of clients) client.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
