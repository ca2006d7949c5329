/**
 * Request body → one plain object (contract README §1): JSON and urlencoded, 50 MB, PHP's looseness allowed for.
 *
 *  B1  At most 50 MB are ever held of one body, whatever its headers announce.
 *  B2  A missing body, `null`, `[]` and a body of another media type are `{}`; a JSON body that is neither an object nor
 *      one of these is malformed.
 *  B3  `__proto__` and the like stay harmless: JSON gives own properties, which nobody merges; the form parser refuses them.
 *  B4  Of a caller who has shown no token only a body with few parts is parsed: 50 MB of `[],[],…` take JSON half a minute
 *      and gigabytes, in which no number is served.
 *
 * Deliberately not here: what the fields mean (schemas/), and files in multipart bodies, which the app never sends.
 */
import { isObject } from '../content/loose.ts';
import type { Body, BodyRead, HttpContext, RawBody } from './env.ts';
import { parseUrlencoded } from './urlencoded.ts';

export const BODY_LIMIT = 50 * 1024 * 1024;

/** B4: some ten thousand recipients. */
const STRANGERS_PARTS = 200_000;
const [COMMA, BRACKET, BRACE] = [44, 91, 123];

const EMPTY: BodyRead = { kind: 'read', body: {} };
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** The body of this request. Reads it once, however often it is asked for. */
export function readBody(c: HttpContext): Promise<BodyRead> {
  const known = c.get('body');
  if (known) return known;
  const read = readRaw(c).then((raw) => {
    // The text is not kept beside what was made of it.
    c.set('raw', undefined);
    return raw.kind === 'raw' ? raw.parse(raw.text) : raw;
  });
  c.set('body', read);
  return read;
}

/** B4. One field of the body; undefined also where looking for it would be too much work. */
export async function fieldOfStranger(c: HttpContext, name: string): Promise<unknown> {
  if (!c.get('body')) {
    const raw = await readRaw(c);
    if (raw.kind !== 'raw' || !raw.text.includes(name) || hasManyParts(raw.text)) return undefined;
  }
  const read = await readBody(c);
  return read.kind === 'read' ? read.body[name] : undefined;
}

/** The fields of a send route: those of `body.json` when that is truthy, `provider` from either place. */
export function unwrap(body: Body): Body {
  const { json } = body;
  if (!json) return body;
  const fields = isObject(json) ? json : {};
  return fields['provider'] === undefined ? { ...fields, provider: body['provider'] } : fields;
}

function readRaw(c: HttpContext): Promise<RawBody | BodyRead> {
  const known = c.get('raw');
  if (known) return known;
  const raw = readOnce(c);
  c.set('raw', raw);
  return raw;
}

async function readOnce(c: HttpContext): Promise<RawBody | BodyRead> {
  const type = c.req.header('content-type') ?? '';
  const parse = JSON_TYPE.test(type) ? parseJson : FORM_TYPE.test(type) ? parseForm : undefined;
  if (Number(c.req.header('content-length') ?? 0) > BODY_LIMIT) return { kind: 'too large' };
  if (!parse || c.req.method === 'GET' || c.req.method === 'HEAD') return EMPTY;
  const text = await readText(c);
  return typeof text === 'string' ? { kind: 'raw', text, parse } : text;
}

/** Also counts what stands inside of strings: a caller with so much to say has the header for its token. */
function hasManyParts(text: string): boolean {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if ((code === COMMA || code === BRACKET || code === BRACE) && ++count > STRANGERS_PARTS) return true;
  }
  return false;
}

/** With a length announced Node itself enforces it; without one the bytes are counted as they come (B1). */
async function readText(c: HttpContext): Promise<string | BodyRead> {
  const { raw } = c.req;
  try {
    if (c.req.header('content-length') !== undefined) return await raw.text();
    if (!raw.body) return '';
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of raw.body as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > BODY_LIMIT) return { kind: 'too large' };
      chunks.push(chunk);
    }
    return new TextDecoder().decode(Buffer.concat(chunks));
  } catch {
    // Only the transport can fail here: reset, timeout, length not reached.
    return { kind: 'cut off' };
  }
}

function parseJson(text: string): BodyRead {
  if (text.trim() === '') return EMPTY;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the body; it must not reach a log or an answer (C-08).
    return { kind: 'malformed', why: 'The body is not valid JSON' };
  }
  if (isObject(value)) return { kind: 'read', body: value };
  if (value === null || (Array.isArray(value) && value.length === 0)) return EMPTY;
  return { kind: 'malformed', why: 'The body must be a JSON object' };
}

function parseForm(text: string): BodyRead {
  const body = parseUrlencoded(text);
  return body
    ? { kind: 'read', body }
    : { kind: 'malformed', why: 'The form has too many or too deeply nested fields' };
}
