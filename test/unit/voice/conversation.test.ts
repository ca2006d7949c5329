/** Turns, silence, prompts, replies: how a call without a script goes. Contract voice §8.3 to §8.5, §4 step 9. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Brain } from '../../../src/actors/voice/cascade/brain.ts';
import { converse } from '../../../src/actors/voice/cascade/conversation.ts';
import type { Said } from '../../../src/actors/voice/cascade/mouth.ts';
import { systemPrompt, userPrompt } from '../../../src/actors/voice/cascade/prompt.ts';
import { type Ending, type Line, Talk } from '../../../src/actors/voice/cascade/talk.ts';
import { type Heard, Turns } from '../../../src/actors/voice/cascade/turns.ts';
import { callRules } from '../../../src/actors/voice/manners.ts';
import { assistantOf, type ReplyQuestion } from '../../../src/app-client/voice-calls.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

let time: SimulatedTime;
beforeEach(() => {
  time = new SimulatedTime();
});

describe('turns', () => {
  const asked = (turns: Turns, silenceMs = 20_000) => {
    const box: { heard?: Heard } = {};
    void turns.next(silenceMs).then((heard) => Object.assign(box, { heard }));
    return box;
  };
  const textOf = (heard: Heard | undefined) => (typeof heard === 'object' ? heard.text : heard);

  it('TU1 finals within 300 ms of each other are one turn', async () => {
    const turns = new Turns(time, () => undefined);
    const box = asked(turns);
    turns.final('I would');
    await time.advanceAsync(299);
    turns.final('like to book');
    await time.advanceAsync(299);
    expect(box.heard).toBeUndefined();
    await time.advanceAsync(1);
    expect(textOf(box.heard)).toBe('I would like to book');
    turns.final('a table');
    await time.advanceAsync(300);
    expect(textOf(await turns.next(1))).toBe('a table');
    expect(time.pending).toBe(0);
  });

  it('TU1 a key is a turn of its own, behind the words before it', async () => {
    const turns = new Turns(time, () => undefined);
    turns.final('sales');
    turns.digit('2');
    expect(await turns.next(1)).toMatchObject({ text: 'sales', isDigit: false });
    expect(await turns.next(1)).toMatchObject({ text: '2', isDigit: true });
  });

  it('TU2 who is still thinking learns of a further turn, once it is whole', async () => {
    const turns = new Turns(time, () => undefined);
    const signal = turns.further();
    turns.final('wait');
    expect(signal.aborted).toBe(false);
    await time.advanceAsync(300);
    expect(signal.aborted).toBe(true);
    expect(turns.further().aborted).toBe(true);
    await turns.next(1);
    expect(turns.further().aborted).toBe(false);
  });

  it('TU3 silence is counted while somebody waits, and not while words are still joined', async () => {
    const turns = new Turns(time, () => undefined);
    await time.advanceAsync(60_000);
    const box = asked(turns);
    await time.advanceAsync(19_900);
    turns.final('well');
    await time.advanceAsync(299);
    expect(box.heard).toBeUndefined();
    await time.advanceAsync(1);
    expect(textOf(box.heard)).toBe('well');
    const second = asked(turns);
    await time.advanceAsync(20_000);
    expect(second.heard).toBe('silence');
  });

  it('closed, whoever waits is told and nothing is left', async () => {
    const turns = new Turns(time, () => undefined);
    const box = asked(turns);
    turns.final('half');
    turns.close();
    await time.advanceAsync(0);
    expect([box.heard, time.pending, await turns.next(1)]).toEqual(['over', 0, 'over']);
  });
});

const RULES = callRules(assistantOf({}));
const line = (role: Line['role'], text: string): Line => ({ role, text });

describe('V-03 prompts are within what the app takes (PR1, PR2)', () => {
  it.each([0, 100, 5_000, 6_000, 20_000])(
    'a prompt of %d characters is cut at its end, the rules are whole',
    (length) => {
      const system = systemPrompt('🙂'.repeat(length), RULES);
      expect([...system].length).toBeLessThanOrEqual(6_000);
      expect(system.endsWith(RULES)).toBe(true);
      if (length > 5_999) expect([...system].length).toBeGreaterThan(5_990);
    },
  );

  it('natural_conciseness and languages are in the rules (V-22)', () => {
    expect(RULES).toContain('one or two short sentences');
    const own = callRules(assistantOf({ natural_conciseness: 0, meta: { languages: ['de', 'tr'] } }));
    expect(own).not.toContain('short sentences');
    expect(own).toContain('de, tr');
  });

  it('V-11 the last 12 turns, then the new one once', () => {
    const before = Array.from({ length: 20 }, (_, at) => line(at % 2 ? 'agent' : 'user', `turn ${at}`));
    const lines = userPrompt(before, 'the new one').split('\n');
    expect(lines).toHaveLength(13);
    expect([lines[0], lines[11], lines[12]]).toEqual(['Customer: turn 8', 'Agent: turn 19', 'Customer: the new one']);
  });

  it('the oldest turns go first; the new one and what tools answered stay', () => {
    const before = Array.from({ length: 12 }, (_, at) => line('user', `${at} ${'x'.repeat(800)}`));
    const prompt = userPrompt(before, 'the new one', 'c'.repeat(9_000));
    expect([...prompt].length).toBeLessThanOrEqual(6_000);
    expect(prompt).toContain(`11 ${'x'.repeat(800)}`);
    expect(prompt).not.toContain('Customer: 5 ');
    expect(prompt.match(/c{100,}/)?.[0].length).toBe(3_000);
    expect(prompt.endsWith('\nCustomer: the new one')).toBe(true);
    expect([...userPrompt([], 'y'.repeat(9_000), 'c'.repeat(9_000))].length).toBeLessThanOrEqual(6_000);
  });
});

/** `NEVER`: the app does not answer, until the question is given up. */
const NEVER = 'never';
type Answers = string[];

function brainOf(answers: Answers, assistant: Record<string, unknown> = {}) {
  const questions: ReplyQuestion[] = [];
  const tools: string[] = [];
  const brain = new Brain({
    clock: time,
    app: {
      reply: (question, { signal }) => {
        questions.push(question);
        const answer = answers.shift() ?? '';
        if (answer !== NEVER) return Promise.resolve(answer);
        return new Promise((resolve) => signal?.addEventListener('abort', () => resolve('')));
      },
      search: () => Promise.resolve(''),
    },
    brief: {
      ...{ call: '1', workspace: '3', assistantId: '5', callerPhone: '', calleePhone: '' },
      keys: { deepgram: '', openai: '', elevenlabs: '' },
      assistant: assistantOf({ ai_system_prompt: 'Sell shoes.', ai_model: 'claude-x', ...assistant }),
    },
    callTool: ({ name }) => {
      tools.push(name);
      return Promise.resolve(name === 'broken' ? undefined : `${name} says 42`);
    },
  });
  return { brain, questions, tools };
}
const never = new AbortController().signal;

describe('a reply', () => {
  it('is asked for as the contract says; a realtime model is replaced', async () => {
    const { brain, questions } = brainOf(['yes', 'yes'], { ai_model: 'gpt-realtime' });
    expect(await brain.reply([line('agent', 'Hello'), line('user', 'Shoes?')], brain.task(), never)).toBe('yes');
    expect(questions).toEqual([
      {
        ...{ workspace: '3', model: 'gpt-4o-mini', maxTokens: 150, temperature: 0.4, callAssistantId: '' },
        system: systemPrompt('Sell shoes.', RULES),
        user: 'Agent: Hello\nCustomer: Shoes?',
      },
    ]);
  });

  it('V-22 without natural_conciseness it may be longer', () => {
    expect(brainOf([], { natural_conciseness: false }).brain.task().maxTokens).toBe(300);
  });

  it('BR1 is asked for once more after 250 ms when it is empty, then there is none', async () => {
    const { brain, questions } = brainOf(['', '']);
    let reply: string | undefined = 'pending';
    void brain.reply([line('user', 'Hi')], brain.task(), never).then((text) => {
      reply = text;
    });
    await time.advanceAsync(249);
    expect(questions).toHaveLength(1);
    await time.advanceAsync(1);
    await time.advanceAsync(10_000);
    expect([questions.length, reply]).toEqual([2, undefined]);
  });

  it('BR2 is given up when it was overtaken', async () => {
    const { brain, questions } = brainOf(['', 'too late']);
    const further = new AbortController();
    const reply = brain.reply([line('user', 'Hi')], brain.task(), further.signal);
    await time.advanceAsync(100);
    further.abort();
    expect(await reply).toBeUndefined();
    expect([questions.length, time.pending]).toEqual([1, 0]);
  });

  it('V-16 a tool is called on its trigger keyword, and its answer is context of the reply (BR3)', async () => {
    const tool = (function_name: string, trigger_keywords: string[]) => ({
      ...{ function_name, trigger_keywords, http_method: 'GET', http_url: 'https://shop.example/stock' },
    });
    const tools = [tool('stock', ['In Stock']), tool('broken', ['stock']), tool('other', ['weather'])];
    const { brain, questions, tools: called } = brainOf(['yes', 'yes'], { tools });
    await brain.reply([line('user', 'Is it in stock?')], brain.task(), never);
    expect(called).toEqual(['stock', 'broken']);
    expect(questions[0]?.user).toContain('stock says 42');
    await brain.reply([line('user', 'Thanks')], brain.task(), never);
    expect([called.length, questions[1]?.user]).toEqual([2, 'Customer: Thanks']);
  });
});

describe('a conversation', () => {
  type Call = ReturnType<typeof begin>;
  function begin({
    answers = [],
    assistant = {},
    says,
  }: {
    answers?: Answers;
    assistant?: object;
    says?: Said[];
  } = {}) {
    const raw = {
      greeting_text: 'Hello',
      exit_keywords: ['end'],
      last_greeting: 'Bye',
      reprompt_text: 'Pardon?',
      ...assistant,
    };
    const turns = new Turns(time, (turn) => talk.completed(turn));
    const told: string[] = [];
    const spoken: string[] = [];
    const talk: Talk = new Talk({
      mouth: {
        say: async (text, overtaken) => {
          spoken.push(text);
          await Promise.resolve();
          if (overtaken?.aborted) return 'overtaken';
          const said = says?.shift() ?? 'said';
          if (said === 'said' || said === 'cut') talk.told(text, time.now());
          return said;
        },
        cut: () => undefined,
      },
      turns,
      line: { turn: ({ role, text }) => told.push(`${role}: ${text}`) },
      reprompt: 'Pardon?',
    });
    const { brain, questions } = brainOf(answers, raw);
    const box: { ending?: Ending; isOver?: true } = {};
    const parts = { talk, brain, assistant: assistantOf(raw), task: brain.task(), greeting: 'Hello' };
    void converse(parts).then((ending) => Object.assign(box, { ending, isOver: true }));
    return { turns, told, spoken, talk, questions, box };
  }
  const hear = async ({ turns }: Call, text: string) => {
    turns.final(text);
    await time.advanceAsync(300);
    await time.advanceAsync(0);
  };

  it('greets and answers each turn; the transcript is in spoken order (V-20)', async () => {
    const call = begin({ answers: ['Yes.', 'Red.'] });
    await hear(call, 'Shoes?');
    await hear(call, 'Which colour?');
    expect(call.told).toEqual([
      ...['agent: Hello', 'user: Shoes?', 'agent: Yes.', 'user: Which colour?', 'agent: Red.'],
    ]);
    expect(call.questions[1]?.user).toBe('Agent: Hello\nCustomer: Shoes?\nAgent: Yes.\nCustomer: Which colour?');
  });

  it('V-20, TA1 turns are told when they are complete, in the order in which they began, whoever waits for them', async () => {
    const told: string[] = [];
    const turns = new Turns(time, (turn) => talk.completed(turn));
    let finish: () => void = () => undefined;
    const talk: Talk = new Talk({
      mouth: { say: () => new Promise((resolve) => (finish = () => resolve('said'))), cut: () => undefined },
      turns,
      line: { turn: ({ role, text }) => told.push(`${role}: ${text}`) },
      reprompt: '',
    });
    const said = talk.say('A long story.');
    turns.final('Oh');
    await time.advanceAsync(300);
    const began = time.now();
    await time.advanceAsync(100);
    turns.final('Really?');
    await time.advanceAsync(300);
    expect(told).toEqual([]);
    talk.told('A long story.', began);
    finish();
    expect(await said).toBe('said');
    expect(told).toEqual(['user: Oh', 'agent: A long story.', 'user: Really?']);
    expect([await talk.hear(1), await talk.hear(1)]).toMatchObject([{ text: 'Oh' }, { text: 'Really?' }]);
    turns.digit('4');
    expect(told.at(-1)).toBe('user: 4');
    turns.final('Good b');
    talk.over();
    expect(told.slice(3)).toEqual(['user: 4', 'user: Good b']);
    expect(time.pending).toBe(0);
  });

  it('CO1 a turn that comes before the reply replaces it; the reply answers both', async () => {
    const call = begin({ answers: [NEVER, 'Red shoes.'] });
    await hear(call, 'Shoes?');
    await hear(call, 'Red ones.');
    expect(call.told).toEqual(['agent: Hello', 'user: Shoes?', 'user: Red ones.', 'agent: Red shoes.']);
    expect(call.questions.map(({ user }) => user)).toEqual([
      'Agent: Hello\nCustomer: Shoes?',
      'Agent: Hello\nCustomer: Shoes?\nCustomer: Red ones.',
    ]);
  });

  it('no reply is asked about; it goes on', async () => {
    const call = begin({ answers: ['', '', 'Yes.'] });
    await hear(call, 'Shoes?');
    await time.advanceAsync(300);
    expect(call.spoken.at(-1)).toBe('Pardon?');
    await hear(call, 'Shoes!');
    expect(call.spoken.at(-1)).toBe('Yes.');
  });

  it('V-17 20 s of silence are asked about; the third in a row ends the call (TA2)', async () => {
    const call = begin({ answers: ['Yes.'] });
    await time.advanceAsync(20_000);
    expect(call.spoken).toEqual(['Hello', 'Pardon?']);
    await time.advanceAsync(20_000);
    await hear(call, 'Shoes?');
    for (const asked of [1, 2, 2]) {
      await time.advanceAsync(20_000);
      expect(call.spoken.filter((text) => text === 'Pardon?').length).toBe(2 + asked);
    }
    expect(call.box.ending).toEqual({ why: 'silence', goodbye: 'Bye', afterMs: 1_500 });
    expect(time.pending).toBe(0);
  });

  it.each([
    ['V-28 "send" does not contain "end"', 'Please send it', false],
    ['a word', 'That is the END.', true],
  ])('exit keyword: %s', async (_, text, ends) => {
    const call = begin({ answers: ['Sure.'] });
    await hear(call, text);
    expect(call.box.ending).toEqual(ends ? { why: 'exit keyword', goodbye: 'Bye', afterMs: 1_500 } : undefined);
    expect(call.questions).toHaveLength(ends ? 0 : 1);
    call.talk.over();
    await time.advanceAsync(0);
  });

  it('ends when no engine can speak', async () => {
    const call = begin({ says: ['dumb'] });
    await time.advanceAsync(0);
    expect(call.box.ending).toBe('dumb');
  });

  it('TA3 ended from outside, it says nothing more, whatever it was doing', async () => {
    for (const doing of ['waiting', 'thinking'] as const) {
      const call = begin({ answers: ['', ''] });
      if (doing === 'thinking') await hear(call, 'Shoes?');
      else await time.advanceAsync(0);
      call.talk.over();
      await time.advanceAsync(60_000);
      expect([call.box.isOver, call.box.ending, call.spoken, time.pending]).toEqual([true, undefined, ['Hello'], 0]);
    }
  });
});
