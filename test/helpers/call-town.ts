/**
 * A whole bridge that takes calls: Meta's side, the realtime vendor, the speech vendors and the app around it, all on this
 * machine.
 *
 * Deliberately not here: numbers and messages (stage.ts).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type AppPeer, startAppPeer } from '../loopback/app/app-peer.ts';
import type { Json, Reply } from '../loopback/app/call.types.ts';
import { type CallsPeer, type MetaCall, startCallsPeer } from '../loopback/calls/calls-peer.ts';
import { type RealtimePeer, startRealtimePeer } from '../loopback/realtime/realtime-peer.ts';
import { type SpeechPeer, startSpeechPeer } from '../loopback/speech/speech-peer.ts';
import { Bridge } from './bridge.ts';
import type { Answer } from './json-http.ts';

export type TownOptions = {
  readonly env?: Record<string, string>;
  readonly preload?: readonly string[];
  /** Of two files (bridge.ts). */
  readonly quick?: boolean;
};

export class CallTown {
  readonly meta: CallsPeer;
  readonly vendor: RealtimePeer;
  readonly speech: SpeechPeer;
  readonly app: AppPeer;
  readonly bridge: Bridge;
  readonly dir: string;
  readonly #close: () => Promise<void>;
  /** How the app dials, by its ids. */
  readonly #dials = new Map<string, (body: Json) => Promise<Reply>>();
  #count = 0;

  private constructor(
    parts: Pick<CallTown, 'meta' | 'vendor' | 'speech' | 'app' | 'bridge' | 'dir'>,
    close: () => Promise<void>,
  ) {
    this.meta = parts.meta;
    this.vendor = parts.vendor;
    this.speech = parts.speech;
    this.app = parts.app;
    this.bridge = parts.bridge;
    this.dir = parts.dir;
    this.#close = close;
    this.app.answers.calls.keys = { deepgram: 'dg-key', openai: 'sk-key', elevenlabs: 'el-key' };
    const unknown: Reply = { status: 404, body: { ok: false, error: 'call_not_found' } };
    this.app.answers.calls.onOffer = async (body) => this.#dials.get(String(body['wa_call_id']))?.(body) ?? unknown;
  }

  static async open({ env = {}, preload = [], quick = false }: TownOptions = {}): Promise<CallTown> {
    const [meta, vendor, speech, app] = await Promise.all([
      startCallsPeer(),
      startRealtimePeer(),
      startSpeechPeer(),
      startAppPeer(),
    ]);
    const dir = mkdtempSync(`${tmpdir()}/node-bridge-calls-`);
    const bridge = await Bridge.start({
      world: { token: app.token, env: { APP_DOMAIN_NAME: app.url, NODE_WEBHOOK_TOKEN: app.token } },
      dir: `${dir}/bridge`,
      env: {
        META_GRAPH_URL: meta.url,
        VOICE_REALTIME_URL: vendor.url,
        VOICE_DEEPGRAM_URL: speech.url,
        VOICE_OPENAI_URL: speech.url,
        VOICE_ELEVENLABS_URL: speech.url,
        CALL_RECORDINGS_DIR: `${dir}/recordings`,
        LOG_LEVEL: 'debug',
        ...env,
      },
      ...{ preload, quick },
    });
    return new CallTown({ meta, vendor, speech, app, bridge, dir }, async () => {
      if (bridge.process.exit === undefined) await bridge.stop();
      await Promise.all([meta.close(), vendor.close(), speech.close(), app.close()]);
      rmSync(dir, { recursive: true, force: true });
    });
  }

  /** An assistant of this pipeline; answers its id. */
  assistant(pipeline: 'cascade' | 'realtime', fields: Record<string, unknown> = {}): string {
    this.#count += 1;
    const id = String(this.#count);
    this.app.answers.calls.assistants.set(id, {
      ...{ id, name: 'Ada', ai_system_prompt: 'You sell flowers.', greeting_text: 'Good morning!' },
      ...{ meta: { voice_pipeline: pipeline, languages: [] }, exit_keywords: [], tools: [] },
      ...fields,
    });
    if (pipeline === 'realtime')
      this.app.answers.calls.keys = { ...this.app.answers.calls.keys, openai: this.vendor.key };
    return id;
  }

  /** A customer calls, and the app has the bridge answer with this assistant. */
  async incoming(
    assistantId: string,
    workspace = '3',
  ): Promise<{ readonly call: MetaCall; readonly id: string; readonly answer: Answer }> {
    const { call, offer } = await this.meta.incoming();
    const id = this.newId();
    const answer = await this.post('answer', {
      ...{
        wa_call_id: id,
        meta_call_id: call.id,
        workspace_id: workspace,
        assistant_id: assistantId,
        sdp_offer: offer,
      },
      ...{ caller_phone: '5511912345678', callee_phone: '4915512345678', ...this.access() },
    });
    return { call, id, answer };
  }

  /** The app dials, and Meta's answer comes by `/connect` a moment after; or it cannot, with this `refusal`. */
  async outgoing(
    assistantId: string,
    refusal?: Reply,
  ): Promise<{ readonly id: string; readonly dialled: Promise<MetaCall> }> {
    const id = this.newId();
    let done: (call: MetaCall) => void = () => {};
    const dialled = new Promise<MetaCall>((resolve) => (done = resolve));
    this.#dials.set(id, async (body) => {
      if (refusal) return refusal;
      const { call, answer } = await this.meta.dial(String(body['sdp_offer']));
      await this.post('link-meta', { wa_call_id: id, meta_call_id: call.id });
      setTimeout(
        () => void this.post('connect', { meta_call_id: call.id, sdp_answer: answer }).then(() => done(call)),
        20,
      );
      return { status: 200, body: { ok: true, meta_call_id: call.id } };
    });
    await this.post('place-outbound', {
      ...{ wa_call_id: id, workspace_id: 3, assistant_id: assistantId, to: '5511912345678', from: '4915512345678' },
      ...this.access(),
    });
    return { id, dialled };
  }

  post(route: string, body: object): Promise<Answer> {
    return this.bridge.call(`/api/waba-call/${route}`, { body });
  }

  access() {
    return { meta_token: this.meta.token, phone_number_id: '109', graph_version: 'v23.0' };
  }

  newId(): string {
    this.#count += 1;
    return String(7_000 + this.#count);
  }

  turnsOf(id: string): string[] {
    return this.app.answers.calls.turns.filter(({ call }) => call === id).map(({ role, text }) => `${role}: ${text}`);
  }

  errorsOf(id: string): string[] {
    return this.app.answers.calls.errors.filter(({ call }) => call === id).map(({ reason }) => reason);
  }

  close(): Promise<void> {
    return this.#close();
  }
}
