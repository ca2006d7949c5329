import { describe, expect, it } from 'vitest';
import { Gate } from '../../../src/app-client/gate.ts';

/** Fails the next probe as soon as it may go; answers when that was. */
function failProbe(gate: Gate, now: number): number {
  const at = Math.max(now, gate.nextProbe);
  expect(gate.pass(at)).toBe(true);
  expect(gate.pass(at)).toBe(false);
  gate.unanswered(at, true);
  return at;
}

describe('Gate', () => {
  it('G1: goes ajar after five unanswered requests in a row, not before', () => {
    const gate = new Gate();
    for (let i = 0; i < 4; i++) expect(gate.unanswered(0, false)).toBe(false);
    gate.answered();
    for (let i = 0; i < 4; i++) expect(gate.unanswered(0, false)).toBe(false);
    expect(gate.ajar).toBe(false);
    expect(gate.unanswered(0, false)).toBe(true);
    expect(gate.ajar).toBe(true);
  });

  it('G2: one probe per 1, 2, 4, 5, 5 s; late failures of older requests change nothing', () => {
    const gate = new Gate();
    for (let i = 0; i < 5; i++) gate.unanswered(0, false);
    for (let i = 0; i < 40; i++) expect(gate.unanswered(10, false)).toBe(false);
    const at = [0];
    for (let i = 0; i < 6; i++) at.push(failProbe(gate, at.at(-1) ?? 0));
    expect(at.slice(1).map((time, i) => time - (at[i] ?? 0))).toEqual([1000, 2000, 4000, 5000, 5000, 5000]);
  });

  it('G2: a refusal lets one request per minute pass', () => {
    const gate = new Gate();
    gate.refused(0);
    expect(gate.pass(59_999)).toBe(false);
    expect(gate.pass(60_000)).toBe(true);
    expect(gate.pass(119_999)).toBe(false);
    expect(gate.pass(120_000)).toBe(true);
  });

  it('G3: any answer opens it at once', () => {
    const gate = new Gate();
    gate.refused(0);
    expect(gate.answered()).toBe(true);
    expect(gate.answered()).toBe(false);
    expect(gate.pass(1) && gate.pass(1)).toBe(true);
  });
});
