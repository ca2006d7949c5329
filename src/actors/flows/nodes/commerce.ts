/**
 * CommerceShop: products of a shop, and the wait for the order (contract flows §3.3).
 *
 *  SH1  The engine of the session decides how products are shown, nothing else (F-45): Meta's catalogue through the app on
 *       Cloud, cards and a numbered text elsewhere.
 *  SH2  A choice leads to a checkout link; from then on only the order or the clock ends the wait, and what the customer
 *       types is left to others.
 *  SH3  The clock runs from the first message, however often the customer chooses.
 */
import { LIMITS } from '../../../app-client/limits.ts';
import type { Content } from '../../../content/content.ts';
import { firstText, isObject, listOf, numberOf, textOf } from '../../../content/loose.ts';
import { cartDue, cartMinutes } from '../cart.ts';
import { missing, unwired } from '../checks.ts';
import { mediumOf } from '../medium.ts';
import { priceText } from '../money.ts';
import type { NodeContext, NodeKind, NodeResult, Scene } from '../node.ts';
import { wholeNumber } from '../options.ts';
import { whyNot } from '../told.ts';
import type { ShopItem, Wait } from '../waits.types.ts';

type ShopWait = Extract<Wait, { nextNodeType: 'CommerceShop' }>;

const PURCHASED = 1;
const ABANDONED = 2;
const BETWEEN_CARDS_MS = 700;
/** Of a product's name, typed: one letter would be any product. */
const SHORTEST_NAME = 2;

export const commerceShop: NodeKind = {
  types: ['CommerceShop'],
  run: async (context) => {
    const { session, warn } = context;
    const items = await inStock(context);
    if (items.length === 0) {
      warn('a shop of the flow has nothing to show');
      return { kind: 'next', port: ABANDONED };
    }
    return session.engine === 'waba' ? showCatalogue(context, items) : showCards(context, items);
  },
  match: (_, wait, { text, tap }) => {
    if (wait.nextNodeType !== 'CommerceShop' || wait.isWaba || wait.linkSent) return undefined;
    const said = (tap?.title || text).trim();
    if (said === '') return undefined;
    const index = chosen(wait.items, said);
    return index < 0 ? { text: said, anyText: true } : { text: wait.items[index]?.name ?? said, data: { index } };
  },
  answer: async (context, wait, _, { data }) => {
    if (wait.nextNodeType !== 'CommerceShop') return { kind: 'wait', wait };
    const item = wait.items[Number(data?.['index'])];
    if (item) return checkout(context, wait, item);
    await context.send(promptOf(context, wait.items));
    return waiting(wait);
  },
  waits: () => true,
  check: (node, flow) => [
    ...(listOf(node.fields['productItems'])?.length ? [] : missing(node, 'warning', 'productItems')),
    ...unwired(
      node,
      flow,
      new Map([
        [PURCHASED, 'Purchased'],
        [ABANDONED, 'Abandoned'],
      ]),
    ),
  ],
};

/** Without a workspace nothing can be sold. Errors of the app keep everything. */
async function inStock(context: NodeContext): Promise<readonly ShopItem[]> {
  const { session, app, again } = context;
  const items = itemsOf(context);
  if (session.workspace === undefined || items.length === 0) return [];
  const request = { ...shopOf(context), retailer_ids: items.map(({ retailer_id }) => retailer_id) };
  const answer = await again(() => app.inventory(request));
  if (answer.kind !== 'ok') return items;
  const available = new Set(answer.value.inStock);
  return items.filter(({ retailer_id }) => available.has(retailer_id));
}

const shopOf = ({ node: { fields }, session }: NodeContext) => ({
  provider: firstText(fields, 'provider'),
  store_id: firstText(fields, 'storeId'),
  workspace_id: session.workspace,
});

const itemsOf = ({ node, vars }: NodeContext): ShopItem[] =>
  (listOf(node.fields['productItems']) ?? [])
    .filter(isObject)
    .map((item) => ({
      retailer_id: firstText(item, 'retailer_id'),
      name: vars.fill(firstText(item, 'name')),
      image: firstText(item, 'image'),
      price_minor: numberOf(item['price_minor']) || 0,
      currency: firstText(item, 'currency'),
      url: firstText(item, 'url'),
    }))
    .filter(({ retailer_id }) => retailer_id !== '')
    .slice(0, LIMITS.flow.products);

const textsOf = ({ node: { fields }, vars }: NodeContext) => ({
  header: vars.fill(textOf(fields['headerText'])).trim(),
  body: vars.fill(textOf(fields['bodyText'])).trim(),
  footer: vars.fill(textOf(fields['footerText'])).trim(),
});

/** The app sends it, in the thread too. */
async function showCatalogue(context: NodeContext, items: readonly ShopItem[]): Promise<NodeResult> {
  const { session, app, once, warn } = context;
  const texts = Object.entries(textsOf(context)).filter(([, text]) => text !== '');
  const request = {
    ...{ session_id: session.key, target_phone: session.customer, workspace_id: session.workspace },
    items: items.map(({ retailer_id }) => ({ retailer_id })),
    ...Object.fromEntries(texts),
  };
  const answer = await once(() => app.sendProducts(request));
  if (answer.kind === 'ok') return waiting({ ...waitOf(context, items), isWaba: true });
  warn(`products of the flow could not be sent: ${whyNot(answer)}`);
  return { kind: 'next', port: ABANDONED };
}

async function showCards(context: NodeContext, items: readonly ShopItem[]): Promise<NodeResult> {
  const { send, pause } = context;
  const preamble = Object.values(textsOf(context)).filter((text) => text !== '');
  if (preamble.length > 0) await send({ kind: 'text', text: preamble.join('\n\n') });
  for (const item of items) {
    await showCard(context, item);
    await pause(BETWEEN_CARDS_MS);
  }
  const { kind } = await send(promptOf(context, items));
  return kind === 'failed' ? { kind: 'next', port: ABANDONED } : waiting(waitOf(context, items));
}

/** A product whose picture cannot be had is still a product. */
async function showCard(context: NodeContext, item: ShopItem): Promise<void> {
  const { send, warn } = context;
  const words = [item.name, priceOf(item)].filter((line) => line !== '').join('\n');
  const media = mediumOf(context, 'image', { url: item.image });
  if (media && (await send({ kind: 'media', media, caption: words })).kind !== 'failed') return;
  if ((await send({ kind: 'text', text: words })).kind === 'failed') warn('a product of the flow could not be sent');
}

const priceOf = ({ price_minor, currency }: ShopItem): string =>
  price_minor > 0 ? priceText(price_minor, currency) : '';

function promptOf({ texts }: Pick<NodeContext, 'texts'>, items: readonly ShopItem[]): Content {
  const rows = items.map((item, index) =>
    [`${index + 1}. ${item.name}`, priceOf(item)].filter((part) => part !== '').join(' - '),
  );
  return { kind: 'text', text: [texts.menu, ...rows].join('\n') };
}

function chosen(items: readonly ShopItem[], said: string): number {
  const number = wholeNumber(said) - 1;
  if (items[number]) return number;
  const wanted = said.toLowerCase();
  const exact = items.findIndex(({ name }) => name.trim().toLowerCase() === wanted);
  if (exact >= 0 || wanted.length < SHORTEST_NAME) return exact;
  return items.findIndex(({ name }) => name.toLowerCase().includes(wanted));
}

/** SH2 */
async function checkout(context: NodeContext, wait: ShopWait, item: ShopItem): Promise<NodeResult> {
  const { session, app, once, send, texts, warn } = context;
  const request = {
    ...{ provider: wait.provider, store_id: wait.storeId, workspace_id: session.workspace },
    ...{ items: [{ retailer_id: item.retailer_id, qty: 1 }], session_id: session.key },
    customer_phone: session.customer,
  };
  const answer = await once(() => app.checkoutLink(request));
  if (answer.kind !== 'ok') warn(`a checkout of the flow failed: ${whyNot(answer)}`);
  const text = answer.kind === 'ok' ? `${item.name}\n${answer.value.url}` : texts.apology;
  const { kind } = await send({ kind: 'text', text });
  return waiting(answer.kind === 'ok' && kind !== 'failed' ? { ...wait, linkSent: true } : wait);
}

function waitOf(context: Scene & Pick<NodeContext, 'now'>, items: readonly ShopItem[]): ShopWait {
  const { fields, id: nodeId } = context.node;
  return {
    ...{ nextNodeType: 'CommerceShop', nodeId, variable: '', items },
    ...{ provider: firstText(fields, 'provider'), storeId: firstText(fields, 'storeId') },
    abandonedWaitMinutes: cartMinutes(fields['abandonedWaitMinutes']),
    startedAt: context.now,
  };
}

/** SH3 */
const waiting = (wait: ShopWait): NodeResult => ({ kind: 'wait', wait, due: cartDue(wait) });
