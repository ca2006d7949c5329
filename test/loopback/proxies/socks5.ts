/**
 * A SOCKS5 proxy with user and password on 127.0.0.1 (RFC 1928, RFC 1929; CONNECT only). It leads nowhere but to
 * 127.0.0.1: other targets are noted and refused.
 *
 * Owns: the greeting, the password check and the tunnel. Does not: UDP, BIND, look-ups beyond this machine's resolver.
 */
import { connect, type Server, type Socket } from 'node:net';
import { createServer } from 'node:net';
import { type Proxy, type ProxyOptions, proxyOf } from './proxy.ts';

const VERSION = 5;
const BY_PASSWORD = 2;
const REFUSED = 0xff;
/** By the rules of this proxy (RFC 1928 §6). */
const NOT_ALLOWED = 2;

export function startSocks5Proxy(options: ProxyOptions): Promise<Proxy> {
  const server: Server = createServer((client) => {
    proxy.then(
      ({ entered }) => entered(client),
      () => client.destroy(),
    );
    serve(client, options, (target) => proxy.then(({ tunnels }) => tunnels.push(target))).catch(() => client.destroy());
  });
  const proxy = proxyOf(server);
  return proxy;
}

async function serve(client: Socket, { username, password }: ProxyOptions, tunnelled: (target: string) => unknown) {
  const read = reader(client);
  const [, methods = 0] = await read(2);
  if (!(await read(methods)).includes(BY_PASSWORD)) return client.end(Buffer.of(VERSION, REFUSED));
  client.write(Buffer.of(VERSION, BY_PASSWORD));
  await read(1);
  const given = [await text(read), await text(read)];
  if (given[0] !== username || given[1] !== password) return client.end(Buffer.of(1, 1));
  client.write(Buffer.of(1, 0));
  const [, , , kind] = await read(4);
  const host = kind === 3 ? await text(read) : [...(await read(kind === 1 ? 4 : 16))].join('.');
  const port = (await read(2)).readUInt16BE();
  tunnelled(`${host}:${port}`);
  if (host !== '127.0.0.1') return client.end(Buffer.of(VERSION, NOT_ALLOWED, 0, 1, 0, 0, 0, 0, 0, 0));
  const target = connect(port, host);
  target.on('connect', () => {
    client.write(Buffer.of(VERSION, 0, 0, 1, 0, 0, 0, 0, 0, 0));
    read.rest();
    client.pipe(target).pipe(client);
  });
  target.on('error', () => client.destroy());
  client.on('close', () => target.destroy());
  return client;
}

const text = async (read: (length: number) => Promise<Buffer>): Promise<string> =>
  (await read((await read(1))[0] ?? 0)).toString('utf8');

/** Reads exactly so many bytes; `rest` hands the stream over to whoever pipes it. */
function reader(client: Socket) {
  let buffered = Buffer.alloc(0);
  let wanted: { length: number; resolve: (bytes: Buffer) => void } | undefined;
  const serveWanted = () => {
    if (!wanted || buffered.length < wanted.length) return;
    const { length, resolve } = wanted;
    wanted = undefined;
    const bytes = buffered.subarray(0, length);
    buffered = buffered.subarray(length);
    resolve(bytes);
  };
  const onData = (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    serveWanted();
  };
  client.on('data', onData);
  client.on('error', () => client.destroy());
  const read = (length: number): Promise<Buffer> =>
    new Promise((resolve) => {
      wanted = { length, resolve };
      serveWanted();
    });
  return Object.assign(read, {
    rest: () => {
      client.off('data', onData);
      if (buffered.length > 0) client.unshift(buffered);
    },
  });
}
