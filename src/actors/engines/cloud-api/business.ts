/**
 * What only a business account has: forms and products of its catalogue (contract messages §8, flows §10.2;
 * facts/cloud-api.md §2.2).
 *
 *  CB1  Titles, footers and labels are cut to Meta's limits; a longer body, or more products than Meta shows, is an error.
 */
import type { Content } from '../../../content/content.ts';
import { cutToUnits } from '../../../content/footer.ts';
import { bodyOf, type Drafted, drafts, footerOf, headerOf, tooLong, wrong } from './draft.ts';

type Of<K extends Content['kind']> = Extract<Content, { kind: K }>;

const MAX_BODY = 1_024;
/** As the app itself keeps to (contract flows §8, `waba-send-products`). */
const MAX_PRODUCTS = 30;
const SECTION = 24;
const FORM_BUTTON = 30;

export function formMessage({ title, body, footer, button, formId, token }: Of<'form'>): Drafted {
  if (body.length > MAX_BODY) return wrong(tooLong('the text above a form', MAX_BODY));
  const parameters = {
    flow_message_version: '3',
    flow_token: token,
    flow_id: formId,
    flow_cta: cutToUnits(button, FORM_BUTTON),
    flow_action: 'navigate',
    mode: 'published',
  };
  const texts = { ...headerOf(title), ...bodyOf(body), ...footerOf(footer) };
  return interactive({ type: 'flow', ...texts, action: { name: 'flow', parameters } });
}

/** Meta takes no header here, and wants neither body nor footer. */
export function productMessage({ catalogueId, productId, body, footer }: Of<'product'>): Drafted {
  if (body.length > MAX_BODY) return wrong(tooLong('the text above a product', MAX_BODY));
  const texts = { ...(body !== '' && bodyOf(body)), ...footerOf(footer) };
  const action = { catalog_id: catalogueId, product_retailer_id: productId };
  return interactive({ type: 'product', ...texts, action });
}

export function productListMessage(content: Of<'product list'>): Drafted {
  const { catalogueId, title, body, footer, section, productIds } = content;
  if (body.length > MAX_BODY) return wrong(tooLong('the text above products', MAX_BODY));
  if (productIds.length > MAX_PRODUCTS)
    return wrong(`WhatsApp Cloud API takes at most ${MAX_PRODUCTS} products in a message`);
  const items = productIds.map((id) => ({ product_retailer_id: id }));
  const sections = [{ title: cutToUnits(section, SECTION), product_items: items }];
  const texts = { ...headerOf(title), ...bodyOf(body), ...footerOf(footer) };
  return interactive({ type: 'product_list', ...texts, action: { catalog_id: catalogueId, sections } });
}

export function catalogueMessage({ body, footer, thumbnailId }: Of<'catalogue'>): Drafted {
  if (body.length > MAX_BODY) return wrong(tooLong('the text above a catalogue', MAX_BODY));
  const parameters = thumbnailId === undefined ? {} : { parameters: { thumbnail_product_retailer_id: thumbnailId } };
  const action = { name: 'catalog_message', ...parameters };
  return interactive({ type: 'catalog_message', ...bodyOf(body), ...footerOf(footer), action });
}

const interactive = (part: Readonly<Record<string, unknown>>): Drafted => drafts({ type: 'interactive', part });
