/**
 * A real child process under test: started, watched, measured, and ended the hard or the soft way.
 *
 * Invariants
 *  PR1  every byte of stdout and stderr lands in one file, in the order written, also after SIGKILL.
 *  PR2  no child outlives this process: what still runs when it exits is killed (by id, never by name).
 *
 * Deliberately not here: what the process is. Linux only (/proc), as are the kill tests.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { eventually } from './eventually.ts';

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Usage = {
  /** User and system time of all threads since the start. */
  readonly cpuMs: number;
  readonly rssMb: number;
};

export type ProcessOptions = {
  /** Arguments of `node`. */
  readonly args: readonly string[];
  /** The whole environment of the child, beside PATH and HOME. */
  readonly env?: Record<string, string>;
  readonly cwd: string;
  /** Captured output; appended to, so that restarts of one program share a file. */
  readonly output: string;
};

/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** How long a program may take to start: seconds on an idle machine, many more beside a whole test run. */
export const START_MS = 60_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Process {
  readonly pid: number;
  readonly output: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<Exit>;
  #exit: Exit | undefined;

  constructor(options: ProcessOptions) {
    mkdirSync(dirname(options.output), { recursive: true });
    const fd = openSync(options.output, 'a', 0o600);
    this.output = options.output;
    this.#child = spawn(process.execPath, options.args, {
      cwd: options.cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...options.env },
      stdio: ['ignore', fd, fd],
    });
    closeSync(fd);
    if (this.#child.pid === undefined) throw new Error(`could not start node ${options.args.join(' ')}`);
    this.pid = this.#child.pid;
    running.add(this.#child);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        running.delete(this.#child);
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  /** Undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** False when it had already ended. */
  signal(signal: NodeJS.Signals): boolean {
    return this.#child.kill(signal);
  }

  /** Rejects when it still runs after `withinMs`. */
  async ended(withinMs: number): Promise<Exit> {
    return eventually(() => this.#exit, { what: `process ${this.pid} ends`, withinMs, everyMs: 5 });
  }

  async kill9(): Promise<Exit> {
    this.#child.kill('SIGKILL');
    return this.#exited;
  }

  /** Everything it has printed so far (and, with a shared file, its forerunners). */
  printed(): string {
    return readFileSync(this.output, 'utf8');
  }

  /** The first whole printed line that matches; rejects at the deadline, or as soon as the process has ended. */
  async line(matches: RegExp, withinMs: number): Promise<string> {
    const found = await eventually(
      () => {
        const lines = this.printed().split('\n').slice(0, -1);
        return lines.find((line) => matches.test(line)) ?? (this.#exit ? null : undefined);
      },
      { what: `a line like ${matches} from process ${this.pid}`, withinMs, everyMs: 10 },
    );
    if (found === null) throw new Error(`process ${this.pid} ended before a line like ${matches}\n${this.tail()}`);
    return found;
  }

  /** The last lines, for error messages of tests. */
  tail(lines = 20): string {
    return this.printed().trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Rejects when the process has ended. */
  usage(): Usage {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    // The command name is in parentheses and may contain anything; the fields after it are fixed (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [user, system, pages] = [fields[11], fields[12], fields[21]].map(Number);
    return {
      cpuMs: (((user ?? 0) + (system ?? 0)) * 1000) / TICKS_PER_SECOND,
      rssMb: ((pages ?? 0) * PAGE_BYTES) / 2 ** 20,
    };
  }
}
