/**
 * The conversation that `flow-conversation` plays: menu, list, question with validation, condition, webhook, delay, form,
 * end; what each customer must see and do, and what the app must have in the end.
 */
import { ask, buttons, end, leads, list, planned, type PlannedNode, text } from '../../helpers/flow-plan.ts';

export type Kind = 'linked' | 'cloud';

/** One thing that is shown, and what the customer does then. `id`: of the option, for who never saw the menu. */
export type Step = {
  readonly shows: string | RegExp;
  readonly does?:
    | { readonly kind: 'tap'; readonly title: string; readonly id: string }
    | { readonly kind: 'say'; readonly text: string }
    | { readonly kind: 'form' };
};

const FORMS: Readonly<Record<Kind, PlannedNode>> = {
  linked: { type: 'GoogleForm', fields: { formId: 9, bodyText: 'The form', saveAs: 'g', expiresInSec: 86_400 } },
  cloud: {
    type: 'WaForm',
    fields: { formId: 4, metaFlowId: '777', formTitle: 'Form', bodyText: 'The form', ctaLabel: 'Open' },
  },
};

/** `webhook`: where the stock is asked for. */
export function shop(kind: Kind, webhook: { readonly url: string; readonly token: string }) {
  const colour = kind === 'linked' ? '{{g.colour}}' : '{{colour}}';
  const headers = [
    { key: 'X-Node-Token', value: webhook.token },
    { key: 'Accept', value: 'application/json' },
  ];
  const stock = { method: 'POST', url: webhook.url, contentType: 'application/json', headers, variable: 'stock' };
  const kept = Object.entries({ drink: '{{drink}}', size: '{{size}}', colour });
  return planned({
    n_menu01: leads(buttons('Welcome {{name}}', 'choice', 'Order', 'Help'), { 1: 'n_list01', 2: 'n_help01' }),
    n_help01: text('Nobody is here'),
    n_list01: leads(list('Which drink?', 'drink', 'Tea', 'Coffee'), { 1: 'n_size01', 2: 'n_size01' }),
    n_size01: leads(ask('Which size?', 'size', 'Small', 'Large'), { 0: 'n_sorr01', 1: 'n_cond01', 2: 'n_cond01' }),
    n_sorr01: leads(text('Small or large, please'), { 1: 'n_size01' }),
    n_cond01: {
      type: 'Condition',
      fields: { conditions: [{ variable: 'drink', operator: 'equals', value: 'Tea' }], logicOperators: [] },
      to: { 1: 'n_hook01', 2: 'n_help01' },
    },
    n_hook01: {
      type: 'Webhook',
      fields: { ...stock, body: '{"drink":"{{drink}}","size":"{{size}}"}' },
      to: { 1: 'n_told01' },
    },
    n_told01: leads(text('{{drink}}, {{size}}: {{stock.count}} left'), { 1: 'n_wait01' }),
    n_wait01: { type: 'TimeDelay', fields: { delaySeconds: 2, eventType: 'duration' }, to: { 1: 'n_form01' } },
    n_form01: leads(FORMS[kind], { 1: 'n_keep01' }),
    n_keep01: {
      type: 'ContactUpdate',
      fields: { fields: kept.map(([key, value]) => ({ key, value })) },
      to: { 1: 'n_bye001' },
    },
    n_bye001: leads(text(`Thanks, ${colour}`), { 1: 'n_end001' }),
    n_end001: end,
  });
}

export const STEPS: readonly Step[] = [
  { shows: 'Welcome', does: { kind: 'tap', title: 'Order', id: 'p0' } },
  { shows: 'Which drink?', does: { kind: 'tap', title: 'Tea', id: 'list_n_list01_p0' } },
  { shows: 'Which size?', does: { kind: 'say', text: 'huge' } },
  { shows: 'Small or large, please' },
  { shows: 'Which size?', does: { kind: 'tap', title: 'Large', id: 'opt_1' } },
  { shows: /^Tea, Large: 4? left$/ },
  { shows: 'The form', does: { kind: 'form' } },
  { shows: 'Thanks, red' },
];

/** A webhook that a kill interrupted is not asked again: the count is empty then. */
export const TOLD = { count: 'Tea, Large: 4 left', none: 'Tea, Large:  left' } as const;

export const KEPT = { drink: 'Tea', size: 'Large', colour: 'red' } as const;

export const shows = ({ shows: wanted }: Step, said: string): boolean =>
  typeof wanted === 'string' ? said.includes(wanted) : wanted.test(said);
