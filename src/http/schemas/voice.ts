/**
 * The call routes as data (contract voice §2). Every field is loose text: PHP sends ids as numbers.
 *
 * Deliberately not here: what the routes do (routes/voice.ts).
 */
import { createRoute, z } from '@hono/zod-openapi';
import { answer, apiAnswers, looseText, tooLarge } from './common.ts';

const tags = ['calls'];
const security = [{ token: [] }];
const refusal = z.object({ ok: z.literal(false), error: z.string() });
const failed = answer('The route failed', refusal);
const done = answer('Done', z.object({ ok: z.literal(true) }));
const accepted = (status: string) =>
  answer(
    'Taken; what becomes of it is told by callbacks',
    z.object({ ok: z.literal(true), status: z.literal(status) }),
  );
const body = <T extends z.ZodRawShape>(shape: T) => ({
  body: { content: { 'application/json': { schema: z.object(shape) } } },
});

const id = looseText("The app's id of the call");
const metaId = looseText("Meta's id of the call, `wacid.…`");
const access = {
  meta_token: looseText('Secret'),
  phone_number_id: looseText('Of the business number, at Meta'),
  graph_version: looseText('`v23.0` without one'),
  node_token: looseText('Instead of the header; for callbacks while the bridge has no token of its own. Secret'),
};

export const answerCall = createRoute({
  method: 'post',
  path: '/api/waba-call/answer',
  summary: "Answers an incoming call with an assistant; for a dialled call that waits for it, takes Meta's answer",
  tags,
  security,
  request: body({
    ...{
      wa_call_id: id,
      meta_call_id: metaId,
      workspace_id: looseText('Required'),
      assistant_id: looseText('Required'),
    },
    ...{ caller_phone: looseText('The customer'), callee_phone: looseText('The business number') },
    sdp_offer: looseText("Meta's session description"),
    ...access,
  }),
  responses: apiAnswers({
    202: accepted('bridging'),
    413: tooLarge,
    400: answer('A field is missing', refusal),
    500: failed,
  }),
});

export const terminateCall = createRoute({
  method: 'post',
  path: '/api/waba-call/terminate',
  summary: 'Ends a call here, and at Meta only when this bridge holds it; answers at once, also for unknown ids',
  tags,
  security,
  request: body({ meta_call_id: metaId, node_token: access.node_token }),
  responses: apiAnswers({ 200: done, 413: tooLarge, 400: answer('The id is missing', refusal), 500: failed }),
});

export const placeCall = createRoute({
  method: 'post',
  path: '/api/waba-call/place-outbound',
  summary: 'Prepares a call to a customer; the app dials Meta with the offer that it then gets',
  tags,
  security,
  request: body({
    ...{ wa_call_id: id, workspace_id: looseText('Required'), assistant_id: looseText('Required') },
    ...{ to: looseText('The customer; required'), from: looseText('The business number') },
    ...access,
  }),
  responses: apiAnswers({
    202: accepted('dialing'),
    413: tooLarge,
    400: answer('A field is missing', refusal),
    500: failed,
  }),
});

export const linkCall = createRoute({
  method: 'post',
  path: '/api/waba-call/link-meta',
  summary: "Names Meta's id of a dialled call",
  tags,
  security,
  request: body({ wa_call_id: id, meta_call_id: metaId, node_token: access.node_token }),
  responses: apiAnswers({
    ...{ 200: done, 413: tooLarge, 400: answer('An id is missing', refusal), 500: failed },
    404: answer('No such dialled call', z.object({ ok: z.literal(false) })),
  }),
});

export const connectCall = createRoute({
  method: 'post',
  path: '/api/waba-call/connect',
  summary: "Meta's answer to a dialled call",
  tags,
  security,
  request: body({ meta_call_id: metaId, sdp_answer: looseText("Meta's"), node_token: access.node_token }),
  responses: apiAnswers({
    ...{ 200: done, 413: tooLarge, 400: answer('A field is missing', refusal), 500: failed },
    404: answer('No such call', z.object({ ok: z.literal(false) })),
  }),
});

export const recordCall = createRoute({
  method: 'post',
  path: '/api/waba-call/record',
  summary: 'Records both sides of a running call from now on; a repeat changes nothing',
  tags,
  security,
  request: body({ meta_call_id: metaId, call_id: looseText('The same') }),
  responses: apiAnswers({
    200: answer('Recording', z.object({ ok: z.literal(true), recording: z.literal(true) })),
    ...{ 413: tooLarge, 422: answer('The id is missing', refusal), 404: answer('Not active', refusal), 500: failed },
  }),
});
