/**
 * Every way a call ends: who ends it, at which stage, and what Meta and the app hear of it then. Contract voice §4-§6.
 *
 *  CE1  Each ending plays one call and nothing of another's: several may be played at once.
 *  CE2  What came first is the ending's choice, never the machine's: an answer that would race is held back.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallTown } from '../../helpers/call-town.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { Action, MetaCall } from '../../loopback/calls/calls-peer.ts';
import type { RealtimeCall } from '../../loopback/realtime/realtime-peer.ts';

export type Wanted = { readonly words: readonly Action[]; readonly error?: string };
/** `call`: none where Meta has heard of none. */
export type Played = Wanted & { readonly id: string; readonly call?: MetaCall };
export type Ending = {
  readonly name: string;
  /** Takes longer than a short form may. */
  readonly slow?: true;
  readonly play: (town: CallTown, claims: Claims) => Promise<Played>;
};

/** What happens while a claim is on its way, for each of the app's ids. */
export type Claims = Map<string, () => Promise<unknown>>;

const ALL: Wanted = { words: ['pre_accept', 'accept', 'terminate'] };
const RUNG: Wanted = { words: ['pre_accept'] };
/** Workspaces with keys of their own: one that no vendor takes, and none but those of Deepgram and ElevenLabs. */
const LOCKED_OUT = '4';
const WITHOUT_OPENAI = '5';
export const KEYS_OF: Readonly<Record<string, Record<string, string>>> = {
  [LOCKED_OUT]: { deepgram: '', openai: 'sk-wrong', elevenlabs: '' },
  [WITHOUT_OPENAI]: { deepgram: 'dg-key', openai: '', elevenlabs: 'el-key' },
};

type Begun = {
  readonly call: MetaCall;
  readonly id: string;
  readonly end: () => Promise<unknown>;
  readonly prompt: string;
};

/** A call that goes on when all is arranged: until then the app does not tell of the assistant (CE2). */
async function begin(
  town: CallTown,
  pipeline: 'cascade' | 'realtime',
  { fields, workspace, arrange }: { fields?: object; workspace?: string; arrange?: (begun: Begun) => unknown } = {},
): Promise<Begun> {
  // The vendor's side of a call is known by its prompt.
  const prompt = `You sell flowers, number ${randomInt(2 ** 40)}.`;
  const assistant = town.assistant(pipeline, { ai_system_prompt: prompt, ...fields });
  let goOn: () => void = () => {};
  town.app.answers.calls.holding.set(assistant, new Promise<void>((resolve) => (goOn = resolve)));
  const { call, id, answer } = await town.incoming(assistant, workspace);
  if (answer.status !== 202) throw new Error(`a call was answered ${answer.status}`);
  const begun = { call, id, prompt, end: () => town.post('terminate', { meta_call_id: call.id }) };
  await arrange?.(begun);
  goOn();
  return begun;
}

const until = (what: string, probe: () => boolean, withinMs = 30_000) =>
  eventually(probe, { what, withinMs, everyMs: 10 });
const talks = (town: CallTown, { id }: Pick<Begun, 'id'>) =>
  until('the greeting is told', () => town.app.answers.calls.turns.some(({ call }) => call === id));
const modelOf = (town: CallTown, { prompt }: Begun): RealtimeCall => {
  const model = town.vendor.calls.findLast(({ session }) => session.instructions.includes(prompt));
  if (!model) throw new Error('the vendor has no such call');
  return model;
};
/** On a machine that is too slow for its 6 s, the model has given way to the cascade (V-33). */
const talkingModelOf = async (town: CallTown, begun: Begun): Promise<RealtimeCall> => {
  await talks(town, begun);
  const model = modelOf(town, begun);
  if (model.events.length === 0) throw new Error('the realtime vendor was not ready in time');
  return model;
};

/** A cascade whose listening vendor knows it by its language, told when it talks. */
async function beginListening(town: CallTown, workspace?: string): Promise<Begun & { readonly language: string }> {
  const language = `x${randomInt(10 ** 6)}`;
  const fields = { meta: { voice_pipeline: 'cascade', languages: [language] } };
  const begun = await begin(town, 'cascade', { fields, ...(workspace !== undefined && { workspace }) });
  await talks(town, begun);
  return { ...begun, language };
}

/** The app dials, and Meta's answer is there. */
async function dial(town: CallTown, pipeline: 'cascade' | 'realtime'): Promise<Omit<Begun, 'prompt'>> {
  const { id, dialled } = await town.outgoing(town.assistant(pipeline));
  const call = await dialled;
  return { id, call, end: () => town.post('terminate', { meta_call_id: call.id }) };
}

/** While Meta's answer to this word is on its way. */
const during = (begun: Begun, action: Action, then: () => Promise<unknown>): void => {
  begun.call.answering = (said) => (said === action ? then() : Promise.resolve());
};
const hangsUp =
  ({ call, end }: Pick<Begun, 'call' | 'end'>) =>
  async () => {
    await call.hangUp();
    await end();
  };

/** The caller hangs up mid-call, while both sides are recorded. */
const talked = (pipeline: 'cascade' | 'realtime'): Ending => ({
  name: `caller hangs up while it talks (${pipeline})`,
  async play(town) {
    const begun = await begin(town, pipeline, { fields: { record_agent: true, record_user: true } });
    await talks(town, begun);
    await hangsUp(begun)();
    return { ...begun, ...ALL };
  },
});

/** The longest first. */
export const ENDINGS: readonly Ending[] = [
  {
    name: 'no answer from the app to the claim',
    async play(town, claims) {
      const begun = await begin(town, 'realtime', { arrange: ({ id }) => claims.set(id, () => delay(5_500)) });
      await talks(town, begun);
      await hangsUp(begun)();
      return { ...begun, ...ALL };
    },
  },
  {
    name: 'vendor lost, and lost again',
    async play(town) {
      const begun = await begin(town, 'realtime');
      const first = await talkingModelOf(town, begun);
      await first.media.connection.sctpTransport?.stop();
      await until('the vendor is called again', () => modelOf(town, begun) !== first);
      const second = modelOf(town, begun);
      await until('it was told what was said', () => second.events.length > 0);
      await second.media.connection.sctpTransport?.stop();
      return { ...begun, ...ALL, error: 'realtime_lost' };
    },
  },
  {
    name: 'caller hangs up at once',
    async play(town) {
      const begun = await begin(town, 'realtime', { arrange: (call) => hangsUp(call)() });
      return { ...begun, words: [] };
    },
  },
  {
    // The bridge cannot know why: a pre_accept that failed (§4 step 4). The app's word then finds an ended call.
    name: 'caller hangs up, and pre_accept is refused before the app tells of it',
    async play(town) {
      const begun = await begin(town, 'realtime', { arrange: ({ call }) => call.hangUp() });
      await until('the app hears of the refusal', () => town.errorsOf(begun.id).length > 0);
      await begun.end();
      return { ...begun, ...RUNG, error: 'pre_accept_failed:100' };
    },
  },
  {
    name: 'caller hangs up, and pre_accept is refused after the app has told of it',
    async play(town) {
      const arrange = async (begun: Begun) => {
        await begun.call.hangUp();
        during(begun, 'pre_accept', begun.end);
      };
      return { ...(await begin(town, 'realtime', { arrange })), ...RUNG };
    },
  },
  {
    name: 'caller hangs up while it rings',
    async play(town) {
      const begun = await begin(town, 'realtime', { arrange: (call) => during(call, 'pre_accept', hangsUp(call)) });
      return { ...begun, ...RUNG };
    },
  },
  {
    name: 'caller hangs up during the claim',
    async play(town, claims) {
      const arrange = (begun: Begun) => claims.set(begun.id, hangsUp(begun));
      return { ...(await begin(town, 'realtime', { arrange })), words: ['pre_accept', 'terminate'] };
    },
  },
  {
    name: 'caller hangs up during accept',
    async play(town) {
      const begun = await begin(town, 'cascade', { arrange: (call) => during(call, 'accept', hangsUp(call)) });
      return { ...begun, ...ALL };
    },
  },
  {
    name: 'operator takes over during accept',
    async play(town) {
      const begun = await begin(town, 'realtime', { arrange: (call) => during(call, 'accept', call.end) });
      return { ...begun, ...ALL };
    },
  },
  {
    name: 'accept is refused',
    async play(town) {
      const begun = await begin(town, 'realtime', { arrange: ({ call }) => call.refusing.set('accept', 100) });
      return { ...begun, ...ALL, error: 'accept_failed:100' };
    },
  },
  {
    // Of a number that is handled by SIP: after a good pre_accept it counts as accepted (§4 step 7) …
    name: 'accept is refused with 131055',
    async play(town) {
      const begun = await begin(town, 'cascade', { arrange: ({ call }) => call.refusing.set('accept', 131_055) });
      await talks(town, begun);
      await hangsUp(begun)();
      return { ...begun, ...ALL };
    },
  },
  {
    // … and before that it is a refusal like any other.
    name: 'pre_accept is refused with 131055',
    async play(town) {
      const arrange = ({ call }: Begun) => call.refusing.set('pre_accept', 131_055);
      return { ...(await begin(town, 'realtime', { arrange })), ...RUNG, error: 'pre_accept_failed:131055' };
    },
  },
  {
    name: 'vendor lost during accept, and found again',
    async play(town) {
      const arrange = (begun: Begun) =>
        during(begun, 'accept', async () => modelOf(town, begun).media.connection.sctpTransport?.stop());
      const begun = await begin(town, 'realtime', { arrange });
      await talks(town, begun);
      await hangsUp(begun)();
      return { ...begun, ...ALL };
    },
  },
  talked('realtime'),
  talked('cascade'),
  {
    name: 'operator takes over while it rings',
    async play(town) {
      const arrange = (begun: Begun) =>
        during(begun, 'pre_accept', () => {
          town.app.answers.calls.claimed.set(begun.id, 'operator');
          return begun.end();
        });
      return { ...(await begin(town, 'realtime', { arrange })), ...RUNG };
    },
  },
  {
    name: 'operator takes over while it talks',
    async play(town) {
      const begun = await begin(town, 'cascade');
      await talks(town, begun);
      await begun.end();
      return { ...begun, ...ALL };
    },
  },
  {
    name: 'claimed:false',
    async play(town, claims) {
      const arrange = ({ id }: Begun) => claims.set(id, async () => town.app.answers.calls.claimed.set(id, 'operator'));
      return { ...(await begin(town, 'realtime', { arrange })), ...RUNG };
    },
  },
  {
    // A key that the realtime vendor refuses is no key of the cascade either (V-33).
    name: 'wrong key (realtime)',
    async play(town) {
      const begun = await begin(town, 'realtime', { workspace: LOCKED_OUT });
      return { ...begun, ...RUNG, error: 'realtime_refused:401' };
    },
  },
  {
    name: 'wrong key (cascade)',
    async play(town) {
      const begun = await begin(town, 'cascade', { workspace: LOCKED_OUT });
      return { ...begun, ...ALL, error: 'text to speech failed' };
    },
  },
  {
    name: 'exit keyword',
    async play(town) {
      const begun = await begin(town, 'realtime', { fields: { exit_keywords: ['goodbye'], last_greeting: 'Bye.' } });
      (await talkingModelOf(town, begun)).hear('Well, goodbye!');
      return { ...begun, ...ALL };
    },
  },
  {
    name: 'silence',
    async play(town) {
      const begun = await begin(town, 'realtime');
      const model = await talkingModelOf(town, begun);
      for (let n = 0; n < 3; n += 1) model.emit({ type: 'input_audio_buffer.timeout_triggered' });
      return { ...begun, ...ALL };
    },
  },
  {
    name: 'caller hangs up while a lost listening engine is called again',
    async play(town) {
      const { language, ...begun } = await beginListening(town);
      town.speech.lose(language);
      await hangsUp(begun)();
      return { ...begun, ...ALL };
    },
  },
  {
    // As of a callee who has not permitted it: Meta has no such call (§5).
    name: 'dial_failed',
    async play(town) {
      const refusal = { status: 502, body: { ok: false, error: 'dial_failed' } };
      const { id } = await town.outgoing(town.assistant('realtime'), refusal);
      return { id, words: [], error: 'dial_failed' };
    },
  },
  {
    name: 'dialled, hung up before the pick-up',
    async play(town) {
      const begun = await dial(town, 'realtime');
      await begun.end();
      return { ...begun, words: ['terminate'] };
    },
  },
  {
    name: 'dialled, callee hangs up while it talks',
    async play(town) {
      const begun = await dial(town, 'cascade');
      begun.call.media.talk();
      await until('it connects', () => begun.call.media.connected);
      await talks(town, begun);
      await hangsUp(begun)();
      return { ...begun, words: ['terminate'] };
    },
  },
  {
    name: 'terminate before the call',
    async play(town) {
      const { call, offer } = await town.meta.incoming();
      const id = town.newId();
      await town.post('terminate', { meta_call_id: call.id });
      await town.post('answer', {
        ...{ wa_call_id: id, meta_call_id: call.id, workspace_id: 3, assistant_id: town.assistant('realtime') },
        ...{ sdp_offer: offer, caller_phone: '5511912345678', callee_phone: '4915512345678', ...town.access() },
      });
      return { call, id, words: [] };
    },
  },
  {
    name: 'the only listening engine is lost for good',
    slow: true,
    async play(town) {
      const { language, ...begun } = await beginListening(town, WITHOUT_OPENAI);
      town.speech.lose(language);
      return { ...begun, ...ALL };
    },
  },
  {
    name: 'dialled, and nobody picks up',
    slow: true,
    async play(town) {
      return { ...(await dial(town, 'realtime')), words: ['terminate'], error: 'no_answer' };
    },
  },
  {
    name: 'the phone is gone without a word',
    slow: true,
    async play(town) {
      const begun = await begin(town, 'realtime');
      await talks(town, begun);
      await begun.call.vanish();
      return { ...begun, ...ALL };
    },
  },
];
