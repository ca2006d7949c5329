/** Contract messages §10 and facts/twilio.md §6: what Twilio receives for each kind, and what its errors mean. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { draftsOf } from '../../../src/actors/engines/twilio/content.ts';
import { failureOf } from '../../../src/actors/engines/twilio/errors.ts';
import type { Content, Media } from '../../../src/content/content.ts';
import { FROM, TO, twilioBench } from './bench.ts';

const media = (type: Media['type'], url: string): Media => ({ type, from: { kind: 'url', url }, mime: '' });
const PUBLIC = 'https://public.example/a';
const address = { From: `whatsapp:+${FROM}`, To: `whatsapp:+${TO}` };
const StatusCallback = 'https://app.example/api/twilio/status';
const buttons = [
  { kind: 'reply', label: 'Yes', id: 'y' },
  { kind: 'url', label: 'Site', url: 'https://x.example' },
  { kind: 'reply', label: 'No', id: 'n' },
  { kind: 'call', label: 'Call', phone: '+4930' },
  { kind: 'copy', label: 'Code', code: 'X1' },
] as const;
const SID = `HX${'a1'.repeat(16)}`;
const LINES = '1. Yes\nSite: https://x.example\n2. No\nCall: +4930\nCode: X1';

describe('messages §10: the form', () => {
  let bench: Awaited<ReturnType<typeof twilioBench>>;
  beforeEach(async () => {
    bench = await twilioBench();
  });
  afterEach(async () => void (await bench.stop()));

  it.each<[string, Content, object[]]>([
    ['text', { kind: 'text', text: 'hä & lo' }, [{ Body: 'hä & lo' }]],
    [
      'image with caption',
      { kind: 'media', media: media('image', PUBLIC), caption: 'c' },
      [{ Body: 'c', MediaUrl: PUBLIC }],
    ],
    [
      'document with caption',
      { kind: 'media', media: media('document', PUBLIC), caption: 'c' },
      [{ MediaUrl: PUBLIC }, { Body: 'c' }],
    ],
    [
      'location',
      { kind: 'location', latitude: 1.5, longitude: -2.5, name: '', address: '' },
      [{ Body: 'Location', PersistentAction: 'geo:1.5,-2.5|Location' }],
    ],
    [
      'location so near to the equator that its number has an exponent',
      { kind: 'location', latitude: 0.0000001, longitude: -100, name: 'a|b', address: '' },
      [{ Body: 'a|b', PersistentAction: 'geo:0.0000001,-100|a b' }],
    ],
    [
      'buttons',
      { kind: 'buttons', title: 'T', subtitle: '', body: 'B', footer: 'F', buttons },
      [{ Body: `*T*\n\nB\n\n${LINES}\n\nF` }],
    ],
    [
      'list',
      {
        kind: 'list',
        title: '',
        body: 'B',
        footer: '',
        button: 'Open',
        sections: [
          { title: 'S1', rows: [{ id: 'a', title: 'A', description: 'd' }] },
          { title: '', rows: [{ id: 'b', title: 'B', description: '' }] },
        ],
      },
      [{ Body: 'B\n\n*S1*\n1. A: d\n\n2. B' }],
    ],
    [
      'carousel',
      {
        kind: 'carousel',
        title: '',
        body: 'above',
        footer: '',
        cards: [
          { title: 'C1', body: '', footer: '', image: media('image', PUBLIC), buttons: buttons.slice(0, 1) },
          { title: 'C2', body: 'b', footer: 'f', buttons: [] },
        ],
      },
      [{ Body: 'above' }, { Body: '*C1*\n\n1. Yes', MediaUrl: PUBLIC }, { Body: '*C2*\n\nb\n\nf' }],
    ],
    [
      'content template',
      { kind: 'content template', contentSid: SID, variables: { 1: 'Ann', 2: 3 } },
      [{ ContentSid: SID, ContentVariables: '{"1":"Ann","2":3}' }],
    ],
    [
      'content template without variables',
      { kind: 'content template', contentSid: SID, variables: {} },
      [{ ContentSid: SID }],
    ],
  ])('%s', async (_, content, forms) => {
    const result = await bench.send(content);
    expect(result).toEqual({ kind: 'sent', id: bench.peer.requests()[0]?.sid, to: TO });
    expect(bench.peer.requests().map(({ form }) => form)).toEqual(
      forms.map((form) => ({ ...address, StatusCallback, ...form })),
    );
  });

  it('TW2 media without a public link is refused without a call', async () => {
    for (const url of ['http://public.example/a', 'https://10.0.0.1/a'])
      expect(await bench.send({ kind: 'media', media: media('image', url), caption: '' })).toMatchObject({
        kind: 'failed',
        class: 'media refused',
      });
    expect(bench.peer.requests()).toEqual([]);
  });

  it('§8 a product whose picture has no public link is sent without it', async () => {
    const image = media('image', 'http://public.example/a');
    const card = { title: 'P', body: '', footer: '', buttons: buttons.slice(0, 1), image };
    const carousel = { kind: 'carousel', title: '', body: 'above', footer: '' } as const;
    expect(await bench.send({ ...carousel, cards: [card] })).toMatchObject({ class: 'media refused' });
    expect(await bench.send({ ...carousel, cards: [{ ...card, imageOptional: true }] })).toMatchObject({
      kind: 'sent',
    });
    expect(bench.peer.requests().map(({ form }) => [form['Body'], form['MediaUrl']])).toEqual([
      ['above', undefined],
      ['*P*\n\n1. Yes', undefined],
    ]);
  });

  it.each([{ cut: true }, { error: { code: 63018, status: 429 } }])(
    'PV3 a part that fails after another was taken is `unknown`: %j',
    async (fault) => {
      const card = { title: 'c', body: '', footer: '', buttons: [] };
      bench.peer.mode({ after: 1, ...fault });
      const cards = [card, card, card];
      expect(await bench.send({ kind: 'carousel', title: '', body: '', footer: '', cards })).toMatchObject({
        kind: 'unknown',
        error: expect.stringContaining('1 of 3'),
      });
      expect(bench.peer.requests()).toHaveLength(2);
    },
  );

  it('TW3 63018: that number waits, longer each time, until a message is taken; others go on', async () => {
    const text: Content = { kind: 'text', text: 'x' };
    const taken = () => bench.peer.requests().length;
    bench.peer.mode({ error: { code: 63018, status: 429 } });
    const refused = await bench.send(text);
    expect(refused).toMatchObject({ kind: 'failed', class: 'slow number' });
    expect(refused.kind === 'failed' && refused.retryAfterMs).toBeGreaterThanOrEqual(2_000);
    bench.peer.mode({});
    expect(await bench.send(text, {}, 1_000)).toMatchObject({ kind: 'failed', class: 'no time' });
    expect(taken()).toBe(1);
    expect(await bench.send(text, { from: '5511900000000' })).toMatchObject({ kind: 'sent' });
    const begun = Date.now();
    expect(await bench.send(text)).toMatchObject({ kind: 'sent' });
    expect(Date.now() - begun).toBeGreaterThan(1_500);
  });

  it.each([
    { code: 63012, status: 400 },
    { code: 12345, status: 503 },
  ])('TW3 a fault of the moment slows the number down too: %j', async (error) => {
    const text: Content = { kind: 'text', text: 'x' };
    const own = { from: `55119000${error.code}` };
    bench.peer.mode({ error });
    const refused = await bench.send(text, own);
    expect(refused).toMatchObject({ kind: 'failed', class: 'transient' });
    expect(refused.kind === 'failed' && refused.retryAfterMs).toBeGreaterThanOrEqual(2_000);
    bench.peer.mode({});
    expect(await bench.send(text, own, 1_000)).toMatchObject({ kind: 'failed', class: 'no time' });
    expect(bench.peer.requests()).toHaveLength(1);
  });

  it('TW3 a full queue (30001) holds for its 10 minutes, the rate of the account (63017) all its numbers', async () => {
    const text: Content = { kind: 'text', text: 'x' };
    bench.peer.mode({ error: { code: 30001, status: 400 } });
    const full = await bench.send(text);
    expect(full.kind === 'failed' && full.retryAfterMs).toBeGreaterThanOrEqual(600_000);
    bench.peer.mode({ error: { code: 63017, status: 400 } });
    const other = { from: '5511900000000' };
    expect(await bench.send(text, other)).toMatchObject({ class: 'slow account' });
    bench.peer.mode({});
    expect(await bench.send(text, { from: '5511900000001' }, 1_000)).toMatchObject({ class: 'no time' });
    expect(bench.peer.requests()).toHaveLength(2);
  });

  it('TW3 a number keeps to its rate', async () => {
    const slow = await twilioBench(5);
    const begun = Date.now();
    await Promise.all(Array.from({ length: 8 }, () => slow.send({ kind: 'text', text: 'x' })));
    expect(Date.now() - begun).toBeGreaterThan(900);
    expect(slow.peer.requests()).toHaveLength(8);
    await slow.stop();
  });

  it('2xx without a sid is sent as tw_<ms>; the token never shows in an error', async () => {
    bench.peer.mode({ withoutSid: true });
    expect(await bench.send({ kind: 'text', text: 'x' })).toMatchObject({ id: expect.stringMatching(/^tw_\d+$/) });
    const refused = await bench.send({ kind: 'text', text: 'x' }, { token: 'Authenticate' });
    expect(refused).toMatchObject({ kind: 'failed', class: 'credentials', code: 20003, error: '20003: …' });
  });
});

it('TC2 limits are errors without a call', () => {
  expect(draftsOf({ kind: 'text', text: 'x'.repeat(1_601) })).toMatchObject({ kind: 'request wrong' });
  expect(draftsOf({ kind: 'text', text: 'x'.repeat(1_600) })).toMatchObject({ kind: 'drafts' });
  expect(draftsOf({ kind: 'text', text: ' ' })).toMatchObject({ kind: 'request wrong' });
});

describe('facts §6: error classes', () => {
  it.each([
    [20429, 'slow number', 2_000],
    [63018, 'slow number', 2_000],
    [63017, 'slow account', 2_000],
    [63012, 'transient', 2_000],
    [30001, 'slow number', 600_000],
    [21611, 'slow number', 600_000],
    [63038, 'day used up', undefined],
    [63049, 'not now', 86_400_000],
    [63032, 'not now', 86_400_000],
    [63016, 'needs template', undefined],
    [21610, 'opted out', undefined],
    [63024, 'never', undefined],
    [63003, 'never', undefined],
    [21211, 'never', undefined],
    [63033, 'never', undefined],
    [21617, 'request wrong', undefined],
    [21620, 'request wrong', undefined],
    [63019, 'request wrong', undefined],
    [63021, 'request wrong', undefined],
    [63030, 'request wrong', undefined],
    [21655, 'template wrong', undefined],
    [21656, 'template wrong', undefined],
    [63027, 'template wrong', undefined],
    [63028, 'template wrong', undefined],
    [63007, 'pause number', undefined],
    [63013, 'pause number', undefined],
    [63015, 'pause number', undefined],
    [63051, 'pause number', undefined],
    [20003, 'credentials', undefined],
    [12345, 'unknown code', undefined],
  ])('TE1 %i is: %s, whatever the HTTP status', (code, meaning, retryAfterMs) => {
    for (const status of [400, 429]) {
      const result = failureOf(status, { code, message: 'why', status }, 0);
      expect(result).toMatchObject({ kind: 'failed', class: meaning, code, error: `${code}: why` });
      expect('retryAfterMs' in result ? result.retryAfterMs : undefined).toBe(retryAfterMs);
    }
  });

  it.each([[null], [''], ['none'], [[]], [true]])('a code of %j is none, not an unknown one', (code) => {
    expect(failureOf(429, { code, message: 'm' }, 0)).toMatchObject({ class: 'slow number' });
    expect(failureOf(400, { code: '21610', message: 'm' }, 0)).toMatchObject({ class: 'opted out', code: 21610 });
  });

  it.each([
    [401, 'credentials'],
    [429, 'slow number'],
    [503, 'transient'],
    [400, 'request wrong'],
  ])('no code: HTTP %i is %s', (status, meaning) => {
    expect(failureOf(status, '<html>', 0)).toMatchObject({ kind: 'failed', class: meaning });
  });
});
