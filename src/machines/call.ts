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
import type { Prepared } from './call-events.ts';
import { call, defect, endings, hasFailed, ifFailed, notes, type Output, to, unanswered } from './call-setup.ts';

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
