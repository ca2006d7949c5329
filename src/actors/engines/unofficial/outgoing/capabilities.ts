/**
 * What a linked device can send (contract messages §2-§8). Templates, forms and catalogues belong to business accounts of
 * the other engines.
 */
import type { Capabilities, Content } from '../../../../content/content.ts';

export const CAPABILITIES = {
  text: 'yes',
  buttons: 'yes',
  list: 'yes',
  carousel: 'yes',
  media: 'yes',
  location: 'yes',
  'location request': 'yes',
  poll: {
    fallback: 'as numbered text where WhatsApp takes no such poll: fewer than 2 or more than 12 options, equal ones',
  },
  contact: 'yes',
  reaction: 'yes',
  pin: 'yes',
  edit: 'yes',
  delete: 'yes',
  template: 'no',
  'content template': 'no',
  form: 'no',
  product: 'no',
  'product list': 'no',
  catalogue: 'no',
} as const satisfies Capabilities;

type Kind = Content['kind'];
type Refused = { [K in Kind]: (typeof CAPABILITIES)[K] extends 'no' ? K : never }[Kind];

/** What there is a message for. */
export type Sendable<From> = Exclude<Content<From>, { kind: Refused }>;

export const isSendable = <From>(content: Content<From>): content is Sendable<From> =>
  CAPABILITIES[content.kind] !== 'no';
