/**
 * What every way of registering a job has in common in the document: bodies, the dry run, ids in paths, orders.
 *
 *  RG1  No field has a type here: the app's are loose, the whole body goes to the scheduler as it came, and a body that it
 *       cannot read is 422 with the reason.
 *
 * Deliberately not here: fields and literals of single routes.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, apiAnswers, loose, looseFlag, merge, numberAnswers, phoneParam, tooLarge } from './common.ts';

export const security = [{ token: [] }];

/** Ids are at most this long in the app's columns and in paths (contract README §1). */
export const LONGEST_ID = 100;

export const idParam = <const N extends string>(name: N, description: string) =>
  z.object({
    [name]: z
      .string()
      .max(LONGEST_ID)
      .openapi({ param: { name, in: 'path' }, description }),
  });
export const bridgeId = 'The bridge’s id of the job';

export const provider = loose('`baileys`, `waba` or `twilio`; empty: what the settings say');
export const timing = {
  scheduleDateTime: loose('ISO with offset, or wall clock in `timezone`; missing or past: now'),
  timezone: loose('IANA zone, `UTC` by default'),
};
export const recipientTimezones = loose('True: the wall-clock time holds in each recipient’s own zone');

const workspaceFields = {
  workspace_id: loose('Refused with 409 when the number belongs to another workspace'),
  workspaceId: loose('Whose settings hold; goes behind `workspace_id`'),
};

const dryRun = z
  .object({
    success: z.literal(true),
    dryRun: z.literal(true),
    engine: z.enum(['baileys', 'waba', 'twilio']).nullable(),
    recipients: z.array(
      z.object({
        phone: z.string(),
        contactId: z.number().optional(),
        at: z.string().openapi({ description: 'ISO with the offset of the recipient’s zone' }),
        zone: z.string(),
        problems: z.array(z.string()),
      }),
    ),
    problems: z.array(z.string()).openapi({ description: 'Of the job as a whole' }),
    finishAt: z.string().openapi({ format: 'date-time', description: 'When the last one is expected to be sent' }),
  })
  .openapi('DryRun');

/** A POST that registers a job of the number in its path. `refusal`: of 400 and 422. */
export const registration = <
  const P extends string,
  F extends z.ZodRawShape,
  S extends z.ZodRawShape,
  R extends z.ZodType,
  X extends z.ZodType,
>(
  path: P,
  {
    name,
    tag,
    summary,
    fields,
    success,
    refusal,
    failure,
  }: {
    readonly name: string;
    readonly tag: string;
    readonly summary: string;
    readonly fields: F;
    readonly success: S;
    readonly refusal: R;
    readonly failure: X;
  },
) =>
  createRoute({
    method: 'post',
    path,
    summary,
    tags: [tag],
    security,
    request: {
      params: phoneParam,
      query: z.object({
        workspace_id: workspaceFields.workspace_id,
        dryRun: looseFlag('`1`: tells what would happen, and stores and sends nothing'),
      }),
      body: {
        content: { 'application/json': { schema: z.looseObject({ ...workspaceFields, ...fields }).openapi(name) } },
      },
    },
    responses: numberAnswers({
      200: answer('Stored on disk; sent afterwards', z.union([z.object(success), dryRun])),
      400: answer('Unusable path or body, or nobody to send to', z.union([refusal, z.object({ error: z.string() })])),
      413: tooLarge,
      422: answer('Something cannot be read; nothing was stored', refusal),
      500: answer('Nothing was stored', failure),
    }),
  });

/** Pause, resume, cancel: of a job of any kind, or of one family. */
export const order = <
  const M extends 'post' | 'delete',
  const P extends string,
  S extends z.ZodType,
  N extends z.ZodType,
  X extends z.ZodType,
>(
  method: M,
  path: P,
  {
    tag,
    summary,
    success,
    missing,
    failure,
  }: {
    readonly tag: string;
    readonly summary: string;
    readonly success: S;
    readonly missing: N;
    readonly failure: X;
  },
) =>
  createRoute({
    method,
    path,
    summary,
    tags: [tag],
    security,
    request: { params: idParam('scheduleId', bridgeId) },
    responses: apiAnswers({
      200: answer('Done, also when it was before; no message leaves against it any more', success),
      404: answer('No such job', missing),
      500: answer('The route failed', failure),
    }),
  });

/** An order that was obeyed. */
export const done = <const M extends string>(message: M) =>
  z.object({ success: z.literal(true), message: z.literal(message) });
export const errorOnly = z.object({ error: z.string() });
export const withDetails = z.object({ error: z.string(), details: z.string() });

/** 404 in the words of one route, besides its own answers. */
export const orMissing = <T extends object>(own: T) => merge({ 404: answer('No such job', errorOnly) }, own);
