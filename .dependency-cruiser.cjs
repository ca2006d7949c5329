/**
 * The import laws of docs/architecture.md, all errors. `npm run laws` also checks that the laws bite: see scripts/laws.ts.
 * Numbers are those of the table "Who may import whom".
 */

const BASE = '^src/(config/|(config|log|metrics|clock|ids|phone|thread)\\.ts$)';
const base = '^src/(log|metrics|clock|ids|phone|thread)\\.ts$';
const PACKAGE = '^node_modules/';

/** A package that only the given files may import, types included: nobody else should know its shapes. */
const only = (name, packages, files) => ({
  name: `8-${name}`,
  severity: 'error',
  comment: `${name} is one room's tool`,
  from: { path: '^src/', pathNot: files },
  to: { path: `${PACKAGE}(${packages})/` },
});

/** Everything that a room may import besides itself; whatever is not listed is forbidden. */
const room = (number, name, from, allowed) => ({
  name: `${number}-${name}`,
  severity: 'error',
  from: { path: from },
  to: { path: '^src/', pathNot: [from, ...allowed] },
});

module.exports = {
  forbidden: [
    { name: '1-no-cycles', severity: 'error', from: { path: '^(src|test)/' }, to: { circular: true } },
    {
      name: '1-no-orphans',
      severity: 'error',
      from: { path: '^src/', orphan: true, pathNot: '\\.d\\.ts$' },
      to: {},
    },
    {
      name: '1-no-strangers',
      severity: 'error',
      comment: 'what does not resolve, or is not in package.json, is not there after a clean install',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['unknown', 'undetermined', 'npm-no-pkg', 'npm-unknown'],
        // Meant: the very copy that Baileys (curve.ts patches it) and lmdb work with.
        pathNot: `${PACKAGE}(libsignal|msgpackr)/`,
      },
    },
    room(2, 'base-imports-base', BASE, [BASE]),
    {
      name: '2-config-is-read-in-one-place',
      severity: 'error',
      from: { pathNot: ['^src/config(/|\\.ts$)', '^test/'] },
      to: { path: '^src/config/' },
    },
    room(2, 'store-and-net-import-base', '^src/(store/|net(/|\\.ts$))', [base]),
    room(2, 'content-imports-base', '^src/content/', [base]),
    room(3, 'machines-are-pure', '^src/machines/', ['^src/phone\\.ts$']),
    {
      name: '3-machines-import-xstate-only',
      severity: 'error',
      from: { path: '^src/machines/' },
      to: { path: '.', pathNot: ['^src/', `${PACKAGE}xstate/`] },
    },
    room(4, 'app-client', '^src/app-client/', [
      base,
      '^src/(store/store|net|net/proxy|content/loose)\\.ts$',
      '^src/machines/(receipt|status-words)\\.ts$',
    ]),
    room(5, 'actors', '^src/actors/', [
      '^src/(machines|app-client|content)/',
      base,
      '^src/(store/(store|files|unusable)|net|net/[^/]+)\\.ts$',
    ]),
    room(6, 'scheduler', '^src/scheduler/', [
      base,
      '^src/store/store\\.ts$',
      '^src/machines/(job|recipient)\\.ts$',
      '^src/(app-client|content)/',
      '^src/actors/protocol\\.ts$',
    ]),
    room(7, 'http', '^src/http/', [
      base,
      '^src/content/',
      '^src/actors/protocol\\.ts$',
      '^src/scheduler/protocol\\.ts$',
    ]),
    {
      name: '6-7-types-only-from-actors-and-scheduler',
      severity: 'error',
      comment: 'routes and jobs talk to actors by message; they share shapes, not code',
      from: { path: '^src/(http|scheduler)/' },
      to: {
        path: '^src/(actors|scheduler)/protocol\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    only('baileys', '@whiskeysockets/baileys|libsignal', '^src/actors/engines/unofficial/'),
    only('werift', 'werift', '^src/actors/voice/(peer|dtls-repeats)\\.ts$'),
    only('lmdb', 'lmdb|msgpackr', '^src/store/'),
    only('undici', 'undici', '^src/net(/(guarded-request|proxy|socket|streamed|vendor))?\\.ts$'),
    only('opus', 'opusscript', '^src/actors/voice/opus(-native.d)?\\.ts$'),
    only('proxy-agents', 'https-proxy-agent|socks-proxy-agent', '^src/net/proxy\\.ts$'),
    only('ofetch', 'ofetch', '^src/app-client/client\\.ts$'),
    only('xstate', 'xstate', '^src/(machines|actors)/'),
    only('hono', 'hono|@hono/[^/]+', '^src/http/'),
    only('prom-client', 'prom-client', '^src/metrics\\.ts$'),
    only('pino', 'pino', '^src/log\\.ts$'),
    only('node-schedule', 'node-schedule|@types/node-schedule', '^src/scheduler/timer\\.ts$'),
    only('quickjs', 'quickjs-emscripten-core|@jitl/[^/]+', '^src/actors/flows/sandbox-worker\\.ts$'),
    only('luxon', 'luxon|@types/luxon', '^src/scheduler/wall-clock\\.ts$'),
    only('libphonenumber', 'libphonenumber-js', '^src/scheduler/(recipient-zone|content/country-code)\\.ts$'),
    {
      name: '9-engines-are-reached-through-the-port',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          '^src/actors/engines/[^/]+/',
          '^src/main\\.ts$',
          '^src/main/[^/]+$',
          '^src/actors/engines/select\\.ts$',
        ],
      },
      to: { path: '^src/actors/engines/[^/]+/' },
    },
    {
      name: '9-engines-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/actors/engines/([^/]+)/' },
      to: { path: '^src/actors/engines/[^/]+/', pathNot: '^src/actors/engines/$1/' },
    },
    {
      name: '12-nobody-imports-main',
      severity: 'error',
      from: { pathNot: '^src/main' },
      to: { path: '^src/main' },
    },
    {
      name: '12-src-does-not-import-test',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: '12-loopback-does-not-import-src',
      severity: 'error',
      comment: 'a peer that shares code with the bridge shares its mistakes',
      from: { path: '^test/loopback/' },
      to: { path: '^src/' },
    },
    {
      name: '13-no-dev-dependencies-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test/fixtures)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: `${__dirname}/tsconfig.json` },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
