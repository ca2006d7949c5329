/**
 * The ways out through one number's proxy: an agent for Node's clients (the WebSocket, uploads, inbound media), a dispatcher
 * for fetch (the library's own downloads). The only place that knows proxy packages.
 *
 *  PX1  Host names are resolved by the proxy, never here: the look-up itself would tell where the number goes.
 *  PX2  Nothing here falls back to a direct connection: a proxy that fails is an error of the request.
 *
 * Deliberately not here: which proxy a number has, and whether it works (actors/engines/unofficial/proxy.ts).
 */
import type { Agent } from 'node:https';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { SocksProxyAgent } from 'socks-proxy-agent';
import { ProxyAgent, Socks5ProxyAgent } from 'undici';

/** Secret as a whole: it is somebody's account. Empty credentials: none are sent. */
export type ProxyAddress = {
  readonly type: 'http' | 'socks5';
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
};

/** What Node's own fetch takes. */
type Dispatcher = NonNullable<RequestInit['dispatcher']>;

export type WayOut = {
  readonly agent: Agent;
  readonly dispatcher: Dispatcher;
  /** Ends what is idle; requests under way end by themselves. */
  close(): void;
};

export function throughProxy(address: ProxyAddress): WayOut {
  const agent =
    address.type === 'http'
      ? new HttpsProxyAgent(urlOf('http', address))
      : new SocksProxyAgent(urlOf('socks5h', address));
  const dispatcher =
    address.type === 'http'
      ? new ProxyAgent({ uri: urlOf('http', address), proxyTunnel: true })
      : new Socks5ProxyAgent(urlOf('socks5', address));
  return {
    // Both serve what they are cast to; the declarations of the packages only do not know one another.
    agent: agent as unknown as Agent,
    dispatcher: dispatcher as unknown as Dispatcher,
    close: () => {
      agent.destroy();
      // It rejects only when it was closed before.
      dispatcher.close().catch(() => undefined);
    },
  };
}

function urlOf(protocol: string, { host, port, username, password }: ProxyAddress): string {
  const credentials =
    username === '' && password === '' ? '' : `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
  const name = host.includes(':') ? `[${host}]` : host;
  return `${protocol}://${credentials}${name}:${port}`;
}
