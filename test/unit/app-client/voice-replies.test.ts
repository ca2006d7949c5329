/** What pipeline A asks the app for in a call. Contract voice §3, §8.3, §10. */
import { expect, it } from 'vitest';
import type { AppAnswer, Call } from '../../../src/app-client/client.ts';
import { VoiceCalls } from '../../../src/app-client/voice-calls.ts';

function app(answer: AppAnswer) {
  const posts: { path: string; body: unknown; call: Call }[] = [];
  const calls = new VoiceCalls({
    get: () => Promise.resolve(answer),
    post: (path, body, call) => {
      posts.push({ path, body, call });
      return Promise.resolve(answer);
    },
  });
  return { calls, posts };
}
const answered = (body: unknown, status = 200): AppAnswer => ({ kind: 'answer', status, body });
const question = {
  ...{ workspace: '3', model: 'm', system: 's', user: 'u', maxTokens: 150, temperature: 0.4, callAssistantId: '' },
};

it('asks for a reply within 12 s, with the assistant of a call flow only when there is one', async () => {
  const { calls, posts } = app(answered({ ok: true, reply: ' Yes. ' }));
  expect(await calls.reply(question, {})).toBe('Yes.');
  await calls.reply({ ...question, callAssistantId: '9' }, {});
  expect(posts.map(({ body }) => body)).toEqual([
    { workspace_id: '3', model: 'm', system_prompt: 's', user_prompt: 'u', max_tokens: 150, temperature: 0.4 },
    expect.objectContaining({ call_assistant_id: '9' }),
  ]);
  expect(posts[0]).toMatchObject({ path: '/api/flow-node/ai-call', call: { timeoutMs: 12_000 } });
});

it('V-35 keys go into headers: what no header can carry is no key', async () => {
  const { calls } = app(answered({ ok: true, deepgram: ' dg-1 ', openai: 'sk€', elevenlabs: 'el\nx: y' }));
  expect(await calls.keys('3', {})).toEqual({ deepgram: 'dg-1', openai: '', elevenlabs: '' });
});

it('searches within 10 s, with no more than the app takes', async () => {
  const { calls, posts } = app(answered({ ok: true, text: 'sunny', note: 'x' }));
  expect(await calls.search('w'.repeat(900), {})).toBe('sunny');
  expect(posts).toEqual([
    {
      ...{ path: '/api/flow-node/web-search', body: { query: 'w'.repeat(500), max_results: 5 } },
      call: { timeoutMs: 10_000 },
    },
  ]);
});

it.each<[string, AppAnswer]>([
  ['an error', answered({ ok: false, error: 'provider_failed', reply: 'Sorry' }, 502)],
  ['a 200 that says no', answered({ ok: false, reply: 'Sorry', text: 'Sorry' })],
  ['nothing', answered({ ok: true })],
  ['a page', answered('<html>')],
  ['no answer', { kind: 'no answer', why: 'timeout', detail: 'timeout' }],
])('is told nothing by %s', async (_, answer) => {
  const { calls } = app(answer);
  expect([await calls.reply(question, {}), await calls.search('x', {})]).toEqual(['', '']);
});
