// The entry that a host starts (contract: sub-path hosting). Same as `npm start`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const build = fileURLToPath(new URL('./scripts/build.js', import.meta.url));
const { status } = spawnSync(process.execPath, [build, '--if-stale'], { stdio: 'inherit' });
if (status !== 0) process.exit(1);
await import('./dist/main.js');
