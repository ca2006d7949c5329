/**
 * The vocabulary of the call machine: its work, guards, actions and delays by name, and the ways out that its states share.
 * The sentences made of them are in call.ts.
 *
 * Nothing here has an effect: work is provided by the owner, actions assign and emit.
 */
import { assign, emit, fromPromise, setup } from 'xstate';
import {
  type CallEvent,
  type Claimed,
  type Cut,
  cutBy,
  type Ending,
  type LastWord,
  type Prepared,
  type Worked,
} from './call-events.ts';

export type CallInput = {
  readonly direction: 'inbound' | 'outbound';
  /** 0: no limit. */
  readonly longestMs: number;
};

type CallContext = CallInput & {
  /** Meta's call is ours to end. */
  readonly held: boolean;
  /** What ended it while the claim was on its way. */
  readonly cut?: Cut;
  /** Outbound: both may come while something else is still under way. */
  readonly answerIsThere: boolean;
  readonly wasHeard: boolean;
  readonly ending: Ending;
};

export type CallEmitted =
  /** The gate opens: media may flow, the assistant begins. */
  | { readonly type: 'talking' }
  /** The longest allowed call is over: the assistant says goodbye. */
  | { readonly type: 'farewell' };

/** CM1 (call.ts). From the beginning of the call. */
export const CLAIM_BY_MS = 12_000;
const PICK_UP_MS = 60_000;
/** For a goodbye that the pipeline does not finish. */
const GOODBYE_MS = 20_000;
/** setTimeout knows nothing longer. */
const FOR_EVER_MS = 2_147_483_647;

const endless = <T>() => fromPromise<T>(() => new Promise(() => {}));

export const call = setup({
  types: {
    context: {} as CallContext,
    events: {} as CallEvent,
    input: {} as CallInput,
    emitted: {} as CallEmitted,
    /** `waits for answer`: outbound, Meta's answer may still come. */
    tags: {} as 'waits for answer' | 'over',
  },
  actors: {
    prepare: endless<Prepared>(),
    ring: endless<Worked>(),
    claim: endless<Claimed>(),
    accept: endless<Worked>(),
    dial: endless<Worked>(),
    answered: endless<Worked>(),
    release: fromPromise<void, Ending>(() => new Promise(() => {})),
  },
  guards: {
    'is outbound': ({ context }) => context.direction === 'outbound',
    'has its answer': ({ context }) => context.answerIsThere,
    'was heard': ({ context }) => context.wasHeard,
    'was cut': ({ context }) => context.cut !== undefined,
  },
  actions: {
    hold: assign({ held: true }),
    'note the answer': assign({ answerIsThere: true }),
    'note the voice': assign({ wasHeard: true }),
    'note the end': assign({ cut: (_, params: Cut) => params }),
    /** CM2, CM3: what Meta hears follows from who holds the call, unless told. */
    end: assign({
      ending: ({ context }, params: Cut & { readonly lastWord?: LastWord }): Ending => ({
        ...params,
        lastWord: params.lastWord ?? (context.held ? 'terminate' : 'none'),
      }),
    }),
    'end as cut': assign({
      ending: ({ context }): Ending => ({ why: 'cut', ...context.cut, lastWord: context.held ? 'terminate' : 'none' }),
    }),
    'open the gate': emit({ type: 'talking' }),
    'ask for a goodbye': emit({ type: 'farewell' }),
  },
  delays: {
    'claim deadline': CLAIM_BY_MS,
    'pick-up deadline': PICK_UP_MS,
    'longest call': ({ context }) => (context.longestMs > 0 ? Math.min(context.longestMs, FOR_EVER_MS) : FOR_EVER_MS),
    'longest goodbye': GOODBYE_MS,
  },
});

export const to = (target: '#closing') => target;
const endedBy = (early: boolean) =>
  ({
    target: to('#closing'),
    actions: { type: 'end', params: ({ event }: { event: CallEvent }) => cutBy(event, early) },
  }) as const;
const noted = {
  actions: { type: 'note the end', params: ({ event }: { event: CallEvent }) => cutBy(event, true) },
} as const;

export const endings = (early: boolean) =>
  ({ terminate: endedBy(early), shutdown: endedBy(early), lost: endedBy(early), 'hang up': endedBy(early) }) as const;
export const notes = { terminate: noted, shutdown: noted, lost: noted, 'hang up': noted } as const;

export type Output<T> = { readonly event: { readonly output: T } };

export const hasFailed = ({ event }: Output<{ readonly kind: string }>): boolean => event.output.kind === 'failed';
export const ifFailed = {
  guard: hasFailed,
  target: to('#closing'),
  actions: {
    type: 'end',
    params: ({ event: { output } }: Output<Worked>) => ({
      why: 'setup failed',
      ...(output.kind === 'failed' && { error: output.error }),
    }),
  },
} as const;

/** Work that threw is a defect; its call ends, and the app hears that it failed. */
export const defect = {
  target: to('#closing'),
  actions: { type: 'end', params: { why: 'a step failed', error: 'internal error' } },
} as const;

export const unanswered = {
  target: to('#closing'),
  actions: { type: 'end', params: { why: 'no answer', error: 'no_answer' } },
} as const;
