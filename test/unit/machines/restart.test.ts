/** P2: restart intensity, minimum uptime, quarantine, as values. */
import { describe, expect, it } from 'vitest';
import { defaultRestartPolicy, freshHistory, onExit, type RestartPolicy } from '../../../src/machines/restart.ts';

const policy: RestartPolicy = {
  maxRestarts: 3,
  withinMs: 60_000,
  minimumUptimeMs: 10_000,
  backoff: { base: 1_000, growth: 2, maxFactor: 4, jitter: 500, max: 10_000 },
  random: () => 0,
};

/** Crashes a child again and again; each lives `life` ms and starts again after its delay. */
function crash(times: number, life: number, given: RestartPolicy = policy) {
  let at = 0;
  let history = freshHistory;
  return Array.from({ length: times }, () => {
    const decision = onExit(history, { startedAt: at, endedAt: at + life }, given);
    history = decision.history;
    at += life + (decision.kind === 'restart' ? decision.delay : 0);
    return decision;
  });
}

describe('P2 restart intensity', () => {
  it('R2: up to N restarts with growing back-off, then quarantine until an explicit initialize', () => {
    const decisions = crash(4, 0);
    expect(decisions.map((d) => (d.kind === 'restart' ? d.delay : d.until))).toEqual([
      1_000,
      2_000,
      4_000,
      'initialize',
    ]);
  });

  it('R1: a minimum uptime wipes the record; just below it does not', () => {
    expect(crash(50, 10_000).map((d) => d.kind === 'restart' && d.delay)).toEqual(Array(50).fill(1_000));
    expect(crash(4, 9_999).at(-1)?.kind).toBe('quarantine');
  });

  it('crashes older than the window do not count', () => {
    const history = { crashes: [0, 1, 2] };
    expect(onExit(history, { startedAt: 59_000, endedAt: 59_999 }, policy).kind).toBe('quarantine');
    const later = onExit(history, { startedAt: 60_001, endedAt: 60_002 }, policy);
    expect(later).toEqual({ kind: 'restart', delay: 1_000, history: { crashes: [60_002] } });
  });

  it('R3: the given history is not changed, and stays bounded', () => {
    const history = Object.freeze({ crashes: Object.freeze([1, 2]) });
    expect(onExit(history, { startedAt: 3, endedAt: 4 }, policy).history.crashes).toEqual([1, 2, 4]);
    expect(history.crashes).toEqual([1, 2]);
    expect(Math.max(...crash(4, 0).map((d) => d.history.crashes.length))).toBe(policy.maxRestarts + 1);
  });

  it('jitter is added, within the ceiling', () => {
    expect(crash(1, 0, { ...policy, random: () => 1 })[0]).toMatchObject({ delay: 1_500 });
    const capped = { ...policy, backoff: { ...policy.backoff, max: 1_200 }, random: () => 1 };
    expect(crash(1, 0, capped)[0]).toMatchObject({ delay: 1_200 });
  });

  it('the default repairs five crashes and quarantines the sixth', () => {
    const kinds = crash(6, 100, defaultRestartPolicy).map((d) => d.kind);
    expect(kinds).toEqual([...Array(5).fill('restart'), 'quarantine']);
  });
});
