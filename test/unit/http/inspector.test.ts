/** The inspector's routes: IN1 access, IN2 the page's policy, and nothing at all when it is off. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AuthMode } from '../../../src/http/auth.ts';
import type { Inspector } from '../../../src/http/routes/inspector.ts';
import { harness, TOKEN } from './harness.ts';

const chart = { id: 'number', main: 'number', regions: [] };
const streamOf = (text: string) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });

const FRAME = 'event: x\ndata: {}\n\n';
const bridge = (mode?: AuthMode, token = TOKEN, watch: Inspector['watch'] = () => streamOf(FRAME)) =>
  harness({ auth: { mode, token }, inspector: { chart, watch } });
const guarded = ['/inspector/stream', '/inspector/machine.json'];
const local = { from: '127.0.0.1', token: null } as const;

describe('IN1 who may watch', () => {
  it.each(guarded)('%s: the token, or a local peer in every mode', async (path) => {
    for (const mode of [undefined, 'token', 'loopback', 'off'] as const) {
      const { call } = bridge(mode);
      expect((await call(path)).status).toBe(200);
      expect((await call(path, local)).status).toBe(200);
      expect((await call(path, { token: null })).status).toBe(401);
      expect((await call(path, { token: 'wrong' })).status).toBe(401);
      expect((await call(`${path}?token=${TOKEN}`, { token: null })).status).toBe(401);
      expect((await call(path, { ...local, headers: { 'X-Forwarded-For': '127.0.0.1' } })).status).toBe(401);
      expect((await call(path, { ...local, headers: { host: 'evil.example' } })).status).toBe(403);
      expect((await call(path, { ...local, headers: { Origin: 'https://evil.example' } })).status).toBe(403);
    }
    expect((await bridge(undefined, '').call(path, { token: '' })).status).toBe(401);
  });

  it('without INSPECT there is no inspector, for nobody', async () => {
    for (const path of ['/inspector', ...guarded]) {
      expect(await harness().call(path)).toMatchObject({ status: 404, body: { error: 'Not Found' } });
    }
  });
});

describe('the routes', () => {
  it('stream: server-sent events that no proxy holds back', async () => {
    const { headers, text } = await bridge().call('/inspector/stream');
    expect(headers.get('content-type')).toBe('text/event-stream');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).toBe(FRAME);
  });

  it('stream: too many watchers → 503', async () => {
    expect((await bridge(undefined, TOKEN, () => undefined).call('/inspector/stream')).status).toBe(503);
  });

  it('machine.json is the chart', async () => {
    expect((await bridge().call('/inspector/machine.json')).body).toEqual(chart);
  });

  it('IN2 the page is open, holds no data, and may run only its own script and talk only to this server', async () => {
    const { status, headers, text } = await bridge().call('/inspector', { token: null });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/html');
    const policy = headers.get('content-security-policy') ?? '';
    const script = /<script>([\s\S]*?)<\/script>/.exec(text)?.[1] ?? '';
    expect(script.length).toBeGreaterThan(1_000);
    expect(policy).toContain(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(text).not.toMatch(/https?:\/\/(?!www\.w3\.org)|innerHTML|localStorage|document\.cookie|\son\w+=/);
  });
});
