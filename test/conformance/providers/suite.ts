/**
 * What every engine that is called per send must do (src/actors/engines/provider.ts, PV1-PV5). An adapter brings a bench
 * that plays the provider.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProviderCommand, ProviderCredentials, ProviderEngine } from '../../../src/actors/engines/provider.ts';
import type { Content } from '../../../src/content/content.ts';
import { newMessageId } from '../../../src/ids.ts';

export interface ProviderBench<C extends ProviderCredentials> {
  readonly engine: ProviderEngine<C>;
  readonly credentials: C;
  /** An engine whose provider nobody listens for. */
  readonly unreachable: ProviderEngine<C>;
  /** What the provider does with the next messages. */
  next(fault: 'refuse' | 'slow' | 'cut' | 'deny' | 'none'): void;
  /** Messages that the provider took. */
  taken(): number;
  /** Requests of any kind that reached it. */
  requests(): number;
  stop(): Promise<void>;
}

/** One of each kind; media and what is above a text with it is played by the tests of each adapter. */
const SAMPLES: readonly Content[] = [
  { kind: 'text', text: 'hello' },
  {
    kind: 'buttons',
    body: 'b',
    title: 't',
    subtitle: '',
    footer: '',
    buttons: [{ kind: 'reply', label: 'Yes', id: 'y' }],
  },
  {
    kind: 'list',
    body: 'b',
    title: 't',
    footer: 'f',
    button: 'Open',
    sections: [{ title: 's', rows: [{ id: 'r', title: 'Row', description: 'd' }] }],
  },
  { kind: 'carousel', body: '', title: '', footer: '', cards: [{ title: 'c', body: 'x', footer: '', buttons: [] }] },
  { kind: 'location', latitude: 1.5, longitude: -2.5, name: 'n', address: 'a' },
  { kind: 'location request', body: 'Where?' },
  { kind: 'poll', question: 'Where to?', options: ['Sea', 'Hills'], multiple: false },
  { kind: 'contact', displayName: 'Ann', vcard: 'BEGIN:VCARD\nFN:Ann\nTEL;waid=491701234567:+491701234567\nEND:VCARD' },
  { kind: 'reaction', target: { id: 'wamid.1', fromMe: false }, emoji: '👍' },
  { kind: 'pin', target: { id: 'wamid.1', fromMe: true }, pin: true, seconds: 86_400 },
  { kind: 'edit', target: { id: 'wamid.1', fromMe: true }, text: 'x' },
  { kind: 'delete', target: { id: 'wamid.1', fromMe: true } },
  { kind: 'template', template: { name: 'hello', language: { code: 'en' } } },
  { kind: 'content template', contentSid: `HX${'0'.repeat(32)}`, variables: { 1: 'Ann' } },
  { kind: 'form', title: 't', body: 'b', footer: '', button: 'Open', formId: '123', token: 'x' },
  { kind: 'product', catalogueId: '1', productId: 'p', body: 'b', footer: '' },
  { kind: 'product list', catalogueId: '1', title: 't', body: 'b', footer: '', section: 's', productIds: ['p'] },
  { kind: 'catalogue', body: 'b', footer: '' },
];

export function providerSuite<C extends ProviderCredentials>(
  name: string,
  open: () => Promise<ProviderBench<C>>,
): void {
  describe(`provider conformance: ${name}`, () => {
    let bench: ProviderBench<C>;
    beforeEach(async () => {
      bench = await open();
    });
    afterEach(() => bench.stop());

    const send = (more: Partial<ProviderCommand<C>> = {}, engine = bench.engine) =>
      engine.send({
        from: '5511987654321',
        to: '491701234567',
        content: { kind: 'text', text: 'hello' },
        credentials: bench.credentials,
        id: newMessageId(),
        deadline: Date.now() + 5_000,
        ...more,
      });

    it('PV1, PV2 one command is one message, and its id is the provider’s', async () => {
      expect(await send()).toMatchObject({ kind: 'sent', id: expect.stringMatching(/.+/), to: '491701234567' });
      expect([bench.taken(), bench.requests()]).toEqual([1, 1]);
    });

    it('PV2, PV5 a refusal is `failed` with code and text, and nothing is repeated', async () => {
      bench.next('refuse');
      const result = await send();
      expect(result).toMatchObject({ kind: 'failed', code: expect.any(Number) });
      if (result.kind === 'failed') expect(result.error).toContain(String(result.code));
      expect([bench.taken(), bench.requests()]).toEqual([0, 1]);
    });

    it('PV1, PV3 no answer before the deadline is `unknown`, at the deadline', async () => {
      bench.next('slow');
      const begun = Date.now();
      expect(await send({ deadline: begun + 400 })).toMatchObject({ kind: 'unknown' });
      expect(Date.now() - begun).toBeLessThan(1_500);
      expect(bench.taken()).toBe(1);
    });

    it('PV3 a connection that breaks after the request is `unknown`', async () => {
      bench.next('cut');
      expect(await send()).toMatchObject({ kind: 'unknown' });
      expect([bench.taken(), bench.requests()]).toEqual([1, 1]);
    });

    it('PV3 a provider that cannot be reached is `failed`, transient', async () => {
      expect(await send({}, bench.unreachable)).toMatchObject({ kind: 'failed', class: 'transient' });
    });

    it('PV3 a deadline that has passed is `failed` without a request', async () => {
      expect(await send({ deadline: Date.now() - 1 })).toMatchObject({ kind: 'failed', class: 'no time' });
      expect(bench.requests()).toBe(0);
    });

    it('PV6 nothing leaves before `leaving` was asked, and nothing at all when it says no', async () => {
      const before: number[] = [];
      const leaving = async () => {
        before.push(bench.requests());
        return before.length === 1;
      };
      expect(await send({ leaving })).toMatchObject({ kind: 'sent' });
      expect(await send({ leaving })).toMatchObject({ kind: 'failed', class: 'transient' });
      expect([before, bench.requests()]).toEqual([[0, 1], 1]);
    });

    it('PV4 every kind of content does what the capabilities say', async () => {
      expect([...SAMPLES.map(({ kind }) => kind), 'media'].toSorted()).toEqual(
        Object.keys(bench.engine.capabilities).toSorted(),
      );
      for (const content of SAMPLES) {
        const before = bench.requests();
        const result = await send({ content });
        const isShown = bench.engine.capabilities[content.kind] !== 'no';
        expect([content.kind, result.kind]).toEqual([content.kind, isShown ? 'sent' : 'failed']);
        if (!isShown) expect(result).toMatchObject({ class: 'unsupported', error: expect.stringMatching(/.+/) });
        if (!isShown) expect(bench.requests()).toBe(before);
      }
    });

    it('PV5 wrong credentials are told as such, and are in no error', async () => {
      bench.next('deny');
      const result = await send();
      expect(result).toMatchObject({ kind: 'failed', class: 'credentials' });
      expect(JSON.stringify(result)).not.toContain(bench.credentials.token);
    });
  });
}
