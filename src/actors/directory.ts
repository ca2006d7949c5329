/**
 * The numbers as routes know them: commands go to the supervisor, questions to the views, sends to the lanes.
 *
 * Deliberately not here: any state, and any decision that a machine can make.
 */
import type { Clock } from '../clock.ts';
import type { Target } from '../content/content.ts';
import type { Contact } from './contact-book.ts';
import type { Handle } from './engines/engine.ts';
import type { GroupAnswer } from './groups.types.ts';
import type { Lanes } from './lane.ts';
import { LidMap } from './lid-map.ts';
import type { NumberRecords } from './number-record.ts';
import type {
  GroupRequest,
  Numbers,
  NumberView,
  SendAnswer,
  SendRequest,
  StarAnswer,
  StartAnswer,
  UnlinkAnswer,
} from './protocol.ts';
import { RecentLeaves } from './recent-leaves.ts';
import type { DeviceStores } from '../store/store.ts';
import { newestOwn } from './newest-own.ts';
import type { Supervisor } from './supervisor.ts';
import type { Views } from './views.ts';

/** An offline login is connected this long to deliver its logout (contract clients §4.2). */
const UNLINK_CONNECT_MS = 15_000;
/** Contract messages §1.3: every send route waits this long for the socket. */
const READINESS_MS = 8_000;

export type DirectoryOptions = {
  readonly supervisor: Supervisor;
  readonly views: Views;
  readonly records: NumberRecords;
  readonly lanes: Pick<Lanes, 'send'>;
  readonly stores: DeviceStores;
  /** Somebody sends to this JID through a route, which names no origin: an operator, as far as can be told. */
  readonly humanWrote: (digits: string, to: string) => void;
  readonly clock: Clock;
};

export class Directory implements Numbers {
  readonly #o: DirectoryOptions;
  readonly #recentLeaves: RecentLeaves;

  constructor(options: DirectoryOptions) {
    this.#o = options;
    this.#recentLeaves = new RecentLeaves(options.clock);
  }

  view(digits: string): NumberView {
    return this.#o.views.view(digits);
  }

  all(): Iterable<NumberView> {
    return this.#o.views.all();
  }

  until(digits: string, until: (view: NumberView) => boolean, deadline: number): Promise<boolean> {
    return this.#o.views.until(digits, until, deadline);
  }

  workspace(digits: string): string | undefined {
    return this.view(digits).known ? this.#o.records.read(digits).workspace : undefined;
  }

  start(digits: string, want: 'qr' | 'code', workspace?: string): StartAnswer {
    if (this.#o.supervisor.draining) return { kind: 'draining' };
    const bound = this.#o.records.read(digits).workspace;
    if (workspace !== undefined && bound !== undefined && bound !== workspace) return { kind: 'other workspace' };
    if (workspace !== undefined && bound === undefined) this.#o.records.change(digits, { workspace });
    this.#o.supervisor.command(digits, { type: 'initialize', want });
    return { kind: 'started' };
  }

  stop(digits: string): { kind: 'terminated' } | { kind: 'not found' } {
    const { known, stopped, state } = this.view(digits);
    if (!known || (stopped && state === 'disconnected')) return { kind: 'not found' };
    this.#o.supervisor.command(digits, { type: 'stop' });
    return { kind: 'terminated' };
  }

  async unlink(digits: string): Promise<UnlinkAnswer> {
    const { known, paired, ready } = this.view(digits);
    if (!known) return { kind: 'not found' };
    const deadline = this.#o.clock.now() + UNLINK_CONNECT_MS;
    if (paired && !ready) {
      this.#o.supervisor.command(digits, { type: 'initialize', want: 'qr' });
      await this.until(digits, (view) => view.ready || !view.paired, deadline);
    }
    const { remote } = await this.#o.supervisor.unlink(digits, deadline);
    return paired ? { kind: 'unlinked', remote } : { kind: 'not found' };
  }

  send(request: SendRequest): Promise<SendAnswer> {
    if (request.origin === undefined) this.#o.humanWrote(request.from, request.to);
    return this.#o.lanes.send(request);
  }

  phoneOf(digits: string, lid: string): string | undefined {
    const { stores } = this.#o;
    return stores.exists(digits) ? new LidMap(stores.open(digits)).phoneOf(lid) : undefined;
  }

  newestOwn(digits: string, to: string): string | undefined {
    const { stores } = this.#o;
    return stores.exists(digits) ? newestOwn(stores.open(digits), to) : undefined;
  }

  async groups({ digits, command, workspace, deadline }: GroupRequest): Promise<GroupAnswer> {
    const answer = await this.#connection(digits)?.groups(command, deadline);
    if (!answer) return { kind: 'not connected' };
    if (command.kind === 'leave' && answer.kind === 'done') this.#recentLeaves.left(digits, workspace, command.jid);
    if (answer.kind !== 'all') return answer;
    return { ...answer, groups: answer.groups.filter(({ id }) => !this.#recentLeaves.has(digits, workspace, id)) };
  }

  async star(digits: string, to: string, target: Target, star: boolean, deadline: number): Promise<StarAnswer> {
    const { ready, paired, stopped } = this.view(digits);
    if (!ready && paired && !stopped) {
      const until = Math.min(deadline, this.#o.clock.now() + READINESS_MS);
      await this.until(digits, (view) => view.ready || view.stopped || !view.paired, until);
    }
    const connection = this.#connection(digits);
    if (connection) return connection.star(to, target, star, deadline);
    return { kind: 'not ready', why: this.view(digits).why ?? 'this number is not connected' };
  }

  contacts(digits: string): readonly Contact[] | undefined {
    return this.#connection(digits)?.contacts();
  }

  #connection(digits: string): Handle | undefined {
    return this.view(digits).ready ? this.#o.supervisor.child(digits)?.sockets.current : undefined;
  }
}
