import { describe, expect, it } from 'vitest';
import { newCorrelationId, newMessageId } from '../../src/ids.ts';

describe('ids', () => {
  it('message ids look like WhatsApp Web made them: 3EB0 and 18 upper-case hex digits (facts/baileys §3)', () => {
    expect(newMessageId()).toMatch(/^3EB0[0-9A-F]{18}$/);
  });

  it('never repeats an id: it is the idempotency key of a send', () => {
    const ids = Array.from({ length: 10_000 }, newMessageId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(newCorrelationId()).not.toBe(newCorrelationId());
  });

  it('correlation ids fit the contract: [A-Za-z0-9_-], at most 100 characters (README §1)', () => {
    expect(newCorrelationId()).toMatch(/^[A-Za-z0-9_-]{1,100}$/);
  });
});
