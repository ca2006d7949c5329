/**
 * Templates as the app hands them over: a message of Meta's that is ready to be sent, or what Twilio approved, by its id
 * (contract bulk §2.4).
 *
 *  TP1  What is right is taken unchanged, fields that nobody here knows included.
 *  TP2  What its provider would refuse for every recipient is refused here: undefined.
 *
 * Deliberately not here: templates made of `variable_map`, and who gets which.
 */
import { z } from 'zod';
import type { Content } from './content.ts';
import { mapOf } from './loose.ts';

/** facts/cloud-api.md §2.1, §2.3. */
const metaTemplate = z.looseObject({
  name: z.string().regex(/^[a-z0-9_]{1,512}$/),
  language: z.looseObject({ code: z.string().min(1) }),
  components: z.array(z.looseObject({ type: z.string().min(1) })).optional(),
});

/** facts/twilio.md §1: `HX` and 32 hex digits; at most 100 variables with scalar values. */
const CONTENT_SID = /^HX[0-9a-fA-F]{32}$/;
const variables = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .refine((map) => Object.keys(map).length <= 100);

/** `value`: an object or its JSON text, as in `meta_payloads`. */
export function metaTemplateOf(value: unknown): Extract<Content, { kind: 'template' }> | undefined {
  const { data } = metaTemplate.safeParse(mapOf(value));
  return data && { kind: 'template', template: data };
}

/** `values`: a map, its JSON text, or PHP's empty list. */
export function contentTemplateOf(
  contentSid: string,
  values: unknown,
): Extract<Content, { kind: 'content template' }> | undefined {
  const parsed = variables.safeParse(mapOf(values));
  const sid = contentSid.trim();
  if (!parsed.success || !CONTENT_SID.test(sid)) return undefined;
  return { kind: 'content template', contentSid: sid, variables: parsed.data };
}
