/** The sandbox over a real thread and the real engine (contract flows §3.5, F-36). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { openThread } from '../../../src/thread.ts';
import { Sandbox } from '../../../src/actors/flows/sandbox.ts';

const lines: string[] = [];
const log = createLog({ level: 'debug', stream: { write: (line) => void lines.push(line) } });
const sandbox = new Sandbox({ clock: systemClock, log });
const hasty = new Sandbox({ clock: systemClock, log, runMs: 300 });
afterAll(() => Promise.all([sandbox.close(), hasty.close()]));

const run = (code: string, inputs: Record<string, unknown> = {}) => sandbox.run(code, inputs);
const value = async (code: string, inputs: Record<string, unknown> = {}) => {
  const answer = await run(code, inputs);
  return answer.kind === 'ok' ? answer.value : answer;
};
/** A sandbox over a thread of this program. */
function fakeThread(source: string, runMs = 2_000): Sandbox {
  const folder = mkdtempSync(join(tmpdir(), 'thread-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'thread.mjs');
  writeFileSync(file, source);
  const open = () => openThread('./thread', pathToFileURL(file).href);
  return new Sandbox({ clock: systemClock, log, open, runMs });
}
const failed = (error: unknown) => ({ kind: 'refused', status: 0, error });

describe('flows §3.5: what a script can do', () => {
  it.each<readonly [string, string, unknown]>([
    ['returns text', 'return "a" + 1', 'a1'],
    ['returns an object', 'return { a: [1, null, { b: true }] }', { a: [1, null, { b: true }] }],
    ['returns nothing', 'const a = 1;', null],
    ['returns a function, which is nothing', 'return () => 1', null],
    ['reads what it is given', 'return [previousResponse, allResponses.name, functionArgs.x]', ['before', 'Ana', 3]],
    ['has a language of today', 'const { a = 2, ...rest } = { b: 3 }; return [a ?? 1, rest?.b, `${a}`]', [2, 3, '2']],
    [
      'has Date, Math, RegExp and JSON',
      'return typeof Date.now() + Math.max(1, 2) + /b/.test("abc") + JSON.stringify([1])',
      'number2true[1]',
    ],
    ['ends with a comment', 'return 1 // done', 1],
  ])('%s', async (_, code, result) => {
    const inputs = { previousResponse: 'before', allResponses: { name: 'Ana' }, functionArgs: { x: 3 } };
    expect(await value(code, inputs)).toEqual(result);
  });

  it.each([
    ['a throw', 'throw new TypeError("no")', 'TypeError: no'],
    ['a thrown text', 'throw "no"', 'no'],
    ['bad syntax', 'return (', expect.stringContaining('SyntaxError')],
    ['a long reason', 'throw new Error("x".repeat(9999))', `Error: ${'x'.repeat(293)}`],
    ['a result that is no JSON', 'return 1n', expect.stringContaining('TypeError')],
    ['a result with a ring', 'const a = {}; a.a = a; return a', expect.stringContaining('TypeError')],
  ])('fails by %s', async (_, code, why) => {
    expect(await run(code)).toEqual(failed(why));
  });
});

describe('F-36: what a script cannot reach', () => {
  it.each([
    'process',
    'require',
    'module',
    'exports',
    'Buffer',
    'fetch',
    'XMLHttpRequest',
    'WebSocket',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'console',
    'global',
    'window',
    'self',
    'WebAssembly',
    'Worker',
    'postMessage',
    'std',
    'os',
    'scriptArgs',
    'print',
    '__dirname',
    'structuredClone',
    'parentPort',
    'navigator',
    'Atomics.wait',
    'gc',
  ])('there is no %s', async (name) => {
    expect(await value(`try { return typeof ${name} } catch { return 'undefined' }`)).toBe('undefined');
  });

  // True: something of the host was reached.
  it.each<readonly [string, string, unknown]>([
    ['an import', 'import fs from "fs"; return true', failed(expect.stringContaining('SyntaxError'))],
    ['import.meta', 'return import.meta', failed(expect.stringContaining('SyntaxError'))],
    ['this', 'return Object.getOwnPropertyNames(this).some((name) => /process|require|env|fs/i.test(name))', false],
    [
      'the constructor of a function',
      'return "process" in (function () {}).constructor("return globalThis")() || typeof process !== "undefined"',
      false,
    ],
    [
      'the constructor of what it was given',
      'return "process" in allResponses.constructor.constructor("return globalThis")()',
      false,
    ],
    [
      'an async constructor',
      `let reached = 'not run';
      (async () => {}).constructor('note', 'note(typeof process !== "undefined")')((it) => { reached = it });
      return reached`,
      false,
    ],
    [
      'a generator constructor',
      'return "process" in (function* () {}).constructor("yield globalThis")().next().value',
      false,
    ],
    ['the harness by its callers', 'const { caller } = arguments.callee; return caller != null', false],
    ['the stack of an error', 'return /[\\/\\\\]|node|[.]ts/.test(new Error("x").stack)', false],
    [
      'a stack that is prepared',
      'Error.prepareStackTrace = (_, at) => at; return typeof new Error("x").stack !== "string"',
      false,
    ],
    [
      'the end of its own function',
      'return true }); const reached = "process" in globalThis; (function () { return reached',
      false,
    ],
  ])('%s leads nowhere', async (_, code, result) => {
    expect(await value(code, { allResponses: {} })).toEqual(result);
  });

  it('SB4, TH1: the thread has no environment of the bridge', async () => {
    process.env['SANDBOX_SECRET'] = 'top';
    const other = fakeThread(`
      import { parentPort } from 'node:worker_threads';
      parentPort.on('message', () => parentPort.postMessage({ kind: 'result', json: JSON.stringify(process.env) }));
      parentPort.postMessage({ kind: 'ready' });`);
    expect(await other.run('', {})).toEqual({ kind: 'ok', value: {} });
    delete process.env['SANDBOX_SECRET'];
    await other.close();
  });

  it.each<readonly [string, string]>([
    ['a prototype', 'Object.prototype.leak = "mine"; Array.prototype.map = () => 7'],
    ['a global', 'globalThis.leak = "mine"; this.leak2 = "mine"'],
    [
      'the tools of the harness',
      'JSON.stringify = () => "7"; JSON.parse = () => ({}); Function.prototype.call = () => 7; String = () => 7',
    ],
    [
      'the tools as their prototypes',
      'Object.defineProperty(Object.prototype, "then", { get: () => 7, configurable: true })',
    ],
    ['toJSON', 'Object.prototype.toJSON = () => "mine"; String.prototype.toJSON = () => "mine"'],
  ])('SW1: what it does to %s ends with it, and touches no other session', async (_, code) => {
    await run(`${code}; return 1`);
    const probe = 'return [typeof leak, [1].map((n) => n + 1), JSON.stringify({ a: "b" }), "then" in {}, allResponses]';
    expect(await value(probe, { allResponses: { own: 1 } })).toEqual([
      'undefined',
      [2],
      '{"a":"b"}',
      false,
      { own: 1 },
    ]);
    expect(Object.prototype).not.toHaveProperty('leak');
  });

  it.each<readonly [string, string]>([
    ['a getter that changes', 'let n = 0; return { get a() { return ++n } }'],
    ['toJSON', 'return { toJSON: () => ({ a: 1 }) }'],
    ['a proxy', 'return new Proxy({ a: 1 }, { get: (of, name) => (name === "toJSON" ? undefined : 1) })'],
  ])('a result is read once, as JSON: %s', async (_, code) => {
    expect(await value(code)).toEqual({ a: 1 });
  });

  it('a result with __proto__ is an ordinary value (F-48)', async () => {
    const result = await value('return JSON.parse(\'{"__proto__":{"admin":true}}\')');
    expect(Object.keys(result as object)).toEqual(['__proto__']);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe('F-36: how much a script can take', () => {
  it.each<readonly [string, string, string]>([
    ['recursion', 'const f = () => f() + 1; return f()', 'InternalError: stack overflow'],
    ['one text of 64 MB', 'return "x".repeat(64 * 1048576)', 'InternalError: out of memory'],
    ['ever more buffers', 'const a = []; for (;;) a.push(new Uint8Array(4 * 1048576))', 'InternalError: out of memory'],
    ['one buffer of 20 MB', 'return new Uint8Array(20 * 1048576).length', 'InternalError: out of memory'],
    ['a huge result', 'return "x".repeat(2 * 1048576)', 'the result is too large'],
    ['a deep result', 'let a = []; for (let n = 0; n < 500; n++) a = [a]; return a', 'the result is nested too deeply'],
  ])('%s', async (_, code, why) => {
    expect(await run(code)).toEqual(failed(why));
    expect(await value('return 1')).toBe(1);
  });

  it('8 MB are within its 16', async () => {
    expect(await value('return new Uint8Array(8 * 1048576).length')).toBe(8 * 1_048_576);
  });

  it.each<readonly [string, string]>([
    ['an endless loop', 'for (;;);'],
    ['one that catches everything', 'for (;;) { try { for (;;); } catch {} finally { continue } }'],
    ['one in a getter of the result', 'return { get a() { for (;;); } }'],
    ['one in toJSON', 'return { toJSON() { for (;;); } }'],
    ['one in the words of an error', 'throw { get message() { for (;;); } }'],
    ['an expression that backtracks', 'return /^(a+)+$/.test("a".repeat(40) + "!")'],
    [
      'memory that it catches and asks for again',
      'for (;;) { try { const a = []; for (;;) a.push(new Array(100000).fill(1)) } catch {} }',
    ],
    ['a sort', 'const a = Array.from({ length: 3e5 }, (_, n) => n); for (;;) a.sort(() => 1)'],
  ])('its time is over in %s, and the next script runs', async (_, code) => {
    expect(await hasty.run(code, {})).toEqual(failed('it ran too long'));
    expect(await hasty.run('return 1', {})).toEqual({ kind: 'ok', value: 1 });
  });

  it('SB1: a runaway script holds up neither the loop nor the scripts of others', async () => {
    const begun = performance.now();
    const order: string[] = [];
    const note = (name: string) => (answer: unknown) => order.push(`${name} ${JSON.stringify(answer)}`);
    let turns = 0;
    const ticking = setInterval(() => turns++, 10);
    await Promise.all([
      run('for (;;);').then(note('a')),
      run('for (;;);').then(note('a')),
      run('return 1').then(note('b')),
      run('return 2').then(note('c')),
    ]);
    clearInterval(ticking);
    expect(performance.now() - begun).toBeGreaterThan(1_900);
    const late = 'a {"kind":"refused","status":0,"error":"it ran too long"}';
    const others = ['b {"kind":"ok","value":1}', 'c {"kind":"ok","value":2}'];
    expect(order.filter((line) => line !== late)).toEqual(others);
    expect(turns).toBeGreaterThan(60);
  });

  it('a hundred scripts one after another leave no memory behind', async () => {
    for (let n = 0; n < 100; n++) await run('return new Array(100000).fill(1).length');
    expect(await value('return "x".repeat(4 * 1024 * 1024).length')).toBe(4 * 1024 * 1024);
  });

  it('SB2: a thread that hangs or breaks is replaced, and nobody waits for it', async () => {
    const source = `
      import { parentPort } from 'node:worker_threads';
      parentPort.on('message', ({ code }) => {
        if (code === 'hang') for (;;);
        if (code === 'break') throw new Error('broken');
        if (code === 'end') process.exit(0);
        parentPort.postMessage({ kind: 'result', json: JSON.stringify(code) });
      });
      parentPort.postMessage({ kind: 'ready' });`;
    const other = fakeThread(source, 100);
    const answers = await Promise.all(['a', 'hang', 'b', 'break', 'c', 'end', 'd'].map((code) => other.run(code, {})));
    expect(answers.map((answer) => (answer.kind === 'ok' ? answer.value : answer))).toEqual([
      ...['a', failed('it ran too long'), 'b', failed('it could not be run'), 'c'],
      ...[failed('it could not be run'), 'd'],
    ]);
    await other.close();
  });

  it('SB3: after its end it refuses', async () => {
    const other = new Sandbox({ clock: systemClock, log });
    await other.close();
    expect(await other.run('return 1', {})).toEqual(failed('the bridge is stopping'));
  });
});
