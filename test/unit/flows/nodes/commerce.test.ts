import { describe, expect, it } from 'vitest';
import { priceText } from '../../../../src/actors/flows/money.ts';
import { commerceShop } from '../../../../src/actors/flows/nodes/commerce.ts';
import type { Wait } from '../../../../src/actors/flows/waits.types.ts';
import { Bench, CUSTOMER, DEVICE, NOW } from '../context.ts';

type Setup = ConstructorParameters<typeof Bench>[1];
const KEY = `${DEVICE}_${CUSTOMER}`;
const ABANDONED = { kind: 'next', port: 2 };
const item = (retailer_id: string, name: string, image = '') => ({
  ...{ retailer_id, name, image, price_minor: 1_990, currency: 'BRL', url: '' },
});
const ITEMS = [item('a', 'Blue shirt', 'https://x.test/a.png'), item('b', 'Red shirt'), item('c', 'Hat of {{name}}')];
const fields = {
  ...{ provider: 'woocommerce', storeId: 6, headerText: 'Shop', bodyText: 'For {{name}}', footerText: '' },
  ...{ abandonedWaitMinutes: 10, productItems: ITEMS },
};
const bench = (setup: Partial<Setup> = {}, own: Record<string, unknown> = {}) => {
  const one = new Bench(commerceShop, {
    type: 'CommerceShop',
    fields: { ...fields, ...own },
    vars: { name: 'Ana' },
    ...setup,
  });
  one.answers.inventory = { kind: 'ok', value: { inStock: ['a', 'b', 'c'] } };
  one.answers.checkoutLink = { kind: 'ok', value: { url: 'https://pay/1' } };
  one.answers.sendProducts = { kind: 'ok', value: { ok: true } };
  return one;
};
const DUE = NOW + 600_000;

describe('CommerceShop: what is shown (flows §3.3)', () => {
  it.each(['baileys', 'twilio'] as const)('%s: preamble, one card per product, and a numbered text', async (engine) => {
    const one = bench({ engine });
    expect(await one.run()).toEqual({
      kind: 'wait',
      wait: {
        ...{ nextNodeType: 'CommerceShop', nodeId: 'n_aaaaaa', variable: '', provider: 'woocommerce', storeId: '6' },
        ...{
          abandonedWaitMinutes: 10,
          startedAt: NOW,
          items: [ITEMS[0], ITEMS[1], { ...ITEMS[2], name: 'Hat of Ana' }],
        },
      },
      due: DUE,
    });
    expect(one.texts()).toEqual([
      ...['Shop\n\nFor Ana', 'Red shirt\n19.90 BRL', 'Hat of Ana\n19.90 BRL'],
      'Options\n1. Blue shirt - 19.90 BRL\n2. Red shirt - 19.90 BRL\n3. Hat of Ana - 19.90 BRL',
    ]);
    expect(one.contents()[1]).toMatchObject({
      kind: 'media',
      caption: 'Blue shirt\n19.90 BRL',
      media: { type: 'image' },
    });
    expect(one.pauses).toEqual([700, 700, 700]);
  });

  it('a picture that cannot be had leaves the product', async () => {
    const one = bench();
    one.onSend = (content) => (content.kind === 'media' ? { kind: 'failed', error: 'x' } : { kind: 'sent', id: 'M' });
    await one.run();
    expect(one.texts()[1]).toBe('Blue shirt\n19.90 BRL');
  });

  it('Cloud: the app sends the products of the catalogue', async () => {
    const one = bench({ engine: 'waba' });
    expect(await one.run()).toMatchObject({ kind: 'wait', wait: { isWaba: true }, due: DUE });
    expect(one.calls.at(-1)).toEqual({
      name: 'sendProducts',
      request: {
        ...{ session_id: KEY, target_phone: CUSTOMER, workspace_id: '3', header: 'Shop', body: 'For Ana' },
        items: [{ retailer_id: 'a' }, { retailer_id: 'b' }, { retailer_id: 'c' }],
      },
    });
    expect([one.sent, one.effects]).toEqual([[], ['again', 'once']]);
  });

  it('F-45: the engine decides, also where the number has a Cloud account beside it', async () => {
    const one = bench({ engine: 'baileys', cloud: { phoneNumberId: '1', wabaId: '2' } });
    await one.run();
    expect(one.calls.map(({ name }) => name)).toEqual(['inventory']);
  });

  it('Cloud: a refusal is abandoned', async () => {
    const one = bench({ engine: 'waba' });
    one.answers.sendProducts = { kind: 'refused', status: 422, error: 'no_catalog' };
    expect(await one.run()).toEqual(ABANDONED);
  });

  it.each<readonly [string, Partial<Setup>, Record<string, unknown>]>([
    ['no products', {}, { productItems: [] }],
    ['products without ids', {}, { productItems: [{ name: 'x' }] }],
  ])('%s: abandoned', async (_, setup, own) => {
    const one = bench(setup, own);
    expect([await one.run(), one.sent, one.calls]).toEqual([ABANDONED, [], []]);
  });

  it('no workspace: abandoned', async () => {
    const one = new Bench(commerceShop, { type: 'CommerceShop', fields, session: { workspace: undefined } as never });
    expect([await one.run(), one.calls]).toEqual([ABANDONED, []]);
  });

  it('what is out of stock is not shown; errors keep everything; none left is abandoned', async () => {
    const one = bench();
    one.answers.inventory = { kind: 'ok', value: { inStock: ['b'] } };
    expect(await one.waited()).toMatchObject({ items: [{ retailer_id: 'b' }] });
    one.answers.inventory = { kind: 'no answer', why: 'timeout' };
    expect(await one.waited()).toMatchObject({ items: { length: 3 } });
    one.answers.inventory = { kind: 'ok', value: { inStock: [] } };
    expect(await one.run()).toEqual(ABANDONED);
  });

  it('at most 30 products, and the wait is a minute at least', async () => {
    const productItems = Array.from({ length: 40 }, (_, n) => item(`r${n}`, `P${n}`));
    const one = bench({ engine: 'waba' }, { productItems, abandonedWaitMinutes: 0 });
    one.answers.inventory = { kind: 'no answer', why: 'x' };
    expect(await one.run()).toMatchObject({ wait: { items: { length: 30 } }, due: NOW + 60_000 });
  });

  it('an author is told of a shop without products', () => {
    const told = (fields: object) =>
      bench({}, { ...fields })
        .problems()
        .filter((problem) => problem.includes('field missing'));
    expect(told({})).toEqual([]);
    expect(told({ storeId: '' })).toEqual([]);
    expect(told({ productItems: [] })).toEqual(['warning field missing: CommerceShop has no productItems']);
  });

  it('a prompt that nobody saw is not waited for (F-27)', async () => {
    const one = bench();
    one.onSend = () => ({ kind: 'failed', error: 'x' });
    expect(await one.run()).toEqual(ABANDONED);
  });
});

describe('CommerceShop: what the customer says (flows §3.3)', () => {
  it.each([
    ['2', 'b'],
    ['2.', 'b'],
    ['blue', 'a'],
    ['RED SHIRT', 'b'],
    ['hat of ana', 'c'],
  ])('"%s" is product %s: its checkout is sent', async (said, retailer_id) => {
    const one = bench();
    const wait = await one.waited();
    expect(await one.reply(wait, said)).toEqual({ kind: 'wait', wait: { ...wait, linkSent: true }, due: DUE });
    expect(one.calls.at(-1)).toEqual({
      name: 'checkoutLink',
      request: {
        ...{ provider: 'woocommerce', store_id: '6', workspace_id: '3', items: [{ retailer_id, qty: 1 }] },
        ...{ session_id: KEY, customer_phone: CUSTOMER },
      },
    });
    expect(one.texts().at(-1)).toContain('https://pay/1');
  });

  it.each(['9', 'shoes', 'x', '2 shirts'])('"%s" is none: the prompt again, and the clock goes on', async (said) => {
    const one = bench();
    const wait = await one.waited();
    const before = one.sent.length;
    one.now = NOW + 60_000;
    expect(await one.reply(wait, said)).toEqual({ kind: 'wait', wait, due: DUE });
    expect(one.texts().at(-1)).toMatch(/^Options\n1\. Blue/);
    expect(one.sent.length).toBe(before + 1);
  });

  it('SH2: after the link, and on Cloud, texts are left to others', async () => {
    const one = bench();
    const wait = await one.waited();
    const later = { ...wait, linkSent: true } as Wait;
    expect([one.match(later, '1'), one.match({ ...wait, isWaba: true } as Wait, '1'), one.match(wait, ' ')]).toEqual([
      ...[undefined, undefined, undefined],
    ]);
  });

  it('a checkout that fails is told, and can be tried again', async () => {
    const one = bench();
    const wait = await one.waited();
    one.answers.checkoutLink = { kind: 'refused', status: 502, error: 'mint_failed' };
    expect(await one.reply(wait, '1')).toEqual({ kind: 'wait', wait, due: DUE });
    expect(one.texts().at(-1)).toBe('Sorry');
  });

  it('F-08: when the time is over, abandoned', async () => {
    const one = bench();
    expect(await one.due(await one.waited())).toEqual(ABANDONED);
  });
});

describe('prices', () => {
  it.each([
    [1_990, 'usd', '19.90 USD'],
    [1_990, 'JPY', '1990 JPY'],
    [1_990, 'KWD', '1.990 KWD'],
    [1_990, '', '19.90'],
    [1_990, 'R$', '19.90'],
  ])('%i %s', (minor, currency, text) => expect(priceText(minor, currency)).toBe(text));
});
