/** Fan-out, End, sub-flows, loops and dead ends (contract flows §2.3, §2.4, §6.6). */
import { describe, expect, it } from 'vitest';
import { ask, CUSTOMER, delay, DEVICE, end, flow, menu, say, Stage, sub } from './stage.ts';

async function started(nodes: Parameters<typeof flow>[0], edges: readonly string[], others = {}): Promise<Stage> {
  const stage = new Stage();
  stage.flows.set('1', flow(nodes, edges));
  for (const [id, other] of Object.entries(others)) stage.flows.set(id, other as ReturnType<typeof flow>);
  await stage.begin('1');
  await stage.run(60_000);
  return stage;
}

describe('fan-out (§2.3)', () => {
  it('runs every edge of port 1 in order, each branch complete before the next, 1500 ms between nodes', async () => {
    const stage = await started([say('s'), say('a'), say('a2'), say('b'), say('b2')], ['s>a', 's>b', 'a>a2', 'b>b2']);
    expect(stage.texts()).toEqual(['s', 'a', 'a2', 'b', 'b2']);
    const gaps = stage.messages.slice(1).map(({ at }, index) => at - stage.messages[index]!.at);
    // 1000 ms after each reply, 1500 ms between nodes, 100 ms to send.
    expect(gaps).toEqual([2_600, 2_600, 2_600, 2_600]);
  });

  it('other ports follow the first matching edge alone', async () => {
    const stage = await started([menu('m', ['A', 'B']), say('a'), say('b')], ['m:2>a', 'm:2>b']);
    await stage.says('B');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['[m]', 'a']);
  });

  it('an End counts when all siblings are through', async () => {
    const stage = await started([say('s'), end(), say('a'), say('b')], ['s>end', 's>a', 'a>b']);
    expect(stage.texts()).toEqual(['s', 'a', 'b']);
    expect(stage.row()?.ended?.how).toBe('completed');
  });

  it('an End is dropped when a branch waits; that branch ends the session later', async () => {
    const stage = await started([say('s'), ask('q', 'Name?'), end(), say('b')], ['s>q', 's>end', 's>b', 'q>end']);
    expect(stage.texts()).toEqual(['s', 'Name?', 'b']);
    expect(stage.row()?.ended).toBeUndefined();
    await stage.says('Ana');
    await stage.run(10_000);
    expect(stage.row()?.ended?.how).toBe('completed');
  });

  it('of several waits the last one wins, and the earlier menu stays tappable (F-28)', async () => {
    const stage = await started(
      [say('s'), menu('m1', ['A']), menu('m2', ['B']), say('a'), say('b')],
      ['s>m1', 's>m2', 'm1:1>a', 'm2:1>b'],
    );
    expect(stage.row()?.wait?.node).toBe('m2');
    const [, first] = stage.messages;
    expect(await stage.taps('p0', 'A', first?.id)).toBe('consumed');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['s', '[m1]', '[m2]', 'a']);
    expect(stage.vars()).toMatchObject({ m1: 'A', choice: 'A', user_message: 'A' });
    // After a leaf branch of a persistent menu the same wait is open again.
    expect(stage.row()?.wait?.node).toBe('m1');
  });

  it('a delay of one branch runs beside the wait of another', async () => {
    const stage = await started([say('s'), ask('q', 'Name?'), delay('d', 30), say('late')], ['s>q', 's>d', 'd>late']);
    expect(stage.texts()).toEqual(['s', 'Name?', 'late']);
    expect(stage.row()?.wait?.node).toBe('q');
  });
});

describe('dead ends and loops (§6.6)', () => {
  it('a linear tail completes; a one-shot menu is not returned to', async () => {
    const stage = await started([menu('m', ['A'], true), say('a')], ['m:1>a']);
    await stage.says('A');
    await stage.run(10_000);
    expect(stage.row()?.ended?.how).toBe('completed');
  });

  it('§6.6: a dead end behind a list leads back to it, also behind what follows', async () => {
    const list = { id: 'm', flowNodeType: 'List', bodyText: 'm', listItems: [{ id: 'p0', title: 'A' }] };
    const stage = await started([list, ask('q', 'Name?'), say('a')], ['m:1>q', 'q>a']);
    for (const text of ['A', 'Ana', 'A', 'Bea']) {
      await stage.says(text);
      await stage.run(10_000);
    }
    expect(stage.texts().filter((text) => text === 'a')).toHaveLength(2);
    expect(stage.row()?.wait).toMatchObject({ node: 'm', wait: { nextNodeType: 'List' } });
    expect(stage.row()?.ended).toBeUndefined();
  });

  const buttons = (id: string) => ({
    ...{ id, flowNodeType: 'InteractiveButtons', bodyText: id },
    buttons: ['A', 'B'].map((title, index) => ({ id: `p${index}`, title })),
  });

  it.each([
    ['buttons', buttons('m')],
    ['a list', { id: 'm', flowNodeType: 'List', bodyText: 'm', listItems: [{ id: 'p0', title: 'A' }] }],
    ['expected answers', { id: 'm', flowNodeType: 'Question', question: 'm', expectedAnswers: ['A'] }],
    ['a question', { id: 'm', flowNodeType: 'Question', question: 'm' }],
  ])('F-26: %s without any edge do not leave a session that hangs: the answer completes it', async (_, node) => {
    const stage = await started([node], []);
    expect(await stage.says('A')).toBe('consumed');
    await stage.run(10_000);
    expect(stage.row()?.ended?.how).toBe('completed');
  });

  it('F-26: behind a menu without any edge the menu before it waits again', async () => {
    const stage = await started([buttons('m1'), buttons('m2')], ['m1:1>m2']);
    for (const where of ['m2', 'm1', 'm2', 'm1']) {
      await stage.says('A');
      await stage.run(10_000);
      expect(stage.row()?.wait?.node).toBe(where);
    }
  });

  it('§6.6, ST4: a button that leads nowhere leaves the customer at its menu', async () => {
    const stage = await started([buttons('m'), say('a')], ['m:1>a']);
    await stage.says('B');
    await stage.run(10_000);
    expect(stage.row()?.wait?.node).toBe('m');
    expect(stage.vars()).toMatchObject({ user_message: 'B' });
    expect(stage.messages).toHaveLength(1);
  });

  it('more than 20 runs of one node without the customer end it', async () => {
    const stage = await started([say('a'), say('b')], ['a>b', 'b>a']);
    await stage.run(300_000);
    expect(stage.row()?.ended).toMatchObject({ how: 'aborted' });
    expect(stage.texts().filter((text) => text === 'a')).toHaveLength(20);
    expect(stage.told('flow complete')).toEqual([]);
  });

  it('F-15: runs count since the last message of the customer', async () => {
    const stage = await started([ask('q', 'More?')], ['q>q']);
    for (let turn = 0; turn < 25; turn++) {
      expect(await stage.says(`turn ${turn}`)).toBe('consumed');
      await stage.run(5_000);
    }
    expect(stage.texts()).toHaveLength(26);
    expect(stage.row()?.ended).toBeUndefined();
  });

  it('F-41: a node that throws ends its session and no other', async () => {
    const stage = await started([{ id: 'x', flowNodeType: 'Throws' }, say('never')], ['x>never']);
    expect(stage.row()?.ended).toMatchObject({ how: 'aborted', why: 'a node failed' });
    expect(stage.lines.join('')).toContain('a flow node failed');
    expect(stage.texts()).toEqual([]);
  });
});

describe('sub-flows (F-30)', () => {
  const INNER = flow([say('in'), ask('iq', 'Inner?', 'inner'), end('ie')], ['in>iq', 'iq>ie'], 'Inner');
  const OUTER = [say('out'), sub('sub', '2'), say('back', 'Back, {{inner}}')];
  const EDGES = ['out>sub', 'sub>back'];

  it('returns to its parent with its variables, also after a restart inside', async () => {
    const stage = await started(OUTER, EDGES, { 2: INNER });
    expect(stage.texts()).toEqual(['out', 'in', 'Inner?']);
    stage.restart();
    expect(await stage.says('yes')).toBe('consumed');
    stage.restart();
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['out', 'in', 'Inner?', 'Back, yes']);
    expect(stage.row()?.ended?.how).toBe('completed');
  });

  it('returns also after a park that only the app remembers', async () => {
    const stage = await started(OUTER, EDGES, { 2: INNER });
    const park = stage.told('flow park').at(-1)?.snapshot;
    expect(park).toMatchObject({
      flowId: '2',
      nodeId: 'iq',
      variables: { __callStack: [{ flowId: '1', nodeId: 'sub' }] },
    });
    const empty = new Stage();
    empty.flows.set('1', flow(OUTER, EDGES)).set('2', INNER);
    if (park) empty.parked.set(`${DEVICE}_${CUSTOMER}`, { ...park, device: DEVICE });
    expect(await empty.says('parked')).toBe('consumed');
    await empty.run(20_000);
    expect(empty.texts()).toEqual(['Back, parked']);
  });

  it.each([
    ['inside', 'sub', { id: 'sub', flowNodeType: 'Sub', flowId: '2' }],
    ['beside', 'bot', { id: 'bot', flowNodeType: 'Chatbot', agentId: 5 }],
  ])(
    'an agent that takes over ends all of it: %s branches that sleep, wait or are still to run',
    async (_, id, node) => {
      const inner = flow([say('in'), { id: 'bot', flowNodeType: 'Chatbot', agentId: 5 }], ['in>bot']);
      const stage = await started(
        [say('s'), delay('d', 30), say('late'), ask('q', 'Name?'), node, say('b'), say('back')],
        ['s>d', 'd>late', 's>q', `s>${id}`, 's>b', `${id}>back`],
        { 2: inner },
      );
      expect(stage.texts()).toEqual(['s', 'Name?', ...(id === 'sub' ? ['in'] : [])]);
      expect([stage.calls.includes('agentReply'), stage.row()?.ended?.how]).toEqual([true, 'completed']);
    },
  );

  it('ends the session when nothing follows in the parent', async () => {
    const stage = await started([menu('m', ['A']), sub('sub', '2')], ['m:1>sub'], {
      2: flow([say('in'), end('ie')], ['in>ie']),
    });
    await stage.says('A');
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['[m]', 'in']);
    expect(stage.row()?.ended?.how).toBe('completed');
  });

  it('a sibling of the parent does not wait for a sub-flow that waits', async () => {
    const stage = await started([say('s'), sub('sub', '2'), say('b'), say('back')], ['s>sub', 's>b', 'sub>back'], {
      2: INNER,
    });
    expect(stage.texts()).toEqual(['s', 'in', 'Inner?', 'b']);
    await stage.says('yes');
    await stage.run(20_000);
    expect(stage.texts().at(-1)).toBe('back');
  });

  it('nests eight deep at most; a flow that is not there is passed', async () => {
    const stage = await started([sub('sub', '1')], []);
    expect(stage.row()?.ended).toMatchObject({ how: 'aborted' });
    const missing = await started([sub('sub', '404'), say('on')], ['sub>on']);
    expect(missing.texts()).toEqual(['on']);
  });

  it('§2.1: a session keeps the definition that it started with', async () => {
    const stage = await started([ask('q', 'Name?'), say('old')], ['q>old']);
    stage.flows.set('1', flow([ask('q', 'Name?'), say('new')], ['q>new']));
    stage.restart();
    await stage.says('Ana');
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['Name?', 'old']);
  });
});

describe('effects under a kill after every write (ND1)', () => {
  const nodes = [{ id: 'c', flowNodeType: 'Calls' }, say('done')];

  it.each(['after', 'before'] as const)(
    '%s: `once` is done once, whatever its answer; messages and facts too',
    async (dies) => {
      const dry = await started(nodes, ['c>done']);
      expect(dry.texts()).toEqual(['deal ok, rows ok', 'done']);
      expect(dry.told('flow tag')).toHaveLength(1);
      for (let write = 2; write < dry.writes; write++) {
        const stage = new Stage();
        stage.dies = dies;
        stage.flows.set('1', flow(nodes, ['c>done']));
        stage.writesLeft = write;
        await stage.begin('1');
        await stage.run(60_000);
        expect(stage.texts()).toHaveLength(2);
        expect(stage.mirrors()).toEqual(stage.texts());
        expect(stage.texts()[0]).toMatch(/^deal (ok|no answer), rows ok$/);
        expect(stage.calls.filter((name) => name === 'deal').length).toBeLessThanOrEqual(1);
        expect(stage.told('flow tag')).toHaveLength(1);
        expect(stage.row()?.ended?.how).toBe('completed');
      }
    },
  );
});
