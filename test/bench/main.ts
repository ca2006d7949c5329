/**
 * `npm run bench -- [restore] [send] [inbound] [idle] [schedules] [calls] [flows] [--scale N] [--only bridge] [--json]`: the bridge beside two minimal
 * programs on plain Baileys, in one run on one machine. Progress on stderr, tables (or JSON) on stdout.
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { ROOT } from '../helpers/root.ts';
import { Bench } from './bench.ts';
import { NAMES } from './contenders.ts';
import { type Row, tables } from './figures.ts';
import { flows } from './rows/flows.ts';
import { calls } from './rows/calls.ts';
import { idle } from './rows/idle.ts';
import { inbound } from './rows/inbound.ts';
import { restore } from './rows/restore.ts';
import { schedules } from './rows/schedules.ts';
import { send } from './rows/send.ts';

const ROWS: Record<string, (bench: Bench) => Promise<Row[]>> = {
  restore,
  send,
  inbound,
  idle,
  schedules,
  flows,
  calls,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    scale: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
  },
});
const wanted = positionals.length > 0 ? positionals : Object.keys(ROWS);
const unknown = wanted.filter((name) => !(name in ROWS));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(' ')}; there are ${Object.keys(ROWS).join(' ')}\n`);
  process.exit(2);
}

process.stderr.write('building the bridge\n');
execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });

const names = values.only ? NAMES.filter((name) => values.only?.includes(name)) : NAMES;
let last = 0;
const bench = new Bench({
  scale: Number(values.scale),
  names,
  progress: (line) => {
    const now = Date.now();
    if (now - last < 1_000) return;
    last = now;
    process.stderr.write(`${line}\n`);
  },
});
const rows: Row[] = [];
try {
  for (const name of wanted) rows.push(...((await ROWS[name]?.(bench)) ?? []));
} finally {
  bench.close();
}
const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'CPU'}, Node ${process.version}`;
process.stdout.write(values.json ? `${JSON.stringify({ machine, rows })}\n` : `${machine}\n\n${tables(rows)}`);
