/**
 * What the bridge makes of the variables: the Config, named by what it is for, in the units that it is used in.
 *
 *  CF1  The result is frozen, complete and typed; durations are in milliseconds, folders absolute.
 *
 * Deliberately not here: what a value may be (variables.ts), and deciding anything from it.
 */
import { resolve } from 'node:path';
import { isLoopback, parseUrl } from './formats.ts';
import type { Values } from './variables.ts';

export type Config = ReturnType<typeof shape>;

/** @param directory where relative folders start. */
export function shape(env: Values, directory: string) {
  const named = env.APP_DOMAIN_NAME ?? env.APP_URL;
  const origins = env.ALLOWED_ORIGINS.split(',').map((origin) => origin.trim().replace(/\/+$/, ''));
  return Object.freeze({
    /** 0 takes a free port. */
    port: env.PORT,
    /** The bridge's own base URL, no trailing slash. */
    domainUrl: env.DOMAIN_NAME,
    /** The app's base URL, no trailing slash. */
    appUrl: named ?? 'http://localhost:8000',
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
      statusCallback: named === undefined ? undefined : `${named}/api/twilio/status`,
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
      /** 32 bytes in hex; set only for a peer on this machine (variables.ts CF3). */
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
