/**
 * Makes JavaScript of the bridge and of every other program that tests start as a process, with the compiler of tsx.
 * On the fly a program takes twice the CPU to start, and the real compiler takes longer than all tests of a file.
 *
 *  TP1  what is there is what the sources say: one of them newer than the last run, and all are made anew.
 *  TP2  a source that is no TypeScript ends it with exit code 1, and the compiler says where.
 *
 * Deliberately not here: types, which `npm run typecheck` checks, and `dist/`, which `scripts/build.js` alone writes.
 * Plain JavaScript, because nothing compiles it.
 */
import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeQuick } from './quick-build.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = join(root, '.tmp', 'programs');
const stamp = join(out, 'made');

const files = ['src', 'test', 'scripts']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((file) => !/\.test\.ts$|^test\/fixtures\//.test(file) && statSync(join(root, file)).isFile());
const made = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const sources = [...files, 'package.json', relative(root, fileURLToPath(import.meta.url))];
if (sources.some((file) => statSync(join(root, file)).mtimeMs > made)) await make();

async function make() {
  const begun = new Date();
  rmSync(out, { recursive: true, force: true });
  const esbuild = createRequire(createRequire(import.meta.url).resolve('tsx'))('esbuild');
  await esbuild
    .build({
      absWorkingDir: root,
      entryPoints: files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts')),
      outdir: out,
      outbase: '.',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      bundle: true,
      packages: 'external',
      plugins: [{ name: 'one file each', setup: ({ onResolve }) => onResolve({ filter: /^\./ }, neighbour) }],
    })
    .catch(() => process.exit(1));
  // Pages that the bridge serves, and the version that it tells.
  for (const file of ['package.json', ...files.filter((name) => /^src\/.*(?<!\.ts)$/.test(name))]) {
    mkdirSync(dirname(join(out, file)), { recursive: true });
    copyFileSync(join(root, file), join(out, file));
  }
  await makeQuick(esbuild);
  writeFileSync(stamp, '');
  // A source that was edited meanwhile is newer than what was made of it.
  utimesSync(stamp, begun, begun);
}

/** Every file stays a file of its own, because some look for others beside them. */
function neighbour({ kind, path }) {
  return kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true };
}
