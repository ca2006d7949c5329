/** Contract flows §1.2, §7.2 on Cloud API and Twilio, whose customers' messages the app hands on: through a whole bridge. */
import { afterAll, beforeAll, expect } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { shownAt } from '../../helpers/flow-customers.ts';
import { ask, buttons, leads, list, text } from '../../helpers/flow-plan.ts';
import { Providers } from '../../helpers/providers.ts';
import { sideBySide } from '../../helpers/side-by-side.ts';
import { quiet, Theatre } from './theatre.ts';

const TWILIO = '14155550100';
let theatre: Theatre;

const begin = sideBySide<Theatre>({
  'F-20: consumed is true exactly when a flow took the message; a menu takes taps, labels and numbers': async (t) => {
    const flow = await t.flow({
      n_cmenu1: leads(buttons('Tea?', 'tea', 'Yes', 'No'), { 1: 'n_clist1', 2: 'n_clist1' }),
      n_clist1: leads(list('Which?', 'kind', 'Green', 'Black'), { 1: 'n_ctold1', 2: 'n_ctold1' }),
      n_ctold1: text('{{tea}} {{kind}} {{user_message}}'),
    });
    await t.keyword('tea', flow, t.cloud);
    const customer = t.onCloud();
    await customer.say('nothing of this');
    expect([customer.consumed, await t.lookUps(customer.phone)]).toEqual([false, 1]);
    await customer.say('tea');
    expect(customer.consumed).toBe(true);
    const menu = await shownAt(customer, 0, 'Tea?');
    await t.parked(`${t.cloud}_${customer.phone}`, 'n_cmenu1');
    await customer.say('what?');
    expect(customer.consumed).toBe(false);
    await customer.tap(menu, 'Yes');
    expect(customer.consumed).toBe(true);
    await shownAt(customer, 1, 'Which?');
    await t.parked(`${t.cloud}_${customer.phone}`, 'n_clist1');
    await customer.say('2');
    expect(customer.consumed).toBe(true);
    await shownAt(customer, 2, /^Yes (Black Black|2 2)$/);
  },

  '§7.2: a forced flow starts unless a session takes the message; replies of other types are the app’s': async (t) => {
    const flow = await t.flow({
      n_force1: leads(ask('Forced?', 'x'), { 1: 'n_force2' }),
      n_force2: text('thanks {{x}}'),
    });
    const [customer, other] = [t.onCloud(), t.onCloud()];
    const inbound = (said: object) =>
      t.post('/api/flow/provider-inbound', { deviceNumber: t.cloud, customerPhone: customer.phone, ...said });
    expect(await inbound({ text: 'hello', flowId: flow })).toEqual([202, { ok: true, consumed: true }]);
    await shownAt(customer, 0, 'Forced?');
    await t.parked(`${t.cloud}_${customer.phone}`, 'n_force1');
    expect(await inbound({ text: '' })).toEqual([202, { ok: true, consumed: false }]);
    expect(await inbound({ text: 'an answer', flowId: flow })).toEqual([202, { ok: true, consumed: true }]);
    await shownAt(customer, 1, 'thanks an answer');
    const answer = { reply_type: 'custom', reply: 'An answer' };
    await t.world.app('keyword', { keyword: 'faq', phone: t.cloud, answer });
    await other.say('faq');
    expect(other.consumed).toBe(false);
    await quiet();
    expect(await other.shown()).toEqual([]);
    expect(await customer.shown()).toHaveLength(2);
  },

  '§7.2: a medium answers a question that accepts media, by its address; without an address it answers nothing': async (
    t,
  ) => {
    const photo = ask('A photo?', 'photo');
    const flow = await t.flow({
      n_photo1: leads({ ...photo, fields: { ...photo.fields, acceptMedia: true } }, { 1: 'n_photo2' }),
      n_photo2: text('got {{photo}}'),
    });
    const customer = t.onCloud();
    await t.start(t.cloud, customer.phone, flow);
    await shownAt(customer, 0, 'A photo?');
    await t.parked(`${t.cloud}_${customer.phone}`, 'n_photo1');
    const inbound = (mediaUrl: string) =>
      t.post('/api/flow/provider-inbound', {
        ...{ deviceNumber: t.cloud, customerPhone: customer.phone, provider: 'waba', text: '', mediaUrl },
      });
    expect(await inbound('')).toEqual([202, { ok: true, consumed: false }]);
    expect(await inbound('https://media.test/p.jpg')).toEqual([202, { ok: true, consumed: true }]);
    expect((await shownAt(customer, 1, 'got')).text).toBe('got https://media.test/p.jpg');
  },

  'F-02, F-23, F-55: text leaves a pending form alone, and its submission resumes at once and once': async (t) => {
    const flow = await t.flow({
      n_form01: {
        type: 'WaForm',
        fields: { formId: 4, metaFlowId: '777', formTitle: 'Details', bodyText: 'Please fill in', ctaLabel: 'Open' },
        to: { 1: 'n_form02' },
      },
      n_form02: text('size {{size}} {{form_size}}'),
    });
    const customer = t.onCloud();
    const key = `${t.cloud}_${customer.phone}`;
    await t.start(t.cloud, customer.phone, flow);
    await shownAt(customer, 0, 'Please fill in');
    await t.parked(key, 'n_form01');
    await customer.say('how?');
    expect(customer.consumed).toBe(false);
    const from = performance.now();
    const submit = () => t.post(`/api/flow/resume-form/${key}`, { form_id: 4, form_answers: { size: 'L' } });
    expect(await submit()).toEqual([200, { ok: true, nodeId: 'n_form01', advanced_to: 'n_form02' }]);
    expect(performance.now() - from).toBeLessThan(2_000);
    expect(await submit()).toMatchObject([200, { ok: true, noop: true }]);
    await shownAt(customer, 1, 'size L L');
    await quiet();
    expect(await customer.shown()).toHaveLength(2);
  },

  'F-55: orders by session and by number: purchased, abandoned, and nobody': async (t) => {
    const flow = await t.flow({
      n_shop01: {
        type: 'CommerceShop',
        fields: {
          ...{ provider: 'whatsapp_shop', storeId: 3, headerText: 'Shop', bodyText: 'Our goods', footerText: '' },
          abandonedWaitMinutes: 5,
          productItems: [{ retailer_id: 'r1', name: 'Hat', image: '', price_minor: 1_250, currency: 'EUR', url: '' }],
        },
        to: { 1: 'n_paid01', 2: 'n_left01' },
      },
      n_paid01: text('paid {{order_id}} {{order_total}} {{order_currency}}'),
      n_left01: text('left'),
    });
    const [buyer, leaver] = [t.onCloud(), t.onCloud()];
    for (const { phone } of [buyer, leaver]) await t.start(t.cloud, phone, flow);
    for (const { phone } of [buyer, leaver]) await t.parked(`${t.cloud}_${phone}`, 'n_shop01');
    const orderMeta = { id: 55, total: '12.50', currency: 'EUR', provider: 'whatsapp_shop' };
    const buy = () => t.post(`/api/flow/resume-port/${t.cloud}_${buyer.phone}`, { port: 1, orderMeta });
    expect(await buy()).toEqual([200, { ok: true, port: 1, nodeId: 'n_shop01' }]);
    expect([404, 200]).toContain((await buy())[0]);
    await shownAt(buyer, 0, 'paid 55 12.50 EUR');
    const leave = (workspace: number) => t.post(`/api/flow/resume-by-phone/${workspace}/${leaver.phone}`, { port: 2 });
    expect(await leave(8)).toEqual([200, { ok: true, noop: true, reason: 'no_matching_session' }]);
    expect(await leave(7)).toEqual([200, { ok: true, port: 2, nodeId: 'n_shop01' }]);
    await shownAt(leaver, 0, 'left');
    await quiet();
    expect(await buyer.shown()).toHaveLength(1);
    const nobody = await t.post('/api/flow/resume-port/1234567_7654321');
    expect(nobody).toEqual([404, { ok: false, error: 'session_not_found' }]);
  },

  '§10.3: on Twilio menus are numbered text, and the digits are mapped back': async (t) => {
    const account = { vendor: 'twilio', phone: TWILIO, token: 'twilio-token', id: `AC${'0'.repeat(32)}` } as const;
    const providers = new Providers(t.world);
    await providers.add(account);
    const flow = await t.flow({
      n_twil01: leads(buttons('Tea?', 'tea', 'Yes', 'No'), { 1: 'n_twil02', 2: 'n_twil02' }),
      n_twil02: text('you said {{tea}}'),
    });
    const { phone } = t.onCloud();
    await t.start(TWILIO, phone, flow, { provider: 'twilio' });
    const at = (index: number) =>
      eventually(
        async () => {
          const seen = await providers.messages(account);
          return seen.filter(({ recipient, id }) => recipient === phone && id !== undefined)[index]?.text;
        },
        { what: `message ${index} at Twilio`, withinMs: 15_000 },
      );
    expect(await at(0)).toMatch(/Tea\?[\s\S]*1[\s\S]*Yes[\s\S]*2[\s\S]*No/);
    await t.parked(`${TWILIO}_${phone}`, 'n_twil01');
    const answer = { deviceNumber: TWILIO, customerPhone: phone, text: '2', provider: 'twilio' };
    expect(await t.post('/api/flow/provider-inbound', answer)).toEqual([202, { ok: true, consumed: true }]);
    expect(await at(1)).toMatch(/^you said (No|2)$/);
  },

  'F-44: a start with a provider without credentials fails, and nothing leaves from the linked device': async (t) => {
    const flow = await t.flow({ n_none01: text('never') });
    const customer = t.linked();
    await t.start(t.number, customer.phone, flow, { provider: 'waba', flowSubscriberId: 601 });
    await t.startFailed(601);
    expect(await customer.shown()).toEqual([]);
  },

  'bulk §4.1: a campaign of type flow starts the flow for each contact; its id is no message’s': async (t) => {
    const flow = await t.flow({ n_camp01: ask('Hello {{name}}, from the campaign?', 'x') });
    const customers = [t.onCloud(), t.onCloud()];
    const answer = await t.post(`/api/wa/${t.cloud}/campaign/send`, {
      ...{ campaignId: 31, campaignName: 'Spring', campaignType: 'flow', flowId: flow, provider: 'waba' },
      targetContacts: customers.map(({ phone }, n) => ({ id: n + 1, phone, name: `N${n}` })),
    });
    expect(answer).toMatchObject([200, { success: true, recipientCount: 2 }]);
    for (const [n, customer] of customers.entries()) await shownAt(customer, 0, `Hello N${n}`);
    const told = await eventually(
      async () => {
        const all = await t.world.appRequests({ path: '/api/campaigns/update-contact-status' });
        const own = all.map(({ body }) => body as Record<string, unknown>).filter((body) => body['campaign_id'] === 31);
        return own.length >= 2 && own;
      },
      { what: 'the app knows both as sent', withinMs: 15_000 },
    );
    const sent = ['sent', null];
    expect(told.map(({ status, whatsapp_message_id: id }) => [status, id ?? null])).toEqual([sent, sent]);
  },
});

beforeAll(async () => {
  theatre = await Theatre.open();
  begin(theatre);
});
afterAll(() => theatre.close());
