import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../../src/clock.ts';
import { type OpenSocket, type Socket, socketOpener } from '../../../src/net/socket.ts';
import { eventually } from '../../helpers/eventually.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

let server: Server;
let peers: WebSocket[];
let requests: IncomingMessage[];
let wires: Set<TcpSocket>;
let url: string;
/** What the server does with a request for a WebSocket. */
let answer: 'accept' | 'refuse' | 'stall' | 'ignore';
let events: string[];
const open: OpenSocket = socketOpener(systemClock);

beforeEach(async () => {
  [peers, requests, wires, answer, events] = [[], [], new Set(), 'accept', []];
  server = createServer();
  const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('connection', (wire: TcpSocket) => {
    wires.add(wire);
    wire.on('close', () => wires.delete(wire));
    wire.on('error', () => undefined);
  });
  server.on('upgrade', (request, wire, head) => {
    requests.push(request);
    if (answer === 'refuse') wire.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n');
    // Its end is noticed by who reads, and answered by nobody else.
    if (answer === 'stall') wire.resume().on('end', () => wire.end());
    // Opens, and then reads without ever saying anything.
    if (answer === 'ignore') {
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      wire.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
      );
      wire.resume().on('end', () => wire.end());
    }
    if (answer === 'accept') upgrades.handleUpgrade(request, wire, head, (peer) => peers.push(peer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/path?q=1`;
});
afterEach(async () => {
  for (const wire of wires) wire.destroy();
  server.close();
  await once(server, 'close');
});

async function closedPort(): Promise<number> {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  other.close();
  await once(other, 'close');
  return port;
}

const soon = (what: string, probe: () => boolean) => eventually(probe, { what, withinMs: 5_000, everyMs: 5 });
const dial = (opener = open): Socket =>
  opener(
    { url, headers: { authorization: 'Token secret' } },
    {
      opened: () => events.push('opened'),
      said: (text) => events.push(`said ${text}`),
      closed: (why) => events.push(`closed: ${why}`),
    },
  );

describe('a socket to a vendor', () => {
  it('carries its headers, texts and bytes', async () => {
    const socket = dial();
    socket.send('too early');
    await soon('it opens', () => events.includes('opened'));
    const heard: string[] = [];
    peers[0]?.on('message', (data, isBinary) => heard.push(`${isBinary} ${data.toString('latin1')}`));
    socket.send('text');
    socket.send(Uint8Array.of(65, 66));
    await soon('both arrive', () => heard.length === 2);
    expect(heard).toEqual(['false text', 'true AB']);
    peers[0]?.send('hello');
    await soon('it is told', () => events.length === 2);
    expect(events).toEqual(['opened', 'said hello']);
    expect(requests[0]?.headers.authorization).toBe('Token secret');
    expect(requests[0]?.url).toBe('/path?q=1');
    await socket.close();
  });

  it.each([
    ['refused', 'closed: closed 1006'],
    ['nobody there', 'closed: ECONNREFUSED'],
    ['dropped', 'closed: closed 1006'],
    ['closed by the peer', 'closed: closed 1011'],
  ])('SK1 is told once that it is lost: %s; SK4 without address and key', async (how, told) => {
    if (how === 'refused') answer = 'refuse';
    if (how === 'nobody there') url = `ws://127.0.0.1:${await closedPort()}/secret`;
    dial();
    if (how === 'dropped' || how === 'closed by the peer') {
      await soon('it opens', () => events.shift() === 'opened');
      if (how === 'dropped') peers[0]?.terminate();
      else peers[0]?.close(1011);
    }
    await soon('it is told', () => events.length > 0);
    await soon('nothing is left', () => wires.size === 0);
    expect(events).toEqual([told]);
  });

  it.each([
    ['a key with a sign beyond Latin-1', { authorization: 'Token s€cret' }, undefined],
    ['a key with a line break', { authorization: 'Token secret\nx: y' }, undefined],
    ['no address', {}, 'nowhere at all'],
  ])('SK5 what cannot be asked for is lost a moment later, not an error of ours: %s', async (_, headers, address) => {
    const time = new SimulatedTime();
    const told = {
      ...{ opened: () => events.push('opened'), said: () => events.push('said') },
      closed: (why: string) => events.push(`closed: ${why}`),
    };
    const socket = socketOpener(time)({ url: address ?? url, headers }, told);
    socket.send('never');
    expect(events).toEqual([]);
    time.advance(0);
    expect(events).toEqual([expect.stringMatching(/^closed: (TypeError|SyntaxError)$/)]);
    await socket.close();
    const quiet = socketOpener(time)({ url: address ?? url, headers }, told);
    await quiet.close();
    time.advance(10_000);
    expect([events.length, time.pending, requests.length]).toEqual([1, 0, 0]);
  });

  it('SK1 after its own close nothing is told', async () => {
    const socket = dial();
    await soon('it opens', () => events.shift() === 'opened');
    peers[0]?.send('late');
    await socket.close();
    await socket.close();
    socket.send('never');
    await soon('the connection is gone', () => wires.size === 0);
    expect(events).toEqual([]);
  });

  it('SK1 closed before it opened, also while it connects', async () => {
    answer = 'stall';
    const socket = dial();
    await soon('it was asked for', () => requests.length === 1);
    await socket.close();
    await dial().close();
    await soon('the connections are gone', () => wires.size === 0);
    expect(events).toEqual([]);
  });

  it('SK2 a peer that does not answer the closing handshake loses the connection', async () => {
    answer = 'ignore';
    const time = new SimulatedTime();
    const socket = dial(socketOpener(time));
    await soon('it opens', () => events.includes('opened'));
    let gone = false;
    void socket.close().then(() => {
      gone = true;
    });
    time.advance(999);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([wires.size, gone]).toEqual([1, false]);
    time.advance(1);
    await soon('the connection is gone', () => wires.size === 0);
    await soon('it is told', () => gone);
    expect([events, time.pending]).toEqual([['opened'], 0]);
  });

  it('a peer that does not answer the request is lost after 8 s', async () => {
    answer = 'stall';
    const time = new SimulatedTime();
    dial(socketOpener(time));
    await soon('it was asked for', () => requests.length === 1);
    time.advance(7_999);
    expect(events).toEqual([]);
    time.advance(1);
    expect(events).toEqual(['closed: timeout']);
    time.advance(2_000);
    await soon('the connection is gone', () => wires.size === 0);
    expect(time.pending).toBe(0);
  });

  it('SK3 a peer that takes nothing is lost, instead of filling the memory', async () => {
    const socket = dial();
    await soon('it opens', () => events.includes('opened'));
    for (const wire of wires) wire.pause();
    const piece = new Uint8Array(256 * 1024);
    for (let sent = 0; sent < 200 && events.length === 1; sent += 1) {
      socket.send(piece);
      if (sent % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(events).toEqual(['opened', 'closed: stalled']);
  });
});
