import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { webhook } from '../../../../src/actors/flows/nodes/webhook.ts';
import { Bench, CUSTOMER, DEVICE } from '../context.ts';
import { anyCharacter } from '../../../helpers/any-text.ts';

type Setup = ConstructorParameters<typeof Bench>[1];

function bench(fields: Record<string, unknown>, setup: Partial<Setup> = {}) {
  const one = new Bench(webhook, {
    type: 'Webhook',
    fields: { url: 'https://x.test/', method: 'POST', ...fields },
    ...setup,
  });
  one.onFetch = async () => ({ kind: 'ok', value: { status: 200, text: '{}' } });
  return one;
}
const answering = (one: Bench, text: string, status = 200) => {
  one.onFetch = async () => ({ kind: 'ok', value: { status, text } });
  return one;
};
async function sent(fields: Record<string, unknown>, vars: Record<string, unknown> = {}, setup: Partial<Setup> = {}) {
  const one = bench(fields, { vars, ...setup });
  expect(await one.run()).toEqual({ kind: 'next', port: 1 });
  const [request] = one.fetched;
  return {
    ...request,
    json: () => JSON.parse(request?.body ?? '') as Record<string, unknown>,
    headers: Object.fromEntries(request?.headers ?? []),
  };
}

describe('Webhook: what is asked (flows §3.1)', () => {
  it('fills address, headers and body; values of a query are percent-encoded', async () => {
    const request = await sent(
      {
        url: '{{base}}/orders/{{id}}?q={{word}}&lang=pt',
        headers: [
          { key: 'X-Key', value: '{{secret}}' },
          { key: '', value: 'x' },
          { key: 'X-Line', value: 'a\r\nB: c' },
        ],
      },
      { base: 'https://shop.test', id: 7, word: 'a&b=c d', secret: 's3' },
    );
    expect(request.url).toBe('https://shop.test/orders/7?q=a%26b%3Dc%20d&lang=pt');
    expect(request.headers).toEqual({ 'x-key': 's3', 'x-line': 'a B: c', 'content-type': 'application/json' });
  });

  it.each<readonly [string, Record<string, unknown>, string]>([
    [
      '{{base}}/hook?a={{x}}',
      { base: 'https://x.test:8/a?k=1', x: '1&b=2' },
      'https://x.test:8/a?k=1/hook?a=1%26b%3D2',
    ],
    ['https://{{host}}/v1/{{path}}', { host: 'x.test:81', path: 'a/b c' }, 'https://x.test:81/v1/a/b%20c'],
    ['https://x.test/{{x}}/y', { x: 'a?admin=1#' }, 'https://x.test/a%3Fadmin%3D1%23/y'],
    ['https://{{x}}.x.test/y', { x: 'me@evil.test/?' }, 'https://me%40evil.test/%3F.x.test/y'],
    ['https://x.test/{{x}}', { x: '\uD83D' }, 'https://x.test/%EF%BF%BD'],
  ])('WH1: in %s %j adds no parameter', async (url, vars, expected) => {
    expect((await sent({ url }, vars)).url).toBe(expected);
  });

  it('a header says what it is given, in UTF-8, on one line', async () => {
    const headers = [{ key: 'X-Who', value: '{{name}}' }];
    const request = await sent({ headers }, { name: 'Åsa\u0000\r\n日本' });
    expect(Buffer.from(request.headers['x-who'] ?? '', 'latin1').toString('utf8')).toBe('Åsa 日本');
    expect(request.headers['x-who']).toMatch(/^[\x20-\xff]*$/);
  });

  it('a body of quotes that end nothing is filled in milliseconds', async () => {
    const began = performance.now();
    const body = '\\"'.repeat(100_000);
    expect((await sent({ body: `${body}{{name}}` }, { name: 'Ana' })).body).toBe(`${body}Ana`);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it.each(['GET', 'HEAD', 'get'])('%s sends no body and may be asked again after a crash', async (method) => {
    const one = bench({ method, body: '{"a":1}' });
    await one.run();
    expect(one.fetched[0]).not.toHaveProperty('body');
    expect(one.effects).toEqual(['again']);
  });

  it('everything else is never asked twice', async () => {
    const one = bench({ method: 'DELETE' });
    await one.run();
    expect(one.effects).toEqual(['once']);
  });

  it('the values of a form are percent-encoded', async () => {
    const request = await sent(
      { contentType: 'application/x-www-form-urlencoded', body: 'a={{x}}&b=1' },
      { x: '1&admin=true' },
    );
    expect([request.body, request.headers['content-type']]).toEqual([
      'a=1%26admin%3Dtrue&b=1',
      'application/x-www-form-urlencoded',
    ]);
  });

  it('other text is sent as it is, and the author may state its type', async () => {
    const headers = [{ key: 'Content-Type', value: 'text/xml' }];
    const request = await sent({ headers, body: '<a>{{x}}</a>' }, { x: '"' });
    expect([request.body, request.headers['content-type']]).toEqual(['<a>"</a>', 'text/xml']);
  });

  it.each<readonly [string, unknown, unknown]>([
    ['text in its strings', '{"a":"Hi {{name}}"}', { a: 'Hi Ana' }],
    [
      'numbers and objects without quotes',
      '{"a":{{n}},"b":{{o}},"c":{{gone}},"d":"{{n}}"}',
      { a: 5, b: { k: [1] }, c: '', d: '5' },
    ],
    ['text without quotes', '{"a":{{name}}}', { a: 'Ana' }],
    ['a body that is an object already', { a: '{{name}}', b: [1, '{{n}}'] }, { a: 'Ana', b: [1, '5'] }],
    ['keys as they are written', '{"{{name}}":1}', { '{{name}}': 1 }],
    ['an empty body as an empty object', '', {}],
  ])('a JSON body is filled: %s', async (_, body, expected) => {
    const json = (await sent({ body }, { name: 'Ana', n: 5, o: { k: [1] } })).json();
    delete json['_wadesk'];
    expect(json).toEqual(expected);
  });

  it('a JSON list has no _wadesk', async () => {
    expect((await sent({ body: '["{{name}}"]' }, { name: 'Ana' })).json()).toEqual(['Ana']);
  });

  it.each([
    ['{"a":"{{x}}"}', 'x","admin":"true'],
    ['{"a":{{x}}}', '1,"admin":true'],
    ['{"a":"{{x}}","b":{{x}}}', '\\","admin":"\\'],
    ['{"a":"{{x}}"}', '\uE000\uE0011\uE002"}'],
    ['{"{{x}}":"v","a":"1"}', 'a'],
    ['{"a":"{{x}}"}', '{{secret}}'],
  ])('F-34: in %s a customer cannot add keys by writing %s', async (body, x) => {
    const { _wadesk, ...own } = (await sent({ body }, { x, secret: 'top' })).json();
    expect(Object.keys(own).toSorted()).toEqual(
      Object.keys(JSON.parse(body.replaceAll(':{{x}}', ':""')) as object).toSorted(),
    );
    expect(JSON.stringify(own)).not.toContain('top');
  });

  it('F-34: whatever a customer writes stays one value', async () => {
    const text = fc.string({ unit: anyCharacter, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(text, async (x) => {
        const { _wadesk, ...own } = (await sent({ body: '{"a":"<{{x}}>","b":{{x}},"c":["{{x}}"]}' }, { x })).json();
        expect(own).toEqual({ a: `<${x}>`, b: x, c: [x] });
      }),
      { numRuns: 100 },
    );
  });

  it('a body that is no JSON is sent raw, with values encoded', async () => {
    expect((await sent({ body: '{"a":"{{x}}", oops {{x}}' }, { x: '"b' })).body).toBe('{"a":"\\"b", oops "\\"b"');
  });

  it('F-09: _wadesk says who the customer is and which number is used', async () => {
    const vars = { name: 'Ana Souza', first_name: 'Ana', pushName: 'Aninha' };
    const session = { conversation: '99' };
    const cloud = { phoneNumberId: '10', wabaId: '20' };
    expect((await sent({ body: '{"a":1}' }, vars, { session, cloud })).json()).toEqual({
      a: 1,
      _wadesk: {
        ...{ customer_phone: CUSTOMER, wa_id: CUSTOMER, device_phone: DEVICE, name: 'Ana Souza', first_name: 'Ana' },
        ...{ push_name: 'Aninha', waba_id: '20', phone_number_id: '10', conversation_id: '99', flow_id: '7' },
      },
    });
  });

  it('F-09: unknown ids are null, and the author’s own keys win', async () => {
    const { _wadesk } = (await sent({ body: '{"_wadesk":{"name":"mine","extra":1}}' })).json();
    expect(_wadesk).toMatchObject({
      ...{
        name: 'mine',
        extra: 1,
        customer_phone: CUSTOMER,
        conversation_id: null,
        phone_number_id: null,
        waba_id: null,
      },
    });
    expect((await sent({ body: '{"_wadesk":false}' })).json()).toEqual({ _wadesk: false });
  });
});

describe('Webhook: what comes back (flows §3.1)', () => {
  it('JSON lies under the variable, and flattened under its paths', async () => {
    const one = answering(
      bench({ variable: 'r' }),
      '{"user":{"name":"Ana"},"items":[{"id":1},{"id":2}],"ok":true,"none":null}',
      201,
    );
    await one.run();
    expect(Object.fromEntries(one.vars.pairs())).toEqual({
      r: { user: { name: 'Ana' }, items: [{ id: 1 }, { id: 2 }], ok: true, none: null },
      ...{
        'r.user.name': 'Ana',
        'r.items.length': 2,
        'r.items.0.id': 1,
        'r.items.1.id': 2,
        'r.ok': true,
        'r.none': null,
      },
      'r.__status': 201,
    });
    expect(one.vars.fill('{{r.items.1.id}} {{R.User.Name}} {{r.__status}}')).toBe('2 Ana 201');
  });

  it('at most 200 leaves and six levels, and text as it is', async () => {
    const wide = answering(bench({}), JSON.stringify(Array.from({ length: 300 }, (_, n) => n)));
    await wide.run();
    expect(wide.vars.pairs().length).toBe(202);
    const deep = answering(bench({}), '{"a":{"b":{"c":{"d":{"e":{"f":{"g":1}}}}}}}');
    await deep.run();
    expect(deep.vars.get('response.a.b.c.d.e.f')).toEqual({ g: 1 });
    const text = answering(bench({}), 'thanks');
    await text.run();
    expect(text.vars.pairs()).toEqual([
      ['response', 'thanks'],
      ['response.__status', 200],
    ]);
  });

  it('RS1: a new result leaves nothing of the last one', async () => {
    const one = answering(
      bench({}, { vars: { response: { old: 1 }, 'response.old': 1, 'response.__status': 500 } }),
      '{"new":2}',
    );
    await one.run();
    expect(one.vars.has('response.old')).toBe(false);
  });

  it('F-48: keys such as __proto__ are ordinary', async () => {
    const one = answering(bench({}), '{"__proto__":{"admin":true},"constructor":1}');
    await one.run();
    expect(one.vars.get('response.constructor')).toBe(1);
    expect(one.vars.get('response.__proto__.admin')).toBe(true);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it.each([
    ['{"set_user_message":"next"}', 'next'],
    ['{"set_user_message":" "}', 'before'],
    ['{"set_user_message":{}}', 'before'],
    ['["set_user_message"]', 'before'],
  ])('set_user_message of %s', async (text, expected) => {
    const one = answering(bench({}, { vars: { user_message: 'before' } }), text);
    await one.run();
    expect(one.vars.get('user_message')).toBe(expected);
  });

  it.each<readonly [string, Awaited<ReturnType<Bench['onFetch']>>, number]>([
    ['a refusal of the server', { kind: 'refused', status: 404, error: 'HTTP 404' }, 404],
    ['a refusal of the guard', { kind: 'no answer', why: 'the host is not on the public internet' }, 0],
  ])('%s: an empty result, and the flow goes on', async (_, answer, status) => {
    const one = bench({ url: 'https://secret.test/?token=abc' }, { vars: { 'response.old': 1 } });
    one.onFetch = async () => answer;
    expect(await one.run()).toEqual({ kind: 'next', port: 1 });
    expect(one.vars.pairs()).toEqual([
      ['response', ''],
      ['response.__status', status],
    ]);
    expect(one.warnings.join()).toContain('webhook');
    expect(one.warnings.join()).not.toContain('abc');
  });
});
