/**
 * A process that claims and releases a folder on command. Usage: <dir>. Commands on stdin, one a line: `claim <epoch ms>`
 * (at that moment, so that two processes meet), `release`. Answers on stdout, one JSON line per command.
 */
import { createInterface } from 'node:readline';
import { claimFolder } from '../../../src/store/lock.ts';
import type { FolderClaim } from '../../../src/store/lock.ts';

const dir = process.argv[2] ?? '';
let claim: FolderClaim | undefined;
const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

say({ kind: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  const [command, at] = line.split(' ');
  if (command === 'claim') {
    while (Date.now() < Number(at)) continue;
    claim = await claimFolder(dir);
    say(claim);
  } else {
    if (claim?.kind === 'claimed') await claim.release();
    say({ kind: 'released' });
  }
}
