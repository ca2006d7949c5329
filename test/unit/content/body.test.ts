/** Contract messages §2-§5, §7, §8: bodies as the app sends them, and the content they make. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  catalogueMessageOf,
  contactMessageOf,
  groupTextOf,
  locationMessageOf,
  mediaMessageOf,
  mediaOnlyOf,
  messageOf,
} from '../../../src/content/body.ts';

const APP = 'https://app.example.com';
const around = { branding: '', appUrl: APP, engine: 'baileys' } as const;
const message = (fields: object, branding = '') => messageOf({ ...fields }, { ...around, branding });
const PIN = { kind: 'location', latitude: 52.52, longitude: 13.4, name: 'Mitte', address: 'Berlin' };
const location = { latitude: '52.5200000', longitude: '13.4000000', name: 'Mitte', address: 'Berlin' };
const yes = { kind: 'reply', label: 'Yes', id: 'btn_0' };

describe('messages §2 send-message', () => {
  it('text: the branding footer is appended, the request’s own is ignored (§1.5)', () => {
    const made = { kind: 'made', content: { kind: 'text', text: 'hi\n\n_Acme_' }, followUps: [] };
    expect(message({ message: 'hi', footer: 'mine', title: 't', subtitle: 's' }, 'Acme')).toEqual(made);
  });

  it('buttons: title, subtitle and footer belong to them', () => {
    const fields = { message: 'Well?', title: 'T', subtitle: 'S', buttons: '[{"text":"Yes"}]' };
    const content = { kind: 'buttons', body: 'Well?', title: 'T', subtitle: 'S', footer: 'Acme', buttons: [yes] };
    expect(message(fields, 'Acme')).toEqual({ kind: 'made', content, followUps: [] });
    expect(message({ ...fields, footer: 'mine' }, 'Acme')).toMatchObject({ content: { footer: 'mine' } });
  });

  it('order: carousel before buttons before text; a location is a second message', () => {
    const fields = { message: 'm', buttons: [{ text: 'Yes' }], carousel_data: [{ title: 'x' }], location };
    expect(message({ ...fields, template_type: ' Carousel ' })).toMatchObject({
      content: { kind: 'carousel', body: 'm' },
      followUps: [PIN],
    });
    expect(message(fields)).toMatchObject({ content: { kind: 'buttons' }, followUps: [PIN] });
    expect(message({ message: 'm', location })).toMatchObject({ content: { kind: 'text' }, followUps: [PIN] });
  });

  it('a carousel has the request’s footer or none, never the branding footer (§1.5)', () => {
    const fields = { template_type: 'carousel', carousel_data: [{ title: 'x' }] };
    expect(message(fields, 'Acme')).toMatchObject({ content: { footer: '' } });
    expect(message({ ...fields, footer: 'mine' }, 'Acme')).toMatchObject({ content: { footer: 'mine' } });
  });

  it.each([{ lat: 52.52, lng: 13.4 }, { latitude: 52.52, lon: '13.4' }, '{"latitude":"52.52","longitude":13.4}'])(
    'location aliases: %j',
    (place) => {
      expect(message({ message: 'm', location: place })).toMatchObject({
        followUps: [{ latitude: 52.52, longitude: 13.4, name: '', address: '' }],
      });
    },
  );

  it.each([
    null,
    [],
    'x',
    { latitude: 'NaN', longitude: 1 },
    { latitude: 91, longitude: 1 },
    { latitude: 1, longitude: -181 },
    { latitude: 1 },
    { latitude: '', longitude: '' },
  ])('C-47 a location that is no point is ignored: %j', (place) => {
    expect(message({ message: 'm', location: place })).toMatchObject({ content: { kind: 'text' }, followUps: [] });
  });

  it('a body with nothing but a location is the location', () => {
    expect(message({ message: ' ', location })).toEqual({ kind: 'made', content: PIN, followUps: [] });
  });

  it.each([
    [{}, 'Message missing'],
    [{ message: ' \n' }, 'Message missing'],
    [{ message: 'x'.repeat(65_537) }, 'Message longer than 65536 characters'],
    [{ message: 'm', buttons: 'x' }, 'Invalid buttons'],
    [{ message: 'm', template_type: 'carousel', carousel_data: 'x' }, 'Invalid carousel_data'],
    [{ message: 'm', template_type: 'carousel', carousel_data: [] }, 'No cards provided for carousel'],
    [{ message: 'm', template_type: 'carousel' }, 'No cards provided for carousel'],
  ])('BO1 refused, never sent as less: %j', (fields, why) => {
    expect(message(fields)).toEqual({ kind: 'invalid', why });
  });
});

describe('messages §2 carousel cards', () => {
  const image = (card: object) => {
    const made = message({ template_type: 'carousel', carousel_data: JSON.stringify([card]) });
    return made.kind === 'made' && made.content.kind === 'carousel' ? made.content.cards[0]?.image : undefined;
  };
  const url = (place: string) => ({ kind: 'url', url: place });
  const folders = (name: string) => ({
    kind: 'first of',
    places: [url(`${APP}/uploads/templates/carousel/${name}`), url(`${APP}/storage/wa-templates/${name}`)],
  });

  it('texts and at most three buttons each; a card needs no image', () => {
    const card = { title: 'T', body: 'B', footer: 'F', buttons: [{ text: 'Yes' }] };
    const { content } = message({ template_type: 'carousel', carousel_data: [card, 'junk', {}] }) as never;
    expect(content).toMatchObject({
      cards: [
        { title: 'T', body: 'B', footer: 'F', buttons: [yes] },
        { title: '', body: '', footer: '', buttons: [] },
      ],
    });
    expect(image(card)).toBeUndefined();
  });

  it.each([
    [{ image_filename: 'a b.png' }, folders('a%20b.png')],
    [{ image: 'a.png' }, folders('a.png')],
    [{ image: 'wa-templates/a.png' }, folders('a.png')],
    [{ image: '../../.env' }, folders('.env')],
    [{ image: 'https://cdn.example/a.png' }, url('https://cdn.example/a.png')],
    [{ image_path: 'https://cdn.example/a.png' }, url('https://cdn.example/a.png')],
    [{ image_path: '/var/www/a.png' }, { kind: 'path', path: '/var/www/a.png' }],
  ])('CA1 where the image of %j lies', (card, from) => {
    expect(image(card)?.from).toEqual(from);
  });

  it('image_path goes before image_filename', () => {
    const from = image({ image_path: '/var/www/a.png', image_filename: 'a.png' })?.from;
    expect(from).toEqual({
      kind: 'first of',
      places: [{ kind: 'path', path: '/var/www/a.png' }, ...folders('a.png').places],
    });
  });
});

describe('messages §3 send-media-only, §11 sources', () => {
  const media = (fields: object) => {
    const made = mediaOnlyOf({ ...fields });
    return made.kind === 'made' && made.content.kind === 'media' ? made.content.media : undefined;
  };
  const file = 'https://app.example.com/uploads/bill.pdf?x=1';

  it('file_base64 goes before file, a data URI counts', () => {
    expect(media({ file, file_base64: 'QUJD' })?.from).toEqual({ kind: 'base64', base64: 'QUJD' });
    const uri = media({ file_base64: 'data:image/png;base64,QUJD' });
    expect(uri).toMatchObject({ from: { base64: 'QUJD' }, mime: 'image/png', type: 'image' });
    expect(media({ file, file_base64: null })?.from).toEqual({ kind: 'url', url: file });
    expect(media({ file: '/srv/a.pdf' })?.from).toEqual({ kind: 'path', path: '/srv/a.pdf' });
  });

  it.each([
    [{ filetype: 'image/png' }, 'image', 'image/png'],
    [{ filetype: 'IMAGE/WEBP' }, 'image', 'image/webp'],
    [{ filetype: 'video/mp4' }, 'video', 'video/mp4'],
    [{ filetype: 'audio/ogg; codecs=opus' }, 'audio', 'audio/ogg; codecs=opus'],
    [{ filetype: 'text/csv' }, 'document', 'text/csv'],
    [{ filetype: 'mp4' }, 'video', 'video/mp4'],
    [{ filetype: ' JPG ' }, 'image', 'image/jpeg'],
    [{ filetype: 'pdf' }, 'document', 'application/pdf'],
    [{ filetype: 'whatever' }, 'document', 'whatever'],
    [{ filetype: '' }, 'document', ''],
    [{ filetype: 'application/octet-stream' }, 'document', ''],
    [{ filetype: '', file: 'https://x.example/a.jpg' }, 'image', ''],
    [{ filetype: '', file_base64: 'QUJD', fileName: 'a.mp4' }, 'video', 'video/mp4'],
    [
      { filetype: 'application/octet-stream', file_base64: 'QUJD', file: 'https://x.example/a.mp3' },
      'audio',
      'audio/mpeg',
    ],
  ])('MD2 type of %j is %s', (fields, type, mime) => {
    expect(media({ file, ...fields })).toMatchObject({ type, mime });
  });

  it.each([
    [{ fileName: 'Bill.pdf', file }, 'Bill.pdf'],
    [{ file }, 'bill.pdf'],
    [{ file: 'https://app.example.com/a%20b.pdf' }, 'a b.pdf'],
    [{ file: 'https://app.example.com/100%.pdf' }, '100%.pdf'],
    [{ file: 'https://app.example.com' }, 'file'],
    [{ file_base64: 'QUJD' }, 'file'],
  ])('a document is named: %j → %s', (fields, fileName) => {
    expect(media(fields)).toMatchObject({ fileName });
  });

  it.each([
    [{ ptt: true }, true],
    [{ ptt: 'true' }, true],
    [{ voice: 1 }, true],
    [{ ptt: false, voice: 'false' }, undefined],
    [{}, undefined],
  ])('voice note: %j', (fields, voice) => {
    expect(media({ file, filetype: 'audio/mpeg', ...fields })?.voice).toBe(voice);
    expect(media({ file, filetype: 'image/png', ...fields })?.voice).toBeUndefined();
  });

  it('buttons, footer, title and caption are ignored; no media is refused', () => {
    const fields = { file, buttons: [{ text: 'Yes' }], footer: 'f', title: 't', caption: 'c' };
    expect(mediaOnlyOf(fields)).toMatchObject({ content: { kind: 'media', caption: '' }, followUps: [] });
    expect(mediaOnlyOf({ file: ' ', file_base64: null })).toEqual({ kind: 'invalid', why: 'Media missing' });
  });
});

describe('messages §4 send-media-message', () => {
  const file = 'https://app.example.com/a';

  it('media with a caption; filetype is image/png when missing', () => {
    const content = { kind: 'media', caption: 'hi', media: { type: 'image', mime: 'image/png' } };
    expect(mediaMessageOf({ file, caption: 'hi', location })).toMatchObject({ content, followUps: [PIN] });
  });

  it('audio cannot carry a caption: it follows as a text', () => {
    const made = mediaMessageOf({ file, caption: 'hi', filetype: 'audio/mpeg', location });
    expect(made).toMatchObject({ content: { kind: 'media', caption: '' } });
    expect(made).toMatchObject({ followUps: [{ kind: 'text', text: 'hi' }, PIN] });
    expect(mediaMessageOf({ file, filetype: 'audio/mpeg' })).toMatchObject({ followUps: [] });
  });

  it.each([
    ['image/png', 'image'],
    ['video/mp4', 'video'],
    ['audio/mpeg', 'document'],
    ['application/pdf', 'document'],
  ])('with buttons: %s is a header of type %s; title is ignored, the footer is the request’s own', (filetype, type) => {
    const fields = { file, filetype, caption: 'c', title: 't', footer: 'f', buttons: [{ text: 'Yes' }] };
    expect(mediaMessageOf(fields)).toMatchObject({
      content: { kind: 'buttons', body: 'c', title: '', subtitle: '', footer: 'f', header: { type }, buttons: [yes] },
    });
  });
});

describe('messages §5, §7, §8', () => {
  it('a location: the message, trimmed and cut to 200, becomes name and address', () => {
    const fields = { latitude: '-23.5000000', longitude: -46.6, message: ` ${'x'.repeat(201)} ` };
    const name = 'x'.repeat(200);
    expect(locationMessageOf(fields)).toMatchObject({
      content: { kind: 'location', latitude: -23.5, longitude: -46.6, name, address: name },
    });
  });

  it.each([{}, { latitude: 'NaN', longitude: 0 }, { latitude: 90.1, longitude: 0 }, { latitude: 0, longitude: 'Inf' }])(
    'C-47 %j → Invalid coordinates',
    (fields) => {
      expect(locationMessageOf(fields)).toEqual({ kind: 'invalid', why: 'Invalid coordinates' });
    },
  );

  it('a contact without vCard gets a 3.0 card with its digits as waid', () => {
    const { content } = contactMessageOf({ name: 'Ann; B', phone: '+49 151 123' }) as { content: { vcard: string } };
    expect(content).toMatchObject({ kind: 'contact', displayName: 'Ann; B' });
    expect(content.vcard.split('\n')).toEqual([
      'BEGIN:VCARD',
      'VERSION:3.0',
      'N:;Ann\\; B;;;',
      'FN:Ann\\; B',
      'TEL;type=CELL;type=VOICE;waid=49151123:+49151123',
      'END:VCARD',
    ]);
  });

  it('a vCard is sent as it is, named by displayName, name or itself', () => {
    const vcard = 'BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEND:VCARD';
    expect(contactMessageOf({ vcard, displayName: 'A' })).toMatchObject({ content: { displayName: 'A', vcard } });
    expect(contactMessageOf({ vcard })).toMatchObject({ content: { displayName: 'Ann', vcard } });
    expect(contactMessageOf({ name: 'Ann' })).toEqual({ kind: 'invalid', why: 'vcard or phone required' });
  });

  it('mentions are phones → JIDs; a text without them has none', () => {
    const made = groupTextOf({ text: 'hi @49151', mentions: ['+49 151 123', '99@lid', 'x', null] });
    expect(made).toMatchObject({ content: { mentions: ['49151123@s.whatsapp.net', '99@lid'] } });
    expect(groupTextOf({ text: 'hi' })).toEqual({
      kind: 'made',
      content: { kind: 'text', text: 'hi' },
      followUps: [],
    });
    expect(groupTextOf({ text: ' ' })).toMatchObject({ kind: 'invalid' });
  });

  it('a product is a card: name, price with two decimals, availability, description, two buttons', () => {
    const product = {
      ...{ id: 1, retailer_id: 'r1', name: 'n'.repeat(120), description: 'd'.repeat(220), price: '12.5' },
      ...{ currency: 'EUR', availability: 'out of stock', image_url: 'https://x.example/a.jpg', url: 'shop.example/1' },
    };
    const fields = { header_text: 'H', body_text: 'B', footer_text: 'F', products: [product, { id: 2, price: 3 }] };
    expect(catalogueMessageOf(fields, around)).toEqual({
      kind: 'made',
      followUps: [],
      content: {
        ...{ kind: 'carousel', title: 'H', body: 'B', footer: 'F' },
        cards: [
          {
            title: 'n'.repeat(100),
            body: `EUR 12.50 (Out of Stock)\n${'d'.repeat(200)}`,
            footer: '',
            buttons: [
              { kind: 'reply', label: 'Order Now', id: 'order_r1' },
              { kind: 'url', label: 'View Details', url: 'https://shop.example/1' },
            ],
            image: { type: 'image', from: { kind: 'url', url: 'https://x.example/a.jpg' }, mime: 'image/jpeg' },
            imageOptional: true,
          },
          { title: '', body: '3.00', footer: '', buttons: [{ kind: 'reply', label: 'Order Now', id: 'order_2' }] },
        ],
      },
    });
  });

  it.each([{}, { products: [] }, { products: '[]' }, { products: 'x' }, { products: [null] }])(
    'no products: %j is refused',
    (fields) => {
      for (const engine of ['baileys', 'waba', 'twilio'] as const)
        expect(catalogueMessageOf({ ...fields, catalog_id: 'c' }, { engine })).toEqual({
          kind: 'invalid',
          why: 'No products provided for carousel',
        });
    },
  );
});

describe('messages §8: a catalogue that the account has at Meta', () => {
  const products = [{ retailer_id: 'r1', name: 'One' }, { retailer_id: ' r2 ' }, { retailer_id: 'r1' }];
  const fields = { catalog_id: 'c1', products, body_text: 'B', footer_text: 'F', header_text: 'H' };
  const contentOf = (more: object, engine: 'baileys' | 'waba' | 'twilio' = 'waba') => {
    const made = catalogueMessageOf({ ...fields, ...more }, { engine });
    return made.kind === 'made' ? made.content : made;
  };
  const common = { body: 'B', footer: 'F' };

  it.each<[string, object, object]>([
    [
      'multi is the default: header text, one section, each product once',
      {},
      { kind: 'product list', catalogueId: 'c1', title: 'H', section: 'Products', productIds: ['r1', 'r2'], ...common },
    ],
    [
      'section title; it stands in for a header text that is missing, which Meta wants',
      { type: 'multi', section_title: 'Shoes', header_text: '', product_retailer_ids: '["x","y"]' },
      { kind: 'product list', catalogueId: 'c1', title: 'Shoes', section: 'Shoes', productIds: ['x', 'y'], ...common },
    ],
    [
      'single',
      { type: 'single', retailer_id: 'r9' },
      { kind: 'product', catalogueId: 'c1', productId: 'r9', ...common },
    ],
    [
      'single, named by its product only',
      { type: 'Single', products: [products[0]] },
      { kind: 'product', catalogueId: 'c1', productId: 'r1', ...common },
    ],
    ['catalog, which needs no products', { type: 'catalog', products: [] }, { kind: 'catalogue', ...common }],
    [
      'catalog with a thumbnail',
      { type: 'catalog', thumbnail_retailer_id: 'r2' },
      { kind: 'catalogue', thumbnailId: 'r2', ...common },
    ],
  ])('%s', (_, more, content) => {
    expect(contentOf(more)).toEqual(content);
  });

  it.each<[string, object, ('baileys' | 'waba' | 'twilio')?]>([
    ['no catalog_id', { catalog_id: '' }],
    ['the socket', {}, 'baileys'],
    ['Twilio', {}, 'twilio'],
    ['a product that Meta does not know', { products: [...products, { id: 4, name: 'Four' }] }],
    ['a single of several products', { type: 'single' }],
  ])('PR2 cards, all of them: %s', (_, more, engine) => {
    const content = contentOf(more, engine);
    const count = 'products' in more && Array.isArray(more.products) ? more.products.length : products.length;
    expect(content).toMatchObject({ kind: 'carousel', cards: Array.from({ length: count }, () => ({})) });
  });
});

describe('P12 no body makes a fault', () => {
  const named = (...names: string[]) =>
    fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.json({ maxDepth: 3 })));
  const fields = fc.oneof(
    named('message', 'buttons', 'template_type', 'carousel_data', 'location', 'footer', 'title'),
    named('file', 'file_base64', 'filetype', 'fileName', 'ptt', 'voice', 'caption', 'buttons', 'location'),
    named('latitude', 'longitude', 'vcard', 'phone', 'name', 'products', 'text', 'mentions'),
  );

  it('every reader answers for everything that JSON can say', () => {
    fc.assert(
      fc.property(fields, (body) => {
        messageOf(body, around);
        messageOf({ ...body, template_type: 'carousel' }, around);
        const readers = [mediaOnlyOf, mediaMessageOf, groupTextOf, locationMessageOf, contactMessageOf];
        for (const read of readers) read(body);
        for (const engine of ['baileys', 'waba'] as const) catalogueMessageOf({ catalog_id: 'c', ...body }, { engine });
      }),
      { numRuns: 500 },
    );
  });
});
