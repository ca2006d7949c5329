/**
 * The calls of a bridge with real connections on both sides and nothing else: Meta's loopback peer, the loopback app, and
 * pipelines that the test plays itself.
 *
 * Deliberately not here: real pipelines, routes, the outbox (what calls tell is kept in `told`).
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Calls } from '../../src/actors/voice/calls.ts';
import type { CallWorld } from '../../src/actors/voice/call.types.ts';
import { graphCalls } from '../../src/actors/voice/graph.ts';
import { recordings } from '../../src/actors/voice/recording.ts';
import type { CallBrief, CallLine, Pipeline, PipelineMaker, Ready, RtpPlace } from '../../src/actors/voice/pipeline.ts';
import { openAi } from '../../src/actors/voice/realtime/openai.ts';
import { realtime } from '../../src/actors/voice/realtime/realtime.ts';
import type { CallFact } from '../../src/app-client/callbacks.types.ts';
import { appClient } from '../../src/app-client/client.ts';
import type { CallTool } from '../../src/actors/voice/tools.ts';
import { VoiceCalls } from '../../src/app-client/voice-calls.ts';
import { systemClock } from '../../src/clock.ts';
import { createLog } from '../../src/log.ts';
import { appAgent } from '../../src/net.ts';
import { vendor } from '../../src/net/vendor.ts';
import { type AppPeer, startAppPeer } from '../loopback/app/app-peer.ts';
import { type CallsPeer, type MetaCall, startCallsPeer } from '../loopback/calls/calls-peer.ts';
import type { RealtimePeer } from '../loopback/realtime/realtime-peer.ts';
import { eventually } from './eventually.ts';

export type HouseOptions = Partial<CallWorld> & {
  readonly maxCalls?: number;
  /** The real pipeline B, towards this vendor. */
  readonly vendor?: RealtimePeer;
  readonly callTool?: CallTool;
};

/** A pipeline that does what the test tells it. */
export class PlayedPipeline implements Pipeline {
  readonly line: CallLine;
  readonly brief: CallBrief;
  readonly heardPackets: { readonly payload: Uint8Array; readonly place: RtpPlace }[] = [];
  readonly digits: string[] = [];
  readonly ready: Promise<Ready>;
  begun = 0;
  farewells = 0;
  closed = 0;
  /** When all of it is free once it is closed. */
  freed: Promise<void> = Promise.resolve();

  constructor(brief: CallBrief, line: CallLine, ready: Promise<Ready>) {
    this.brief = brief;
    this.line = line;
    this.ready = ready;
  }
  heard(payload: Uint8Array, place: RtpPlace): void {
    this.heardPackets.push({ payload: Uint8Array.from(payload), place });
  }
  digit(digit: string): void {
    this.digits.push(digit);
  }
  begin(): void {
    this.begun += 1;
  }
  farewell(): void {
    this.farewells += 1;
  }
  close(): Promise<void> {
    this.closed += 1;
    return this.freed;
  }
}

export class CallHouse {
  readonly meta: CallsPeer;
  readonly app: AppPeer;
  readonly calls: Calls;
  readonly told: CallFact[] = [];
  readonly logged: string[] = [];
  readonly opened: { readonly name: string; readonly pipeline: PlayedPipeline }[] = [];
  readonly metered: string[] = [];
  /** How the next pipelines fare. */
  ready: Record<'cascade' | 'realtime', () => Promise<Ready>> = {
    cascade: () => Promise.resolve({ kind: 'ready' }),
    realtime: () => Promise.resolve({ kind: 'ready' }),
  };
  /** Made with the first recording, gone with the house. */
  readonly recordings = join(tmpdir(), `call-house-${randomUUID()}`);
  readonly #close: () => Promise<void>;
  #count = 0;

  private constructor(meta: CallsPeer, app: AppPeer, options: HouseOptions) {
    this.meta = meta;
    this.app = app;
    const connections = appAgent(40);
    const graph = vendor({ connections: 40, clock: systemClock });
    const client = appClient({ baseUrl: app.url, token: app.token, connections, clock: systemClock });
    const log = createLog({ level: 'trace', stream: { write: (line) => this.logged.push(line) } });
    const maker = (name: 'cascade' | 'realtime'): PipelineMaker => ({
      missing: ({ keys }) =>
        name === 'realtime' ? (keys.openai ? [] : ['openai']) : keys.deepgram ? [] : ['stt', 'tts'],
      open: (brief, line) => {
        const pipeline = new PlayedPipeline(brief, line, this.ready[name]());
        this.opened.push({ name, pipeline });
        return pipeline;
      },
    });
    const { maxCalls = 30, vendor: realtimePeer, callTool = () => Promise.resolve(undefined), ...world } = options;
    const relayed =
      realtimePeer &&
      realtime({
        vendor: openAi({ vendor: graph, url: realtimePeer.url, clock: systemClock }),
        defaults: { model: 'gpt-realtime', voice: 'marin', bargeIn: true },
        ...{ ice: { stunUrls: [], local: true }, callTool, clock: systemClock, log, random: () => 0 },
      });
    this.calls = new Calls({
      maxCalls,
      world: {
        app: new VoiceCalls(client),
        graph: graphCalls({ vendor: graph, baseUrl: meta.url, clock: systemClock }),
        tell: (fact) => this.told.push(fact),
        makers: { cascade: maker('cascade'), realtime: relayed ?? maker('realtime') },
        preferred: 'cascade',
        openRecording: recordings({ folders: [this.recordings], mode: 0o640 }, { clock: systemClock, log }),
        ice: { stunUrls: [], local: true },
        longestMs: 3_600_000,
        meter: {
          setUp: (ms) => this.metered.push(`set up in ${ms.toFixed(0)} ms`),
          firstWord: () => this.metered.push('first word'),
          ended: (outcome, { heard, said }) => this.metered.push(`${outcome}, heard: ${heard > 0}, said: ${said > 0}`),
        },
        clock: systemClock,
        log,
        ...world,
      },
    });
    this.#close = async () => {
      await this.calls.stop();
      await meta.close();
      await Promise.all([graph.close(), connections.close()]);
      await app.close();
      rmSync(this.recordings, { recursive: true, force: true });
    };
    app.answers.calls.assistants.set('5', { id: 5, name: 'Ada', greeting_text: 'Good morning!' });
    app.answers.calls.keys = { deepgram: 'dg-key-0123456789', openai: 'sk-key-0123456789', elevenlabs: '' };
  }

  static async open(options: HouseOptions = {}): Promise<CallHouse> {
    return new CallHouse(await startCallsPeer(), await startAppPeer(), options);
  }

  close(): Promise<void> {
    return this.#close();
  }

  newId(): string {
    this.#count += 1;
    return String(7_000 + this.#count);
  }

  /** A customer calls, and the app has the bridge answer. */
  async incoming(more: { readonly sdp?: string; readonly assistantId?: string } = {}): Promise<{
    readonly call: MetaCall;
    readonly id: string;
    readonly request: Parameters<Calls['answer']>[0];
  }> {
    const { call, offer } = await this.meta.incoming();
    const id = this.newId();
    const request = {
      ...{ call: id, metaCallId: call.id, workspace: '3', assistantId: '5', sdp: offer },
      ...{ callerPhone: '5511912345678', calleePhone: '4915512345678' },
      ...this.access(),
      ...more,
    };
    this.calls.answer(request);
    return { call, id, request };
  }

  access() {
    return { metaToken: this.meta.token, phoneNumberId: '109', graphVersion: 'v23.0' };
  }

  get pipeline(): PlayedPipeline {
    const last = this.opened.at(-1);
    if (!last) throw new Error('no pipeline was opened');
    return last.pipeline;
  }

  errorsOf(id: string): string[] {
    return this.told.flatMap((fact) => (fact.kind === 'call error' && fact.call === id ? [fact.reason] : []));
  }

  async talking(call: MetaCall): Promise<PlayedPipeline> {
    await eventually(() => call.words.includes('accept') && this.pipeline.begun === 1, {
      ...{ what: 'the call talks', withinMs: 8_000, everyMs: 5 },
    });
    return this.pipeline;
  }

  /** No call is left. */
  async quiet(withinMs = 12_000): Promise<void> {
    await eventually(() => this.calls.stats().live === 0, { what: 'no call is left', withinMs, everyMs: 10 });
  }
}
