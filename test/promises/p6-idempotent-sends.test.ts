import { describe, expect, it } from 'vitest';
import { inShort } from '../chaos/scenario.ts';
import { idempotentSends } from '../chaos/scenarios/idempotent-sends.ts';

describe('P6: one idempotency key gives at most one WhatsApp message, also across a crash', () => {
  it(idempotentSends.shows, async () => {
    expect((await inShort(idempotentSends)).problems).toEqual([]);
  });
});
