/**
 * Which variables there are, what each may be and its default (contract README §7), and which of them go together.
 *
 *  CF3  The WhatsApp endpoint and its trust root can be replaced only by a peer on this machine (design/loopback.md):
 *       TLS is all that authenticates WhatsApp's server (facts/baileys.md §10).
 *  CF4  Tokens and keys are sent in the clear to nobody but a peer on this machine.
 *
 * Deliberately not here: where values come from (config.ts) and what the bridge makes of them (shape.ts).
 */
import { z } from 'zod';
import {
  choice,
  flag,
  folders,
  hosts,
  iceServers,
  integer,
  isBase64Key,
  isLoopback,
  parseUrl,
  text,
  url,
} from './formats.ts';

const WHATSAPP_SOCKET_URL = 'wss://web.whatsapp.com/ws/chat';
const WHATSAPP_MEDIA_HOST = 'mmg.whatsapp.net';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const variables = {
  PORT: integer(0, 65_535).default(3000),
  DOMAIN_NAME: text
    .transform((value) => (value.includes('://') ? value : `https://${value}`))
    .pipe(url('http:', 'https:'))
    .optional(),
  APP_DOMAIN_NAME: url('http:', 'https:').optional(),
  APP_URL: url('http:', 'https:').optional(),
  NODE_WEBHOOK_TOKEN: text.default(''),
  NODE_API_AUTH: choice(['token', 'loopback', 'off']).optional(),
  ALLOWED_ORIGINS: text.default(''),
  AUTH_DIR: text.default('auth'),
  LEGACY_AUTH_DIR: text.default('baileys_auth'),
  DATA_DIR: text.default('data'),
  TERMINATE_UNLINKS: flag.default(false),
  FORWARD_GROUPS: flag.default(false),
  MEDIA_MAX_MB: integer(1, 2_000).default(64),
  MEDIA_READ_BASES: folders.default([]),
  EGRESS_ALLOW_HOSTS: hosts.default([]),
  STALE_AFTER_SECONDS: integer(1, 31_536_000).default(600),
  SCHEDULE_GRACE_MINUTES: integer(0, 10_080).default(60),
  FLOW_WAIT_TTL_HOURS: integer(1, 87_600).default(720),
  FLOW_TEXT_PROMPT: text.default('Please answer.'),
  FLOW_TEXT_MENU: text.default('Please choose:'),
  FLOW_TEXT_UNCLEAR: text.default('Please choose one of the options above.'),
  FLOW_TEXT_MORE: text.default('More'),
  FLOW_TEXT_BACK: text.default('Back'),
  FLOW_TEXT_APOLOGY: text.default('Sorry, something went wrong. Please try again later.'),
  DAILY_CAP: integer(1, 1_000_000).default(4_000),
  SEND_ANSWER_DEADLINE_MS: integer(1000, 19_500).default(18_000),
  AUTH_ENCRYPTION_KEY: text.min(16, 'expected at least 16 characters').optional(),
  CALLBACK_SIGNING_SECRET: text
    .min(16, 'expected at least 16 characters')
    .refine((secret) => !secret.startsWith('whsec_') || isBase64Key(secret.slice(6)), 'expected base64 after whsec_')
    .optional(),
  OUTBOX_MAX_ROWS: integer(10, 100_000_000).default(300_000),
  OUTBOX_MAX_BYTES: integer(1_048_576, 9_999_999_999).default(2_147_483_648),
  LOG_FILE: text.default('node.log'),
  LOG_LEVEL: choice(LEVELS).default('info'),
  BAILEYS_LOG_LEVEL: choice(LEVELS).default('warn'),
  RESTORE_CONCURRENCY: integer(1, 100).default(5),
  INSPECT: flag.default(false),
  WHATSAPP_SOCKET_URL: url('ws:', 'wss:').default(WHATSAPP_SOCKET_URL),
  WHATSAPP_TRUST_ROOT: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'expected 64 hex digits')
    .optional(),
  WHATSAPP_MEDIA_HOST: text.default(WHATSAPP_MEDIA_HOST),
  WHATSAPP_VERSION: z
    .string()
    .regex(/^\d{1,6}\s*,\s*\d{1,6}\s*,\s*\d{1,12}$/, 'expected three numbers: 2,3000,1015901307')
    .transform((value) => value.split(',').map(Number) as [number, number, number])
    .optional(),
  WHATSAPP_VERSION_URL: url('http:', 'https:').optional(),
  META_GRAPH_URL: url('http:', 'https:').default('https://graph.facebook.com'),
  TWILIO_API_URL: url('http:', 'https:').default('https://api.twilio.com'),
  FACEBOOK_API_VERSION: z
    .string()
    .regex(/^v\d{1,3}\.\d{1,2}$/, 'expected a version such as v23.0')
    .default('v23.0'),
  CLOUD_MESSAGES_PER_SECOND: integer(1, 1000).default(60),
  TWILIO_MESSAGES_PER_SECOND: integer(1, 1000).default(10),
  VOICE_DEEPGRAM_URL: url('http:', 'https:').default('https://api.deepgram.com'),
  VOICE_OPENAI_URL: url('http:', 'https:').default('https://api.openai.com'),
  VOICE_ELEVENLABS_URL: url('http:', 'https:').default('https://api.elevenlabs.io'),
  PROXY_PROBE_URL: url('http:', 'https:').default('https://api.ipify.org'),
  VOICE_PIPELINE: choice(['cascade', 'realtime', 'auto']).default('cascade'),
  VOICE_REALTIME_URL: url('http:', 'https:').default('https://api.openai.com/v1/realtime/calls'),
  VOICE_REALTIME_MODEL: text.default('gpt-realtime'),
  VOICE_REALTIME_VOICE: text.default('marin'),
  VOICE_MAX_CALLS: integer(0, 200).default(30),
  VOICE_MAX_CALL_MINUTES: integer(0, 1_440).default(60),
  VOICE_BARGE_IN: flag.default(true),
  CALL_RECORDINGS_DIR: text.optional(),
  CALL_RECORDINGS_MODE: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'expected an octal file mode: 0640')
    .transform((value) => Number.parseInt(value, 8))
    .refine((mode) => (mode & 0o600) === 0o600, 'the bridge itself must be able to read and write')
    .default(0o640),
  WABA_CALL_TURN_URL: iceServers('turn').default([]),
  WABA_CALL_TURN_USER: text.default(''),
  WABA_CALL_TURN_PASS: text.default(''),
  WABA_CALL_STUN_URLS: iceServers('stun').default([]),
  WABA_CALL_PORT_RANGE: z
    .string()
    .regex(/^\d{1,5}-\d{1,5}$/, 'expected two ports: 40000-40200')
    .transform((value) => value.split('-').map(Number) as [number, number])
    .refine(([min, max]) => min >= 1024 && min < max && max <= 65_535, 'expected two ports, from 1024 to 65535')
    .optional(),
  WABA_CALL_PUBLIC_ADDRESS: z.ipv4('expected an IPv4 address').optional(),
};

/** CF4 */
const SECRET_URLS = [
  'META_GRAPH_URL',
  'TWILIO_API_URL',
  'VOICE_REALTIME_URL',
  'VOICE_DEEPGRAM_URL',
  'VOICE_OPENAI_URL',
  'VOICE_ELEVENLABS_URL',
] as const;

export const schema = z.object(variables).superRefine((env, context) => {
  const refuse = (variable: Variable, message: string) =>
    context.addIssue({ code: 'custom', path: [variable], message });
  for (const variable of SECRET_URLS) {
    const provider = parseUrl(env[variable]);
    if (provider?.protocol === 'http:' && !isLoopback(provider.hostname))
      refuse(variable, 'plain http is only allowed to a loopback address: tokens are sent there');
  }
  const peerIsLocal = isLoopback(parseUrl(env.WHATSAPP_SOCKET_URL)?.hostname ?? '');
  if (env.WHATSAPP_SOCKET_URL !== WHATSAPP_SOCKET_URL && !peerIsLocal) {
    refuse('WHATSAPP_SOCKET_URL', 'only a loopback address may replace the default');
  }
  if (env.WHATSAPP_TRUST_ROOT !== undefined && !peerIsLocal) {
    refuse('WHATSAPP_TRUST_ROOT', 'only allowed together with a WHATSAPP_SOCKET_URL on a loopback address');
  }
  const mediaHost = parseUrl(`https://${env.WHATSAPP_MEDIA_HOST}`);
  const mediaIsLocal = isLoopback(mediaHost?.hostname ?? '') && mediaHost?.host === env.WHATSAPP_MEDIA_HOST;
  if (env.WHATSAPP_MEDIA_HOST !== WHATSAPP_MEDIA_HOST && !(peerIsLocal && mediaIsLocal)) {
    refuse('WHATSAPP_MEDIA_HOST', 'only a loopback address may replace the default, together with WHATSAPP_SOCKET_URL');
  }
});

export type Variable = keyof typeof variables;
export const VARIABLES = Object.keys(variables) as readonly Variable[];

export type Values = z.infer<typeof schema>;
