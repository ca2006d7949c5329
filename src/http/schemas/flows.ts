/**
 * The flow routes as data (contract flows §1.2): starts, ends, customers' messages, and what builders and operators ask.
 *
 * Deliberately not here: resumes (flow-resumes.ts), and what the routes do (routes/flows.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, apiAnswers, loose, numberAnswers, phoneParam, tooLarge } from './common.ts';
import { broke, json, provider, refusedWith, variables, yes } from './flow-parts.ts';

const tags = ['flows'];
const security = [{ token: [] }];

export const startFlow = createRoute({
  method: 'post',
  path: '/api/flow/start/{phone}',
  summary:
    'Starts a flow with a customer; the answer comes before any work, failures are logged and counted in /health',
  tags,
  security,
  request: {
    params: phoneParam,
    body: json('FlowStart', {
      flowId: loose('Required'),
      targetPhoneNumber: loose('Required; the customer'),
      flowSubscriberId: loose('Repeated within 60 s: accepted and ignored'),
      provider,
      contact: loose('Fields of the customer; replaces the single ones'),
      ...{ name: loose(''), first_name: loose(''), last_name: loose(''), email: loose(''), phone: loose('') },
      custom_attributes: loose('A map or its JSON text'),
      variables,
      workspace_id: loose('Refused with 409 when the number belongs to another workspace'),
    }),
  },
  responses: numberAnswers({
    202: answer(
      'Accepted',
      z.object({
        message: z.literal('FLOW START ACCEPTED'),
        flowId: z.union([z.string(), z.number()]),
        target: z.string(),
      }),
    ),
    400: answer('Something required is missing', z.object({ error: z.string() })),
    413: tooLarge,
    500: answer('The route failed', z.object({ error: z.string() })),
  }),
});

export const endFlows = createRoute({
  method: 'post',
  path: '/api/flow-end',
  summary: 'Ends the sessions of a customer, because a human takes over',
  tags,
  security,
  request: {
    body: json('FlowEnd', {
      customer_phone: loose('The customer; without it nothing ends'),
      workspace_id: loose('Only sessions of this workspace, or of none'),
    }),
  },
  responses: apiAnswers({
    200: answer('How many ended', z.object({ ok: yes, ended: z.int() })),
    413: tooLarge,
    500: broke,
  }),
});

const INBOUND_FIELDS = 'deviceNumber and customerPhone required';
export const providerInbound = createRoute({
  method: 'post',
  path: '/api/flow/provider-inbound',
  summary: 'A customer’s message that came over the Cloud API or Twilio, within 10 s',
  tags,
  security,
  request: {
    body: json('FlowInbound', {
      ...{ deviceNumber: loose('Required'), customerPhone: loose('Required'), text: loose('') },
      ...{ replyId: loose('Of a tapped button or row'), pushName: loose(''), mediaUrl: loose('') },
      provider: loose('`waba` (default) or `twilio`'),
      workspaceId: loose(''),
      flowId: loose('A flow to start unless a session takes the message'),
    }),
  },
  responses: apiAnswers({
    202: answer('`consumed`: the app must not answer', z.object({ ok: yes, consumed: z.boolean() })),
    400: answer('Something required is missing', refusedWith(INBOUND_FIELDS)),
    413: tooLarge,
    500: broke,
  }),
});

const problem = z.object({
  level: z.enum(['error', 'warning']),
  nodeId: z.string().optional(),
  code: z.string(),
  message: z.string(),
});

export const validateFlow = createRoute({
  method: 'post',
  path: '/api/flow/validate',
  summary: 'What is wrong with a flow; nothing is stored',
  description:
    'The body is the answer of the app’s `GET /api/flows/{id}`, its `flow_data`, the builder’s `nodes` and `edges`, or ' +
    '`{flowId}` for a flow that the app has.',
  tags,
  security,
  request: { body: json('FlowDefinition', {}) },
  responses: apiAnswers({
    200: answer('`ok`: no errors; warnings may be there', z.object({ ok: z.boolean(), problems: z.array(problem) })),
    400: answer('Neither a definition nor an id', refusedWith('a flow definition or flowId required')),
    404: answer('The app has no such flow', refusedWith('flow_not_found')),
    413: tooLarge,
    500: broke,
    502: answer('The app did not answer', refusedWith('app_unreachable')),
  }),
});

const time = z.string().openapi({ format: 'date-time' });

export const flowSessions = createRoute({
  method: 'get',
  path: '/api/flow/sessions',
  summary: 'Where each conversation stands: of one number, or of all',
  tags,
  security,
  request: { query: z.object({ phone: z.string().optional().openapi({ description: 'The sending number' }) }) },
  responses: apiAnswers({
    200: answer(
      'Newest first, without texts and variables',
      z.object({
        ok: yes,
        sessions: z.array(
          z
            .object({
              ...{ key: z.string(), sessionId: z.string(), flowId: z.string(), flowName: z.string() },
              flowVersion: z.string().openapi({ description: 'Of the definition that this conversation runs on' }),
              engine: z.enum(['baileys', 'waba', 'twilio']),
              status: z.enum(['active', 'paused', 'completed', 'timeout', 'aborted']),
              ...{ nodeId: z.string(), nodeLabel: z.string() },
              waitsFor: z.string().openapi({ description: 'Empty while it runs or sleeps' }),
              ...{ since: time, startedAt: time },
              deadline: time.nullable(),
              why: z.string().optional(),
            })
            .openapi('FlowSession'),
        ),
      }),
    ),
    400: answer('Not a number', z.object({ error: z.string() })),
    500: broke,
  }),
});
