/**
 * Supervisor, machine, history and real engine against the loopback WhatsApp, all in this process: for what happens
 * between a connection and its number. Time is the real one.
 */
import { join } from 'node:path';
import { History } from '../../src/actors/history.ts';
import { NumberRecords } from '../../src/actors/number-record.ts';
import type { HistoryEntry } from '../../src/actors/protocol.ts';
import { Supervisor } from '../../src/actors/supervisor.ts';
import { Views } from '../../src/actors/views.ts';
import type { Fact } from '../../src/app-client/callbacks.types.ts';
import type { Outbox } from '../../src/app-client/outbox.types.ts';
import { type Clock, systemClock, type Timer } from '../../src/clock.ts';
import type { KeepAlive } from '../../src/machines/deafness.ts';
import { defaultRestartPolicy } from '../../src/machines/restart.ts';
import { openLmdb } from '../../src/store/lmdb.ts';
import { PHONE, World } from '../conformance/engines/world.ts';
import { eventually } from './eventually.ts';

/** The system's clock, which knows what is still armed, and whose waits are `hurry` times shorter. */
class CountingClock implements Clock {
  readonly armed = new Set<Timer>();
  readonly #hurry: number;
  now = systemClock.now;

  constructor(hurry = 1) {
    this.#hurry = hurry;
  }

  setTimeout(fn: () => void, ms: number): Timer {
    const timer = systemClock.setTimeout(() => {
      this.armed.delete(timer);
      fn();
    }, ms / this.#hurry);
    this.armed.add(timer);
    return timer;
  }
  clearTimeout(timer: Timer): void {
    this.armed.delete(timer);
    systemClock.clearTimeout(timer);
  }
}

export type LiveHouseOptions = {
  readonly keepAlive?: KeepAlive;
  /** The number's own waits (back-off, settling) are so many times shorter; connections keep the real time. */
  readonly hurry?: number;
};

export async function liveHouse({ keepAlive, hurry = 1 }: LiveHouseOptions = {}) {
  const sockets = new CountingClock();
  const clock = new CountingClock(hurry);
  const world = await World.start();
  if (keepAlive) world.keepAlive = keepAlive;
  world.clock = sockets;
  world.restart();
  const { stores, engine, log } = world;
  const data = openLmdb({ path: join(world.dir, 'bridge') });
  const history = new History({ store: data, clock, log });
  const facts: Fact[] = [];
  const supervisor = new Supervisor({
    engine,
    stores,
    records: new NumberRecords(stores),
    history,
    outbox: { detach: async () => undefined } as unknown as Outbox,
    isPaired: (digits) => engine.isPaired(digits),
    tell: (fact) => facts.push(fact),
    clock,
    log,
    restartPolicy: defaultRestartPolicy,
  });
  const views = new Views(supervisor, clock);
  const ready = () => views.view(PHONE).ready;
  return {
    world,
    supervisor,
    views,
    facts,
    armed: (): number => clock.armed.size + sockets.armed.size,
    entries: (): HistoryEntry[] => history.of(PHONE),
    statuses: () => facts.flatMap((fact) => (fact.kind === 'status' ? [fact.status] : [])),
    /** The first entry that fits, counted from `after` on. */
    async entry(
      what: string,
      fits: (entry: HistoryEntry) => boolean,
      after = 0,
      withinMs = 20_000,
    ): Promise<HistoryEntry> {
      let found: HistoryEntry | undefined;
      const look = async () => {
        found = history.of(PHONE).find((entry) => entry.at >= after && fits(entry));
        return found !== undefined;
      };
      await eventually(look, { what, withinMs, everyMs: 40 });
      if (!found) throw new Error(what);
      return found;
    },
    async untilReady(withinMs = 20_000): Promise<void> {
      await eventually(async () => ready(), { what: 'the number is ready', withinMs, everyMs: 20 });
    },
    /** A paired number, connected as after a restart. */
    async restored(): Promise<void> {
      const attempt = await world.paired();
      await attempt.handle.close();
      supervisor.command(PHONE, { type: 'restore' });
      await this.untilReady();
    },
    async close(): Promise<void> {
      await supervisor.stop();
      await world.stop();
      await data.close();
    },
  };
}
