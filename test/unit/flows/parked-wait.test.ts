/** Waits that the app gives back, as other bridges, PHP and operators leave them (contract flows §6.2, F-47, F-56). */
import { describe, expect, it } from 'vitest';
import { isMenu } from '../../../src/actors/flows/steps.ts';
import { kindOf } from '../../../src/actors/flows/nodes/index.ts';
import { optionMeant, optionsOf } from '../../../src/actors/flows/options.ts';
import { parkedWait } from '../../../src/actors/flows/parked-wait.ts';
import type { Wait } from '../../../src/actors/flows/waits.types.ts';
import { Bench, NOW } from './context.ts';

const read = (fields: Record<string, unknown>) => parkedWait(fields, 'n_here', NOW);
const OWN = { nodeId: 'n_aaaaaa', variable: 'v' };
const BOOKING = { bookingStage: 'CHOOSE_DAY', choices: [{ day: 'd' }], bookingCtx: { workspaceId: '3' } } as const;
const WAITS: readonly Wait[] = [
  { nextNodeType: 'Question', ...OWN },
  { nextNodeType: 'Question', ...OWN, answerItems: [{ id: 'p0', text: 'A' }], persistent: true, acceptMedia: false },
  { nextNodeType: 'List', ...OWN, listItems: [{ id: 'p0', title: 'A', description: 'd', section: 's' }] },
  { nextNodeType: 'Poll', ...OWN, answerItems: [{ id: 'p0', text: 'A' }], allowMultiple: true, chosen: [0] },
  { nextNodeType: 'BookAppointment', ...OWN, ...BOOKING, messageId: 'M1' },
  {
    ...{ nextNodeType: 'BookAppointment', ...OWN, workspaceId: '3', confirmation: 'c' },
    slots: [{ start: 's', end: 'e', label: 'l' }],
  },
  {
    ...{ nextNodeType: 'CommerceShop', ...OWN, provider: 'shopify', storeId: '6', abandonedWaitMinutes: 7 },
    items: [{ retailer_id: 'a', name: 'Hat', image: 'i', price_minor: 100, currency: 'EUR', url: 'u' }],
    ...{ isWaba: true, linkSent: false, startedAt: 5 },
  },
  { nextNodeType: 'TimeDelayReply', ...OWN },
  { nextNodeType: 'AiChat', ...OWN, exitKeyword: 'bye' },
  { nextNodeType: 'WaForm', ...OWN, formId: '4', metaFlowId: '7', flowToken: 't', startedAt: 5 },
  { nextNodeType: 'GoogleForm', ...OWN, formId: '4', startedAt: 5 },
];

it.each(WAITS.map((wait) => [wait.nextNodeType, wait] as const))('%s comes back as it was', (_, wait) => {
  expect(read(JSON.parse(JSON.stringify(wait)) as Record<string, unknown>)).toEqual(wait);
});

it.each([
  {},
  { nextNodeType: 'Riddle' },
  { nextNodeType: 7 },
  { nextNodeType: 'List' },
  { nextNodeType: 'Poll', answerItems: 'x' },
  { nextNodeType: 'CommerceShop', items: null },
])('PW2: %j is no wait', (fields) => expect(read(fields)).toBeUndefined());

describe('PW1', () => {
  it('what PHP made of it', () => {
    const item = { 0: { id: 0, title: 7, section: null } };
    expect(read({ nextNodeType: 'List', variable: null, listItems: item, persistent: '1' })).toEqual({
      ...{ nextNodeType: 'List', nodeId: 'n_here', variable: '', persistent: true },
      listItems: [{ id: '0', title: '7', description: '', section: '' }],
    });
    const cart = { nextNodeType: 'CommerceShop', items: [], abandonedWaitMinutes: 'soon', startedAt: '' };
    expect(read(cart)).toMatchObject({ abandonedWaitMinutes: 5, startedAt: NOW });
    expect(read({ ...cart, abandonedWaitMinutes: '9', startedAt: '77' })).toMatchObject({
      ...{ abandonedWaitMinutes: 9, startedAt: 77 },
    });
  });

  const holes = [null, 'x', {}, { id: 5 }, { id: [], text: {}, title: false, name: 3, label: null, start: 2 }];

  it.each([
    ['Question', 'InteractiveButtons', { answerItems: holes }],
    ['List', 'List', { listItems: holes }],
    ['Poll', 'Poll', { answerItems: holes, chosen: ['x', {}] }],
    ['Poll', 'Poll', { answerItems: holes, allowMultiple: 1 }],
    ['BookAppointment', 'BookAppointment', { slots: holes }],
    ['BookAppointment', 'BookAppointment', { bookingStage: 'CHOOSE_SLOT', choices: holes, bookingCtx: holes }],
    ['BookAppointment', 'BookAppointment', { bookingStage: 'ASK_QUESTIONS', bookingCtx: { questions: holes } }],
    ['CommerceShop', 'CommerceShop', { items: holes }],
    ['AiChat', 'ChatGPT', { exitKeyword: 5 }],
    ['TimeDelayReply', 'TimeDelay', {}],
  ])('whatever is missing in a %s, an answer is looked at without a fault', async (nextNodeType, type, fields) => {
    const wait = read({ nextNodeType, ...fields });
    if (!wait) throw new Error('no wait');
    const one = new Bench(kindOf(type), { type });
    for (const reply of ['hat', '1', '3', { tap: { id: '5', title: 'x' } }, { vote: { poll: 'P', labels: ['A'] } }])
      await one.reply(wait, reply);
    await one.due(wait);
    expect([isMenu(wait), optionsOf(wait), optionMeant(wait, { text: 'none of it' })]).toHaveLength(3);
  });
});
