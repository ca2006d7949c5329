/**
 * The call machine with work that ends when the test says so, on simulated time.
 *
 * Deliberately not here: any real work (actors/voice).
 */
import { createActor, fromPromise } from 'xstate';
import type { CallEvent, Claimed, Ending, Prepared, Worked } from '../../src/machines/call-events.ts';
import { callMachine } from '../../src/machines/call.ts';
import { SimulatedTime } from './simulated-time.ts';

type Outputs = {
  prepare: Prepared;
  ring: Worked;
  claim: Claimed;
  accept: Worked;
  dial: Worked;
  answered: Worked;
};
export type Step = keyof Outputs;

export function stagedCall(direction: 'inbound' | 'outbound', longestMs = 3_600_000) {
  const time = new SimulatedTime();
  const running = new Map<Step | 'release', { done: (output: never) => void; broke: (error: Error) => void }>();
  const endings: Ending[] = [];
  const emitted: string[] = [];
  const aborted: string[] = [];
  const work = <S extends Step>(step: S) =>
    fromPromise<Outputs[S]>(
      ({ signal }) =>
        new Promise((done, broke) => {
          running.set(step, { done, broke });
          signal.addEventListener('abort', () => aborted.push(step));
        }),
    );
  const actor = createActor(
    callMachine.provide({
      actors: {
        prepare: work('prepare'),
        ring: work('ring'),
        claim: work('claim'),
        accept: work('accept'),
        dial: work('dial'),
        answered: work('answered'),
        release: fromPromise<void, Ending>(({ input }) => {
          endings.push(input);
          return new Promise((done, broke) => running.set('release', { done, broke }));
        }),
      },
    }),
    { input: { direction, longestMs }, clock: time },
  );
  actor.on('talking', () => emitted.push('talking'));
  actor.on('farewell', () => emitted.push('farewell'));
  actor.start();
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    time,
    endings,
    emitted,
    aborted,
    /** The work that is under way. */
    running: () => [...running.keys()],
    state: () => {
      const { value } = actor.getSnapshot();
      return typeof value === 'string' ? value : JSON.stringify(value).replaceAll(/[{}"]/g, '').replaceAll(':', '.');
    },
    status: () => actor.getSnapshot().status,
    tags: () => [...actor.getSnapshot().tags],
    send: (event: CallEvent) => actor.send(event),
    async finish<S extends Step>(step: S, output: Outputs[S]): Promise<void> {
      const work = running.get(step);
      running.delete(step);
      work?.done(output as never);
      await settled();
    },
    async fail(step: Step): Promise<void> {
      running.get(step)?.broke(new Error('a defect'));
      running.delete(step);
      await settled();
    },
    async released(): Promise<void> {
      running.get('release')?.done(undefined as never);
      running.delete('release');
      await settled();
    },
  };
}
