/**
 * The import laws (.dependency-cruiser.cjs), and a proof that they bite: fixtures that break them must be reported, and
 * the cruise must have seen the house at all. A compiler that the cruiser does not understand makes it pass on nothing.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FLOOR = 60;
const CANARIES = ['12-loopback-does-not-import-src', '3-machines-import-xstate-only', '7-http'];

const report = z.object({
  modules: z.array(z.object({ source: z.string() })),
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

function cruise(directory: string, folders: readonly string[]): z.infer<typeof report> {
  const command = [`${ROOT}node_modules/.bin/depcruise`, '--config', `${ROOT}.dependency-cruiser.cjs`];
  const run = spawnSync(process.execPath, [...command, '--output-type', 'json', ...folders], {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (run.stdout === '') throw new Error(run.stderr);
  return report.parse(JSON.parse(run.stdout));
}

const house = cruise(ROOT, ['src', 'test', 'scripts']);
const modules = house.modules.filter(({ source }) => source.startsWith('src/')).length;
const problems = house.summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`);
if (modules < FLOOR) problems.push(`only ${modules} modules of src/ were read, at least ${FLOOR} exist`);

const caught = cruise(`${ROOT}test/fixtures/laws`, ['src', 'test']).summary.violations.map(({ rule }) => rule.name);
for (const canary of CANARIES.filter((name) => !caught.includes(name)))
  problems.push(`a breach of ${canary} went unreported`);

for (const problem of problems) console.error(`  ${problem}`);
console.log(
  problems.length === 0 ? `laws kept by ${modules} modules of src/, ${CANARIES.length} canaries caught` : 'laws broken',
);
process.exitCode = problems.length === 0 ? 0 : 1;
