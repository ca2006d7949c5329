/** `FlowDesk` in memory: answers are what a test says, every call is recorded. */
import type { FlowCheck, FlowDesk, FlowProblem, ResumeAnswer, SessionView } from '../../../src/actors/protocol.ts';

export class FakeFlows implements FlowDesk {
  readonly calls: unknown[][] = [];
  resumed: ResumeAnswer = { kind: 'not found' };
  checked: FlowCheck = { kind: 'not found' };
  problems: readonly FlowProblem[] = [];
  ended = 0;
  consumed = false;
  views: readonly SessionView[] = [];
  numbers: ReturnType<FlowDesk['counts']> = { active: 0, waiting: 0, failedStarts: 0, lastFailed: [] };

  start = (...args: unknown[]) => this.#say('start', args, undefined);
  resumeDelay = (...args: unknown[]) => this.#say('resumeDelay', args, undefined);

  resumePort = (...args: unknown[]) => this.#say('resumePort', args, this.resumed);
  resumeForm = (...args: unknown[]) => this.#say('resumeForm', args, this.resumed);
  googleForm = (...args: unknown[]) => this.#say('googleForm', args, this.resumed);
  end = (...args: unknown[]) => this.#say('end', args, this.ended);
  providerInbound = (...args: unknown[]) => this.#say('providerInbound', args, { consumed: this.consumed });
  check = (...args: unknown[]) => this.#say('check', args, this.checked);

  sessions(device: string | undefined): readonly SessionView[] {
    this.calls.push(['sessions', device]);
    return this.views;
  }

  validate(definition: unknown): readonly FlowProblem[] {
    this.calls.push(['validate', definition]);
    return this.problems;
  }

  counts() {
    return this.numbers;
  }

  #say<T>(name: string, args: readonly unknown[], answer: T): Promise<T> {
    this.calls.push([name, ...args]);
    return Promise.resolve(answer);
  }
}
