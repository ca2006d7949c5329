/**
 * All calls of this process: which there are, which id means which, and how many there may be. Contract voice §2, §4-§6.
 *
 *  CS1  One call per id of Meta's, and one outbound call per id of the app's, however often they are asked for (V-25).
 *  CS2  An id that has ended, or was ended before it began, stays ended for 10 min.
 *  CS3  More than `VOICE_MAX_CALLS` are refused at Meta and told to the app; those that run are not touched (V-27).
 *  CS4  `stop` ends every call, and resolves when all is free.
 *
 * Deliberately not here: the life of one call (call.ts).
 */
import type { Clock } from '../../clock.ts';
import { Call } from './call.ts';
import type { CallRequest, CallWorld } from './call.types.ts';
import type { CallDesk, CallStats, InboundCall, OutboundCall } from './desk.types.ts';

export type CallsOptions = { readonly world: CallWorld; readonly maxCalls: number };

const ENDED_MS = 10 * 60_000;

export class Calls implements CallDesk {
  readonly #world: CallWorld;
  readonly #maxCalls: number;
  readonly #live = new Set<Call>();
  readonly #byMeta = new Map<string, Call>();
  /** Outbound, under the app's id. */
  readonly #outbound = new Map<string, Call>();
  readonly #ended: EndedIds;
  #setupFailures = 0;
  #stopping = false;

  constructor({ world, maxCalls }: CallsOptions) {
    this.#world = world;
    this.#maxCalls = maxCalls;
    this.#ended = new EndedIds(world.clock);
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
    if (this.#ended.has(metaCallId) || this.#ended.has(outboundKey(call))) return;
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
    const key = outboundKey(request.call);
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
    await Promise.all([...this.#live].map((call) => call.closed));
  }

  #link(call: Call, metaCallId: string): void {
    if (this.#byMeta.has(metaCallId)) return;
    call.link(metaCallId);
    this.#byMeta.set(metaCallId, call);
    if (this.#ended.has(metaCallId)) call.terminate();
  }

  /** CS3. While stopping nothing is begun either; the guard of the routes says so to the app. */
  #refuses({ direction, call, metaCallId, device, access }: CallRequest): boolean {
    if (!this.#stopping && this.#live.size < this.#maxCalls) return false;
    const { tell, graph, log } = this.#world;
    this.#setupFailures += 1;
    this.#ended.add(metaCallId ?? outboundKey(call));
    const reason = this.#stopping ? 'the bridge stops' : 'capacity';
    log.warn({ id: call, direction, reason }, 'a call is refused');
    tell({ kind: 'call error', device, call, reason, ...(metaCallId !== undefined && { metaCallId }) });
    if (metaCallId !== undefined && !this.#stopping)
      graph(access)(metaCallId, { action: 'reject' }).then(
        (said) => said.kind === 'failed' && log.info({ id: call, reason: said.code }, 'Meta did not take the reject'),
        (error: unknown) => log.error({ err: error }, 'a call could not be rejected'),
      );
    return true;
  }

  #begin(request: CallRequest): Call {
    const call: Call = new Call(this.#world, request, {
      ended: (isSetupFailure) => {
        if (isSetupFailure) this.#setupFailures += 1;
      },
      linked: (metaCallId) => this.#link(call, metaCallId),
    });
    this.#live.add(call);
    void call.closed.then(() => this.#forget(request, call));
    return call;
  }

  #forget({ direction, call: id }: CallRequest, call: Call): void {
    this.#live.delete(call);
    const { metaCallId } = call;
    if (metaCallId !== undefined && this.#byMeta.get(metaCallId) === call) {
      this.#byMeta.delete(metaCallId);
      this.#ended.add(metaCallId);
    }
    if (direction !== 'outbound') return;
    this.#outbound.delete(id);
    this.#ended.add(outboundKey(id));
  }
}

const outboundKey = (call: string): string => `outbound:${call}`;

/** CS2. In the order of their ends, so the oldest are first. */
class EndedIds {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(id: string): void {
    const now = this.#clock.now();
    for (const [old, until] of this.#until) {
      if (until > now) break;
      this.#until.delete(old);
    }
    this.#until.delete(id);
    this.#until.set(id, now + ENDED_MS);
  }

  has(id: string): boolean {
    return (this.#until.get(id) ?? 0) > this.#clock.now();
  }
}
