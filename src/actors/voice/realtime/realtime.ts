/**
 * Pipeline B: the caller's packets go to a realtime model and its packets come back, untouched; this file only speaks about
 * them. Contract voice §9.
 *
 *  RT1  The vendor hears and answers by itself; the bridge says greeting and goodbye, runs tools, and tells turns.
 *  RT2  It ends once: an exit keyword, the third silence, a second failed response, the longest duration, each with a
 *       goodbye that is heard to its end (10 s at most), said by the second vendor where the first was just lost; a vendor
 *       that is lost twice, or while the call is left, ends it without one.
 *  RT3  A lost vendor is connected to once more and told the last 12 turns (§9.5), also before the gate is open. Of a
 *       greeting that the first one took along nothing was told: then it is the second one that greets.
 *
 * Deliberately not here: the connection (vendor-leg.ts), silence while nothing is said (../line.ts), recording.
 */
import type { VoiceKeys } from '../../../app-client/voice-calls.ts';
import type { Clock, Timer } from '../../../clock.ts';
import { mapOf } from '../../../content/loose.ts';
import type { Log } from '../../../log.ts';
import { goodbyeOf, greetingOf, wantsToEnd } from '../manners.ts';
import { samplesOf } from '../opus-toc.ts';
import type { IceSettings } from '../peer.ts';
import type { CallBrief, CallLine, Pipeline, PipelineMaker, Ready, RtpPlace } from '../pipeline.ts';
import type { CallTool } from '../tools.ts';
import { exactly, HUSH, say, textItem, toolOutput, type VendorEvent } from './events.ts';
import type { RealtimeVendor } from './openai.ts';
import { functionsOf, type RealtimeDefaults, sessionOf } from './session.ts';
import { type Turn, TurnOrder } from './turn-order.ts';
import { VendorLeg } from './vendor-leg.ts';

export type RealtimeOptions = {
  readonly vendor: RealtimeVendor;
  readonly defaults: RealtimeDefaults;
  readonly ice: IceSettings;
  readonly callTool: CallTool;
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1. */
  readonly random: () => number;
};

export const realtime = (options: RealtimeOptions): PipelineMaker => ({
  missing: ({ keys }: { readonly keys: VoiceKeys }) => (keys.openai === '' ? ['openai'] : []),
  open: (brief, line) => new Realtime(options, brief, line),
});

const AFTER_GOODBYE_MS = 1_500;
const LONGEST_GOODBYE_MS = 10_000;
const KEPT_TURNS = 12;
const SILENCES = 3;
const TOOL_TEXT = 3_000;

class Realtime implements Pipeline {
  readonly ready: Promise<Ready>;
  readonly #o: RealtimeOptions;
  readonly #brief: CallBrief;
  readonly #line: CallLine;
  readonly #turns: TurnOrder;
  readonly #told: Turn[] = [];
  readonly #closed = new AbortController();
  #leg: VendorLeg;
  #phase: 'new' | 'talking' | 'leaving' = 'new';
  #why = '';
  #reconnected = false;
  #hasGreeted = false;
  #silences = 0;
  #failures = 0;
  #spokeAt: number | undefined;
  /** The response that has been heard beginning since the call is being left; what began before ends nothing. */
  #goodbye: string | undefined;
  #oddFrames = false;
  #timer: Timer | undefined;

  constructor(options: RealtimeOptions, brief: CallBrief, line: CallLine) {
    this.#o = options;
    this.#brief = brief;
    this.#line = line;
    this.#turns = new TurnOrder(options.clock, (turn) => {
      this.#told.push(turn);
      line.turn(turn);
    });
    this.#leg = this.#connect();
    this.ready = this.#leg.ready;
  }

  heard(opus: Uint8Array, place: RtpPlace): void {
    this.#leg.hear(opus, place);
  }

  digit(digit: string): void {
    if (this.#phase !== 'talking') return;
    this.#leg.send(textItem('user', `pressed ${digit}`));
    this.#leg.send(say());
  }

  begin(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'talking';
    this.#onceReady(() => this.#greet());
  }

  farewell(): void {
    this.#leave('the longest call is over');
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#turns.close();
    if (this.#timer) this.#o.clock.clearTimeout(this.#timer);
    await this.#leg.close();
  }

  /** What is to be said at once, or as soon as the vendor is there. One that never is, or has been replaced, hears nothing. */
  #onceReady(speak: () => void): void {
    const leg = this.#leg;
    void leg.ready.then(({ kind }) => {
      if (kind === 'ready' && leg === this.#leg && !this.#closed.signal.aborted) speak();
    });
  }

  #greet(): void {
    if (this.#phase !== 'talking' || this.#hasGreeted) return;
    this.#hasGreeted = true;
    this.#leg.send(say(exactly(greetingOf(this.#brief.assistant, this.#o.random))));
  }

  #connect(): VendorLeg {
    const { vendor, defaults, ice, clock } = this.#o;
    const { assistant, keys } = this.#brief;
    const leg: VendorLeg = new VendorLeg({
      ...{ vendor, ice, clock, key: keys.openai, session: sessionOf(assistant, defaults) },
      opus: (payload, place) => this.#play(payload, place),
      event: (event) => this.#hear(event),
      lost: (why) => void this.#lost(leg, why),
    });
    return leg;
  }

  #play(opus: Uint8Array, place: RtpPlace): void {
    if (!this.#oddFrames && samplesOf(opus) !== 960) {
      this.#oddFrames = true;
      this.#o.log.info({ id: this.#brief.call, ms: samplesOf(opus) / 48 }, 'the vendor sends frames other than 20 ms');
    }
    this.#line.play(opus, place);
  }

  #hear(event: VendorEvent): void {
    const { clock, log } = this.#o;
    switch (event.type) {
      case 'session.created':
        return;
      case 'output_audio_buffer.cleared':
        if (event.response_id === this.#goodbye) this.#goodbye = undefined;
        return;
      case 'input_audio_buffer.speech_started':
        this.#silences = 0;
        return this.#turns.began(event.item_id);
      case 'conversation.item.input_audio_transcription.completed':
        this.#turns.user(event.item_id, event.transcript);
        if (wantsToEnd(event.transcript, this.#brief.assistant)) this.#leave('exit keyword');
        return;
      case 'conversation.item.input_audio_transcription.failed':
        return this.#turns.user(event.item_id, '');
      case 'output_audio_buffer.started':
        this.#spokeAt = clock.now();
        if (this.#isLeaving) this.#goodbye = event.response_id;
        return;
      case 'response.output_audio_transcript.done':
        this.#turns.agent(event.transcript, this.#spokeAt ?? clock.now());
        this.#spokeAt = undefined;
        return;
      case 'output_audio_buffer.stopped':
        if (this.#isLeaving && event.response_id === this.#goodbye) this.#hangUpIn(AFTER_GOODBYE_MS);
        return;
      case 'response.function_call_arguments.done':
        return void this.#run(event.call_id, event.name, event.arguments);
      case 'input_audio_buffer.timeout_triggered':
        // Before the gate is open nobody can have been heard.
        if (this.#phase === 'talking') this.#silences += 1;
        if (this.#silences >= SILENCES) this.#leave('silence');
        return;
      case 'response.done':
        return this.#responded(event.response.status);
      case 'error':
        return log.warn({ id: this.#brief.call, reason: event.error.code ?? event.error.type }, 'a realtime error');
      default:
        return event satisfies never;
    }
  }

  #responded(status: string): void {
    if (this.#isLeaving) return;
    if (status !== 'failed') {
      this.#failures = 0;
      return;
    }
    this.#failures += 1;
    if (this.#failures > 1) this.#leave('the model fails');
    else this.#leg.send(say());
  }

  async #run(callId: string, name: string, parameters: string): Promise<void> {
    const tool = functionsOf(this.#brief.assistant.tools).get(name);
    const { signal } = this.#closed;
    const text = tool && (await this.#o.callTool(tool, mapOf(parameters) ?? {}, signal));
    if (signal.aborted || this.#isLeaving) return;
    this.#leg.send(toolOutput(callId, text?.slice(0, TOOL_TEXT) ?? 'There is no answer.'));
    this.#leg.send(say());
  }

  /** RT2 */
  #leave(why: string): void {
    if (this.#isLeaving) return;
    this.#phase = 'leaving';
    this.#why = why;
    this.#onceReady(() => {
      for (const event of HUSH) this.#leg.send(event);
      this.#leg.send(say(exactly(goodbyeOf(this.#brief.assistant))));
      this.#hangUpIn(LONGEST_GOODBYE_MS);
    });
  }

  /** Asked anew after every wait. */
  get #isLeaving(): boolean {
    return this.#phase === 'leaving';
  }

  #hangUpIn(ms: number): void {
    const { clock } = this.#o;
    if (this.#timer) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.#line.hangUp(this.#why), ms);
  }

  /** RT3 */
  async #lost(leg: VendorLeg, why: string): Promise<void> {
    if (this.#closed.signal.aborted || leg !== this.#leg) return;
    if (this.#isLeaving) return this.#line.hangUp(this.#why);
    this.#o.log.warn({ id: this.#brief.call, reason: why }, 'the realtime vendor was lost');
    if (this.#reconnected) return this.#line.hangUp('vendor lost', 'realtime_lost');
    this.#reconnected = true;
    if (!this.#told.some(({ role }) => role === 'agent')) this.#hasGreeted = false;
    const next = this.#connect();
    this.#leg = next;
    const [ready] = await Promise.all([next.ready, leg.close()]);
    if (this.#closed.signal.aborted) return;
    if (ready.kind === 'failed')
      return this.#isLeaving
        ? this.#line.hangUp(this.#why)
        : this.#line.hangUp('vendor lost', 'realtime_lost', ready.badKey);
    for (const { role, text } of this.#told.slice(-KEPT_TURNS))
      if (text.trim() !== '') next.send(textItem(role === 'agent' ? 'assistant' : 'user', text));
    this.#greet();
  }
}
