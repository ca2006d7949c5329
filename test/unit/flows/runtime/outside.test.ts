/** What the app starts, resumes and remembers: starts, orders, forms, parks (contract flows §1.2, §4, §6.2, §6.4). */
import { describe, expect, it } from 'vitest';
import { Rows } from '../../../../src/actors/flows/rows.ts';
import { Sequence } from '../../../../src/app-client/outbox-rows.ts';
import { temporaryStore } from '../../../helpers/temporary-store.ts';
import { ask, CUSTOMER, delay, DEVICE, digits, flow, HOUR, KEY, menu, say, Stage } from './stage.ts';

const ASK = flow([ask('q', 'Name?', 'name'), say('thanks', 'Thanks {{name}} {{city}}')], ['q>thanks']);
const CART = flow(
  [{ id: 'c', flowNodeType: 'Cart' }, say('bought', 'Order {{order_id}} {{order_total}}'), say('left')],
  ['c:1>bought', 'c:2>left'],
);
const ORDER = { id: '55', total: '9.90', currency: 'EUR' };

async function started(definition: ReturnType<typeof flow>, more: Parameters<Stage['begin']>[1] = {}): Promise<Stage> {
  const stage = new Stage();
  stage.flows.set('1', definition);
  await stage.begin('1', more);
  await stage.run(10_000);
  return stage;
}

describe('starts (§1.2, §4)', () => {
  it('seeds: attributes < contact < variables; a blank contact value overwrites nothing', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    stage.attributes = { city: 'Rio', email: 'shop@x.test', company: 'X' };
    await stage.begin('1', {
      workspace: '5',
      contact: { name: 'Ana', email: ' ', custom_attributes: { company: 'Y', name: 'no', tier: 'gold' } },
      variables: { city: 'Porto', constructor: 'ok' },
    });
    await stage.run(10_000);
    expect(stage.vars()).toMatchObject({
      city: 'Porto',
      email: 'shop@x.test',
      company: 'Y',
      tier: 'gold',
      name: 'Ana',
      constructor: 'ok',
    });
  });

  it('a repeat for the same subscriber within 60 s is ignored, also after a restart; then it starts anew', async () => {
    const stage = await started(ASK, { subscriber: 7 });
    stage.restart();
    await stage.begin('1', { subscriber: 7 });
    await stage.run(40_000);
    expect(stage.texts()).toEqual(['Name?']);
    await stage.run(20_000);
    await stage.begin('1', { subscriber: 7 });
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Name?', 'Name?']);
  });

  it('of two starts in a row the newer one stands, whole', async () => {
    const stage = new Stage();
    stage.flows.set('1', flow([say('a', '1', '2', '3', '4', '5')], [])).set('2', flow([say('b')], []));
    await stage.begin('1');
    await stage.run(1_000);
    await stage.begin('2');
    await stage.run(20_000);
    expect(stage.texts()).toEqual(['1', 'b']);
  });

  it.each([
    ['an unknown flow', (stage: Stage) => stage.flows.clear(), 'not found'],
    ['an empty flow', (stage: Stage) => void stage.flows.set('1', flow([], [])), 'the flow is empty'],
    [
      'F-44: an engine without credentials',
      (stage: Stage) => void (stage.engine = { kind: 'none', why: 'Twilio credentials are incomplete', final: true }),
      'Twilio credentials are incomplete',
    ],
  ])('F-43: %s fails visibly, sends nothing and leaves the session that was there', async (_, prepare, why) => {
    const stage = await started(
      flow([say('a', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11'), ask('q', 'Name?')], ['a>q']),
    );
    prepare(stage);
    await stage.begin('1', { subscriber: 7, provider: 'twilio' });
    await stage.run(20_000);
    expect(stage.desk.counts()).toMatchObject({ failedStarts: 1, lastFailed: [{ flowId: '1', subscriber: 7, why }] });
    expect(stage.lines.join('')).toMatch(/"id":"1","subscriber":7,.*a flow could not be started/);
    expect(stage.texts()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', 'Name?']);
    expect(stage.row()?.wait?.node).toBe('q');
  });

  it('settings that cannot be read are asked for each minute; an app that is away is asked again for the flow', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    stage.engine = { kind: 'none', why: 'Settings unavailable', final: false };
    await stage.begin('1');
    await stage.run(2 * HOUR);
    stage.restart();
    expect(stage.desk.counts().failedStarts).toBe(0);
    stage.engine = { kind: 'engine', engine: 'twilio', branding: '' };
    stage.isAppAway = true;
    await stage.run(62_000);
    stage.isAppAway = false;
    await stage.run(30_000);
    expect(stage.texts()).toEqual(['Name?']);
    expect(stage.row()?.engine).toBe('twilio');
  });
});

describe('orders (resume-port, resume-by-phone)', () => {
  const port = (stage: Stage, number = 1) =>
    stage.settle(stage.desk.resumePort({ kind: 'key', key: KEY }, number, ORDER));

  it('F-55: takes the port once, with the order in its variables; a repeat is a no-op', async () => {
    const stage = await started(CART);
    expect(await port(stage)).toEqual({ kind: 'resumed', nodeId: 'c', port: 1, advancedTo: 'bought' });
    expect(await port(stage)).toEqual({ kind: 'not waiting for it' });
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['cart', 'Order 55 9.90']);
  });

  it('two at the same time advance once', async () => {
    const stage = await started(CART);
    const both = [1, 2].map((number) => stage.desk.resumePort({ kind: 'key', key: KEY }, number, ORDER));
    expect((await stage.settle(Promise.all(both)))?.map(({ kind }) => kind)).toEqual(['resumed', 'not waiting for it']);
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['cart', 'Order 55 9.90']);
  });

  it('F-23: is answered at once, however long the branch takes', async () => {
    const stage = await started(CART);
    stage.sendMs = 20_000;
    const before = stage.time.now();
    await port(stage);
    expect(stage.time.now() - before).toBeLessThan(1_000);
  });

  it('by phone: the most recently active one of that workspace, by any spelling of the number', async () => {
    const stage = await started(CART, { workspace: '5' });
    await stage.begin('1', { device: '5511900000002', workspace: '5' });
    await stage.begin('1', { device: '5511900000003', workspace: '6' });
    await stage.run(10_000);
    const which = (workspace: string, customer = '551188887777') =>
      ({ kind: 'customer', workspace, customer }) as const;
    expect(await stage.settle(stage.desk.resumePort(which('7'), 1, ORDER))).toEqual({ kind: 'not found' });
    expect(await stage.settle(stage.desk.resumePort(which('5'), 1, ORDER))).toMatchObject({ kind: 'resumed' });
    await stage.run(10_000);
    const waits = (device: string) => stage.row(`${device}_${CUSTOMER}`)?.wait?.node;
    expect([DEVICE, '5511900000002', '5511900000003'].map(waits)).toEqual(['c', undefined, 'c']);
  });

  it('an unknown key is not found; a session that waits for something else is not touched', async () => {
    const stage = await started(ASK);
    expect(await stage.settle(stage.desk.resumePort({ kind: 'key', key: '123456_654321' }, 1, ORDER))).toEqual({
      kind: 'not found',
    });
    expect(await port(stage)).toEqual({ kind: 'not waiting for it' });
    expect(await stage.settle(stage.desk.googleForm(KEY, 'g', {}))).toEqual({ kind: 'not waiting for it' });
    expect(stage.row()?.wait?.node).toBe('q');
  });
});

describe('F-55: what ends a wait counts though another branch is paused just now', () => {
  const form = { id: 'f', flowNodeType: 'Form' };

  /** Two branches; the second cannot send. */
  async function paused(first: Parameters<typeof flow>[0][number], ...edges: string[]): Promise<Stage> {
    const stage = new Stage();
    const nodes = [say('s'), first, say('beside'), say('then'), say('bought'), say('second'), say('left')];
    stage.flows.set('1', flow(nodes, [`s>${first.id}`, 's>beside', 'beside>then', ...edges]));
    stage.outcome = ({ content }) =>
      content.kind === 'text' && content.text === 'beside' && !stage.isReady
        ? { kind: 'not ready', why: 'not connected' }
        : undefined;
    await stage.begin('1');
    while (!stage.row()?.wait) await stage.run(100);
    stage.isReady = false;
    await stage.run(10_000);
    expect([stage.row()?.pause?.forNumber, stage.row()?.wait?.node]).toEqual([true, first.id]);
    return stage;
  }

  async function ready(stage: Stage): Promise<void> {
    stage.isReady = true;
    stage.life.wake(DEVICE);
    await stage.run(20_000);
  }

  it('an order: its branch runs behind the other one, the one for those who bought nothing does not', async () => {
    const stage = await paused({ id: 'c', flowNodeType: 'Cart' }, 'c:1>bought', 'c:2>left');
    const order = () => stage.settle(stage.desk.resumePort({ kind: 'key', key: KEY }, 1, ORDER));
    expect(await order()).toEqual({ kind: 'resumed', nodeId: 'c', port: 1, advancedTo: 'bought' });
    expect(await order()).toEqual({ kind: 'not waiting for it' });
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['s', 'cart']);
    await ready(stage);
    await stage.run(600_000);
    expect(stage.texts()).toEqual(['s', 'cart', 'beside', 'then', 'bought']);
  });

  it('a form: its first branch alone, and what is left of the other', async () => {
    const stage = await paused(form, 's>then', 'f>bought', 'f>second');
    expect(await stage.settle(stage.desk.resumeForm(KEY, {}))).toMatchObject({ advancedTo: 'bought' });
    await ready(stage);
    expect(stage.texts()).toEqual(['s', 'beside', 'then', 'bought', 'then']);
  });
});

describe('a booking that waits for its payment (F-51)', () => {
  const booking = (stage: string) =>
    flow(
      [{ id: 'p', flowNodeType: 'Booking', stage }, say('booked', 'Paid {{order_id}}'), say('none')],
      ['p:1>booked', 'p:2>none'],
    );
  const paid = (stage: Stage) => stage.settle(stage.desk.resumePort({ kind: 'key', key: KEY }, 1, ORDER));

  it('is booked by the order, once, also when only the app remembers it', async () => {
    const stage = await started(booking('PAY'));
    const snapshot = stage.told('flow park').at(-1)?.snapshot;
    const other = new Stage();
    other.flows.set('1', booking('PAY'));
    other.parked.set(KEY, { ...snapshot!, device: DEVICE });
    for (const each of [stage, other]) {
      expect(await paid(each)).toEqual({ kind: 'resumed', nodeId: 'p', port: 1, advancedTo: 'booked' });
      expect(await paid(each)).toEqual({ kind: 'not waiting for it' });
      await each.run(10_000);
      expect(await paid(each)).toEqual({ kind: 'not waiting for it' });
      expect(each.texts()).toEqual(['Paid 55']);
      expect(each.row()?.ended?.how).toBe('completed');
    }
  });

  it('is found by the number of its customer', async () => {
    const stage = await started(booking('PAY'), { workspace: '5' });
    const which = { kind: 'customer', workspace: '5', customer: CUSTOMER } as const;
    expect(await stage.settle(stage.desk.resumePort(which, 1, ORDER))).toMatchObject({ kind: 'resumed', nodeId: 'p' });
  });

  it('one that is still choosing takes no order', async () => {
    const stage = await started(booking('CHOOSE_DAY'), { workspace: '5' });
    const which = { kind: 'customer', workspace: '5', customer: CUSTOMER } as const;
    expect(await paid(stage)).toEqual({ kind: 'not waiting for it' });
    expect(await stage.settle(stage.desk.resumePort(which, 1, ORDER))).toEqual({ kind: 'not found' });
    expect(stage.row()?.wait?.node).toBe('p');
  });
});

describe('forms', () => {
  it('form: each answer under its key and form_<key>, the first edge only; nothing wired ends the session', async () => {
    const stage = await started(flow([{ id: 'f', flowNodeType: 'Form' }, say('a'), say('b')], ['f>a', 'f>b']));
    expect(await stage.settle(stage.desk.resumeForm(KEY, { size: 'L', days: ['Mo', 'Tu'] }))).toMatchObject({
      advancedTo: 'a',
    });
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['a']);
    expect(stage.vars()).toMatchObject({ size: 'L', form_size: 'L', days: 'Mo, Tu', form_days: 'Mo, Tu' });
    const bare = await started(flow([{ id: 'f', flowNodeType: 'Form' }], []));
    expect(await bare.settle(bare.desk.resumeForm(KEY, {}))).toEqual({ kind: 'resumed', nodeId: 'f', port: 1 });
    await bare.run(1_000);
    expect(bare.row()?.ended?.how).toBe('completed');
  });

  it('Google form: the answers under the root name and flattened, all edges', async () => {
    const stage = await started(flow([{ id: 'g', flowNodeType: 'GForm' }, say('a'), say('b')], ['g>a', 'g>b']));
    const answers = { Colour: ['red', 'blue'], Name: 'Ana' };
    await stage.settle(stage.desk.googleForm(KEY, 'form', answers));
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['a', 'b']);
    expect(stage.vars()).toMatchObject({ form: answers, 'form.Colour': 'red, blue', 'form.Name': 'Ana' });
  });
});

describe('parks (§6.2, §6.4)', () => {
  it('F-07, F-50: what the app keeps is enough to go on: trigger, times and last menu too', async () => {
    const stage = new Stage();
    const SHOP = flow([menu('m', ['A', 'B']), ask('q', 'Name?', 'name'), say('b')], ['m:1>q', 'm:2>b']);
    stage.flows.set('1', SHOP);
    await stage.byKeyword('shop', { workspace: '5', timeoutS: 900, cooldownS: 60 });
    await stage.run(10_000);
    await stage.says('A');
    await stage.run(10_000);
    const snapshot = stage.told('flow park').at(-1)?.snapshot;
    expect(snapshot?.waiting).toMatchObject({
      ...{ nextNodeType: 'Question', nodeId: 'q', variable: 'name' },
      meta: {
        triggerKeyword: 'shop',
        timeoutSeconds: 900,
        cooldownSeconds: 60,
        lastMenuWait: { nodeId: 'm', persistent: true },
      },
    });
    const other = new Stage();
    other.flows.set('1', SHOP);
    other.engine = { kind: 'engine', engine: 'waba', branding: '' };
    other.parked.set(KEY, { ...snapshot!, device: DEVICE });
    expect(await other.says('Ana')).toBe('consumed');
    await other.run(10_000);
    // The dead end leads back to the menu, on the engine that it had.
    expect(other.row()).toMatchObject({
      engine: 'baileys',
      trigger: 'shop',
      timeoutS: 900,
      cooldownS: 60,
      workspace: '5',
      wait: { node: 'm' },
    });
    expect(await other.says('B')).toBe('consumed');
    await other.run(10_000);
    expect(other.texts()).toEqual(['b']);
    expect(other.vars()).toMatchObject({ name: 'Ana', choice: 'B' });
  });

  it("F-56, F-47: a snapshot of the older bridge reads, with PHP's empty lists and numbers as text", async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    stage.parked.set(KEY, {
      ...{ flowId: '1', device: DEVICE, customer: CUSTOMER, nodeId: 'q', provider: 'baileys', variables: {} },
      waiting: {
        nextNodeType: 'Question',
        nodeId: 'q',
        variable: 'name',
        answerItems: [],
        meta: { triggerKeyword: null, timeoutSeconds: '0', cooldownSeconds: null, lastMenuWait: [] },
      },
    });
    expect(await stage.says('Ana')).toBe('consumed');
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Thanks Ana ']);
  });

  it('an order finds a parked cart; a lost node or an unknown wait is no session', async () => {
    const stage = new Stage();
    stage.flows.set('1', CART);
    const waiting = {
      nextNodeType: 'CommerceShop',
      variable: '',
      provider: 'shopify',
      storeId: '1',
      items: [],
      abandonedWaitMinutes: 5,
      startedAt: stage.time.now(),
    };
    const parked = {
      flowId: '1',
      device: DEVICE,
      customer: CUSTOMER,
      nodeId: 'c',
      provider: 'baileys',
      variables: {},
      waiting,
    };
    stage.parked.set(KEY, parked);
    expect(await stage.settle(stage.desk.resumePort({ kind: 'key', key: KEY }, 1, ORDER))).toMatchObject({
      kind: 'resumed',
      nodeId: 'c',
    });
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Order 55 9.90']);
    for (const other of [
      { ...parked, nodeId: 'gone' },
      { ...parked, waiting: { nextNodeType: 'Riddle' } },
    ]) {
      const lost = new Stage();
      lost.flows.set('1', CART);
      lost.parked.set(KEY, other);
      expect(await lost.settle(lost.desk.resumePort({ kind: 'key', key: KEY }, 1, ORDER))).toEqual({
        kind: 'not found',
      });
    }
  });

  it.each([
    ['later', 60_000, 120_000],
    ['passed meanwhile', 400_000, 0],
  ])('PK4: the deadline of a wait is kept by the app too: %s', async (_, away, left) => {
    const flows = flow([{ ...ask('q', 'Name?'), timeout: 180 }, say('late')], ['q:2>late']);
    const stage = new Stage();
    stage.flows.set('1', flows);
    await stage.begin('1');
    await stage.run(1_000);
    const due = stage.row()?.wait?.due ?? Number.NaN;
    const snapshot = stage.told('flow park').at(-1)?.snapshot;
    const other = new Stage();
    other.flows.set('1', flows);
    other.parked.set(KEY, { ...snapshot!, device: DEVICE });
    await other.run(due - 180_000 + away - other.time.now());
    // What is no answer brings it back.
    await other.says('', { tap: { id: 'x', title: '' } });
    expect(other.row()?.wait?.due).toBe(left === 0 ? other.row()?.wait?.since : due);
    await other.run(left + 10_000);
    expect(other.texts()).toEqual(['late']);
  });

  it.each([
    ['an order', { id: 'c', flowNodeType: 'Cart' }],
    ['the end of a delay', { id: 'c', flowNodeType: 'Delay', seconds: 3_600 }],
  ])('§6.1: %s goes on with a customer known by LID alone, whose digits could be a number', async (_, first) => {
    const lid = '99887766554433';
    const key = `${DEVICE}_${lid}`;
    const SHOP = flow([first, say('bought')], ['c:1>bought']);
    const stage = new Stage();
    stage.flows.set('1', SHOP);
    const message = { id: 'A', contact: { lid }, name: 'Ana', text: 'shop', at: stage.time.now() / 1_000 };
    const how = { workspace: undefined, timeoutS: undefined, cooldownS: 0, keyword: false };
    await stage.settle(stage.life.runtime.flows.start({ device: DEVICE, message, flowId: '1', ...how }));
    await stage.run(10_000);
    const other = new Stage();
    other.flows.set('1', SHOP);
    const snapshot = stage.told('flow park').at(-1)?.snapshot;
    if (snapshot) other.parked.set(key, { ...snapshot, device: DEVICE });
    const [parked] = stage.delays;
    if (parked) await other.settle(other.desk.resumeDelay({ ...parked, provider: 'baileys' }));
    else await other.settle(other.desk.resumePort({ kind: 'key', key }, 1, ORDER));
    await other.run(10_000);
    expect(other.messages.map(({ to, text }) => [to, text])).toEqual([[`${lid}@lid`, 'bought']]);
    expect(Object.keys(other.vars(key))).not.toContain('__lid');
  });

  it('"nothing parked" is believed for 5 min; media and votes ask nothing', async () => {
    const stage = new Stage();
    await stage.says('one');
    await stage.says('two');
    expect(stage.parkLookUps).toBe(1);
    await stage.run(301_000);
    await stage.says('', { media: 'image' });
    await stage.says('', { vote: { poll: 'P', labels: ['A'] } });
    expect(stage.parkLookUps).toBe(1);
    await stage.says('three');
    expect(stage.parkLookUps).toBe(2);
  });

  it('F-13, PK5: a session that ended while the app was away does not rise again from what the app keeps', async () => {
    const stage = await started(ASK);
    const [kept] = stage.told('flow park').flatMap(({ snapshot }) => snapshot ?? []);
    await stage.settle(stage.desk.end(CUSTOMER, undefined));
    stage.parked.set(KEY, { ...kept!, device: DEVICE });
    stage.untold.add(KEY);
    await stage.run(400_000);
    expect(stage.row()).toBeUndefined();
    expect([await stage.says('hello'), stage.row(), stage.parkLookUps]).toEqual(['not consumed', undefined, 0]);
    expect(await stage.settle(stage.desk.resumePort({ kind: 'key', key: KEY }, 1, ORDER))).toEqual({
      kind: 'not found',
    });
    stage.untold.delete(KEY);
    expect([await stage.says('hello'), stage.parkLookUps]).toEqual(['consumed', 1]);
  });
});

describe('the list of sessions', () => {
  it('says where each stands and what it waits for, and nothing that was said', async () => {
    const stage = await started(ASK);
    const [view] = stage.desk.sessions(DEVICE);
    expect(view).toMatchObject({
      ...{
        key: KEY,
        flowId: '1',
        flowName: 'Shop',
        engine: 'baileys',
        status: 'active',
        nodeId: 'q',
        waitsFor: 'Question',
      },
      deadline: stage.row()!.lastEventAt + 720 * HOUR,
    });
    expect(view?.flowVersion).toMatch(/^[0-9a-f]{24}$/);
    expect(stage.desk.sessions('5511900000009')).toEqual([]);
  });
});

describe('an app that does not answer holds nobody up', () => {
  it('a take-over during the start is answered at once, and the flow does not begin', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    stage.callMs = 20_000;
    await stage.begin('1');
    const before = stage.time.now();
    expect(await stage.settle(stage.desk.end(CUSTOMER, undefined))).toBe(0);
    expect(stage.time.now() - before).toBeLessThan(1_000);
    await stage.run(60_000);
    expect(stage.messages).toEqual([]);
    expect([...stage.store.table('flows/starts').keys()]).toEqual([]);
  });

  it('so is a take-over or an opt-out for another spelling of the number, or the LID beside it', async () => {
    const lid = '99887766554433';
    const other = digits('551188887777');
    const ends: ((stage: Stage) => Promise<unknown>)[] = [
      (stage) => stage.desk.end(other, undefined),
      (stage) => stage.life.runtime.flows.end(DEVICE, { pn: other }),
      (stage) => stage.life.runtime.flows.end(DEVICE, { lid, pn: other }),
    ];
    for (const [index, end] of ends.entries()) {
      const stage = new Stage();
      stage.flows.set('1', ASK);
      stage.isAppAway = true;
      await stage.begin('1');
      await stage.settle(end(stage));
      stage.isAppAway = false;
      await stage.run(60_000);
      expect([index, stage.texts()]).toEqual([index, []]);
    }
    const known = new Stage();
    known.flows.set('1', ASK);
    known.isAppAway = true;
    const message = { id: 'A', contact: { lid }, name: 'Ana', text: 'shop', at: known.time.now() / 1_000 };
    const how = { workspace: undefined, timeoutS: undefined, cooldownS: 0, keyword: false };
    await known.settle(known.life.runtime.flows.start({ device: DEVICE, message, flowId: '1', ...how }));
    await known.settle(known.desk.end(lid, undefined));
    known.isAppAway = false;
    await known.run(60_000);
    expect(known.texts()).toEqual([]);
  });

  it('a newer start does not wait for an older one that is still asking', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK).set('2', flow([say('b')], []));
    stage.callMs = 20_000;
    await stage.begin('1');
    stage.callMs = 100;
    await stage.begin('2');
    await stage.run(5_000);
    expect(stage.texts()).toEqual(['b']);
    stage.restart();
    await stage.run(60_000);
    expect(stage.texts()).toEqual(['b']);
    expect([...stage.store.table('flows/starts').keys()]).toEqual([]);
  });

  it('F-23: a resume whose park cannot be had is answered in 5 s and takes nothing afterwards', async () => {
    const stage = new Stage();
    stage.callMs = 8_000;
    const before = stage.time.now();
    const answer = await stage.settle(stage.desk.resumePort({ kind: 'key', key: KEY }, 1, ORDER));
    expect(answer?.kind).toBe('failed');
    expect(stage.time.now() - before).toBeLessThanOrEqual(5_000);
  });

  it('resume-delay is on disk when it is acknowledged, and asks again until the app says what the flow is', async () => {
    const stage = new Stage();
    stage.flows.set('1', flow([say('x'), say('b')], ['x>b']));
    stage.isAppAway = true;
    const order = {
      flowId: '1',
      sessionKey: KEY,
      nodeId: 'x',
      customer: CUSTOMER,
      device: DEVICE,
      provider: 'baileys',
      variables: {},
    } as const;
    const before = stage.time.now();
    await stage.settle(stage.desk.resumeDelay(order));
    expect(stage.time.now() - before).toBeLessThan(1_000);
    await stage.run(2_000);
    stage.restart();
    stage.isAppAway = false;
    await stage.run(60_000);
    expect(stage.texts()).toEqual(['b']);
    expect([...stage.store.table('flows/delays').keys()]).toEqual([]);
  });

  it('DY3: nor is it lost when the app is away for hours, only after a day', async () => {
    const resumed = async (hours: number) => {
      const stage = new Stage();
      stage.flows.set('7', flow([delay('d', 3_600), say('late')], ['d>late']));
      stage.isAppAway = true;
      const { desk } = stage;
      const whose = { sessionKey: KEY, customer: CUSTOMER, device: DEVICE, provider: '' } as const;
      await stage.settle(desk.resumeDelay({ ...whose, flowId: '7', nodeId: 'd', variables: {} }));
      await stage.run(hours * HOUR);
      stage.isAppAway = false;
      await stage.run(HOUR);
      return stage.texts();
    };
    expect([await resumed(5), await resumed(25)]).toEqual([['late'], []]);
  });

  it('a stop is not held up either, and what was under way begins with the next process', async () => {
    const stage = new Stage();
    stage.flows.set('1', ASK);
    stage.callMs = 20_000;
    await stage.begin('1');
    const before = stage.time.now();
    await stage.settle(stage.life.runtime.stop());
    expect(stage.time.now() - before).toBeLessThan(1_000);
    stage.callMs = 100;
    stage.restart();
    await stage.run(10_000);
    expect(stage.texts()).toEqual(['Name?']);
  });
});

it('§1.2: a key from outside that no store takes is no session, and no fault', () => {
  const { time } = new Stage();
  const rows = new Rows(temporaryStore(), new Sequence(time), time, HOUR);
  expect(rows.byKey('9'.repeat(1_000))).toBeUndefined();
});
