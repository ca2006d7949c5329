/**
 * Sessions that only the app remembers: looked for when a customer writes and nothing is here, and made sessions of this
 * store again (contract flows §6.4).
 *
 *  PK1  "Nothing is parked" is believed for 5 min; an app that did not answer is asked again.
 *  PK2  A session is rebuilt only into a flow that still has the node it waits at.
 *  PK3  The engine stays what it was (§6.3).
 *  PK4  So does the deadline of the wait, and runs here as soon as the session was looked for; one that passed meanwhile is
 *       due now.
 *  PK5  While the app has not been told of a session's last word, what it keeps of it is out of date, and not asked for: one
 *       that ended while the app was away does not rise again (F-13).
 */
import type { FlowStore, ParkedSession } from '../../app-client/flow-calls.types.ts';
import type { Clock } from '../../clock.ts';
import type { EngineName } from '../../content/engine-choice.ts';
import type { Log } from '../../log.ts';
import type { Identity } from '../../phone.ts';
import type { BulkSends } from '../protocol.ts';
import { cartDue } from './cart.ts';
import type { Definitions } from './definitions.ts';
import type { Call, Place, SessionRow } from './session.types.ts';
import { unpark, type Unparked } from './snapshot.ts';
import { emptySession, keyOf } from './new-session.ts';
import { isMenu } from './steps.ts';

const NOTHING_MS = 300_000;
const MOST_NOTHINGS = 5_000;
const SETTINGS_MS = 3_000;

export type ParksOptions = {
  readonly app: Pick<FlowStore, 'parked'>;
  readonly definitions: Definitions;
  readonly sends: Pick<BulkSends, 'engineOf'>;
  /** PK5. By session key. */
  readonly isUntold: (key: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
};

export class Parks {
  readonly #o: ParksOptions;
  /** Session key -> until when nothing is parked under it; oldest first. */
  readonly #nothing = new Map<string, number>();

  constructor(options: ParksOptions) {
    this.#o = options;
  }

  /** Whether asking makes sense. */
  mayHave(device: string, contact: Identity): boolean {
    return this.#mayHave(keyOf(device, contact));
  }

  /** Not stored yet. */
  async find(device: string, contact: Identity, key = keyOf(device, contact)): Promise<SessionRow | undefined> {
    if (!this.#mayHave(key)) return undefined;
    const answer = await this.#o.app.parked(key);
    if (answer.kind === 'no answer') return undefined;
    const parked = answer.kind === 'ok' ? answer.value : undefined;
    const row = parked && (await this.#rebuilt(device, contact, key, parked));
    if (row === 'no answer') return undefined;
    if (!row) this.#remember(key);
    return row;
  }

  #mayHave(key: string): boolean {
    const { clock, isUntold } = this.#o;
    return (this.#nothing.get(key) ?? 0) <= clock.now() && !isUntold(key);
  }

  async #rebuilt(
    device: string,
    contact: Identity,
    key: string,
    parked: ParkedSession,
  ): Promise<SessionRow | 'no answer' | undefined> {
    const { log, clock } = this.#o;
    const read = unpark(parked, clock.now());
    if (!read) return undefined;
    const built = await this.rebuild({ ...parked, device, contact, ...read });
    if (built.kind !== 'built') {
      if (built.kind === 'no answer') return built.kind;
      log.warn({ id: parked.flowId }, 'a parked session fits no flow of the app any more');
      return undefined;
    }
    const { row, place } = built;
    const due = dueOf(read, clock.now());
    row.wait = { ...place, wait: read.wait, since: clock.now(), ...(due !== undefined && { due }) };
    if (isMenu(read.wait)) row.menus = [{ nodeId: place.node, call: place.call, wait: read.wait }];
    const { lastMenu } = read;
    if (lastMenu) {
      row.lastMenu = { call: place.call, node: lastMenu.nodeId || place.node, wait: lastMenu, since: clock.now() };
      row.menuAnswered = true;
      if (lastMenu.nodeId !== read.wait.nodeId)
        row.menus = [{ nodeId: row.lastMenu.node, call: place.call, wait: lastMenu }, ...row.menus];
    }
    return { ...row, key };
  }

  /** A session that stands at this node, without a wait. PK2, PK3 */
  async rebuild(from: Rebuild): Promise<Rebuilt> {
    const { device, contact, flowId, nodeId, provider, workspace, subscriber, stack } = from;
    const engine = await this.#engine(device, provider, workspace);
    if (!engine) return { kind: 'no answer' };
    const calls = await this.#calls([...stack.map((each) => each.flowId), flowId], stack);
    if (calls === 'no answer' || calls === 'unfit') return { kind: calls };
    const own = calls.at(-1);
    const flow = own && this.#o.definitions.pinned(own.hash);
    const root = calls[0] && this.#o.definitions.pinned(calls[0].hash);
    if (!own || !flow?.nodes.has(nodeId)) return { kind: 'unfit' };
    const whose = workspace ?? root?.workspace;
    const { trigger, timeoutS } = from;
    const row: SessionRow = {
      ...emptySession(device, contact, engine, this.#o.clock.now()),
      ...(whose !== undefined && { workspace: whose }),
      ...(subscriber !== undefined && { subscriber }),
      ...(trigger !== undefined && { trigger }),
      ...(timeoutS !== undefined && { timeoutS }),
      cooldownS: from.cooldownS,
      byMessage: from.byMessage,
      flowName: root?.name ?? '',
      calls,
      nextCall: calls.length,
      variables: from.variables,
    };
    return { kind: 'built', row, place: { call: own.id, node: nodeId } };
  }

  async #calls(flows: readonly string[], stack: Unparked['stack']): Promise<Call[] | 'no answer' | 'unfit'> {
    const calls: Call[] = [];
    for (const [id, flow] of flows.entries()) {
      const found = await this.#o.definitions.fetch(flow);
      if (found.kind !== 'ok') return found.kind === 'no answer' ? found.kind : 'unfit';
      const caller = stack[id - 1];
      calls.push({ id, flow, hash: found.value.hash, ...(caller && { from: { call: id - 1, node: caller.nodeId } }) });
    }
    return calls;
  }

  async #engine(device: string, provider: string, workspace: string | undefined): Promise<EngineName | undefined> {
    if (provider === 'baileys' || provider === 'waba' || provider === 'twilio') return provider;
    const found = await this.#o.sends.engineOf(device, '', workspace, this.#o.clock.now() + SETTINGS_MS);
    return found.kind === 'engine' ? found.engine : undefined;
  }

  #remember(key: string): void {
    if (this.#nothing.size >= MOST_NOTHINGS)
      for (const old of [...this.#nothing.keys()].slice(0, MOST_NOTHINGS / 2)) this.#nothing.delete(old);
    this.#nothing.delete(key);
    this.#nothing.set(key, this.#o.clock.now() + NOTHING_MS);
  }
}

/** `unfit`: the flow is gone, or has no such node any more. */
export type Rebuilt =
  | { readonly kind: 'built'; readonly row: SessionRow; readonly place: Place }
  | { readonly kind: 'no answer' | 'unfit' };

export type Rebuild = Omit<Unparked, 'wait' | 'due' | 'lastMenu'> & {
  readonly device: string;
  readonly contact: Identity;
  readonly flowId: string;
  readonly nodeId: string;
  readonly provider: string;
  readonly subscriber?: number;
};

/** PK4. Of an older bridge's waits only a cart tells. */
function dueOf({ wait, due }: Unparked, now: number): number | undefined {
  const at = due ?? (wait.nextNodeType === 'CommerceShop' ? cartDue(wait) : undefined);
  return at === undefined ? undefined : Math.max(now, at);
}
