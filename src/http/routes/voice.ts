/**
 * The call routes (contract voice §2): what the app orders, and at once that it was taken.
 *
 *  VR1  The token, in the header or in the body, in every mode once one is configured; `record` has the general guard alone.
 *  VR2  Nothing here waits for a call: callers give up after seconds, and a 202 is followed by callbacks (V-08).
 *  VR3  A missing field is named and changes nothing.
 *
 * Deliberately not here: calls (actors/voice).
 */
import type { CallDesk } from '../../actors/protocol.ts';
import { type Fields, firstText } from '../../content/loose.ts';
import { type Declare, reply } from '../declare.ts';
import type { Middleware } from '../env.ts';
import * as routes from '../schemas/voice.ts';

const VERSION = 'v23.0';

export type VoiceRoutes = { readonly calls: CallDesk; readonly strictOrBody: Middleware };

export function voiceRoutes(declare: Declare, { calls, strictOrBody }: VoiceRoutes): void {
  const failure = (error: string) => ({ ok: false, error });
  const before = [strictOrBody];

  declare(routes.answerCall, { before, failure }, (c) => {
    const body = c.req.valid('json');
    const missing = missingOf(body, ['wa_call_id', 'meta_call_id', 'workspace_id', 'assistant_id']);
    if (missing) return reply(c, 400, missing);
    calls.answer({
      ...{ call: text(body, 'wa_call_id'), metaCallId: text(body, 'meta_call_id') },
      ...{ workspace: text(body, 'workspace_id'), assistantId: text(body, 'assistant_id') },
      ...{ callerPhone: text(body, 'caller_phone'), calleePhone: text(body, 'callee_phone') },
      ...{ sdp: body.sdp_offer, ...accessOf(body) },
    });
    return reply(c, 202, { ok: true, status: 'bridging' });
  });

  declare(routes.terminateCall, { before, failure }, (c) => {
    const metaCallId = text(c.req.valid('json'), 'meta_call_id');
    if (metaCallId === '') return reply(c, 400, { ok: false, error: 'missing_meta_call_id' });
    calls.terminate(metaCallId);
    return reply(c, 200, { ok: true });
  });

  const unavailable = () => ({ ok: false, error: 'bridge_unavailable' });
  declare(routes.placeCall, { before, failure: unavailable }, (c) => {
    const body = c.req.valid('json');
    const missing = missingOf(body, ['wa_call_id', 'workspace_id', 'assistant_id', 'to']);
    if (missing) return reply(c, 400, missing);
    calls.placeOutbound({
      ...{ call: text(body, 'wa_call_id'), workspace: text(body, 'workspace_id') },
      ...{ assistantId: text(body, 'assistant_id'), to: text(body, 'to'), from: text(body, 'from') },
      ...accessOf(body),
    });
    return reply(c, 202, { ok: true, status: 'dialing' });
  });

  declare(routes.linkCall, { before, failure }, async (c) => {
    const body = c.req.valid('json');
    const [call, metaCallId] = [text(body, 'wa_call_id'), text(body, 'meta_call_id')];
    if (call === '' || metaCallId === '') return reply(c, 400, { ok: false, error: 'missing_ids' });
    return (await calls.link(call, metaCallId)) ? reply(c, 200, { ok: true }) : reply(c, 404, { ok: false });
  });

  declare(routes.connectCall, { before, failure }, async (c) => {
    const body = c.req.valid('json');
    const metaCallId = text(body, 'meta_call_id');
    if (metaCallId === '' || text(body, 'sdp_answer') === '')
      return reply(c, 400, { ok: false, error: 'missing_meta_call_id_or_sdp' });
    return (await calls.connect(metaCallId, body.sdp_answer))
      ? reply(c, 200, { ok: true })
      : reply(c, 404, { ok: false });
  });

  declare(routes.recordCall, { failure }, async (c) => {
    const metaCallId = firstText(c.req.valid('json'), 'meta_call_id', 'call_id');
    if (metaCallId === '') return reply(c, 422, { ok: false, error: 'meta_call_id required' });
    if (!(await calls.record(metaCallId))) return reply(c, 404, { ok: false, error: 'call not active' });
    return reply(c, 200, { ok: true, recording: true });
  });
}

const text = (body: Fields, name: string): string => firstText(body, name);

function missingOf(body: Fields, names: readonly string[]): { ok: false; error: string } | undefined {
  const name = names.find((each) => text(body, each) === '');
  return name === undefined ? undefined : { ok: false, error: `missing_${name}` };
}

/** A version becomes part of a path, so only what looks like one is taken. */
function accessOf(body: Fields) {
  const version = text(body, 'graph_version');
  const nodeToken = text(body, 'node_token');
  return {
    metaToken: text(body, 'meta_token'),
    phoneNumberId: text(body, 'phone_number_id'),
    graphVersion: /^v\d{1,3}\.\d{1,2}$/.test(version) ? version : VERSION,
    ...(nodeToken !== '' && { nodeToken }),
  };
}
