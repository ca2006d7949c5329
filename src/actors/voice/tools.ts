/**
 * The URLs that an assistant may call, for both pipelines. Contract voice §8.5, §9.4.
 *
 *  TO1  Every call goes through the guard of what is fetched for others (V-16), once, and ends within 8 s.
 *  TO2  Whatever goes wrong is no answer; the call goes on without it.
 */
import type { AssistantTool } from '../../app-client/voice-calls.ts';
import type { Clock } from '../../clock.ts';
import { type Fields, textOf } from '../../content/loose.ts';
import type { Egress } from '../../net/egress.ts';
import { guardedRequest } from '../../net/guarded-request.ts';

const TIMEOUT_MS = 8_000;
const LARGEST_ANSWER = 64 * 1024;

/** The answer's text; undefined: there is none. */
export type CallTool = (tool: AssistantTool, parameters: Fields, signal: AbortSignal) => Promise<string | undefined>;

/** Those with a trigger keyword in what was said. */
export function triggered(tools: readonly AssistantTool[], said: string): readonly AssistantTool[] {
  const text = said.toLowerCase();
  return tools.filter(({ triggers }) => triggers.some((keyword) => text.includes(keyword.toLowerCase())));
}

export function toolCaller({ egress, clock }: { readonly egress: Egress; readonly clock: Clock }): CallTool {
  return async ({ method, url, headers }, parameters, signal) => {
    if (!URL.canParse(url)) return undefined;
    const target = new URL(url);
    const inQuery = method === 'GET' || method === 'DELETE';
    if (inQuery) for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, wordOf(value));
    const answer = await guardedRequest(target.href, {
      egress,
      clock,
      method,
      headers: { ...(!inQuery && { 'content-type': 'application/json' }), ...lowered(headers) },
      ...(!inQuery && { body: JSON.stringify(parameters) }),
      timeoutMs: TIMEOUT_MS,
      largest: LARGEST_ANSWER,
      signal,
    });
    return answer.kind === 'answer' && answer.status >= 200 && answer.status < 300 ? answer.text : undefined;
  };
}

/** Names in one case, so that the author's type of a body replaces ours instead of standing beside it. */
const lowered = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const wordOf = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? JSON.stringify(value)
    : typeof value === 'boolean'
      ? String(value)
      : textOf(value);
