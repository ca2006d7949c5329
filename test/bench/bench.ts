/**
 * The stage of a measurement: a world of its own per contender (so that nobody inherits the other's queues), logins made
 * ready, progress on stderr.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { World } from '../helpers/world.ts';
import { type Contender, contender, type Name, NAMES } from './contenders.ts';

export type Stage = AsyncDisposable & {
  readonly contender: Contender;
  readonly world: World;
  readonly phones: readonly string[];
  /** For output of whatever else takes part. */
  readonly dir: string;
};

export type BenchOptions = {
  /** Divides the sizes, for a quick look. */
  readonly scale: number;
  readonly names?: readonly Name[];
  readonly progress: (line: string) => void;
};

export class Bench {
  readonly names: readonly Name[];
  readonly progress: (line: string) => void;
  readonly #scale: number;
  readonly #dir = mkdtempSync(join(tmpdir(), 'bench-'));

  constructor({ scale, names = NAMES, progress }: BenchOptions) {
    this.#scale = scale;
    this.names = names;
    this.progress = progress;
  }

  /** The size of a row at this run's scale. */
  size(full: number): number {
    return Math.max(1, Math.round(full / this.#scale));
  }

  /** A new world and a contender with `count` paired numbers; everything is gone when it is disposed. */
  async stage(name: Name, count: number): Promise<Stage> {
    const dir = mkdtempSync(join(this.#dir, 'stage-'));
    const logins = join(dir, 'logins');
    mkdirSync(logins);
    const world = await World.start(join(dir, 'world.txt'), ['--light', '--quiet']);
    const phones = count === 0 ? [] : await world.pairedFixtures(count, logins);
    const one = await contender(name, world, join(dir, 'contender'), logins);
    return {
      contender: one,
      world,
      phones,
      dir,
      [Symbol.asyncDispose]: async () => {
        await one.process().kill9();
        await world.stop();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  }

  close(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
