/**
 * Starts the bridge from what `quick-build.js` has made: its own code, and the packages together with their compiled form.
 *
 *  QS1  a package has one instance, whoever asks for it.
 *
 * `--keep <folder>`: runs the packages alone and keeps their compiled form. V8 takes it only under the flags it was made with.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

// A process that lives for seconds does not earn back what optimizing its code at start costs.
setFlagsFromString('--interrupt-budget=2000000');

const [, , option, half = ''] = process.argv;
if (option === '--keep') keep(half);
else start();

function start() {
  const program = new URL('../../.tmp/programs/src/', import.meta.url);
  const { name } = JSON.parse(readFileSync(new URL('packages.json', program), 'utf8'));
  const folder = fileURLToPath(new URL(`../../quick/${name}`, program));
  const installed = createRequire(import.meta.url);
  const { exports: packages } = run(
    script(join(folder, 'packages.cjs'), readFileSync(join(folder, 'compiled'))),
    installed,
  );
  const require = Object.assign((path) => packages[path]?.() ?? installed(path), { resolve: installed.resolve });
  run(script(fileURLToPath(new URL('main.cjs', program))), require);
}

function keep(folder) {
  const made = script(join(folder, 'packages.cjs'));
  const { exports: packages } = run(made, createRequire(import.meta.url));
  for (const load of Object.values(packages)) load();
  writeFileSync(join(folder, 'compiled'), made.createCachedData());
}

/** esbuild writes nothing but ASCII, which reads several times faster as Latin-1. */
function script(filename, cachedData) {
  const made = new Script(`(function (require, module, exports) {${readFileSync(filename, 'latin1')}\n})`, {
    filename,
    cachedData,
  });
  if (made.cachedDataRejected) throw new Error('the packages were compiled by another engine, or under other flags');
  return made;
}

function run(code, require) {
  const module = { exports: {} };
  code.runInThisContext()(require, module, module.exports);
  return module;
}
