/**
 * The routes that send content, as data (contract messages §2-§5, §7, §8).
 *
 * Deliberately not here: what the fields mean together (src/content).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { loose, looseFlag, looseText } from './common.ts';
import { provider, recipientFields, sendAnswers, sendRequest } from './sends.ts';

const common = { method: 'post' as const, tags: ['messages'], security: [{ token: [] }] };

const buttons = loose('Array or JSON string of `type, text, value, url`; the first three usable ones');
const location = loose('Object with `latitude`, `longitude`, `name`, `address`; sent as a second message');

export const sendMessage = createRoute({
  ...common,
  path: '/api/send-message/{phone}',
  summary: 'Send a text, buttons or a carousel; the fields may also lie in `json`',
  request: sendRequest(
    z
      .object({
        ...recipientFields,
        message: looseText('The text'),
        provider,
        buttons,
        footer: looseText('With buttons and cards only'),
        title: looseText('With buttons and cards only'),
        subtitle: looseText('With buttons only'),
        template_type: looseText('Only `carousel` acts'),
        carousel_data: loose('Array or JSON string of cards: `title, body, footer, buttons`, and an image'),
        location,
      })
      .openapi('SendMessage'),
  ),
  responses: sendAnswers({ message: z.literal('MESSAGE SENT SUCCESSFULLY'), jid: z.string().optional() }),
});

const mediaFields = {
  ...recipientFields,
  file: looseText('URL, or a path below `MEDIA_READ_BASES`'),
  file_base64: looseText('The bytes, also as a data URI; goes before `file`'),
  fileName: looseText('Shown for documents'),
  ptt: looseFlag('Audio as a voice note'),
  voice: looseFlag('Same as `ptt`'),
  provider,
};

export const sendMediaOnly = createRoute({
  ...common,
  path: '/api/send-media-only/{phone}',
  summary: 'Send media without a caption',
  request: sendRequest(
    z.object({ ...mediaFields, filetype: looseText('MIME type; empty: as downloaded') }).openapi('SendMediaOnly'),
  ),
  responses: sendAnswers({ message: z.literal('MEDIA SENT SUCCESSFULLY') }),
});

export const sendMediaMessage = createRoute({
  ...common,
  path: '/api/send-media-message/{phone}',
  summary: 'Send media with a caption or under buttons',
  request: sendRequest(
    z
      .object({
        ...mediaFields,
        filetype: looseText('MIME type; empty: `image/png`'),
        caption: looseText('After audio it is a text message of its own'),
        buttons,
        footer: looseText('With buttons only'),
        location,
      })
      .openapi('SendMediaMessage'),
  ),
  responses: sendAnswers({
    success: z.literal(true),
    message: z.enum(['Media + Buttons Sent!', 'Media Sent Successfully!']),
  }),
});

export const sendLocation = createRoute({
  ...common,
  path: '/api/send-location/{phone}',
  summary: 'Send a point on the map',
  request: sendRequest(
    z
      .object({
        ...recipientFields,
        message: looseText('Becomes name and address, cut to 200 characters'),
        latitude: loose('Number or numeric string, -90 to 90'),
        longitude: loose('Number or numeric string, -180 to 180'),
        provider,
      })
      .openapi('SendLocation'),
  ),
  responses: sendAnswers({ message: z.literal('LOCATION SENT SUCCESSFULLY') }),
});

export const sendContact = createRoute({
  ...common,
  path: '/api/send-contact/{phone}',
  summary: 'Send a contact card',
  request: sendRequest(
    z
      .object({
        ...recipientFields,
        displayName: looseText('Shown on the card'),
        name: looseText('For a card made here'),
        phone: looseText('For a card made here'),
        vcard: looseText('Sent as it is'),
      })
      .openapi('SendContact'),
  ),
  responses: sendAnswers({ ok: z.literal(true) }),
});

export const sendGroupMessage = createRoute({
  ...common,
  path: '/api/send-group-message/{phone}',
  summary: 'Send a text to a group',
  request: sendRequest(
    z
      .object({
        group_jid: looseText('`@g.us` is added when missing'),
        text: looseText('Contains `@digits` of everybody mentioned'),
        mentions: loose('Phones'),
      })
      .openapi('SendGroupMessage'),
  ),
  responses: sendAnswers({ message: z.literal('GROUP MESSAGE SENT') }),
});

export const sendProductCatalog = createRoute({
  ...common,
  path: '/api/send-product-catalog/{phone}',
  summary: 'Send products: of a catalogue that the account has at Meta, else as a carousel',
  request: sendRequest(
    z
      .object({
        ...recipientFields,
        products: loose('Array or JSON string of products'),
        type: looseText('`single`, `multi` (default) or `catalog`; Cloud API with a `catalog_id` only'),
        header_text: looseText('Title'),
        body_text: looseText('Text above the products'),
        footer_text: looseText('Footer'),
        catalog_id: looseText('Meta’s id of the catalogue'),
        retailer_id: looseText('The product of a `single`'),
        thumbnail_retailer_id: looseText('The product whose picture stands above a `catalog`'),
        section_title: looseText('Above the products of a `multi`; `Products` by default'),
        product_retailer_ids: loose('Products of a `multi`; those of `products` by default'),
        provider,
      })
      .openapi('SendProductCatalog'),
  ),
  responses: sendAnswers({ success: z.literal(true), message: z.literal('PRODUCT CATALOG SENT SUCCESSFULLY') }),
});
