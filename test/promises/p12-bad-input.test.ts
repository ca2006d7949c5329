/**
 * P12: bad input gets a clear error and changes nothing. Attacks are generated from the OpenAPI document: every route with
 * a `{phone}`, every body field with a declared type. Nothing generated here may give a 2xx or 5xx, or reach a number.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseDigits } from '../../src/phone.ts';
import { harness, PHONE } from '../unit/http/harness.ts';

type Schema = { type?: string; properties?: Record<string, Schema>; $ref?: string };
type Operation = { requestBody?: { content: Record<string, { schema: Schema }> } };
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};
type Route = { method: string; path: string; fields: Record<string, Schema> | undefined };

const RUNS = 300;
let routes: Route[] = [];

beforeAll(async () => {
  const { paths, components } = (await harness().call('/openapi.json')).body as Document;
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) => {
      const schema = requestBody?.content['application/json']?.schema;
      const resolved = schema?.$ref ? components.schemas[schema.$ref.split('/').at(-1) ?? ''] : schema;
      return { method: method.toUpperCase(), path, fields: resolved?.properties };
    }),
  );
  expect(routes.length).toBeGreaterThanOrEqual(10);
});

/** What every attack must lead to. */
function expectHarmless(
  reply: { status: number; body: unknown; text: string },
  numbers: { readonly calls: unknown[] },
): void {
  expect(reply.status, reply.text).toBeGreaterThanOrEqual(400);
  expect(reply.status, reply.text).toBeLessThan(500);
  expect(reply.body).toMatchObject({ error: expect.stringMatching(/./) });
  // Taken away, so that the next attack on the same bridge is judged by itself.
  expect(numbers.calls.splice(0)).toEqual([]);
  expect(Object.keys(Object.prototype)).toEqual([]);
}

const traversal = fc
  .array(
    fc.constantFrom(
      '..',
      '%2e%2e',
      '%2f',
      '%5c',
      '%00',
      '%0a',
      'auth',
      '5511987654321',
      '+',
      '~',
      ';',
      '%u002e',
      '%c0%ae',
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((parts) => parts.join(''));
const named = fc.constantFrom(
  ...Object.getOwnPropertyNames(Object.prototype),
  'prototype',
  'null',
  'undefined',
  'Infinity',
);
const digits = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
const almost = fc.oneof(
  fc
    .tuple(digits(6, 20), fc.string({ minLength: 1, maxLength: 3 }))
    .map(([number, tail]) => number + encodeURIComponent(tail)),
  fc
    .tuple(fc.string({ minLength: 1, maxLength: 3 }), digits(6, 20))
    .map(([head, number]) => encodeURIComponent(head) + number),
  digits(1, 5),
  digits(21, 60),
);
const anything = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).map(encodeURIComponent);

/** One path segment that is no phone number, and that URL rules do not remove. */
const hostilePhone = fc.oneof(traversal, named, almost, anything).filter((segment) => {
  const decoded = (() => {
    try {
      return decodeURIComponent(segment);
    } catch {
      return segment;
    }
  })();
  return parseDigits(decoded) === undefined && !/^(\.|%2e){0,2}$/i.test(segment);
});

describe('P12 hostile :phone', () => {
  it('is 400 on every route with a phone, with any body', async () => {
    const withPhone = routes.filter(({ path }) => path.includes('{phone}'));
    expect(withPhone.length).toBeGreaterThanOrEqual(7);
    const { call, numbers } = harness();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...withPhone), hostilePhone, async ({ method, path }, phone) => {
        const body = method === 'GET' ? {} : { body: { targetPhoneNumber: PHONE, message: 'x' } };
        const reply = await call(path.replace('{phone}', phone), { method, ...body });
        expectHarmless(reply, numbers);
      }),
      { numRuns: RUNS },
    );
  });
});

const notAnObject = fc.oneof(
  fc.string({ minLength: 1 }).filter((text) => text.trim() !== '' && !['null', '[]', '{}'].includes(text.trim())),
  fc.json().filter((text) => !text.startsWith('{') && text !== 'null' && !/^\[\s*\]$/.test(text)),
  fc.json({ maxDepth: 3 }).map((text) => `${text.slice(0, -1)}\u0001`),
);

describe('P12 malformed bodies', () => {
  it('are 400 and reach nothing', async () => {
    const withBody = routes.filter(({ fields }) => fields !== undefined);
    expect(withBody.length).toBeGreaterThanOrEqual(2);
    const { call, numbers } = harness();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...withBody), notAnObject, async ({ method, path }, body) => {
        fc.pre(!isPlainObject(body));
        expectHarmless(await call(path.replace('{phone}', PHONE), { method, body }), numbers);
      }),
      { numRuns: RUNS },
    );
  });

  it('nested 100,000 deep are refused without a crash', async () => {
    const { call, numbers } = harness();
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    expectHarmless(await call(`/api/send-message/${PHONE}`, { body: deep }), numbers);
    expectHarmless(await call(`/api/send-message/${PHONE}`, { body: '['.repeat(100_000) }), numbers);
  });
});

/** Values that no loose reading turns into the declared type. */
const wrong: Record<string, fc.Arbitrary<unknown>> = {
  string: fc.oneof(fc.boolean(), fc.array(fc.anything(), { maxLength: 3 }), fc.dictionary(fc.string(), fc.string())),
  array: fc.oneof(fc.boolean(), fc.string(), fc.integer(), fc.dictionary(fc.string(), fc.string()), fc.constant(null)),
};

describe('P12 wrong types', () => {
  it('a field of another type than the document declares is 400 and reaches nothing', async () => {
    const typed = routes.flatMap(({ method, path, fields }) =>
      Object.entries(fields ?? {})
        .filter(([, { type }]) => type !== undefined && type in wrong)
        .map(([field, { type }]) => ({ method, path, field, values: wrong[type as string] as fc.Arbitrary<unknown> })),
    );
    expect(typed.length).toBeGreaterThanOrEqual(6);
    const attack = fc
      .constantFrom(...typed)
      .chain(({ method, path, field, values }) =>
        fc.record({ method: fc.constant(method), path: fc.constant(path), field: fc.constant(field), value: values }),
      );
    const { call, numbers } = harness();
    await fc.assert(
      fc.asyncProperty(attack, fc.boolean(), async ({ method, path, field, value }, wrapped) => {
        const json = toJson({ targetPhoneNumber: PHONE, message: 'x', [field]: value });
        fc.pre(json !== undefined);
        const body = wrapped && path.includes('send-') ? `{"json":${json}}` : json;
        expectHarmless(await call(path.replace('{phone}', PHONE), { method, body }), numbers);
      }),
      { numRuns: RUNS },
    );
  });

  it('a body that names no recipient is never sent, whatever else it says', async () => {
    const object = fc.dictionary(fc.string(), fc.anything({ maxDepth: 2 }), { maxKeys: 6 });
    const { call, numbers } = harness();
    await fc.assert(
      fc.asyncProperty(object, fc.anything({ maxDepth: 2 }), async (rest, message) => {
        const json = toJson({ ...rest, message, targetPhoneNumber: null, targetJid: null, json: null });
        fc.pre(json !== undefined);
        expectHarmless(await call(`/api/send-message/${PHONE}`, { body: json }), numbers);
      }),
      { numRuns: RUNS },
    );
  });

  it('a workspace_id that is no id is refused on every route with a number', async () => {
    const bad = fc.oneof(
      fc.string({ minLength: 1 }).filter((text) => !/^[\w-]{0,64}$/.test(text)),
      fc.string({ unit: fc.constantFrom(...'abc'), minLength: 65, maxLength: 80 }),
    );
    const withPhone = routes.filter(({ path }) => path.includes('{phone}'));
    const { call, numbers } = harness();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...withPhone), bad, async ({ method, path }, id) => {
        fc.pre(isWellFormed(id));
        const target = `${path.replace('{phone}', PHONE)}?workspace_id=${encodeURIComponent(id)}`;
        const body = method === 'GET' ? {} : { body: { targetPhoneNumber: PHONE, message: 'x' } };
        expectHarmless(await call(target, { method, ...body }), numbers);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('P12 without the right token nothing is even looked at', () => {
  it('any path under /api, any method, any body → 401', async () => {
    const segment = fc.oneof(traversal, named, fc.constant(PHONE)).filter((text) => !/^(\.|%2e){1,2}$/i.test(text));
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH');
    // A new bridge before the old one slows this address down for its guesses.
    let [guessed, bridge] = [0, harness()];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...routes),
        segment,
        method,
        fc.string(),
        async ({ path }, phone, verb, body) => {
          fc.pre(path.startsWith('/api/'));
          guessed += 1;
          if (guessed % 15 === 0) bridge = harness();
          const { call, numbers } = bridge;
          const sent = verb === 'GET' ? {} : { body };
          const reply = await call(path.replace('{phone}', phone), { method: verb, token: 'guess', ...sent });
          expect([reply.status, reply.body]).toEqual([401, { ok: false, error: 'unauthorized' }]);
          expect(numbers.calls).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
  });
});

function isPlainObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return value === null || (typeof value === 'object' && (!Array.isArray(value) || value.length === 0));
  } catch {
    return false;
  }
}

/** Undefined for values that JSON cannot say (bigint, cycles). */
function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

const isWellFormed = (text: string): boolean => {
  try {
    encodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};
