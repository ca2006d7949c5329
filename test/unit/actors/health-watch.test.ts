/** Contract README §9: the health watchdog, every 60 s per number, on the supervisor, the machine and simulated time. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HealthWatch } from '../../../src/actors/health-watch.ts';
import { createLog } from '../../../src/log.ts';
import { defaultRestartPolicy } from '../../../src/machines/restart.ts';
import { buildHouse } from '../../helpers/house.ts';

const A = '5511900000001';
const B = '5511900000002';

let house: ReturnType<typeof buildHouse>;
let watch: HealthWatch;
beforeEach(async () => {
  house = buildHouse({ paired: [A, B], restartPolicy: defaultRestartPolicy });
  const log = createLog({ level: 'silent' });
  watch = new HealthWatch({ supervisor: house.supervisor, clock: house.time, log });
  watch.start();
  for (const digits of [A, B]) house.supervisor.command(digits, { type: 'restore' });
  await house.time.advanceAsync(5_000);
});
afterEach(() => {
  watch.stop();
  return house.close();
});

describe('README §9: restart a socket that should be up, is down, and nothing else is bringing it back', () => {
  it('HW1 within 60 s, that number alone, and the other one keeps its socket', async () => {
    const [dead] = house.engine.of(A);
    if (dead) dead.isOpen = () => false;
    await house.time.advanceAsync(60_000);
    expect([house.engine.of(A).length, house.engine.of(B).length]).toEqual([2, 1]);
    expect(dead?.closes).toBe(1);
    await house.time.advanceAsync(5_000);
    expect(house.numbers.view(A).ready).toBe(true);
  });

  it('HW1 what is on its way back, or was stopped, is left alone', async () => {
    house.engine.onConnect = () => undefined;
    house.engine.of(A)[0]?.tell({ type: 'closed', reason: { code: 428, text: 'closed' } });
    house.supervisor.command(B, { type: 'stop' });
    await house.time.advanceAsync(10_000);
    const attempts = house.engine.connections.length;
    await house.time.advanceAsync(60_000);
    expect(house.engine.connections).toHaveLength(attempts);
    expect(house.numbers.view(B)).toMatchObject({ stopped: true, state: 'disconnected' });
  });
});
