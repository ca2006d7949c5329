/** Order of handling one customer message (contract inbound §6), by simulated time. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CustomerMessage } from '../../../src/actors/automation/flows.ts';
import type { Attachment } from '../../../src/app-client/inbound-content.ts';
import { ANA, answer, BOB, custom, DEVICE, flowId, NO_MATCH, Stage, STORED } from './stage.ts';
import { digits } from '../../property/outbox/app.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.strike());

describe("the app's answer is used when it comes in time (inbound §6.4)", () => {
  it('the look-up follows the answer at once, with the query of §8', async () => {
    await stage.arrives('A', ANA, ' Hello ');
    await stage.pass(2);
    expect(stage.lookUps).toEqual([]);
    stage.answered('A', ANA);
    await stage.pass(0.1);
    expect(stage.lookUps).toEqual([
      {
        at: 2,
        query: { keyword: 'hello', mobile: '5511999990000@s.whatsapp.net', phone: DEVICE, workspace_id: '7' },
      },
    ]);
    await stage.pass(1);
    expect(stage.left()).toBe(0);
  });

  it('AU2: a slow app holds the look-up back for 4 s from the arrival, not longer', async () => {
    await stage.arrives('A', ANA);
    await stage.arrives('B', ANA);
    await stage.pass(10);
    expect(stage.lookUps.map(({ at }) => at)).toEqual([4, 4]);
  });

  it('AU2: a waiting session is held back for 1 s', async () => {
    stage.waiting = () => true;
    await stage.arrives('A', ANA);
    await stage.pass(0.9);
    expect(stage.offers).toEqual([]);
    await stage.pass(0.1);
    expect(stage.offers).toEqual(['A']);
  });

  it.each([
    ['C-32: opt_out', answer({ ok: true, kind: 'opt_out' }), true],
    ['C-32: ai_crm_copilot', answer({ ok: true, kind: 'ai_crm_copilot' }), true],
    ['dedup on the first attempt', answer({ ok: true, kind: 'dedup', message_id: 3 }), true],
  ])('%s: no automation', async (_, said, first) => {
    stage.onLookUp = () => custom('Hi');
    stage.waiting = () => true;
    await stage.arrives('A', ANA);
    stage.answered('A', ANA, said, first);
    await stage.pass(300);
    expect([stage.lookUps, stage.offers, stage.sends, stage.starts]).toEqual([[], [], [], []]);
    expect(stage.left()).toBe(0);
  });

  it('dedup on a retry simply means stored', async () => {
    await stage.arrives('A', ANA);
    stage.answered('A', ANA, answer({ ok: true, kind: 'dedup' }), false);
    await stage.pass(0.1);
    expect(stage.lookUps).toHaveLength(1);
  });

  it('C-32: an opt_out that comes during the look-up still forbids the reply; late, it ends an active session', async () => {
    let found: (body: object) => void = () => undefined;
    stage.onLookUp = () => new Promise((resolve) => (found = resolve));
    await stage.arrives('A', ANA);
    await stage.pass(5);
    expect(stage.lookUps).toHaveLength(1);
    stage.answered('A', ANA, answer({ ok: true, kind: 'opt_out' }));
    found(custom('Hi'));
    await stage.pass(5);
    expect(stage.sends).toEqual([]);
    expect(stage.ended).toEqual([ANA]);
  });
});

describe('flows (inbound §6.5-§6.7)', () => {
  it('F-09: hear the id that the app has for the conversation', async () => {
    await stage.arrives('A', ANA);
    stage.answered('A', ANA, STORED);
    await stage.pass(1);
    expect(stage.conversations).toEqual(['1']);
  });

  it('routing_actions.flow_id starts that flow without a rule timeout and without cooldown; no look-up', async () => {
    await stage.arrives('A', ANA);
    stage.answered('A', ANA, flowId(12));
    await stage.pass(10);
    const order = { device: DEVICE, flowId: '12', workspace: '7', timeoutS: undefined, cooldownS: 0, keyword: false };
    expect(stage.starts).toEqual([{ ...order, message: expect.objectContaining({ id: 'A', contact: ANA }) as object }]);
    expect(stage.lookUps).toEqual([]);
    expect(stage.left()).toBe(0);
  });

  it('C-33: a message that a waiting session takes causes no look-up, and beats a flow_id', async () => {
    stage.waiting = () => true;
    await stage.arrives('A', ANA);
    stage.answered('A', ANA, flowId(12));
    await stage.pass(300);
    expect([stage.offers, stage.lookUps, stage.starts]).toEqual([['A'], [], []]);
  });

  it('AU7, F-04: a vote is offered at once, also after a crash; nothing else happens to it', async () => {
    const seen: unknown[] = [];
    stage.waiting = () => true;
    stage.onOffer = async (message) => {
      seen.push([stage.now, message.vote]);
      return seen.length === 1 ? new Promise(() => undefined) : 'not consumed';
    };
    await stage.votes('V', ANA, ['Bee']);
    await stage.pass(0);
    stage.kill9();
    await stage.pass(130);
    expect(seen).toEqual([
      [0, { poll: 'P', labels: ['Bee'] }],
      [0, { poll: 'P', labels: ['Bee'] }],
    ]);
    expect([stage.lookUps, stage.starts, stage.left()]).toEqual([[], [], 0]);
    stage.waiting = () => false;
    await stage.votes('W', ANA, ['Ant']);
    await stage.pass(130);
    expect([seen.length, stage.lookUps, stage.left()]).toEqual([2, [], 0]);
  });

  it('contract flows §7.3: flows are told the tap, the place and where a medium is', async () => {
    const seen: CustomerMessage[] = [];
    stage.waiting = () => true;
    stage.onOffer = async (message) => (seen.push(message), 'consumed');
    const tap = { id: 'p0', title: 'Yes', quoted: 'M' };
    const attachment = { file: 'f', source: { kind: 'whatsapp' } } as unknown as Attachment;
    const place = { latitude: 1, longitude: 2 };
    await stage.arrives('A', ANA, '', { content: { kind: 'text', text: 'Yes', tap } });
    await stage.arrives('B', ANA, '', { content: { kind: 'location', ...place, name: '', address: '', caption: '' } });
    await stage.arrives('C', ANA, '', {
      content: { kind: 'media', type: 'image', mime: 'image/png', caption: 'c', attachment },
    });
    await stage.pass(5);
    expect(seen).toMatchObject([
      { text: 'Yes', tap },
      { text: '', place },
      { text: 'c', media: 'image', bytes: { mime: 'image/png', attachment } },
    ]);
  });

  it.each([
    ['C-32: a word that forbids automations', answer({ ok: true, kind: 'ai_crm_copilot' }), { kind: 'stop' }],
    ['AU5: a flow_id', flowId(12), { kind: 'flow', flowId: '12' }],
  ])('%s is told to a session that has the message, whether it comes meanwhile or later', async (_, said, verdict) => {
    let taken: (what: 'consumed') => void = () => undefined;
    stage.waiting = () => true;
    stage.onOffer = () => new Promise((resolve) => (taken = resolve));
    stage.isKept = true;
    await stage.arrives('A', ANA);
    await stage.pass(2);
    stage.answered('A', ANA, said);
    await stage.pass(1);
    expect(stage.heard).toEqual([]);
    taken('consumed');
    await stage.pass(1);
    expect(stage.heard).toEqual([['A', verdict]]);
    await stage.arrives('B', ANA);
    await stage.pass(2);
    taken('consumed');
    await stage.pass(1);
    stage.answered('B', ANA, said);
    await stage.pass(1);
    expect(stage.heard.at(-1)).toEqual(['B', verdict]);
    expect([stage.starts, stage.left()]).toEqual([[], 0]);
  });

  it('C-33: other text during a wait is looked up once, also when the session looks it up itself', async () => {
    stage.waiting = () => true;
    stage.onLookUp = () => custom('Hi');
    stage.onOffer = async (_, lookUp) => {
      await Promise.all([lookUp(), lookUp()]);
      return 'not consumed';
    };
    await stage.arrives('A', ANA);
    await stage.pass(20);
    expect(stage.lookUps).toHaveLength(1);
    expect(stage.said()).toEqual([[4, 'Hi']]);
  });

  it('a flow keyword starts its flow with its own times, also in cooldown', async () => {
    stage.onLookUp = ({ keyword }) =>
      keyword === 'hi'
        ? custom('Hello', { cooldown: 3_600 })
        : { reply_type: 'flow', flow_id: '9', cooldown: 5, timeout: 60 };
    await stage.arrives('A', ANA, 'hi');
    await stage.pass(5);
    await stage.arrives('B', ANA, 'menu');
    await stage.pass(5);
    expect(stage.starts).toMatchObject([
      { flowId: '9', timeoutS: 60, cooldownS: 5, keyword: true, message: { id: 'B' } },
    ]);
  });

  it('F-22, C-34: a flow_id up to 120 s late starts its flow when nothing else ran', async () => {
    await stage.arrives('A', ANA);
    await stage.pass(119);
    stage.answered('A', ANA, flowId(12));
    await stage.pass(1);
    expect(stage.starts).toMatchObject([{ flowId: '12', keyword: false, message: { id: 'A' } }]);
    expect(stage.left()).toBe(0);
  });

  it.each([
    ['something else ran', custom('Hi'), 60],
    ['it is later than that', NO_MATCH, 121],
  ])('F-22, C-34: not when %s; one message starts at most one flow (C-32)', async (_, found, seconds) => {
    stage.onLookUp = () => found;
    await stage.arrives('A', ANA);
    await stage.pass(seconds);
    stage.answered('A', ANA, flowId(12));
    await stage.pass(10);
    expect(stage.starts).toEqual([]);
    expect(stage.left()).toBe(0);
  });

  it('F-22, C-32: a keyword flow and a flow_id during its look-up: the first start wins', async () => {
    let found: (body: object) => void = () => undefined;
    stage.onLookUp = () => new Promise((resolve) => (found = resolve));
    await stage.arrives('A', ANA);
    await stage.pass(5);
    stage.answered('A', ANA, flowId(12));
    found({ reply_type: 'flow', flow_id: 9 });
    await stage.pass(200);
    expect(stage.starts.map((start) => start.flowId)).toEqual(['9']);
  });
});

describe('a flow that has ended (flows §6.6)', () => {
  it('holds other replies off until its cooldown is over, also for the next process', async () => {
    stage.onLookUp = () => custom('Hi');
    await stage.automations.coolDown(DEVICE, ANA, stage.time.now() + 60_000);
    stage.kill9();
    await stage.arrives('A', ANA);
    await stage.pass(10);
    expect(stage.sends).toEqual([]);
    await stage.pass(60);
    await stage.arrives('B', ANA);
    await stage.pass(10);
    expect(stage.sends).toHaveLength(1);
  });
});

describe('conversations (inbound §6, C-35)', () => {
  it('C-35: messages of one customer strictly one after the other, customers in parallel', async () => {
    const found: ((body: object) => void)[] = [];
    stage.onLookUp = () => new Promise((resolve) => found.push(resolve));
    for (const id of ['A1', 'A2']) await stage.arrives(id, ANA);
    await stage.arrives('B1', BOB);
    for (const [id, contact] of [
      ['A1', ANA],
      ['A2', ANA],
      ['B1', BOB],
    ] as const)
      stage.answered(id, contact);
    await stage.pass(1);
    expect(stage.lookUps.map(({ query }) => query['keyword'])).toEqual(['a1', 'b1']);
    found[0]?.(NO_MATCH);
    await stage.pass(1);
    expect(stage.lookUps.map(({ query }) => query['keyword'])).toEqual(['a1', 'b1', 'a2']);
    for (const done of found) done(NO_MATCH);
    await stage.pass(1);
  });

  it('follows a customer from the LID to the phone', async () => {
    const found: ((body: object) => void)[] = [];
    stage.onLookUp = () => new Promise((resolve) => found.push(resolve));
    const lid = '99887766554433';
    await stage.arrives('A', { lid });
    await stage.arrives('B', { pn: digits('5511988887777'), lid });
    await stage.arrives('C', { pn: digits('551188887777') });
    await stage.pass(10);
    expect(stage.lookUps.map(({ query }) => query['mobile'])).toEqual([`${lid}@s.whatsapp.net`]);
    for (let next = 0; next < 3; next++) {
      found[next]?.(NO_MATCH);
      await stage.pass(1);
    }
    expect(stage.lookUps.map(({ query }) => query['keyword'])).toEqual(['a', 'b', 'c']);
  });

  it('are not opened by own, late, edited or group messages and reactions (inbound §1, §4, §5, §9)', async () => {
    await stage.arrives('A', ANA, 'x', { direction: 'out' });
    await stage.arrives('B', ANA, 'x', { stored: true });
    await stage.arrives('C', ANA, 'x', { group: { jid: '1@g.us', subject: '' } });
    await stage.arrives('D', ANA, 'x', { content: { kind: 'reaction', emoji: '+', target: 'A' } });
    await stage.pass(10);
    expect(stage.lookUps).toEqual([]);
    stage.answered('B', ANA, flowId(12));
    await stage.pass(1);
    expect(stage.starts).toEqual([]);
  });

  it('image and audio are named in the look-up, other media are not (inbound §8)', async () => {
    for (const type of ['image', 'audio', 'video', 'document', 'sticker'] as const) {
      await stage.arrives(type, ANA, '', { content: { kind: 'media', type, mime: '', caption: 'Look' } });
    }
    await stage.pass(10);
    expect(stage.lookUps.map(({ query }) => [query['keyword'], query['media_type']])).toEqual([
      ['look', 'image'],
      ['look', 'audio'],
      ['look', undefined],
      ['look', undefined],
      ['look', undefined],
    ]);
  });
});

describe('after a crash or a restart (AU6)', () => {
  it('a message whose look-up had not begun is handled; one that became too old is stored only', async () => {
    await stage.arrives('A', ANA);
    await stage.pass(1);
    await stage.restart();
    await stage.pass(10);
    expect(stage.lookUps).toHaveLength(1);
    await stage.arrives('B', BOB);
    await stage.pass(1);
    await stage.automations.stop();
    await stage.pass(601);
    await stage.restart();
    await stage.pass(130);
    expect(stage.lookUps).toHaveLength(1);
    expect(stage.left()).toBe(0);
  });

  it('TK2: a look-up under way is never repeated; a late flow_id still starts its flow', async () => {
    stage.onLookUp = () => new Promise(() => undefined);
    await stage.arrives('A', ANA);
    await stage.pass(5);
    expect(stage.lookUps).toHaveLength(1);
    stage.kill9();
    await stage.pass(20);
    expect(stage.lookUps).toHaveLength(1);
    stage.answered('A', ANA, flowId(12));
    await stage.pass(1);
    expect(stage.starts).toMatchObject([{ flowId: '12' }]);
  });

  it('a message whose look-up a session had made is offered to it again, without another look-up: its answer is not lost', async () => {
    const said: unknown[] = [];
    stage.waiting = () => true;
    stage.onOffer = async (_, lookUp) => {
      said.push(await lookUp());
      return 'consumed';
    };
    stage.onLookUp = () => new Promise(() => undefined);
    await stage.arrives('A', ANA);
    await stage.pass(5);
    stage.kill9();
    await stage.pass(5);
    expect(said).toMatchObject([{ kind: 'not asked' }]);
    expect([stage.offers, stage.lookUps.length, stage.left()]).toEqual([['A', 'A'], 1, 0]);
  });

  it.each([
    ['it had no use for it', true],
    ['there was none then', false],
  ])(
    'a message that was looked up is not offered to a session when %s: it is no answer to a later question',
    async (_, isThere) => {
      stage.waiting = () => isThere;
      stage.onOffer = async (__, lookUp) => {
        await lookUp();
        return 'not consumed';
      };
      await stage.arrives('A', ANA);
      await stage.pass(10);
      stage.waiting = () => true;
      stage.kill9();
      await stage.pass(130);
      expect([stage.offers, stage.lookUps.length, stage.left()]).toEqual([isThere ? ['A'] : [], 1, 0]);
    },
  );

  it('AU7: a vote that was on offer when the process was to stop is offered again by the next one', async () => {
    let finish: (decision: 'not consumed') => void = () => undefined;
    stage.waiting = () => true;
    stage.onOffer = () => new Promise((resolve) => (finish = resolve));
    await stage.votes('V', ANA, ['Bee']);
    await stage.pass(1);
    const stopped = stage.restart();
    // As a runtime of flows that stops.
    finish('not consumed');
    await stopped;
    stage.onOffer = async () => 'consumed';
    await stage.pass(1);
    expect([stage.offers, stage.left()]).toEqual([['V', 'V'], 0]);
  });

  it('C-32: an opt_out is not forgotten with its outbox row', async () => {
    let found: (body: object) => void = () => undefined;
    stage.onLookUp = () => new Promise((resolve) => (found = resolve));
    await stage.arrives('A1', ANA);
    await stage.arrives('A2', ANA);
    stage.answered('A1', ANA);
    stage.answered('A2', ANA, answer({ ok: true, kind: 'opt_out' }));
    await stage.pass(1);
    stage.kill9();
    stage.onLookUp = () => custom('Hi');
    await stage.pass(130);
    expect(stage.sends).toEqual([]);
    found(NO_MATCH);
  });

  it('an app that was not to be reached was not asked: the look-up is made after all (inbound §8)', async () => {
    const refused = { kind: 'no answer', why: 'unreachable', detail: 'ECONNREFUSED' } as const;
    stage.onLookUp = () => refused;
    await stage.arrives('A', ANA);
    await stage.pass(10);
    stage.kill9();
    stage.onLookUp = () => custom('Hi');
    await stage.pass(10);
    expect(stage.said()).toHaveLength(1);
  });
});

it('what is not answered 2xx says nothing', async () => {
  await stage.arrives('A', ANA);
  stage.answered('A', ANA, answer({ ok: true, kind: 'opt_out' }, 422));
  await stage.pass(5);
  expect(stage.lookUps).toHaveLength(1);
});
