/**
 * The loopback WhatsApp service: a WebSocket server on 127.0.0.1 that unmodified Baileys pairs with and chats through.
 *
 * Owns: the listening socket, and handing each client's stanzas to the module that knows them.
 * Invariants:
 *   Z1 it listens on 127.0.0.1 only;
 *   Z2 unknown stanzas are ignored, unknown queries are answered and recorded (`iq-router.ts`).
 * Does not: serve the control API (`control.ts`), keep state over a restart (`state.ts`).
 */
import './quiet-signal.ts';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { proto } from '@whiskeysockets/baileys';
import { WebSocketServer } from 'ws';
import { companionKeys } from './adv-identity.ts';
import { makeServerIdentity } from './certificate.ts';
import { Connection } from './connection.ts';
import type { ConnectionHandler } from './connection.ts';
import { IqRouter } from './iq-router.ts';
import { logIn } from './login.ts';
import type { BinaryNode } from './nodes.ts';
import { Operations } from './operations.ts';
import { messageFromClient } from './outbound.ts';
import { CodePairing } from './pairing-code.ts';
import { QrPairing } from './pairing-qr.ts';
import { Pairing } from './pairing.ts';
import { ackFromClient, receiptFromClient } from './receipts.ts';
import { makeService } from './service.ts';
import type { Client, Service } from './service.ts';
import { StateFile } from './state.ts';

export interface WhatsAppOptions {
  /** Port of the WebSocket server; 0 or absent: any free one (with `stateFile`: the one used before). */
  readonly port?: number;
  /** Never decrypt what clients send. */
  readonly light?: boolean;
  /** What clients hear about their prekey count: 30 avoids the upload of 812 keys. Absent: the true count. */
  readonly preKeys?: number;
  /** Keeps accounts, ratchets and queues in this file over a restart. */
  readonly stateFile?: string;
}

export interface WhatsApp extends Operations {
  /** ws:// url for the client. */
  readonly url: string;
  /** Hex of the root under which the server's certificate chain is valid. */
  readonly trustRoot: string;
  /** `127.0.0.1:port` of the media host. */
  readonly mediaHost: string;
  /** File with its certificate. */
  readonly mediaCertificate: string;
  close(): Promise<void>;
}

export async function startWhatsApp(options: WhatsAppOptions = {}): Promise<WhatsApp> {
  const state = options.stateFile === undefined ? undefined : await StateFile.open(options.stateFile);
  const seed = state?.saved?.seed ?? randomBytes(32);
  const service = await makeService(seed, { light: options.light ?? false, preKeys: options.preKeys });
  state?.restore(service.people);
  const identity = makeServerIdentity(seed);
  const pairing = new Pairing(service);
  const qr = new QrPairing(pairing);
  const codes = new CodePairing(pairing);
  const handler = new Dispatcher(service, pairing, qr, codes);

  const http = createServer((_request, response) => {
    response.writeHead(426).end();
  });
  const connections = new Set<Connection>();
  http.on('connection', (socket) => {
    if (service.faults.refusing) socket.destroy();
  });
  const webSockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  webSockets.on('connection', (socket, request) => {
    request.socket.setNoDelay(true);
    const connection = new Connection(socket, request.socket, identity, handler);
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
  });
  await new Promise<void>((listening) => http.listen(options.port ?? state?.saved?.port ?? 0, '127.0.0.1', listening));
  const { port } = http.address() as AddressInfo;
  state?.keep(service.people, seed, port);

  return Object.assign(new Operations(service, qr, codes), {
    url: `ws://127.0.0.1:${port}/ws/chat`,
    trustRoot: identity.trustRoot,
    mediaHost: service.media.hostname,
    mediaCertificate: service.media.certificateFile,
    async close(): Promise<void> {
      for (const connection of connections) connection.cut();
      webSockets.close();
      http.closeAllConnections();
      await new Promise<void>((closed) => http.close(() => closed()));
      await service.media.close();
      await state?.close();
    },
  });
}

class Dispatcher implements ConnectionHandler {
  readonly #service: Service;
  readonly #pairing: Pairing;
  readonly #qr: QrPairing;
  readonly #codes: CodePairing;
  readonly #iqs: IqRouter;
  readonly #clients = new Map<Connection, Client>();

  constructor(service: Service, pairing: Pairing, qr: QrPairing, codes: CodePairing) {
    this.#service = service;
    this.#pairing = pairing;
    this.#qr = qr;
    this.#codes = codes;
    this.#iqs = new IqRouter(service, codes);
  }

  greeted(connection: Connection, payload: proto.ClientPayload): void {
    const keys = companionKeys(connection.clientStatic, payload);
    if (keys !== undefined) {
      this.#clients.set(connection, { kind: 'registering', connection, keys });
      this.#qr.offer(connection, keys);
      return;
    }
    const person = logIn(this.#service, connection, payload);
    if (person !== undefined) this.#clients.set(connection, { kind: 'member', connection, person });
  }

  received(connection: Connection, stanza: BinaryNode): void {
    const client = this.#clients.get(connection);
    if (client === undefined) return;
    if (stanza.tag === 'iq') {
      const type = stanza.attrs['type'];
      if (type === 'result' || type === 'error') this.#pairing.answered(connection, stanza);
      else this.#iqs.handle(client, stanza);
      return;
    }
    if (client.kind !== 'member') return;
    switch (stanza.tag) {
      case 'message':
        messageFromClient(this.#service, connection, client.person, stanza);
        return;
      case 'receipt':
        receiptFromClient(this.#service, client.person, stanza);
        return;
      case 'ack':
        ackFromClient(client.person, stanza);
        return;
      default:
      // presence, chatstate and ib need no answer.
    }
  }

  closed(connection: Connection): void {
    const client = this.#clients.get(connection);
    this.#clients.delete(connection);
    this.#qr.withdraw(connection);
    this.#codes.withdraw(connection);
    this.#pairing.withdraw(connection);
    if (client?.kind !== 'member') return;
    client.person.queue.goOffline(connection);
    this.#service.numbers.closed(client.person.phone, connection);
  }
}
