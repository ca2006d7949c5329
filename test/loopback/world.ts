/**
 * The loopback world: every peer of the bridge, and one control server for all of them.
 *
 * Owns: starting and stopping the peers together, and the environment that points a bridge at them.
 * Does not: implement any peer (`whatsapp/`, `app/`), parse the command line (`main.ts`).
 * Source: design/loopback.md.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { z } from 'zod';
import { startAppPeer } from './app/app-peer.ts';
import type { AppPeer, AppPeerOptions } from './app/app-peer.types.ts';
import { type GraphPeer, startGraphPeer } from './graph/graph-peer.ts';
import { startTwilioPeer, type TwilioPeer } from './twilio/twilio-peer.ts';
import { whatsAppRoutes } from './whatsapp/control.ts';
import { startWhatsApp } from './whatsapp/server.ts';
import type { WhatsApp, WhatsAppOptions } from './whatsapp/server.ts';

export interface WorldOptions {
  /** Port of the control server; 0 or absent: any free one. */
  readonly port?: number;
  /** Folder that keeps the world over its own restart, ports and token included. */
  readonly stateDir?: string;
  readonly light?: WhatsAppOptions['light'];
  readonly preKeys?: WhatsAppOptions['preKeys'];
  readonly record?: AppPeerOptions['record'];
}

export interface World {
  /** Base url of the control API. */
  readonly control: string;
  /** All that a bridge needs to be started against this world. */
  readonly env: Readonly<Record<string, string>>;
  readonly whatsApp: WhatsApp;
  readonly app: AppPeer;
  readonly graph: GraphPeer;
  readonly twilio: TwilioPeer;
  /** The control API for whoever is in this process. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  close(): Promise<void>;
}

const Kept = z.object({ control: z.int(), app: z.int(), graph: z.int(), twilio: z.int(), token: z.string() });
type Kept = z.infer<typeof Kept>;

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { stateDir } = options;
  const kept = stateDir === undefined ? undefined : await readKept(stateDir);
  const whatsApp = await startWhatsApp({
    ...(options.light === undefined ? {} : { light: options.light }),
    ...(options.preKeys === undefined ? {} : { preKeys: options.preKeys }),
    ...(stateDir === undefined ? {} : { stateFile: join(stateDir, 'whatsapp.json') }),
  });
  const token = kept?.token ?? randomBytes(32).toString('hex');
  const signingSecret = `whsec_${Buffer.from(token, 'hex').toString('base64')}`;
  const app = await startAppPeer({
    token,
    signingSecret,
    ...(kept === undefined ? {} : { port: kept.app }),
    ...(options.record === undefined ? {} : { record: options.record }),
  });

  const graph = await startGraphPeer(kept === undefined ? {} : { port: kept.graph });
  const twilio = await startTwilioPeer(kept === undefined ? {} : { port: kept.twilio });

  const routes = new Hono();
  for (const peer of [whatsAppRoutes(whatsApp), app.routes, graph.routes, twilio.routes]) routes.route('/', peer);
  // For whoever uses one world for one story after the other. WhatsApp alone keeps what it has: phones and their devices.
  routes.post('/forget', async (context) => {
    whatsApp.applyFaults({ clear: true });
    for (const peer of [app, graph, twilio]) await peer.forget();
    return context.json({ ok: true });
  });
  const server = createAdaptorServer({ fetch: routes.fetch });
  // Clients of long runs keep connections: the default of 5 s would reset idle ones.
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = 600_000;
  await new Promise<void>((listening) =>
    server.listen(options.port ?? kept?.control ?? 0, '127.0.0.1', () => listening()),
  );
  const { port } = server.address() as AddressInfo;
  if (stateDir !== undefined)
    await writeKept(stateDir, {
      control: port,
      app: portOf(app.url),
      graph: portOf(graph.url),
      twilio: portOf(twilio.url),
      token: app.token,
    });

  return {
    control: `http://127.0.0.1:${port}`,
    env: {
      WHATSAPP_SOCKET_URL: whatsApp.url,
      WHATSAPP_TRUST_ROOT: whatsApp.trustRoot,
      WHATSAPP_MEDIA_HOST: whatsApp.mediaHost,
      NODE_EXTRA_CA_CERTS: whatsApp.mediaCertificate,
      APP_DOMAIN_NAME: app.url,
      NODE_WEBHOOK_TOKEN: app.token,
      CALLBACK_SIGNING_SECRET: signingSecret,
      META_GRAPH_URL: graph.url,
      TWILIO_API_URL: twilio.url,
    },
    whatsApp,
    app,
    graph,
    twilio,
    fetch: (request) => routes.fetch(request),
    async close(): Promise<void> {
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
      await twilio.close();
      await graph.close();
      await app.close();
      await whatsApp.close();
    },
  };
}

const portOf = (url: string): number => Number(new URL(url).port);

async function readKept(stateDir: string): Promise<Kept | undefined> {
  const text = await readFile(join(stateDir, 'world.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : Kept.parse(JSON.parse(text));
}

async function writeKept(stateDir: string, kept: Kept): Promise<void> {
  await mkdir(stateDir, { recursive: true });
  await writeFile(join(stateDir, 'world.json'), JSON.stringify(kept), { mode: 0o600 });
}
