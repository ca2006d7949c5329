/**
 * A product catalogue (contract messages §8): Meta's own message where the account has the catalogue there, else a carousel.
 *
 *  PR1  One card per product; an image that cannot be had costs the image, not the card.
 *  PR2  Meta's messages name products by the ids that Meta knows them by. A product without one stays in the message: then
 *       all of them go out as cards.
 */
import { buttonsOf } from './buttons.ts';
import type { Card, Content } from './content.ts';
import type { EngineName } from './engine-choice.ts';
import { cutTo } from './footer.ts';
import { type Fields, firstText, isObject, listOf, numberOf, textOf } from './loose.ts';
import { mimeOfName } from './mime.ts';

const NAME = 100;
const DESCRIPTION = 200;

type Catalogue = Extract<Content, { kind: 'carousel' | 'product' | 'product list' | 'catalogue' }>;

/** Undefined when the request has no products. */
export function catalogueOf(fields: Fields, engine: EngineName): Catalogue | undefined {
  const products = (listOf(fields['products']) ?? []).filter(isObject);
  return (engine === 'waba' && ofMeta(fields, products)) || carouselOf(fields, products);
}

/** Undefined where Meta has no message for it (PR2). */
function ofMeta(fields: Fields, products: readonly Fields[]): Catalogue | undefined {
  const catalogueId = firstText(fields, 'catalog_id');
  if (catalogueId === '') return undefined;
  const body = firstText(fields, 'body_text');
  const footer = firstText(fields, 'footer_text');
  const named = (listOf(fields['product_retailer_ids']) ?? []).map(idOf);
  const ids = named.length > 0 ? named : products.map((product) => firstText(product, 'retailer_id'));
  switch (firstText(fields, 'type').toLowerCase()) {
    case 'catalog': {
      const thumbnailId = firstText(fields, 'thumbnail_retailer_id');
      return { kind: 'catalogue', body, footer, ...(thumbnailId !== '' && { thumbnailId }) };
    }
    case 'single': {
      const productId = firstText(fields, 'retailer_id') || (ids.length === 1 ? ids[0] : '');
      return productId ? { kind: 'product', catalogueId, productId, body, footer } : undefined;
    }
    default: {
      if (ids.length === 0 || ids.includes('')) return undefined;
      const section = firstText(fields, 'section_title') || 'Products';
      const title = firstText(fields, 'header_text') || section;
      return { kind: 'product list', catalogueId, title, body, footer, section, productIds: [...new Set(ids)] };
    }
  }
}

const idOf = (id: unknown): string => textOf(id).trim();

function carouselOf(fields: Fields, products: readonly Fields[]): Catalogue | undefined {
  if (products.length === 0) return undefined;
  return {
    kind: 'carousel',
    body: firstText(fields, 'body_text'),
    title: firstText(fields, 'header_text'),
    footer: firstText(fields, 'footer_text'),
    cards: products.map(cardOf),
  };
}

function cardOf(product: Fields, index: number): Card {
  const image = firstText(product, 'image_url');
  const isUrl = /^https?:\/\//i.test(image);
  const id = `order_${firstText(product, 'retailer_id', 'id') || index}`;
  const order = { type: 'reply', text: 'Order Now', id };
  const view = { type: 'url', text: 'View Details', url: product['url'] };
  const lines = [priceLine(product), cutTo(firstText(product, 'description'), DESCRIPTION)];
  return {
    title: cutTo(firstText(product, 'name'), NAME),
    body: lines.filter((line) => line !== '').join('\n'),
    footer: '',
    buttons: buttonsOf([order, view]),
    ...(isUrl && {
      image: { type: 'image', from: { kind: 'url', url: image }, mime: mimeOfName(image) },
      imageOptional: true,
    }),
  };
}

/** `EUR 12.50 (Out of Stock)`; a price that is no number is shown as it came. */
function priceLine(product: Fields): string {
  const price = numberOf(product['price']);
  const amount = Number.isFinite(price) ? price.toFixed(2) : firstText(product, 'price');
  const isSoldOut = firstText(product, 'availability').toLowerCase() === 'out of stock';
  const parts = [amount && firstText(product, 'currency'), amount, isSoldOut ? '(Out of Stock)' : ''];
  return parts.filter((part) => part !== '').join(' ');
}
