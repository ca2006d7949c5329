/**
 * Every way a call ends: who ends it, at which stage, and what Meta and the app hear of it then. Contract voice §4-§6.
 *
 *  CE1  Each ending plays one call and nothing of another's: several may be played at once.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallTown } from '../../helpers/call-town.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { Action, MetaCall } from '../../loopback/calls/calls-peer.ts';
import type { RealtimeCall } from '../../loopback/realtime/realtime-peer.ts';

/** `mayHave`: words of Meta that a race decides. */
export type Wanted = { readonly words: readonly Action[]; readonly error?: string; readonly mayHave?: Action };
export type Played = Wanted & { readonly id: string; readonly call: MetaCall };
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
/** Of keys that no vendor takes. */
export const LOCKED_OUT = '4';

type Begun = {
  readonly call: MetaCall;
  readonly id: string;
  readonly end: () => Promise<unknown>;
  readonly prompt: string;
};

async function begin(
  town: CallTown,
  pipeline: 'cascade' | 'realtime',
  more: Partial<{ fields: object; workspace: string }> = {},
): Promise<Begun> {
  // The vendor's side of a call is known by its prompt.
  const prompt = `You sell flowers, number ${randomInt(2 ** 40)}.`;
  const assistant = town.assistant(pipeline, { ai_system_prompt: prompt, ...more.fields });
  const { call, id, answer } = await town.incoming(assistant, more.workspace);
  if (answer.status !== 202) throw new Error(`a call was answered ${answer.status}`);
  return { call, id, prompt, end: () => town.post('terminate', { meta_call_id: call.id }) };
}

const until = (what: string, probe: () => boolean, withinMs = 20_000) =>
  eventually(probe, { what, withinMs, everyMs: 10 });
const talks = (town: CallTown, { id }: Begun) =>
  until('the greeting is told', () => town.app.answers.calls.turns.some(({ call }) => call === id));
const modelOf = (town: CallTown, { prompt }: Begun): RealtimeCall => {
  const model = town.vendor.calls.findLast(({ session }) => session.instructions.includes(prompt));
  if (!model) throw new Error('the vendor has no such call');
  return model;
};

/** While Meta's answer to this word is on its way. */
const during = (begun: Begun, action: Action, then: () => Promise<unknown>): void => {
  begun.call.answering = (said) => (said === action ? then() : Promise.resolve());
};
const hangsUp =
  ({ call, end }: Begun) =>
  async () => {
    await call.hangUp();
    await end();
  };

/** The caller hangs up mid-call. */
const talked = (pipeline: 'cascade' | 'realtime'): Ending => ({
  name: `caller hangs up while it talks (${pipeline})`,
  async play(town) {
    const begun = await begin(town, pipeline);
    await talks(town, begun);
    await hangsUp(begun)();
    return { ...begun, ...ALL };
  },
});

export const ENDINGS: readonly Ending[] = [
  {
    name: 'caller hangs up at once',
    async play(town) {
      const begun = await begin(town, 'realtime');
      await hangsUp(begun)();
      return { ...begun, words: [], mayHave: 'pre_accept' };
    },
  },
  {
    name: 'caller hangs up while it rings',
    async play(town) {
      const begun = await begin(town, 'realtime');
      during(begun, 'pre_accept', hangsUp(begun));
      return { ...begun, ...RUNG };
    },
  },
  {
    name: 'caller hangs up during the claim',
    async play(town, claims) {
      const begun = await begin(town, 'realtime');
      claims.set(begun.id, hangsUp(begun));
      return { ...begun, words: ['pre_accept', 'terminate'] };
    },
  },
  {
    name: 'caller hangs up during accept',
    async play(town) {
      const begun = await begin(town, 'cascade');
      during(begun, 'accept', hangsUp(begun));
      return { ...begun, ...ALL };
    },
  },
  talked('realtime'),
  talked('cascade'),
  {
    name: 'operator takes over while it rings',
    async play(town) {
      const begun = await begin(town, 'realtime');
      during(begun, 'pre_accept', () => {
        town.app.answers.calls.claimed.set(begun.id, 'operator');
        return begun.end();
      });
      return { ...begun, ...RUNG };
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
      const begun = await begin(town, 'realtime');
      claims.set(begun.id, async () => town.app.answers.calls.claimed.set(begun.id, 'operator'));
      return { ...begun, ...RUNG };
    },
  },
  {
    name: 'no answer from the app to the claim',
    async play(town, claims) {
      const begun = await begin(town, 'realtime');
      claims.set(begun.id, () => delay(5_500));
      await talks(town, begun);
      await hangsUp(begun)();
      return { ...begun, ...ALL };
    },
  },
  {
    name: 'wrong key',
    async play(town) {
      const begun = await begin(town, 'realtime', { workspace: LOCKED_OUT });
      // Realtime gives way to the cascade, which has a key to try (V-33).
      return { ...begun, ...ALL, error: 'text to speech failed' };
    },
  },
  {
    name: 'vendor lost, and lost again',
    async play(town) {
      const begun = await begin(town, 'realtime');
      await talks(town, begun);
      const first = modelOf(town, begun);
      await first.media.connection.sctpTransport?.stop();
      await until('the vendor is called again', () => modelOf(town, begun) !== first);
      const second = modelOf(town, begun);
      await until('it was told what was said', () => second.events.length > 0);
      await second.media.connection.sctpTransport?.stop();
      return { ...begun, ...ALL, error: 'realtime_lost' };
    },
  },
  {
    name: 'exit keyword',
    async play(town) {
      const begun = await begin(town, 'realtime', { fields: { exit_keywords: ['goodbye'], last_greeting: 'Bye.' } });
      await talks(town, begun);
      modelOf(town, begun).hear('Well, goodbye!');
      return { ...begun, ...ALL };
    },
  },
  {
    name: 'silence',
    async play(town) {
      const begun = await begin(town, 'realtime');
      await talks(town, begun);
      const model = modelOf(town, begun);
      for (let n = 0; n < 3; n += 1) model.emit({ type: 'input_audio_buffer.timeout_triggered' });
      return { ...begun, ...ALL };
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
