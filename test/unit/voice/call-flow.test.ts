/** The call flow: what each node does, and how a call runs through it. Contract voice §10. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type FlowEvent, FlowInterpreter, type FlowState } from '../../../src/actors/voice/cascade/call-flow.ts';
import { type FlowResult, runFlow } from '../../../src/actors/voice/cascade/flow-run.ts';
import { Talk } from '../../../src/actors/voice/cascade/talk.ts';
import { Turns } from '../../../src/actors/voice/cascade/turns.ts';
import { wantsToEnd } from '../../../src/actors/voice/manners.ts';
import { type CallFlow, callFlowOf } from '../../../src/app-client/voice-calls.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

type Node = [id: string, type: string, data?: Record<string, unknown>];
type Edge = [source: string, target: string, port?: string];

const graph = (
  nodes: Node[],
  edges: Edge[] = nodes.slice(1).map(([id], at): Edge => [nodes[at]?.[0] ?? '', id]),
): CallFlow =>
  callFlowOf({
    flowNodes: nodes.map(([id, type, data]) => ({ id, type, ...(data && { data }) })),
    flowEdges: edges.map(([source, target, sourceHandle = 'out']) => ({ source, sourceHandle, target })),
  }) as CallFlow;

const ends = (said: string) => wantsToEnd(said, { exitKeywords: ['end'] });

/** Runs until the interpreter waits or ends: `say: …`, `hear`, …; `events` are given to what waits. */
function walk(flow: CallFlow, events: FlowEvent[] = []): string[] {
  const interpreter = new FlowInterpreter(flow, ends);
  let { state, effect } = interpreter.start({ caller_phone: '49170', callee_phone: '49171' });
  const done: string[] = [];
  for (let guard = 0; guard < 200; guard += 1) {
    const { kind, ...rest } = effect;
    done.push([kind, ...Object.values(rest)].filter((word) => word !== undefined && word !== '').join(': '));
    if (kind === 'hang up' || kind === 'converse' || kind === 'end') return done;
    const event = kind === 'say' ? { kind: 'done' as const } : events.shift();
    if (!event) return done;
    ({ state, effect } = interpreter.next(state, event));
  }
  throw new Error('it does not end');
}
const turn = (text: string, isDigit = false): FlowEvent => ({ kind: 'turn', turn: { text, isDigit } });
const END = 'end';

describe('the interpreter', () => {
  it('starts behind the trigger, or at the first node; ends where there is no way on', () => {
    const say: Node = ['b', 'cf_say', { text: 'Hello' }];
    expect(walk(graph([['a', 'trigger'], say]))).toEqual(['say: Hello', END]);
    expect(walk(graph([say, ['c', 'cf_say', { text: 'More' }]]))).toEqual(['say: Hello', 'say: More', END]);
    expect(walk(graph([['a', 'trigger']]))).toEqual([END]);
    expect(walk(graph([say], [['b', 'gone']]))).toEqual(['say: Hello', END]);
  });

  it('takes an edge without a port, and skips nodes it does not know', () => {
    const nodes: Node[] = [
      ['a', 'trigger'],
      ['x', 'cf_dance'],
      ['b', 'cf_say', { text: 'Hi' }],
    ];
    expect(
      walk(
        graph(nodes, [
          ['a', 'x', ''],
          ['x', 'b', ''],
        ]),
      ),
    ).toEqual(['say: Hi', END]);
  });

  it('a listen saves the turn under its name, and placeholders read it', () => {
    const nodes: Node[] = [
      ['a', 'cf_listen', { save: 'name' }],
      ['b', 'cf_say', { text: 'Hi {{name}} at {{ caller_phone }}{{unknown}}!' }],
      ['c', 'cf_listen'],
      ['d', 'cf_say', { text: '{{caller_said}}, {{name}}' }],
    ];
    expect(walk(graph(nodes), [turn('Ada'), turn('bye')])).toEqual([
      ...['hear', 'say: Hi Ada at 49170!', 'hear', 'say: bye, Ada', END],
    ]);
  });

  it('names of variables are ordinary, whatever they mean to the language', () => {
    const nodes: Node[] = [
      ['a', 'cf_listen', { save: '__proto__' }],
      ['b', 'cf_say', { text: '<{{__proto__}}{{constructor}}>' }],
    ];
    expect(walk(graph(nodes), [turn('Ada')])).toContain('say: <Ada>');
  });

  it.each(['1e9', 'Infinity'])(
    'V-17 a listen whose silence is longer than a timer can be waits (%s s)',
    (silenceTimeout) => {
      expect(walk(graph([['a', 'cf_listen', { silenceTimeout }]]))).toEqual(['hear: 2147483647']);
    },
  );

  it('V-17 a listen goes on with nothing after its own silence', () => {
    const nodes: Node[] = [
      ['a', 'cf_listen', { silenceTimeout: '4' }],
      ['b', 'cf_say', { text: 'You said "{{caller_said}}"' }],
    ];
    expect(walk(graph(nodes), [{ kind: 'silence' }])).toEqual(['hear: 4000', 'say: You said ""', END]);
  });

  describe('a menu', () => {
    const options = [{ match: 'Sales', label: 'Sales' }, { match: 'help' }, { match: '' }];
    const nodes: Node[] = [
      ['l', 'cf_listen'],
      ['m', 'cf_menu', { options, mode: 'speech' }],
      ...['p0', 'p1', 'p2', 'nomatch'].map((name): Node => [name, 'cf_say', { text: name }]),
    ];
    const ports = ['p0', 'p1', 'p2', 'nomatch'].map((name): Edge => ['m', name, name]);
    const menu = graph(nodes, [['l', 'm'], ...ports]);
    it.each([
      ['I need sales, please', false, 'p0'],
      ['HELP with sales', false, 'p0'],
      ['helpless', false, 'p1'],
      ['something else', false, 'nomatch'],
      ['2', true, 'p1'],
      ['3', true, 'p2'],
      ['4', true, 'nomatch'],
      ['0', true, 'nomatch'],
      ['#', true, 'nomatch'],
      ['2', false, 'nomatch'],
    ])('V-18 %j (a key: %s) takes %s', (text, isDigit, port) => {
      expect(walk(menu, [turn(text, isDigit)])).toEqual(['hear', `say: ${port}`, END]);
    });
    it('CF4 waits when nobody has said anything yet', () => {
      const alone = graph(nodes.slice(1), ports);
      expect(walk(alone, [turn('2', true)])).toEqual(['hear', 'say: p1', END]);
    });
    it.each([
      ['its own nomatch', [['m', 'm', 'nomatch']], 'what?'],
      [
        'a word and its nomatch',
        [
          ['m', 'nomatch', 'nomatch'],
          ['nomatch', 'm'],
        ],
        'what?',
      ],
      [
        'the way of its option',
        [
          ['m', 'p0', 'p0'],
          ['p0', 'm'],
        ],
        'sales',
      ],
    ] as const)('CF5 reached again by %s, it waits for another turn', (_, ways, said) => {
      const again = graph(nodes, [['l', 'm'], ['m', 'p1', 'p1'], ...ways.map(([...edge]): Edge => edge)]);
      const done = walk(again, [turn(said), turn('help')]);
      expect(done.filter((step) => step !== 'say: nomatch' && step !== 'say: p0')).toEqual([
        ...['hear', 'hear', 'say: p1', END],
      ]);
    });
    it('options may come as a map (PHP)', () => {
      const php = graph(
        [
          ['l', 'cf_listen'],
          ['m', 'cf_menu', { options: { 0: { match: 'a' } } }],
          ['x', 'cf_say', { text: 'x' }],
        ],
        [
          ['l', 'm'],
          ['m', 'x', 'p0'],
        ],
      );
      expect(walk(php, [turn('a')])).toEqual(['hear', 'say: x', END]);
    });
  });

  it('cf_ai asks, speaks and saves the answer', () => {
    const nodes: Node[] = [
      ['l', 'cf_listen'],
      ['a', 'cf_ai', { model: 'm', prompt: 'Help {{caller_said}}', assistant_id: 9, save: 'answer' }],
      ['s', 'cf_say', { text: '{{answer}}!' }],
    ];
    expect(walk(graph(nodes), [turn('Ada'), { kind: 'answer', text: 'Yes' }])).toEqual([
      ...['hear', 'ask: m: Help Ada: 9', 'say: Yes', 'say: Yes!', END],
    ]);
    expect(walk(graph(nodes), [turn('Ada'), { kind: 'answer', text: '' }])).toEqual([
      ...['hear', 'ask: m: Help Ada: 9', 'say: !', END],
    ]);
  });

  it.each([
    [undefined, 'please end', ['say: Bye', 'hang up: exit keyword']],
    [false, 'please end', ['say: Bye', 'say: more', END]],
    [undefined, 'please send', ['say: Bye', 'say: more', END]],
  ])('V-28 exit keywords count only in cf_ai, with endOnGoodbye %j: %s', (endOnGoodbye, said, then) => {
    const nodes: Node[] = [
      ['l', 'cf_listen'],
      ['a', 'cf_ai', { prompt: 'p', endOnGoodbye }],
      ['s', 'cf_say', { text: 'more' }],
    ];
    expect(walk(graph(nodes), [turn(said), { kind: 'answer', text: 'Bye' }]).slice(2)).toEqual(then);
    expect(
      walk(
        graph([
          ['l', 'cf_listen'],
          ['s', 'cf_say', { text: 'more' }],
        ]),
        [turn(said)],
      ),
    ).toContain('say: more');
  });

  it('cf_search, cf_transfer, cf_hangup and cf_assistant', () => {
    const nodes: Node[] = [
      ['a', 'cf_search', { query: 'weather {{caller_phone}}', filler: 'One moment' }],
      ['b', 'cf_transfer', { number: '1', message: 'I put you through: {{search}}' }],
      ['c', 'cf_hangup', { goodbye: 'Bye' }],
    ];
    expect(walk(graph(nodes), [{ kind: 'answer', text: 'sunny' }])).toEqual([
      ...['search: weather 49170: One moment', 'say: I put you through: sunny', 'hang up: Bye: call flow'],
    ]);
    expect(walk(graph([['a', 'cf_assistant', { callAssistantId: '7', assistant: '8' }]]))).toEqual(['converse: 7']);
  });

  it('CF1 a circle ends after 40 steps; each turn has 40 of its own', () => {
    const circle = graph([['a', 'cf_say', { text: 'x' }]], [['a', 'a']]);
    expect(walk(circle)).toEqual([...Array.from({ length: 40 }, () => 'say: x'), 'hang up: too many steps']);
    const loop = graph(
      [
        ['l', 'cf_listen'],
        ['a', 'cf_say', { text: 'x' }],
      ],
      [
        ['l', 'a'],
        ['a', 'l'],
      ],
    );
    expect(
      walk(
        loop,
        Array.from({ length: 60 }, () => turn('y')),
      ).length,
    ).toBe(121);
  });

  it('is pure: a state can be gone on from twice', () => {
    const interpreter = new FlowInterpreter(
      graph([
        ['l', 'cf_listen'],
        ['s', 'cf_say', { text: '{{caller_said}}' }],
      ]),
      ends,
    );
    const { state } = interpreter.start({});
    const frozen = Object.freeze(state) satisfies FlowState;
    expect(interpreter.next(frozen, turn('a')).effect).toEqual({ kind: 'say', text: 'a' });
    expect(interpreter.next(frozen, turn('b')).effect).toEqual({ kind: 'say', text: 'b' });
  });
});

describe('a call that runs through it', () => {
  let time: SimulatedTime;
  beforeEach(() => {
    time = new SimulatedTime();
  });

  function begin(
    flow: CallFlow,
    reply: (question: string) => Promise<string | undefined> = () => Promise.resolve('Yes'),
  ) {
    const turns = new Turns(time, (turn) => talk.completed(turn));
    const spoken: string[] = [];
    const asked: unknown[] = [];
    const hurry: { now?: () => void } = {};
    const talk: Talk = new Talk({
      mouth: {
        say: async (text) => {
          spoken.push(text);
          hurry.now?.();
          await Promise.resolve();
          talk.told(text, time.now());
          return 'said';
        },
        cut: () => undefined,
      },
      turns,
      line: { turn: () => undefined },
      reprompt: 'Pardon?',
    });
    const interpreter = new FlowInterpreter(flow, ends);
    const box: { result?: FlowResult } = {};
    void runFlow({
      talk,
      brain: {
        reply: (said, task) => {
          asked.push(task);
          return reply(said.at(-1)?.text ?? '');
        },
        search: (query) => Promise.resolve(`found ${query}`),
      },
      flow: interpreter,
      first: interpreter.start({}),
      goodbye: 'Bye',
    }).then((result) => Object.assign(box, { result }));
    return { turns, talk, spoken, asked, box, hurry };
  }

  it('says, listens, asks and searches in the order of the graph', async () => {
    const call = begin(
      graph([
        ['a', 'cf_say', { text: 'Hello' }],
        ['b', 'cf_listen'],
        ['c', 'cf_ai', { prompt: 'p' }],
        ['d', 'cf_search', { query: '{{caller_said}}', filler: 'Wait' }],
        ['e', 'cf_say', { text: '{{search}}' }],
        ['f', 'cf_hangup', { goodbye: 'Bye now' }],
      ]),
    );
    await time.advanceAsync(0);
    call.turns.final('shoes');
    await time.advanceAsync(300);
    await time.advanceAsync(0);
    expect(call.spoken).toEqual(['Hello', 'Yes', 'Wait', 'found shoes']);
    expect(call.asked).toMatchObject([{ prompt: 'p', maxTokens: 200, temperature: 0.6 }]);
    expect(call.box.result).toEqual({
      kind: 'ended',
      ending: { why: 'call flow', goodbye: 'Bye now', afterMs: 1_200 },
    });
    expect(time.pending).toBe(0);
  });

  it('V-18 FR1 a key pressed while the graph speaks is heard by its next wait', async () => {
    const call = begin(
      graph(
        [
          ['a', 'cf_say', { text: 'Press one or two' }],
          ['b', 'cf_listen'],
          ['m', 'cf_menu', { options: [{}, {}] }],
          ['x', 'cf_say', { text: 'two' }],
        ],
        [
          ['a', 'b'],
          ['b', 'm'],
          ['m', 'x', 'p1'],
        ],
      ),
    );
    call.hurry.now = () => {
      delete call.hurry.now;
      call.turns.digit('2');
    };
    call.hurry.now();
    await time.advanceAsync(0);
    expect(call.spoken).toEqual(['Press one or two', 'two']);
  });

  it('§10, FR1 a turn that nothing waits for begins the graph again at its start', async () => {
    const flow = graph([
      ['a', 'cf_say', { text: 'We are closed.' }],
      ['b', 'cf_ai', { prompt: 'p' }],
    ]);
    const heard: string[] = [];
    const call = begin(flow, (said) => {
      heard.push(said);
      return Promise.resolve('Yes');
    });
    call.hurry.now = () => {
      delete call.hurry.now;
      call.turns.digit('1');
    };
    call.hurry.now();
    await time.advanceAsync(0);
    expect(call.spoken).toEqual(['We are closed.', 'Yes', 'We are closed.', 'Yes']);
    expect(heard.slice(1)).toEqual(['We are closed.']);
    expect(call.box.result).toMatchObject({ ending: { why: 'end of the call flow' } });
  });

  it('FR1 nothing delays a cf_hangup', async () => {
    const call = begin(
      graph([
        ['a', 'cf_say', { text: 'Bye' }],
        ['b', 'cf_hangup'],
      ]),
    );
    call.turns.digit('1');
    await time.advanceAsync(0);
    expect([call.spoken, call.box.result]).toMatchObject([['Bye'], { ending: { why: 'call flow' } }]);
  });

  it('FR2 without an answer it asks the caller again and goes on', async () => {
    const call = begin(
      graph([
        ['a', 'cf_ai'],
        ['b', 'cf_say', { text: 'on' }],
      ]),
      () => Promise.resolve(undefined),
    );
    await time.advanceAsync(0);
    expect(call.spoken).toEqual(['Pardon?', 'on']);
  });

  it('FR3 a long text is said in parts of whole sentences, or words; nothing is lost', async () => {
    const sentence = `${'word '.repeat(60).trim()}. `;
    for (const text of [sentence.repeat(12), 'word '.repeat(900), 'x'.repeat(2_500), 'Hi! ... How are you?']) {
      const call = begin(graph([['a', 'cf_say', { text }]]));
      await time.advanceAsync(0);
      expect(call.spoken.join('').trim()).toBe(text.trim());
      expect(call.spoken.every(({ length }) => length <= 1_001)).toBe(true);
      expect(call.spoken.length).toBe(Math.ceil(text.trim().length / 1_000));
    }
  });

  it('V-17 without a timeout of its own a listen ends the call at the third silence', async () => {
    const call = begin(graph([['a', 'cf_listen']]));
    await time.advanceAsync(60_000);
    expect(call.spoken).toEqual(['Pardon?', 'Pardon?']);
    expect(call.box.result).toEqual({ kind: 'ended', ending: { why: 'silence', goodbye: 'Bye', afterMs: 1_200 } });
  });

  it('V-17 with one it goes on by itself', async () => {
    const call = begin(
      graph([
        ['a', 'cf_listen', { silenceTimeout: 4 }],
        ['b', 'cf_assistant', { assistant: '8' }],
      ]),
    );
    await time.advanceAsync(3_999);
    expect(call.box.result).toBeUndefined();
    await time.advanceAsync(1);
    await time.advanceAsync(0);
    expect(call.box.result).toEqual({ kind: 'left', callAssistantId: '8' });
  });

  it('ended from outside, it stops where it is', async () => {
    const call = begin(
      graph([
        ['a', 'cf_listen'],
        ['b', 'cf_say', { text: 'never' }],
      ]),
    );
    await time.advanceAsync(0);
    call.talk.over();
    await time.advanceAsync(60_000);
    expect([call.box.result, call.spoken, time.pending]).toEqual([{ kind: 'ended', ending: undefined }, [], 0]);
  });
});
