/** Contract messages §2: one row per alias and rule. */
import { describe, expect, it } from 'vitest';
import { buttonsOf } from '../../../src/content/buttons.ts';

const only = (button: object) => buttonsOf([button])[0];

describe('contract messages §2 buttons', () => {
  it.each(['visit_website', 'url', 'website', 'link', 'cta_url', 'URL', ' Link '])('%s is a URL button', (type) => {
    const button = { kind: 'url', label: 'Shop', url: 'https://shop.example' };
    expect(only({ type, text: 'Shop', url: 'https://shop.example' })).toEqual(button);
    expect(only({ type, text: 'Shop', value: 'https://shop.example' })).toEqual(button);
  });

  it.each(['call_phone', 'call', 'phone', 'phone_number', 'cta_call', 'CALL'])('%s is a call button', (type) => {
    for (const field of ['value', 'phone_number', 'phone', 'url'])
      expect(only({ type, text: 'Call', [field]: '+4930123' })).toEqual({
        kind: 'call',
        label: 'Call',
        phone: '+4930123',
      });
  });

  it.each(['copy_code', 'copy', 'copy_text', 'coupon', 'cta_copy', 'Coupon'])('%s is a copy button', (type) => {
    for (const field of ['value', 'copy_code', 'code'])
      expect(only({ type, text: 'Copy', [field]: 'SAVE10' })).toEqual({ kind: 'copy', label: 'Copy', code: 'SAVE10' });
  });

  it.each(['quick_reply', 'reply', 'quick reply', 'QUICK_REPLY', '', 'whatever', undefined, null, 7, {}])(
    'type %j is a reply button',
    (type) => {
      expect(only({ type, text: 'Yes', value: 'yes' })).toEqual({ kind: 'reply', label: 'Yes', id: 'yes' });
    },
  );

  it.each([
    [{ value: 'v', id: 'i' }, 'v'],
    [{ url: 'u', id: 'i' }, 'u'],
    [{ phone: 'p' }, 'p'],
    [{ code: 'c' }, 'c'],
    [{ id: 42 }, '42'],
    [{ value: '', id: null }, 'btn_0'],
  ])('the id of a reply: %j → %s', (fields, id) => {
    expect(only({ type: 'reply', text: 'x', ...fields })).toMatchObject({ id });
  });

  it('btn_<index> counts the places of the request', () => {
    const ids = buttonsOf([{ text: 'a' }, { type: 'url' }, { text: 'c' }]).map((button) => 'id' in button && button.id);
    expect(ids).toEqual(['btn_0', 'btn_2']);
  });

  it.each([
    [{ text: 'T', display_text: 'D', title: 'X' }, 'T'],
    [{ display_text: 'D', title: 'X' }, 'D'],
    [{ text: ' ', title: 'X' }, 'X'],
    [{ text: 5 }, '5'],
    [{}, 'Button'],
    [{ text: null }, 'Button'],
    [{ text: { a: 1 } }, 'Button'],
  ])('C-28 the label of %j is %s, and none never throws', (fields, label) => {
    expect(only(fields)).toMatchObject({ label });
  });

  it.each([
    ['shop.example', 'https://shop.example'],
    ['shop.example:8080/a', 'https://shop.example:8080/a'],
    ['http://shop.example', 'http://shop.example'],
    ['HTTPS://shop.example', 'HTTPS://shop.example'],
    ['mailto:a@b.example', 'mailto:a@b.example'],
    ['https://app.example/c/7?url=aHR0cHM6Ly94', 'https://app.example/c/7?url=aHR0cHM6Ly94'],
  ])('https:// is added when there is no scheme: %s → %s', (url, opened) => {
    expect(only({ type: 'url', url })).toMatchObject({ url: opened });
  });

  it.each([{ type: 'url' }, { type: 'url', url: ' ' }, { type: 'call', value: '' }, { type: 'copy', code: null }])(
    'what has nothing to open, call or copy is left out: %j',
    (button) => {
      expect(buttonsOf([button])).toEqual([]);
    },
  );

  it('three are used, the rest is left out; entries that are no maps are none', () => {
    const labels = (list: unknown[]) => buttonsOf(list).map(({ label }) => label);
    expect(labels(['1', '2', '3', '4'].map((text) => ({ text })))).toEqual(['1', '2', '3']);
    expect(labels([null, 'x', 7, [], { type: 'url' }, { text: '1' }, { text: '2' }, { text: '3' }])).toEqual([
      '1',
      '2',
      '3',
    ]);
  });
});
