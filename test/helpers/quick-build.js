/**
 * The bridge in two files instead of two thousand: a process that lives for seconds spends most of its CPU on finding,
 * reading and compiling modules, half of it in the library's protocol definitions. `quick-start.js` runs what this makes.
 *
 *  QB1  the code is that of `src/` and of the installed packages, put together by the compiler and changed in nothing.
 *  QB2  packages are put together, and V8's compiled form of them kept, once for each set of them, compiler and engine;
 *       what changes often, the bridge itself, takes a moment.
 *
 * Deliberately not here: packages that look for files beside themselves, or that the bridge shares with such. They are
 * loaded from where they are installed.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const quick = join(root, '.tmp', 'quick');
const program = join(root, '.tmp', 'programs', 'src');
const start = fileURLToPath(new URL('quick-start.js', import.meta.url));

/** `libsignal` is mended at run time (src, `curve.ts`), so there must be one of it. The last four need not be there. */
const INSTALLED = ['lmdb', 'libsignal', 'opusscript', '@jitl/*', 'quickjs-emscripten-core'];
const OPTIONAL = ['jimp', 'sharp', 'link-preview-js', 'audio-decode'];

const COMMON = {
  absWorkingDir: root,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  bundle: true,
  // As Node resolves: without esbuild's own `module`.
  conditions: [],
  // An `import()` within kept code never ends.
  supported: { 'dynamic-import': false },
};

/** What `import.meta` has become. */
const PLACE_AT = `const placeAt = (url) => ({
  url,
  resolve: (name) => require('node:url').pathToFileURL(require.resolve(name)).href,
});`;

export async function makeQuick(esbuild) {
  const { metafile } = await esbuild.build({
    ...COMMON,
    entryPoints: ['src/main.ts'],
    outfile: join(program, 'main.cjs'),
    packages: 'external',
    metafile: true,
    banner: { js: PLACE_AT },
    plugins: [{ name: 'places', setup: ({ onLoad }) => onLoad({ filter: /\.ts$/ }, withPlaces) }],
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const packages = [...new Set(imports.map(({ path }) => path))]
    .filter((path) => !path.startsWith('node:') && !INSTALLED.some((name) => path.startsWith(name.replace('*', ''))))
    .sort();
  await makePackages(esbuild, packages);
}

async function makePackages(esbuild, packages) {
  const key = createHash('sha256');
  for (const file of [join(root, 'package-lock.json'), start, fileURLToPath(import.meta.url)])
    key.update(readFileSync(file));
  const name = key
    .update(JSON.stringify([packages, process.version]))
    .digest('hex')
    .slice(0, 16);
  writeFileSync(join(program, 'packages.json'), JSON.stringify({ name }));
  const folder = join(quick, name);
  if (existsSync(folder)) return;
  rmSync(quick, { recursive: true, force: true });
  const half = `${folder}.half`;
  mkdirSync(half, { recursive: true });
  await esbuild.build({
    ...COMMON,
    stdin: {
      contents: `module.exports = {${packages.map((path) => `${JSON.stringify(path)}: () => require(${JSON.stringify(path)})`).join()}};`,
      resolveDir: root,
    },
    outfile: join(half, 'packages.cjs'),
    external: [...INSTALLED, ...OPTIONAL],
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'error',
  });
  execFileSync(process.execPath, [start, '--keep', half], { stdio: 'inherit' });
  renameSync(half, folder);
}

/** What looks for files beside itself finds those of `.tmp/programs`. */
function withPlaces({ path }) {
  const text = readFileSync(path, 'utf8');
  if (!text.includes('import.meta')) return undefined;
  const at = join(root, '.tmp', 'programs', path.slice(root.length).replace(/\.ts$/, '.js'));
  const place = `placeAt(${JSON.stringify(pathToFileURL(at).href)})`;
  return { contents: text.replaceAll('import.meta', place), loader: 'ts' };
}
