/**
 * The listener: all interfaces, limits of the transport, and an orderly end.
 *
 *  SV1  A request must arrive within its time, headers and body each; a slow or endless one is cut off, never kept.
 *  SV2  Everything that Node answers by itself (broken syntax, huge headers, timeouts) is JSON too (contract README §1).
 *  SV3  `close` takes no new connection, lets running requests finish until its deadline, then cuts what is left.
 *
 * Deliberately not here: routes, and refusing new work while the listener is still open (errors.ts).
 */
import { createServer, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Clock } from '../clock.ts';
import { newCorrelationId } from '../ids.ts';
import type { Log } from '../log.ts';
import { INTERNAL } from './errors.ts';

export type ServerOptions = {
  /** 0 takes a free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  /** For all headers of a request, ms. */
  readonly headersMs?: number;
  /** For a whole request, body included, ms: 50 MB over a slow line. */
  readonly requestMs?: number;
  /** How long an idle connection is kept, ms; longer than the 60 s of common proxies, which otherwise hit closed ones. */
  readonly keepAliveMs?: number;
  readonly maxConnections?: number;
};

export type HttpServer = {
  readonly port: number;
  /** Resolves when every connection is gone, at the latest after `ms`. Idempotent. */
  close(ms: number): Promise<void>;
};

type Fetch = Parameters<typeof getRequestListener>[0];

/** Resolves when the port is open; rejects when it cannot be (in use, not permitted). */
export function listen(app: { readonly fetch: Fetch }, options: ServerOptions): Promise<HttpServer> {
  const { clock, log, headersMs = 15_000, requestMs = 120_000, keepAliveMs = 65_000 } = options;
  const handle = getRequestListener(app.fetch, {
    errorHandler: (error) => {
      if (error instanceof RequestError) return json(400, { error: 'Bad Request', message: error.message });
      const requestId = newCorrelationId();
      log.error({ err: error, requestId }, 'a request failed outside the app');
      return json(500, { error: 'Internal Server Error', message: INTERNAL, requestId });
    },
  });
  const server = createServer(
    {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: Math.min(5_000, headersMs),
    },
    (request, response) => {
      silent.delete(request.socket);
      if (!server.listening) response.setHeader('Connection', 'close');
      response.once('close', () => {
        if (!server.listening) server.closeIdleConnections();
      });
      void handle(request, response);
    },
  );
  // Browsers open connections ahead of need; Node does not count them as idle, and they would hold `close` up.
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.maxConnections = options.maxConnections ?? 2_000;
  server.on('clientError', answerClientError);

  let closing: Promise<void> | undefined;
  const close = (ms: number): Promise<void> => {
    closing ??= new Promise((resolve) => {
      const timer = clock.setTimeout(() => server.closeAllConnections(), ms);
      server.close(() => {
        clock.clearTimeout(timer);
        resolve();
      });
      for (const socket of silent) socket.destroy();
    });
    return closing;
  };

  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, () => {
      server.off('error', reject);
      server.on('error', (error) => log.error({ err: error }, 'the listener failed'));
      resolve({ port: (server.address() as AddressInfo).port, close });
    });
  });
}

const json = (status: number, body: object): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

const CLIENT_ERRORS = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
]);

/** SV2. The socket is unusable for further requests; a half-sent answer cannot be followed by another. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket & { _httpMessage?: ServerResponse }): void {
  if (!socket.writable || error.code === 'ECONNRESET' || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const status = CLIENT_ERRORS.get(error.code ?? '') ?? 400;
  const reason = STATUS_CODES[status] ?? '';
  const body = JSON.stringify({ error: reason, message: 'The request could not be read' });
  const head = `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: application/json\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
