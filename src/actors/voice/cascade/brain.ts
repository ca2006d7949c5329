/**
 * The assistant's answer to a turn, by the app's language model. Contract voice §8.3, §8.5.
 *
 *  BR1  No answer, or an empty one, is asked for once more after 250 ms; then there is none, and somebody asks the caller.
 *  BR2  A question that was overtaken by a further turn is given up at once.
 *  BR3  A tool that fails leaves the answer as if there was no tool (V-16).
 *
 * Deliberately not here: the words of the prompts (`prompt.ts`), speaking.
 */
import type { Assistant, VoiceCalls } from '../../../app-client/voice-calls.ts';
import { type Clock, sleep } from '../../../clock.ts';
import { callRules } from '../manners.ts';
import type { CallBrief } from '../pipeline.ts';
import { type CallTool, triggered } from '../tools.ts';
import { systemPrompt, userPrompt } from './prompt.ts';
import type { Line } from './talk.ts';

const RETRY_MS = 250;
/** Also in place of models that only speak. */
const MODEL = 'gpt-4o-mini';
/** A call flow may let the assistant speak first. */
const NOTHING_SAID = '(has not said anything yet)';

export type BrainOptions = {
  readonly clock: Clock;
  readonly app: Pick<VoiceCalls, 'reply' | 'search'>;
  readonly brief: CallBrief;
  readonly callTool: CallTool;
};

/** What a step of a call flow asks differently. */
export type Task = {
  readonly model: string;
  readonly prompt: string;
  readonly maxTokens: number;
  readonly temperature: number;
  /** `''`: the assistant itself. */
  readonly callAssistantId: string;
};

export class Brain {
  readonly #o: BrainOptions;

  constructor(options: BrainOptions) {
    this.#o = options;
  }

  /** How the assistant itself answers. */
  task(callAssistantId = ''): Task {
    const { model, prompt, concise } = this.#o.brief.assistant;
    return { model, prompt, maxTokens: concise ? 150 : 300, temperature: 0.4, callAssistantId };
  }

  /** `said`: all so far; the caller's last words are to be answered. Undefined: no answer, or overtaken. */
  async reply(said: readonly Line[], task: Task, overtaken: AbortSignal): Promise<string | undefined> {
    const { brief, app, clock } = this.#o;
    const at = said.findLastIndex(({ role }) => role === 'user');
    const turn = said[at]?.text ?? NOTHING_SAID;
    const context = await this.#context(brief.assistant, turn, overtaken);
    const question = {
      workspace: brief.workspace,
      model: modelOf(task.model || brief.assistant.model),
      system: systemPrompt(task.prompt, callRules(brief.assistant)),
      user: userPrompt(
        said.filter((_, index) => index !== at),
        turn,
        context,
      ),
      maxTokens: task.maxTokens,
      temperature: task.temperature,
      callAssistantId: task.callAssistantId,
    };
    for (const isLast of [false, true]) {
      if (overtaken.aborted) return undefined;
      const reply = await app.reply(question, { signal: overtaken });
      if (reply !== '') return reply;
      if (!isLast) await sleep(clock, RETRY_MS, overtaken).catch(() => undefined);
    }
    return undefined;
  }

  search(query: string, overtaken: AbortSignal): Promise<string> {
    return this.#o.app.search(query, { signal: overtaken });
  }

  async #context({ tools }: Assistant, turn: string, overtaken: AbortSignal): Promise<string> {
    const answers = await Promise.all(
      triggered(tools, turn).map((tool) => this.#o.callTool(tool, tool.parameters, overtaken)),
    );
    return answers.filter((answer) => answer !== undefined).join('\n');
  }
}

const modelOf = (model: string): string => (model === '' || model.startsWith('gpt-realtime') ? MODEL : model);
