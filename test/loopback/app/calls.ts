/**
 * Calls as the app knows them (contract voice §3): assistants, voice keys, the active call flow, rows and who claimed them.
 *
 *  CA1  A row is claimed once; everybody after that is told `claimed:false`, the first claimer too.
 *
 * Deliberately not here: dialling Meta, which is the test's (`onOffer`).
 */
import { z } from 'zod';
import type { Call, Json, Reply } from './call.types.ts';
import { required, text, whole, word } from './fields.ts';

const ids = { wa_call_id: z.union([required(64), whole]), assistant_id: z.union([required(64), whole]) };
export const CALL_BODIES: readonly [string, z.ZodType][] = [
  ['/api/call-flow/active', z.strictObject({ workspace_id: z.union([required(64), whole]) })],
  ['/api/waba-call/bridge-accepted', z.strictObject({ ...ids, meta_call_id: required(191) })],
  [
    '/api/waba-call/bridge-error',
    z.strictObject({ wa_call_id: ids.wa_call_id, meta_call_id: text(191).nullish(), reason: required(500) }),
  ],
  [
    '/api/waba-call/transcript-turn',
    z.strictObject({
      wa_call_id: ids.wa_call_id,
      role: word('agent', 'user'),
      text: required(6_000),
      t_ms: whole.min(0),
    }),
  ],
  ['/api/waba-call/bridge-offer', z.strictObject({ ...ids, sdp_offer: required(100_000), to: required(64) })],
];

const ok = (body: unknown): Reply => ({ status: 200, body });

export class CallRows {
  readonly assistants = new Map<string, Json>();
  /** What the answer about an assistant waits for. */
  readonly holding = new Map<string, Promise<unknown>>();
  keys: Json = { deepgram: '', openai: '', elevenlabs: '' };
  /** Of workspaces that have keys of their own. */
  readonly keysOf = new Map<string, Json>();
  /** Before a claim is decided. */
  claiming: (call: string) => Promise<unknown> = () => Promise.resolve();
  flow: Json | undefined;
  /** Ids of the app → who holds the row. A row that is in neither is `ringing`. */
  readonly claimed = new Map<string, 'bridge' | 'operator'>();
  readonly turns: { readonly call: string; readonly role: string; readonly text: string; readonly t_ms: number }[] = [];
  readonly errors: { readonly call: string; readonly reason: string }[] = [];
  /** What the language model says. */
  reply: (prompt: string) => string = () => 'We are open until six.';
  onOffer: (body: Json) => Promise<Reply> = () =>
    Promise.resolve({ status: 502, body: { ok: false, error: 'dial_failed' } });

  /** Undefined: no route of calls. */
  answer({ method, path, query, body }: Call): Reply | Promise<Reply> | undefined {
    const assistant = /^\/api\/waba-call\/assistant\/([^/]+)$/.exec(path);
    if (method === 'GET' && assistant) return this.#assistant(assistant[1] ?? '', query);
    const call = String(body['wa_call_id']);
    switch (`${method} ${path}`) {
      case 'GET /api/waba-call/voice-keys':
        return ok({ ok: true, ...(this.keysOf.get(String(query['workspace_id'])) ?? this.keys) });
      case 'POST /api/call-flow/active':
        return ok({ ok: true, flow: this.flow ?? null });
      case 'POST /api/waba-call/bridge-accepted':
        return this.#claim(call);
      case 'POST /api/waba-call/bridge-error':
        this.errors.push({ call, reason: String(body['reason']) });
        return ok({ ok: true });
      case 'POST /api/waba-call/transcript-turn':
        this.turns.push({ call, role: String(body['role']), text: String(body['text']), t_ms: Number(body['t_ms']) });
        return ok({ ok: true });
      case 'POST /api/waba-call/bridge-offer':
        return this.onOffer(body);
      case 'POST /api/flow-node/ai-call':
        // Without assistants it is a flow that asks.
        return this.assistants.size === 0
          ? undefined
          : ok({ ok: true, reply: this.reply(String(body['user_prompt'])) });
      default:
        return undefined;
    }
  }

  /** CA1 */
  async #claim(call: string): Promise<Reply> {
    await this.claiming(call);
    const isFree = !this.claimed.has(call);
    if (isFree) this.claimed.set(call, 'bridge');
    return ok({ ok: true, claimed: isFree });
  }

  async #assistant(id: string, query: Call['query']): Promise<Reply> {
    await this.holding.get(id);
    if (!query['workspace_id']) return { status: 400, body: { ok: false, error: 'workspace_required' } };
    const assistant = this.assistants.get(id);
    return assistant ? ok({ ok: true, assistant }) : { status: 404, body: { ok: false, error: 'not_found' } };
  }
}
