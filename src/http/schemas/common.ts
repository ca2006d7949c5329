/**
 * Shapes that every route family shares, and the loose types of the app (contract README §1).
 *
 * Deliberately not here: reading a request (body.ts, declare.ts).
 */
import { z } from '@hono/zod-openapi';

/** A text field: ids and codes come as numbers too, `null` and a missing field are the empty string. */
export const looseText = (description: string) =>
  z
    .union([z.string(), z.number()])
    .nullish()
    .transform((value) => (value === null || value === undefined ? '' : String(value)))
    .openapi({ type: 'string', description });

/** A boolean or a word for one (content/loose.ts reads it); a missing field, `null` and `''` are none. */
export const looseFlag = (description: string) =>
  z.union([z.boolean(), z.string(), z.number()]).nullish().openapi({ type: 'boolean', description });

/** Read by content/loose.ts, which knows the app's ways of writing it. */
export const loose = (description: string) => z.unknown().optional().openapi({ description });

/** `workspace_id`: an id of the app, integer or opaque string; empty and `null` mean none. */
export const workspaceId = z
  .union([z.number().int(), z.string().regex(/^[\w-]{0,64}$/)])
  .nullish()
  .transform((value) => (value === null || value === undefined || value === '' ? undefined : String(value)))
  .openapi({ type: 'string', description: 'Refused with 409 when the number belongs to another workspace' });

export const phoneParam = z.object({
  phone: z
    .string()
    .regex(/^\+?[0-9]{6,20}$/)
    .openapi({
      param: { name: 'phone', in: 'path' },
      description: 'Digits of the number, 6-20 of them',
      example: '4915550123456',
    }),
});

export const workspaceQuery = z.object({ workspace_id: workspaceId });

/** How `user` looks wherever a ready number is shown (contract clients §2). */
export const userSchema = z
  .object({ id: z.string(), name: z.string().nullable(), lid: z.string().nullable() })
  .openapi('User');

export const answer = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: { 'application/json': { schema } },
});

export const failureSchema = z.object({ error: z.string(), details: z.string() }).openapi('Failure');
const errorSchema = z.object({ error: z.string() }).openapi('Error');
const badRequestSchema = z.object({ error: z.string(), message: z.string().optional() }).openapi('BadRequest');

const unauthorized = answer(
  'No valid token; after 20 wrong ones in a minute 429 with Retry-After instead',
  z.object({ ok: z.literal(false), error: z.literal('unauthorized') }),
);
const forbidden = answer(
  'A browser of another site',
  z.object({ ok: z.literal(false), error: z.literal('forbidden_origin') }),
);
const badRequest = answer('Unusable path, query or body', badRequestSchema);
const otherWorkspace = answer('The number belongs to another workspace', errorSchema);
const draining = answer('The bridge is shutting down', errorSchema);

/** More than 50 MB. Only on routes with a body. */
export const tooLarge = answer('More than 50 MB', badRequestSchema);

const beforeAnyHandler = { 400: badRequest, 401: unauthorized, 403: forbidden, 503: draining } as const;
const beforeNumberHandler = {
  400: badRequest,
  401: unauthorized,
  403: forbidden,
  409: otherWorkspace,
  503: draining,
} as const;

/** The answers of a route under `/api`: its own, and what can happen before its handler runs. */
export const apiAnswers = <T extends object>(own: T) => merge(beforeAnyHandler, own);
/** The same for a route that names a number. */
export const numberAnswers = <T extends object>(own: T) => merge(beforeNumberHandler, own);

/** A spread would turn the status codes into string keys for the compiler, which then no longer checks answers against them. */
export const merge = <A extends object, B extends object>(common: A, own: B) =>
  ({ ...common, ...own }) as unknown as Omit<A, keyof B> & B;
