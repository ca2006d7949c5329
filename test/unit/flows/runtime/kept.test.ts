/** Messages that come at a bad moment: what is kept for later, for whom, and what is not (contract flows §7.1, §7.2). */
import { describe, expect, it } from 'vitest';
import { KeptReplies } from '../../../../src/actors/flows/kept-replies.ts';
import { Sequence } from '../../../../src/app-client/outbox-rows.ts';
import type { ProviderMessage } from '../../../../src/actors/flows/protocol.ts';
import type { KeywordReply } from '../../../../src/app-client/inbound-answers.ts';
import { temporaryStore } from '../../../helpers/temporary-store.ts';
import { ANA, ask, CUSTOMER, DEVICE, flow, HOUR, KEY, say, Stage } from './stage.ts';

const ASK = flow([say('hi'), ask('q', 'Name?', 'name'), say('thanks')], ['hi>q', 'q>thanks']);
const OTHER = flow([ask('o', 'Other?', 'other')], []);
const NOTHING: KeywordReply = { kind: 'none', why: 'notallow' };
const found = (flowId: string): KeywordReply => ({ kind: 'flow', flowId, cooldownS: 0 });

const kept = (stage: Stage) => [...stage.store.table('flows/replies').keys()].length;

function stageOf(): Stage {
  const stage = new Stage();
  stage.flows.set('1', ASK).set('2', OTHER);
  stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
  return stage;
}

const inbound = (stage: Stage, text: string, more: Partial<ProviderMessage> = {}) => {
  const whose = { device: DEVICE, customer: CUSTOMER, replyId: '', name: 'Ana', mediaUrl: '' } as const;
  return stage.desk.providerInbound({ ...whose, text, provider: 'waba', ...more }, stage.time.now() + 9_500);
};

/** Its send of `hi` is under way. */
async function running(stage: Stage): Promise<void> {
  await stage.begin('1');
  while (!stage.row()?.visit) await stage.run(50);
}

/** On the linked device, in front of `hi`; started by the word `menu`. */
async function paused(stage: Stage): Promise<void> {
  stage.engine = { kind: 'engine', engine: 'baileys', branding: '' };
  stage.isReady = false;
  await started(stage, 'menu', '1', '5');
  await stage.run(10_000);
  expect(stage.row()?.pause?.forNumber).toBe(true);
}

const started = (stage: Stage, text: string, flowId: string, workspace?: string) =>
  stage.settle(
    stage.life.runtime.flows.start({
      ...{ device: DEVICE, flowId, workspace, timeoutS: undefined, cooldownS: 0, keyword: true },
      message: { id: `start ${text}`, contact: ANA, name: 'Ana', text, at: stage.time.now() / 1_000 },
    }),
  );

async function ready(stage: Stage): Promise<void> {
  stage.isReady = true;
  stage.life.wake(DEVICE);
  await stage.run(20_000);
}

describe('IB2, F-20: a message of a provider is kept only while something of a flow goes on', () => {
  it('not while the app is asked for the park of an earlier one: it is not consumed then, and looked up', async () => {
    const stage = stageOf();
    const both = [inbound(stage, 'hello'), inbound(stage, 'anybody?')];
    expect(await stage.settle(Promise.all(both))).toEqual([{ consumed: false }, { consumed: false }]);
    expect(stage.lookUps).toEqual(['hello', 'anybody?']);
    expect(kept(stage)).toBe(0);
  });

  it('not while an earlier one is looked up: it waits for that, and is for the flow that is started then', async () => {
    const stage = stageOf();
    await started(stage, 'menu', '1');
    await stage.run(10_000);
    await started(stage, 'other', '2');
    await stage.run(10_000);
    stage.onLookUp = async () => {
      await new Promise<void>((resolve) => stage.time.setTimeout(resolve, 3_000));
      return found('1');
    };
    const both = [inbound(stage, 'menu'), inbound(stage, 'Bia')];
    expect(await stage.settle(Promise.all(both))).toEqual([{ consumed: true }, { consumed: true }]);
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['hi', 'Name?', 'Other?', 'hi', 'Name?', 'thanks']);
    expect(stage.vars()).toMatchObject({ name: 'Bia' });
  });

  it('but behind the branch of an answer that came with it, however long that takes', async () => {
    const stage = stageOf();
    stage.flows.set('1', flow([ask('q', 'Name?', 'name'), ask('r', 'City?', 'city')], ['q>r']));
    await stage.begin('1');
    await stage.run(10_000);
    stage.sendMs = 15_000;
    const both = [inbound(stage, 'Bia'), inbound(stage, 'Rio')];
    expect(await stage.settle(Promise.all(both))).toEqual([{ consumed: true }, { consumed: true }]);
    await stage.run(20_000);
    expect(stage.vars()).toMatchObject({ name: 'Bia', city: 'Rio' });
  });

  it('and behind a start: one that comes to nothing leaves it to its keyword', async () => {
    const stage = stageOf();
    stage.flows.delete('1');
    stage.onLookUp = () => found('2');
    await stage.settle(stage.desk.start(order('1')));
    expect(await stage.settle(inbound(stage, 'other'))).toEqual({ consumed: true });
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['Other?']);
    expect([stage.lookUps, kept(stage)]).toEqual([['other'], 0]);
  });

  it('one that begins only when the session before it is forgotten keeps it, too', async () => {
    const stage = stageOf();
    await stage.begin('1');
    await stage.run(10_000);
    await stage.settle(inbound(stage, 'Ana'));
    await stage.run(10_000);
    expect(stage.row()?.ended?.how).toBe('completed');
    await stage.run(280_000);
    stage.isAppAway = true;
    await stage.settle(stage.desk.start(order('1')));
    expect(await stage.settle(inbound(stage, 'Bia'))).toEqual({ consumed: true });
    await stage.run(75_000);
    stage.isAppAway = false;
    await stage.run(60_000);
    expect(stage.vars()).toMatchObject({ name: 'Bia' });
    expect([stage.lookUps, kept(stage)]).toEqual([[], 0]);
  });

  it('one that is asked for again later keeps it, also under another spelling, for its first question', async () => {
    const stage = stageOf();
    await stage.settle(stage.desk.start(order('1')));
    stage.isAppAway = true;
    expect(await stage.settle(inbound(stage, 'Bia', { customer: '551188887777' }))).toEqual({ consumed: true });
    await stage.run(1_000);
    expect([stage.texts(), kept(stage)]).toEqual([[], 1]);
    stage.isAppAway = false;
    stage.restart();
    await stage.run(20_000);
    expect(stage.vars()).toMatchObject({ name: 'Bia' });
    expect([stage.lookUps, kept(stage)]).toEqual([[], 0]);
  });
});

describe('IB1: a message that is decided on just at its deadline', () => {
  /** When it was told, and what; the disk stands still for so long. */
  async function told(stage: Stage, heldMs: number, text: string, more: Partial<ProviderMessage> = {}) {
    const before = stage.time.now();
    stage.writesHeldUntil = before + heldMs;
    const answer = await stage.settle(inbound(stage, text, more));
    return { ...answer, ms: stage.time.now() - before };
  }

  it.each([
    ['right after it', 9_350],
    ['later than the app has patience', 11_000],
  ])('F-20: is consumed when the wait took it, though that is on disk %s; in time, and once', async (_, heldMs) => {
    const stage = stageOf();
    stage.flows.set('1', flow([ask('q', 'Name?', 'name'), ask('r', 'City?', 'city')], ['q>r']));
    await stage.begin('1');
    await stage.run(10_000);
    const { consumed, ms } = await told(stage, heldMs, 'Bia');
    expect([consumed, ms < 10_000]).toEqual([true, true]);
    await stage.run(20_000);
    expect([stage.texts(), stage.lookUps, kept(stage)]).toEqual([['Name?', 'City?'], [], 0]);
    const { name, city } = stage.vars();
    expect([name, city]).toEqual(['Bia', undefined]);
  });

  it.each([
    ['is not consumed when nobody took it by then, and starts nothing', 9_350, false, []],
    ['starts its flow all the same when the disk did not let that be known in time', 11_000, true, ['Other?']],
  ])('%s', async (_, heldMs, consumed, texts) => {
    const stage = stageOf();
    stage.callMs = 60_000;
    const answer = await told(stage, heldMs, 'other', { flowId: '2' });
    expect([answer.consumed, answer.ms < 10_000]).toEqual([consumed, true]);
    stage.callMs = 100;
    await stage.run(90_000);
    expect([stage.texts(), stage.lookUps, kept(stage)]).toEqual([texts, [], 0]);
  });

  it('F-19: is not looked up again when it was, and is kept at the last moment', async () => {
    const stage = stageOf();
    stage.flows.set('1', flow([say('hi')], []));
    stage.onLookUp = () => new Promise(() => undefined);
    stage.callMs = 2_000;
    const answer = inbound(stage, 'late');
    await stage.run(3_000);
    expect(stage.lookUps).toEqual(['late']);
    stage.sendMs = 30_000;
    void stage.desk.start(order('1'));
    expect(await stage.settle(answer)).toEqual({ consumed: true });
    await stage.run(60_000);
    expect([stage.texts(), stage.lookUps, kept(stage)]).toEqual([['hi'], ['late'], 0]);
  });
});

const order = (flowId: string) =>
  ({ device: DEVICE, customer: CUSTOMER, flowId, provider: '', contact: {}, variables: {} }) as const;

describe('KA1: what was kept goes through the steps of §7.1', () => {
  it('3a: the trigger word restarts, in the workspace of the session', async () => {
    const stage = stageOf();
    await paused(stage);
    expect(await stage.says('Menu')).toBe('consumed');
    expect(await stage.says('Bia')).toBe('consumed');
    await ready(stage);
    expect(stage.texts()).toEqual(['hi', 'Name?', 'hi', 'Name?', 'thanks']);
    expect(stage.vars()).toMatchObject({ name: 'Bia' });
    expect(stage.row()?.workspace).toBe('5');
    expect([stage.lookUps, kept(stage)]).toEqual([[], 0]);
  });

  it('3a: also of a provider, while the flow that it started runs', async () => {
    const stage = stageOf();
    stage.onLookUp = () => found('1');
    expect(await stage.settle(inbound(stage, 'menu'))).toEqual({ consumed: true });
    while (!stage.row()?.visit) await stage.run(50);
    expect(await stage.settle(inbound(stage, 'menu'))).toEqual({ consumed: true });
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['hi', 'Name?', 'hi', 'Name?']);
    expect(stage.lookUps).toEqual(['menu']);
  });

  it('3c: a remembered keyword starts its flow', async () => {
    const stage = stageOf();
    await started(stage, 'other', '2');
    await stage.run(10_000);
    await paused(stage);
    stage.onLookUp = () => found('2');
    expect(await stage.says('other')).toBe('consumed');
    await ready(stage);
    expect(stage.texts().slice(-3)).toEqual(['hi', 'Name?', 'Other?']);
    expect([stage.lookUps, kept(stage)]).toEqual([['other'], 0]);
  });

  it.each([
    ['4: what nothing takes is looked up', {}, ['late']],
    ['4: or starts the flow that came with it', { flowId: '2' }, []],
  ])('%s', async (_, more, lookUps) => {
    const stage = stageOf();
    stage.flows.set('1', flow([say('hi')], []));
    stage.onLookUp = () => found('2');
    await running(stage);
    expect(await stage.settle(inbound(stage, 'late', more))).toEqual({ consumed: true });
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['hi', 'Other?']);
    expect([stage.lookUps, kept(stage)]).toEqual([lookUps, 0]);
  });

  it('F-19: a look-up that a kill interrupted is not repeated, and the question gets its answer', async () => {
    const stage = stageOf();
    await started(stage, 'other', '2');
    await stage.run(10_000);
    await running(stage);
    stage.onLookUp = () => new Promise(() => undefined);
    expect(await stage.settle(inbound(stage, 'other'))).toEqual({ consumed: true });
    await stage.run(5_000);
    expect([stage.lookUps, kept(stage)]).toEqual([['other'], 1]);
    stage.restart();
    await stage.run(20_000);
    expect(stage.lookUps).toEqual(['other']);
    expect(stage.vars()).toMatchObject({ name: 'other' });
    expect(kept(stage)).toBe(0);
  });

  it('a stop during its look-up loses nothing', async () => {
    const stage = stageOf();
    stage.flows.set('1', flow([say('hi')], []));
    await running(stage);
    stage.onLookUp = async () => {
      await new Promise<void>((resolve) => stage.time.setTimeout(resolve, 2_000));
      return found('2');
    };
    expect(await stage.settle(inbound(stage, 'late', {}))).toEqual({ consumed: true });
    while (stage.lookUps.length === 0) await stage.run(50);
    await stage.settle(stage.life.runtime.stop());
    expect(kept(stage)).toBe(1);
  });
});

describe('KA1, inbound §8: what a look-up finds for the linked device, and is no flow, is for its automation', () => {
  const PRICES: KeywordReply = { kind: 'text', text: 'prices', delayS: 0, timeoutS: 600, cooldownS: 0 };

  /** In front of `hi`, which asks nothing. */
  async function asking(): Promise<Stage> {
    const stage = stageOf();
    stage.flows.set('1', flow([say('hi')], []));
    stage.onLookUp = () => PRICES;
    await paused(stage);
    return stage;
  }

  it.each([
    ['a text', 'price?', {}, undefined],
    ['a picture', '', { media: 'image' } as const, 'image'],
  ])('%s: looked up once, with the kind of its medium', async (_, text, more, media) => {
    const stage = await asking();
    expect(await stage.says(text, more)).toBe('consumed');
    await ready(stage);
    expect(stage.lateReplies).toEqual([
      { message: expect.objectContaining({ text, contact: ANA, name: 'Ana Maria' }) as object, reply: PRICES },
    ]);
    expect(stage.queries).toMatchObject([{ text, media, isLinked: true, customer: ANA, device: DEVICE }]);
    expect([stage.lookUps, stage.texts(), kept(stage)]).toEqual([[text], ['hi'], 0]);
  });

  it('not of what its question takes, nor at a provider, where it is for the app', async () => {
    const stage = await asking();
    stage.flows.set('1', ASK);
    stage.isReady = true;
    await stage.begin('1');
    stage.isReady = false;
    await stage.run(10_000);
    expect(await stage.says('Bia')).toBe('consumed');
    await ready(stage);
    expect(stage.vars()).toMatchObject({ name: 'Bia' });
    const other = stageOf();
    other.flows.set('1', flow([say('hi')], []));
    other.onLookUp = () => PRICES;
    await running(other);
    expect(await other.settle(inbound(other, 'price?'))).toEqual({ consumed: true });
    await other.run(20_000);
    expect([stage.lateReplies, other.lookUps, other.lateReplies]).toEqual([[], ['price?'], []]);
  });

  it('F-19: a kill right after it does not bring it back', async () => {
    const stage = await asking();
    await stage.says('price?');
    stage.onLookUp = () => {
      Object.assign(stage, { writesLeft: 0, dies: 'before' });
      return PRICES;
    };
    await ready(stage);
    expect([stage.lookUps, stage.lateReplies.length, kept(stage)]).toEqual([['price?'], 1, 0]);
  });

  it('C-32: the app may withdraw it while it is kept, and while it is looked up', async () => {
    const stage = await asking();
    const { flows } = stage.life.runtime;
    const stop = (id: string) => flows.heard(DEVICE, { id, contact: ANA }, { kind: 'stop' });
    await stage.says('price?', { id: 'A' });
    await stage.says('hours?', { id: 'B' });
    expect(await stage.settle(stop('A'))).toBe(true);
    stage.onLookUp = async () => {
      await stop('B');
      return PRICES;
    };
    await ready(stage);
    expect([stage.lookUps, stage.lateReplies, kept(stage)]).toEqual([['hours?'], [], 0]);
    expect(await stage.settle(stop('B'))).toBe(false);
  });

  it('§7.1 step 1: a flow_id that the app says of it is started when nothing takes it, without a look-up', async () => {
    const stage = await asking();
    await stage.says('other', { id: 'A' });
    const heard = stage.life.runtime.flows.heard(DEVICE, { id: 'A', contact: ANA }, { kind: 'flow', flowId: '2' });
    expect(await stage.settle(heard)).toBe(true);
    await ready(stage);
    expect([stage.texts(), stage.lookUps, stage.lateReplies]).toEqual([['hi', 'Other?'], [], []]);
  });
});

describe('KA3, F-22: a flow that the app names late for a message that was kept', () => {
  const PRICES: KeywordReply = { kind: 'text', text: 'prices', delayS: 0, timeoutS: 600, cooldownS: 0 };
  const heard = (stage: Stage, flowId = '2') =>
    stage.life.runtime.flows.heard(DEVICE, { id: 'A', contact: ANA }, { kind: 'flow', flowId });

  /** In front of `hi`, which asks nothing, with a message that came meanwhile. */
  async function asking(text = 'voice'): Promise<Stage> {
    const stage = stageOf();
    stage.flows.set('1', flow([say('hi')], []));
    await paused(stage);
    await stage.says(text, { id: 'A' });
    return stage;
  }

  it.each<readonly [string, KeywordReply, readonly string[], number]>([
    ['starts when that finds nothing', NOTHING, ['hi', 'Other?'], 0],
    ['does not when that finds a reply', PRICES, ['hi'], 1],
    ['does not when that finds a flow', found('3'), ['hi', 'Third?'], 0],
  ])('while it is looked up: %s', async (_, reply, texts, replies) => {
    const stage = await asking();
    stage.flows.set('3', flow([ask('t', 'Third?', 'third')], []));
    stage.onLookUp = async () => {
      await heard(stage);
      return reply;
    };
    await ready(stage);
    expect([stage.texts(), stage.lookUps, stage.lateReplies.length]).toEqual([texts, ['voice'], replies]);
    expect(kept(stage)).toBe(0);
  });

  it.each<readonly [string, number, boolean, boolean]>([
    ['a minute after nothing came of it it starts, once', 60_000, false, true],
    ['also after a restart', 60_000, true, true],
    ['not after more than two minutes', 150_000, false, false],
  ])('%s', async (_, ms, isRestarted, starts) => {
    const stage = await asking();
    await ready(stage);
    if (isRestarted) stage.restart();
    await stage.run(ms - 20_000);
    expect(await stage.settle(heard(stage))).toBe(starts);
    await stage.run(20_000);
    expect(await stage.settle(heard(stage))).toBe(false);
    await stage.run(20_000);
    expect([stage.texts(), stage.lookUps, kept(stage)]).toEqual([['hi', ...(starts ? ['Other?'] : [])], ['voice'], 0]);
  });

  it.each<readonly [string, boolean, KeywordReply, readonly string[]]>([
    ['that nothing came of it: it starts', true, NOTHING, ['hi', 'Other?']],
    ['what it started: nothing more (KR2)', false, found('3'), ['hi', 'Third?']],
    ['whose answer it is: nothing more (KR2)', false, NOTHING, ['hi', 'Name?', 'City?']],
  ])('in the moment in which it is being written %s', async (_, starts, reply, texts) => {
    const stage = stageOf();
    stage.flows.set('3', flow([ask('t', 'Third?', 'third')], []));
    await started(stage, 'voice', '3');
    await stage.run(10_000);
    const isAnswer = texts.includes('City?');
    const questions = [ask('q', 'Name?', 'name'), ask('c', 'City?', 'city')];
    stage.flows.set('1', isAnswer ? flow([say('hi'), ...questions], ['hi>q', 'q>c']) : flow([say('hi')], []));
    await paused(stage);
    await stage.says('voice', { id: 'A' });
    let told: Promise<boolean> | undefined;
    stage.onLookUp = () => {
      stage.writesHeldUntil = stage.time.now() + 1_000;
      stage.time.setTimeout(() => void (told = heard(stage)), 500);
      return reply;
    };
    await ready(stage);
    await stage.run(60_000);
    expect([await told, stage.texts().slice(1), stage.lookUps, kept(stage)]).toEqual([starts, texts, ['voice'], 0]);
    expect(stage.row()?.wait?.node).toBe(isAnswer ? 'c' : starts ? 'o' : 't');
  });
});

/** The books alone, with one reply in them. */
async function oneKept() {
  const store = temporaryStore();
  const { time } = new Stage();
  const replies = new KeptReplies(store, new Sequence(time), time);
  const start = { device: DEVICE, contact: ANA, provider: '', byMessage: true } as const;
  const seeds = { kind: 'message', text: 'a', name: '', phone: '' } as const;
  const reply = { reply: { id: 'A', text: 'a', at: 0 }, start: { ...start, seeds }, coolsDown: true };
  await store.write((batch) => replies.keep(batch, KEY, replies.arrived(), reply));
  const [first] = replies.of(KEY);
  return { store, time, replies, first };
}

it('KR2: of all that is said of one before it is on disk nothing is lost', async () => {
  const { store, time, replies, first } = await oneKept();
  await Promise.all([
    store.write((batch) => replies.change(batch, first!.id, { isAsked: true })),
    store.write((batch) => replies.change(batch, first!.id, { flowId: '2' })),
  ]);
  const again = new KeptReplies(store, new Sequence(time), time);
  expect([...again.of(KEY)]).toMatchObject([{ kept: { isAsked: true, flowId: '2' } }]);
});

it('KA1: a decision that the disk refuses is made a minute later, though nobody says anything more', async () => {
  const stage = stageOf();
  await started(stage, 'other', '2');
  await stage.run(10_000);
  await running(stage);
  stage.onLookUp = () => {
    stage.isFull = true;
    return NOTHING;
  };
  expect(await stage.settle(inbound(stage, 'other'))).toEqual({ consumed: true });
  await stage.run(5_000);
  expect([stage.lookUps, stage.row()?.wait?.node, kept(stage)]).toEqual([['other'], 'q', 1]);
  stage.isFull = false;
  await stage.run(70_000);
  expect(stage.vars()).toMatchObject({ name: 'other' });
  expect([stage.texts().at(-1), stage.lookUps, kept(stage)]).toEqual(['thanks', ['other'], 0]);
});

it('KA1: what was to go with a start that the disk refuses is for the session that goes on', async () => {
  const stage = stageOf();
  // Its flow is here already.
  await stage.settle(stage.desk.start({ ...order('2'), customer: '5511977776666' }));
  await stage.run(10_000);
  await running(stage);
  stage.sendMs = 1_000;
  expect(await stage.settle(inbound(stage, 'Bia'))).toEqual({ consumed: true });
  stage.callMs = 2_000;
  const start = stage.desk.start(order('2'));
  await stage.run(1_900);
  await start;
  stage.isFull = true;
  await stage.run(200);
  stage.isFull = false;
  await stage.run(30_000);
  expect(stage.vars()).toMatchObject({ name: 'Bia' });
  await stage.run(60_000);
  expect([stage.texts(), kept(stage)]).toEqual([['Other?', 'hi', 'Name?', 'thanks', 'Other?'], 0]);
});

describe('KA2: what became older than STALE_AFTER_SECONDS meanwhile', () => {
  const MINUTES = 60_000;

  it.each([
    ['restarts after 9 minutes', 9 * MINUTES, ['hi', 'Name?', 'hi', 'Name?']],
    ['is an answer after an outage of hours', 5 * HOUR, ['hi', 'Name?', 'thanks']],
  ])('3a: the trigger word %s', async (_, ms, texts) => {
    const stage = stageOf();
    await paused(stage);
    await stage.says('menu');
    await stage.run(ms);
    await ready(stage);
    expect([stage.texts(), stage.lookUps, kept(stage)]).toEqual([texts, [], 0]);
  });

  it('3c: a remembered keyword starts nothing, and is the answer', async () => {
    const stage = stageOf();
    await started(stage, 'other', '2');
    await stage.run(10_000);
    await paused(stage);
    stage.onLookUp = () => found('2');
    await stage.says('other');
    await stage.run(5 * HOUR);
    await ready(stage);
    expect(stage.vars()).toMatchObject({ name: 'other' });
    expect([stage.lookUps, kept(stage)]).toEqual([[], 0]);
  });

  it('4: what nothing takes starts no flow, neither by its keyword nor by the flow_id that came with it', async () => {
    const stage = stageOf();
    stage.flows.set('1', flow([say('hi')], []));
    stage.onLookUp = () => found('2');
    await paused(stage);
    await stage.says('A', { id: 'A' });
    await stage.says('B', { id: 'B' });
    const heard = stage.life.runtime.flows.heard(DEVICE, { id: 'B', contact: ANA }, { kind: 'flow', flowId: '2' });
    expect(await stage.settle(heard)).toBe(true);
    await stage.run(5 * HOUR);
    await ready(stage);
    expect([stage.texts(), stage.lookUps, stage.lateReplies, kept(stage)]).toEqual([['hi'], [], [], 0]);
  });
});

describe('what was kept for a session is not for the next one', () => {
  it('a start takes what came after its order, not what came before', async () => {
    const stage = stageOf();
    await running(stage);
    stage.sendMs = 60_000;
    expect(await stage.settle(inbound(stage, 'old'))).toEqual({ consumed: true });
    await stage.run(10);
    await stage.settle(stage.desk.start(order('2')));
    await stage.run(10);
    expect(await stage.settle(inbound(stage, 'new'))).toEqual({ consumed: true });
    stage.sendMs = 100;
    await stage.run(90_000);
    expect(stage.vars()).toMatchObject({ other: 'new' });
    expect([stage.lookUps, kept(stage)]).toEqual([[], 0]);
  });

  it.each([
    ['a take-over', (stage: Stage) => stage.desk.end(CUSTOMER, undefined)],
    ['an opt-out', (stage: Stage) => stage.life.runtime.flows.end(DEVICE, ANA)],
  ])('%s drops it, with the session', async (_, ended) => {
    const stage = stageOf();
    await paused(stage);
    expect(await stage.says('Bia')).toBe('consumed');
    await stage.settle<unknown>(ended(stage));
    expect(kept(stage)).toBe(0);
    await stage.begin('1');
    await ready(stage);
    expect(stage.row(KEY)?.wait?.node).toBe('q');
    expect(stage.lookUps).toEqual([]);
  });

  it('a take-over drops what waits behind a start', async () => {
    const stage = stageOf();
    await stage.settle(stage.desk.start(order('1')));
    stage.isAppAway = true;
    expect(await stage.settle(inbound(stage, 'Bia'))).toEqual({ consumed: true });
    await stage.run(1_000);
    await stage.settle(stage.desk.end(CUSTOMER, undefined));
    await stage.run(90_000);
    expect([kept(stage), stage.lookUps, stage.texts()]).toEqual([0, [], []]);
  });
});

it('what finds nothing leaves no trace', async () => {
  const stage = stageOf();
  stage.flows.set('1', flow([say('hi')], []));
  stage.onLookUp = () => NOTHING;
  await running(stage);
  await stage.settle(inbound(stage, 'late'));
  await stage.run(20_000);
  expect([stage.texts(), stage.lookUps, kept(stage)]).toEqual([['hi'], ['late'], 0]);
});

it('F-19: a look-up that is refused after its reply was decided on does not bring it back', async () => {
  const { store, replies, first } = await oneKept();
  await store.write((batch) => replies.change(batch, first!.id, { isAsked: true }));
  expect([...replies.of(KEY)]).toMatchObject([{ kept: { isAsked: true } }]);
  await store.write((batch) => replies.drop(batch, first!.id));
  await store.write((batch) => replies.change(batch, first!.id, { isAsked: false }));
  expect([...replies.of(KEY)]).toEqual([]);
});
