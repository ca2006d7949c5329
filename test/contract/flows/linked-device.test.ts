/** Contract flows §3, §6-§9 on the linked device, through a whole bridge: one number, many customers side by side. */
import { afterAll, beforeAll, expect } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { type LinkedCustomer, shownAt } from '../../helpers/flow-customers.ts';
import { ask, buttons, end, leads, text } from '../../helpers/flow-plan.ts';
import { sideBySide } from '../../helpers/side-by-side.ts';
import { quiet, Theatre } from './theatre.ts';

let theatre: Theatre;

/** What a wait has no use for is looked up as if nothing waited. */
async function saysInVain(t: Theatre, customer: LinkedCustomer, said: string): Promise<void> {
  const before = await t.lookUps(customer.phone);
  await customer.say(said);
  await eventually(async () => (await t.lookUps(customer.phone)) > before, {
    ...{ what: `"${said}" is looked up`, withinMs: 10_000 },
  });
}

const begin = sideBySide<Theatre>({
  'F-01, F-03, F-46: a tap, the label and the number of a button store the same label; free text is the answer': async (
    t,
  ) => {
    const flow = await t.flow({
      n_menu01: leads(buttons('Hello {{name}}', 'drink', 'Tea', 'Coffee'), { 1: 'n_count1', 2: 'n_count1' }),
      n_count1: leads(ask('How many?', 'count'), { 1: 'n_told01' }),
      n_told01: leads(text('{{drink}} {{n_menu01}} {{count}} {{user_message}}'), { 1: 'n_end001' }),
      n_end001: end,
    });
    await t.keyword('drinks', flow);
    const [tapping, typing, counting] = [t.linked(), t.linked(), t.linked()];
    const answers = await Promise.all(
      [tapping, typing, counting].map(async (customer) => {
        await customer.say('Drinks');
        const menu = await shownAt(customer, 0, 'Hello Contact');
        expect(menu.options.map(({ title }) => title)).toEqual(['Tea', 'Coffee']);
        if (customer === tapping) await customer.tap(menu, 'Coffee');
        else await customer.say(customer === typing ? 'coffee' : '2.');
        await shownAt(customer, 1, 'How many?');
        await customer.say('3 please');
        return (await shownAt(customer, 2, 'please')).text;
      }),
    );
    expect(answers.map((said) => said.toLowerCase())).toEqual(answers.map(() => 'coffee coffee 3 please 3 please'));
    // F-18: the trigger was looked up, no answer was.
    for (const { phone } of [tapping, typing, counting]) expect(await t.lookUps(phone)).toBe(1);
    await t.parked(`${t.number}_${tapping.phone}`, undefined);
    const mirrors = await eventually(
      async () => {
        const all = await t.mirrors(tapping.phone);
        return all.length >= 3 && all;
      },
      { what: 'the app has the mirrors', withinMs: 10_000 },
    );
    expect(mirrors.map(({ body }) => body)).toEqual([expect.stringContaining('Hello'), 'How many?', answers[0]]);
    expect(new Set(mirrors.map(({ wa_message_id: id }) => id)).size).toBe(3);
  },

  'F-04: a native vote takes the port of the chosen option': async (t) => {
    const flow = await t.flow({
      n_poll01: {
        type: 'Poll',
        fields: { question: 'Which?', options: ['Ant', 'Bee', 'Cat'], allowMultiple: false },
        to: { 1: 'n_ant001', 2: 'n_bee001', 3: 'n_ant001' },
      },
      n_ant001: text('not this'),
      n_bee001: text('voted {{n_poll01}}'),
    });
    const customer = t.linked();
    await t.start(t.number, customer.phone, flow);
    const poll = await shownAt(customer, 0, 'Which?');
    expect(poll.options.map(({ title }) => title)).toEqual(['Ant', 'Bee', 'Cat']);
    await customer.vote(poll, 'Bee');
    await shownAt(customer, 1, 'voted Bee');
  },

  'F-05: with allowMultiple votes count when they stay unchanged; all labels are stored': async (t) => {
    const flow = await t.flow({
      n_poll02: {
        type: 'Poll',
        fields: { question: 'Which of these?', options: ['Ant', 'Bee', 'Cat'], allowMultiple: true },
        to: { 1: 'n_no0001', 2: 'n_bee002', 3: 'n_no0001' },
      },
      n_no0001: text('not this'),
      n_bee002: text('voted {{n_poll02}}'),
    });
    const customer = t.linked();
    await t.start(t.number, customer.phone, flow);
    const poll = await shownAt(customer, 0, 'Which of these?');
    await customer.vote(poll, 'Cat');
    await customer.vote(poll, 'Cat', 'Bee');
    await shownAt(customer, 1, 'voted Bee, Cat');
  },

  'F-28: a tap goes to the menu that it came from, though titles and ids repeat': async (t) => {
    const flow = await t.flow({
      n_one001: leads(buttons('First?', 'a', 'Yes', 'No'), { 1: 'n_two001', 2: 'n_fno001' }),
      n_two001: leads(buttons('Second?', 'b', 'Yes', 'No'), { 1: 'n_syes01', 2: 'n_sno001' }),
      n_fno001: text('first no'),
      n_syes01: text('second yes'),
      n_sno001: text('second no'),
    });
    const customer = t.linked();
    await t.start(t.number, customer.phone, flow);
    const first = await shownAt(customer, 0, 'First?');
    await customer.tap(first, 'Yes');
    const second = await shownAt(customer, 1, 'Second?');
    await customer.tap(first, 'No');
    await shownAt(customer, 2, 'first no');
    // §6.6: a dead end behind a menu arms the last menu again.
    await customer.tap(second, 'Yes');
    await shownAt(customer, 3, 'second yes');
  },

  '§7.3: a place is answered as a maps link, a medium by its address at the app': async (t) => {
    const photo = { type: 'Question', fields: { question: 'A photo?', variable: 'photo', acceptMedia: true } };
    const flow = await t.flow({
      n_where1: leads(ask('Where?', 'place'), { 1: 'n_photo1' }),
      n_photo1: leads(photo, { 1: 'n_both01' }),
      n_both01: text('{{place}} {{photo}}'),
    });
    const customer = t.linked();
    await t.start(t.number, customer.phone, flow);
    await shownAt(customer, 0, 'Where?');
    await t.world.contactSends(customer.phone, { to: t.number, location: { latitude: 1.5, longitude: 2 } });
    await shownAt(customer, 1, 'A photo?');
    const base64 = Buffer.from('a picture').toString('base64');
    await t.world.contactSends(customer.phone, { to: t.number, image: { base64, mime: 'image/png' } });
    const { text: said } = await shownAt(customer, 2, 'maps');
    expect(said).toMatch(/q=1\.5,2 https:\/\/app\.example\/storage\/chat-media\/\d+$/);
    expect((await t.world.appFlows()).media).toHaveLength(1);
  },

  '§7.1: routing_actions.flow_id starts its flow, without a look-up': async (t) => {
    const flow = await t.flow({ n_routed: text('routed, {{user_message}}') });
    await t.world.app('routing', { text: 'route me', phone: t.number, flow });
    const customer = t.linked();
    await customer.say('route me');
    await shownAt(customer, 0, 'routed, route me');
    expect(await t.lookUps(customer.phone)).toBe(0);
  },

  'F-18, §7.1 step 3: the trigger word starts again, and so does a keyword that started a flow here before': async (
    t,
  ) => {
    await t.keyword(
      'beta',
      await t.flow({ n_beta01: leads(ask('Beta?', 'b'), { 1: 'n_beta02' }), n_beta02: text('{{b}}') }),
    );
    await t.keyword(
      'alpha',
      await t.flow({ n_alfa01: leads(ask('Alpha?', 'a'), { 1: 'n_alfa02' }), n_alfa02: text('{{a}}') }),
    );
    const [first, customer] = [t.linked(), t.linked()];
    await customer.say('beta');
    await shownAt(customer, 0, 'Beta?');
    // It has never started a flow on this number: an answer like any other.
    await customer.say('alpha');
    await shownAt(customer, 1, /^alpha$/);
    await first.say('alpha');
    await shownAt(first, 0, 'Alpha?');
    await customer.say('beta');
    await shownAt(customer, 2, 'Beta?');
    await customer.say('beta');
    await shownAt(customer, 3, 'Beta?');
    await customer.say('alpha');
    await shownAt(customer, 4, 'Alpha?');
  },

  'F-11, F-12: flow-end ends only sessions of that customer and workspace': async (t) => {
    const flow = await t.flow({ n_take01: leads(ask('Hello?', 'x'), { 1: 'n_take02' }), n_take02: text('still here') });
    const [customer, other] = [t.linked(), t.linked()];
    for (const { phone } of [customer, other]) await t.start(t.number, phone, flow);
    await Promise.all([shownAt(customer, 0, 'Hello?'), shownAt(other, 0, 'Hello?')]);
    const key = `${t.number}_${customer.phone}`;
    await t.parked(key, 'n_take01');
    for (const body of [
      { customer_phone: customer.phone, workspace_id: 8 },
      { customer_phone: customer.phone.slice(1) },
      { customer_phone: t.number },
    ])
      expect(await t.post('/api/flow-end', body)).toEqual([200, { ok: true, ended: 0 }]);
    const ended = await t.post('/api/flow-end', { customer_phone: customer.phone, workspace_id: 7 });
    expect(ended).toEqual([200, { ok: true, ended: 1 }]);
    await t.parked(key, undefined);
    await customer.say('anybody?');
    await other.say('me');
    await shownAt(other, 1, 'still here');
    await quiet();
    expect(await customer.shown()).toHaveLength(1);
  },

  '§9.1: an opt-out ends the session': async (t) => {
    const flow = await t.flow({ n_opt001: leads(ask('Go on?', 'x'), { 1: 'n_opt002' }), n_opt002: text('still here') });
    const customer = t.linked();
    await t.start(t.number, customer.phone, flow, { flowSubscriberId: 501 });
    await shownAt(customer, 0, 'Go on?');
    await customer.say('STOP');
    await eventually(async () => (await t.sessions(customer.phone))[0]?.['status'] === 'aborted', {
      ...{ what: 'the session has ended', withinMs: 10_000 },
    });
    await customer.say('hello?');
    await quiet();
    expect(await customer.shown()).toHaveLength(1);
    expect((await t.world.appFlows()).completed).not.toHaveProperty('501');
  },

  '§11, F-55: a long delay is left to the app, whose sweep resumes it; a second call changes nothing': async (t) => {
    const flow = await t.flow({
      n_del001: { type: 'TimeDelay', fields: { delaySeconds: 90, eventType: 'duration' }, to: { 1: 'n_late01' } },
      n_late01: leads(text('later, {{name}}'), { 1: 'n_late02' }),
      n_late02: end,
    });
    const customer = t.linked();
    await t.start(t.number, customer.phone, flow, { name: 'Ann', flowSubscriberId: 502 });
    const delay = await eventually(
      async () => (await t.world.appFlows()).delays.find((row) => row['customer_phone'] === customer.phone),
      { what: 'the app keeps the delay', withinMs: 15_000 },
    );
    expect(delay).toMatchObject({ node_id: 'n_del001', resume_seconds: 90, flow_subscriber_id: 502 });
    const { due: _, attempts: __, resume_seconds: ___, ...body } = delay;
    await t.world.app('sweep-delays', { bridge: t.bridge.url, aheadS: 100 });
    await shownAt(customer, 0, 'later, Ann');
    expect(await t.post('/api/flow/resume-delay', body)).toMatchObject([202, { ok: true, node_id: 'n_del001' }]);
    await quiet();
    expect(await customer.shown()).toHaveLength(1);
    expect((await t.world.appFlows()).completed).toMatchObject({ 502: 1 });
  },

  'F-29: NotifyNumber copies to a real contact, whose copy is no part of the customer’s thread': async (t) => {
    const [customer, other] = [t.linked(), t.linked()];
    const copyNumber = other.phone.replace(/^(..)(...)/, '+$1 ($2) ');
    const flow = await t.flow({
      n_copy01: leads(text('An order of {{name}}'), { 1: 'n_copy02' }),
      n_copy02: { type: 'NotifyNumber', fields: { copyNumber, source: 'mirror' }, to: { 1: 'n_copy03' } },
      n_copy03: {
        type: 'NotifyNumber',
        fields: { copyNumber, source: 'custom', kind: 'text', text: 'Call {{name}}' },
        to: { 1: 'n_copy04' },
      },
      n_copy04: text('thanks'),
    });
    await t.start(t.number, customer.phone, flow, { name: 'Ann' });
    await shownAt(other, 1, 'Call Ann');
    await shownAt(customer, 1, 'thanks');
    expect((await other.shown()).map((message) => message.text)).toEqual(['An order of Ann', 'Call Ann']);
    expect((await customer.shown()).map((message) => message.text)).toEqual(['An order of Ann', 'thanks']);
    expect(await t.mirrors(other.phone)).toEqual([]);
  },

  'F-51: a booking behind its pay link takes the booked port by the order event, once; texts are no answer to it':
    async (t) => {
      const type = { id: 1, name: 'Haircut', due_now: 5_000, currency: 'EUR', has_gateway: true, questions: [] };
      const free = {
        days: [{ day: '2030-05-01', label: 'May 1', count: 1 }],
        times: [{ start: '2030-05-01T09:00:00Z', end: '2030-05-01T09:30:00Z', label: '9:00' }],
      };
      await t.world.app('flow-answer', {
        path: '/api/booking/types',
        body: { ok: true, available: true, types: [type] },
      });
      await t.world.app('flow-answer', { path: '/api/booking/slots', body: { ok: true, ...free, has_more: false } });
      const flow = await t.flow({
        n_book01: { type: 'BookAppointment', fields: { prompt: 'When?' }, to: { 1: 'n_book02', 2: 'n_book03' } },
        n_book02: text('booked {{slot}} {{order_id}}'),
        n_book03: text('no slots'),
      });
      const customer = t.linked();
      await t.start(t.number, customer.phone, flow);
      await customer.tap(await shownAt(customer, 0, 'When?'), 'May 1');
      await customer.tap(await shownAt(customer, 1, 'When?'), '9:00');
      await shownAt(customer, 2, /Haircut - 9:00 - 50.00 EUR\nhttps:\/\/pay\.example\/1/);
      await t.parked(`${t.number}_${customer.phone}`, 'n_book01');
      await saysInVain(t, customer, 'paid');
      const pay = () => t.post(`/api/flow/resume-by-phone/7/${customer.phone}`, { port: 1, orderMeta: { id: 77 } });
      expect(await pay()).toEqual([200, { ok: true, port: 1, nodeId: 'n_book01' }]);
      await shownAt(customer, 3, 'booked 9:00 77');
      expect(await pay()).toEqual([200, { ok: true, noop: true, reason: 'no_matching_session' }]);
      const paths = (await t.world.appRequests({ path: '/api/booking/book' })).length;
      expect([paths, (await customer.shown()).length]).toEqual([0, 4]);
    },

  '§3.3: on the linked device an order behind the checkout link takes the purchased port': async (t) => {
    const goods = { retailer_id: 'r1', name: 'Hat', image: '', price_minor: 1_250, currency: 'EUR', url: '' };
    const flow = await t.flow({
      n_goods1: {
        type: 'CommerceShop',
        fields: {
          provider: 'woocommerce',
          storeId: 3,
          headerText: 'Shop',
          bodyText: 'Our goods',
          productItems: [goods],
        },
        to: { 1: 'n_goods2', 2: 'n_goods3' },
      },
      n_goods2: text('paid {{order_id}}'),
      n_goods3: text('left'),
    });
    const customer = t.linked();
    await t.start(t.number, customer.phone, flow);
    await shownAt(customer, 2, '1. Hat - 12.50 EUR');
    await customer.say('hat');
    await shownAt(customer, 3, 'https://shop.example/checkout/1');
    const key = `${t.number}_${customer.phone}`;
    await t.parked(key, 'n_goods1');
    await saysInVain(t, customer, 'thanks');
    expect(await t.post(`/api/flow/resume-port/${key}`, { port: 1, orderMeta: { id: 66 } })).toEqual([
      ...[200, { ok: true, port: 1, nodeId: 'n_goods1' }],
    ]);
    await shownAt(customer, 4, 'paid 66');
  },

  'F-43: a start of an unknown flow is counted in /health, with flow and subscriber': async (t) => {
    await t.start(t.number, t.linked().phone, 9_999, { flowSubscriberId: 503 });
    await t.startFailed(503);
  },

  '§1.2: a repeat for the same subscriber is ignored; the list shows where the conversation stands': async (t) => {
    const flow = await t.flow({ n_sub001: ask('Once?', 'x') });
    const customer = t.linked();
    for (let n = 0; n < 2; n++) await t.start(t.number, customer.phone, flow, { flowSubscriberId: 504 });
    await shownAt(customer, 0, 'Once?');
    await quiet();
    expect(await customer.shown()).toHaveLength(1);
    const sessions = await t.sessions(customer.phone);
    expect(sessions).toMatchObject([
      {
        ...{ key: `${t.number}_${customer.phone}`, flowId: String(flow), engine: 'baileys', status: 'active' },
        ...{ nodeId: 'n_sub001', waitsFor: 'Question' },
      },
    ]);
    expect((await t.world.appFlows()).positions).toMatchObject({ 504: ['n_sub001'] });
  },
});

beforeAll(async () => {
  theatre = await Theatre.open();
  begin(theatre);
});
afterAll(() => theatre.close());
