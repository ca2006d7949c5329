/**
 * For every type of node each of its ports, and what leads there (contract flows §2.3, §2.4): by an answer, an event of the
 * app, or time. Each is tried on every engine unless it names some.
 */
import type { EngineName } from '../../../../src/content/engine-choice.ts';
import { type Handles, NODE, type Play } from './play.ts';
import type { Stage } from './stage.ts';

export type Way = {
  /** `end`: the session ends as completed. */
  readonly port: number | 'end';
  readonly by: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly acts?: readonly ((play: Play) => Promise<void>)[];
  readonly engines?: readonly EngineName[];
  /** Needs what only the bridge's store has: a timer, the message that was voted on, who waits under a number. */
  readonly here?: true;
  readonly answers?: Stage['answers'];
  /** Of the edges; without it they have none. */
  readonly handles?: Handles;
};

type Answer = NonNullable<Stage['answers']['deal']>;
const ok = (value: object): Answer => ({ kind: 'ok', value });
const NO: Answer = { kind: 'refused', status: 422, error: 'no' };

const says = (text: string) => (play: Play) => play.says(text);
const taps = (id: string, title: string) => (play: Play) => play.taps(id, title);
const waits = (seconds: number) => (play: Play) => play.waits(seconds);
const restarts = (play: Play) => play.restarts();
const buys = (play: Play) => play.buys();

/** By itself, whatever is said or answered. */
const goesOn = (fields: Way['fields'] = {}, by = 'itself'): Way => ({ port: 1, by, fields });

const BUTTONS = {
  bodyText: 'Which?',
  variable: 'v',
  buttons: ['Red', 'Blue'].map((title, i) => ({ id: `p${i}`, title })),
};
const LIST = {
  bodyText: 'Eat?',
  buttonText: 'Open',
  listItems: ['Pizza', 'Cola'].map((title, i) => ({ id: `p${i}`, title })),
};
const ASK = { question: 'Yes or no?', variable: 'v', expectedAnswers: ['Yes', 'No'] };
const QUICK = {
  templateName: 't',
  templateBody: 'Well?',
  templateButtons: ['Yes', 'No'].map((text) => ({ type: 'QUICK_REPLY', text })),
};
const META = { templateId: '9', templateLanguage: 'en' };
const POLL = { question: 'Where?', options: ['Sea', 'Hills'] };
const SEVERAL = { ...POLL, allowMultiple: true };
const CONDITION = { conditions: [{ variable: 'name', operator: 'exists', value: '' }] };
const SHOP = {
  provider: 'shopify',
  storeId: 6,
  abandonedWaitMinutes: 5,
  productItems: [{ retailer_id: 'a', name: 'Hat' }],
};
const IN_STOCK = { inventory: ok({ inStock: ['a'] }), checkoutLink: ok({ url: 'https://pay/1' }) };
const FREE = { days: [{ day: '2026-05-01', label: 'May 1' }], times: [{ start: 'S', end: 'E', label: '9:00' }] };
const TYPED = {
  bookingTypes: ok({ types: [{ id: 1, name: 'Haircut' }] }),
  ...{ bookingSlots: ok(FREE), reserve: ok({ reservation_id: 5 }), bookTyped: ok({ appointment_id: 7 }) },
};
const TO_PAY = {
  ...TYPED,
  bookingTypes: ok({ types: [{ id: 1, name: 'Haircut', due_now: 500, currency: 'EUR', has_gateway: true }] }),
  payLink: ok({ pay_url: 'https://pay/1' }),
};
const UNTYPED = { slots: ok({ slots: [{ start: 'S', end: 'E', label: '9:00' }] }), book: ok({ appointment_id: 7 }) };
const FORM = { formId: 4, metaFlowId: '777', bodyText: 'Fill in' };

export const WAYS: Readonly<Record<string, readonly Way[]>> = {
  Trigger: [goesOn()],
  End: [{ port: 'end', by: 'itself' }],
  end: [{ port: 'end', by: 'itself' }],
  ...Object.fromEntries(
    ['Say', 'Listen', 'Ai', 'Menu', 'Search', 'Transfer', 'Hangup'].map((name) => [`Call${name}`, [goesOn()]]),
  ),
  Teleport: [goesOn()],

  Message: [
    goesOn({ flowReplies: [{ flowReplyType: 'Text', data: 'Hi' }] }),
    goesOn({ flowReplies: [] }, 'saying nothing'),
  ],
  Media: [goesOn({ mediaKind: 'image', mediaUrl: '/a.png' }), goesOn({ mediaUrl: '' }, 'showing nothing')],
  CTA: [goesOn({ bodyText: 'B', ctaActions: [{ type: 'url', label: 'Open', value: 'https://x.test' }] })],
  Location: [goesOn({ latitude: 1, longitude: 2 })],
  Template: [
    goesOn({ ...META, templateName: 't', templateBody: 'Hi' }, 'having no quick replies'),
    goesOn({ templateBody: '' }, 'having no body'),
    { ...goesOn({ ...META, ...QUICK }, '`out`, though it has quick replies'), handles: { 1: 'out', 2: 'out' } },
    { port: 0, by: 'anything else', fields: QUICK, acts: [says('perhaps')] },
    { port: 1, by: 'a tap on the first', fields: { ...META, ...QUICK }, acts: [taps('p0', 'Yes')] },
    { port: 1, by: 'the first typed, without an approved message', fields: QUICK, acts: [says('yes')] },
    { port: 2, by: 'a tap on the second', fields: { ...META, ...QUICK }, acts: [taps('p1', 'No')] },
    { port: 2, by: 'the number of the second', fields: { ...META, ...QUICK }, acts: [says('2')] },
  ],

  InteractiveButtons: [
    { port: 0, by: 'anything else', fields: BUTTONS, acts: [says('green')] },
    { port: 1, by: 'a tap', fields: BUTTONS, acts: [taps('p0', 'Red')] },
    { port: 2, by: 'its label', fields: BUTTONS, acts: [says('blue')] },
    { port: 2, by: 'its number, after a restart', fields: BUTTONS, acts: [restarts, says('2.')] },
  ],
  List: [
    { port: 0, by: 'anything else', fields: LIST, acts: [says('soup')] },
    { port: 0, by: 'having no rows', fields: { ...LIST, listItems: [] } },
    { port: 1, by: 'a tap', fields: LIST, acts: [taps(`list_${NODE}_p0`, 'Pizza')] },
    { port: 2, by: 'its title', fields: LIST, acts: [says('cola')] },
    { port: 2, by: 'its number, after a restart', fields: LIST, acts: [restarts, says('2')] },
  ],
  Question: [
    { port: 0, by: 'anything else', fields: ASK, acts: [says('perhaps')] },
    {
      port: 0,
      by: 'a picture beside answers',
      fields: { ...ASK, acceptMedia: true },
      acts: [(play) => play.shows()],
      here: true,
    },
    { port: 1, by: 'free text', fields: { question: 'Name?' }, acts: [says('Ana')] },
    {
      port: 1,
      by: 'a picture',
      fields: { question: 'A photo?', acceptMedia: true },
      acts: [(play) => play.shows()],
      here: true,
    },
    { port: 1, by: 'a tap', fields: ASK, acts: [taps('opt_0', 'Yes')] },
    { port: 2, by: 'its number, after a restart', fields: ASK, acts: [restarts, says('2')] },
  ],
  Poll: [
    { port: 1, by: 'its label', fields: POLL, acts: [says('sea')] },
    { port: 1, by: 'a vote', fields: POLL, acts: [(play) => play.votes('Sea')], engines: ['baileys'], here: true },
    { port: 2, by: 'a tap on a list', fields: POLL, acts: [taps(`poll_${NODE}_1`, 'Hills')] },
    { port: 2, by: 'its number, after a restart', fields: POLL, acts: [restarts, says('2')] },
    { port: 1, by: 'several numbers', fields: SEVERAL, acts: [says('2, 1')] },
    { port: 2, by: 'one label of several', fields: SEVERAL, acts: [says('hills')] },
    {
      port: 1,
      by: 'several votes',
      fields: SEVERAL,
      acts: [(play) => play.votes('Sea', 'Hills')],
      here: true,
      engines: ['baileys'],
    },
  ],

  Condition: [
    { port: 1, by: 'what holds', fields: { conditions: [{ variable: 'none', operator: 'not_exists', value: '' }] } },
    { port: 2, by: 'what does not hold', fields: CONDITION },
  ],
  TimeDelay: [
    goesOn({ eventType: 'duration', delaySeconds: 0 }, 'no time'),
    { port: 1, by: 'a short time', fields: { eventType: 'duration', delaySeconds: 40 }, acts: [waits(45)], here: true },
    {
      port: 1,
      by: 'the app after a long time',
      fields: { delaySeconds: 90 },
      acts: [(play) => play.isResumed('1')],
      here: true,
    },
    { port: 1, by: 'a reply', fields: { eventType: 'reply', timeoutSeconds: 60 }, acts: [says('yes')] },
    {
      port: 2,
      by: 'no reply in time',
      fields: { eventType: 'reply', timeoutSeconds: 60 },
      acts: [waits(65)],
      here: true,
    },
  ],
  SubFlow: [goesOn({ flowId: 'inner' }, 'the end of the other flow'), goesOn({ flowId: '' }, 'naming no flow')],
  Chatbot: [
    { port: 'end', by: 'the hand-over to an agent', fields: { agentId: 12 } },
    goesOn({ flowId: 'inner' }, 'the end of the other flow'),
    goesOn({ agentId: 0 }, 'naming neither'),
  ],

  Webhook: [goesOn({ method: 'GET', url: 'https://x.test' }, 'a failure')],
  Code: [goesOn({ code: 'return 1' }, 'a failure'), goesOn({ code: '' }, 'no code')],
  MySQL: [
    goesOn({ sql: 'select 1', host: 'h' }),
    { ...goesOn({ sql: 'select 1' }, 'a failure'), answers: { mysql: NO } },
  ],
  ChatGPT: [
    { ...goesOn({ prompt: 'P' }, 'a reply'), answers: { ai: ok({ reply: 'Hello' }) } },
    { ...goesOn({ prompt: 'P' }, 'a failure'), answers: { ai: NO } },
    {
      ...{ port: 1, by: 'an exit word', fields: { conversational: true, exit_keyword: 'bye' } },
      ...{ answers: { ai: ok({ reply: 'Hello' }) }, acts: [says('and then?'), restarts, says('Bye')] },
    },
  ],

  AssignAgent: [goesOn({ teamId: 5 })],
  TagContact: [goesOn({ tag: 'VIP' }), goesOn({}, 'naming no tag')],
  Task: [goesOn({ title: 'Call' })],
  ContactUpdate: [goesOn({ fields: [{ key: 'email', value: 'a@b.test' }] }), goesOn({}, 'naming no field')],
  Deal: [
    { port: 1, by: 'created', fields: { stageId: 4 }, answers: { deal: ok({ deal_id: 88 }) } },
    { port: 2, by: 'an error', fields: { stageId: 4 }, answers: { deal: NO } },
  ],

  NotifyNumber: [
    goesOn({ copyNumber: '5511977776666', source: 'custom', kind: 'text', text: 'New' }),
    goesOn({}, 'naming nobody'),
  ],
  AiCall: [goesOn({ assistantId: 6 }), { ...goesOn({}, 'a failure'), answers: { placeAiCall: NO } }],
  WaToInstagram: [goesOn({ igUsername: 'shop' })],

  ...Object.fromEntries(
    ['GoogleMeet', 'GoogleSheets', 'GoogleDocs'].map((type) => [
      type,
      [
        { ...goesOn(), answers: { google: ok({ meet_url: 'https://m', url: 'https://d', rows: [] }) } },
        { ...goesOn({}, 'a failure'), answers: { google: NO } },
      ],
    ]),
  ),
  GoogleForm: [
    {
      ...{ port: 1, by: 'the submission, after a restart', fields: { formId: 9 } },
      ...{
        answers: { google: ok({ form_url: 'https://f' }) },
        acts: [says('how?'), restarts, (play) => play.submitsGoogle()],
      },
    },
    {
      ...{ port: 2, by: 'its time', fields: { formId: 9, expiresInSec: 60 } },
      ...{ answers: { google: ok({ form_url: 'https://f' }) }, acts: [waits(65)], here: true },
    },
    { port: 2, by: 'a failure', fields: { formId: 9 }, answers: { google: NO } },
  ],
  WaForm: [
    {
      ...{ port: 1, by: 'the submission, after a restart', fields: FORM, engines: ['waba'] },
      acts: [says('how?'), restarts, (play) => play.submits()],
    },
    { ...goesOn(FORM, 'an engine that has no forms'), engines: ['baileys', 'twilio'] },
  ],

  CommerceShop: [
    { port: 1, by: 'an order', fields: SHOP, answers: IN_STOCK, acts: [restarts, buys] },
    {
      ...{ port: 1, by: 'an order of this customer behind the link', fields: SHOP, answers: IN_STOCK },
      ...{
        engines: ['baileys', 'twilio'],
        acts: [says('hat'), says('thanks'), restarts, (play) => play.buys('phone')],
        here: true,
      },
    },
    { port: 2, by: 'its time', fields: SHOP, answers: IN_STOCK, acts: [waits(305)], here: true },
    {
      ...{ port: 2, by: 'its time behind the link', fields: SHOP, answers: IN_STOCK },
      ...{ engines: ['baileys', 'twilio'], acts: [says('1'), waits(305)], here: true },
    },
    { port: 2, by: 'nothing in stock', fields: SHOP, answers: { inventory: ok({ inStock: [] }) } },
  ],
  BookAppointment: [
    { port: 1, by: 'a time of a type', answers: TYPED, acts: [says('1'), says('9:00')] },
    { port: 1, by: 'the payment (F-51)', answers: TO_PAY, acts: [says('1'), says('1'), says('paid'), restarts, buys] },
    {
      ...{ port: 1, by: 'the payment of this customer (F-51)', answers: TO_PAY },
      acts: [taps('bk_day_0', 'May 1'), taps('bk_slot_0', '9:00'), (play) => play.buys('phone')],
      here: true,
    },
    { port: 1, by: 'a time without types', answers: UNTYPED, acts: [restarts, says('9:00')] },
    { port: 1, by: 'a tap on a time without types', answers: UNTYPED, acts: [taps(`appt_${NODE}_0`, '9:00')] },
    { port: 2, by: 'no days', answers: { ...TYPED, bookingSlots: ok({ days: [] }) } },
    { port: 2, by: 'a failed pay link (F-51)', answers: { ...TO_PAY, payLink: NO }, acts: [says('1'), says('1')] },
    { port: 2, by: 'anything else than a time without types', answers: UNTYPED, acts: [says('never')] },
  ],
};
