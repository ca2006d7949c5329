/**
 * `Numbers` and `Vitals` in memory: views are what a test says, every call is recorded. Behaves as the port promises:
 * `until` answers at once when its condition holds, and at its deadline otherwise.
 */
import type { Target } from '../../../src/content/content.ts';
import type {
  Contact,
  GroupAnswer,
  GroupRequest,
  Numbers,
  NumberView,
  SendAnswer,
  SendRequest,
  StarAnswer,
  StartAnswer,
  UnlinkAnswer,
  Vitals,
} from '../../../src/actors/protocol.ts';
import type { Clock } from '../../../src/clock.ts';

export type Call = readonly [name: string, ...args: unknown[]];

const BLANK = {
  known: false,
  state: 'disconnected',
  ready: false,
  paired: false,
  stopped: false,
  lingering: false,
  quarantined: false,
} as const;

export class FakeNumbers implements Numbers {
  /** Calls that could change something, in order. */
  readonly calls: Call[] = [];
  readonly #views = new Map<string, NumberView>();
  readonly #workspaces = new Map<string, string>();
  readonly #checks = new Set<() => void>();
  readonly #clock: Clock;
  /** Newest own message by `<digits> <to>`. */
  readonly newest = new Map<string, string>();
  /** Phone by `<digits> <lid>`. */
  readonly phones = new Map<string, string>();
  /** Runs when a number is started. */
  onStart: (digits: string, want: 'qr' | 'code') => void = () => {};
  startAnswer: StartAnswer = { kind: 'started' };
  unlinkAnswer: () => UnlinkAnswer = () => ({ kind: 'unlinked', remote: true });
  sendAnswer: (request: SendRequest) => SendAnswer | Promise<SendAnswer> = ({ to }) => ({
    kind: 'sent',
    id: '3EB0C0FFEE',
    to,
  });

  groupAnswer: (request: GroupRequest) => GroupAnswer = () => ({ kind: 'not connected' });
  starAnswer: () => StarAnswer = () => ({ kind: 'done' });
  readonly known: Contact[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(digits: string, view: Partial<NumberView>): void {
    this.#views.set(digits, { ...this.view(digits), known: true, ...view });
    for (const check of this.#checks) check();
  }

  bind(digits: string, workspace: string): void {
    this.#workspaces.set(digits, workspace);
  }

  view(digits: string): NumberView {
    return this.#views.get(digits) ?? { digits, ...BLANK };
  }

  all(): Iterable<NumberView> {
    return this.#views.values();
  }

  start(digits: string, want: 'qr' | 'code', workspace?: string): StartAnswer {
    this.calls.push(['start', digits, want, workspace]);
    const bound = this.#workspaces.get(digits);
    if (workspace !== undefined && bound !== undefined && bound !== workspace) return { kind: 'other workspace' };
    if (workspace !== undefined) this.#workspaces.set(digits, workspace);
    if (this.startAnswer.kind === 'started') {
      if (this.view(digits).state === 'disconnected') this.set(digits, { state: 'connecting' });
      this.onStart(digits, want);
    }
    return this.startAnswer;
  }

  workspace(digits: string): string | undefined {
    return this.#workspaces.get(digits);
  }

  stop(digits: string): { kind: 'terminated' } | { kind: 'not found' } {
    this.calls.push(['stop', digits]);
    const { known, stopped } = this.view(digits);
    if (!known || stopped) return { kind: 'not found' };
    this.set(digits, { stopped: true, ready: false, state: 'disconnected' });
    return { kind: 'terminated' };
  }

  unlink(digits: string): Promise<UnlinkAnswer> {
    this.calls.push(['unlink', digits]);
    return Promise.resolve(this.view(digits).known ? this.unlinkAnswer() : { kind: 'not found' });
  }

  until(digits: string, until: (view: NumberView) => boolean, deadline: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (answer: boolean) => {
        this.#clock.clearTimeout(timer);
        this.#checks.delete(check);
        resolve(answer);
      };
      const check = () => {
        if (until(this.view(digits))) finish(true);
      };
      const timer = this.#clock.setTimeout(() => finish(false), Math.max(0, deadline - this.#clock.now()));
      this.#checks.add(check);
      check();
    });
  }

  phoneOf(digits: string, lid: string): string | undefined {
    return this.phones.get(`${digits} ${lid}`);
  }

  newestOwn(digits: string, to: string): string | undefined {
    return this.newest.get(`${digits} ${to}`);
  }

  async groups(request: GroupRequest): Promise<GroupAnswer> {
    this.calls.push(['groups', request]);
    return this.groupAnswer(request);
  }

  async star(digits: string, to: string, target: Target, star: boolean, deadline: number): Promise<StarAnswer> {
    this.calls.push(['star', digits, to, target, star, deadline]);
    return this.starAnswer();
  }

  contacts(digits: string): readonly Contact[] | undefined {
    return this.view(digits).ready ? this.known : undefined;
  }

  async send(request: SendRequest): Promise<SendAnswer> {
    this.calls.push(['send', request]);
    return this.sendAnswer(request);
  }
}

export class FakeVitals implements Vitals {
  now: ReturnType<Vitals['phase']> = 'running';
  room: ReturnType<Vitals['outbox']>['room'] = 'ok';
  phase() {
    return this.now;
  }
  counts() {
    return { known: 3, ready: 2, starting: 1 };
  }
  restore() {
    return { done: 2, total: 3, finished: this.now !== 'starting' };
  }
  outbox() {
    return { pending: 4, deadLetter: 5, oldest: null, bytes: 600, room: this.room };
  }
  cooldowns() {
    return 6;
  }
}
