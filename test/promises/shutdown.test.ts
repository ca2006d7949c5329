import { describe, expect, it } from 'vitest';
import { inShort } from '../chaos/scenario.ts';
import { sigterm } from '../chaos/scenarios/sigterm.ts';

describe('contract README §9: shutdown', () => {
  it(sigterm.shows, async () => {
    expect((await inShort(sigterm)).problems).toEqual([]);
  });
});
