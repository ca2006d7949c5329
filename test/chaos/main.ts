/**
 * `npm run faults [-- NAME] [-- --only NAME] [-- --rounds N] [-- --seed N] [-- --json]`: the long form of the promises that are
 * about faults, against real processes that are really killed. Progress on stderr, counts and a summary on stdout; exit
 * code 1 when a promise was broken.
 *
 *  FA1  whatever becomes of one scenario, also one that never ends, the next ones run and the summary is printed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Verdict } from '../helpers/audit.ts';
import { seeded } from '../helpers/random.ts';
import { Stage } from '../helpers/stage.ts';
import { type Scenario, together } from './scenario.ts';
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

/** Longer than any scenario takes in its default form, also on a slow machine. */
const LONGEST_MINUTES = 30;

const say = (line: string) => process.stderr.write(`${line}\n`);
const only = options.only ?? positionals[0];
const chosen = SCENARIOS.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) {
  say(`no scenario ${only}; there are: ${SCENARIOS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
// What a failed scenario left running must not take the next ones along; it counts as a problem where it turns up.
const strays: string[] = [];
process.on('unhandledRejection', (error) => {
  strays.push(`nobody awaited: ${error instanceof Error ? error.message : String(error)}`);
});
const seed = whole(options.seed) ?? Math.floor(Math.random() * 2 ** 31);
say(`seed ${seed}`);
const outcomes: Outcome[] = [];
for (const scenario of chosen) {
  const outcome = await perform(scenario);
  outcomes.push(outcome);
  if (!options.json) print(outcome);
}
if (!options.json && outcomes.length > 1) summarize(outcomes);
const ok = outcomes.every(({ problems }) => problems.length === 0);
if (options.json) process.stdout.write(`${JSON.stringify({ ok, seed, scenarios: outcomes })}\n`);
process.exit(ok ? 0 : 1);

type Outcome = Verdict & { readonly name: string; readonly ms: number };

async function perform({ name, shows, rounds, run }: Scenario): Promise<Outcome> {
  say(`\n${name}: ${shows}`);
  const from = performance.now();
  const outcome = (verdict: Verdict): Outcome => ({
    ...{ name, ms: Math.round(performance.now() - from) },
    ...together(verdict, { counts: {}, problems: strays.splice(0) }),
  });
  const set = await Stage.set().catch((error: Error) => error);
  if (set instanceof Error) return outcome(failure('the stage was not set', set));
  const times = whole(options.rounds) ?? rounds.long;
  const played = run({
    stage: set,
    random: seeded(seed),
    rounds: times,
    form: 'long',
    say: (line) => say(`  ${line}`),
  }).catch((error: Error) => failure('the scenario failed', error));
  const minutes = LONGEST_MINUTES * Math.max(1, times / rounds.long);
  const over = new AbortController();
  const late = delay(minutes * 60_000, undefined, over).then(() =>
    failure('the scenario did not end', new Error(`not within ${minutes} min`)),
  );
  // Called off when the scenario ends, and then awaited by nobody.
  late.catch(() => undefined);
  const verdict = await Promise.race([played, late]);
  over.abort();
  if (options.keep && verdict.problems.length > 0) say(`  kept: ${set.keep()}`);
  const struck = await set.strike().then(
    () => verdict,
    (error: Error) => together(verdict, failure('the stage was not struck', error)),
  );
  return outcome(struck);
}

function summarize(all: readonly Outcome[]): void {
  const broken = all.filter(({ problems }) => problems.length > 0);
  const names = broken.map(({ name }) => name).join(', ');
  const seconds = (all.reduce((sum, { ms }) => sum + ms, 0) / 1000).toFixed(0);
  const end = broken.length === 0 ? 'all promises kept' : `${broken.length} FAILED: ${names}`;
  process.stdout.write(`\n${all.length} scenarios in ${seconds} s, seed ${seed}: ${end}\n`);
}

function failure(what: string, error: Error): Verdict {
  return { counts: {}, problems: [`${what}: ${error.message}${cause(error)}`] };
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
