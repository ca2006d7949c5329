/**
 * One WhatsApp call, from the app's word to the last closed socket. Contract voice §4-§6.
 *
 *     inbound   preparing → ringing → claiming → accepting ↘
 *                                                            talking → closing → closed
 *     outbound  preparing → dialling → unanswered → answered ↗
 *
 *  CM1  An inbound call asks for its claim within 12 s of the app's word, or gives up and leaves it ringing (V-15).
 *  CM2  Meta's `terminate` follows only a call that is held: claimed, or dialled (V-01). A claim that somebody else has
 *       won ends without any word to Meta (V-02); so does a claim in doubt that is ended before its answer.
 *  CM3  Every way out leads through `closing`, once, with one decision: what Meta hears and what the app hears (V-08).
 *  CM4  No state lasts for ever: each waits for work that ends by itself, or has a delay.
 *
 * Deliberately not here: what happens to a call and what comes of its work (call-events.ts), and the work itself, which the
 * owner provides as `prepare`, `ring`, `claim`, `accept`, `dial`, `answered` and `release`. All of it answers with values,
 * ends at its own deadline and stops at its abort signal.
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

/** CM1. From the beginning of the call. */
export const CLAIM_BY_MS = 12_000;
const PICK_UP_MS = 60_000;
/** For a goodbye that the pipeline does not finish. */
const GOODBYE_MS = 20_000;
/** setTimeout knows nothing longer. */
const FOR_EVER_MS = 2_147_483_647;

const endless = <T>() => fromPromise<T>(() => new Promise(() => {}));

const call = setup({
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

const to = (target: '#closing') => target;
const endedBy = (early: boolean) =>
  ({
    target: to('#closing'),
    actions: { type: 'end', params: ({ event }: { event: CallEvent }) => cutBy(event, early) },
  }) as const;
const noted = {
  actions: { type: 'note the end', params: ({ event }: { event: CallEvent }) => cutBy(event, true) },
} as const;

const endings = (early: boolean) =>
  ({ terminate: endedBy(early), shutdown: endedBy(early), lost: endedBy(early), 'hang up': endedBy(early) }) as const;
const notes = { terminate: noted, shutdown: noted, lost: noted, 'hang up': noted } as const;

type Output<T> = { readonly event: { readonly output: T } };

const hasFailed = ({ event }: Output<{ readonly kind: string }>): boolean => event.output.kind === 'failed';
const ifFailed = {
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
const defect = {
  target: to('#closing'),
  actions: { type: 'end', params: { why: 'a step failed', error: 'internal error' } },
} as const;

const unanswered = {
  target: to('#closing'),
  actions: { type: 'end', params: { why: 'no answer', error: 'no_answer' } },
} as const;

const preparing = (next: '#ringing' | '#dialling') =>
  ({
    invoke: {
      src: 'prepare',
      onDone: [
        {
          guard: hasFailed,
          target: to('#closing'),
          actions: {
            type: 'end',
            params: ({ event: { output } }: Output<Prepared>) => ({
              why: 'cannot be prepared',
              ...(output.kind === 'failed' && {
                error: output.error,
                ...(output.reject && { lastWord: 'reject' as const }),
              }),
            }),
          },
        },
        { target: next },
      ],
      onError: defect,
    },
  }) as const;

const inbound = call.createStateConfig({
  initial: 'preparing',
  on: endings(true),
  after: {
    'claim deadline': {
      target: '#closing',
      actions: { type: 'end', params: { why: 'set up too late', error: 'setup_timeout' } },
    },
  },
  states: {
    preparing: preparing('#ringing'),
    /** pre_accept, the path to Meta, the pipeline. */
    ringing: {
      id: 'ringing',
      invoke: { src: 'ring', onDone: [ifFailed, { target: '#claiming' }], onError: defect },
    },
  },
});

/** Its answer decides whose call it is, so nothing interrupts it. */
const claiming = call.createStateConfig({
  id: 'claiming',
  on: notes,
  invoke: {
    src: 'claim',
    onDone: [
      {
        guard: ({ event }) => event.output.kind === 'taken',
        target: '#closing',
        actions: { type: 'end', params: { why: 'somebody else answered' } },
      },
      {
        guard: ({ context, event }) => context.cut !== undefined && event.output.kind === 'claimed',
        target: '#closing',
        actions: ['hold', 'end as cut'],
      },
      { guard: 'was cut', target: '#closing', actions: 'end as cut' },
      {
        guard: hasFailed,
        target: '#closing',
        actions: {
          type: 'end',
          params: ({ event: { output } }) => ({
            why: 'not claimed',
            ...(output.kind === 'failed' && { error: output.error }),
          }),
        },
      },
      { target: '#accepting', actions: 'hold' },
    ],
    onError: defect,
  },
});

const accepting = call.createStateConfig({
  id: 'accepting',
  on: endings(true),
  invoke: { src: 'accept', onDone: [ifFailed, { target: '#talking' }], onError: defect },
});

const outbound = call.createStateConfig({
  initial: 'preparing',
  on: {
    ...endings(true),
    linked: { actions: 'hold' },
    answer: { actions: 'note the answer' },
    heard: { actions: 'note the voice' },
  },
  states: {
    preparing: { tags: 'waits for answer', ...preparing('#dialling') },
    /** The app dials Meta with our offer; the answer may be here before the app's own. */
    dialling: {
      id: 'dialling',
      tags: 'waits for answer',
      invoke: {
        src: 'dial',
        onDone: [
          ifFailed,
          { guard: 'has its answer', target: 'answered', actions: 'hold' },
          { target: 'unanswered', actions: 'hold' },
        ],
        onError: defect,
      },
    },
    unanswered: {
      tags: 'waits for answer',
      on: { answer: { target: 'answered' } },
      after: { 'pick-up deadline': unanswered },
    },
    /** Meta's answer is there, which is before anybody picks up: we talk when they are heard. */
    answered: {
      initial: 'connecting',
      after: { 'pick-up deadline': unanswered },
      states: {
        connecting: {
          invoke: {
            src: 'answered',
            onDone: [ifFailed, { guard: 'was heard', target: '#talking' }, { target: 'quiet' }],
            onError: defect,
          },
        },
        quiet: { on: { heard: { target: '#talking' } } },
      },
    },
  },
});

const talking = call.createStateConfig({
  id: 'talking',
  entry: 'open the gate',
  on: endings(false),
  initial: 'conversing',
  states: {
    conversing: {
      after: { 'longest call': { target: 'leaving', actions: 'ask for a goodbye' } },
    },
    leaving: {
      after: {
        'longest goodbye': {
          target: '#closing',
          actions: { type: 'end', params: { why: 'the longest call is over' } },
        },
      },
    },
  },
});

export const callMachine = call.createMachine({
  id: 'call',
  context: ({ input }) => ({
    ...input,
    held: false,
    answerIsThere: false,
    wasHeard: false,
    ending: { why: 'not ended', lastWord: 'none' },
  }),
  initial: 'begun',
  states: {
    begun: { always: [{ guard: 'is outbound', target: 'outbound' }, { target: 'inbound' }] },
    inbound,
    claiming,
    accepting,
    outbound,
    talking,
    closing: {
      id: 'closing',
      tags: 'over',
      invoke: { src: 'release', input: ({ context }) => context.ending, onDone: 'closed', onError: 'closed' },
    },
    closed: { type: 'final', tags: 'over' },
  },
});
