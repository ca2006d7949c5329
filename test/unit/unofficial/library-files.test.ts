import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sweepLibraryFiles } from '../../../src/actors/engines/unofficial/outgoing/library-files.ts';

it('LF1, C-43 removes the library’s encrypted copies of yesterday, and nothing else', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'library-files-'));
  const now = 1_800_000_000_000;
  const make = (name: string, hoursOld: number) => {
    writeFileSync(join(dir, name), 'x');
    utimesSync(join(dir, name), now / 1_000 - hoursOld * 3_600, now / 1_000 - hoursOld * 3_600);
  };
  make('image3EB0AAAAAAAAAAAAAAAAAA-enc', 25);
  make('video3EB0AAAAAAAAAAAAAAAAAA-enc', 23);
  make('image3EB0AAAAAAAAAAAAAAAAAA-enc.txt', 25);
  make('report-enc', 25);
  expect(await sweepLibraryFiles(dir, now)).toBe(1);
  expect(readdirSync(dir).sort()).toEqual([
    'image3EB0AAAAAAAAAAAAAAAAAA-enc.txt',
    'report-enc',
    'video3EB0AAAAAAAAAAAAAAAAAA-enc',
  ]);
  rmSync(dir, { recursive: true });
});
