/**
 * A product catalogue as a carousel, for engines without catalogues (contract messages §8, socket part).
 *
 *  PR1  One card per product; an image that cannot be had costs the image, not the card.
 */
import { buttonsOf } from './buttons.ts';
import type { Card, Content } from './content.ts';
import { cutTo } from './footer.ts';
import { type Fields, firstText, isObject, listOf, numberOf } from './loose.ts';
import { mimeOfName } from './mime.ts';

const NAME = 100;
const DESCRIPTION = 200;

/** Undefined when the request has no products. */
export function catalogueOf(fields: Fields): Extract<Content, { kind: 'carousel' }> | undefined {
  const products = (listOf(fields['products']) ?? []).filter(isObject);
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
