/**
 * The endpoints of the app as the worker sees them: each has its own ready queue and breaker, and shares the places of
 * its lane, so that a slow kind of callback never takes the places of another (contract README §3.1).
 */
import type { Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Lane } from './callbacks.ts';
import type { AppAnswer } from './client.ts';
import { Fifo } from './fifo.ts';
import { Gate } from './gate.ts';
import type { Entry, Line } from './outbox-chain.ts';

/** 64 requests at once in all; receipts at most 8 (inbound §10). */
const AT_ONCE = { inbound: 44, receipts: 8, rest: 12 } as const satisfies Record<Lane, number>;

const WARN_EVERY_MS = 60_000;

export type LaneState = {
  readonly atOnce: number;
  busy: number;
  pumping: boolean;
  readonly channels: Channel[];
};

export type Channel = {
  readonly path: string;
  readonly lane: LaneState;
  readonly gate: Gate;
  readonly ready: Fifo<Line>;
  /** Lines that wait because nobody answered for the app. */
  readonly forApp: Set<Line>;
  warnedAt: number;
  probeTimer: Timer | undefined;
};

export class Channels {
  readonly #byPath = new Map<string, Channel>();
  readonly #lanes = new Map<Lane, LaneState>();

  of({ path, lane }: Entry): Channel {
    const known = this.#byPath.get(path);
    if (known) return known;
    const state = this.#lane(lane);
    const channel: Channel = {
      path,
      lane: state,
      gate: new Gate(),
      ready: new Fifo(),
      forApp: new Set(),
      warnedAt: 0,
      probeTimer: undefined,
    };
    this.#byPath.set(path, channel);
    state.channels.push(channel);
    return channel;
  }

  all(): Iterable<Channel> {
    return this.#byPath.values();
  }

  #lane(lane: Lane): LaneState {
    let state = this.#lanes.get(lane);
    if (!state) {
      state = { atOnce: AT_ONCE[lane], busy: 0, pumping: false, channels: [] };
      this.#lanes.set(lane, state);
    }
    return state;
  }
}

/** Once a minute per endpoint. */
export function warnRefused(channel: Channel, answer: AppAnswer, now: number, log: Log): void {
  if (now - channel.warnedAt < WARN_EVERY_MS) return;
  channel.warnedAt = now;
  log.warn(
    { path: channel.path, reason: reasonOf(answer) },
    'the app refuses callbacks (401/403: compare NODE_WEBHOOK_TOKEN; redirect: APP_DOMAIN_NAME); they wait',
  );
}

/** For logs. */
export const reasonOf = (answer: AppAnswer): string =>
  answer.kind === 'answer' ? `HTTP ${answer.status}` : answer.detail;
