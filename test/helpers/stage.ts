/**
 * What one test, scenario or demo stands on: a loopback world, bridges and a temporary folder, all gone at the end,
 * also after a failure or Ctrl-C.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Bridge, type BridgeOptions } from './bridge.ts';
import { World } from './world.ts';

const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export class Stage {
  readonly dir: string;
  readonly world: World;
  readonly #quick: boolean;
  readonly #bridges: Bridge[] = [];
  /** Of a lasting stage. */
  #there: { readonly bridge: Bridge; readonly phones: string[] } | undefined;
  #kept = false;

  private constructor(dir: string, world: World, quick: boolean) {
    this.dir = dir;
    this.world = world;
    this.#quick = quick;
  }

  /** With a world in a process of its own: for people who watch, and for scenarios that freeze it. */
  static set(): Promise<Stage> {
    return Stage.#around((dir) => World.start(`${dir}/world.out`));
  }

  /** With a world in this process: for tests. */
  static forTest(): Promise<Stage> {
    return Stage.#around(() => World.here(), true);
  }

  /** One that a play leaves to the next one: `bridge` and `paired` answer what is there from the beginning. */
  static async lasting(numbers: number, env: Record<string, string> = {}): Promise<Stage> {
    const stage = await Stage.forTest();
    stage.#there = await stage.paired(numbers, env).catch(async (error: unknown) => {
      await stage.strike();
      throw error;
    });
    return stage;
  }

  static async #around(world: (dir: string) => Promise<World>, quick = false): Promise<Stage> {
    const dir = mkdtempSync(`${tmpdir()}/node-bridge-`);
    folders.add(dir);
    return new Stage(dir, await world(dir), quick);
  }

  /** A bridge against this world, listening. `name` is its folder; two of one name share their saved logins. */
  async bridge(options?: Partial<BridgeOptions> & { readonly name?: string }): Promise<Bridge> {
    if (this.#there && options === undefined) return this.#there.bridge;
    const bridge = await this.launch(options);
    await bridge.listening();
    return bridge;
  }

  /** As `bridge`, without waiting until it listens. */
  async launch({
    name = 'bridge',
    ...options
  }: Partial<BridgeOptions> & { readonly name?: string } = {}): Promise<Bridge> {
    const bridge = await Bridge.launch({
      ...{ world: this.world, dir: `${this.dir}/${name}`, quick: this.#quick },
      ...options,
    });
    this.#bridges.push(bridge);
    return bridge;
  }

  /** A bridge with `count` numbers that were paired before it starts. */
  async paired(count: number, env: Record<string, string> = {}): Promise<{ bridge: Bridge; phones: string[] }> {
    if (this.#there) {
      const { bridge, phones } = this.#there;
      if (count > phones.length || Object.keys(env).length > 0) throw new Error('this stage was set for less');
      return { bridge, phones: phones.slice(0, count) };
    }
    const phones = count === 0 ? [] : await this.world.pairedFixtures(count, `${this.dir}/bridge/legacy`);
    const bridge = await this.bridge({ env });
    return { bridge, phones };
  }

  /** Leaves the folder behind, for looking at output; answers where it is. */
  keep(): string {
    this.#kept = true;
    folders.delete(this.dir);
    return this.dir;
  }

  /** Kills what still runs and removes the folder. */
  async strike(): Promise<void> {
    for (const bridge of this.#bridges) {
      // A stopped process (SIGSTOP) dies of SIGKILL as well.
      if (bridge.process.exit === undefined) await bridge.kill9();
    }
    await this.world.stop();
    if (!this.#kept) rmSync(this.dir, { recursive: true, force: true });
    folders.delete(this.dir);
  }
}

/** Runs `play` on a stage of its own, in a test. */
export async function onStage<T>(play: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = await Stage.forTest();
  try {
    return await play(stage);
  } finally {
    await stage.strike();
  }
}
