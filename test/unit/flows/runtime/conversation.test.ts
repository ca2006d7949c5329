/** Whole conversations of the flow runtime, killed after every write (contract flows §2.3, §6; node.ts ND1). */
import { describe, expect, it } from 'vitest';
import { ask, end, flow, KEY, menu, say, Stage } from './stage.ts';

const SHOP = flow(
  [say('hi', 'Hello', 'Welcome'), ask('q', 'Your name?', 'name'), say('bye', 'Thanks {{name}}'), end()],
  ['hi>q', 'q>bye', 'bye>end'],
);

/** The whole conversation; answers only what was asked, and again when a crash took the message away. */
async function talk(stage: Stage): Promise<void> {
  await stage.begin('1', { subscriber: 7 });
  await stage.run(20_000);
  // The customer's own phone repeats what nobody acknowledged: the automations offer it again.
  for (let tries = 0; tries < 3; tries++) if (await stage.says('Ana', { id: 'ANSWER' })) break;
  await stage.run(20_000);
}

describe('a conversation', () => {
  it('runs from start to end: each message once and in order, mirrored, answers stored, told to the app', async () => {
    const stage = new Stage();
    stage.flows.set('1', SHOP);
    await talk(stage);
    expect(stage.texts()).toEqual(['Hello', 'Welcome', 'Your name?', 'Thanks Ana']);
    expect(stage.mirrors()).toEqual(stage.texts());
    expect(stage.vars()).toMatchObject({ name: 'Ana', q: 'Ana', user_message: 'Ana' });
    expect(stage.row()?.ended).toMatchObject({ how: 'completed' });
    expect(stage.told('flow complete')).toHaveLength(1);
    expect(stage.told('flow park').map(({ snapshot }) => snapshot?.nodeId)).toEqual(['q', undefined]);
    const [first, second, third] = stage.messages.map(({ at }) => at);
    expect([second! - first!, third! - second!]).toEqual([1_100, 2_600]);
  });

  it.each(['after', 'before'] as const)(
    'killed %s any of its writes it says the same, once each (F-24, ND1)',
    async (dies) => {
      const dry = new Stage();
      dry.flows.set('1', SHOP);
      await talk(dry);
      for (let write = 1; write < dry.writes; write++) {
        const stage = new Stage();
        stage.flows.set('1', SHOP);
        stage.dies = dies;
        stage.writesLeft = write;
        await talk(stage);
        await stage.run(60_000);
        expect([write, stage.texts()]).toEqual([write, dry.texts()]);
        expect([write, stage.mirrors()]).toEqual([write, dry.mirrors()]);
        expect(stage.vars()).toMatchObject({ name: 'Ana' });
        expect(stage.row(KEY)?.ended?.how).toBe('completed');
      }
    },
  );

  it('a menu stays open after a branch; an unwired option stays on it; a dead end leads back to it (§6.6)', async () => {
    const stage = new Stage();
    stage.flows.set('1', flow([menu('m', ['A', 'B', 'C']), say('a'), say('b')], ['m:1>a', 'm:2>b']));
    await stage.begin('1');
    await stage.run(5_000);
    expect(await stage.says('A')).toBe('consumed');
    await stage.run(5_000);
    expect(await stage.taps('p2', 'C')).toBe('consumed');
    await stage.run(5_000);
    expect(await stage.says('what?')).toBe('not consumed');
    expect(await stage.says('B')).toBe('consumed');
    await stage.run(5_000);
    expect(stage.texts()).toEqual(['[m]', 'a', 'b']);
    expect(stage.row()?.ended).toBeUndefined();
    expect(stage.row()?.wait?.node).toBe('m');
  });
});
