/**
 * What a real process holds open: file descriptors and UDP sockets as the kernel counts them, and, where this module is
 * preloaded (`--import`), timers and handles as Node counts them.
 *
 * Preloaded with TEST_RESOURCES_FILE set, the process writes the counts of all its threads there at each SIGUSR2, once they
 * all answer: none of them may have ended. Linux only (/proc).
 */
import { readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
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

type Counts = Record<string, number>;
type Told = { readonly kind: 'here' | 'ask' } | { readonly kind: 'counted'; readonly counts: Counts };

/** Of this thread alone. */
function counted(): Counts {
  const counts: Counts = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Threads share no environment: they say that they are there, and count when they are asked. */
const channel = new BroadcastChannel('open resources');
channel.unref();
const target = process.env['TEST_RESOURCES_FILE'];
if (!isMainThread) {
  channel.onmessage = ({ data }: { data: Told }) => {
    if (data.kind === 'ask') channel.postMessage({ kind: 'counted', counts: counted() } satisfies Told);
  };
  channel.postMessage({ kind: 'here' } satisfies Told);
} else if (target !== undefined) {
  let threads = 0;
  let answers: Counts[] = [];
  const write = () => {
    const sum = counted();
    for (const [name, count] of answers.flatMap(Object.entries)) sum[name] = (sum[name] ?? 0) + count;
    writeFileSync(`${target}.new`, JSON.stringify(sum));
    renameSync(`${target}.new`, target);
  };
  channel.onmessage = ({ data }: { data: Told }) => {
    if (data.kind === 'here') threads += 1;
    if (data.kind === 'counted' && answers.push(data.counts) === threads) write();
  };
  process.on('SIGUSR2', () => {
    answers = [];
    if (threads === 0) write();
    else channel.postMessage({ kind: 'ask' } satisfies Told);
  });
}
