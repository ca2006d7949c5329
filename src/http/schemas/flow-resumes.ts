/**
 * The routes by which a waiting conversation goes on, as data (contract flows §1.2): orders, forms, and delays that the app
 * kept.
 *
 * Deliberately not here: what the routes do (routes/flows.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, apiAnswers, loose, tooLarge } from './common.ts';
import { broke, json, provider, refusedWith, variables, yes } from './flow-parts.ts';

const tags = ['flows'];
const security = [{ token: [] }];
const noop = <const W extends string>(...words: readonly W[]) =>
  z.object({ ok: yes, noop: yes, reason: z.enum(words) });

const text = <const N extends string>(name: N) =>
  z.object({ [name]: z.string().openapi({ param: { name, in: 'path' } }) });

const resumed = z.object({ ok: yes, port: z.int(), nodeId: z.string() });
const orderFields = {
  port: loose('1 (default): purchased, 2: abandoned'),
  orderMeta: loose('`{id, total, currency, provider}`'),
};

export const resumePort = createRoute({
  method: 'post',
  path: '/api/flow/resume-port/{sessionKey}',
  summary: 'An order of a session that waits for one',
  tags,
  security,
  request: { params: text('sessionKey'), body: json('FlowOrder', orderFields) },
  responses: apiAnswers({
    200: answer('Taken, or nothing waited for it', z.union([resumed, noop('not_waiting_on_commerce')])),
    400: answer('Not a port', refusedWith('bad_params')),
    404: answer('Unknown here and in the app', refusedWith('session_not_found')),
    413: tooLarge,
    500: broke,
  }),
});

export const resumeByPhone = createRoute({
  method: 'post',
  path: '/api/flow/resume-by-phone/{workspaceId}/{customerPhone}',
  summary: 'The same for whoever of a workspace waits for an order under this number',
  tags,
  security,
  request: {
    params: text('workspaceId').extend(text('customerPhone').shape),
    body: json('FlowOrderOfCustomer', orderFields),
  },
  responses: apiAnswers({
    200: answer(
      'Taken, or nobody waited for it',
      z.union([resumed, noop('no_matching_session', 'not_waiting_on_commerce')]),
    ),
    400: answer('Not a workspace, number or port', refusedWith('bad_params')),
    413: tooLarge,
    500: broke,
  }),
});

export const resumeForm = createRoute({
  method: 'post',
  path: '/api/flow/resume-form/{sessionKey}',
  summary: 'A submitted form of a session that waits for it',
  tags,
  security,
  request: { params: text('sessionKey'), body: json('FlowForm', { form_answers: loose('A map') }) },
  responses: apiAnswers({
    200: answer(
      'Taken, or nothing waited for it',
      z.union([
        z.object({ ok: yes, nodeId: z.string(), advanced_to: z.string() }),
        z.object({ ok: yes, ended: yes }),
        noop('session_not_found', 'not_waiting_on_form'),
      ]),
    ),
    413: tooLarge,
    500: broke,
  }),
});

export const resumeGoogleForm = createRoute({
  method: 'post',
  path: '/api/flow-resume',
  summary: 'A submitted Google Form',
  tags,
  security,
  request: {
    body: json('FlowGoogleForm', {
      session_id: loose('Required; the session key'),
      save_variable: loose('`google_form` by default'),
      answers: loose('A map'),
    }),
  },
  responses: apiAnswers({
    200: answer('Taken, or nothing waited for it', z.union([z.object({ ok: yes }), noop('session_not_found')])),
    400: answer('Something required is missing', refusedWith('missing_session_id')),
    413: tooLarge,
    500: broke,
  }),
});

const DELAY_FIELDS = 'flow_id, session_key, node_id, customer_phone required';
export const resumeDelay = createRoute({
  method: 'post',
  path: '/api/flow/resume-delay',
  summary: 'A delay that the app kept is over; the answer comes before any work, a repeat changes nothing',
  tags,
  security,
  request: {
    body: json('FlowDelay', {
      ...{ flow_id: loose('Required'), session_key: loose('Required'), node_id: loose('Required') },
      ...{ customer_phone: loose('Required'), device_phone: loose('Else the first half of the key') },
      ...{ flow_subscriber_id: loose(''), provider, variables },
    }),
  },
  responses: apiAnswers({
    202: answer('Accepted', z.object({ ok: yes, message: z.literal('RESUME ACCEPTED'), node_id: z.string() })),
    400: answer('Something required is missing', refusedWith(DELAY_FIELDS)),
    413: tooLarge,
    500: broke,
  }),
});
