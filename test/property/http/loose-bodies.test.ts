/**
 * P12 for bodies that might be meant well: generated from the OpenAPI document's fields and the app's loose types. Every
 * send route answers each of them with a success or a 4xx; nothing throws, nothing reaches the number twice.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { harness, PHONE } from '../../unit/http/harness.ts';

type Schema = { properties?: Record<string, unknown>; $ref?: string };
type Document = {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>;
  components: { schemas: Record<string, Schema> };
};
type Route = { readonly path: string; readonly fields: readonly string[] };

let routes: Route[] = [];

beforeAll(async () => {
  const { paths, components } = (await harness().call('/openapi.json')).body as Document;
  routes = Object.entries(paths).flatMap(([path, { post }]) => {
    const schema = post?.requestBody?.content['application/json']?.schema;
    const { properties } = (schema?.$ref ? components.schemas[schema.$ref.split('/').at(-1) ?? ''] : schema) ?? {};
    const isSend = properties !== undefined && /^\/api\/(send|pin|star|edit|delete)-(?!bulk)/.test(path);
    return isSend ? [{ path, fields: Object.keys(properties) }] : [];
  });
  expect(routes.map(({ path }) => path)).toHaveLength(12);
});

const plausible = fc.constantFrom<unknown>(
  ...[
    '4915112345678',
    '99@lid',
    '120363041234567890@g.us',
    'hello',
    '',
    ' ',
    '0',
    'true',
    'false',
    'carousel',
    'baileys',
  ],
  ...[null, true, false, 0, 1, 52.52, '13.4049540', 86_400, [], {}, '[]', '{}', 'null'],
  ...['https://x.example/a.png', '/etc/passwd', 'data:image/png;base64,QUJD', 'image/png', 'audio/ogg; codecs=opus'],
);
const list = fc.array(
  fc.dictionary(
    fc.constantFrom('type', 'text', 'value', 'url', 'id', 'title', 'body', 'buttons', 'image', 'name', 'price'),
    fc.oneof(plausible, fc.jsonValue({ maxDepth: 2 })),
  ),
  { maxLength: 5 },
);
const place = fc.dictionary(fc.constantFrom('latitude', 'lat', 'longitude', 'lng', 'name'), plausible);
const value = fc.oneof(
  { weight: 4, arbitrary: plausible },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 2, arbitrary: list },
  { weight: 1, arbitrary: list.map((entries) => JSON.stringify(entries)) },
  { weight: 1, arbitrary: place },
);

/** Enough for every route; a generated body takes some of it away or writes over it. */
const COMPLETE = {
  ...{ targetPhoneNumber: '4915112345678', group_jid: '120363041234567890', message: 'hi', text: 'hi', phone: '49151' },
  ...{ file: 'https://x.example/a.png', latitude: 52.52, longitude: '13.4', products: [{ id: 1 }] },
  ...{ targetMessageId: '3EB0AABBCCDDEEFF0011', newText: 'better' },
};

/** Some fields of one route, and some that nobody knows. */
const bodies = (fields: readonly string[]) =>
  fc.dictionary(fc.constantFrom(...fields, 'surprise', '__proto__'), value, { maxKeys: 4 });

describe('P12 loose bodies', () => {
  it('are sent once or refused with a reason, never a fault of ours', async () => {
    const attack = fc
      .constantFrom(...routes)
      .chain(({ path, fields }) => fc.tuple(fc.constant(path), bodies(fields), fc.boolean()));
    let sent = 0;
    const { call, numbers, logged } = harness();
    await fc.assert(
      fc.asyncProperty(attack, async ([path, fields, isWrapped]) => {
        const body = { ...COMPLETE, ...fields };
        const reply = await call(path.replace('{phone}', PHONE), { body: isWrapped ? { json: body } : body });
        expect(logged.splice(0).filter((line) => line.includes('a route failed'))).toEqual([]);
        expect([200, 400, 404, 422], reply.text).toContain(reply.status);
        if (reply.status !== 200) expect(reply.body).toMatchObject({ error: expect.stringMatching(/./) });
        expect(numbers.calls.splice(0)).toHaveLength(reply.status === 200 ? 1 : 0);
        if (reply.status === 200) sent += 1;
      }),
      { numRuns: 1_000 },
    );
    // Otherwise the bodies only test the refusals.
    expect(sent).toBeGreaterThan(100);
  });
});
