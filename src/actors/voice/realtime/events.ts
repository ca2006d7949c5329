/**
 * What a realtime vendor says over its data channel, of which a call needs a few words. Pure. Contract voice §9.4.
 *
 *  RE1  Whatever is not known or not readable is nothing: vendors add events at any time.
 */
import { z } from 'zod';
import { lenientJson } from '../../../net.ts';

const id = z.string().catch('');
const said = z.object({ item_id: id, transcript: z.string() });

const KNOWN = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session.created') }),
  z.object({ type: z.literal('input_audio_buffer.speech_started'), item_id: id }),
  z.object({ type: z.literal('input_audio_buffer.timeout_triggered') }),
  z.object({ type: z.literal('output_audio_buffer.started'), response_id: id }),
  z.object({ type: z.literal('output_audio_buffer.stopped'), response_id: id }),
  z.object({ type: z.literal('output_audio_buffer.cleared'), response_id: id }),
  z.object({ type: z.literal('conversation.item.input_audio_transcription.completed'), ...said.shape }),
  z.object({ type: z.literal('conversation.item.input_audio_transcription.failed'), item_id: id }),
  z.object({ type: z.literal('response.output_audio_transcript.done'), ...said.shape }),
  z.object({
    type: z.literal('response.function_call_arguments.done'),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string().catch(''),
  }),
  z.object({ type: z.literal('response.done'), response: z.object({ status: z.string().catch('') }) }),
  z.object({ type: z.literal('error'), error: z.object({ type: id, code: z.string().nullish().catch('') }) }),
]);

export type VendorEvent = z.infer<typeof KNOWN>;

export const vendorEvent = (message: string): VendorEvent | undefined => KNOWN.safeParse(lenientJson(message)).data;

/** What the bridge says. */
export type ClientEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

export const say = (instructions?: string): ClientEvent => ({
  type: 'response.create',
  ...(instructions !== undefined && { response: { instructions } }),
});

/** Ends what is thought, and what of it is still in the vendor's buffer. */
export const HUSH: readonly ClientEvent[] = [{ type: 'response.cancel' }, { type: 'output_audio_buffer.clear' }];

export const exactly = (text: string): string =>
  `Say exactly the following, word for word, and nothing else: ${JSON.stringify(text)}`;

export const textItem = (role: 'user' | 'assistant', text: string): ClientEvent => ({
  type: 'conversation.item.create',
  item: { type: 'message', role, content: [{ type: role === 'user' ? 'input_text' : 'output_text', text }] },
});

export const toolOutput = (callId: string, output: string): ClientEvent => ({
  type: 'conversation.item.create',
  item: { type: 'function_call_output', call_id: callId, output },
});
