import { describe, expect, it } from 'vitest';
import { draftsOf as cloudDrafts } from '../../../../src/actors/engines/cloud-api/content.ts';
import { draftsOf as twilioDrafts } from '../../../../src/actors/engines/twilio/content.ts';
import type { FlowCalls } from '../../../../src/app-client/flow-calls.types.ts';
import { pageOf, rowsOf } from '../../../../src/actors/flows/booking/page.ts';
import { bookAppointment } from '../../../../src/actors/flows/nodes/appointment.ts';
import type { NodeResult } from '../../../../src/actors/flows/node.ts';
import type { EngineName } from '../../../../src/content/engine-choice.ts';
import type { Wait } from '../../../../src/actors/flows/waits.types.ts';
import { Bench, CUSTOMER, DEVICE, NOW } from '../context.ts';

type Setup = ConstructorParameters<typeof Bench>[1];
const ENGINES: readonly EngineName[] = ['baileys', 'waba', 'twilio'];
const KEY = `${DEVICE}_${CUSTOMER}`;
const BOOKED = { kind: 'next', port: 1 };
const NO_SLOTS = { kind: 'next', port: 2 };
const FIELDS = { prompt: 'Choose, {{name}}', confirmation: 'See you {{slot}} for {{type}}' };

const type = (id: number, name: string, more: object = {}) => ({
  id,
  name,
  duration: 30,
  description: '',
  questions: [],
  ...more,
});
const days = (count: number, from = 1) =>
  Array.from({ length: count }, (_, n) => ({
    day: `2026-05-${String(from + n).padStart(2, '0')}`,
    label: `May ${from + n}`,
    count: 3,
  }));
const times = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ start: `S${n}`, end: `E${n}`, label: `${9 + n}:00` }));

/** An app with booking types: every question is answered by what the world says at that moment. */
class World {
  readonly one: Bench;
  readonly asked: { readonly name: string; readonly request: Record<string, unknown> }[] = [];
  types: unknown = { ok: true, available: true, types: [type(1, 'Haircut'), type(2, 'Beard')] };
  days: object = { days: days(3), has_more: false };
  times: object = { times: times(3), has_more: false };
  reserve: object = { ok: true, reservation_id: 55 };
  book: object = { ok: true, appointment_id: 77, status: 'confirmed', manage_token: 'tok' };
  payLink: object = { ok: true, pay_url: 'https://pay/1', order_id: 3 };
  wait: Wait | undefined;

  constructor(setup: Partial<Setup> = {}, fields: Record<string, unknown> = {}) {
    const given = {
      type: 'BookAppointment',
      fields: { ...FIELDS, ...fields },
      vars: { name: 'Ana', email: 'a@b.test' },
    };
    this.one = new Bench(bookAppointment, { ...given, ...setup });
    const context = this.one.context.bind(this.one);
    this.one.context = () => ({ ...context(), app: this.#app() });
  }

  async run(): Promise<NodeResult> {
    return this.#seen(await this.one.run());
  }

  async say(reply: Parameters<Bench['reply']>[1]): Promise<NodeResult | undefined> {
    if (!this.wait) throw new Error('nothing waits');
    return this.#seen(await this.one.reply(this.wait, reply));
  }

  tap(id: string, title = ''): Promise<NodeResult | undefined> {
    return this.say({ tap: { id, title } });
  }

  /** Labels of the rows last shown. */
  rows(): string[] {
    const content = this.one.contents().at(-1);
    if (content?.kind === 'buttons') return content.buttons.map(({ label }) => label);
    return content?.kind === 'list' ? content.sections.flatMap(({ rows }) => rows.map(({ title }) => title)) : [];
  }

  stage(): string | undefined {
    return this.wait?.nextNodeType === 'BookAppointment' ? this.wait.bookingStage : undefined;
  }

  #seen<R extends NodeResult | undefined>(result: R): R {
    if (result?.kind === 'wait') this.wait = result.wait;
    return result;
  }

  #app(): FlowCalls {
    const answer = (name: string, request: Record<string, unknown>) => {
      this.asked.push({ name, request });
      const body = this.#bodyOf(name, request) as { ok?: boolean; error?: string; status?: number } | undefined;
      if (!body) return { kind: 'refused', status: 404, error: 'HTTP 404' };
      if (body.ok === false) return { kind: 'refused', status: 200, error: body.error ?? '' };
      return { kind: 'ok', value: body };
    };
    return new Proxy({} as FlowCalls, {
      get: (_, name) => async (request: Record<string, unknown>) => answer(String(name), request),
    });
  }

  #bodyOf(name: string, request: Record<string, unknown>): unknown {
    if (name === 'bookingTypes') return this.types;
    if (name === 'bookingSlots') return request['day'] === undefined ? this.days : this.times;
    return { reserve: this.reserve, bookTyped: this.book, payLink: this.payLink }[name];
  }
}

const atSlots = async (world: World) => {
  await world.run();
  await world.tap('bk_type_0');
  await world.tap('bk_day_1');
  return world;
};
const withQuestions = (questions: object[], more: object = {}, engine: EngineName = 'baileys') => {
  const world = new World({ engine });
  world.types = { types: [type(1, 'Haircut', { questions, ...more })] };
  return world;
};
const atQuestions = async (world: World) => {
  await world.run();
  await world.tap('bk_day_0');
  await world.tap('bk_slot_0');
  return world;
};

describe('BookAppointment with types (flows §3.4)', () => {
  it.each(ENGINES)('%s: type, day, time, booking', async (engine) => {
    const world = new World({ engine });
    await world.run();
    expect([world.stage(), world.rows()]).toEqual(['CHOOSE_TYPE', ['Haircut', 'Beard']]);
    await world.say('beard');
    expect([world.stage(), world.rows()]).toEqual(['CHOOSE_DAY', ['May 1', 'May 2', 'May 3', 'Back']]);
    await world.say('2');
    expect([world.stage(), world.rows()]).toEqual(['CHOOSE_SLOT', ['9:00', '10:00', '11:00', 'Back']]);
    expect(await world.tap('bk_slot_1', '10:00')).toEqual(BOOKED);
    expect(world.asked.map(({ name }) => name)).toEqual([
      ...['bookingTypes', 'bookingSlots', 'bookingSlots', 'reserve', 'bookTyped'],
    ]);
    expect(world.asked.slice(1).map(({ request }) => request)).toEqual([
      { workspace: '3', type: '2', offset: 0 },
      { workspace: '3', type: '2', offset: 0, day: '2026-05-02' },
      { workspace_id: '3', type_id: '2', starts_at: 'S1', session_ref: KEY, channel: 'whatsapp' },
      {
        ...{ workspace_id: '3', type_id: '2', starts_at: 'S1', customer_name: 'Ana', customer_phone: CUSTOMER },
        ...{ customer_email: 'a@b.test', answers: {}, reservation_id: '55' },
      },
    ]);
    expect(world.one.texts().at(-1)).toBe('See you 10:00 for Beard\nhttps://app.test/b/manage/tok');
    expect([
      world.one.vars.get('slot'),
      world.one.vars.get('appointment_id'),
      world.one.vars.get('user_message'),
    ]).toEqual([...['10:00', '77', '10:00']]);
    expect(world.one.effects).toEqual(['again', 'again', 'again', 'again', 'once']);
  });

  it.each<readonly [string, unknown, Record<string, unknown>]>([
    ['only one type', { types: [type(9, 'Only')] }, {}],
    ['the author’s type', { types: [type(1, 'A'), type(9, 'B')] }, { bookingTypeId: 9 }],
  ])('%s: no choice of types', async (_, types, fields) => {
    const world = new World({}, fields);
    world.types = types;
    await world.run();
    expect([world.stage(), world.rows()]).toEqual(['CHOOSE_DAY', ['May 1', 'May 2', 'May 3']]);
    expect(world.asked.at(-1)?.request).toMatchObject({ type: '9' });
  });

  it('the introduction of a type stands above its days', async () => {
    const world = new World();
    world.types = { types: [type(1, 'A', { intro_message: 'Bring a towel, {{name}}' })] };
    await world.run();
    expect(world.one.contents()[0]).toMatchObject({ body: 'Bring a towel, Ana\n\nChoose, Ana' });
  });

  it('the link is where the author put it', async () => {
    const world = new World({}, { confirmation: '{{manage_link}} is for {{type}}, {{name}}' });
    expect(await (await atSlots(world)).tap('bk_slot_0')).toEqual(BOOKED);
    expect(world.one.texts().at(-1)).toBe('https://app.test/b/manage/tok is for Haircut, Ana');
  });

  it.each([
    ['no days', (world: World) => (world.days = { days: [] })],
    ['no answer for days', (world: World) => (world.days = { ok: false, error: 'x' })],
  ])('%s: no_slots', async (_, change) => {
    const world = new World();
    await world.run();
    change(world);
    expect(await world.tap('bk_type_0')).toEqual(NO_SLOTS);
  });

  it('without a workspace nothing can be booked', async () => {
    const world = new World({ session: { workspace: undefined } as never });
    expect([await world.run(), world.asked]).toEqual([NO_SLOTS, []]);
  });

  it('F-27: a list that nobody saw is not waited for', async () => {
    const world = new World();
    world.one.onSend = () => ({ kind: 'failed', error: 'x' });
    expect(await world.run()).toMatchObject({ kind: 'abort' });
  });
});

describe('pages of a booking', () => {
  it.each([
    [3, undefined, false, 3],
    [9, undefined, false, 9],
    [10, undefined, false, 10],
    [30, undefined, false, 10],
    [9, undefined, true, 10],
    [8, undefined, true, 9],
    [9, 9, false, 10],
    [9, 9, true, 10],
    [30, 30, true, 10],
    [1, undefined, true, 2],
  ])('F-40, PG1: %i choices, more at %s, back %s: %i rows', (count, next, back, rows) => {
    const shown = rowsOf('CHOOSE_DAY', pageOf(days(count), 0, next, back), { more: 'More', back: 'Back' });
    expect(shown.length).toBe(rows);
    expect(shown.length).toBeLessThanOrEqual(10);
    expect(shown.some(({ id }) => id === 'bk_back')).toBe(back);
  });

  it('F-40: every page of days can be reached, in order, and led back from', async () => {
    const all = days(20);
    const world = new World();
    await world.run();
    world.days = { days: all.slice(0, 9), has_more: true, next_offset: 9 };
    await world.tap('bk_type_0');
    const seen = [...world.rows()];
    for (let page = 0; page < 3 && world.rows().includes('More'); page++) {
      const offset = Number((world.wait as { bookingCtx?: { nextDayOffset?: number } }).bookingCtx?.nextDayOffset);
      world.days = { days: all.slice(offset, offset + 9), has_more: offset + 9 < 20, next_offset: offset + 9 };
      await world.tap('bk_more', 'More');
      expect(world.asked.at(-1)?.request).toMatchObject({ offset });
      expect(world.rows().length).toBeLessThanOrEqual(10);
      expect(world.rows()).toContain('Back');
      seen.push(...world.rows());
    }
    expect(seen.filter((row) => row.startsWith('May'))).toEqual(all.map(({ label }) => label));
    await world.tap('bk_back', 'Back');
    expect([world.stage(), world.asked.at(-1)?.request['offset']]).toEqual(['CHOOSE_DAY', 0]);
    await world.say('back');
    expect([world.stage(), world.rows()]).toEqual(['CHOOSE_TYPE', ['Haircut', 'Beard']]);
  });

  it('more than nine types have pages too', async () => {
    const world = new World();
    world.types = { types: Array.from({ length: 12 }, (_, n) => type(n + 1, `T${n + 1}`)) };
    await world.run();
    expect(world.rows()).toEqual([...Array.from({ length: 9 }, (_, n) => `T${n + 1}`), 'More']);
    await world.say('10');
    expect(world.rows()).toEqual(['T10', 'T11', 'T12', 'Back']);
    await world.tap('bk_type_2');
    expect(world.asked.at(-1)?.request).toMatchObject({ type: '12' });
  });

  it('a row of an older list is not taken for one of this list', async () => {
    const world = await atSlots(new World());
    expect(world.one.match(world.wait as Wait, { tap: { id: 'bk_day_2', title: 'May 3' } })).toMatchObject({
      anyText: true,
    });
    await world.tap('bk_day_2', 'May 3');
    expect([world.stage(), world.one.texts().at(-1)]).toEqual(['CHOOSE_SLOT', 'Pardon?']);
  });

  it('PG2: a time of an older list is not booked, though this list has its id', async () => {
    const world = await atSlots(new World());
    await world.tap('bk_back', 'Back');
    world.times = { times: [{ start: 'T1', end: 'E', label: '18:00' }, ...times(2)] };
    await world.tap('bk_day_2', 'May 3');
    await world.tap('bk_slot_0', '9:30');
    expect([world.stage(), world.one.texts().at(-1)]).toEqual(['CHOOSE_SLOT', 'Pardon?']);
    // Both lists have such a time: which of them was tapped decides.
    const list = (n: number) => ({ tap: { id: 'bk_slot_1', title: '9:00', quoted: `M${n}` } });
    await world.say(list(3));
    expect([world.stage(), world.one.texts().length]).toEqual(['CHOOSE_SLOT', 2]);
    expect(await world.say(list(5))).toEqual(BOOKED);
    expect(world.asked.at(-1)?.request).toMatchObject({ starts_at: 'S0' });
  });

  it('PG1: nine choices and the way back are one page', () => {
    expect(pageOf(days(9), 0, undefined, true)).toEqual({ items: days(9), next: undefined, back: true });
    expect(pageOf(days(10), 0, undefined, true)).toMatchObject({ items: days(8), next: 8 });
  });

  it('BK3: what is no choice gets a hint, and the list is not sent again', async () => {
    const world = await atSlots(new World());
    const lists = () => world.one.contents().filter(({ kind }) => kind !== 'text').length;
    const before = [lists(), world.wait];
    for (let n = 0; n < 5; n++) expect((await world.say('whenever'))?.kind).toBe('wait');
    expect([lists(), world.wait]).toEqual(before);
    expect(world.one.texts()).toEqual(Array(5).fill('Pardon?'));
    expect(await world.tap('bk_slot_0')).toEqual(BOOKED);
  });

  it('a day without times leads back to the days', async () => {
    const world = new World();
    await world.run();
    await world.tap('bk_type_0');
    world.times = { times: [] };
    await world.tap('bk_day_0');
    expect(world.stage()).toBe('CHOOSE_DAY');
  });

  it('F-47: a snapshot of the older bridge goes on', async () => {
    const world = new World();
    world.wait = {
      ...{ nextNodeType: 'BookAppointment', nodeId: 'n_aaaaaa', variable: '', bookingStage: 'CHOOSE_SLOT' },
      ...{
        choices: times(2),
        bookingCtx: { workspaceId: 3, typeId: 1, typeName: 'Haircut', questions: [], answers: [] },
      },
    };
    expect(await world.say('2')).toEqual(BOOKED);
    expect(world.asked[0]?.request).toMatchObject({ workspace_id: '3', type_id: '1', starts_at: 'S1' });
  });
});

describe('questions of a booking', () => {
  const QUESTIONS = [
    { label: 'Your e-mail', type: 'email', required: true, map: 'email' },
    { label: 'Hair length?', type: 'select', required: '1', options: ['Short', { label: 'Long' }] },
    { label: 'Notas & Observação', type: 'text', required: false, map: '' },
  ];

  it('are asked one by one, and their answers kept', async () => {
    const world = await atQuestions(withQuestions(QUESTIONS));
    expect([world.stage(), world.one.texts().at(-1)]).toEqual(['ASK_QUESTIONS', 'Your e-mail']);
    await world.say('ana@x.test');
    expect(world.one.texts().at(-1)).toBe('Hair length?\n1. Short\n2. Long');
    await world.say('2');
    expect(world.one.texts().at(-1)).toBe('Notas & Observação\n(skip)');
    expect(await world.say('none')).toEqual(BOOKED);
    expect(world.asked.at(-1)?.request).toMatchObject({
      customer_email: 'ana@x.test',
      answers: { 'Your e-mail': 'ana@x.test', 'Hair length?': 'Long', 'Notas & Observação': 'none' },
    });
    const vars = ['email', 'your_e_mail', 'hair_length', 'notas_observacao'].map((name) => world.one.vars.get(name));
    expect(vars).toEqual(['ana@x.test', 'ana@x.test', 'Long', 'none']);
  });

  it.each(['nobody', 'a@b', 'skip', '1', `${'a'.repeat(300)}@b.test`])(
    '"%s" is no e-mail: asked again',
    async (said) => {
      const world = await atQuestions(withQuestions(QUESTIONS));
      await world.say(said);
      expect([world.stage(), world.one.texts().at(-1)]).toEqual(['ASK_QUESTIONS', 'Your e-mail']);
      await world.say('ana@x.test');
      expect(world.one.texts().at(-1)).toContain('Hair length?');
    },
  );

  it.each(['3', 'medium', '2 long'])('"%s" is no option: asked again', async (said) => {
    const world = await atQuestions(withQuestions(QUESTIONS.slice(1)));
    await world.say(said);
    expect(world.one.texts().at(-1)).toContain('Hair length?');
    await world.say('short');
    expect(world.one.vars.get('hair_length')).toBe('Short');
  });

  it('skip leaves an optional one empty, and nothing is said by a picture', async () => {
    const world = await atQuestions(withQuestions(QUESTIONS.slice(2)));
    expect(world.one.match(world.wait as Wait, '')).toBeUndefined();
    expect(await world.say('SKIP')).toEqual(BOOKED);
    expect(world.asked.at(-1)?.request).toMatchObject({ answers: { 'Notas & Observação': '' } });
  });

  it('a name of a variable is at most 40 characters', async () => {
    const world = await atQuestions(withQuestions([{ label: 'x'.repeat(60), required: true }]));
    await world.say('y');
    expect(world.one.vars.get('x'.repeat(40))).toBe('y');
  });
});

describe('the end of a booking', () => {
  it('BK2: a time that is taken leads back to the times, at the hold and at the booking', async () => {
    const world = await atSlots(new World());
    world.reserve = { ok: false, error: 'slot_taken' };
    world.times = { times: times(3).slice(1) };
    await world.tap('bk_slot_0');
    expect([world.stage(), world.rows()]).toEqual(['CHOOSE_SLOT', ['10:00', '11:00', 'Back']]);
    world.reserve = { ok: true, reservation_id: 1 };
    world.book = { ok: false, error: 'slot_taken' };
    await world.tap('bk_slot_0');
    expect(world.stage()).toBe('CHOOSE_SLOT');
    world.book = { ok: true, appointment_id: 5 };
    expect(await world.tap('bk_slot_1')).toEqual(BOOKED);
  });

  it.each<readonly [string, (world: World) => void]>([
    ['the hold is refused', (world) => (world.reserve = { ok: false, error: 'closed' })],
    ['the plan is full', (world) => (world.book = { ok: false, error: 'plan_limit' })],
  ])('CL1: %s: an apology and no_slots', async (_, change) => {
    const world = await atSlots(new World());
    change(world);
    expect([await world.tap('bk_slot_0'), world.one.texts().at(-1)]).toEqual([NO_SLOTS, 'Sorry']);
  });

  it('a long name is cut between characters', async () => {
    const world = new World({ vars: { name: `x${'😀'.repeat(200)}` } });
    await (await atSlots(world)).tap('bk_slot_0');
    expect(world.asked.at(-1)?.request['customer_name']).toBe(`x${'😀'.repeat(190)}`);
  });

  const paid = { due_now: 5_000, currency: 'BRL', has_gateway: true };

  it.each(ENGINES)(
    'F-51 %s: with something to pay the link is sent, nothing is booked, the order is waited for',
    async (engine) => {
      const world = await atQuestions(withQuestions([], paid, engine));
      expect([world.stage(), world.one.texts().at(-1)]).toEqual(['PAY', 'Haircut - 9:00 - 50.00 BRL\nhttps://pay/1']);
      expect(world.asked.map(({ name }) => name)).not.toContain('bookTyped');
      expect(world.one.match(world.wait as Wait, 'I paid')).toBeUndefined();
      expect(await world.one.due(world.wait as Wait)).toEqual({ kind: 'end', whole: true });
    },
  );

  it('F-51: the link lives for a day', async () => {
    const world = withQuestions([], paid);
    await world.run();
    await world.tap('bk_day_0');
    expect(await world.tap('bk_slot_0')).toMatchObject({ kind: 'wait', due: NOW + 86_400_000 });
  });

  it.each<readonly [string, object]>([
    ['a failed pay link', { ok: false, error: 'no_gateway' }],
    ['a pay link without address', { ok: true }],
  ])('F-51: %s books nothing', async (_, payLink) => {
    const world = withQuestions([], paid);
    world.payLink = payLink;
    await world.run();
    await world.tap('bk_day_0');
    expect(await world.tap('bk_slot_0')).toEqual(NO_SLOTS);
    expect([world.one.texts().at(-1), world.asked.at(-1)?.name]).toEqual(['Sorry', 'payLink']);
  });

  it.each([
    { due_now: 0, has_gateway: true },
    { due_now: 5_000, has_gateway: false },
  ])('without anything to pay here it is booked: %j', async (more) => {
    const world = withQuestions([], more);
    await world.run();
    await world.tap('bk_day_0');
    expect(await world.tap('bk_slot_0')).toEqual(BOOKED);
  });
});

describe('BookAppointment without types (flows §3.4)', () => {
  const slots = [
    { start: '2026-05-01T10:00', end: '2026-05-01T10:30', label: 'Friday 10:00' },
    { start: 'B', end: 'C' },
  ];
  const bench = (setup: Partial<Setup> = {}, fields: Record<string, unknown> = {}) => {
    const given = { type: 'BookAppointment', fields: { ...FIELDS, ...fields }, vars: { name: 'Ana' } };
    const one = new Bench(bookAppointment, { ...given, ...setup });
    one.answers.slots = { kind: 'ok', value: { slots } };
    one.answers.book = { kind: 'ok', value: { ok: true, appointment_id: 9, status: 'confirmed' } };
    return one;
  };
  it.each<readonly [string, Bench['answers']]>([
    ['the app has no types', {}],
    [
      'types are not available',
      { bookingTypes: { kind: 'ok', value: { ok: true, available: false, types: [type(1, 'A')] } } },
    ],
    ['the list of types is empty', { bookingTypes: { kind: 'ok', value: { ok: true, available: true, types: [] } } }],
  ])('%s: slots are offered', async (_, answers) => {
    const one = bench({}, { slotCount: 99 });
    Object.assign(one.answers, answers);
    expect(await one.waited()).toEqual({
      ...{ nextNodeType: 'BookAppointment', nodeId: 'n_aaaaaa', variable: '', workspaceId: '3' },
      confirmation: FIELDS.confirmation,
      messageId: 'M1',
      slots: [slots[0], { start: 'B', end: 'C', label: 'B' }],
    });
    expect(one.calls.at(-1)).toEqual({ name: 'slots', request: { workspace: '3', limit: 10 } });
    expect(one.contents()[0]).toMatchObject({
      kind: 'buttons',
      body: 'Choose, Ana',
      buttons: [
        { id: 'appt_n_aaaaaa_0', label: 'Friday 10:00' },
        { id: 'appt_n_aaaaaa_1', label: 'B' },
      ],
    });
  });

  it.each([
    ['waba', 'a list'],
    ['twilio', 'a numbered text'],
  ] as const)('%s: the times are %s', async (engine, _) => {
    const one = bench({ engine });
    await one.run();
    const [content] = one.contents();
    const rows = ['Friday 10:00', 'B'].map((title, n) => ({ id: `appt_n_aaaaaa_${n}`, title }));
    expect(content).toMatchObject({ kind: 'list', body: 'Choose, Ana', sections: [{ rows }] });
    const sent = engine === 'waba' ? cloudDrafts : twilioDrafts;
    expect(content && sent(content)).toMatchObject({
      drafts: [
        engine === 'waba'
          ? { type: 'interactive', part: { type: 'list' } }
          : { body: 'Choose, Ana\n\n1. Friday 10:00\n2. B' },
      ],
    });
  });

  const WAYS_TO_SAY = [{ tap: { id: 'appt_n_aaaaaa_0', title: '' } }, '1', 'friday 10:00'];
  it.each(ENGINES.flatMap((engine) => WAYS_TO_SAY.map((reply) => [engine, reply] as const)))(
    '%s: a slot is booked by %j',
    async (engine, reply) => {
      const one = bench({ engine });
      expect(await one.reply(await one.waited(), reply)).toEqual(BOOKED);
      expect(one.calls.at(-1)?.request).toEqual({
        ...{ workspace_id: '3', starts_at: '2026-05-01T10:00', ends_at: '2026-05-01T10:30', title: 'BookAppointment' },
        ...{ customer_name: 'Ana', customer_phone: CUSTOMER, customer_email: '' },
      });
      expect([one.vars.get('slot'), one.vars.get('appointment_choice'), one.vars.get('appointment_id')]).toEqual([
        ...['Friday 10:00', 'Friday 10:00', '9'],
      ]);
      expect(one.texts()).toEqual(['See you Friday 10:00 for']);
      expect(one.effects.at(-1)).toBe('once');
    },
  );

  it('PG2: a slot of an older list is not booked, though this list has its id', async () => {
    const one = bench();
    const wait = await one.waited();
    const tap = (title: string, quoted?: string) => ({
      tap: { id: 'appt_n_aaaaaa_0', title, ...(quoted && { quoted }) },
    });
    expect(one.match(wait, tap('Thursday 9:00'))).toMatchObject({ anyText: true });
    expect(one.match(wait, tap('Friday 10:00', 'M0'))).toMatchObject({ anyText: true });
    expect(one.match(wait, tap('Friday 10:00', 'M1'))).toEqual({ text: 'Friday 10:00', data: { slot: 0 } });
  });

  it.each(ENGINES)('%s: anything else is no_slots', async (engine) => {
    const one = bench({ engine });
    const wait = await one.waited();
    expect([await one.reply(wait, 'never'), one.match(wait, '')]).toEqual([NO_SLOTS, undefined]);
  });

  it('no slots, or no answer: no_slots at once', async () => {
    const one = bench();
    one.answers.slots = { kind: 'ok', value: { slots: [] } };
    expect(await one.run()).toEqual(NO_SLOTS);
    one.answers.slots = { kind: 'refused', status: 503, error: 'integration_disabled' };
    expect(await one.run()).toEqual(NO_SLOTS);
  });

  it('a booking that fails is told', async () => {
    const one = bench();
    const wait = await one.waited();
    one.answers.book = { kind: 'no answer', why: 'timeout' };
    expect([await one.reply(wait, '1'), one.texts()]).toEqual([NO_SLOTS, ['Sorry']]);
  });
});
