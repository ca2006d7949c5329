/** What the numbers' directory adds to its rooms: who counts as a human that wrote to a customer (contract inbound §8). */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defaultRestartPolicy } from '../../../src/machines/restart.ts';
import { buildHouse } from '../../helpers/house.ts';

const CUSTOMER = '491701234567@s.whatsapp.net';

let house: ReturnType<typeof buildHouse>;
beforeEach(() => {
  house = buildHouse({ restartPolicy: defaultRestartPolicy });
});
afterEach(() => house.close());

it.each([
  ['a send through a route', {}, [CUSTOMER]],
  ['a send of a job (a broadcast, a campaign, a schedule)', { origin: 'job' }, []],
  ['an automatic reply', { origin: 'auto' }, []],
] as const)('inbound §8, to whom a delayed reply gives way: %s', async (_, origin, humans) => {
  const request = {
    from: '5511900000001',
    to: CUSTOMER,
    content: { kind: 'text', text: 'hello' },
    deadline: 0,
  } as const;
  await house.numbers.send({ ...request, ...origin });
  expect(house.humans).toEqual(humans);
});
