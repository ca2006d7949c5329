/**
 * Pipeline A: the caller's Opus to PCM, to text, to the app's language model, to speech, to Opus. Contract voice §8, §10.
 *
 *  CA1  It works with whatever keys there are: one engine that listens and one that speaks are enough (V-04).
 *  CA2  With barge-in the caller is always heard and may interrupt; without, he is not heard while the assistant speaks.
 *  CA3  It ends once: by what was said, by silence, by the longest duration or for lack of an engine, each time with a
 *       goodbye if there is a voice left; no vendor is connected to afterwards (V-21).
 *  CA4  `close` frees the codec, every timer and every socket, at whatever moment it comes.
 *
 * Deliberately not here: the call itself (`../call.ts`), recording.
 */
import type { VoiceCalls } from '../../../app-client/voice-calls.ts';
import { type Clock, sleep } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { OpenSocket } from '../../../net/socket.ts';
import type { Streams } from '../../../net/streamed.ts';
import { goodbyeOf, greetingOf, wantsToEnd } from '../manners.ts';
import { type Codec, openCodec } from '../opus.ts';
import type { CallBrief, CallLine, Pipeline, PipelineMaker, Ready, RtpPlace } from '../pipeline.ts';
import type { CallTool } from '../tools.ts';
import { Track } from '../track.ts';
import { BargeIn } from './barge-in.ts';
import { Brain } from './brain.ts';
import { FlowInterpreter } from './call-flow.ts';
import { converse, GOODBYE_MS } from './conversation.ts';
import { runFlow } from './flow-run.ts';
import { Hearing } from './hearing.ts';
import { listenEngines, type VendorUrls } from './listen/engines.ts';
import { Listening } from './listen/listening.ts';
import { Mouth } from './mouth.ts';
import { speakEngines } from './speak/engines.ts';
import { Voices } from './speak/voices.ts';
import { type Ending, Talk } from './talk.ts';
import { Turns } from './turns.ts';

const REPROMPT = 'Sorry, I did not hear you. Could you say that again?';

export type CascadeOptions = {
  readonly clock: Clock;
  readonly open: OpenSocket;
  readonly streams: Streams;
  readonly app: Pick<VoiceCalls, 'reply' | 'search'>;
  readonly callTool: CallTool;
  readonly urls: VendorUrls;
  /** `VOICE_BARGE_IN`; the assistant's own word wins. */
  readonly bargeIn: boolean;
  readonly log: Log;
  /** 0..1. */
  readonly random: () => number;
};

export const cascade = (options: CascadeOptions): PipelineMaker => ({
  missing: ({ keys }) => [
    ...(keys.deepgram || keys.openai ? [] : ['stt']),
    ...(keys.deepgram || keys.openai || keys.elevenlabs ? [] : ['tts']),
  ],
  open: (brief, line) => new Cascade(options, brief, line),
});

class Cascade implements Pipeline {
  readonly ready: Promise<Ready> = Promise.resolve({ kind: 'ready' });
  readonly #o: CascadeOptions;
  readonly #brief: CallBrief;
  readonly #line: CallLine;
  readonly #codec: Codec = openCodec();
  readonly #closed = new AbortController();
  readonly #bargeIn: BargeIn | undefined;
  readonly #mouth: Mouth;
  readonly #turns: Turns;
  readonly #talk: Talk;
  readonly #brain: Brain;
  readonly #hearing: Hearing;
  readonly #listening: Listening;
  /** Connections that were let go of and are not gone yet. */
  readonly #leaving = new Set<Promise<void>>();
  #phase: 'new' | 'talking' | 'ending' = 'new';

  constructor(options: CascadeOptions, brief: CallBrief, line: CallLine) {
    const { clock, streams, urls, log } = options;
    const { assistant, keys } = brief;
    this.#o = options;
    this.#brief = brief;
    this.#line = line;
    const open: OpenSocket = (address, events) => {
      const socket = options.open(address, events);
      return { ...socket, close: () => this.#noteLeaving(socket.close()) };
    };
    this.#bargeIn = (assistant.bargeIn ?? options.bargeIn) ? new BargeIn() : undefined;
    this.#mouth = new Mouth({
      clock,
      codec: this.#codec,
      voices: new Voices({
        engines: speakEngines(assistant, keys, urls, { clock, open, streams }),
        trouble: (engine, reason) => log.warn({ engine, reason }, 'a speaking engine fails a call'),
      }),
      play: (opus) => line.play(opus),
      told: (text, at) => this.#talk.told(text, at),
    });
    this.#turns = new Turns(clock, (turn) => this.#talk.completed(turn));
    const reprompt = assistant.reprompt || REPROMPT;
    this.#talk = new Talk({ mouth: this.#mouth, turns: this.#turns, line, reprompt });
    this.#brain = new Brain({ clock, app: options.app, brief, callTool: options.callTool });
    this.#hearing = new Hearing({ clock, track: new Track(this.#codec), heard: (pcm) => this.#hear(pcm) });
    this.#listening = new Listening({
      clock,
      open,
      engines: listenEngines(assistant, keys, urls),
      final: (text) => this.#final(text),
      trouble: (engine, reason) => log.warn({ engine, reason }, 'a listening engine was lost in a call'),
      lost: () => void this.#end({ why: 'no listening engine', goodbye: goodbyeOf(assistant), afterMs: GOODBYE_MS }),
    });
  }

  heard(opus: Uint8Array, place: RtpPlace): void {
    if (this.#phase === 'talking') this.#hearing.take(opus, place);
  }

  digit(digit: string): void {
    if (this.#phase !== 'talking') return;
    this.#turns.digit(digit);
    if (this.#bargeIn) this.#mouth.cut();
  }

  begin(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'talking';
    void this.#run().then(
      (ending) => this.#end(ending),
      (error: unknown) => {
        // A mistake of ours ends this call, not the process with all others in it.
        this.#o.log.error({ err: error }, 'a call failed');
        this.#line.hangUp('internal error', 'internal error');
      },
    );
  }

  farewell(): void {
    const goodbye = goodbyeOf(this.#brief.assistant);
    void this.#end({ why: 'maximum duration', goodbye, afterMs: GOODBYE_MS });
  }

  async close(): Promise<void> {
    this.#phase = 'ending';
    if (!this.#closed.signal.aborted) {
      this.#closed.abort();
      this.#quiet();
      this.#codec.close();
    }
    await Promise.all(this.#leaving);
  }

  async #run(): Promise<Ending> {
    const { assistant, flow: graph, callerPhone, calleePhone } = this.#brief;
    const [talk, brain] = [this.#talk, this.#brain];
    const conversation = (greeting: string, callAssistantId?: string) =>
      converse({ talk, brain, assistant, task: brain.task(callAssistantId), greeting });
    if (!graph) {
      this.#listen();
      return conversation(greetingOf(assistant, this.#o.random));
    }
    const flow = new FlowInterpreter(graph, (said) => wantsToEnd(said, assistant));
    const first = flow.start({ caller_phone: callerPhone, callee_phone: calleePhone });
    if (first.effect.kind !== 'hang up' && first.effect.kind !== 'end') this.#listen();
    const result = await runFlow({ talk, brain, flow, first, goodbye: goodbyeOf(assistant) });
    return result.kind === 'left' ? conversation('', result.callAssistantId) : result.ending;
  }

  #listen(): void {
    this.#hearing.begin();
    this.#listening.begin();
  }

  #hear(pcm: Int16Array): void {
    if (this.#bargeIn || !this.#mouth.isSpeaking) this.#listening.hear(pcm);
    if (this.#bargeIn?.hear(pcm, this.#mouth.heardForMs)) this.#mouth.cut();
  }

  #final(text: string): void {
    if (this.#bargeIn || !this.#mouth.isSpeaking) this.#turns.final(text);
  }

  /** CA3 */
  async #end(ending: Ending): Promise<void> {
    if (!ending || this.#phase === 'ending') return;
    this.#phase = 'ending';
    this.#quiet();
    const said = ending === 'dumb' ? 'dumb' : await this.#goodbye(ending.goodbye);
    if (this.#closed.signal.aborted) return;
    if (ending === 'dumb') return this.#line.hangUp('no speaking engine', 'text to speech failed');
    const isOpen = await sleep(this.#o.clock, said === 'dumb' ? 0 : ending.afterMs, this.#closed.signal).then(
      () => true,
      () => false,
    );
    if (isOpen) this.#line.hangUp(ending.why, said === 'dumb' ? 'text to speech failed' : undefined);
  }

  async #goodbye(text: string): Promise<'said' | 'dumb'> {
    return text !== '' && (await this.#mouth.say(text)) === 'dumb' ? 'dumb' : 'said';
  }

  async #noteLeaving(gone: Promise<void>): Promise<void> {
    this.#leaving.add(gone);
    await gone;
    this.#leaving.delete(gone);
  }

  /** Nobody is heard any more, and what is being said ends. */
  #quiet(): void {
    this.#talk.over();
    this.#listening.close();
    this.#hearing.close();
  }
}
