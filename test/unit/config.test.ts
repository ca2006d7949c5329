import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Config, type ConfigSources, loadConfig } from '../../src/config.ts';
import { VARIABLES } from '../../src/config/variables.ts';

const directory = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function read(env: Record<string, string>, more: ConfigSources = {}): Config {
  const result = loadConfig({ env, directory, ...more });
  if (result.kind !== 'ok') throw new Error(result.problems.join('\n'));
  return result.config;
}

function problems(env: Record<string, string>): readonly string[] {
  const result = loadConfig({ env, directory });
  return result.kind === 'invalid' ? result.problems : [];
}

describe('CF1 the environment becomes a frozen, typed Config', () => {
  it('has the defaults of contract README §7', () => {
    expect(read({})).toMatchObject({
      port: 3000,
      domainUrl: undefined,
      appUrl: 'http://localhost:8000',
      token: '',
      apiAuth: undefined,
      allowedOrigins: [],
      authDir: join(directory, 'auth'),
      legacyAuthDir: join(directory, 'baileys_auth'),
      dataDir: join(directory, 'data'),
      terminateUnlinks: false,
      staleAfterMs: 600_000,
      dailyCap: 4_000,
      sendAnswerDeadlineMs: 18_000,
      authEncryptionKey: undefined,
      logFile: join(directory, 'node.log'),
      baileysLogLevel: 'warn',
      restoreConcurrency: 5,
      inspect: false,
      whatsapp: { socketUrl: 'wss://web.whatsapp.com/ws/chat', trustRoot: undefined, version: undefined },
    });
  });

  it('takes a signing secret as whsec_<base64> or as plain text, and says what is wrong without it (CF2)', () => {
    for (const secret of ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'a plain text of ours'])
      expect(read({ CALLBACK_SIGNING_SECRET: secret }).callbackSigningSecret).toBe(secret);
    expect(read({}).callbackSigningSecret).toBeUndefined();
    for (const secret of ['too short', 'whsec_not base64 at all!!', 'whsec_AAAA', 'whsec_']) {
      const [problem = ''] = problems({ CALLBACK_SIGNING_SECRET: secret });
      expect(problem).toMatch(/^CALLBACK_SIGNING_SECRET: expected/);
      expect(problem).not.toContain(secret);
    }
  });

  it('bounds the outbox generously', () => {
    expect(read({}).outboxBounds).toEqual({ rows: 300_000, bytes: 2_147_483_648 });
    expect(problems({ OUTBOX_MAX_ROWS: '0' })).toHaveLength(1);
  });

  it('cannot be changed', () => {
    const config = read({ ALLOWED_ORIGINS: 'https://a.example' });
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.whatsapp, { socketUrl: 'x' })).toThrow(TypeError);
    expect(() => (config.allowedOrigins as string[]).push('x')).toThrow(TypeError);
  });

  it('is tolerant: an empty value is unset, numbers and booleans may have spaces and any usual word', () => {
    const config = read({
      PORT: ' 8888 ',
      NODE_API_AUTH: '',
      APP_DOMAIN_NAME: ' ',
      TERMINATE_UNLINKS: 'Yes',
      INSPECT: '1',
    });
    expect(config).toMatchObject({ port: 8888, apiAuth: undefined, appUrl: 'http://localhost:8000' });
    expect(config).toMatchObject({ terminateUnlinks: true, inspect: true });
  });

  it('removes trailing slashes, reads APP_URL when APP_DOMAIN_NAME is unset, takes a bare DOMAIN_NAME', () => {
    expect(read({ APP_DOMAIN_NAME: 'https://app.example/', APP_URL: 'https://other' }).appUrl).toBe(
      'https://app.example',
    );
    const byOther = read({ APP_URL: 'https://other/sub/' });
    expect(byOther.appUrl).toBe('https://other/sub');
    // messages §10: Twilio's status callback follows the app's URL, whichever variable names it.
    expect(byOther.twilio.statusCallback).toBe('https://other/sub/api/twilio/status');
    expect(read({}).twilio.statusCallback).toBeUndefined();
    expect(read({ DOMAIN_NAME: 'bridge.example/node/' }).domainUrl).toBe('https://bridge.example/node');
    expect(read({ ALLOWED_ORIGINS: 'https://a.example/, ,https://b.example' }).allowedOrigins).toEqual([
      'https://a.example',
      'https://b.example',
    ]);
  });

  it('V-14 recordings go to one folder when it is named, else to where the app looks; the mode is octal, 0640', () => {
    const { recordings } = read({ CALL_RECORDINGS_DIR: 'tapes', CALL_RECORDINGS_MODE: '0600' }).voice;
    expect([recordings.folders.map((folder) => basename(folder)), recordings.mode]).toEqual([['tapes'], 0o600]);
    const usual = read({}).voice.recordings;
    expect(usual.folders.map((folder) => basename(folder))).toEqual(Array.from({ length: 3 }, () => 'call-recordings'));
    expect(usual.mode).toBe(0o640);
    for (const mode of ['640a', '0888', '0440', 'rw'])
      expect(problems({ CALL_RECORDINGS_MODE: mode })).toEqual([expect.stringContaining('CALL_RECORDINGS_MODE')]);
  });

  it('voice §7 STUN and TURN servers are those of the settings alone: an entry of another kind is no setting', () => {
    const { ice } = read({
      WABA_CALL_STUN_URLS: 'stun:a.example:3478, stun:b.example',
      WABA_CALL_TURN_URL: 'turn:t.example:3478?transport=tcp,turns:[2001:db8::1]:5349',
    }).voice;
    expect(ice.stunUrls).toEqual(['stun:a.example:3478', 'stun:b.example']);
    expect(ice.turn?.urls).toEqual(['turn:t.example:3478?transport=tcp', 'turns:[2001:db8::1]:5349']);
    for (const entry of ['a.example:3478', 'turn:a.example', 'stun:', 'stun:a.example:port', 'http://a.example'])
      expect(problems({ WABA_CALL_STUN_URLS: `stun:a.example,${entry}` })).toEqual([
        expect.stringContaining('WABA_CALL_STUN_URLS: expected stun:host:port'),
      ]);
    expect(problems({ WABA_CALL_TURN_URL: 'stun:a.example' })).toHaveLength(1);
  });

  it('V-35 CF4 keys of speech vendors go over plain http to this machine only', () => {
    for (const variable of ['VOICE_DEEPGRAM_URL', 'VOICE_OPENAI_URL', 'VOICE_ELEVENLABS_URL']) {
      expect(problems({ [variable]: 'http://speech.example' })).toEqual([expect.stringContaining(variable)]);
      expect(problems({ [variable]: 'http://127.0.0.1:9' })).toEqual([]);
    }
  });

  it('reads a WhatsApp version as three numbers', () => {
    expect(read({ WHATSAPP_VERSION: '2, 3000,1015901307' }).whatsapp.version).toEqual([2, 3000, 1015901307]);
  });

  it('takes the alias ending in _NODE_LOG, but LOG_FILE wins', () => {
    expect(read({ VENDOR_NODE_LOG: '/tmp/a.log' }).logFile).toBe('/tmp/a.log');
    expect(read({ VENDOR_NODE_LOG: '/tmp/a.log', LOG_FILE: '/tmp/b.log' }).logFile).toBe('/tmp/b.log');
  });
});

describe('option > real variable > .env file > default', () => {
  it('each wins over the next', () => {
    const folder = mkdtempSync(join(directory, 'file-'));
    writeFileSync(join(folder, '.env'), 'PORT=1001\nDATA_DIR="in file"\nRESTORE_CONCURRENCY=7\n# INSPECT=1\n');
    const config = read({ PORT: '1002', DATA_DIR: '/real' }, { directory: folder, options: { PORT: '1003' } });
    expect(config).toMatchObject({ port: 1003, dataDir: '/real', restoreConcurrency: 7, inspect: false });
  });
});

describe('CF2 problems name the variable, never its value', () => {
  const SECRET = 'hunter2-value';

  it.each(VARIABLES)('%s', (name) => {
    for (const line of problems({ [name]: SECRET })) {
      expect(line).toMatch(new RegExp(`^${name}: `));
      expect(line).not.toContain(SECRET);
    }
  });

  it('shows every problem of a start at once', () => {
    const env = { PORT: '70000', LOG_LEVEL: 'loud', RESTORE_CONCURRENCY: '0', AUTH_ENCRYPTION_KEY: 'short' };
    expect(
      problems(env)
        .map((line) => line.split(':')[0])
        .sort(),
    ).toEqual(Object.keys(env).sort());
  });

  it('refuses numbers that are not whole, and an app URL that is none', () => {
    for (const value of ['3e3', '-1', '0x10', '1.5', 'NaN']) expect(problems({ PORT: value })).toHaveLength(1);
    for (const value of ['app.example', 'ftp://app', 'javascript:1']) {
      expect(problems({ APP_DOMAIN_NAME: value })).toHaveLength(1);
    }
  });

  it('lists names that look like a misspelt one of ours, and nobody else’s', () => {
    const env = {
      RESTORE_CONCURENCY: '3',
      AUTH_DIRS: 'x',
      HOME: '/',
      HOSTNAME: 'h',
      PATH: '/',
      LANG: 'C',
      LOG_LEVEL: 'warn',
    };
    expect(loadConfig({ env, directory })).toMatchObject({ kind: 'ok', unknown: ['RESTORE_CONCURENCY', 'AUTH_DIRS'] });
  });
});

describe('CF3 only a peer on this machine may stand in for WhatsApp (design/loopback.md)', () => {
  const ROOT = 'ab'.repeat(32);

  it.each(['ws://127.0.0.1:9/ws', 'wss://localhost:9/ws', 'ws://[::1]:9', 'ws://127.9.9.9'])('allows %s', (value) => {
    const { whatsapp } = read({ WHATSAPP_SOCKET_URL: value, WHATSAPP_TRUST_ROOT: ROOT });
    expect(whatsapp).toMatchObject({ socketUrl: value, trustRoot: ROOT });
  });

  it.each([
    ...['ws://web.whatsapp.com/ws/chat', 'wss://evil.example/ws', 'wss://web.whatsapp.com.evil.example/ws/chat'],
    ...['ws://127.0.0.1.evil.example', 'wss://127.0.0.1@evil.example', 'ws://10.0.0.1', 'ws://0.0.0.0'],
    ...['ws://localhost.evil.example', 'ws://[::ffff:8.8.8.8]', 'wss://web.whatsapp.com:444/ws/chat'],
  ])('refuses %s', (value) => {
    expect(problems({ WHATSAPP_SOCKET_URL: value })).toHaveLength(1);
  });

  it('a media host other than the default only on this machine, together with the socket (SSRF)', () => {
    const socket = { WHATSAPP_SOCKET_URL: 'ws://127.0.0.1:9/ws' };
    expect(read({ ...socket, WHATSAPP_MEDIA_HOST: '127.0.0.1:8' }).whatsapp.mediaHost).toBe('127.0.0.1:8');
    expect(problems({ WHATSAPP_MEDIA_HOST: '127.0.0.1:8' })).toHaveLength(1);
    for (const host of ['evil.example', '127.0.0.1@evil.example', '127.0.0.1:8/path', '10.0.0.1'])
      expect(problems({ ...socket, WHATSAPP_MEDIA_HOST: host })).toHaveLength(1);
  });

  it('refuses a trust root for the real service', () => {
    expect(problems({ WHATSAPP_TRUST_ROOT: ROOT })).toHaveLength(1);
    expect(problems({ WHATSAPP_TRUST_ROOT: ROOT, WHATSAPP_SOCKET_URL: 'wss://web.whatsapp.com/ws/chat' })).toHaveLength(
      1,
    );
  });
});

describe('.env.example', () => {
  it('explains exactly the variables that exist, each with a comment above it', () => {
    const lines = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8').split('\n');
    const names = lines.flatMap((line) => /^#?([A-Z_]+)=/.exec(line)?.[1] ?? []);
    expect([...names].sort()).toEqual([...VARIABLES].sort());
  });

  it('shows the real defaults: uncommenting every line changes only what follows from naming domains', () => {
    const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
    const defaults = read({});
    writeFileSync(join(directory, '.env'), example.replace(/^#([A-Z_]+=)/gm, '$1'));
    const twilio = { ...defaults.twilio, statusCallback: `${defaults.appUrl}/api/twilio/status` };
    expect(read({})).toEqual({ ...defaults, domainUrl: 'https://bridge.example.com', twilio });
  });
});
