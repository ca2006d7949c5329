/**
 * The lifecycle routes as data: paths, inputs, and every answer of contract clients §1-§5.
 *
 * Deliberately not here: what the routes do (routes/clients.ts, routes/pairing.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import {
  answer,
  apiAnswers,
  failureSchema,
  numberAnswers,
  phoneParam,
  tooLarge,
  userSchema,
  workspaceQuery,
} from './common.ts';

const tags = ['clients'];
const security = [{ token: [] }];
const onNumber = { params: phoneParam, query: workspaceQuery };
const failed = answer('The route failed', failureSchema);

/** Contract clients §1. */
export const initializeClient = createRoute({
  method: 'get',
  path: '/api/initialize-client/{phone}',
  summary: 'Start or join a connection; waits up to 30 s for a QR string or for being connected',
  tags,
  security,
  request: onNumber,
  responses: numberAnswers({
    200: answer(
      'Connected, or the raw pairing string',
      z.union([
        z.object({ message: z.literal('Client already ready'), qr: z.null(), status: z.literal('connected') }),
        z.object({ qr: z.string(), message: z.literal('QR code generated'), status: z.literal('qr_ready') }),
      ]),
    ),
    500: answer('Neither within 30 s; `details` says why', failureSchema),
  }),
});

const notConnected = z.object({
  status: z.literal('disconnected'),
  phoneNumber: z.string(),
  isReady: z.literal(false),
});

/** Contract clients §2. */
export const clientStatus = createRoute({
  method: 'get',
  path: '/api/client-status/{phone}',
  summary: 'State of one number; no side effects',
  tags,
  security,
  request: onNumber,
  responses: numberAnswers({
    500: failed,
    200: answer(
      'The first state that applies',
      z.discriminatedUnion('status', [
        z.object({
          status: z.literal('connected'),
          phoneNumber: z.string(),
          isReady: z.literal(true),
          user: userSchema.nullable(),
        }),
        notConnected.extend({ status: z.literal('qr_ready'), qr: z.string() }),
        notConnected.extend({ status: z.literal('code_ready'), code: z.string() }),
        notConnected,
      ]),
    ),
  }),
});

/** Contract clients §3. */
export const clientsStatus = createRoute({
  method: 'post',
  path: '/api/clients-status',
  summary: 'States of up to 1000 numbers',
  tags,
  security,
  request: {
    body: {
      content: {
        'application/json': {
          schema: z.object({
            phones: z.array(z.unknown()).openapi({ type: 'array', items: { type: 'string' }, maxItems: 1000 }),
          }),
        },
      },
    },
  },
  responses: apiAnswers({
    413: tooLarge,
    200: answer(
      'Unknown numbers are disconnected',
      z.object({
        ok: z.literal(true),
        count: z.int(),
        statuses: z.record(
          z.string(),
          z.object({
            status: z.enum(['connected', 'qr_ready', 'code_ready', 'disconnected']),
            isReady: z.boolean(),
          }),
        ),
      }),
    ),
    500: answer('The route failed', failureSchema.extend({ ok: z.literal(false) })),
  }),
});

/** Contract clients §4.1. */
export const terminateClient = createRoute({
  method: 'get',
  path: '/api/terminate-client/{phone}',
  summary: 'Soft disconnect; the saved login stays',
  tags,
  security,
  request: onNumber,
  responses: numberAnswers({
    500: failed,
    200: answer(
      'Stopped, or nothing to stop',
      z.object({ message: z.string(), phoneNumber: z.string(), status: z.enum(['terminated', 'not_found']) }),
    ),
  }),
});

/** Contract clients §4.2. */
export const unlinkClient = createRoute({
  method: 'post',
  path: '/api/unlink-client/{phone}',
  summary: 'Log the linked device out and forget its login',
  tags,
  security,
  request: onNumber,
  responses: numberAnswers({
    500: failed,
    413: tooLarge,
    200: answer(
      '`remote` false: the user must remove the device on the phone',
      z.object({
        message: z.string(),
        phoneNumber: z.string(),
        status: z.enum(['unlinked', 'not_found']),
        remote: z.boolean().optional(),
      }),
    ),
  }),
});

/** Contract clients §4.3. */
export const checkConnection = createRoute({
  method: 'get',
  path: '/api/check-connection/{phone}',
  summary: 'Liveness probe; no side effects',
  tags,
  security,
  request: onNumber,
  responses: numberAnswers({
    500: failed,
    200: answer(
      'Connected or not',
      z.object({
        status: z.enum(['CONNECTED', 'NOT_CONNECTED']),
        message: z.string(),
        phoneNumber: z.string(),
        user: userSchema.nullable().optional(),
        cleaned: z.literal(false),
      }),
    ),
  }),
});

const pairingFailure = z.object({ success: z.literal(false), error: z.string(), details: z.string() });

/** Contract clients §5. */
export const getPairingCode = createRoute({
  method: 'get',
  path: '/api/get-pairing-code/{phone}',
  summary: 'Pair by code; waits up to 45 s',
  tags,
  security,
  request: onNumber,
  responses: numberAnswers({
    200: answer(
      'A code (8 characters, valid 180 s), or the number is connected already',
      z.union([
        z.object({
          success: z.literal(false),
          message: z.literal('Client already ready'),
          already_connected: z.literal(true),
        }),
        z.object({
          success: z.literal(true),
          code: z.string(),
          pairing_code: z.string(),
          status: z.literal('code_ready'),
          message: z.enum(['Pairing code (existing)', 'Pairing code generated successfully']),
          expires_in: z.literal(180),
        }),
      ]),
    ),
    408: answer('No code within 45 s', pairingFailure),
    500: answer('The attempt failed', pairingFailure),
  }),
});
