import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { captureConsole, createLog, type LogLevel, numberLog, writeLine } from '../../src/log.ts';
import { SimulatedTime } from '../helpers/simulated-time.ts';

const TOKEN = 'a3f1c09e77d24b8f9e61c5d7a0b4f2e8a3f1c09e77d24b8f9e61c5d7a0b4f2e8';
const PHONE = '5511987654321';

function capture(level: LogLevel = 'info') {
  let text = '';
  const log = createLog({ level, stream: { write: (line) => void (text += line) } });
  const lines = () =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, text: () => text, lines };
}

describe('L1 fields are logged by allow-list', () => {
  it('keeps words, counts and flags, names what it left out', () => {
    const { log, lines } = capture();
    log.info({ state: 'qr', attempt: 3, live: true, pushName: 'Ana', body: { text: 'hi' }, [PHONE]: 1 }, 'closed');
    expect(lines()[0]).toMatchObject({ level: 'info', state: 'qr', attempt: 3, live: true, msg: 'closed' });
    expect(lines()[0]?.['unlisted']).toBe('pushName body ?');
  });

  it('never logs an object from outside, also not through a child, a format or a nested error', () => {
    const { log, text } = capture('trace');
    const creds = { noiseKey: { private: TOKEN }, me: { id: `${PHONE}:3@s.whatsapp.net` } };
    log.info(creds);
    log.info({ creds }, 'saved');
    log.info('saved %j %o %s', creds, creds, creds);
    log.child({ creds, class: 'baileys' }, { level: 'trace' }).trace({ node: creds }, 'recv');
    log.child({ class: 'outer' }).child({ creds }).info('deep');
    log.error(Object.assign(new Error('boom'), { data: creds, cause: Object.assign(new Error('inner'), { creds }) }));
    expect(text()).not.toContain(TOKEN);
    expect(text()).not.toContain(PHONE);
    expect(text()).toContain('"class":"baileys"');
  });

  it('a field undefined is not a missing one', () => {
    const { log, lines } = capture();
    log.info({ body: undefined }, 'x');
    expect(lines()[0]).not.toHaveProperty('unlisted');
  });
});

it('a line of another thread is written as it is, wherever the log goes', () => {
  const dir = mkdtempSync(join(tmpdir(), 'log-'));
  let text = '';
  const log = createLog({
    level: 'info',
    file: join(dir, 'node.log'),
    stream: { write: (line) => void (text += line) },
  });
  writeLine(log, '{"msg":"of a thread"}\n');
  expect([text, readFileSync(join(dir, 'node.log'), 'utf8')]).toEqual(Array(2).fill('{"msg":"of a thread"}\n'));
  rmSync(dir, { recursive: true });
});

describe('L2 texts are scrubbed', () => {
  it('keeps only the last four digits of a number, wherever it stands', () => {
    const { log, text } = capture();
    log.info({ path: `/api/client-status/${PHONE}`, id: `${PHONE}@s.whatsapp.net`, from: '123456@lid' }, `to ${PHONE}`);
    log.info('to %s', PHONE);
    log.error(new Error(`no session for ${PHONE}.0`));
    log.info({ phone: Number(PHONE) }, 'as a number');
    expect(text()).not.toContain(PHONE);
    expect(text()).not.toContain('123456');
    expect(text()).toContain('…4321');
  });

  it('drops key-like runs and bounds the length', () => {
    const { log, text, lines } = capture();
    log.warn({ reason: `bad token ${TOKEN}` }, 'x'.repeat(30).concat(' ').repeat(60));
    expect(text()).not.toContain(TOKEN);
    expect(String(lines()[0]?.['msg']).length).toBeLessThan(310);
  });

  it('leaves ids whole, or they could not be followed', () => {
    const { log, lines } = capture();
    log.info({ messageId: '3EB0123456789012345678', id: 'bulk_1760000000000_x1' }, 'sent');
    expect(lines()[0]).toMatchObject({ messageId: '3EB0123456789012345678', id: 'bulk_1760000000000_x1' });
  });

  it('a number has its own child that never carries more than four digits', () => {
    const { log, lines } = capture();
    numberLog(log, PHONE).info('up');
    expect(lines()[0]).toMatchObject({ number: '…4321' });
  });
});

describe('L3 errors', () => {
  const failure = () =>
    Object.assign(new Error('connect failed', { cause: new Error('refused') }), { code: 'ECONNREFUSED' });

  it('name, code, message and cause; no stack at info', () => {
    const { log, lines, text } = capture();
    log.error({ err: failure() }, 'call failed');
    expect(lines()[0]?.['err']).toMatchObject({ name: 'Error', code: 'ECONNREFUSED', message: 'connect failed' });
    expect(lines()[0]?.['err']).toMatchObject({ cause: { message: 'refused' } });
    expect(text()).not.toContain('log.test.ts');
  });

  it('the stack at debug, without repeating the message in it', () => {
    const { log, lines } = capture('debug');
    log.error(failure());
    const { stack } = (lines()[0] ?? {})['err'] as { stack: string };
    expect(stack).toContain('log.test.ts');
    expect(stack).not.toContain('connect failed');
  });
});

describe('L4 captureConsole', () => {
  let restore = () => {};
  afterEach(() => restore());

  it("drops libsignal's key dumps: nothing reaches stdout or stderr, only a counted line reaches the log", () => {
    const { log, text, lines } = capture('debug');
    const time = new SimulatedTime();
    const printed = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')];
    restore = captureConsole(log, time);
    const session = { currentRatchet: { ephemeralKeyPair: { privKey: TOKEN } } };
    for (let n = 0; n < 50; n += 1) console.info('Closing session:', session);
    console.error(`Session error:Error: Bad MAC ${TOKEN}`, session);
    console.log(session);
    console.dir(session);
    console.table([session]);
    time.advance(60_000);
    console.info('Closing session:', session);
    restore();
    for (const spy of printed) {
      expect(spy.mock.calls.flat().join('')).not.toContain(TOKEN);
      spy.mockRestore();
    }
    expect(text()).not.toContain(TOKEN);
    expect(lines().map(({ what, count }) => ({ what, count }))).toEqual([
      { what: 'Closing session', count: 1 },
      { what: 'Session error', count: 1 },
      { what: 'other', count: 1 },
      { what: 'Closing session', count: 50 },
    ]);
  });

  it('in a real process: not one byte of a dumped session on stdout or stderr', () => {
    const program = `
      import { captureConsole, createLog } from './src/log.ts';
      const log = createLog({ level: 'debug' });
      captureConsole(log);
      const session = { privKey: Buffer.from('${TOKEN}', 'hex'), text: '${TOKEN}' };
      for (const print of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir']) console[print]('Closing session:', session);
      log.info('done');`;
    const root = new URL('../..', import.meta.url);
    const run = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], { cwd: root });
    expect(run.stderr.toString()).toBe('');
    expect(run.stdout.toString()).toContain('"what":"Closing session"');
    expect(run.stdout.toString()).toContain('done');
    expect(run.stdout.toString()).not.toMatch(new RegExp(`${TOKEN.slice(0, 12)}|a3 f1 c0|privKey`));
  });
});

describe('LOG_FILE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('goes on in a fresh file at 20 MB and keeps one old one, readable by the owner only', () => {
    const file = join(folder, 'sub', 'node.log');
    createLog({ level: 'info', file, stream: { write: () => {} } }).info('first');
    truncateSync(file, 20 * 1024 * 1024);
    writeFileSync(`${file}.1`, 'older');
    const log = createLog({ level: 'info', file, stream: { write: () => {} } });
    log.info('second');
    expect(readFileSync(file, 'utf8')).toContain('second');
    expect(readFileSync(file, 'utf8')).not.toContain('first');
    expect(statSync(`${file}.1`).size).toBe(20 * 1024 * 1024);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
