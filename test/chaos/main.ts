/**
 * `npm run faults [-- NAME] [-- --only NAME] [-- --rounds N] [-- --seed N] [-- --json]`: the long form of the promises that are
 * about faults, against real processes that are really killed. Progress on stderr, counts on stdout; exit code 1 when
 * a promise was broken.
 */
import { parseArgs } from 'node:util';
import type { Verdict } from '../helpers/audit.ts';
import { seeded } from '../helpers/random.ts';
import { Stage } from '../helpers/stage.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
    /** Keeps the folder of a scenario that failed, and says where it is. */
    keep: { type: 'boolean', default: false },
  },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const say = (line: string) => process.stderr.write(`${line}\n`);
const only = options.only ?? positionals[0];
const chosen = SCENARIOS.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) {
  say(`no scenario ${only}; there are: ${SCENARIOS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const seed = whole(options.seed) ?? Math.floor(Math.random() * 2 ** 31);
say(`seed ${seed}`);
const outcomes: Outcome[] = [];
for (const scenario of chosen) {
  const outcome = await perform(scenario);
  outcomes.push(outcome);
  if (!options.json) print(outcome);
}
const ok = outcomes.every(({ problems }) => problems.length === 0);
if (options.json) process.stdout.write(`${JSON.stringify({ ok, seed, scenarios: outcomes })}\n`);
process.exit(ok ? 0 : 1);

type Outcome = Verdict & { readonly name: string; readonly ms: number };

async function perform({ name, shows, rounds, run }: Scenario): Promise<Outcome> {
  say(`\n${name}: ${shows}`);
  const from = performance.now();
  const stage = await Stage.set();
  const verdict = await run({
    stage,
    random: seeded(seed),
    rounds: whole(options.rounds) ?? rounds.long,
    form: 'long',
    say: (line) => say(`  ${line}`),
  }).catch((error: Error): Verdict => ({ counts: {}, problems: [`${error.message}${cause(error)}`] }));
  if (options.keep && verdict.problems.length > 0) say(`  kept: ${stage.keep()}`);
  await stage.strike();
  return { name, ms: Math.round(performance.now() - from), ...verdict };
}

function print({ name, ms, counts, problems }: Outcome): void {
  const width = Math.max(0, ...Object.keys(counts).map((count) => count.length));
  const lines = [
    `${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name} (${(ms / 1000).toFixed(1)} s)`,
    ...Object.entries(counts).map(([what, count]) => `  ${what.padEnd(width)}  ${count}`),
    ...problems.map((problem) => `  PROBLEM ${problem}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function cause(error: Error): string {
  return error.cause instanceof Error ? ` (${error.cause.message})` : '';
}

function whole(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) {
    say(`expected a whole number, got ${text}`);
    process.exit(2);
  }
  return Number(text);
}
