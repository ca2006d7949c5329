import { describe, expect, it } from 'vitest';
import { inShort } from '../chaos/scenario.ts';
import { restore } from '../chaos/scenarios/restore.ts';

describe('contract README §9: restore of saved logins', () => {
  it(restore.shows, async () => {
    expect((await inShort(restore)).problems).toEqual([]);
  });
});
