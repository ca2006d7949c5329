/**
 * All calls of this process: which there are, which id means which, and how many there may be. Contract voice §2, §4-§6.
 *
 *  CS1  One call per id of Meta's, and one outbound call per id of the app's, however often they are asked for (V-25).
 *  CS2  An id that has ended, or was ended before it began, stays ended for 10 min.
 *  CS3  More than `VOICE_MAX_CALLS` are refused at Meta and told to the app; those that run are not touched (V-27).
 *  CS4  `stop` ends every call, and resolves when all is free and Meta has heard of all that were refused.
 *
 * Deliberately not here: the life of one call (call.ts).
 */
import { Call } from './call.ts';
import { type CallRequest, type CallWorld, outboundId, type Standing } from './call.types.ts';
import type { CallStats, InboundCall, OutboundCall } from './desk.types.ts';
import { EndedIds } from './ended-ids.ts';

export type CallsOptions = {
  readonly world: CallWorld;
  readonly maxCalls: number;
  /** Of calls before these. */
  readonly ended?: EndedIds;
  /** Hears of a call at every step, the last time when all of it is free. */
  readonly watch?: (standing: Standing) => void;
};

export class Calls {
  readonly #world: CallWorld;
  readonly #maxCalls: number;
  readonly #live = new Set<Call>();
  /** Of refused calls, under way. */
  readonly #rejects = new Set<Promise<void>>();
  readonly #byMeta = new Map<string, Call>();
  /** Outbound, under the app's id. */
  readonly #outbound = new Map<string, Call>();
  readonly #ended: EndedIds;
  readonly #watch: (standing: Standing) => void;
  #setupFailures = 0;
  #stopping = false;

  constructor({ world, maxCalls, ended = new EndedIds(world.clock), watch = () => {} }: CallsOptions) {
    this.#world = world;
    this.#maxCalls = maxCalls;
    this.#ended = ended;
    this.#watch = watch;
  }

  answer({ metaToken, phoneNumberId, graphVersion, sdp, ...request }: InboundCall): void {
    const { metaCallId, call } = request;
    const known = this.#byMeta.get(metaCallId) ?? this.#outbound.get(call);
    if (known) {
      if (!known.waitsForAnswer || sdp === '') return;
      this.#link(known, metaCallId);
      known.giveAnswer(sdp);
      return;
    }
    if (this.#ended.has(metaCallId) || this.#ended.has(outboundId(call))) return;
    const access = { token: metaToken, phoneId: phoneNumberId, version: graphVersion };
    const inbound = { ...request, direction: 'inbound', device: request.calleePhone, offer: sdp, access } as const;
    if (this.#refuses(inbound)) return;
    this.#byMeta.set(metaCallId, this.#begin(inbound));
  }

  terminate(metaCallId: string): void {
    const call = this.#byMeta.get(metaCallId);
    if (call) call.terminate();
    else this.#ended.add(metaCallId);
  }

  placeOutbound({ metaToken, phoneNumberId, graphVersion, from, to, ...request }: OutboundCall): void {
    const key = outboundId(request.call);
    if (this.#outbound.has(request.call) || this.#ended.has(key)) return;
    const access = { token: metaToken, phoneId: phoneNumberId, version: graphVersion };
    const people = { to, device: from, callerPhone: from, calleePhone: to };
    const outbound = { ...request, ...people, direction: 'outbound', access } as const;
    if (this.#refuses(outbound)) return;
    this.#outbound.set(request.call, this.#begin(outbound));
  }

  link(call: string, metaCallId: string): boolean {
    const known = this.#outbound.get(call);
    if (!known) return false;
    this.#link(known, metaCallId);
    return true;
  }

  connect(metaCallId: string, sdp: string): boolean {
    const known = this.#byMeta.get(metaCallId);
    if (!known) return false;
    known.giveAnswer(sdp);
    return true;
  }

  record(metaCallId: string): boolean {
    const known = this.#byMeta.get(metaCallId);
    if (!known || known.isOver) return false;
    known.record();
    return true;
  }

  stats(): CallStats {
    const names = [...this.#live].map((call) => call.pipelineName);
    const realtime = names.filter((name) => name === 'realtime').length;
    return {
      live: names.length,
      cascade: names.length - realtime,
      realtime,
      setupFailures: this.#setupFailures,
    };
  }

  /** CS4 */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const call of this.#live) call.shutDown();
    await Promise.all([...[...this.#live].map((call) => call.closed), ...this.#rejects]);
  }

  #link(call: Call, metaCallId: string): void {
    if (this.#byMeta.has(metaCallId)) return;
    call.link(metaCallId);
    this.#byMeta.set(metaCallId, call);
    if (this.#ended.has(metaCallId)) call.terminate();
  }

  /** CS3. While stopping nothing is begun either; the guard of the routes says so to the app. */
  #refuses(request: CallRequest): boolean {
    if (!this.#stopping && this.#live.size < this.#maxCalls) return false;
    const { direction, call, metaCallId, device } = request;
    const { tell, log } = this.#world;
    this.#setupFailures += 1;
    this.#ended.add(metaCallId ?? outboundId(call));
    const reason = this.#stopping ? 'the bridge stops' : 'capacity';
    log.warn({ id: call, direction, reason }, 'a call is refused');
    tell({ kind: 'call error', device, call, reason, ...(metaCallId !== undefined && { metaCallId }) });
    if (metaCallId === undefined || this.#stopping) this.#watch(standingOf(request, 'over', metaCallId));
    else {
      const rejected = this.#reject(request, metaCallId).finally(() => this.#rejects.delete(rejected));
      this.#rejects.add(rejected);
    }
    return true;
  }

  /** It stands until Meta has answered, so that a reject that is lost with the thread is said again. */
  async #reject(request: CallRequest, metaCallId: string): Promise<void> {
    const { graph, log } = this.#world;
    const { call: id, access } = request;
    this.#watch(standingOf(request, 'rejecting', metaCallId));
    try {
      const said = await graph(access)(metaCallId, { action: 'reject' });
      if (said.kind === 'failed') log.info({ id, reason: said.code }, 'Meta did not take the reject');
    } catch (error) {
      log.error({ err: error }, 'a call could not be rejected');
    }
    this.#watch(standingOf(request, 'over', metaCallId));
  }

  #begin(request: CallRequest): Call {
    const call: Call = new Call(this.#world, request, {
      ended: (isSetupFailure) => {
        if (isSetupFailure) this.#setupFailures += 1;
      },
      linked: (metaCallId) => this.#link(call, metaCallId),
      stands: (stage, metaCallId) => this.#watch(standingOf(request, stage, metaCallId)),
    });
    this.#live.add(call);
    void call.closed.then(() => this.#forget(request, call));
    return call;
  }

  #forget(request: CallRequest, call: Call): void {
    const { direction, call: id } = request;
    const { metaCallId } = call;
    this.#live.delete(call);
    this.#watch(standingOf(request, 'over', metaCallId));
    // The app may have named it more than once.
    for (const [name, each] of this.#byMeta) {
      if (each !== call) continue;
      this.#byMeta.delete(name);
      this.#ended.add(name);
    }
    if (direction !== 'outbound') return;
    this.#outbound.delete(id);
    this.#ended.add(outboundId(id));
  }
}

function standingOf(
  { direction, call, device, access }: CallRequest,
  stage: Standing['stage'],
  metaCallId: string | undefined,
): Standing {
  const id = direction === 'inbound' && metaCallId !== undefined ? metaCallId : outboundId(call);
  const ids = { id, call, device, ...(metaCallId !== undefined && { metaCallId }) };
  return stage === 'free' || stage === 'over' ? { ...ids, stage } : { ...ids, stage, access };
}
