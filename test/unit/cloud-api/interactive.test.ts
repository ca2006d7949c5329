/** What Meta receives for buttons, lists and carousels (contract messages §9, §9.1; C-28: nothing of them is lost). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Button, Content, Media } from '../../../src/content/content.ts';
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

const url = 'https://shop.example/a.png';
const IMAGE: Media = { type: 'image', mime: 'image/png', from: { kind: 'url', url }, link: url };
const YES: Button = { kind: 'reply', label: 'Yes', id: 'y' };
const SHOP: Button = { kind: 'url', label: 'Shop', url: 'https://shop.example/a' };
const CALL: Button = { kind: 'call', label: 'Call', phone: '+4930123' };
const CODE: Button = { kind: 'copy', label: 'Code', code: 'SAVE10' };
const LINES = 'Shop: https://shop.example/a\nCall: +4930123\nCode: SAVE10';
const BUTTONS = { kind: 'buttons', body: 'B', title: 'T', subtitle: '', footer: 'F' } as const;
const yes = { buttons: [{ type: 'reply', reply: { id: 'y', title: 'Yes' } }] };
const image = { type: 'image', image: { link: url } };

describe('C-28, §9.1', () => {
  it.each<[string, Content, object]>([
    [
      'reply buttons stay buttons, the others become lines under the body, the title is a header',
      { ...BUTTONS, buttons: [YES, SHOP, CALL, CODE] },
      {
        type: 'interactive',
        interactive: {
          ...{ type: 'button', header: { type: 'text', text: 'T' }, body: { text: `B\n\n${LINES}` } },
          ...{ footer: { text: 'F' }, action: yes },
        },
      },
    ],
    [
      'one URL button is one',
      { ...BUTTONS, title: '', footer: '', buttons: [SHOP] },
      {
        type: 'interactive',
        interactive: {
          ...{ type: 'cta_url', body: { text: 'B' } },
          action: { name: 'cta_url', parameters: { display_text: 'Shop', url: 'https://shop.example/a' } },
        },
      },
    ],
    [
      'none that Meta could show: all as text',
      { ...BUTTONS, buttons: [SHOP, CALL, CODE] },
      { type: 'text', text: { body: `*T*\n\nB\n\n${LINES}\n\nF`, preview_url: false } },
    ],
    [
      'media above buttons: the title stands above the body',
      { ...BUTTONS, buttons: [YES], header: IMAGE },
      {
        type: 'interactive',
        interactive: { type: 'button', header: image, body: { text: '*T*\n\nB' }, footer: { text: 'F' }, action: yes },
      },
    ],
    [
      'media above buttons that Meta cannot show: as the caption',
      { ...BUTTONS, buttons: [CALL], header: IMAGE },
      { type: 'image', image: { link: url, caption: '*T*\n\nB\n\nCall: +4930123\n\nF' } },
    ],
  ])('%s', async (_, content, message) => {
    expect(await received(content)).toMatchObject([message]);
  });

  it('PV3 a picture that is refused is refused before the first card leaves; §8 a product is sent without its own', async () => {
    const inside = 'https://inside.example/a.png';
    const refused: Media = { type: 'image', mime: 'image/png', from: { kind: 'url', url: inside } };
    const card = { body: 'B', footer: '', buttons: [YES] };
    const cards = [
      { ...card, title: 'T1', image: IMAGE },
      { ...card, title: 'T2', image: refused },
    ];
    const carousel = { kind: 'carousel', title: '', body: 'above', footer: '' } as const;
    const before = bench.bodies().length;
    expect(await bench.send({ ...carousel, cards })).toMatchObject({ kind: 'failed', class: 'media refused' });
    expect(bench.bodies()).toHaveLength(before);
    const products = cards.map((each) => ({ ...each, imageOptional: true as const }));
    const [text, first, second] = await received({ ...carousel, cards: products });
    expect([text, first, second]).toMatchObject([
      { type: 'text' },
      { interactive: { header: image, body: { text: 'T1\nB' } } },
      { interactive: { body: { text: 'T2\nB' }, action: yes } },
    ]);
    expect(second).not.toHaveProperty('interactive.header');
  });

  it('emoji count as Meta may count them, twice: labels, titles and footers are short enough, and none is half', async () => {
    const long = '😀'.repeat(50);
    const [label, row] = ['😀'.repeat(10), '😀'.repeat(12)];
    const ids = ['a', 'b'];
    const taken = await received({
      ...{ ...BUTTONS, title: `x${long}`, footer: long },
      buttons: ids.map((id) => ({ kind: 'reply', label: long, id })),
    });
    const buttons = [label, `${'😀'.repeat(9)} 2`].map((title, n) => ({ type: 'reply', reply: { id: ids[n], title } }));
    const texts = { header: { text: `x${'😀'.repeat(29)}` }, footer: { text: '😀'.repeat(30) } };
    expect(taken).toMatchObject([{ interactive: { ...texts, action: { buttons } } }]);
    const sections = [{ title: long, rows: [{ id: 'a', title: long, description: long }] }];
    expect(await received({ ...BUTTONS, kind: 'list', button: long, sections })).toMatchObject([
      {
        interactive: {
          action: {
            button: label,
            sections: [{ title: row, rows: [{ id: 'a', title: row, description: '😀'.repeat(36) }] }],
          },
        },
      },
    ]);
  });

  it('CC2, PV3 a card that says nothing is refused before the first card leaves', async () => {
    const before = bench.bodies().length;
    const cards = ['T1', ''].map((title) => ({ title, body: '', footer: '', buttons: [] }));
    const result = await bench.send({ kind: 'carousel', title: '', body: '', footer: '', cards });
    expect(result).toMatchObject({ kind: 'failed', class: 'request wrong', error: expect.stringContaining('empty') });
    expect(bench.bodies()).toHaveLength(before);
  });

  it('a carousel is a text above, then one message for each card, with its picture, texts and reply buttons', async () => {
    const card = (n: number) => ({ title: `T${n}`, body: `B${n}`, footer: `F${n}` });
    const cards = [
      { ...card(1), image: IMAGE, buttons: [YES, SHOP] },
      { ...card(2), image: IMAGE, buttons: [] },
      { ...card(3), buttons: [] },
    ];
    expect(await received({ kind: 'carousel', title: 'All', body: 'Look', footer: 'F', cards })).toMatchObject([
      { type: 'text', text: { body: 'All\n\nLook\n\nF' } },
      {
        type: 'interactive',
        interactive: {
          ...{ type: 'button', header: image, body: { text: 'T1\nB1\n\nShop: https://shop.example/a' } },
          ...{ footer: { text: 'F1' }, action: yes },
        },
      },
      { type: 'image', image: { link: url, caption: 'T2\nB2\nF2' } },
      { type: 'text', text: { body: 'T3\nB3\nF3' } },
    ]);
  });
});
