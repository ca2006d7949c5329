/**
 * What requests and answers of the flow routes have in common (contract flows §1.2).
 *
 *  FS1  No field of a request has a type here: the app's are loose, and content/loose.ts reads them.
 */
import { z } from '@hono/zod-openapi';
import { answer, loose } from './common.ts';

export const yes = z.literal(true);
const no = z.literal(false);
export const refusedWith = <const W extends string>(...words: readonly W[]) =>
  z.object({ ok: no, error: z.enum(words) });
export const broke = answer('The session could not be resumed', z.object({ ok: no, error: z.string() }));

export const json = (name: string, fields: z.ZodRawShape) => ({
  content: { 'application/json': { schema: z.looseObject(fields).openapi(name) } },
});

/** For what lies in no own field: the compiler then reads every field as unknown. */
export const provider = loose(
  '`baileys`, `waba` or `twilio`: the engine of the whole conversation; empty: what the settings say',
);
export const variables = loose('A map, `[]` or its JSON text');
