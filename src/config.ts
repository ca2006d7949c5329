/**
 * The only reader of the environment (contract README §7): option > real variable > `.env` file > default.
 *
 * Invariants:
 *  CF1  The result is frozen, complete and typed; durations are in milliseconds, folders absolute.
 *  CF2  A problem names the variable and what is expected, never the value: values may be secrets (P11).
 *  CF3  The WhatsApp endpoint and its trust root can be replaced only by a peer on this machine (design/loopback.md):
 *       TLS is all that authenticates WhatsApp's server (facts/baileys.md §10).
 *
 * Deliberately not here: deciding anything from the values, and variables of rooms that are not built yet.
 */

import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';

export const WHATSAPP_SOCKET_URL = 'wss://web.whatsapp.com/ws/chat';
export const WHATSAPP_MEDIA_HOST = 'mmg.whatsapp.net';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const BOOLEANS = new Map(
  Object.entries({ true: true, 1: true, yes: true, on: true, false: false, 0: false, no: false, off: false }),
);

const text = z.string();
const choice = <const T extends readonly string[]>(words: T) =>
  z
    .string()
    .toLowerCase()
    .pipe(z.enum(words, `expected one of ${words.join(', ')}`));
const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `expected a whole number from ${min} to ${max}`);
const flag = z
  .string()
  .toLowerCase()
  .refine((word) => BOOLEANS.has(word), 'expected true or false')
  .transform((word) => BOOLEANS.get(word) === true);
const url = (...protocols: string[]) =>
  z
    .string()
    .refine((value) => protocols.includes(parseUrl(value)?.protocol ?? ''), `expected a URL (${protocols.join(' ')})`)
    .transform((value) => value.replace(/\/+$/, ''));

const listed = (value: string): string[] =>
  value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
/** Anything else the library would leave out without a word, and ask a public server instead. */
const iceServers = (scheme: 'stun' | 'turn') =>
  text
    .transform(listed)
    .refine(
      (urls) => urls.every((url) => ICE_SERVER.exec(url)?.[1] === scheme),
      `expected ${scheme}:host:port, separated by commas`,
    );
const ICE_SERVER = /^(stun|turn)s?:(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?$/;
const folders = text
  .transform(listed)
  .refine((all) => all.every(isAbsolute), 'expected absolute folders, separated by commas');
const hosts = text
  .transform(listed)
  .refine((all) => all.every(isHost), 'expected host names (or host:port), separated by commas');

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

/** Tokens and keys are sent there. */
const SECRET_URLS = [
  'META_GRAPH_URL',
  'TWILIO_API_URL',
  'VOICE_REALTIME_URL',
  'VOICE_DEEPGRAM_URL',
  'VOICE_OPENAI_URL',
  'VOICE_ELEVENLABS_URL',
] as const;

const schema = z.object(variables).superRefine((env, context) => {
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

export type Config = ReturnType<typeof shape>;

export type ConfigSources = {
  /** The real environment; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Set by code that starts the bridge itself; wins over everything. */
  readonly options?: Readonly<Partial<Record<Variable, string>>>;
  /** Where `.env` is looked for and relative folders start; default the working directory. */
  readonly directory?: string;
};

export type ConfigResult =
  /** `unknown` lists variables that look like a misspelt name of ours, for a warning. */
  | { readonly kind: 'ok'; readonly config: Config; readonly unknown: readonly string[] }
  /** One line per problem, ready to print. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** Reads and checks everything at once, so that one start shows every problem. */
export function loadConfig(sources: ConfigSources = {}): ConfigResult {
  const directory = resolve(sources.directory ?? process.cwd());
  const given = { ...readEnvFile(resolve(directory, '.env')), ...(sources.env ?? process.env), ...sources.options };
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && value.trim() !== '') env[name] = value.trim();
  }
  // Installers of the bundled bridge wrote a variable with the vendor's prefix (contract README §7).
  const alias = Object.keys(env).find((name) => name.endsWith('_NODE_LOG'));
  if (alias !== undefined && env['LOG_FILE'] === undefined) env['LOG_FILE'] = env[alias] as string;

  const parsed = schema.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return { kind: 'invalid', problems };
  }
  return { kind: 'ok', config: shape(parsed.data, directory), unknown: Object.keys(env).filter(looksLikeOurs) };
}

function shape(env: z.infer<typeof schema>, directory: string) {
  const origins = env.ALLOWED_ORIGINS.split(',').map((origin) => origin.trim().replace(/\/+$/, ''));
  return Object.freeze({
    /** 0 takes a free port. */
    port: env.PORT,
    /** The bridge's own base URL, no trailing slash. */
    domainUrl: env.DOMAIN_NAME,
    /** The app's base URL, no trailing slash. */
    appUrl: env.APP_DOMAIN_NAME ?? env.APP_URL ?? 'http://localhost:8000',
    /** The secret shared with the app; `''` means none is configured. */
    token: env.NODE_WEBHOOK_TOKEN,
    /** Undefined has a meaning of its own (contract README §2). */
    apiAuth: env.NODE_API_AUTH,
    allowedOrigins: Object.freeze(origins.filter((origin) => origin !== '')),
    authDir: resolve(directory, env.AUTH_DIR),
    legacyAuthDir: resolve(directory, env.LEGACY_AUTH_DIR),
    dataDir: resolve(directory, env.DATA_DIR),
    terminateUnlinks: env.TERMINATE_UNLINKS,
    forwardGroups: env.FORWARD_GROUPS,
    /** Outgoing media (contract messages §11). */
    media: Object.freeze({
      maxBytes: env.MEDIA_MAX_MB * 1_048_576,
      readBases: Object.freeze(env.MEDIA_READ_BASES),
      allowHosts: Object.freeze(env.EGRESS_ALLOW_HOSTS),
    }),
    staleAfterMs: env.STALE_AFTER_SECONDS * 1000,
    /** How late a job may still run after the bridge was not (contract schedules §10). */
    scheduleGraceMs: env.SCHEDULE_GRACE_MINUTES * 60_000,
    /** Linked-device sends of a number in a UTC day, above which jobs wait (contract settings §6). */
    dailyCap: env.DAILY_CAP,
    /** Contract flows §12. */
    flows: Object.freeze({
      waitTtlHours: env.FLOW_WAIT_TTL_HOURS,
      texts: Object.freeze({
        prompt: env.FLOW_TEXT_PROMPT,
        menu: env.FLOW_TEXT_MENU,
        unclear: env.FLOW_TEXT_UNCLEAR,
        more: env.FLOW_TEXT_MORE,
        back: env.FLOW_TEXT_BACK,
        apology: env.FLOW_TEXT_APOLOGY,
      }),
    }),
    sendAnswerDeadlineMs: env.SEND_ANSWER_DEADLINE_MS,
    authEncryptionKey: env.AUTH_ENCRYPTION_KEY,
    /** Standard Webhooks (contract README §3); undefined: callbacks are not signed. */
    callbackSigningSecret: env.CALLBACK_SIGNING_SECRET,
    /** Beyond these the bridge takes nothing more to tell the app (app-client/outbox-bounds.ts). */
    outboxBounds: Object.freeze({ rows: env.OUTBOX_MAX_ROWS, bytes: env.OUTBOX_MAX_BYTES }),
    logFile: resolve(directory, env.LOG_FILE),
    logLevel: env.LOG_LEVEL,
    baileysLogLevel: env.BAILEYS_LOG_LEVEL,
    restoreConcurrency: env.RESTORE_CONCURRENCY,
    inspect: env.INSPECT,
    /** Asked through a number's proxy before it is used; answers with the caller's address. */
    proxyProbeUrl: env.PROXY_PROBE_URL,
    /** WhatsApp Cloud API (contract messages §9). */
    cloud: Object.freeze({
      graphUrl: env.META_GRAPH_URL,
      /** For numbers whose settings name no version. */
      version: env.FACEBOOK_API_VERSION,
      /** Messages of one number, on average. */
      perSecond: env.CLOUD_MESSAGES_PER_SECOND,
    }),
    twilio: Object.freeze({
      apiUrl: env.TWILIO_API_URL,
      /** Messages of one number, on average. */
      perSecond: env.TWILIO_MESSAGES_PER_SECOND,
      /** Built from the variable as it is: the app verifies Twilio's signature over this URL (contract messages §10). */
      statusCallback: env.APP_DOMAIN_NAME === undefined ? undefined : `${env.APP_DOMAIN_NAME}/api/twilio/status`,
    }),
    /** Calls (contract voice §12). */
    voice: Object.freeze({
      pipeline: env.VOICE_PIPELINE,
      realtime: Object.freeze({
        url: env.VOICE_REALTIME_URL,
        model: env.VOICE_REALTIME_MODEL,
        voice: env.VOICE_REALTIME_VOICE,
      }),
      /** The speech vendors: base URLs, no trailing slash; their WebSockets are on the same host. */
      speechUrls: Object.freeze({
        deepgram: env.VOICE_DEEPGRAM_URL,
        openai: env.VOICE_OPENAI_URL,
        elevenlabs: env.VOICE_ELEVENLABS_URL,
      }),
      maxCalls: env.VOICE_MAX_CALLS,
      /** 0: no limit. */
      longestCallMs: env.VOICE_MAX_CALL_MINUTES * 60_000,
      bargeIn: env.VOICE_BARGE_IN,
      recordings: Object.freeze({
        /** The first that exists, or else the last: where the app looks, when the bridge lies in or beside it. */
        folders: Object.freeze(
          env.CALL_RECORDINGS_DIR === undefined
            ? [
                resolve(directory, 'public/uploads/call-recordings'),
                resolve(directory, '../public/uploads/call-recordings'),
                resolve(directory, 'call-recordings'),
              ]
            : [resolve(directory, env.CALL_RECORDINGS_DIR)],
        ),
        mode: env.CALL_RECORDINGS_MODE,
      }),
      ice: Object.freeze({
        stunUrls: Object.freeze(env.WABA_CALL_STUN_URLS),
        ...(env.WABA_CALL_TURN_URL.length > 0 && {
          turn: Object.freeze({
            urls: Object.freeze(env.WABA_CALL_TURN_URL),
            user: env.WABA_CALL_TURN_USER,
            pass: env.WABA_CALL_TURN_PASS,
          }),
        }),
        ...(env.WABA_CALL_PORT_RANGE && { ports: Object.freeze(env.WABA_CALL_PORT_RANGE) }),
        ...(env.WABA_CALL_PUBLIC_ADDRESS !== undefined && { publicAddress: env.WABA_CALL_PUBLIC_ADDRESS }),
        /** Meta's side is a peer on this machine: calls go over loopback. */
        local: isLoopback(parseUrl(env.META_GRAPH_URL)?.hostname ?? ''),
      }),
    }),
    whatsapp: Object.freeze({
      socketUrl: env.WHATSAPP_SOCKET_URL,
      /** 32 bytes in hex; set only for a peer on this machine (CF3). */
      trustRoot: env.WHATSAPP_TRUST_ROOT?.toLowerCase(),
      /** Where media are downloaded from, over TLS: host and port. */
      mediaHost: env.WHATSAPP_MEDIA_HOST,
      /** Undefined: the version that the library was built for. */
      version: env.WHATSAPP_VERSION && Object.freeze(env.WHATSAPP_VERSION),
      /** Where the latest version is looked up; undefined: nowhere. */
      versionUrl: env.WHATSAPP_VERSION_URL,
    }),
  });
}

function readEnvFile(path: string): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Record<string, string | undefined>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** At least 16 bytes, and nothing that a decoder would silently skip. */
function isBase64Key(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && Buffer.from(text, 'base64').length >= 16;
}

const parseUrl = (value: string): URL | undefined => (URL.canParse(value) ? new URL(value) : undefined);

/** `host` or `host:port` and nothing more: no scheme, path or credentials. */
function isHost(entry: string): boolean {
  const url = parseUrl(`https://${entry}`);
  return (
    url !== undefined && url.pathname === '/' && url.search + url.hash + url.username === '' && !entry.endsWith('/')
  );
}

/** This machine only: the WHATWG parser has already normalised forms such as `127.1` and `0x7f000001`. */
const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);

/** Short names would match half of a normal environment (`HOST` is two letters from `PORT`). */
function looksLikeOurs(name: string): boolean {
  if (name.length < 7 || VARIABLES.includes(name as Variable)) return false;
  return VARIABLES.some((own) => own.length >= 7 && distance(own, name.toUpperCase()) <= 2);
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
