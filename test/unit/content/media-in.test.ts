/** MI1: the places where a content has media, and putting other media there (contract settings §6, S-62). */
import { describe, expect, it } from 'vitest';
import type { Content, Media } from '../../../src/content/content.ts';
import { mediaIn, withMedia } from '../../../src/content/media-in.ts';

const at = (name: string): Media => ({ type: 'image', from: { kind: 'url', url: `https://x/${name}` }, mime: '' });
const card = { title: 't', body: '', footer: '', buttons: [] };
const texts = { body: 'b', title: '', subtitle: '', footer: '', buttons: [] };

const cases: readonly (readonly [Content, readonly string[]])[] = [
  [{ kind: 'media', media: at('a'), caption: 'c' }, ['a']],
  [{ kind: 'buttons', ...texts, header: at('b') }, ['b']],
  [{ kind: 'buttons', ...texts }, []],
  [{ kind: 'template', template: { name: 'n', language: { code: 'en' } }, header: at('c') }, ['c']],
  [
    {
      kind: 'carousel',
      body: '',
      title: '',
      footer: '',
      cards: [{ ...card, image: at('d') }, card, { ...card, image: at('e') }],
    },
    ['d', 'e'],
  ],
  [{ kind: 'text', text: 'https://x/f' }, []],
];

describe('MI1', () => {
  it.each(cases)('$kind', (content, names) => {
    expect(mediaIn(content)).toEqual(names.map((name) => at(name).from));
    const other = withMedia(content, () => ({ kind: 'path', path: '/job/1' }));
    expect(mediaIn(other)).toEqual(names.map(() => ({ kind: 'path', path: '/job/1' })));
    const back = [...names];
    expect(withMedia(other, () => at(back.shift() ?? '').from)).toEqual(content);
  });
});
