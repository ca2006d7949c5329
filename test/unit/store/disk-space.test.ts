import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { assertDiskSpace } from '../../../src/store/disk-space.ts';

describe('disk space', () => {
  it('a write that the disk could not hold is refused before lmdb sees it', () => {
    expect(() => assertDiskSpace(tmpdir(), 1000)).not.toThrow();
    expect(() => assertDiskSpace(tmpdir(), 2 ** 59)).toThrow(/No space left/);
  });
});
