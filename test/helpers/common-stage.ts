/**
 * One world and one bridge with the ordinary settings, for all files of a test process that need no more than that, one
 * after the other: to start them takes more CPU than most of these files.
 *
 *  CS1  Who enters finds app and vendors as new, a bridge that remembers nothing of what the earlier ones said, and a
 *       linked number that is connected. Contacts are new by being others: `newContact`.
 *  CS2  What a file leaves behind is its own fault: `leave` waits for what the bridge still has for the app, and answers
 *       what was wrong since it entered. Who enters is told of what came later, under the name of who left it.
 *  CS3  A file that failed to leave takes its stage with it; the next one gets a new one.
 *
 * Files may kill and restart the bridge. Not here: those that freeze the world, or need other variables.
 */
import { expect } from 'vitest';
import type { Bridge } from './bridge.ts';
import { Stage } from './stage.ts';

type Faults = {
  readonly violations: readonly unknown[];
  readonly undecryptable: number;
  readonly duplicateIds: number;
};
export const NO_FAULTS: Faults = { violations: [], undecryptable: 0, duplicateIds: 0 };

let common: CommonStage | undefined;
let contacts = 0;

/** The digits of somebody who has written to nobody in this process. */
export function newContact(): string {
  contacts += 1;
  return `49170${String(1_000_000 + contacts)}`;
}

export class CommonStage {
  readonly stage: Stage;
  readonly bridge: Bridge;
  /** On the linked device. */
  readonly number: string;
  /** The file that is on it. */
  #user: string | undefined;
  #lastUser = 'nobody';
  #before = { undecryptable: 0, duplicateIds: 0 };

  private constructor(stage: Stage, bridge: Bridge, number: string) {
    this.stage = stage;
    this.bridge = bridge;
    this.number = number;
  }

  static async enter(): Promise<CommonStage> {
    if (common !== undefined && common.#user !== undefined) {
      await common.stage.strike();
      common = undefined;
    }
    common ??= await CommonStage.#set();
    await common.#enter();
    return common;
  }

  static async #set(): Promise<CommonStage> {
    const stage = await Stage.forTest();
    const { bridge, phones } = await stage.paired(1);
    // The runner ends its processes by this signal, without an exit event.
    process.once('SIGTERM', () => {
      bridge.process.signal('SIGKILL');
      process.kill(process.pid, 'SIGTERM');
    });
    return new CommonStage(stage, bridge, phones[0] ?? expect.fail('no number was paired'));
  }

  async #enter(): Promise<void> {
    const late = await this.#faults();
    await this.#forget();
    expect(late, `left behind by ${this.#lastUser}`).toEqual(NO_FAULTS);
    this.#user = expect.getState().testPath ?? 'somebody';
    if (this.bridge.process.exit !== undefined) await this.bridge.restart();
    await this.settingsChanged();
    await this.bridge.call('/api/refresh-settings');
    await this.bridge.allConnected([this.number], 60_000);
  }

  /** As the app says when somebody saves settings: what it was told of numbers holds from here on. */
  async settingsChanged(): Promise<void> {
    await this.bridge.call('/api/cache-bust', { body: {} });
  }

  async leave(): Promise<Faults> {
    const { world } = this.stage;
    await world.faults({ clear: true });
    await world.appMode('ok');
    await this.bridge.outboxEmpty(15_000);
    const faults = await this.#faults();
    await this.#forget();
    this.#lastUser = this.#user ?? this.#lastUser;
    this.#user = undefined;
    return faults;
  }

  async #forget(): Promise<void> {
    const { world } = this.stage;
    await world.forget();
    this.#before = await world.checks();
  }

  /** Since somebody left it. */
  async #faults(): Promise<Faults> {
    const { undecryptable, duplicateIds } = await this.stage.world.checks();
    return {
      violations: await this.stage.world.violations(),
      undecryptable: undecryptable - this.#before.undecryptable,
      duplicateIds: duplicateIds - this.#before.duplicateIds,
    };
  }
}
