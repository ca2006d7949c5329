import { afterEach, expect, it } from 'vitest';
import { limitsOf, noteRefusal } from '../../../src/actors/limits.ts';
import { SentIndex } from '../../../src/actors/sent-index.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { memoryFolder } from '../../helpers/memory-store.ts';

const temp = memoryFolder();
const store = temp.open();
const time = new SimulatedTime();
const HOUR = 3_600_000;
afterEach(async () => {
  await store.close();
  temp.remove();
});

it('LI1, LI2, C-23: 463 and 429 are limits of the number for a while, other refusals speak of one message', async () => {
  for (const code of [479, 463, 429]) await noteRefusal(store, code, time);
  expect(limitsOf(store, time.now()).map(({ code }) => code)).toEqual([463, 429]);
  time.advance(HOUR);
  expect(limitsOf(store, time.now()).map(({ code }) => code)).toEqual([463]);
  time.advance(23 * HOUR);
  expect(limitsOf(store, time.now())).toEqual([]);

  const sent = new SentIndex(store, time);
  const commit = store.write.bind(store);
  await sent.record('A', '1@s.whatsapp.net', Buffer.from('x'), commit, { origin: 'auto' });
  await sent.refuse('A', 463, commit);
  expect(sent.get('A')).toMatchObject({ refused: 463, origin: 'auto' });
  await sent.record('B', '1@s.whatsapp.net', Buffer.from('x'), commit);
  await sent.receive('B', 'delivered', commit);
  await sent.refuse('B', 463, commit);
  expect(sent.get('B')?.refused).toBeUndefined();
  await sent.refuse('unknown', 463, commit);
  expect(sent.has('unknown')).toBe(false);
});
