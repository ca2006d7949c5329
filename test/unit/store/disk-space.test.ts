import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { assertDiskSpace, hasRoomFor } from '../../../src/store/disk-space.ts';

describe('disk space', () => {
  it('a write that the disk could not hold is refused before lmdb sees it', () => {
    expect(() => assertDiskSpace(tmpdir(), 1000)).not.toThrow();
    expect(() => assertDiskSpace(tmpdir(), 2 ** 59)).toThrow(/No space left/);
  });

  it('a file is let in only where it leaves the stores their room', () => {
    const { bavail, bsize } = statfsSync(tmpdir());
    const free = bavail * bsize;
    expect(hasRoomFor(tmpdir(), 1_000)).toBe(true);
    expect(hasRoomFor(tmpdir(), free + 1)).toBe(false);
    expect(hasRoomFor(tmpdir(), free - 32 * 2 ** 20)).toBe(false);
  });
});
