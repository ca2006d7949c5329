/**
 * The process log: JSON lines on stdout and, rotated, in `LOG_FILE`.
 *
 * Invariants (P11):
 *  L1  Fields are logged by allow-list: texts only under a name of `TEXT_FIELDS`, numbers and booleans under any plain
 *      name, objects never. What was left out is named in `unlisted`, so that a missing field is noticed, not leaked.
 *  L2  Every text is scrubbed: phone-like digit runs keep their last four digits, key-like runs disappear.
 *  L3  An error is logged as name, code, message; its stack only at debug and trace.
 *  L4  After `captureConsole`, nothing that a library prints reaches stdout or stderr.
 *
 * Deliberately not here: who logs what. A full disk loses log lines, never the process.
 */

import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import { type Clock, systemClock } from './clock.ts';
import { maskPhone } from './phone.ts';

export type Log = pino.Logger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export type LogOptions = {
  readonly level: LogLevel;
  /** Also append to this file. */
  readonly file?: string;
  /** Instead of stdout; gets one whole line per call. */
  readonly stream?: { write(line: string): void };
};

const destinations = new WeakMap<Log, pino.DestinationStream>();

const ROTATE_BYTES = 20 * 1024 * 1024;
const TEXT_LIMIT = 300;

/** Names under which a text may be logged. Extend it for words, ids and enums; never for what a customer wrote. */
const TEXT_FIELDS: ReadonlySet<string> = new Set([
  ...[
    'action',
    'actor',
    'check',
    'class',
    'connection',
    'direction',
    'engine',
    'event',
    'from',
    'job',
    'kind',
    'lane',
    'level',
  ],
  ...['machine', 'method', 'mode', 'node', 'number', 'op', 'outcome', 'phase', 'pipeline', 'reason', 'role', 'route'],
  ...['signal', 'source', 'state', 'status', 'step', 'table', 'task', 'to', 'variable', 'verdict', 'version', 'word'],
  ...['dir', 'file', 'folder', 'host', 'path', 'workspace', 'at', 'until', 'oldest', 'what'],
]);

/** Random or opaque names of things: hex digits in them must not be mistaken for a phone number. */
const ID_FIELDS: ReadonlySet<string> = new Set([
  ...['id', 'messageId', 'correlationId', 'requestId', 'jobId', 'lease', 'session'],
]);

export function createLog(options: LogOptions): Log {
  const console = options.stream ?? pino.destination({ fd: 1, sync: true });
  const file = options.file ? new LogFile(options.file) : undefined;
  const destination = {
    write(line: string) {
      console.write(line);
      file?.write(line);
    },
  };
  const withStack = options.level === 'debug' || options.level === 'trace';
  const log = pino(
    {
      level: options.level,
      base: null,
      formatters: { level: (label) => ({ level: label }), log: listed },
      serializers: { err: (thrown: unknown) => describeError(thrown, withStack) },
      hooks: {
        logMethod(args, method) {
          Reflect.apply(method, this, scrubArguments(args));
        },
      },
    },
    destination,
  );
  destinations.set(log, destination);
  // pino formats the fields of a child only for the root logger; libraries make children of what they are given.
  const child = log.child;
  Object.defineProperty(log, 'child', {
    value(this: Log, bindings: pino.Bindings, { level }: pino.ChildLoggerOptions = {}): Log {
      return Reflect.apply(child, this, [listed(bindings), level === undefined ? undefined : { level }]) as Log;
    },
  });
  return log;
}

/** A line that the log of another thread has made, by the same rules. */
export const writeLine = (log: Log, line: string): void => destinations.get(log)?.write(line);

/** The log of one number: every line carries its last digits, and never more of it. */
export const numberLog = (log: Log, digits: string): Log => log.child({ number: maskPhone(digits) });

/** L2. The order matters: a token that contains digits is gone before digits are looked at. */
export function scrub(text: string): string {
  const clean = text
    .replace(/[A-Za-z0-9+=_-]{40,}/g, '[key]')
    .replace(/\d{6,20}(?=(?:[_:]\d+)*@)|\d{9,20}/g, (digits) => maskPhone(digits));
  return clean.length > TEXT_LIMIT ? `${clean.slice(0, TEXT_LIMIT)}…` : clean;
}

function listed(fields: object): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  const unlisted: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (name === 'err' || name === 'error') kept['err'] = value;
    else if (typeof value === 'string' && TEXT_FIELDS.has(name)) kept[name] = scrub(value);
    else if (typeof value === 'string' && ID_FIELDS.has(name)) kept[name] = isOpaqueId(value) ? value : scrub(value);
    else if (isPlainName(name) && (value === null || isSmall(value))) kept[name] = value;
    else unlisted.push(isPlainName(name) ? name : '?');
  }
  if (unlisted.length > 0) kept['unlisted'] = unlisted.slice(0, 10).join(' ');
  return kept;
}

/** Letters in it: an id. Without one it could be a phone number or a JID, and is scrubbed like any text. */
const isOpaqueId = (value: string): boolean => /^(?=.*[A-Za-z])[\w-]{1,100}$/.test(value);

/** A name chosen by a programmer: not a JID or a digit string that an outside object used as its key. */
const isPlainName = (name: string): boolean => /^[A-Za-z]{1,32}$/.test(name);

/** Below 10^9 a number is a count, a code or a duration; above, it could be a phone number. */
const isSmall = (value: unknown): boolean =>
  typeof value === 'boolean' || (typeof value === 'number' && Math.abs(value) < 1e9);

function describeError(thrown: unknown, withStack: boolean): object {
  if (!(thrown instanceof Error)) return { name: typeof thrown };
  const { code } = thrown as { code?: unknown };
  const frames = thrown.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
  return {
    name: scrub(thrown.name),
    ...(typeof code === 'number' || typeof code === 'string' ? { code: scrub(String(code)) } : {}),
    message: scrub(thrown.message),
    ...(withStack ? { stack: frames.join('\n') } : {}),
    ...(thrown.cause === undefined ? {} : { cause: describeError(thrown.cause, false) }),
  };
}

/** pino would put an error's raw message in `msg` when there is none, and objects into `%o` and `%j`. */
function scrubArguments(args: unknown[]): [obj: object, msg?: string, ...rest: unknown[]] {
  const [first, ...rest] = args;
  if (typeof first === 'string') return [{}, scrub(first), ...rest.map(scrubValue)];
  const fields = first instanceof Error ? { err: first } : ((first ?? {}) as object);
  const [message, ...values] = rest;
  const error = (fields as { err?: unknown }).err;
  if (typeof message === 'string') return [fields, scrub(message), ...values.map(scrubValue)];
  return error instanceof Error ? [fields, scrub(error.message)] : [fields];
}

function scrubValue(value: unknown): unknown {
  if (typeof value === 'string') return scrub(value);
  return value === null || isSmall(value) ? value : `[${typeof value}]`;
}

/** Appends lines; at 20 MB the file becomes `<file>.1` (contract README §7, `LOG_FILE`). */
class LogFile {
  readonly #path: string;
  #fd: number;
  #bytes: number;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
    this.#fd = openSync(path, 'a', 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  write(line: string): void {
    try {
      if (this.#bytes >= ROTATE_BYTES) this.#rotate();
      this.#bytes += writeSync(this.#fd, line);
    } catch (error) {
      // Nowhere left to say it but stdout, which already has the line itself.
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
    }
  }

  #rotate(): void {
    // Counted from here even when it fails: lines then go on into the old file, and 20 MB later it is tried again.
    this.#bytes = 0;
    renameSync(this.#path, `${this.#path}.1`);
    const fresh = openSync(this.#path, 'a', 0o600);
    closeSync(this.#fd);
    this.#fd = fresh;
  }
}

const CONSOLE_METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const;
const CONSOLE_REPORT_MS = 60_000;

/** What libsignal 6.0.0 says first (facts/baileys.md §10). Only these literal words are ever repeated. */
const CONSOLE_PREFIXES = [
  ...['Closing session', 'Opening session', 'Removing old closed session', 'Session already closed'],
  ...['Session already open', 'Session error', 'Failed to decrypt message with any known session'],
  ...['Decrypted message with closed session', 'Closing open session in favor of incoming prekey bundle'],
  ...['Migrating session to', 'V1 session storage migration error'],
];

/**
 * L4: replaces the console for good, because libsignal prints whole sessions with their private keys. What is printed
 * is counted per known prefix and reported at most once a minute. Call it before a library has work to do.
 * @returns puts the original console back (tests).
 */
export function captureConsole(log: Log, clock: Clock = systemClock): () => void {
  const original = CONSOLE_METHODS.map((method) => [method, console[method]] as const);
  const dropped = new Map<string, { count: number; reportedAt: number }>();
  const drop = (first?: unknown) => {
    const words = typeof first === 'string' ? first : '';
    const what = CONSOLE_PREFIXES.find((prefix) => words.startsWith(prefix)) ?? 'other';
    const entry = dropped.get(what) ?? { count: 0, reportedAt: Number.NEGATIVE_INFINITY };
    dropped.set(what, entry);
    entry.count += 1;
    if (clock.now() - entry.reportedAt < CONSOLE_REPORT_MS) return;
    log.debug({ what, count: entry.count }, 'library console output dropped');
    entry.count = 0;
    entry.reportedAt = clock.now();
  };
  for (const method of CONSOLE_METHODS) console[method] = drop;
  return () => {
    for (const [method, write] of original) Object.assign(console, { [method]: write });
  };
}
