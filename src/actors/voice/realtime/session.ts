/**
 * What a realtime session is told of its assistant. Pure. Contract voice §9.3, §9.4 (tools).
 *
 *  RS1  The whole prompt goes along, with the rules of calls behind it: here nothing is cut.
 *  RS2  No audio format: on WebRTC the codec is that of the SDP.
 *  RS3  Every tool is a function with a name of its own, in whatever script the assistant's author names it.
 */
import type { Assistant, AssistantTool } from '../../../app-client/voice-calls.ts';
import { type Fields, isObject } from '../../../content/loose.ts';
import { callRules, withoutRegion } from '../manners.ts';

export type RealtimeDefaults = {
  readonly model: string;
  readonly voice: string;
  readonly bargeIn: boolean;
};

const VOICES: ReadonlySet<string> = new Set([
  ...['alloy', 'ash', 'ballad', 'coral', 'echo', 'sage', 'shimmer', 'verse', 'marin', 'cedar'],
]);

export function sessionOf(assistant: Assistant, { model, voice, bargeIn }: RealtimeDefaults) {
  const [language] = assistant.languages;
  return {
    type: 'realtime',
    model: assistant.model.startsWith('gpt-realtime') ? assistant.model : model,
    instructions: `${assistant.prompt}\n\n${callRules(assistant)}`,
    output_modalities: ['audio'],
    audio: {
      input: {
        turn_detection: {
          type: 'server_vad',
          threshold: 0.6,
          prefix_padding_ms: 300,
          silence_duration_ms: 600,
          create_response: true,
          interrupt_response: assistant.bargeIn ?? bargeIn,
          idle_timeout_ms: 20_000,
        },
        transcription: {
          model: 'gpt-4o-transcribe',
          ...(language !== undefined && { language: withoutRegion(language) }),
        },
        noise_reduction: assistant.noiseSuppression ? { type: 'near_field' } : null,
      },
      output: { voice: VOICES.has(assistant.voiceId) ? assistant.voiceId : voice },
    },
    tools: [...functionsOf(assistant.tools)].map(([name, tool]) => functionOf(name, tool)),
  };
}

const LONGEST_NAME = 64;

/** RS3. By the names that the vendor takes; what is taken or says nothing gets the tool's place behind it. */
export function functionsOf(tools: readonly AssistantTool[]): ReadonlyMap<string, AssistantTool> {
  const named = new Map<string, AssistantTool>();
  for (const [at, tool] of tools.entries()) {
    const plain = tool.name.replace(/[^\w-]/g, '_').slice(0, LONGEST_NAME);
    let name = plain;
    for (let n = at + 1; named.has(name) || !/[a-z0-9]/i.test(name); n += 1)
      name = `${plain.slice(0, LONGEST_NAME - 4)}_${n}`;
    named.set(name, tool);
  }
  return named;
}

function functionOf(name: string, tool: AssistantTool) {
  const { triggers, parameters } = tool;
  const description = triggers.length > 0 ? `For: ${triggers.join(', ')}` : tool.name;
  return { type: 'function', name, description, parameters: schemaOf(parameters) };
}

/** A JSON Schema as it is; a plain map becomes properties of text. */
function schemaOf(parameters: Fields): object {
  if (parameters['type'] === 'object' && isObject(parameters['properties'])) return parameters;
  const properties = Object.entries(parameters).map(([name, said]) => [
    name,
    { type: 'string', ...(typeof said === 'string' && said !== '' && { description: said }) },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties) as object };
}
