/** Flows across a killed bridge, with its own store and without it (F-07, F-08, F-28, F-50): through a whole bridge. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { type Customer, shownAt } from '../../helpers/flow-customers.ts';
import { ask, buttons, leads, type PlannedNode, text } from '../../helpers/flow-plan.ts';
import { Theatre } from './theatre.ts';

let theatre: Theatre;
beforeAll(async () => {
  theatre = await Theatre.open();
});
afterAll(() => theatre.close());

const GOOGLE_FORM: PlannedNode = {
  type: 'GoogleForm',
  fields: { formId: 9, bodyText: 'The form', saveAs: 'g', expiresInSec: 86_400 },
  to: { 1: 'n_gform2' },
};
const SHOP: PlannedNode = {
  type: 'CommerceShop',
  fields: {
    ...{ provider: 'whatsapp_shop', storeId: 3, headerText: 'Shop', bodyText: 'Our goods', footerText: '' },
    abandonedWaitMinutes: 5,
    productItems: [{ retailer_id: 'r1', name: 'Hat', image: '', price_minor: 1_250, currency: 'EUR', url: '' }],
  },
  to: { 1: 'n_shop02' },
};
const WA_FORM: PlannedNode = {
  type: 'WaForm',
  fields: { formId: 4, metaFlowId: '777', formTitle: 'Details', bodyText: 'Please fill in', ctaLabel: 'Open' },
  to: { 1: 'n_wform2' },
};

/** One conversation for each kind of wait, all at their wait. Answers what makes them go on. */
async function allWait(t: Theatre, store: 'kept' | 'lost'): Promise<() => Promise<void>> {
  const [menu, question, google, shop, form] = [t.linked(), t.linked(), t.linked(), t.onCloud(), t.onCloud()];
  const key = (number: string, { phone }: Customer) => `${number}_${phone}`;
  const menus = await t.flow({
    n_rmenu1: leads(buttons('First?', 'a', 'Yes', 'No'), { 1: 'n_rmenu2', 2: 'n_rmenu3' }),
    n_rmenu2: leads(buttons('Second?', 'b', 'Yes', 'No'), { 1: 'n_rmenu4', 2: 'n_rmenu4' }),
    n_rmenu3: text('first {{n_rmenu1}}'),
    n_rmenu4: text('second {{n_rmenu2}}'),
  });
  const asks = await t.flow({
    n_rask01: leads(ask('Name?', 'who'), { 1: 'n_rask02' }),
    n_rask02: text('hi {{who}}, {{name}}'),
  });
  await t.start(t.number, menu.phone, menus);
  await t.start(t.number, question.phone, asks, { name: 'Ann' });
  await t.start(t.number, google.phone, await t.flow({ n_gform1: GOOGLE_FORM, n_gform2: text('colour {{g.colour}}') }));
  await t.start(t.cloud, shop.phone, await t.flow({ n_shop01: SHOP, n_shop02: text('paid {{order_id}}') }));
  await t.start(t.cloud, form.phone, await t.flow({ n_wform1: WA_FORM, n_wform2: text('size {{size}}') }));
  const first = await shownAt(menu, 0, 'First?');
  await t.parked(key(t.number, menu), 'n_rmenu1');
  await menu.tap(first, 'Yes');
  const second = await shownAt(menu, 1, 'Second?');
  await t.parked(key(t.number, menu), 'n_rmenu2');
  await t.parked(key(t.number, question), 'n_rask01');
  await t.parked(key(t.number, google), 'n_gform1');
  await t.parked(key(t.cloud, shop), 'n_shop01');
  await t.parked(key(t.cloud, form), 'n_wform1');
  return async () => {
    const answers = await Promise.all([
      t.post('/api/flow-resume', { session_id: key(t.number, google), save_variable: 'g', answers: { colour: 'red' } }),
      t.post(`/api/flow/resume-port/${key(t.cloud, shop)}`, { port: 1, orderMeta: { id: 55 } }),
      t.post(`/api/flow/resume-form/${key(t.cloud, form)}`, { form_answers: { size: 'L' } }),
    ]);
    expect(answers).toEqual([
      [200, { ok: true }],
      [200, { ok: true, port: 1, nodeId: 'n_shop01' }],
      [200, { ok: true, nodeId: 'n_wform1', advanced_to: 'n_wform2' }],
    ]);
    await question.say('Bob');
    // A park row knows the last menu alone.
    await menu.tap(store === 'kept' ? first : second, 'No');
    await shownAt(google, 1, 'colour red');
    await shownAt(shop, 0, 'paid 55');
    await shownAt(form, 1, 'size L');
    await shownAt(question, 1, 'hi Bob, Ann');
    await shownAt(menu, 2, store === 'kept' ? 'first No' : 'second No');
  };
}

/** Asleep for a moment, behind a message. */
async function asleep(t: Theatre): Promise<Customer> {
  const flow = await t.flow({
    n_short1: leads(text('wait for it'), { 1: 'n_short2' }),
    n_short2: { type: 'TimeDelay', fields: { delaySeconds: 3, eventType: 'duration' }, to: { 1: 'n_short3' } },
    n_short3: text('here'),
  });
  const customer = t.linked();
  await t.start(t.number, customer.phone, flow);
  await shownAt(customer, 0, 'wait for it');
  const isAsleep = async () => {
    const [session] = await t.sessions(customer.phone);
    return session?.['nodeId'] === 'n_short2' && typeof session['deadline'] === 'string';
  };
  await eventually(isAsleep, { what: 'the session sleeps', withinMs: 10_000, everyMs: 20 });
  return customer;
}

async function killed(t: Theatre, meanwhile: () => void = () => undefined): Promise<void> {
  await t.bridge.kill9();
  meanwhile();
  await t.bridge.restart();
  await t.bridge.allConnected([t.number], 60_000);
}

describe('a killed bridge', () => {
  let sleeper: Customer;

  it('F-07, F-08, F-28: every wait goes on from its own store, a short delay by itself', async () => {
    const goOn = await allWait(theatre, 'kept');
    sleeper = await asleep(theatre);
    await killed(theatre);
    await expect(goOn()).resolves.toBeUndefined();
    expect((await shownAt(sleeper, 1, 'here')).text).toBe('here');
  });

  it('F-07, F-50: every wait goes on from the app’s park rows when the store is lost', async () => {
    const goOn = await allWait(theatre, 'lost');
    await theatre.bridge.outboxEmpty();
    await killed(theatre, () => rmSync(theatre.bridge.dataDir, { recursive: true, force: true }));
    await expect(goOn()).resolves.toBeUndefined();
    // F-08: the short delay of before has fired once.
    expect(await sleeper.shown()).toHaveLength(2);
  });

  it('§6.4, F-56: a row that an older bridge parked is resumed by the customer’s answer', async () => {
    const flow = await theatre.flow({
      n_old001: leads(ask('Old?', 'x'), { 1: 'n_old002' }),
      n_old002: text('new {{x}} {{kept}}'),
    });
    const customer = theatre.linked();
    await theatre.world.app('parks', {
      [`${theatre.number}_${customer.phone}`]: {
        ...{ flow_id: flow, flow_subscriber_id: null, device_phone: theatre.number, customer_phone: customer.phone },
        ...{ node_id: 'n_old001', waiting: { nextNodeType: 'Question', nodeId: 'n_old001', variable: 'x' } },
        ...{ variables: { kept: 'value' }, provider: 'baileys' },
      },
    });
    await customer.say('answer');
    expect((await shownAt(customer, 0, 'new')).text).toBe('new answer value');
  });
});
