/**
 * The flow routes (contract flows §1): what the app starts, resumes and ends, and what operators look at.
 *
 *  FW1  Answers come as soon as what they say is durable, never after a branch: the app's callers give up after 5 s (F-23).
 *  FW2  Resumes, provider-inbound and the list of sessions need the strict token; flow-end takes it from the body too.
 *  FW3  Bad input is 400 and changes nothing.
 *
 * Deliberately not here: sessions (actors/flows).
 */
import type { FlowDesk, FlowProvider, OrderMeta, ResumeAnswer, SessionView } from '../../actors/protocol.ts';
import type { Clock } from '../../clock.ts';
import { type Fields, firstText, mapOf, numberOf, textOf } from '../../content/loose.ts';
import { extractDigits, parseDigits } from '../../phone.ts';
import { type Declare, reply } from '../declare.ts';
import type { Middleware } from '../env.ts';
import { iso, isoOrNull } from '../iso.ts';
import * as resumes from '../schemas/flow-resumes.ts';
import * as routes from '../schemas/flows.ts';

/** The app gives up after 12 s and wants the answer within 10 (contract flows §1.3). */
const INBOUND_MS = 9_500;
/** The app's are shorter; what is made of such ids is a key on disk. */
const LONGEST_ID = 191;
const CONTACT_FIELDS = ['name', 'first_name', 'last_name', 'email', 'phone', 'custom_attributes'] as const;

export type FlowRoutes = {
  readonly flows: FlowDesk;
  readonly clock: Clock;
  readonly strict: Middleware;
  readonly strictOrBody: Middleware;
};

export function flowRoutes(declare: Declare, { flows, clock, strict, strictOrBody }: FlowRoutes): void {
  const failure = (error: string) => ({ ok: false, error });
  const strictly = { before: [strict], failure };

  declare(routes.startFlow, { refusedWhenFull: true }, async (c) => {
    const body = c.req.valid('json');
    const flowId = firstText(body, 'flowId');
    const customer = extractDigits(textOf(body['targetPhoneNumber']));
    if (flowId === '' || customer === undefined)
      return reply(c, 400, { error: 'flowId and targetPhoneNumber are required' });
    const workspace = c.get('workspace');
    await flows.start({
      ...{ device: c.req.valid('param').phone, customer, flowId, provider: providerOf(body['provider']) },
      ...subscriberOf(body['flowSubscriberId']),
      ...(workspace !== undefined && { workspace }),
      ...{ contact: contactOf(body), variables: mapOf(body['variables']) ?? {} },
    });
    const echoed = typeof body['flowId'] === 'number' ? body['flowId'] : flowId;
    return reply(c, 202, { message: 'FLOW START ACCEPTED', flowId: echoed, target: customer });
  });

  declare(resumes.resumePort, strictly, async (c) => {
    const port = portOf(c.req.valid('json'));
    if (port === undefined) return reply(c, 400, BAD_PARAMS);
    const which = { kind: 'key', key: c.req.param('sessionKey') } as const;
    const resumed = await flows.resumePort(which, port, orderOf(c.req.valid('json')));
    return resumed.kind === 'not found'
      ? reply(c, 404, { ok: false, error: 'session_not_found' })
      : ofOrder(resumed, { broke: (body) => reply(c, 500, body), done: (body) => reply(c, 200, body) });
  });

  declare(resumes.resumeByPhone, strictly, async (c) => {
    const port = portOf(c.req.valid('json'));
    const workspace = c.req.param('workspaceId').trim();
    const customer = extractDigits(c.req.param('customerPhone'));
    if (port === undefined || workspace === '' || customer === undefined) return reply(c, 400, BAD_PARAMS);
    const which = { kind: 'customer', workspace, customer } as const;
    const resumed = await flows.resumePort(which, port, orderOf(c.req.valid('json')));
    return resumed.kind === 'not found'
      ? reply(c, 200, noop('no_matching_session'))
      : ofOrder(resumed, { broke: (body) => reply(c, 500, body), done: (body) => reply(c, 200, body) });
  });

  declare(resumes.resumeForm, strictly, async (c) => {
    const answers = mapOf(c.req.valid('json')['form_answers']) ?? {};
    const resumed = await flows.resumeForm(c.req.param('sessionKey'), answers);
    switch (resumed.kind) {
      case 'not found':
        return reply(c, 200, noop('session_not_found'));
      case 'not waiting for it':
        return reply(c, 200, noop('not_waiting_on_form'));
      case 'failed':
        return reply(c, 500, failed(resumed.why));
      case 'resumed': {
        const { nodeId, advancedTo } = resumed;
        return advancedTo === undefined
          ? reply(c, 200, { ok: true, ended: true })
          : reply(c, 200, { ok: true, nodeId, advanced_to: advancedTo });
      }
      default:
        return resumed satisfies never;
    }
  });

  declare(resumes.resumeGoogleForm, strictly, async (c) => {
    const body = c.req.valid('json');
    const key = firstText(body, 'session_id');
    if (key === '') return reply(c, 400, { ok: false, error: 'missing_session_id' });
    const variable = firstText(body, 'save_variable') || 'google_form';
    const resumed = await flows.googleForm(key, variable, mapOf(body['answers']) ?? {});
    if (resumed.kind === 'not found') return reply(c, 200, noop('session_not_found'));
    return resumed.kind === 'failed' ? reply(c, 500, failed(resumed.why)) : reply(c, 200, { ok: true });
  });

  declare(resumes.resumeDelay, strictly, async (c) => {
    const body = c.req.valid('json');
    const [flowId, sessionKey, nodeId] = ['flow_id', 'session_key', 'node_id'].map((name) => firstText(body, name));
    const customer = extractDigits(textOf(body['customer_phone']));
    const isTooLong = [flowId, sessionKey, nodeId].some((id) => (id?.length ?? 0) > LONGEST_ID);
    if (!flowId || !sessionKey || !nodeId || customer === undefined || isTooLong)
      return reply(c, 400, { ok: false, error: 'flow_id, session_key, node_id, customer_phone required' });
    await flows.resumeDelay({
      ...{ flowId, sessionKey, nodeId, customer },
      device: extractDigits(textOf(body['device_phone'])) ?? sessionKey.split('_')[0] ?? '',
      ...subscriberOf(body['flow_subscriber_id']),
      ...{ provider: providerOf(body['provider']), variables: mapOf(body['variables']) ?? {} },
    });
    return reply(c, 202, { ok: true, message: 'RESUME ACCEPTED', node_id: nodeId });
  });

  declare(routes.endFlows, { before: [strictOrBody], failure }, async (c) => {
    const body = c.req.valid('json');
    const customer = extractDigits(textOf(body['customer_phone']));
    if (customer === undefined) return reply(c, 200, { ok: true, ended: 0 });
    const ended = await flows.end(customer, firstText(body, 'workspace_id') || undefined);
    return reply(c, 200, { ok: true, ended });
  });

  declare(routes.providerInbound, strictly, async (c) => {
    const deadline = clock.now() + INBOUND_MS;
    const body = c.req.valid('json');
    const [device, customer] = ['deviceNumber', 'customerPhone'].map((name) => extractDigits(textOf(body[name])));
    if (!device || !customer) return reply(c, 400, { ok: false, error: 'deviceNumber and customerPhone required' });
    const [workspace, flowId] = [firstText(body, 'workspaceId'), firstText(body, 'flowId')];
    const { consumed } = await flows.providerInbound(
      {
        ...{ device, customer, text: textOf(body['text']), replyId: firstText(body, 'replyId') },
        ...{ name: firstText(body, 'pushName'), mediaUrl: firstText(body, 'mediaUrl') },
        provider: providerOf(body['provider']) === 'twilio' ? 'twilio' : 'waba',
        ...(workspace !== '' && { workspace }),
        ...(flowId !== '' && { flowId }),
      },
      deadline,
    );
    return reply(c, 202, { ok: true, consumed });
  });

  declare(routes.validateFlow, { failure }, async (c) => {
    const body = c.req.valid('json');
    const flowId = firstText(body, 'flowId');
    if (['data', 'flow_data', 'flowNodes', 'nodes'].some((name) => body[name] !== undefined))
      return reply(c, 200, verdict(flows.validate(body)));
    if (flowId === '') return reply(c, 400, { ok: false, error: 'a flow definition or flowId required' });
    const checked = await flows.check(flowId);
    if (checked.kind === 'checked') return reply(c, 200, verdict(checked.problems));
    return checked.kind === 'not found'
      ? reply(c, 404, { ok: false, error: 'flow_not_found' })
      : reply(c, 502, { ok: false, error: 'app_unreachable' });
  });

  declare(routes.flowSessions, strictly, (c) => {
    // An unescaped plus of a query is a space.
    const phone = (c.req.query('phone') ?? '').trim();
    const device = phone === '' ? undefined : parseDigits(phone);
    if (phone !== '' && device === undefined) return reply(c, 400, { error: 'Invalid phone number' });
    return reply(c, 200, { ok: true, sessions: flows.sessions(device).map(viewOf) });
  });
}

const BAD_PARAMS = { ok: false, error: 'bad_params' } as const;
const noop = <const R extends string>(reason: R) => ({ ok: true, noop: true, reason }) as const;
const failed = (error: string) => ({ ok: false, error }) as const;

const verdict = (problems: ReturnType<FlowDesk['validate']>) => ({
  ok: problems.every(({ level }) => level !== 'error'),
  problems: [...problems],
});

/** What both order routes answer alike; `answer` keeps the types of the route. */
function ofOrder<A, B>(
  resumed: Exclude<ResumeAnswer, { kind: 'not found' }>,
  answer: {
    readonly broke: (body: ReturnType<typeof failed>) => A;
    readonly done: (
      body:
        | { readonly ok: true; readonly port: number; readonly nodeId: string }
        | ReturnType<typeof noop<'not_waiting_on_commerce'>>,
    ) => B;
  },
): A | B {
  switch (resumed.kind) {
    case 'resumed':
      return answer.done({ ok: true, port: resumed.port, nodeId: resumed.nodeId });
    case 'not waiting for it':
      return answer.done(noop('not_waiting_on_commerce'));
    case 'failed':
      return answer.broke(failed(resumed.why));
    default:
      return resumed satisfies never;
  }
}

/** Anything but the three names counts as none, as everywhere. */
function providerOf(value: unknown): FlowProvider {
  const word = textOf(value).trim().toLowerCase();
  return word === 'baileys' || word === 'waba' || word === 'twilio' ? word : '';
}

function subscriberOf(value: unknown): { readonly subscriber?: number } {
  const subscriber = numberOf(value);
  return Number.isSafeInteger(subscriber) && subscriber > 0 ? { subscriber } : {};
}

/** `contact`, when it says anything, replaces the single fields. */
function contactOf(body: Fields): Fields {
  const given = mapOf(body['contact']) ?? {};
  const single = Object.fromEntries(CONTACT_FIELDS.map((name) => [name, body[name]]));
  const fields = Object.keys(given).length > 0 ? given : single;
  const said = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  const { custom_attributes: custom, ...rest } = Object.fromEntries(said);
  const attributes = custom === undefined ? undefined : mapOf(custom);
  return { ...rest, ...(attributes && { custom_attributes: attributes }) };
}

/** Purchased by default. Undefined for what is no port. */
function portOf(body: Fields): number | undefined {
  const given = body['port'];
  if (given === undefined || given === null || given === '') return 1;
  const port = numberOf(given);
  return Number.isInteger(port) && port >= 0 ? port : undefined;
}

function orderOf(body: Fields): OrderMeta | undefined {
  const meta = mapOf(body['orderMeta']) ?? {};
  if (Object.keys(meta).length === 0) return undefined;
  const [id = '', total = '', currency = ''] = ['id', 'total', 'currency'].map((name) => textOf(meta[name]));
  return { id, total, currency };
}

const viewOf = ({ since, startedAt, deadline, ...rest }: SessionView) => ({
  ...rest,
  ...{ since: iso(since), startedAt: iso(startedAt), deadline: isoOrNull(deadline ?? undefined) },
});
