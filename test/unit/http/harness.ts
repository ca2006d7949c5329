/** The app over in-memory numbers, and a caller that can be anybody. */
import { PassThrough } from 'node:stream';
import type { Context } from 'hono';
import pino from 'pino';
import type { SenderSettings } from '../../../src/content/engine-choice.ts';
import { systemClock } from '../../../src/clock.ts';
import { createHttpApp, type HttpDeps } from '../../../src/http/app.ts';
import { FakeFlows } from './fake-flows.ts';
import { FakeCalls } from './fake-calls.ts';
import { FakeJobs } from './fake-jobs.ts';
import { FakeNumbers, FakeVitals } from './fake-numbers.ts';
import { FakeOperator } from './fake-operator.ts';
import { FakeOutbox } from './fake-outbox.ts';
import { FakeProviders } from './fake-providers.ts';
import { FakeSettings } from './fake-settings.ts';

export const TOKEN = 'a-token-of-the-app-0123456789abcdef';
export const PHONE = '5511987654321';

/** Settings of a number without Cloud API, Twilio and branding. */
export const SOCKET_ONLY: SenderSettings = {
  useCloud: false,
  useTwilio: false,
  cloudIsComplete: false,
  twilioIsComplete: false,
  brandingFooter: '',
};

export type Caller = {
  /** Peer address; the default is a remote one, so that only the token can help. */
  readonly from?: string;
  /** `null`: no token header at all. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  /** Sent as JSON unless it is a string already. */
  readonly body?: unknown;
};

export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly text: string;
};

export function harness(options: Partial<HttpDeps> = {}) {
  const numbers = new FakeNumbers(options.clock ?? systemClock);
  const providers = new FakeProviders();
  const operator = new FakeOperator();
  const outbox = new FakeOutbox();
  const calls = new FakeCalls();
  const jobs = new FakeJobs();
  const flows = new FakeFlows();
  const settings = new FakeSettings();
  const vitals = new FakeVitals();
  const logged: string[] = [];
  const sink = new PassThrough();
  sink.on('data', (line: Buffer) => logged.push(line.toString()));
  const app = createHttpApp({
    numbers,
    providers,
    readSettings: () => Promise.resolve(SOCKET_ONLY),
    settings,
    operator,
    outbox,
    jobs,
    calls,
    flows,
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('figures') },
    vitals,
    clock: systemClock,
    log: pino({ level: 'debug' }, sink),
    version: '1.2.3',
    auth: { mode: undefined, token: TOKEN },
    ownUrl: 'https://bridge.example.com',
    appUrl: 'https://app.example.com',
    allowedOrigins: ['https://admin.example.com'],
    terminateUnlinks: false,
    waits: { initializeMs: 80, codeMs: 120, downMs: 30, sendMs: 200 },
    ...options,
  });

  const call = async (path: string, caller: Caller = {}): Promise<Reply> => {
    const { from = '203.0.113.7', token = TOKEN, headers = {}, body } = caller;
    const init = {
      method: caller.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        host: 'localhost:3000',
        ...(token !== null && { 'X-Node-Token': token }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    };
    const env = { incoming: { socket: { remoteAddress: from } } } as unknown as Context['env'];
    const response = await app.request(path, init, env);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : undefined, text };
  };

  return { app, numbers, providers, operator, outbox, jobs, calls, flows, settings, vitals, logged, call };
}
