/**
 * What a realtime session is told of its assistant. Pure. Contract voice §9.3, §9.4 (tools).
 *
 *  RS1  The whole prompt goes along, with the rules of calls behind it: here nothing is cut.
 *  RS2  No audio format: on WebRTC the codec is that of the SDP.
 */
import type { Assistant, AssistantTool } from '../../../app-client/voice-calls.ts';
import { type Fields, isObject } from '../../../content/loose.ts';
import { callRules } from '../manners.ts';

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
        transcription: { model: 'gpt-4o-transcribe', ...(language !== undefined && { language }) },
        noise_reduction: assistant.noiseSuppression ? { type: 'near_field' } : null,
      },
      output: { voice: VOICES.has(assistant.voiceId) ? assistant.voiceId : voice },
    },
    tools: assistant.tools.map(functionOf),
  };
}

/** The vendor's rule for names of functions. */
export const functionName = ({ name }: AssistantTool): string => name.replace(/[^\w-]/g, '_').slice(0, 64);

function functionOf(tool: AssistantTool) {
  const { triggers, parameters } = tool;
  const description = triggers.length > 0 ? `For: ${triggers.join(', ')}` : tool.name;
  return { type: 'function', name: functionName(tool), description, parameters: schemaOf(parameters) };
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
