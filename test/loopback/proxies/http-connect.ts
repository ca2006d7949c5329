/**
 * An HTTP proxy on 127.0.0.1 that knows CONNECT with user and password, and nothing else. It leads nowhere but to
 * 127.0.0.1: other targets are noted and refused.
 */
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { type Proxy, type ProxyOptions, proxyOf } from './proxy.ts';

export function startHttpProxy({ username, password }: ProxyOptions): Promise<Proxy> {
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const server = createServer((_, response) => {
    response.writeHead(405).end();
  });
  server.on('connection', (client) => void proxy.then(({ entered }) => entered(client)));
  server.on('connect', (request, client, head) => {
    client.on('error', () => client.destroy());
    if (request.headers['proxy-authorization'] !== expected) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    void proxy.then(({ tunnels }) => tunnels.push(request.url ?? ''));
    const { hostname, port } = new URL(`http://${request.url}`);
    if (hostname !== '127.0.0.1') {
      client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const target = connect(Number(port), hostname);
    target.on('connect', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.write(head);
      client.pipe(target).pipe(client);
    });
    target.on('error', () => client.destroy());
    client.on('close', () => target.destroy());
  });
  const proxy = proxyOf(server);
  return proxy;
}
