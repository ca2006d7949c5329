/** P10, short form: every kind of deafness with a keep-alive of 0.6 s instead of 15 s; `npm run faults -- p10` is the long one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newMessageId } from '../../src/ids.ts';
import { CONTACT, PHONE } from '../conformance/engines/world.ts';
import { eventually } from '../helpers/eventually.ts';
import { liveHouse } from '../helpers/live-house.ts';

const KEEP_ALIVE = { everyMs: 600, answerMs: 500 };

describe('P10 a session that is connected but deaf is found and replaced', () => {
  let house: Awaited<ReturnType<typeof liveHouse>>;
  beforeAll(async () => {
    house = await liveHouse({ keepAlive: KEEP_ALIVE });
    await house.restored();
  });
  afterAll(() => house.close());

  it.each(['freeze', 'swallow', 'swallow-client', 'swallow-server'] as const)(
    '%s: found in time, replaced at once, and what was sent meanwhile arrives once',
    async (how) => {
      const { world, supervisor } = house;
      await house.untilReady();
      const opened = world.whatsapp.number(PHONE).connections.length;
      const from = Date.now();
      world.whatsapp.closeNumber(PHONE, { how });
      const text = `sent while ${how}`;
      const content = { kind: 'text', text } as const;
      const to = `${CONTACT}@s.whatsapp.net`;
      const sending = supervisor
        .child(PHONE)
        ?.sockets.current?.send({ from: PHONE, to, content, id: newMessageId(), deadline: from + 300 });
      const inbound = await world.whatsapp.sendFromContact(CONTACT, { to: PHONE, text: `in while ${how}` });
      expect(inbound.kind).toBe('sent');
      const found = await house.entry(`${how} is found`, ({ cause }) => cause.startsWith('deaf'), from);
      expect(found).toMatchObject({ state: 'restoring', code: 408, next: 'reconnect' });
      expect(found.at - from).toBeLessThan(KEEP_ALIVE.everyMs + KEEP_ALIVE.answerMs + 500);
      await eventually(async () => world.whatsapp.number(PHONE).connections.length > opened, {
        what: 'a new login',
        withinMs: 5_000,
        everyMs: 5,
      });
      expect(Date.now() - found.at).toBeLessThan(2_000);
      await house.untilReady();
      // In doubt means pending: the next connection finishes it under the same id.
      expect(['pending', 'failed', 'unknown']).toContain((await sending)?.kind);
      const at = () => world.whatsapp.messages(CONTACT, PHONE).filter((message) => message.text === text);
      if ((await sending)?.kind === 'pending')
        await eventually(async () => at().length === 1, { what: 'the message arrives', withinMs: 10_000 });
      const taken = () =>
        world.inbound().filter(({ content: { kind }, id }) => kind === 'text' && id === inboundId(inbound));
      await eventually(async () => taken().length === 1, { what: 'the inbound message is taken', withinMs: 10_000 });
      expect(at().length).toBeLessThanOrEqual(1);
    },
  );

  it('no word of it to the app: replaced within the 60 s of grace (C-39)', () => {
    expect(house.statuses()).toEqual(['Ready']);
  });

  it('a peer that is slow within its time is left in peace', async () => {
    await house.untilReady();
    const from = Date.now();
    house.world.whatsapp.applyFaults({ iq: { delayMs: 350 } });
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    house.world.whatsapp.applyFaults({ clear: true });
    expect(house.entries().filter(({ at }) => at >= from)).toEqual([]);
  });
});

const inboundId = (sent: { kind: string; id?: string }): string => sent.id ?? '';
