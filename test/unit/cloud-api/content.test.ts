/** What Meta receives for what only business accounts have (contract messages §8, bulk §2.4, flows §10.2). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Content } from '../../../src/content/content.ts';
import { CloudBench } from './bench.ts';

let bench: CloudBench;
beforeAll(async () => {
  bench = await CloudBench.start();
});
afterAll(() => bench.stop());

/** The messages that one content became. */
async function received(content: Content): Promise<unknown[]> {
  const before = bench.bodies().length;
  expect(await bench.send(content)).toMatchObject({ kind: 'sent' });
  return bench.bodies().slice(before);
}

const LONG = 'x'.repeat(100);
const template = {
  name: 'order_ready',
  language: { code: 'pt_BR' },
  components: [
    { type: 'body', parameters: [{ type: 'text', text: 'Ann' }] },
    { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: 'a/b' }] },
  ],
};
const LINK = { link: 'https://public.example/a.png' };
const image = { type: 'image', mime: 'image/png' } as const;
const form: Content = {
  kind: 'form',
  ...{ title: 'T', body: 'B', footer: 'F', button: 'Fill in', formId: '123', token: 'form-1-a_b' },
};
const list = { kind: 'product list', catalogueId: 'c1', title: 'H', body: 'B', footer: 'F', section: 'Shoes' } as const;

describe('template', () => {
  it('bulk §2.4 a prebuilt one is forwarded unchanged', async () => {
    const carousel = {
      type: 'carousel',
      cards: [{ card_index: 0, components: [{ type: 'header', parameters: [{ type: 'image', image: LINK }] }] }],
    };
    const prebuilt = { ...template, components: [...template.components, carousel] };
    expect(await received({ kind: 'template', template: prebuilt })).toEqual([
      expect.objectContaining({ type: 'template', template: prebuilt }),
    ]);
  });

  it('a header that is still to be filled in: by link, or uploaded when only base64 exists', async () => {
    const url = 'https://public.example/a.png';
    const byLink: Content = { kind: 'template', template, header: { ...image, from: { kind: 'url', url } } };
    const header = (media: object) => ({ type: 'header', parameters: [media] });
    expect(await received(byLink)).toMatchObject([
      {
        template: {
          ...template,
          components: [header({ type: 'image', image: { link: url } }), ...template.components],
        },
      },
    ]);
    const from = { kind: 'base64', base64: Buffer.from('bytes').toString('base64') } as const;
    const pdf = { type: 'document', mime: 'application/pdf', fileName: 'bill.pdf', from } as const;
    const [upload, message] = await received({ kind: 'template', template, header: pdf });
    expect(upload).toMatchObject({ type: 'application/pdf' });
    const document = { id: expect.any(String), filename: 'bill.pdf' };
    expect(message).toMatchObject({
      template: { components: [header({ type: 'document', document }), ...template.components] },
    });
  });
});

describe('interactive', () => {
  const parameters = {
    ...{ flow_message_version: '3', flow_token: 'form-1-a_b', flow_id: '123', flow_cta: 'Fill in' },
    ...{ flow_action: 'navigate', mode: 'published' },
  };
  const texts = { body: { text: 'B' }, footer: { text: 'F' } };
  const header = { type: 'text', text: 'H' };
  const items = (...ids: string[]) => ids.map((product_retailer_id) => ({ product_retailer_id }));

  it.each<[string, Content, object]>([
    [
      'form (flows §10.2)',
      form,
      { type: 'flow', header: { type: 'text', text: 'T' }, ...texts, action: { name: 'flow', parameters } },
    ],
    [
      'product',
      { kind: 'product', catalogueId: 'c1', productId: 'r1', body: 'B', footer: 'F' },
      { type: 'product', ...texts, action: { catalog_id: 'c1', product_retailer_id: 'r1' } },
    ],
    [
      'product without any text',
      { kind: 'product', catalogueId: 'c1', productId: 'r1', body: '', footer: '' },
      { type: 'product', action: { catalog_id: 'c1', product_retailer_id: 'r1' } },
    ],
    [
      'product list',
      { ...list, productIds: ['r1', 'r2'] },
      {
        ...{ type: 'product_list', header, ...texts },
        action: { catalog_id: 'c1', sections: [{ title: 'Shoes', product_items: items('r1', 'r2') }] },
      },
    ],
    [
      'catalogue: Meta wants a body',
      { kind: 'catalogue', body: '', footer: 'F' },
      { type: 'catalog_message', ...texts, body: { text: ' ' }, action: { name: 'catalog_message' } },
    ],
    [
      'catalogue with a thumbnail',
      { kind: 'catalogue', body: 'B', footer: '', thumbnailId: 'r1' },
      {
        ...{ type: 'catalog_message', body: { text: 'B' } },
        action: { name: 'catalog_message', parameters: { thumbnail_product_retailer_id: 'r1' } },
      },
    ],
  ])('%s', async (_, content, interactive) => {
    expect(await received(content)).toEqual([expect.objectContaining({ type: 'interactive', interactive })]);
  });

  it('CB1 titles, footers and labels are cut to what Meta takes', async () => {
    const long = { title: LONG, footer: LONG };
    const [cut] = await received({ ...form, ...long, button: LONG });
    expect(cut).toMatchObject({
      interactive: {
        header: { text: LONG.slice(0, 60) },
        footer: { text: LONG.slice(0, 60) },
        action: { parameters: { flow_cta: LONG.slice(0, 30) } },
      },
    });
    const [products] = await received({ ...list, ...long, section: LONG, productIds: ['r1'] });
    expect(products).toMatchObject({ interactive: { action: { sections: [{ title: LONG.slice(0, 24) }] } } });
  });

  it.each<[string, Content]>([
    ['form', { ...form, body: 'x'.repeat(1_025) }],
    ['product', { kind: 'product', catalogueId: 'c', productId: 'r', body: 'x'.repeat(1_025), footer: '' }],
    ['product list', { ...list, body: 'x'.repeat(1_025), productIds: ['r'] }],
    ['31 products', { ...list, productIds: Array.from({ length: 31 }, (__, n) => `r${n}`) }],
    ['catalogue', { kind: 'catalogue', body: 'x'.repeat(1_025), footer: '' }],
  ])('CB1 too much is an error without a call: %s', async (_, content) => {
    const before = bench.bodies().length;
    const error = expect.stringContaining('at most');
    expect(await bench.send(content)).toMatchObject({ kind: 'failed', class: 'request wrong', error });
    expect(bench.bodies()).toHaveLength(before);
  });
});
