/**
 * The inspector on a real bridge beside the loopback world: what its page lights up in a headless Chromium, and what its
 * stream gives away, while one number pairs by QR and another by code, a message comes and goes, and a connection breaks.
 *
 * The page is opened as if through a proxy, so that it has to ask for the token. It leaves its pictures in `.tmp/`;
 * `docs/inspector.png` is a copy of the light one.
 *
 * Deliberately not here: who may watch in which mode (test/unit/http/inspector.test.ts), and redaction over all possible
 * events (test/unit/inspector).
 */
import { createWriteStream, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Bridge } from '../helpers/bridge.ts';
import { NO_BROWSER, startBrowser } from '../helpers/browser.ts';
import { CommonStage, NO_FAULTS } from '../helpers/common-stage.ts';
import { eventually } from '../helpers/eventually.ts';
import { FIND_CLUTTER, TELL_LIGHTS } from '../helpers/inspector-page.ts';
import { type Answer, call } from '../helpers/json-http.ts';
import { ROOT } from '../helpers/root.ts';
import { valuesOfLogin } from '../helpers/saved-login.ts';
import { Secrets } from '../helpers/secrets.ts';
import { Stage } from '../helpers/stage.ts';

const BY_QR = '4915700000401';
const BY_CODE = '4915700000402';
const CONTACT = '4917600004001';
const TEXT_IN = 'Are the blue tulips still in stock?';
const TEXT_OUT = 'Yes, forty of them are left.';

const PAIRED_BY_QR = ['connecting', 'qr', 'connecting', 'connected'];
const PAIRED_BY_CODE = ['pairing', 'connecting', 'connected'];
const CAME_BACK = ['restoring', 'connected'];

const THROUGH_A_PROXY = { 'X-Forwarded-For': '203.0.113.9' };
const PICTURES = `${ROOT}/.tmp`;
const MAX_PICTURE_BYTES = 300_000;
/** About 20 s; beside a whole test run, and when the bridge must be compiled first, several times that. */
const STORY_MS = 120_000;

type Told = { readonly number: string; readonly state: string };

const entryFrame = z.object({
  entry: z.object({ active: z.array(z.string()) }),
  view: z.object({ number: z.string() }),
});

let stage: Stage;
let bridge: Bridge;
let browser: Browser | undefined;
let page: Page | undefined;
const lights: Told[] = [];
const streamed: Told[] = [];
const troubles: string[] = [];
let clutter: unknown;
let refused: Answer;
let streamEnd: StreamEnd;
const secrets = new Secrets();

const streamFile = (): string => `${stage.dir}/inspector.sse`;
const pageFile = (): string => `${stage.dir}/inspector.html`;
const shown = (phone: string): string => `…${phone.slice(-4)}`;

/** What was told of one number, in order, repeats left out. */
function statesOf(phone: string, told: readonly Told[]): string[] {
  const states = told.filter(({ number }) => number === shown(phone)).map(({ state }) => state);
  return states.filter((state, index) => state !== states[index - 1]);
}

/** Passes the stream on, and notes what it tells: each frame is looked at once. */
async function* noted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) note(frame);
    yield chunk;
  }
}

function note(frame: string): void {
  const [, data] = /^event: entry\ndata: (.*)$/.exec(frame) ?? [];
  if (data === undefined) return;
  const { entry, view } = entryFrame.parse(JSON.parse(data));
  const path = entry.active.find((active) => active.startsWith('number.'));
  streamed.push({ number: view.number, state: path?.split('.')[1] ?? 'none' });
}

/** Waits until the stream, and the page where there is one, has told these states last. */
async function told(phone: string, states: readonly string[]): Promise<void> {
  const isTold = (by: readonly Told[]) => statesOf(phone, by).join().endsWith(states.join());
  await eventually(() => isTold(streamed) && (page === undefined || isTold(lights)), {
    what: `${shown(phone)} is told to be ${states.join(', ')}`,
    withinMs: 15_000,
    everyMs: 20,
  });
}

type StreamEnd = 'by the bridge' | 'cut off';

/** Writes every byte of the stream down. How it ends is a value: a story that fails midway must not fail twice. */
async function record(): Promise<{ readonly end: Promise<StreamEnd> }> {
  const headers = { 'X-Node-Token': bridge.token };
  const { body } = await fetch(`${bridge.url}/inspector/stream`, { headers, signal: AbortSignal.timeout(60_000) });
  if (body === null) throw new Error('the stream has no body');
  writeFileSync(streamFile(), '');
  const written = pipeline(noted(body), createWriteStream(streamFile(), { flags: 'a' }));
  return {
    end: written.then(
      () => 'by the bridge',
      () => 'cut off',
    ),
  };
}

async function openPage(on: Browser): Promise<Page> {
  const context = await on.newContext({ viewport: { width: 1280, height: 800 }, extraHTTPHeaders: THROUGH_A_PROXY });
  const opened = await context.newPage();
  opened.setDefaultTimeout(10_000);
  opened.on('pageerror', (error) => troubles.push(error.message));
  opened.on('request', (request) => {
    const isOwn = request.url().startsWith(`${bridge.url}/`) || request.url().startsWith('data:');
    if (!isOwn) troubles.push(`asked for ${request.url()}`);
  });
  await opened.exposeFunction('tellLight', (number: string, state: string) => lights.push({ number, state }));
  await opened.addInitScript(TELL_LIGHTS);
  await opened.goto(`${bridge.url}/inspector`);
  await opened.getByLabel('Token').fill('not the token');
  await opened.getByRole('button', { name: 'Watch' }).click();
  await opened.getByText('That token was refused.').waitFor();
  await opened.getByLabel('Token').fill(bridge.token);
  await opened.getByRole('button', { name: 'Watch' }).click();
  await opened.getByText('live', { exact: true }).waitFor();
  return opened;
}

async function pairByQr(): Promise<void> {
  const qr = await bridge.qr(BY_QR);
  secrets.text('QR string', qr);
  for (const part of qr.split(/[,#]/).filter((text) => text.length >= 6)) secrets.text('part of the QR string', part);
  await stage.world.scan(BY_QR, qr);
  await told(BY_QR, PAIRED_BY_QR);
}

async function pairByCode(): Promise<void> {
  const code = await bridge.pairingCode(BY_CODE);
  secrets.text('pairing code', code);
  secrets.text('pairing code', `${code.slice(0, 4)}-${code.slice(4)}`);
  await page?.getByTestId(`actor-${shown(BY_CODE)}`).click();
  await page?.locator('[data-testid=state-pairing].active').waitFor();
  await stage.world.enterCode(BY_CODE, code);
  await told(BY_CODE, PAIRED_BY_CODE);
  await page?.getByTestId(`actor-${shown(BY_QR)}`).click();
}

async function talk(): Promise<void> {
  const { world } = stage;
  await world.contactSends(CONTACT, { to: BY_QR, text: TEXT_IN });
  await bridge.sendText(BY_QR, { to: CONTACT, text: TEXT_OUT });
  await eventually(async () => (await world.contactMessages(CONTACT)).some(({ text }) => text === TEXT_OUT), {
    what: 'the contact reads the answer',
    withinMs: 10_000,
  });
  await eventually(async () => (await world.appRequests({ path: 'inbound-message' })).length > 0, {
    what: 'the app has the message',
    withinMs: 10_000,
  });
}

async function keepPictures(of: Page): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  for (const colorScheme of ['dark', 'light'] as const) {
    await of.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await of.screenshot({ path: `${PICTURES}/inspector-${colorScheme}.png`, animations: 'disabled' });
  }
}

beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.forTest(), startBrowser()]);
  if (browser === undefined) console.warn(NO_BROWSER);
  secrets.text('text', TEXT_IN);
  secrets.text('text', TEXT_OUT);
  for (const phone of [BY_QR, BY_CODE, CONTACT]) secrets.text('number', phone);
  await Promise.all([BY_QR, BY_CODE].map((phone) => stage.world.addPhone(phone)));
  bridge = await stage.bridge({ env: { INSPECT: '1' } });
  secrets.text('token', bridge.token);

  const { end } = await record();
  page = browser && (await openPage(browser));
  await pairByQr();
  await pairByCode();
  await talk();
  // 515 has the shortest wait before the next try (clients §6.2).
  await stage.world.closeNumber(BY_QR, 'stream-error', 515);
  await told(BY_QR, [...PAIRED_BY_QR, ...CAME_BACK]);
  if (page) {
    clutter = await page.evaluate(FIND_CLUTTER);
    await keepPictures(page);
    writeFileSync(pageFile(), await page.content());
  }
  refused = await call(`${bridge.url}/inspector/stream`, { headers: THROUGH_A_PROXY });
  await bridge.stop();
  streamEnd = await end;
  for (const digits of [BY_QR, BY_CODE]) {
    for (const value of await valuesOfLogin(`${bridge.authDir}/${digits}`)) secrets.keysIn('key material', value);
  }
}, STORY_MS);

afterAll(async () => {
  await browser?.close();
  await stage.strike();
});

describe('the stream', () => {
  it('tells the states of a number in order, from its first start to its return after a broken connection', () => {
    expect(statesOf(BY_QR, streamed)).toEqual(['disconnected', ...PAIRED_BY_QR, ...CAME_BACK]);
  });

  it('is ended by the bridge when that stops, not cut off', () => {
    expect(streamEnd).toBe('by the bridge');
  });

  it('P11 holds no QR string, token, code, text, whole number or key', () => {
    expect(readFileSync(streamFile(), 'utf8')).toContain(shown(BY_QR));
    expect(secrets.search([streamFile()])).toEqual([]);
  });
});

describe('README §2: who may look', () => {
  it('C-02 a request through a proxy gets no stream without the token', () => {
    expect(refused).toEqual({ status: 401, body: { ok: false, error: 'unauthorized' } });
  });

  it('without INSPECT there is nothing to look at', async () => {
    const common = await CommonStage.enter();
    for (const path of ['/inspector', '/inspector/stream', '/inspector/machine.json'])
      expect([path, (await common.bridge.call(path)).status]).toEqual([path, 404]);
    expect(await common.leave()).toEqual(NO_FAULTS);
  });
});

describe('the page in a browser', () => {
  it('lights the states up in the order in which the number has them', ({ skip }) => {
    skip(page === undefined, NO_BROWSER);
    const states = statesOf(BY_QR, lights);
    expect(states.slice(states[0] === 'disconnected' ? 1 : 0)).toEqual([...PAIRED_BY_QR, ...CAME_BACK]);
    expect(statesOf(BY_CODE, lights).slice(-3)).toEqual(PAIRED_BY_CODE);
  });

  it('has nothing in its chart that is cut off or lies over something else', ({ skip }) => {
    skip(page === undefined, NO_BROWSER);
    expect(clutter).toEqual([]);
  });

  it('needs nothing but the bridge, and holds no secret', ({ skip }) => {
    skip(page === undefined, NO_BROWSER);
    expect(troubles).toEqual([]);
    expect(readFileSync(pageFile(), 'utf8')).toContain('restoring');
    expect(secrets.search([pageFile()])).toEqual([]);
    expect(statSync(`${PICTURES}/inspector-light.png`).size).toBeLessThan(MAX_PICTURE_BYTES);
  });
});
