/** Starts that follow each other, and what came before or after them (starts.ts; contract flows §6.1). */
import { describe, expect, it } from 'vitest';
import { ask, CUSTOMER, DEVICE, flow, HOUR, say, Stage } from './stage.ts';

const ASK = flow([ask('q', 'Name?', 'name'), say('thanks')], ['q>thanks']);
const OTHER = flow([ask('o', 'Other?', 'other')], []);

function stageOf(): Stage {
  const stage = new Stage();
  stage.flows.set('1', ASK).set('2', OTHER);
  return stage;
}

const orders = (stage: Stage) => [...stage.store.table('flows/starts').range()];

/** An order that waits to be asked for again. */
async function waiting(): Promise<Stage> {
  const stage = stageOf();
  stage.isAppAway = true;
  await stage.begin('1');
  await stage.run(8_000);
  expect(orders(stage)).toHaveLength(1);
  return stage;
}

describe('SR3: an order that waits to be asked for again never ends what a newer one began', () => {
  it.each([
    ['in this process', false],
    ['also after a restart', true],
  ])('%s', async (_, restarts) => {
    const stage = await waiting();
    stage.isAppAway = false;
    await stage.begin('2');
    await stage.run(3_000);
    if (restarts) stage.restart();
    await stage.run(90_000);
    expect(stage.texts()).toEqual(['Other?']);
    expect(stage.row()?.wait?.node).toBe('o');
    expect(orders(stage)).toEqual([]);
  });

  it('nor when an earlier version left both of them on disk', async () => {
    const stage = await waiting();
    const [older] = orders(stage);
    await stage.begin('2');
    stage.life.dead = true;
    await stage.store.write((batch) => batch.put(stage.store.table('flows/starts'), older?.key ?? 0, older?.value));
    expect(orders(stage)).toHaveLength(2);
    stage.isAppAway = false;
    stage.restart();
    await stage.run(90_000);
    expect(stage.texts()).toEqual(['Other?']);
    expect(orders(stage)).toEqual([]);
  });

  it('nor when the disk refused to begin it, and took the newer one in that minute', async () => {
    const stage = stageOf();
    await stage.begin('1');
    stage.isFull = true;
    await stage.run(10_000);
    stage.isFull = false;
    await stage.begin('2');
    await stage.run(90_000);
    expect(stage.texts()).toEqual(['Other?']);
  });
});

describe('KR1: what is said after an order is for its flow, though the clock was set back', () => {
  it.each([
    ['in this process', false],
    ['by the next process', true],
  ])('%s', async (_, restarts) => {
    const stage = stageOf();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    stage.callMs = 2_000;
    await stage.begin('1');
    await stage.run(500);
    stage.clockOff = -HOUR;
    if (restarts) stage.restart();
    const message = { device: DEVICE, customer: CUSTOMER, replyId: '', name: 'Ana', mediaUrl: '' } as const;
    const told = stage.desk.providerInbound(
      { ...message, text: 'Bia', provider: 'waba' },
      stage.time.now() + stage.clockOff + 9_500,
    );
    expect(await stage.settle(told)).toEqual({ consumed: true });
    await stage.run(90_000);
    expect(stage.vars()).toMatchObject({ name: 'Bia' });
    expect(stage.texts()).toEqual(['Name?', 'thanks']);
  });
});
