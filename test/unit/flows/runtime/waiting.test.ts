/** Deadlines, delays, pauses and endings, over restarts (contract flows §6.5, §6.6, §11). */
import { describe, expect, it } from 'vitest';
import { ANA, ask, CUSTOMER, delay, DEVICE, end, flow, HOUR, KEY, menu, say, Stage, START } from './stage.ts';

const MINUTE = 60_000;
type Shape = readonly [Parameters<typeof flow>[0], readonly string[]];

async function started([nodes, edges]: Shape, prepare: (stage: Stage) => void = () => undefined): Promise<Stage> {
  const stage = new Stage();
  stage.flows.set('1', flow(nodes, edges));
  prepare(stage);
  await stage.begin('1', { subscriber: 7 });
  await stage.run(10_000);
  return stage;
}

/** As automations start it, by a keyword with these times. */
async function byKeyword(stage: Stage, [nodes, edges]: Shape, timeoutS?: number, cooldownS = 0): Promise<void> {
  stage.flows.set('1', flow(nodes, edges));
  await stage.byKeyword('menu', { timeoutS, cooldownS });
  await stage.run(10_000);
}

const QUESTION: Shape = [[ask('q', 'Name?'), say('thanks')], ['q>thanks']];
const DELAY = (seconds: number): Shape => [
  [say('a'), delay('d', seconds), say('b')],
  ['a>d', 'd>b'],
];

describe('delays (§11, F-08)', () => {
  it("under 60 s they are the bridge's own, survive a restart and fire once", async () => {
    const stage = await started(DELAY(40));
    stage.restart();
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['a']);
    stage.restart();
    await stage.run(30_000);
    expect(stage.texts()).toEqual(['a', 'b']);
    expect(stage.delays).toEqual([]);
  });

  it('one that fell due while the bridge was away fires at the start', async () => {
    const stage = await started(DELAY(40));
    stage.life.dead = true;
    stage.time.advance(HOUR);
    stage.restart();
    await stage.run(3_000);
    expect(stage.texts()).toEqual(['a', 'b']);
  });

  const resume = (stage: Stage, variables = {}) =>
    stage.settle(
      stage.desk.resumeDelay({
        ...{ flowId: '1', sessionKey: KEY, nodeId: 'd', customer: CUSTOMER, device: DEVICE, provider: '', variables },
      }),
    );

  it("from 60 s on they are the app's; F-55: a repeated resume advances once", async () => {
    const stage = await started(DELAY(600));
    expect(stage.delays).toMatchObject([
      { seconds: 600, nodeId: 'd', flowId: '1', sessionKey: KEY, provider: 'baileys' },
    ]);
    await stage.run(600_000);
    expect(stage.texts()).toEqual(['a']);
    await resume(stage, { extra: 'x' });
    await stage.run(10_000);
    await resume(stage);
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['a', 'b']);
    expect(stage.vars()).toMatchObject({ extra: 'x' });
  });

  it('one that the app ends while another branch is paused goes on with it', async () => {
    const nodes = [say('s'), delay('d', 600), say('a', '1', '2'), say('b')];
    const stage = await started([nodes, ['s>d', 's>a', 'd>b']], (it) => {
      it.outcome = ({ content }) => {
        if (content.kind !== 'text' || content.text !== '2' || !it.isReady) return undefined;
        it.isReady = false;
        return { kind: 'interrupted', error: 'connection lost' };
      };
    });
    await stage.run(600_000);
    await resume(stage);
    await stage.run(10_000);
    stage.outcome = () => undefined;
    stage.isReady = true;
    stage.life.wake(DEVICE);
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['s', '1', '2', 'b']);
    expect(stage.row()?.ended?.how).toBe('completed');
  });

  it('an app that never resumes is not waited for: the bridge goes on ten minutes later by itself', async () => {
    const stage = await started(DELAY(600));
    await stage.run(20 * MINUTE + 10_000);
    expect(stage.texts()).toEqual(['a', 'b']);
    await resume(stage);
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['a', 'b']);
  });

  it("a delay that the app refuses to park is the bridge's own", async () => {
    const stage = await started(DELAY(600), (it) => (it.isDelayParked = false));
    await stage.run(601_000);
    expect(stage.texts()).toEqual(['a', 'b']);
  });

  it('F-07: without a local session a delay is rebuilt, once; not into a flow that lost the node', async () => {
    const stage = new Stage();
    stage.flows.set('1', flow(...(DELAY(600) as [Parameters<typeof flow>[0], string[]])));
    await resume(stage, { name: 'Ana' });
    await resume(stage);
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['b']);
    // Also when the session that it made is forgotten again.
    await stage.run(6 * MINUTE);
    await resume(stage);
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['b']);
    const other = new Stage();
    other.flows.set('1', flow([say('x')], []));
    await resume(other);
    await other.run(10_000);
    expect(other.texts()).toEqual([]);
  });
});

describe('waits with a time of their own (F-08)', () => {
  const ports = (node: Shape[0][number]): Shape => [
    [node, say('port 1'), say('port 2')],
    [`${node.id}:1>port 1`, `${node.id}:2>port 2`],
  ];

  it.each<readonly [string, Shape, readonly string[]]>([
    ['an abandoned cart', ports({ id: 'c', flowNodeType: 'Cart' }), ['cart']],
    ['a reply that does not come', ports({ ...ask('q', 'Name?'), timeout: 300 }), ['Name?']],
    ['a form that nobody fills in', ports({ id: 'g', flowNodeType: 'GForm', seconds: 300 }), []],
  ])('%s takes port 2 once, over a restart and over a time away', async (_, shape, shown) => {
    const stage = await started(shape);
    stage.restart();
    await stage.run(4 * MINUTE);
    expect(stage.texts()).toEqual(shown);
    await stage.run(MINUTE);
    stage.restart();
    await stage.run(10 * MINUTE);
    expect(stage.texts()).toEqual([...shown, 'port 2']);
    const away = await started(shape);
    away.life.dead = true;
    away.time.advance(HOUR);
    away.restart();
    await away.run(3_000);
    expect(away.texts()).toEqual([...shown, 'port 2']);
  });

  it('F-42: a new start cancels every timer of the session that was there', async () => {
    const stage = await started([[delay('d', 50), say('late'), ask('q', 'Name?')], ['d>late']]);
    stage.flows.set('2', flow([ask('q', 'New?')], []));
    await stage.begin('2');
    await stage.run(5 * MINUTE);
    expect(stage.texts()).toEqual(['New?']);
  });
});

describe('DL3: a time beyond every calendar', () => {
  it.each([1e13, 1e18, 1e300, Infinity])('%d s: never comes, can be looked at and holds up nobody', async (timeout) => {
    const stage = await started([[{ ...ask('q', 'Name?'), timeout }, say('late')], ['q:2>late']]);
    stage.flows.set('2', flow(...DELAY(40)));
    await stage.begin('2', { customer: '5511977776666' });
    await stage.run(60_000);
    expect(stage.texts()).toEqual(['Name?', 'a', 'b']);
    stage.restart();
    await stage.begin('2', { customer: '5511977776666' });
    await stage.run(60_000);
    expect(stage.texts()).toEqual(['Name?', 'a', 'b', 'a', 'b']);
    const [view] = stage.desk.sessions(DEVICE).filter(({ key }) => key === KEY);
    expect(new Date(view?.deadline ?? Number.NaN).getTime()).toBeGreaterThan(START);
    await stage.says('Ana');
    expect(stage.vars()['answer']).toBe('Ana');
  });
});

describe('pauses (§6.5)', () => {
  it('F-24: a closed socket pauses at the node; ready again, nothing is skipped and nothing sent twice', async () => {
    const stage = await started([[say('a', 'one', 'two', 'three')], []], (it) => {
      it.outcome = ({ content }) => {
        if (content.kind === 'text' && content.text === 'two' && it.isReady) {
          it.isReady = false;
          return { kind: 'interrupted', error: 'connection lost' };
        }
        return undefined;
      };
    });
    expect(stage.texts()).toEqual(['one']);
    await stage.run(HOUR);
    expect(stage.desk.sessions(DEVICE)).toMatchObject([{ status: 'paused', why: 'not connected' }]);
    stage.restart();
    await stage.run(HOUR);
    stage.outcome = () => undefined;
    stage.isReady = true;
    stage.life.wake(DEVICE);
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['one', 'two', 'three']);
    expect(stage.mirrors()).toEqual(stage.texts());
    expect(stage.row()?.ended?.how).toBe('completed');
  });

  it('after 24 h without its number the session is aborted', async () => {
    const stage = await started(QUESTION, (it) => (it.isReady = false));
    await stage.run(23 * HOUR);
    expect(stage.row()?.ended).toBeUndefined();
    await stage.run(HOUR + MINUTE);
    expect(stage.row()?.ended).toMatchObject({ how: 'aborted', why: 'not connected' });
  });

  it('F-25: at the daily cap it goes on the next UTC day', async () => {
    const stage = await started(QUESTION, (it) => (it.room = 0));
    await stage.run(11 * HOUR);
    stage.restart();
    expect(stage.texts()).toEqual([]);
    stage.room = Infinity;
    await stage.run(30 * MINUTE);
    expect(stage.texts()).toEqual([]);
    await stage.run(31 * MINUTE);
    expect(stage.texts()).toEqual(['Name?']);
    expect(stage.messages[0]?.at).toBeGreaterThanOrEqual(Date.UTC(2026, 5, 2));
  });

  it('a fault of the moment is tried again; then the prompt counts as failed and ends the session (F-27)', async () => {
    const stage = await started(QUESTION, (it) => (it.outcome = () => ({ kind: 'transient', error: 'busy' })));
    await stage.run(20 * MINUTE);
    expect(stage.row()?.ended).toBeUndefined();
    await stage.run(2 * MINUTE);
    expect(stage.row()?.ended).toMatchObject({ how: 'aborted', why: 'the prompt was not sent' });
    expect(stage.mirrors()).toEqual([]);
  });

  it.each(['waba', 'twilio'] as const)(
    'facts/cloud-api.md §6.1 D: at a vendor (%s) after 1 s and 4 s, also over a restart; then it has failed',
    async (engine) => {
      const tries: number[] = [];
      const stage = await started(QUESTION, (it) => {
        it.engine = { kind: 'engine', engine, branding: '' };
        it.outcome = () => {
          tries.push(it.time.now());
          return { kind: 'transient', error: 'busy' };
        };
      });
      await stage.run(2_000);
      stage.restart();
      await stage.run(MINUTE);
      const [first = 0, ...again] = tries;
      expect(again.map((at) => Math.round((at - first) / 500) / 2)).toEqual([1, 5]);
      expect(stage.row()?.ended).toMatchObject({ how: 'aborted', why: 'the prompt was not sent' });
    },
  );

  it('told to wait it waits until then; what is unknown is not sent again, and the flow goes on', async () => {
    const stage = await started(QUESTION, (it) => {
      it.outcome = () =>
        it.time.now() < START + HOUR
          ? { kind: 'wait', whom: 'number', until: START + HOUR, why: 'slow' }
          : { kind: 'unknown', error: '?' };
    });
    await stage.run(HOUR);
    expect(stage.texts()).toEqual(['Name?']);
    expect(stage.row()?.wait?.node).toBe('q');
    expect(stage.mirrors()).toEqual([]);
  });

  it('a message that comes while it is paused is kept, and is the answer afterwards', async () => {
    const stage = await started([
      [menu('m', ['A', 'B']), say('a'), ask('q', 'Name?', 'name'), say('bye')],
      ['m:1>a', 'a>q', 'q>bye'],
    ]);
    stage.room = 0;
    expect(await stage.says('A')).toBe('consumed');
    await stage.run(10_000);
    expect(await stage.says('Ana')).toBe('consumed');
    stage.restart();
    stage.room = Infinity;
    await stage.run(13 * HOUR);
    expect(stage.texts()).toEqual(['[m]', 'a', 'Name?', 'bye']);
    expect(stage.vars()).toMatchObject({ name: 'Ana' });
  });

  it('a full disk stops it where it is; it goes on later', async () => {
    const stage = await started(QUESTION);
    await stage.says('Ana');
    stage.isFull = true;
    await stage.run(10_000);
    stage.isFull = false;
    await stage.run(3 * MINUTE);
    expect(stage.texts()).toEqual(['Name?', 'thanks']);
    expect(stage.row()?.ended?.how).toBe('completed');
  });
});

describe('silence (§6.6)', () => {
  it('F-13, F-52: a rule timeout ends it after that time, over restarts, clears the park and sets the cooldown', async () => {
    const stage = new Stage();
    await byKeyword(stage, QUESTION, 120, 60);
    await stage.run(100_000);
    stage.restart();
    await stage.run(15_000);
    expect(stage.row()?.ended).toMatchObject({ how: 'timeout' });
    expect(stage.told('flow park').at(-1)?.snapshot).toBeUndefined();
    expect(stage.cooldowns).toHaveLength(1);
    expect(stage.told('flow complete')).toEqual([]);
    expect(await stage.says('late')).toBe('not consumed');
  });

  it('a rule of less than 30 s means 30 s, counted from the last event, and not during a delay', async () => {
    const stage = new Stage();
    await byKeyword(
      stage,
      [
        [ask('q', 'One?'), delay('d', 50), ask('r', 'Two?')],
        ['q>d', 'd>r'],
      ],
      5,
    );
    await stage.run(18_000);
    expect(await stage.says('a')).toBe('consumed');
    await stage.run(58_000);
    expect(stage.texts()).toEqual(['One?', 'Two?']);
    expect(stage.row()?.ended).toBeUndefined();
    await stage.run(27_000);
    expect(stage.row()?.ended?.how).toBe('timeout');
  });

  it('the silence begins with the question, however long the way to it was', async () => {
    const stage = new Stage();
    stage.sendMs = 10_000;
    await byKeyword(stage, [[say('a', '1', '2', '3'), ask('q', 'Name?')], ['a>q']], 30);
    await stage.run(60_000);
    expect(stage.row()?.ended).toBeUndefined();
    expect(stage.row()?.wait?.node).toBe('q');
    await stage.run(31_000);
    expect(stage.row()?.ended?.how).toBe('timeout');
  });

  it('F-13: without a rule it is dormant after 600 s, and a reply after 11 minutes still resumes', async () => {
    const stage = new Stage();
    await byKeyword(stage, QUESTION, undefined, 60);
    expect(stage.desk.counts()).toMatchObject({ active: 1, waiting: 1 });
    await stage.run(11 * MINUTE);
    expect(stage.desk.counts()).toMatchObject({ active: 0, waiting: 0 });
    expect(stage.cooldowns).toHaveLength(1);
    expect(stage.told('flow park').at(-1)?.snapshot).toBeDefined();
    expect(await stage.says('Ana')).toBe('consumed');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Name?', 'thanks']);
  });

  it('F-14: a session of the app waits for 720 h, however old it is, and no longer', async () => {
    const stage = await started(QUESTION);
    await stage.run(719 * HOUR);
    expect(stage.row()?.ended).toBeUndefined();
    await stage.run(HOUR + MINUTE);
    expect(stage.row()?.ended?.how).toBe('timeout');
  });

  it('what has ended is forgotten five minutes later, with everything of it', async () => {
    const stage = await started([[say('a'), end()], ['a>end']]);
    expect(stage.row()?.ended?.how).toBe('completed');
    await stage.run(6 * MINUTE);
    for (const table of ['sessions', 'places', 'due', 'names', 'starts', 'replies'])
      expect([table, [...stage.store.table(`flows/${table}`).keys()]]).toEqual([table, []]);
  });
});

describe('take-overs (§1.2 flow-end, §6.6)', () => {
  const brazil = { with9: '5511988887777', without: '551188887777' };

  it('F-11, F-12: ends sessions of the customer, of that workspace or of none, by every spelling of the number', async () => {
    const stage = await started(QUESTION);
    await stage.begin('1', { customer: '5521977776666', workspace: '5' });
    await stage.begin('1', { customer: '88887777' });
    await stage.run(10_000);
    expect(await stage.settle(stage.desk.end(brazil.without, '9'))).toBe(1);
    expect(stage.row()?.ended).toMatchObject({ how: 'aborted' });
    expect(await stage.settle(stage.desk.end('5521977776666', '9'))).toBe(0);
    expect(await stage.settle(stage.desk.end('5521977776666', '5'))).toBe(1);
    // The device half and a shared ending never match.
    expect(await stage.settle(stage.desk.end(DEVICE, undefined))).toBe(0);
    expect(stage.row(`${DEVICE}_88887777`)?.ended).toBeUndefined();
    expect(stage.told('flow complete')).toEqual([]);
  });

  it('stops a step that runs, within moments, and nothing of it goes on', async () => {
    const stage = await started(
      [[say('a', '1', '2', '3', '4', '5', '6', '7', '8', '9'), say('b')], ['a>b']],
      (it) => (it.sendMs = 2_000),
    );
    const before = stage.time.now();
    expect(await stage.settle(stage.desk.end(CUSTOMER, undefined))).toBe(1);
    expect(stage.time.now() - before).toBeLessThan(1_000);
    const sent = stage.messages.length;
    await stage.run(MINUTE);
    // One was on its way, and the thread in the app shows it too (F-46).
    expect(stage.messages.length).toBeLessThanOrEqual(sent + 1);
    expect(stage.mirrors()).toEqual(stage.texts());
    expect(stage.row()?.ended?.how).toBe('aborted');
  });

  it('an opt-out ends it without completion; unlinking ends what runs over the device, not over a provider', async () => {
    const stage = await started(QUESTION);
    await stage.settle(stage.life.runtime.flows.end(DEVICE, ANA));
    expect(stage.row()?.ended?.how).toBe('aborted');
    await stage.begin('1', { customer: '5521977776666' });
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    await stage.begin('1', { customer: '5521977775555' });
    await stage.run(10_000);
    await stage.settle(stage.life.runtime.unlinked(DEVICE));
    expect(stage.row(`${DEVICE}_5521977776666`)?.ended?.how).toBe('aborted');
    expect(stage.row(`${DEVICE}_5521977775555`)?.ended).toBeUndefined();
    expect(stage.told('flow complete')).toEqual([]);
  });
});
