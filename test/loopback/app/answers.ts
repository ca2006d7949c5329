/**
 * What the app knows and therefore answers: settings, keywords, flows, conversations; jobs are in jobs.ts, what
 * running flows need in flows.ts. One object per peer,
 * filled by tests, the control API or the demo. Answers follow the contract; nothing here validates or fails.
 */

import type { Call, Json, Reply } from './call.types.ts';
import { CallRows } from './calls.ts';
import { isReaction } from './contract.ts';
import { Flows } from './flows.ts';
import { Jobs } from './jobs.ts';

export type { Call, Json, Reply };

export type Proxy = { enabled: boolean; type?: 'http' | 'socks5'; host?: string; port?: number } & Json;

const ok = (body: unknown): Reply => ({ status: 200, body });
const NOT_FOUND: Reply = { status: 404, body: { message: 'Not Found' } };

/** The app compares with the last 80 messages of the conversation, in both directions (inbound.md §1). */
const DEDUP_ROWS = 80;

const NO_SETTINGS = {
  whatsapp_business_api: 0,
  use_facebook_api: false,
  facebook_token: '',
  facebook_api_token: '',
  facebook_phone_id: '',
  facebook_phone_number_id: '',
  waba_id: '',
  facebook_app_version: 'v23.0',
  use_twilio: false,
  twilio_account_sid: '',
  twilio_auth_token: '',
  twilio_from_number: '',
  twilio_sandbox: false,
  branding_footer: null,
};

type Conversation = { readonly id: number; readonly recent: string[] };

export class Answers {
  readonly jobs = new Jobs();
  readonly calls = new CallRows();
  readonly flows = new Flows();
  readonly #settings = new Map<string, Json>();
  readonly #proxies = new Map<string, Proxy>();
  readonly #keywords = new Map<string, Json>();
  readonly #flows = new Map<string, Json>();
  readonly #routing = new Map<string, number>();
  readonly #conversations = new Map<string, Conversation>();
  #conversationCount = 0;
  #messageSettings: Json = { msg_gap: 3, batches_gap: 50, bw_msg_gap: 5, enable_batches: 0 };
  #olderApp = false;
  #campaignsActive = false;
  #receipts = { updated: 1, matched: false };

  /**
   * whatsapp-settings of one number; without a number the platform's. `workspace`: only for those who ask with it. `proxy`
   * sets that number's proxy-config.
   */
  settings(
    phone: string | undefined,
    { proxy, workspace, ...fields }: Json & { proxy?: Proxy; workspace?: string },
  ): void {
    const key = workspace === undefined ? (phone ?? '') : `${workspace} ${phone}`;
    this.#settings.set(key, { ...this.#settings.get(key), ...fields });
    if (phone !== undefined && proxy) this.#proxies.set(phone, proxy);
  }

  /** Whether Cloud API or Twilio are on for a number, whoever asks. */
  readonly hasProvider = (phone: string): boolean =>
    [...this.#settings].some(
      ([key, { use_facebook_api: cloud, use_twilio: twilio }]) =>
        (key === '' || key === phone || key.endsWith(` ${phone}`)) && (cloud === true || twilio === true),
    );

  messageSettings(fields: Json): void {
    this.#messageSettings = { ...this.#messageSettings, ...fields };
  }

  /** `answer` is the object inside keyword-replies' array. */
  keyword(keyword: string, phone: string, answer: Json): void {
    this.#keywords.set(`${phone} ${keyword.trim().toLowerCase()}`, answer);
  }

  /** `flow` and `flow_data` of flows/<id>; what is missing is filled with defaults. */
  flow(id: string, { flow, flow_data }: { flow?: Json; flow_data?: Json }): void {
    this.#flows.set(id, {
      flow: { id: Number(id), flow_name: `Flow ${id}`, user_id: 1, is_published: 1, ...flow },
      flow_data: { flowNodes: [], flowEdges: [], workspace_id: 1, ...flow_data },
    });
  }

  /** A routing rule: this text of a customer starts that flow (inbound.md §3.1). */
  routing(text: string, phone: string, flow: number): void {
    this.#routing.set(`${phone} ${text}`, flow);
  }

  /** An older app refuses an empty heartbeat and knows neither drain nor chat/message-status (clients.md §8). */
  olderApp(older: boolean): void {
    this.#olderApp = older;
  }

  campaignsActive(active: boolean): void {
    this.#campaignsActive = active;
  }

  /** What receipts of single sends find: rows updated in the chat, a campaign's message (inbound.md §10). */
  receipts(found: { updated?: number; matched?: boolean }): void {
    this.#receipts = { ...this.#receipts, ...found };
  }

  /** True when this app has no such route at all, or refuses what the newest one takes. */
  olderRefusal({ path, body }: Call): Reply | undefined {
    if (!this.#olderApp) return undefined;
    if (path === '/api/campaigns/drain' || path === '/api/chat/message-status') return NOT_FOUND;
    if (path === '/api/node-heartbeat' && Array.isArray(body['devices']) && body['devices'].length === 0) {
      return { status: 422, body: invalid(['devices: The devices field is required.']) };
    }
    return undefined;
  }

  /** Undefined: the app has no such route. */
  answer(call: Call): Reply | Promise<Reply> | undefined {
    const { method, path, query, body } = call;
    const item = /^\/api\/(devices\/proxy-config|flows)\/([^/]+)$/.exec(path);
    if (item && method === 'GET') {
      return item[1] === 'flows' ? this.#flow(item[2] ?? '') : ok({ ok: true, proxy: this.#proxy(item[2] ?? '') });
    }
    switch (`${method} ${path}`) {
      case 'POST /api/update-status':
        return ok({ ok: true, derived_status: derivedStatus(String(body['status'])) });
      case 'POST /api/node-heartbeat':
        return ok({ ok: true, touched: deviceCount(body), marked_stale: 0, ...this.#ticks(), ...SWEEPS });
      case 'POST /api/campaigns/drain':
        return ok({ ok: true, ...this.#ticks() });
      case 'POST /api/inbound-message':
        return ok(isReaction(body) ? { ok: true, kind: 'reaction', message_id: null } : this.#inbound(body));
      case 'POST /api/chat/message-status':
        return ok({ ok: true, updated: this.#receipts.updated });
      case 'POST /api/campaigns/update-status-by-id':
        return ok({ ok: true, matched: this.#receipts.matched });
      case 'POST /api/devices/proxy-result':
        return ok({ ok: true });
      case 'POST /api/groups/sync':
        return ok({ ok: true, workspace_id: 1, groups: (body['groups'] as unknown[]).length, members: 0 });
      case 'GET /api/whatsapp-settings':
        return ok(this.#settingsOf(query));
      case 'GET /api/whatsapp-message-settings':
        return ok({ success: true, ...this.#messageSettings });
      case 'GET /api/keyword-replies':
        return ok([this.#keywords.get(`${query['phone']} ${query['keyword']}`) ?? NO_KEYWORD]);
      default:
        return this.jobs.answer(call) ?? this.calls.answer(call) ?? this.flows.answer(call);
    }
  }

  #settingsOf({ phone = '', workspace_id: workspace }: Call['query']): Json {
    const own = workspace === undefined ? {} : this.#settings.get(`${workspace} ${phone}`);
    return { ...NO_SETTINGS, ...this.#settings.get(''), ...this.#settings.get(phone), ...own };
  }

  #ticks() {
    return { campaigns_fired: 0, campaigns_active: this.#campaignsActive };
  }

  #flow(id: string): Reply {
    const data = this.#flows.get(id);
    return data ? ok({ success: true, data }) : { status: 404, body: { success: false, message: 'Flow not found' } };
  }

  #proxy(phone: string): Proxy {
    return this.#proxies.get(phone) ?? { enabled: false };
  }

  #inbound(body: Json): Json {
    const conversation = this.#conversation(body);
    const id = String(body['wa_message_id']);
    const row = conversation.recent.indexOf(id);
    if (row >= 0) return { ok: true, kind: 'dedup', message_id: row + 1 };
    conversation.recent.push(id);
    if (conversation.recent.length > DEDUP_ROWS) conversation.recent.shift();
    if (body['direction'] === 'out') return { ok: true, kind: 'outbound_sync', conv_id: conversation.id };
    const said = typeof body['body'] === 'string' ? body['body'] : '';
    if (said.trim().toUpperCase() === 'STOP') return { ok: true, kind: 'opt_out', conv_id: conversation.id };
    const flow = this.#routing.get(`${String(body['device_phone'])} ${said}`);
    const routing_actions = flow === undefined ? [] : { flow_id: flow };
    return { ok: true, conversation_id: conversation.id, routing_actions };
  }

  /** One conversation per device and customer, found by any of the customer's addresses. */
  #conversation(body: Json): Conversation {
    const addresses = [body['sender_phone'], body['raw_jid'], body['lid_jid']].filter((address) => address);
    const keys = addresses.map((address) => `${String(body['device_phone'])} ${String(address)}`);
    const found = keys.map((key) => this.#conversations.get(key)).find((known) => known);
    const conversation = found ?? { id: ++this.#conversationCount, recent: [] };
    for (const key of keys) this.#conversations.set(key, conversation);
    return conversation;
  }
}

const SWEEPS = { scheduled_retried: 0, broadcasts_retried: 0, deal_tasks_reminded: 0, stock_holds_released: 0 };
const NO_KEYWORD = { response: '200', reply: 'notallow', reply_type: null, flow_id: null };

/** The body of Laravel's 422. */
export const invalid = (problems: readonly string[]): Json => ({
  message: 'The given data was invalid.',
  errors: Object.fromEntries(problems.map((problem) => [problem.split(':')[0], [problem]])),
});

const deviceCount = (body: Json): number => (Array.isArray(body['devices']) ? body['devices'].length : 0);

/** How the app reads a status word (clients.md §7). */
function derivedStatus(status: string): string {
  const word = status.toLowerCase();
  if (['ready', 'connected', 'paired', 'open'].includes(word)) return 'connected';
  return /logged out|disconnected|connection failed|pair failed|mismatch/.test(word) ? 'disconnected' : 'pending';
}
