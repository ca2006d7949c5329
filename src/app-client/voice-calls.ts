/**
 * What calls ask the app for: assistant, voice keys, active call flow, the claim, and the dialling of an offer. Contract
 * voice §3, §3.1.
 *
 *  VC1  An answer that is not what was asked for is no answer; every field of an assistant has its default.
 *  VC2  Only the claim can be lost half-way: `unknown` means that the app may have it (V-36).
 *  VC3  Keys are secrets: they are in no reason that is returned.
 *
 * Deliberately not here: `bridge-error` and transcript turns, which go through the outbox (call-callbacks.ts); repeats.
 */
import { z } from 'zod';
import { type Fields, flagOf, isObject, listOf, mapOf, textOf } from '../content/loose.ts';
import { type AppAnswer, type AppClient, neverSent } from './client.ts';
import { cut } from './limits.ts';

export type ToolMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A URL that the assistant may call (§8.5, §9.4). */
export type AssistantTool = {
  readonly name: string;
  readonly triggers: readonly string[];
  readonly method: ToolMethod;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Fields;
};

export type Assistant = {
  readonly name: string;
  /** `ai_model`; `''` when the app names none. */
  readonly model: string;
  readonly prompt: string;
  readonly voiceProvider?: 'elevenlabs' | 'openai' | 'deepgram';
  /** `''`: the provider's default. */
  readonly voiceId: string;
  readonly sttProvider?: 'deepgram' | 'openai';
  readonly concise: boolean;
  readonly exitKeywords: readonly string[];
  /** `last_greeting`; `''`: the built-in one. */
  readonly goodbye: string;
  /** `meta.greeting_variations`, the non-blank ones, before `greeting_text`. */
  readonly greetings: readonly string[];
  readonly greeting: string;
  readonly reprompt: string;
  readonly recordAgent: boolean;
  readonly recordUser: boolean;
  readonly languages: readonly string[];
  readonly noiseSuppression: boolean;
  readonly pipeline?: 'cascade' | 'realtime';
  /** Undefined: `VOICE_BARGE_IN` decides. */
  readonly bargeIn?: boolean;
  readonly tools: readonly AssistantTool[];
  readonly callFlow?: CallFlow;
};

/** `''`: the workspace has none. */
export type VoiceKeys = { readonly deepgram: string; readonly openai: string; readonly elevenlabs: string };

/** The builder's graph (§10); what a node's `data` means is the interpreter's. */
export type CallFlow = {
  readonly nodes: readonly { readonly id: string; readonly type: string; readonly data: Fields }[];
  readonly edges: readonly { readonly source: string; readonly port: string; readonly target: string }[];
};

/** `refused`: the app's own word (4xx, `ok:false`); `no answer`: network, deadline, 5xx, nonsense. */
export type Missing = { readonly kind: 'refused' | 'no answer'; readonly why: string };
export type AssistantAnswer = { readonly kind: 'assistant'; readonly assistant: Assistant } | Missing;
export type Dialled = { readonly kind: 'dialled'; readonly metaCallId: string } | Missing;
export type Claim = 'claimed' | 'taken' | 'refused' | 'unknown' | 'not asked';

/** Which call asks; `token` is the call's own, used while the bridge has none configured (§2). */
export type Asking = { readonly token?: string; readonly signal?: AbortSignal };

export type ReplyQuestion = {
  readonly workspace: string;
  readonly model: string;
  readonly system: string;
  readonly user: string;
  readonly maxTokens: number;
  readonly temperature: number;
  /** `''`: no assistant of a call flow. */
  readonly callAssistantId: string;
};

const SENDABLE = /^[\x21-\x7e]+$/;
const KEYS_NONE: VoiceKeys = { deepgram: '', openai: '', elevenlabs: '' };

const fields = z.record(z.string(), z.unknown());
const assistantAnswer = z.object({ ok: z.literal(true), assistant: fields });

export class VoiceCalls {
  readonly #client: AppClient;

  constructor(client: AppClient) {
    this.#client = client;
  }

  async assistant(id: string, workspace: string, asking: Asking): Promise<AssistantAnswer> {
    const path = `/api/waba-call/assistant/${encodeURIComponent(id)}`;
    const answer = await this.#client.get(path, { workspace_id: workspace }, { timeoutMs: 8_000, ...asking });
    const { data } = assistantAnswer.safeParse(okBody(answer));
    return data ? { kind: 'assistant', assistant: assistantOf(data.assistant) } : missing(answer);
  }

  /** Errors count as no keys at all, and what no header can carry is no key. */
  async keys(workspace: string, asking: Asking): Promise<VoiceKeys> {
    const call = { timeoutMs: 8_000, ...asking };
    const body = mapOf(okBody(await this.#client.get('/api/waba-call/voice-keys', { workspace_id: workspace }, call)));
    if (!body) return KEYS_NONE;
    const key = (name: string) => SENDABLE.exec(textOf(body[name]).trim())?.[0] ?? '';
    return { deepgram: key('deepgram'), openai: key('openai'), elevenlabs: key('elevenlabs') };
  }

  /** Undefined: none is active, or the app does not say. */
  async activeFlow(workspace: string, asking: Asking): Promise<CallFlow | undefined> {
    const call = { timeoutMs: 6_000, ...asking };
    const answer = await this.#client.post('/api/call-flow/active', { workspace_id: workspace }, call);
    return callFlowOf(mapOf(okBody(answer))?.['flow']);
  }

  /** The claim of a ringing row (§4 step 6). Whoever asks twice is told `taken` by his own first claim: VC2. */
  async claim(ids: { call: string; metaCallId: string; assistantId: string }, asking: Asking): Promise<Claim> {
    const body = { wa_call_id: ids.call, meta_call_id: ids.metaCallId, assistant_id: ids.assistantId };
    const answer = await this.#client.post('/api/waba-call/bridge-accepted', body, { timeoutMs: 5_000, ...asking });
    if (answer.kind === 'no answer') return neverSent(answer) ? 'not asked' : 'unknown';
    const claimed = mapOf(okBody(answer))?.['claimed'];
    if (claimed === undefined || claimed === null) return missing(answer).kind === 'refused' ? 'refused' : 'unknown';
    return flagOf(claimed, true) ? 'claimed' : 'taken';
  }

  /** The app dials Meta with this offer; inside, it names the call by `/link-meta` (§5). */
  async dial(offer: { call: string; sdp: string; to: string; assistantId: string }, asking: Asking): Promise<Dialled> {
    const body = { wa_call_id: offer.call, sdp_offer: offer.sdp, to: offer.to, assistant_id: offer.assistantId };
    const answer = await this.#client.post('/api/waba-call/bridge-offer', body, { timeoutMs: 10_000, ...asking });
    const metaCallId = textOf(mapOf(okBody(answer))?.['meta_call_id']).trim();
    return metaCallId === '' ? missing(answer) : { kind: 'dialled', metaCallId };
  }

  /** The language model's answer (§8.3); `''`: none. The prompts are as long as the app takes them. */
  async reply(question: ReplyQuestion, asking: Asking): Promise<string> {
    const body = {
      workspace_id: question.workspace,
      model: cut(question.model, 120),
      system_prompt: question.system,
      user_prompt: question.user,
      max_tokens: question.maxTokens,
      temperature: question.temperature,
      ...(question.callAssistantId !== '' && { call_assistant_id: question.callAssistantId }),
    };
    const answer = await this.#client.post('/api/flow-node/ai-call', body, { timeoutMs: 12_000, ...asking });
    return saidBy(answer, 'reply');
  }

  /** What the web says (§10); `''`: nothing. */
  async search(query: string, asking: Asking): Promise<string> {
    const body = { query: cut(query, 500), max_results: 5 };
    const answer = await this.#client.post('/api/flow-node/web-search', body, { timeoutMs: 10_000, ...asking });
    return saidBy(answer, 'text');
  }
}

/** `''` also when the app says that it went wrong. */
function saidBy(answer: AppAnswer, field: string): string {
  const body = mapOf(okBody(answer)) ?? {};
  return flagOf(body['ok'], true) ? textOf(body[field]).trim() : '';
}

const okBody = (answer: AppAnswer): unknown =>
  answer.kind === 'answer' && answer.status >= 200 && answer.status < 300 ? answer.body : undefined;

function missing(answer: AppAnswer): Missing {
  if (answer.kind === 'no answer') return { kind: 'no answer', why: answer.detail };
  const said = isObject(answer.body) ? textOf(answer.body['error']) : '';
  const why = /^[\w .:-]{1,60}$/.test(said) ? said : `HTTP ${answer.status}`;
  const saysNo =
    (answer.status >= 400 && answer.status < 500) || (isObject(answer.body) && answer.body['ok'] === false);
  return { kind: saysNo && answer.status < 500 ? 'refused' : 'no answer', why };
}

/** Pure; takes whatever the app's JSON can say. */
export function assistantOf(raw: Fields): Assistant {
  const meta = mapOf(raw['meta']) ?? {};
  const text = (name: string) => textOf(raw[name]).trim();
  const voiceProvider = (['elevenlabs', 'openai', 'deepgram'] as const).find((one) => one === text('voice_provider'));
  const sttProvider = (['deepgram', 'openai'] as const).find((one) => one === text('stt_provider'));
  const pipeline = (['cascade', 'realtime'] as const).find((one) => one === textOf(meta['voice_pipeline']).trim());
  const callFlow = callFlowOf(raw['call_flow']);
  return {
    name: text('name'),
    model: text('ai_model'),
    prompt: text('ai_system_prompt'),
    ...(voiceProvider && { voiceProvider }),
    voiceId: text('voice_id'),
    ...(sttProvider && { sttProvider }),
    concise: flagOf(raw['natural_conciseness'], true),
    exitKeywords: textsOf(raw['exit_keywords']),
    goodbye: text('last_greeting'),
    greetings: textsOf(meta['greeting_variations']),
    greeting: text('greeting_text'),
    reprompt: text('reprompt_text'),
    recordAgent: flagOf(raw['record_agent'], false),
    recordUser: flagOf(raw['record_user'], false),
    languages: textsOf(meta['languages']),
    noiseSuppression: flagOf(meta['noise_suppression'], false),
    ...(pipeline && { pipeline }),
    ...(raw['barge_in'] !== undefined && raw['barge_in'] !== null && { bargeIn: flagOf(raw['barge_in'], true) }),
    tools: (listOf(raw['tools']) ?? []).flatMap(toolOf).slice(0, 25),
    ...(callFlow && { callFlow }),
  };
}

const textsOf = (value: unknown): string[] =>
  (listOf(value) ?? []).map((entry) => textOf(entry).trim()).filter((entry) => entry !== '');

function toolOf(raw: unknown): AssistantTool[] {
  if (!isObject(raw)) return [];
  const named = textOf(raw['http_method']).trim().toUpperCase();
  const method = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).find((one) => one === named) ?? 'GET';
  const tool = {
    name: textOf(raw['function_name']).trim(),
    triggers: textsOf(raw['trigger_keywords']),
    method,
    url: textOf(raw['http_url']).trim(),
    headers: Object.fromEntries(
      Object.entries(mapOf(raw['headers']) ?? {}).map(([name, said]) => [name, textOf(said)]),
    ),
    parameters: mapOf(raw['parameters']) ?? {},
  };
  return tool.name === '' || tool.url === '' ? [] : [tool];
}

/** Undefined for what has no node. */
export function callFlowOf(raw: unknown): CallFlow | undefined {
  const flow = mapOf(raw);
  if (!flow) return undefined;
  const nodes = (listOf(flow['flowNodes']) ?? []).filter(isObject).map((node) => ({
    id: textOf(node['id']),
    type: textOf(node['type']),
    data: mapOf(node['data']) ?? {},
  }));
  const edges = (listOf(flow['flowEdges']) ?? []).filter(isObject).map((edge) => ({
    source: textOf(edge['source']),
    port: textOf(edge['sourceHandle']),
    target: textOf(edge['target']),
  }));
  return nodes.length === 0 ? undefined : { nodes, edges };
}
