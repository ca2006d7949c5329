/**
 * A realtime voice vendor as a real server on 127.0.0.1 (facts/voice-ai.md §2): offers for answers over HTTP, then audio and
 * events over WebRTC.
 *
 *  RP1  A session or an event that the vendor would not take is noted in `violations`, and refused as the vendor does.
 *  RP2  `response.create` is answered by speech: stamped packets at their pace, with the events that go with them.
 *       `response.cancel` ends the thinking alone: what is in the buffer is said all the same, until it is cleared.
 *
 * Deliberately not here: understanding; `hear` says what the caller is supposed to have said.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { RTCDataChannel } from 'werift';
import { z } from 'zod';
import { Media, stamped } from '../calls/media.ts';

const Session = z.strictObject({
  type: z.literal('realtime'),
  model: z.string().startsWith('gpt-realtime'),
  instructions: z.string().min(1),
  output_modalities: z.tuple([z.literal('audio')]),
  audio: z.strictObject({
    input: z.strictObject({
      turn_detection: z.strictObject({
        ...{ type: z.literal('server_vad'), threshold: z.literal(0.6), prefix_padding_ms: z.literal(300) },
        ...{ silence_duration_ms: z.literal(600), create_response: z.literal(true), interrupt_response: z.boolean() },
        idle_timeout_ms: z.int().min(5_000).max(30_000),
      }),
      transcription: z.strictObject({ model: z.literal('gpt-4o-transcribe'), language: z.string().optional() }),
      noise_reduction: z.strictObject({ type: z.literal('near_field') }).nullable(),
    }),
    output: z.strictObject({
      voice: z.enum(['alloy', 'ash', 'ballad', 'coral', 'echo', 'sage', 'shimmer', 'verse', 'marin', 'cedar']),
    }),
  }),
  tools: z.array(
    z.strictObject({
      ...{ type: z.literal('function'), name: z.string().regex(/^[\w-]{1,64}$/), description: z.string() },
      parameters: z.looseObject({ type: z.literal('object'), properties: z.record(z.string(), z.unknown()) }),
    }),
  ),
});

const Text = z.tuple([z.strictObject({ type: z.enum(['input_text', 'output_text']), text: z.string().min(1) })]);
const ClientEvent = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('response.create'),
    response: z.strictObject({ instructions: z.string() }).optional(),
  }),
  z.strictObject({ type: z.literal('response.cancel') }),
  z.strictObject({ type: z.literal('output_audio_buffer.clear') }),
  z.strictObject({
    type: z.literal('conversation.item.create'),
    item: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('message'), role: z.enum(['user', 'assistant']), content: Text }),
      z.strictObject({ type: z.literal('function_call_output'), call_id: z.string(), output: z.string() }),
    ]),
  }),
]);
export type RealtimeEvent = z.infer<typeof ClientEvent>;

export type RealtimeFaults = {
  /** The key or the session is refused. */
  readonly refuse?: number;
  /** Connects, and never says `session.created`. */
  readonly mute?: boolean;
};

export class RealtimeCall {
  readonly id = `rtc_${randomBytes(12).toString('hex')}`;
  readonly session: z.infer<typeof Session>;
  readonly media: Media;
  readonly events: RealtimeEvent[] = [];
  hungUp = false;
  /** Packets of one answer, and what they are. */
  frames = 25;
  frame: (n: number) => Buffer = stamped;
  /** What the model says next. */
  reply = 'We are open until six.';
  /** It answers what it hears, as `create_response` says; off where the test says itself what is answered when. */
  answers = false;
  #channel: RTCDataChannel | undefined;
  #items = 0;
  #responses = 0;
  #speech: { readonly response_id: string; readonly end: NodeJS.Timeout; thinks: boolean } | undefined;

  constructor(session: z.infer<typeof Session>, isMute: boolean, violations: string[]) {
    this.session = session;
    this.media = new Media({
      lite: false,
      channel: (channel) => {
        this.#channel = channel;
        channel.onMessage.subscribe((message) => this.#take(message.toString(), violations));
        if (!isMute) setTimeout(() => this.emit({ type: 'session.created', session: {} }), 5);
      },
    });
  }

  emit(event: object): void {
    if (this.#channel?.readyState === 'open') this.#channel.send(JSON.stringify({ event_id: 'event_1', ...event }));
  }

  /** The caller said this; his transcript comes `lateMs` after the end of his turn. */
  hear(transcript: string, lateMs = 0): string {
    this.#items += 1;
    const item_id = `item_${this.#items}`;
    this.emit({ type: 'input_audio_buffer.speech_started', item_id, audio_start_ms: 0 });
    const type = 'conversation.item.input_audio_transcription.completed';
    setTimeout(() => this.emit({ type, item_id, content_index: 0, transcript }), lateMs);
    if (this.answers) this.speak(this.reply);
    return item_id;
  }

  speak(text: string, frames = this.frames): void {
    this.#responses += 1;
    const response_id = `resp_${this.#responses}`;
    this.emit({ type: 'output_audio_buffer.started', response_id });
    this.media.talk(this.frame, frames);
    this.emit({ type: 'response.output_audio_transcript.done', response_id, item_id: 'a', transcript: text });
    const end = setTimeout(() => {
      if (speech.thinks) this.emit({ type: 'response.done', response: { id: response_id, status: 'completed' } });
      speech.thinks = false;
      this.emit({ type: 'output_audio_buffer.stopped', response_id });
      if (this.#speech === speech) this.#speech = undefined;
    }, frames * 20);
    const speech = { response_id, end, thinks: true };
    this.#speech = speech;
  }

  /** The caller interrupts: nothing more is said. */
  interrupt(): void {
    this.#clear();
    this.#cancel();
  }

  async close(): Promise<void> {
    clearTimeout(this.#speech?.end);
    await this.media.close();
  }

  #cancel(): void {
    if (!this.#speech?.thinks)
      return this.emit({ type: 'error', error: { type: 'invalid_request_error', code: 'response_cancel_not_active' } });
    this.#speech.thinks = false;
    this.emit({ type: 'response.done', response: { id: this.#speech.response_id, status: 'cancelled' } });
  }

  #clear(): void {
    if (!this.#speech) return;
    clearTimeout(this.#speech.end);
    this.media.hush();
    this.emit({ type: 'output_audio_buffer.cleared', response_id: this.#speech.response_id });
  }

  #take(message: string, violations: string[]): void {
    const parsed = ClientEvent.safeParse(JSON.parse(message));
    if (!parsed.success) {
      violations.push(`event: ${message.slice(0, 100)}`);
      return this.emit({ type: 'error', error: { type: 'invalid_request_error', code: 'invalid', message: 'no' } });
    }
    this.events.push(parsed.data);
    if (parsed.data.type === 'response.cancel') return this.#cancel();
    if (parsed.data.type === 'output_audio_buffer.clear') return this.#clear();
    if (parsed.data.type !== 'response.create') return;
    const exact = /: (".*")$/.exec(parsed.data.response?.instructions ?? '')?.[1];
    this.speak(exact === undefined ? this.reply : String(JSON.parse(exact)));
  }
}

export interface RealtimePeer {
  /** `VOICE_REALTIME_URL`. */
  readonly url: string;
  readonly key: string;
  readonly calls: RealtimeCall[];
  readonly violations: string[];
  faults: RealtimeFaults;
  close(): Promise<void>;
}

export async function startRealtimePeer(): Promise<RealtimePeer> {
  const calls: RealtimeCall[] = [];
  const violations: string[] = [];
  const app = new Hono();

  app.use('*', async (context, next) => {
    if (context.req.header('authorization') === `Bearer ${peer.key}`) return next();
    return context.json({ error: { message: 'Incorrect API key provided', code: 'invalid_api_key' } }, 401);
  });
  app.post('/v1/realtime/calls', async (context) => {
    const { refuse, mute = false } = peer.faults;
    if (refuse !== undefined) return context.json({ error: { code: 'refused' } }, refuse as 400);
    const form = await context.req.formData();
    const [sdp, session] = [await textOf(form.get('sdp')), await textOf(form.get('session'))];
    const parsed = Session.safeParse(JSON.parse(session || 'null'));
    const problems = parsed.success
      ? []
      : parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
    if (!sdp.includes('webrtc-datachannel')) problems.push('no data channel in the offer');
    if (sdp.includes('telephone-event')) problems.push('keys are offered');
    if (!parsed.success || problems.length > 0) {
      violations.push(...problems.map((problem) => `session: ${problem}`));
      return context.json({ error: { code: 'invalid_session' } }, 400);
    }
    const call = new RealtimeCall(parsed.data, mute, violations);
    calls.push(call);
    const answer = await call.media.answer(sdp);
    context.header('Location', `/v1/realtime/calls/${call.id}`);
    context.header('Content-Type', 'application/sdp');
    return context.body(answer, 201);
  });
  app.post('/v1/realtime/calls/:id/hangup', async (context) => {
    const call = calls.find(({ id }) => id === context.req.param('id'));
    if (!call) return context.json({ error: { code: 'not_found' } }, 404);
    call.hungUp = true;
    await call.close();
    return context.body(null, 200);
  });

  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer: RealtimePeer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/realtime/calls`,
    key: 'sk-realtime-0123456789',
    calls,
    violations,
    faults: {},
    async close() {
      await Promise.all(calls.map((call) => call.close()));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
  return peer;
}

/** A part with a type of its own may come as a file. */
const textOf = async (part: File | string | null): Promise<string> =>
  typeof part === 'string' ? part : part === null ? '' : part.text();
