/**
 * The yardstick: what somebody writes in an afternoon on plain Baileys. One HTTP send, one POST per inbound message, keys
 * in memory or in Baileys' own multi-file auth state. No outbox, no journal, no ledger, no supervision.
 *
 *   KEYS=memory|multi-file AUTH_DIR=… PORT=… WHATSAPP_SOCKET_URL=… APP_DOMAIN_NAME=… NODE_WEBHOOK_TOKEN=… tsx plain.ts
 *
 * Every `session_<digits>` folder of AUTH_DIR is connected at once. `GET /` answers {online}.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import {
  type AuthenticationState,
  DisconnectReason,
  makeWASocket,
  type SignalDataSet,
  type SignalDataTypeMap,
  useMultiFileAuthState,
  type WASocket,
} from '@whiskeysockets/baileys';
import { Hono } from 'hono';
import pino from 'pino';

const {
  KEYS = 'memory',
  AUTH_DIR = 'auth',
  PORT = '3000',
  APP_DOMAIN_NAME = '',
  NODE_WEBHOOK_TOKEN = '',
} = process.env;
const waWebSocketUrl = process.env['WHATSAPP_SOCKET_URL'] ?? '';
const logger = pino({ level: 'silent' });
const sockets = new Map<string, WASocket>();
const online = new Set<string>();
// libsignal prints session objects; the baseline's output is not what is measured.
console.info = console.warn = console.log = () => undefined;

async function connect(digits: string): Promise<void> {
  const { state, saveCreds } = await useMultiFileAuthState(join(AUTH_DIR, `session_${digits}`));
  if (KEYS === 'memory') state.keys = await inMemory(state, join(AUTH_DIR, `session_${digits}`));
  open(digits, state, KEYS === 'memory' ? async () => undefined : saveCreds);
}

function open(digits: string, auth: AuthenticationState, saveCreds: () => Promise<void>): void {
  const sock = makeWASocket({ auth, waWebSocketUrl, logger, emitOwnEvents: false, markOnlineOnConnect: false });
  sockets.set(digits, sock);
  sock.ev.on('creds.update', () => void saveCreds());
  sock.ev.on('connection.update', ({ connection, lastDisconnect }) => {
    if (connection === 'open') online.add(digits);
    if (connection !== 'close') return;
    online.delete(digits);
    const code = (lastDisconnect?.error as { output?: { statusCode?: number } } | undefined)?.output?.statusCode;
    if (code !== DisconnectReason.loggedOut) setTimeout(() => open(digits, auth, saveCreds), 1000);
  });
  sock.ev.on('messages.upsert', ({ messages }) => {
    for (const { key, message, messageTimestamp, pushName } of messages) {
      const body = message?.conversation ?? message?.extendedTextMessage?.text;
      if (key.fromMe || !body) continue;
      const jids = [key.remoteJid, key.remoteJidAlt].filter((jid) => typeof jid === 'string');
      const pn = jids.find((jid) => jid.endsWith('@s.whatsapp.net')) ?? '';
      const lid = jids.find((jid) => jid.endsWith('@lid')) ?? '';
      void fetch(`${APP_DOMAIN_NAME}/api/inbound-message`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', 'x-node-token': NODE_WEBHOOK_TOKEN },
        body: JSON.stringify({
          device_phone: digits,
          sender_phone: (pn || lid).split('@')[0],
          sender_name: pushName ?? '',
          body,
          wa_message_id: key.id,
          is_lid: pn === '',
          raw_jid: pn || lid,
          lid_jid: lid,
          direction: 'in',
          timestamp: Number(messageTimestamp),
        }),
      }).catch(() => undefined);
    }
  });
}

/** Everything of the folder in a map, as the in-memory stores of examples do. */
async function inMemory(state: AuthenticationState, folder: string): Promise<AuthenticationState['keys']> {
  const data = new Map<string, unknown>();
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    const match = /^(pre-key|session)-(.+)\.json$/.exec(file);
    if (!match) continue;
    const [, type, id] = match as unknown as [string, keyof SignalDataTypeMap, string];
    data.set(`${type} ${id}`, (await state.keys.get(type, [id]))[id]);
  }
  return {
    get: async <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) =>
      Object.fromEntries(ids.flatMap((id) => (data.has(`${type} ${id}`) ? [[id, data.get(`${type} ${id}`)]] : []))) as {
        [id: string]: SignalDataTypeMap[T];
      },
    set: async (set: SignalDataSet) => {
      for (const [type, entries] of Object.entries(set)) {
        for (const [id, value] of Object.entries(entries ?? {})) {
          if (value === null) data.delete(`${type} ${id}`);
          else data.set(`${type} ${id}`, value);
        }
      }
    },
  };
}

const app = new Hono();
app.get('/', (c) => c.json({ status: 200, online: online.size }));
app.post('/api/send-message/:phone', async (c) => {
  const { targetPhoneNumber, message } = await c.req.json<{ targetPhoneNumber: string; message: string }>();
  const sent = await sockets
    .get(c.req.param('phone'))
    ?.sendMessage(`${targetPhoneNumber}@s.whatsapp.net`, { text: message });
  return sent ? c.json({ id: sent.key.id }) : c.json({ error: 'not connected' }, 503);
});
serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' });
const folders = existsSync(AUTH_DIR) ? readdirSync(AUTH_DIR) : [];
for (const folder of folders) if (folder.startsWith('session_')) void connect(folder.slice('session_'.length));
