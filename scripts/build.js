/**
 * Compiles src/ to dist/ and copies what is not TypeScript (pages that the bridge serves).
 * With `--if-stale` only when a source is newer, so that `npm start` works from a fresh clone and costs nothing later.
 * Plain JavaScript: it also runs where only the production packages are installed.
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [src, entry] = [join(root, 'src'), join(root, 'dist', 'main.js')];
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

const sources = existsSync(src)
  ? readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(src, file)).isFile())
  : [];

if (!process.argv.includes('--if-stale') || isStale()) build();

function isStale() {
  if (!existsSync(entry)) return true;
  const built = statSync(entry).mtimeMs;
  // A release may be unpacked in any order and without the compiler; what was built is then what runs.
  return existsSync(compiler) && sources.some((file) => statSync(join(src, file)).mtimeMs > built);
}

function build() {
  if (!existsSync(compiler) || sources.length === 0) {
    console.error(
      'dist/ is missing and cannot be built here: run `npm ci` with development packages, or use a release.',
    );
    process.exit(1);
  }
  const begun = new Date();
  // What does not compile must not lie in dist/ as if it were fresh.
  const options = ['-p', join(root, 'tsconfig.build.json'), '--noEmitOnError'];
  const { status } = spawnSync(process.execPath, [compiler, ...options], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
  for (const file of sources.filter((name) => !name.endsWith('.ts'))) {
    const copy = join(root, 'dist', file);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(join(src, file), copy);
  }
  // A source that was edited meanwhile is newer than what was compiled of it.
  utimesSync(entry, begun, begun);
}
