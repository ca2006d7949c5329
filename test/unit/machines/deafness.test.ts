import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { watchHearing } from '../../../src/actors/engines/unofficial/watchdog.ts';
import { hearing, KEEP_ALIVE } from '../../../src/machines/deafness.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const SECOND = 1_000;
const ANSWER = 'CB:iq,type:result';

/** A session whose library asks every 15 s; `answer` says after how many ms the peer answers, undefined: never. */
function session(answer: (asked: number) => number | undefined) {
  const time = new SimulatedTime();
  const ws = new EventEmitter();
  const found: { at: number; why: string }[] = [];
  const start = time.now();
  const stop = watchHearing(ws, {
    clock: time,
    keepAlive: KEEP_ALIVE,
    onDeaf: (why) => found.push({ at: time.now() - start, why }),
  });
  const ask = () => {
    const after = answer(time.now() - start);
    if (after !== undefined) time.setTimeout(() => ws.emit(ANSWER), after);
    time.setTimeout(ask, KEEP_ALIVE.everyMs);
  };
  time.setTimeout(ask, KEEP_ALIVE.everyMs);
  return { time, ws, found, stop };
}

describe('P10 the watchdog of an open session', () => {
  it('finds a session that went deaf after 12 to 27 s, once', () => {
    for (let deafFrom = 60; deafFrom < 75; deafFrom += 1) {
      const { time, found } = session((asked) => (asked < deafFrom * SECOND ? 20 : undefined));
      time.advance(200 * SECOND);
      expect(found).toHaveLength(1);
      const tookMs = (found[0]?.at ?? 0) - deafFrom * SECOND;
      expect(tookMs).toBeGreaterThanOrEqual(12 * SECOND);
      expect(tookMs).toBeLessThanOrEqual(27 * SECOND + 20);
      expect(found[0]?.why).toBe('deaf: nothing was answered for 27 s');
    }
  });

  it('finds a session that hears but is not heard: what the peer says on its own is no answer (DF1)', () => {
    const { time, ws, found } = session(() => undefined);
    for (let i = 0; i < 60; i++) {
      ws.emit('CB:message', {});
      time.advance(SECOND);
    }
    expect(found.map(({ at }) => at)).toEqual([27 * SECOND]);
  });

  it('leaves a slow peer in peace, and one that only acks (DF2)', () => {
    const slow = session((asked) => (asked % (30 * SECOND) === 0 ? 11.9 * SECOND : 10));
    slow.time.advance(600 * SECOND);
    expect(slow.found).toEqual([]);
    const acks = session(() => undefined);
    for (let i = 0; i < 30; i++) {
      acks.ws.emit('CB:ack', {});
      acks.time.advance(20 * SECOND);
    }
    expect(acks.found).toEqual([]);
  });

  it('a look that comes late proves nothing: blocked loop, suspended machine, a clock that jumped (DF3)', () => {
    const heardAt = 1_000_000;
    const dueAt = heardAt + 27_000;
    const at = (now: number) => hearing({ now, heardAt, dueAt }, KEEP_ALIVE);
    expect(at(dueAt)).toEqual({ kind: 'deaf', silentMs: 27_000 });
    expect(at(dueAt + 4_000)).toMatchObject({ kind: 'deaf' });
    expect(at(dueAt + 6_000)).toEqual({ kind: 'hearing', afterMs: 27_000, heardAt: dueAt + 6_000 });
    expect(at(dueAt + 3_600_000)).toMatchObject({ kind: 'hearing', afterMs: 27_000 });
    expect(at(heardAt - 3_600_000)).toEqual({ kind: 'hearing', afterMs: 27_000, heardAt: heardAt - 3_600_000 });
  });

  it('C-41 leaves no timer behind', () => {
    const { time, found, stop } = session(() => undefined);
    stop();
    time.advance(120 * SECOND);
    expect(found).toEqual([]);
  });
});
