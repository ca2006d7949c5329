/**
 * The short forms of several scenarios, each a test, one after the other on one stage: what they would spend most on is
 * the start of a world and of a bridge.
 *
 *  IT1  a scenario that failed, or left the world in disorder, leaves nothing to the next one: that one gets a new stage.
 */
import { afterAll, expect, it } from 'vitest';
import { type Scenario, shortOn } from '../chaos/scenario.ts';
import { Stage } from './stage.ts';

const FIRST_SEED = 7;

/** `numbers`: as many as the one that needs most of them. `env`: of the bridge, for all. */
export function inTurn(scenarios: readonly Scenario[], numbers: number, env: Record<string, string> = {}): void {
  let stage: Stage | undefined;
  afterAll(() => stage?.strike());
  for (const [index, scenario] of scenarios.entries()) {
    it(`${scenario.name}: ${scenario.shows}`, async () => {
      const own = stage ?? (await Stage.lasting(numbers, env));
      stage = undefined;
      try {
        const { counts, problems } = await shortOn(own, scenario, FIRST_SEED + index);
        expect(problems, JSON.stringify(counts)).toEqual([]);
        await own.world.forget();
        stage = own;
      } finally {
        if (stage === undefined) await own.strike();
      }
    });
  }
}
