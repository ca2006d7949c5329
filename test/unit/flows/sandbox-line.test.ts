/** Who waits for a thread of the sandbox, how long, and what becomes of threads (SB1-SB3), over threads of the tests. */
import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { Sandbox } from '../../../src/actors/flows/sandbox.ts';
import type { Script } from '../../../src/actors/flows/sandbox.types.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const refused = (error: string) => ({ kind: 'refused', status: 0, error });
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Runs what it is told when the test says so. */
class Thread extends EventEmitter {
  script: Script | undefined;
  isOver = false;

  unref(): void {}

  postMessage(script: Script): void {
    this.script = script;
  }

  async terminate(): Promise<number> {
    if (!this.isOver) this.emit('exit', 1);
    this.isOver = true;
    return 1;
  }

  says(json: string): void {
    this.script = undefined;
    this.emit('message', { kind: 'result', json });
  }
}

function world({ starts = true } = {}) {
  const time = new SimulatedTime();
  const log = createLog({ level: 'silent' });
  const threads: Thread[] = [];
  const open = () => {
    const thread = new Thread();
    threads.push(thread);
    if (starts) setImmediate(() => thread.emit('message', { kind: 'ready' }));
    // The sandbox uses no more of a worker than this has.
    return thread as unknown as Worker;
  };
  const sandbox = new Sandbox({ clock: time, log, open });
  const answers: unknown[] = [];
  const run = (code: string) => void sandbox.run(code, {}).then((answer) => answers.push(answer));
  const running = () => threads.filter(({ isOver }) => !isOver).map(({ script }) => script?.code);
  /** Whatever is under way comes to its end. */
  const finish = async () => {
    for (const thread of threads) if (thread.script && !thread.isOver) thread.says(`"${thread.script.code}"`);
    await settled();
  };
  return { time, threads, sandbox, answers, run, running, finish };
}

describe('SB1: the line', () => {
  it('a second thread starts only when the first is busy, a third never', async () => {
    const { threads, run, running, finish, answers } = world();
    run('a');
    await settled();
    await settled();
    await finish();
    run('b');
    await settled();
    expect([threads.length, running()]).toEqual([1, ['b']]);
    for (const code of ['c', 'd', 'e']) run(code);
    await settled();
    await settled();
    expect([threads.length, running()]).toEqual([2, ['b', 'c']]);
    await finish();
    expect(running()).toEqual(['d', 'e']);
    await finish();
    expect(answers).toEqual(['a', 'b', 'c', 'd', 'e'].map((value) => ({ kind: 'ok', value })));
  });

  it('however many sessions run one script, another one is next', async () => {
    const { run, running, finish } = world();
    for (let n = 0; n < 500; n++) run('slow');
    run('quick');
    await settled();
    await settled();
    expect(running()).toEqual(['slow', 'slow']);
    await finish();
    expect(running()).toContain('quick');
    await finish();
    expect(running()).toEqual(['slow', 'slow']);
  });

  it('who waits for more than 15 s is refused, and what runs goes on', async () => {
    const { time, run, answers, finish, running } = world();
    for (let n = 0; n < 100; n++) run(`s${n}`);
    await settled();
    await settled();
    for (let round = 0; round < 7; round++) {
      time.advance(2_000);
      await finish();
    }
    expect(answers).toHaveLength(14);
    time.advance(1_000);
    await settled();
    expect(answers.slice(14)).toEqual(Array(84).fill(refused('too many scripts wait')));
    expect(running()).toEqual(['s14', 's15']);
    run('new');
    await finish();
    expect(running()).toContain('new');
  });
});

describe('SB2: threads', () => {
  it('one that is not ready in 15 s is ended, and told', async () => {
    const { time, threads, run, answers } = world({ starts: false });
    run('a');
    await settled();
    time.advance(15_000);
    await settled();
    expect(answers).toEqual([refused('it could not be run')]);
    expect(threads.map(({ isOver }) => isOver)).toEqual([true]);
  });

  it('one that breaks while nobody uses it is not used again', async () => {
    const { threads, run, finish, answers } = world();
    run('a');
    await settled();
    await settled();
    await finish();
    await threads[0]?.terminate();
    run('b');
    await settled();
    await settled();
    await finish();
    expect([threads.length, answers.length, answers[1]]).toEqual([2, 2, { kind: 'ok', value: 'b' }]);
  });

  it('SB3: at the end what runs and what waits is refused, and no thread stays', async () => {
    const { sandbox, threads, run, answers } = world();
    for (const code of ['a', 'b', 'c']) run(code);
    await settled();
    await settled();
    await sandbox.close();
    await settled();
    expect(answers).toEqual(Array(3).fill(refused('the bridge is stopping')));
    expect(threads.every(({ isOver }) => isOver)).toBe(true);
    expect(await sandbox.run('d', {})).toEqual(refused('the bridge is stopping'));
  });
});
