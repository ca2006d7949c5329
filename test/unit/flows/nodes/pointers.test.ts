/** CTA and Location on each engine (contract flows §2.4, §10). */
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../../src/actors/flows/nodes/index.ts';
import type { EngineName } from '../../../../src/content/engine-choice.ts';
import { Bench } from '../context.ts';

type Fields = Readonly<Record<string, unknown>>;
const NEXT = { kind: 'next', port: 1 };
const ENGINES: readonly EngineName[] = ['baileys', 'waba', 'twilio'];
const bench = (type: string, fields: Fields, engine: EngineName = 'baileys') =>
  new Bench(kindOf(type), { type, fields, engine, vars: { who: 'Ana', id: 7, lat: '-23.5' } });

describe('CTA', () => {
  const texts = { headerText: 'H {{who}}', bodyText: 'B {{who}}', footerText: 'F {{who}}' };
  const ctaActions = [
    { type: 'call_now', label: 'Call {{who}}', value: '+4930{{id}}' },
    { type: 'url', label: 'Open', value: 'https://x.test/{{id}}' },
    { type: 'copy', label: 'Code', value: 'SAVE{{id}}' },
  ];
  const asText = '*H Ana*\n\nB Ana\n\nCall Ana: +49307\nOpen: https://x.test/7\nCode: SAVE7\n\nF Ana';

  it.each(['baileys', 'twilio'] as const)('F-49 %s: labelled lines of text, then port 1', async (engine) => {
    const one = bench('CTA', { ...texts, ctaActions }, engine);
    expect(await one.run()).toEqual(NEXT);
    expect(one.texts()).toEqual([asText]);
  });

  it('Cloud API: the first address is a button, the others are lines', async () => {
    const one = bench('CTA', { ...texts, ctaActions }, 'waba');
    expect(await one.run()).toEqual(NEXT);
    expect(one.contents()).toEqual([
      {
        ...{ kind: 'buttons', title: 'H Ana', subtitle: '', footer: 'F Ana' },
        body: 'B Ana\n\nCall Ana: +49307\nCode: SAVE7',
        buttons: [{ kind: 'url', label: 'Open', url: 'https://x.test/7' }],
      },
    ]);
  });

  it.each(['not an address', 'ftp://x.test', 'https://'])('Cloud API: %s is no address: text', async (value) => {
    const one = bench('CTA', { bodyText: 'B', ctaActions: [{ type: 'url', label: 'Open', value }] }, 'waba');
    await one.run();
    expect(one.texts()).toEqual([`B\n\nOpen: ${value}`]);
  });

  it('Cloud API: a button that Meta refuses goes as text', async () => {
    const one = bench('CTA', { ...texts, ctaActions }, 'waba');
    one.onSend = ({ kind }) => (kind === 'text' ? { kind: 'sent', id: 'M' } : { kind: 'failed', error: 'no' });
    expect(await one.run()).toEqual(NEXT);
    expect(one.texts()).toEqual([asText]);
  });

  it.each([
    [{ ctaType: 'url', ctaLabel: 'Open', ctaUrl: 'https://x.test' }, 'Open: https://x.test'],
    [{ ctaType: 'phone', ctaLabel: 'Call', ctaPhone: '+49' }, 'Call: +49'],
    [{ ctaType: 'copy', ctaLabel: 'Code', ctaCode: 'X', ctaUrl: 'https://not.test' }, 'Code: X'],
    [{ ctaType: 'constructor', ctaLabel: 'Open', ctaUrl: 'https://x.test' }, 'Open: https://x.test'],
  ])('the one action of older flows: %j', async (fields, line) => {
    const one = bench('CTA', { bodyText: 'B', ctaActions: [], ...fields });
    await one.run();
    expect(one.texts()).toEqual([`B\n\n${line}`]);
  });

  it('at most three actions; what has no value is left out; nothing at all is passed', async () => {
    const many = ['', 'a', 'b', 'c'].map((value) => ({ type: 'copy', label: 'L', value }));
    const one = bench('CTA', { bodyText: 'B', ctaActions: many });
    await one.run();
    expect(one.texts()).toEqual(['B\n\nL: a\nL: b']);
    const none = bench('CTA', {});
    expect(await none.run()).toEqual(NEXT);
    expect(none.sent).toEqual([]);
    expect(none.problems()).toEqual(['warning field missing: CTA has no ctaActions']);
  });
});

describe('Location', () => {
  const fields = { latitude: '{{lat}}', longitude: -46.6, title: 'At {{who}}', address: 'Street {{id}}' };

  it.each(ENGINES)('F-49 %s: a pin, then port 1', async (engine) => {
    const one = bench('Location', fields, engine);
    expect(await one.run()).toEqual(NEXT);
    expect(one.contents()).toEqual([
      { kind: 'location', latitude: -23.5, longitude: -46.6, name: 'At Ana', address: 'Street 7' },
    ]);
  });

  it('a pin that fails goes as text with a link to a map', async () => {
    const one = bench('Location', fields);
    one.onSend = ({ kind }) => (kind === 'text' ? { kind: 'sent', id: 'M' } : { kind: 'failed', error: 'no' });
    expect(await one.run()).toEqual(NEXT);
    expect(one.texts()).toEqual(['At Ana\nStreet 7\nhttps://www.google.com/maps?q=-23.5%2C-46.6']);
  });

  it('what is no point on earth goes as text; without any word it is passed', async () => {
    const one = bench('Location', { ...fields, latitude: 99 });
    await one.run();
    expect(one.texts()).toEqual(['At Ana\nStreet 7\nhttps://www.google.com/maps?q=Street%207']);
    const none = bench('Location', {});
    expect(await none.run()).toEqual(NEXT);
    expect([none.sent.length, none.problems().length]).toEqual([0, 2]);
  });
});
