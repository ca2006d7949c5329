import { describe, expect, it } from 'vitest';
import { inShort } from '../chaos/scenario.ts';
import { secrets } from '../chaos/scenarios/secrets.ts';

describe('P11: nothing secret in logs at the default level, also from libraries that print', () => {
  it(secrets.shows, async () => {
    expect((await inShort(secrets)).problems).toEqual([]);
  });
});
