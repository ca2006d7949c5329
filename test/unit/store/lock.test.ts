/** P4 on one machine, with real processes: one owner per folder, whatever happens to it. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimFolder } from '../../../src/store/lock.ts';
import { program } from '../../helpers/programs.ts';

const CHILD = 'test/unit/store/lock-child.ts';

describe('claimFolder', { timeout: 60_000 }, () => {
  let dir: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'claim-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  /** A child whose commands are answered in order. */
  async function start(folder = dir) {
    const child = spawn(process.execPath, [program(CHILD), folder], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const answer = async () => JSON.parse((await lines.next()).value as string) as { kind: string; by?: string };
    const ask = (command: string) => {
      child.stdin.write(`${command}\n`);
      return answer();
    };
    expect(await answer()).toEqual({ kind: 'ready' });
    return { child, claim: (at = 0) => ask(`claim ${at}`), release: () => ask('release') };
  }

  /** What a killed owner leaves: a name whose listener is gone. */
  async function plantStaleName(): Promise<void> {
    const server = createServer().listen(join(dir, 'short-lived'));
    await once(server, 'listening');
    linkSync(join(dir, 'short-lived'), join(dir, `owner-1-${'0'.repeat(16)}.sock`));
    server.close();
    await once(server, 'close');
  }

  it('P4 claims, releases, and can be claimed again; the folder is 0700 and the socket 0600', async () => {
    const first = await claimFolder(dir);
    expect(first.kind).toBe('claimed');
    const [name] = readdirSync(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, name ?? '')).mode & 0o777).toBe(0o600);
    if (first.kind === 'claimed') await first.release();
    expect(readdirSync(dir)).toEqual([]);
    const second = await claimFolder(dir);
    expect(second.kind).toBe('claimed');
    if (second.kind === 'claimed') await second.release();
  });

  it('P4 a second process is refused and told who has it', async () => {
    const { child, claim } = await start();
    expect(await claim()).toEqual({ kind: 'claimed' });
    const refused = await claimFolder(dir);
    expect(refused).toMatchObject({ kind: 'taken' });
    expect(refused.kind === 'taken' && refused.by).toMatch(
      new RegExp(`^process ${child.pid} on .+, started 20\\d\\d-`),
    );
  });

  it('P4 after kill -9 the folder is free at once', async () => {
    const { child, claim } = await start();
    expect(await claim()).toEqual({ kind: 'claimed' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const before = performance.now();
    const next = await claimFolder(dir);
    expect(next.kind).toBe('claimed');
    expect(performance.now() - before).toBeLessThan(500);
    expect(readdirSync(dir)).toHaveLength(1);
    if (next.kind === 'claimed') await next.release();
  });

  it('P4 an owner stopped by SIGSTOP is still the owner', async () => {
    const { child, claim, release } = await start();
    expect(await claim()).toEqual({ kind: 'claimed' });
    child.kill('SIGSTOP');
    const refused = await claimFolder(dir);
    expect(refused).toEqual({ kind: 'taken', by: `process ${child.pid}, which does not answer` });
    child.kill('SIGCONT');
    await release();
    const next = await claimFolder(dir);
    expect(next.kind).toBe('claimed');
    if (next.kind === 'claimed') await next.release();
  });

  it('P4 of two processes that start in the same moment exactly one wins: 20 rounds, each with a stale name', async () => {
    const pair = await Promise.all([start(), start()]);
    for (let round = 0; round < 20; round++) {
      await plantStaleName();
      const at = Date.now() + 20;
      const outcomes = await Promise.all(pair.map(({ claim }) => claim(at)));
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['claimed', 'taken']);
      await Promise.all(pair.map(({ release }) => release()));
      expect(readdirSync(dir)).toEqual([]);
    }
  });

  it('P4 of ten claims in one process exactly one wins, and the next ten after its release', async () => {
    for (let round = 0; round < 5; round++) {
      const claims = await Promise.all(Array.from({ length: 10 }, () => claimFolder(dir)));
      const won = claims.filter((claim) => claim.kind === 'claimed');
      expect(won).toHaveLength(1);
      await won[0]?.release();
    }
  });

  it('works in a folder whose path is too long for a socket address', async () => {
    const deep = join(dir, 'x'.repeat(100), 'y'.repeat(100));
    mkdirSync(deep, { recursive: true });
    const { child, claim: claimThere } = await start(deep);
    expect(await claimThere()).toEqual({ kind: 'claimed' });
    const refused = await claimFolder(deep);
    expect(refused.kind === 'taken' && refused.by).toContain(`process ${child.pid} on`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const claim = await claimFolder(deep);
    expect(claim.kind).toBe('claimed');
    if (claim.kind === 'claimed') await claim.release();
  });

  it('a socket that talks nonsense counts as an owner: better refused than two', async () => {
    const server = createServer((socket) => socket.end('hello')).listen(join(dir, `owner-1-${'0'.repeat(16)}.sock`));
    await once(server, 'listening');
    expect(await claimFolder(dir)).toEqual({ kind: 'taken', by: 'process 1, which does not answer' });
    server.close();
  });
});
