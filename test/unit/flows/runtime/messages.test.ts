/** Customers' messages: who takes them, what they start, and that each counts once (contract flows §7.1, §7.2). */
import { describe, expect, it } from 'vitest';
import type { KeywordReply } from '../../../../src/app-client/inbound-answers.ts';
import type { Identity } from '../../../../src/phone.ts';
import { ANA, ask, CUSTOMER, DEVICE, digits, flow, KEY, menu, say, Stage } from './stage.ts';

const found = (flowId: string, timeoutS?: number): KeywordReply => ({
  kind: 'flow',
  flowId,
  cooldownS: 0,
  ...(timeoutS !== undefined && { timeoutS }),
});
const ASK = flow([ask('q', 'Name?', 'name'), say('thanks')], ['q>thanks']);
const OTHER = flow([ask('o', 'Other?')], []);

async function waiting(flows = ASK): Promise<Stage> {
  const stage = new Stage();
  stage.flows.set('1', flows).set('2', OTHER);
  await stage.begin('1');
  await stage.run(10_000);
  return stage;
}

/** As automations do with a message: offered, else looked up, and a hit starts its flow. */
async function handled(stage: Stage, text: string, id: string, contact: Identity = ANA): Promise<void> {
  const { flows } = stage.life.runtime;
  const message = { id, contact, name: 'Ana', text, at: stage.time.now() / 1_000 };
  const lookUp = () => stage.lookUp(text);
  if (flows.waiting(DEVICE, message) && (await flows.offer(DEVICE, message, lookUp, undefined)) === 'consumed') return;
  const answer = await lookUp();
  if (answer.kind !== 'found' || answer.reply.kind !== 'flow') return;
  const { flowId, timeoutS, cooldownS } = answer.reply;
  await flows.start({ device: DEVICE, message, flowId, workspace: undefined, timeoutS, cooldownS, keyword: true });
}

describe('a waiting session (§7.1 step 3)', () => {
  it('F-18: takes free text without a look-up, however broad a keyword rule is', async () => {
    const stage = await waiting();
    stage.onLookUp = () => found('2');
    expect(await stage.says('hello')).toBe('consumed');
    await stage.run(10_000);
    expect(stage.lookUps).toEqual([]);
    expect(stage.texts()).toEqual(['Name?', 'thanks']);
    expect(stage.vars()).toMatchObject({ name: 'hello', q: 'hello', user_message: 'hello' });
  });

  it('F-18: text that started a flow on this number before is looked up, once; a hit starts that flow', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK).set('2', OTHER);
    stage.onLookUp = (text) => found(text.trim().toLowerCase() === 'shop' ? '1' : '2');
    await stage.settle(handled(stage, 'shop', 'A'));
    await stage.run(10_000);
    await stage.settle(handled(stage, 'other', 'B'));
    await stage.run(1_000);
    // It was an answer: that word had started nothing yet.
    expect(stage.lookUps).toEqual(['shop']);
    await stage.run(10_000);
    await stage.settle(handled(stage, 'other', 'C'));
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Name?', 'thanks', 'Other?']);
    await stage.settle(handled(stage, 'Shop ', 'D'));
    await stage.run(10_000);
    expect(stage.texts().at(-1)).toBe('Name?');
    expect(stage.lookUps).toEqual(['shop', 'other', 'Shop ']);
  });

  it('a remembered keyword that finds nothing now is the answer all the same; after 30 days it is forgotten', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    stage.onLookUp = () => found('1');
    await stage.settle(handled(stage, 'shop', 'A'));
    await stage.run(10_000);
    stage.flows.set('3', flow([ask('z', 'City?', 'city')], []));
    await stage.begin('3');
    await stage.run(10_000);
    stage.onLookUp = () => ({ kind: 'none', why: 'notallow' });
    expect(await stage.says('shop')).toBe('consumed');
    expect(stage.lookUps).toEqual(['shop', 'shop']);
    expect(stage.vars()).toMatchObject({ city: 'shop' });
    await stage.run(31 * 86_400_000);
    await stage.begin('3');
    await stage.run(10_000);
    expect(await stage.says('shop')).toBe('consumed');
    expect(stage.lookUps).toHaveLength(2);
  });

  it('its own trigger word restarts it, without a look-up, at its rule', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    stage.onLookUp = () => found('1', 900);
    await stage.settle(handled(stage, 'Shop', 'A'));
    await stage.run(10_000);
    expect(await stage.says(' shop')).toBe('consumed');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Name?', 'Name?']);
    expect(stage.lookUps).toEqual(['Shop']);
    expect(stage.row()).toMatchObject({ timeoutS: 900, trigger: 'shop' });
  });

  it('a keyword jump leads anywhere in the flow (F-03)', async () => {
    const jump = { ...say('help'), kwJump: { enabled: true, keywords: 'help, hilfe', match: 'exact' } };
    const stage = await waiting(flow([ask('q', 'Name?'), jump], []));
    expect(await stage.says('Hilfe')).toBe('consumed');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Name?', 'help']);
  });

  it('what it has no use for is not consumed, and changes nothing', async () => {
    const stage = await waiting(flow([menu('m', ['A'])], ['m:1>m']));
    const before = stage.row();
    expect(await stage.says('nothing of that')).toBe('not consumed');
    expect(await stage.says('', { media: 'image' })).toBe('not consumed');
    expect(stage.row()).toEqual(before);
  });

  it('F-02: typed text leaves a pending form as it is, and the submission resumes it', async () => {
    const form = { id: 'f', flowNodeType: 'Form' };
    const stage = await waiting(flow([form, say('got', 'got {{form_size}}')], ['f>got']));
    expect(await stage.says('hello?')).toBe('not consumed');
    expect(await stage.settle(stage.desk.resumeForm(KEY, { size: ['L', 'XL'] }))).toMatchObject({
      kind: 'resumed',
      advancedTo: 'got',
    });
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['got L, XL']);
  });
});

describe('copies to another number (F-29)', () => {
  it('of a recording that has a caption it is the recording that is copied', async () => {
    const recording = { flowReplyType: 'Audio', data: 'https://x.test/a.ogg', caption: 'Listen' };
    const copy = { id: 'c', flowNodeType: 'NotifyNumber', copyNumber: '5511900000009', source: 'mirror' };
    const stage = new Stage();
    stage.flows.set('1', flow([{ id: 'm', flowNodeType: 'Message', flowReplies: [recording] }, copy], ['m>c']));
    await stage.begin('1');
    await stage.run(20_000);
    expect(stage.messages.map(({ to, text }) => [to, text])).toEqual([
      [CUSTOMER, 'media'],
      [CUSTOMER, 'Listen'],
      ['5511900000009', 'media'],
    ]);
    expect(stage.mirrors()).toEqual(['media', 'Listen']);
  });
});

describe('two messages at once (F-21)', () => {
  it('one customer’s look-up that hangs holds up nobody else', async () => {
    const stage = new Stage();
    const bob = digits('4915123456789');
    stage.flows.set('1', ASK);
    await stage.byKeyword('shop', {}, { contact: { pn: bob } });
    await stage.begin('1');
    await stage.run(10_000);
    stage.onLookUp = () => new Promise(() => undefined);
    void stage.offer('shop');
    await stage.run(1_000);
    expect(stage.lookUps).toEqual(['shop']);
    const before = stage.time.now();
    expect(await stage.says('Bob', { contact: { pn: bob } })).toBe('consumed');
    await stage.run(2_000);
    expect(stage.messages.filter(({ to }) => to === bob).map(({ text }) => text)).toEqual(['Name?', 'thanks']);
    expect(stage.time.now() - before).toBeLessThan(3_000);
  });

  it('a message during a step waits for it, and is then the answer', async () => {
    const stage = new Stage();
    stage.flows.set('1', flow([say('a', 'one', 'two'), ask('q', 'Name?', 'name')], ['a>q']));
    stage.onLookUp = () => found('1');
    const first = handled(stage, 'shop', 'A');
    await stage.run(500);
    const second = handled(stage, 'Ana', 'B');
    await stage.settle(Promise.all([first, second]));
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['one', 'two', 'Name?']);
    expect(stage.vars()).toMatchObject({ name: 'Ana' });
    expect(stage.lookUps).toEqual(['shop']);
  });

  it('F-21: sessions of other customers are not delayed by a step that takes long', async () => {
    const stage = await waiting();
    stage.flows.set('2', flow([{ id: 'c', flowNodeType: 'Calls' }], []));
    stage.callMs = 20_000;
    await stage.begin('2', { customer: '5511977776666' });
    await stage.run(30_000);
    expect(stage.desk.sessions(DEVICE).map(({ key, waitsFor }) => [key, waitsFor])).toContainEqual([
      `${DEVICE}_5511977776666`,
      '',
    ]);
    const before = stage.time.now();
    expect(await stage.says('Ana')).toBe('consumed');
    await stage.run(3_000);
    expect(stage.texts()).toEqual(['Name?', 'thanks']);
    expect(stage.time.now() - before).toBeLessThan(4_000);
    await stage.run(60_000);
    expect(stage.texts().at(-1)).toBe('deal ok, rows ok');
  });

  it('FL1: the same message offered or started twice counts once, also after a crash', async () => {
    const stage = new Stage();
    stage.flows.set('1', flow([ask('q', 'One?'), ask('r', 'Two?'), say('x')], ['q>r', 'r>x']));
    stage.onLookUp = () => found('1');
    await stage.byKeyword('shop', {}, { id: 'A' });
    stage.restart();
    await stage.byKeyword('shop', {}, { id: 'A' });
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['One?']);
    await stage.says('a', { id: 'B' });
    stage.restart();
    expect(await stage.says('a', { id: 'B' })).toBe('consumed');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['One?', 'Two?']);
  });

  it('F-21: 1,000 random interleavings of quick messages, on the device or by the app, never start or advance a flow twice', async () => {
    const random = seeded(7);
    const stage = new Stage();
    stage.flows.set('1', flow([say('s'), ask('q', 'One?'), ask('r', 'Two?'), say('end')], ['s>q', 'q>r', 'r>end']));
    const after = (ms: number) => new Promise<void>((resolve) => stage.time.setTimeout(resolve, ms));
    stage.onLookUp = async (text) => {
      await after(random(400));
      return text === 'shop' ? found('1') : { kind: 'none', why: 'notallow' };
    };
    const most = new Map<string, string>();
    const seen = new Set<string>();
    for (let batch = 0; batch < 10; batch++) {
      const customers = Array.from({ length: 100 }, (_, index) => digits(`4915${1_000_000 + batch * 100 + index}`));
      const talks = customers.map(async (pn) => {
        const at = random(1_000);
        const second = at + random(8_000);
        const onDevice = random(2) === 0;
        const says = async (ms: number, text: string, id: string) => {
          await after(ms);
          if (onDevice) return handled(stage, text, `${id}${pn}`, { pn });
          const message = {
            device: DEVICE,
            customer: pn,
            text,
            replyId: '',
            name: 'Ana',
            provider: 'waba',
            mediaUrl: '',
          } as const;
          await stage.desk.providerInbound(message, stage.time.now() + 9_500);
        };
        // The second once more, or a third: as fast as a phone sends two lines, or while the first is being written.
        // The app hands on what its provider tells once.
        const later = second + random(random(2) === 0 ? 3 : 3_000);
        const isRepeat = onDevice && random(2) === 0;
        most.set(pn, isRepeat ? 's One? Two?' : 's One? Two? end');
        const last = isRepeat ? says(later, 'Ana', 'B') : says(later, 'Eva', 'C');
        await Promise.all([says(at, 'shop', 'A'), says(second, 'Ana', 'B'), last]);
      });
      await stage.settle(Promise.all(talks));
      await stage.run(15_000);
      for (const pn of customers) {
        const said = stage.messages.filter(({ to }) => to === pn).map(({ text }) => text);
        const line = said.join(' ');
        // The others were looked up while nothing was here yet, or each was one answer; never more than that.
        expect(['s One?', 's One? Two?', most.get(pn)]).toContain(line);
        seen.add(line);
      }
    }
    expect([...seen].toSorted()).toEqual(['s One?', 's One? Two?', 's One? Two? end']);
  }, 120_000);
});

function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
}

describe('provider-inbound (§7.2)', () => {
  const message = (text: string, more = {}) => ({
    ...({
      device: DEVICE,
      customer: CUSTOMER,
      text,
      replyId: '',
      name: 'Ana',
      provider: 'waba',
      mediaUrl: '',
    } as const),
    ...more,
  });
  const inbound = (stage: Stage, text: string, more = {}) =>
    stage.settle(stage.desk.providerInbound(message(text, more), stage.time.now() + 9_500));

  async function withFlow(nodes: Parameters<typeof flow>[0], edges: readonly string[]): Promise<Stage> {
    const stage = new Stage();
    stage.flows.set('1', flow(nodes, edges)).set('2', OTHER);
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    await stage.begin('1');
    await stage.run(20_000);
    return stage;
  }

  it('consumed: taken by a wait, by a tap, queued behind a step, started by a flowId or a keyword', async () => {
    const stage = await withFlow([menu('m', ['A', 'B']), say('a', '1', '2', '3')], ['m:1>a']);
    expect(await inbound(stage, 'A', { replyId: 'p0' })).toEqual({ consumed: true });
    expect(await inbound(stage, 'A')).toEqual({ consumed: true });
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['[m]', '1', '2', '3', '1', '2', '3']);
    expect(await inbound(stage, 'forced', { flowId: '2' })).toEqual({ consumed: true });
    await stage.run(10_000);
    expect(stage.texts().at(-1)).toBe('Other?');
    await inbound(stage, 'over');
    await stage.run(10_000);
    stage.onLookUp = () => found('1');
    expect(await inbound(stage, 'shop')).toEqual({ consumed: true });
    expect(stage.lookUps).toEqual(['shop']);
  });

  it.each([0, 1, 2, 3, 4, 5])(
    'SS2: what was consumed while the question was still being sent is its answer, also after a kill %i writes later',
    async (writes) => {
      const stage = new Stage();
      stage.flows.set('1', flow([ask('q', 'Name?', 'name'), say('thanks')], ['q>thanks']));
      stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
      stage.sendMs = 5_000;
      await stage.begin('1');
      await stage.run(1_000);
      expect(stage.row()?.visit).toBeDefined();
      let consumed: boolean | undefined;
      const told = stage.desk.providerInbound(message('Ana'), stage.time.now() + 9_500);
      void told.then((answer) => (consumed = answer.consumed));
      await stage.settled();
      expect(consumed).toBe(true);
      stage.writesLeft = writes;
      await stage.run(120_000);
      expect(stage.vars()).toMatchObject({ name: 'Ana' });
      expect(stage.texts()).toEqual(['Name?', 'thanks']);
    },
  );

  it('F-20: text that a wait has no use for is not consumed, and nothing starts later', async () => {
    const stage = await withFlow([menu('m', ['A'])], ['m:1>m']);
    expect(await inbound(stage, 'what?')).toEqual({ consumed: false });
    expect(stage.lookUps).toEqual(['what?']);
    expect(await inbound(stage, '')).toEqual({ consumed: false });
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['[m]']);
  });

  it('F-19, F-20: a look-up that takes longer than 8 s is answered as not consumed, and its late hit starts nothing', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    stage.onLookUp = async () => {
      await new Promise<void>((resolve) => stage.time.setTimeout(resolve, 9_000));
      return found('1');
    };
    const before = stage.time.now();
    expect(await inbound(stage, 'shop')).toEqual({ consumed: false });
    expect(stage.time.now() - before).toBeLessThanOrEqual(9_500);
    await stage.run(30_000);
    expect(stage.lookUps).toEqual(['shop']);
    expect(stage.messages).toEqual([]);
  });

  it('F-20: it answers in time though the app does not say whether something is parked', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    stage.callMs = 60_000;
    const before = stage.time.now();
    expect(await inbound(stage, 'shop', { flowId: '1' })).toEqual({ consumed: false });
    expect(stage.time.now() - before).toBeLessThanOrEqual(9_500);
    stage.callMs = 100;
    await stage.run(200_000);
    expect(stage.messages).toEqual([]);
  });

  it('a resume beats a forced flow, and a forced flow beats the look-up', async () => {
    const stage = await withFlow([ask('q', 'Name?', 'name'), say('x')], ['q>x']);
    expect(await inbound(stage, 'Ana', { flowId: '2' })).toEqual({ consumed: true });
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Name?', 'x']);
    expect(stage.lookUps).toEqual([]);
  });
});

describe('customers known by LID (§6.1)', () => {
  const lid: Identity = { lid: '99887766554433' };
  const old = `${DEVICE}_99887766554433`;

  it('are re-keyed when the number is known; the old key stays a name of the session', async () => {
    const stage = new Stage();
    stage.flows.set('1', flow([ask('q', 'One?'), ask('r', 'Two?'), say('x')], ['q>r', 'r>x']));
    await stage.byKeyword('shop', { keyword: false }, { contact: lid });
    await stage.run(10_000);
    expect(stage.messages[0]?.to).toBe('99887766554433@lid');
    expect(stage.row(old)?.key).toBe(old);
    expect(await stage.says('a', { contact: { ...lid, ...ANA } })).toBe('consumed');
    await stage.run(10_000);
    expect(stage.row(old)).toBeUndefined();
    expect(stage.row(KEY)?.wait?.node).toBe('r');
    expect(stage.messages[1]?.to).toBe(CUSTOMER);
    // A form that was handed out under the old key would still come back; there is none here.
    expect(await stage.settle(stage.desk.resumeForm(old, {}))).toEqual({ kind: 'not waiting for it' });
    expect(await stage.says('b', { contact: lid })).toBe('consumed');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['One?', 'Two?', 'x']);
  });
});

describe("the app's id of the conversation (F-09)", () => {
  it('is there for every node, also when the app told it before the flow began, and after a restart', async () => {
    const stage = new Stage();
    const node = (id: string) => ({ id, flowNodeType: 'Conversation' });
    stage.flows.set('1', flow([node('a'), ask('q', 'Name?'), node('b')], ['a>q', 'q>b']));
    const { flows } = stage.life.runtime;
    await stage.settle(flows.conversation(DEVICE, { lid: '99887766554433', ...ANA }, '77'));
    await stage.begin('1');
    await stage.run(10_000);
    const { writes } = stage;
    await stage.settle(flows.conversation(DEVICE, ANA, '77'));
    expect(stage.writes).toBe(writes);
    await stage.settle(flows.conversation(DEVICE, ANA, '78'));
    stage.restart();
    await stage.says('Ana');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['conversation 77', 'Name?', 'conversation 78']);
  });
});
