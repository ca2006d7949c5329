/** Message and Media (contract flows §2.4), the same on every engine. */
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../../src/actors/flows/nodes/index.ts';
import { Bench } from '../context.ts';

const NEXT = { kind: 'next', port: 1 };
const message = (flowReplies: unknown, vars = {}) =>
  new Bench(kindOf('Message'), { type: 'Message', fields: { flowReplies }, vars });
const media = (fields: Readonly<Record<string, unknown>>, vars = {}) =>
  new Bench(kindOf('Media'), { type: 'Media', fields, vars });

describe('Message', () => {
  it('F-49 sends each reply with its placeholders filled, a second after each, then port 1', async () => {
    const one = message(
      [
        { flowReplyType: 'Text', data: 'Hi {{ name }}' },
        { flowReplyType: 'Text', data: 'Bye' },
      ],
      {
        name: 'Ana',
      },
    );
    expect(await one.run()).toEqual(NEXT);
    expect([one.texts(), one.pauses]).toEqual([
      ['Hi Ana', 'Bye'],
      [1_000, 1_000],
    ]);
  });

  it.each([[[]], [undefined], ['x'], [[null, 7]], [[{ flowReplyType: 'Text', data: ' {{none}} ' }]]])(
    'nothing to say (%j): port 1 without a message',
    async (replies) => {
      const one = message(replies);
      expect(await one.run()).toEqual(NEXT);
      expect(one.sent).toEqual([]);
    },
  );

  it('F-53 a sequence: media by their address with caption and file name; audio’s caption follows it', async () => {
    const url = 'https://app.test/f/{{file}}';
    const rest = { data: url, caption: 'For {{name}}' };
    const one = message(
      [
        { flowReplyType: 'Image', ...rest, data: 'https://app.test/a.png' },
        { flowReplyType: 'Video', ...rest },
        { flowReplyType: 'Audio', ...rest },
        { flowReplyType: 'Document', ...rest, filename: '{{name}}.pdf', mimetype: 'application/pdf' },
      ],
      { name: 'Ana', file: 'x' },
    );
    await one.run();
    const from = { kind: 'url', url: 'https://app.test/f/x' };
    expect(one.contents()).toEqual([
      {
        kind: 'media',
        media: { type: 'image', from: { kind: 'url', url: 'https://app.test/a.png' }, mime: 'image/png' },
        caption: 'For Ana',
      },
      { kind: 'media', media: { type: 'video', from, mime: 'application/octet-stream' }, caption: 'For Ana' },
      { kind: 'media', media: { type: 'audio', from, mime: 'audio/mpeg' }, caption: '' },
      { kind: 'text', text: 'For Ana' },
      {
        kind: 'media',
        media: { type: 'document', from, mime: 'application/pdf', fileName: 'Ana.pdf' },
        caption: 'For Ana',
      },
    ]);
    expect(one.pauses).toHaveLength(4);
  });

  it('a reply that could not be sent is told, and the others follow', async () => {
    const one = message([{ data: 'A' }, { data: 'B' }]);
    one.onSend = () => ({ kind: 'failed', error: 'no' });
    expect(await one.run()).toEqual(NEXT);
    expect([one.texts(), one.warnings.length]).toEqual([['A', 'B'], 2]);
  });
});

describe('Media', () => {
  it.each([
    ['/storage/a.pdf', 'https://app.test/storage/a.pdf'],
    ['storage/a.pdf', 'https://app.test/storage/a.pdf'],
    ['http://10.0.0.1/a.pdf', 'http://10.0.0.1/a.pdf'],
  ])(
    'F-32 %s goes as an address for the guard of media sources, relative ones below the app',
    async (mediaUrl, url) => {
      const one = media({ mediaKind: 'document', mediaUrl, mediaCaption: 'c' });
      expect(await one.run()).toEqual(NEXT);
      expect(one.contents()).toEqual([
        {
          kind: 'media',
          media: { type: 'document', from: { kind: 'url', url }, mime: 'application/pdf', fileName: 'a.pdf' },
          caption: 'c',
        },
      ]);
    },
  );

  it.each([
    ['image', 'https://x.test/a.jpg', 'image', 'image/jpeg'],
    ['image', 'https://x.test/show.php', 'image', 'application/octet-stream'],
    ['video', 'https://x.test/a.mp4', 'video', 'video/mp4'],
    ['audio', 'https://x.test/a.ogg', 'audio', 'audio/ogg'],
    ['audio', 'https://x.test/a', 'audio', 'audio/mpeg'],
    ['document', 'https://x.test/a.png', 'document', 'application/octet-stream'],
  ])('the author’s word “%s” stands for %s', async (mediaKind, mediaUrl, type, mime) => {
    const one = media({ mediaKind, mediaUrl });
    await one.run();
    expect(one.contents()).toMatchObject([{ kind: 'media', media: { type, mime } }]);
  });

  it.each(['', '{{none}}', undefined])('an empty address (%j): port 1 without a message', async (mediaUrl) => {
    const one = media({ mediaKind: 'image', mediaUrl, mediaCaption: 'c' });
    expect(await one.run()).toEqual(NEXT);
    expect(one.sent).toEqual([]);
  });
});
