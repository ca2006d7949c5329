/**
 * Contract README §9: SIGTERM during traffic ends with exit code 0 within 25 s, loses nothing, keeps the pairings and
 * lets sends in flight finish.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import { Traffic } from '../../helpers/traffic.ts';
import { PAUSE, type Scenario, together } from '../scenario.ts';

const BUDGET_MS = 25_000;

export const sigterm: Scenario = {
  name: 'sigterm',
  shows: 'SIGTERM during traffic: exit code 0 within 25 s, nothing lost, pairings kept',
  rounds: { short: 1, long: 5 },
  async run({ stage, random, rounds, form, say }) {
    const { world } = stage;
    const { bridge, phones } = await stage.paired(3);
    await bridge.allConnected(phones, 30_000);
    const appLog = await AppLog.fromNow(world);
    const traffic = new Traffic({ world, bridge, numbers: phones, random, pause: PAUSE[form] });
    // Late acks, so that there are sends in flight at every moment.
    await world.faults({ ack: { delayMs: 400 } });
    const problems: string[] = [];
    let started = 0;
    traffic.start();
    for (let round = 1; round <= rounds; round += 1) {
      await bridge.allConnected(phones, 30_000);
      await delay(random.between(500, 1_500));
      const from = performance.now();
      const { code, signal } = await bridge.stop(BUDGET_MS + 5_000);
      const ms = Math.round(performance.now() - from);
      say(`stop ${round}/${rounds}: exit code ${code} after ${ms} ms`);
      if (code !== 0) problems.push(`exit code ${code}, signal ${signal}`);
      const cut = cutOff(traffic, started, from);
      if (cut > 0) problems.push(`${cut} sends in flight were cut off instead of finished`);
      if (ms > BUDGET_MS) problems.push(`took ${ms} ms`);
      await bridge.restart();
      started = performance.now();
    }
    await traffic.stop();
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones });
    return together({ counts: { stops: rounds }, problems }, verdict);
  },
};

/** Requests that had reached the bridge before its SIGTERM and never got an answer. */
const cutOff = (traffic: Traffic, since: number, until: number): number =>
  traffic.sent.flatMap(({ cuts }) => cuts).filter((begun) => begun > since && begun < until).length;
