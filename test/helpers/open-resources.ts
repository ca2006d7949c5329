/**
 * What a real process holds open: file descriptors and UDP sockets as the kernel counts them, and, where this module is
 * preloaded (`--import`), timers and handles as Node counts them.
 *
 * Preloaded with TEST_RESOURCES_FILE set, the process writes its counts there at each SIGUSR2. Linux only (/proc).
 */
import { readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { eventually } from './eventually.ts';
import type { Process } from './process.ts';

export type Open = Readonly<Record<string, number>>;

export const PRELOAD = 'test/helpers/open-resources.ts';

export async function openIn(process: Process, file: string): Promise<Open> {
  rmSync(file, { force: true });
  process.signal('SIGUSR2');
  const handles = await eventually(() => written(file), { what: 'the process tells what is open', withinMs: 10_000 });
  const { descriptors, udp } = descriptorsOf(process.pid);
  const { Timeout = 0 } = handles;
  return { 'file descriptors': descriptors, 'UDP sockets': udp, timers: Timeout };
}

/** As the kernel counts them. */
export function descriptorsOf(pid: number): { readonly descriptors: number; readonly udp: number } {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  const sockets = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const udp = ['udp', 'udp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .filter((line) => sockets.has(line.trim().split(/\s+/)[9] ?? '')),
  );
  return { descriptors: links.length, udp: udp.length };
}

function written(file: string): Open | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Open;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Empty when it was closed since it was listed. */
function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const target = process.env['TEST_RESOURCES_FILE'];
if (target !== undefined)
  process.on('SIGUSR2', () => {
    const counts: Record<string, number> = {};
    for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
    writeFileSync(`${target}.new`, JSON.stringify(counts));
    renameSync(`${target}.new`, target);
  });
