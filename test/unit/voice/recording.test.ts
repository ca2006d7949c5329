import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FRAME_SAMPLES, openCodec } from '../../../src/actors/voice/opus.ts';
import { Recording, type RecordingOptions } from '../../../src/actors/voice/recording.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

let folder: string;
let time: SimulatedTime;
const codec = openCodec();
const failures: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-'));
  time = new SimulatedTime();
  failures.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const recording = (options: Partial<RecordingOptions> = {}) =>
  new Recording({
    ...{ folders: [folder], mode: 0o640, id: 'wacid.1', clock: time, failed: (why) => failures.push(why) },
    ...options,
  });

const loud = (() => {
  const frame = new Int16Array(FRAME_SAMPLES).map((_, at) => 9_000 * Math.sin((2 * Math.PI * 300 * at) / 48_000));
  let packet = new Uint8Array();
  for (let warm = 0; warm < 5; warm += 1) packet = codec.encode(frame) as Uint8Array<ArrayBuffer>;
  return packet;
})();

const read = (side: string): Int16Array => {
  const bytes = readFileSync(join(folder, `wacid.1_${side}.pcm`));
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};
/** The ms in which there is sound, as ranges of 20 ms frames. */
function sound(pcm: Int16Array): string {
  const frames: number[] = [];
  for (let at = 0; at < pcm.length; at += FRAME_SAMPLES) {
    const peak = pcm.subarray(at, at + FRAME_SAMPLES).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    if (peak > 500) frames.push((at / FRAME_SAMPLES) * 20);
  }
  return frames.filter((ms, at) => frames[at - 1] !== ms - 20 || frames[at + 1] !== ms + 20).join(' ');
}

const place = (sequence: number, source = 1) => ({
  ...{ source, sequence: sequence & 0xffff, timestamp: (sequence * FRAME_SAMPLES) >>> 0, marker: false },
});

describe('V-12 both files share one timeline (RE1)', () => {
  it('silence is zeros, both sides have the same length, 48 samples for each ms', async () => {
    const files = recording();
    files.arm(['agent', 'user']);
    time.advance(400);
    for (let at = 0; at < 10; at += 1, time.advance(20)) files.take('agent', loud);
    time.advance(400);
    for (let at = 0; at < 10; at += 1, time.advance(20)) files.take('user', loud, place(at));
    time.advance(300);
    await files.close();
    const [agent, user] = [read('agent'), read('user')];
    expect([agent.length, user.length]).toEqual([1_500 * 48, 1_500 * 48]);
    expect([sound(agent), sound(user)]).toEqual(['400 580', '1000 1180']);
    expect(agent.subarray(0, 400 * 48).every((sample) => sample === 0)).toBe(true);
  });

  it('packets are placed by their own clock, whatever their arrival, over the wrap of both counters (RE3)', async () => {
    const files = recording();
    files.arm(['user']);
    const first = 4_473_924; // The timestamp wraps four packets later, and the sequence is somewhere else.
    for (let at = 0; at < 5; at += 1, time.advance(20)) files.take('user', loud, place(first + at));
    // 200 ms of a stalled network, then everything at once; one packet is lost.
    time.advance(200);
    for (let at = 5; at < 15; at += 1) if (at !== 9) files.take('user', loud, place(first + at));
    await files.close();
    expect(sound(read('user'))).toBe('0 160 200 280');
  });

  it('a pause in which nothing was sent is as long as it was (RE3)', async () => {
    const files = recording();
    files.arm(['user']);
    files.take('user', loud, place(1));
    time.advance(1_000);
    files.take('user', loud, { ...place(2), timestamp: 51 * FRAME_SAMPLES });
    await files.close();
    expect(sound(read('user'))).toBe('0 1000');
  });

  it('what comes twice or late, and what is no Opus, changes nothing', async () => {
    const files = recording();
    files.arm(['user']);
    for (const at of [1, 2, 2, 1, 3]) files.take('user', loud, place(at));
    files.take('user', new Uint8Array(0), place(4));
    time.advance(60);
    await files.close();
    expect(read('user').length).toBe(60 * 48);
    expect(sound(read('user'))).toBe('0 40');
  });
});

describe('V-13 what is armed is recorded, arming twice changes nothing', () => {
  it('only the armed side has a file; the other joins later with silence before', async () => {
    const files = recording();
    files.arm(['user']);
    files.take('agent', loud);
    time.advance(100);
    files.arm(['agent', 'user']);
    files.arm(['agent', 'user']);
    files.take('agent', loud);
    time.advance(100);
    await files.close();
    expect(sound(read('agent'))).toBe('100');
    expect([read('agent').length, read('user').length]).toEqual([200 * 48, 200 * 48]);
  });

  it('nothing armed leaves no file; after the end nothing is added', async () => {
    const files = recording();
    files.take('user', loud, place(1));
    await files.close();
    files.arm(['user']);
    files.take('user', loud, place(2));
    await files.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('V-14 files stay in their folder and are nobody else’s', () => {
  it.each(['../x', 'a/b', 'a\\b', '.hidden', 'a\0b', '', 'x'.repeat(201)])(
    'an id like %j is not recorded (RE4)',
    async (id) => {
      const files = recording({ id, folders: [join(folder, 'inner')] });
      files.arm(['agent', 'user']);
      files.take('user', loud, place(1));
      await files.close();
      expect(readdirSync(folder)).toEqual([]);
      expect(failures).toEqual(['the id names no file']);
    },
  );

  it.each([0, 0o077])(
    'the mode is the configured one, not world-readable by default, with an umask of %d too',
    async (umask) => {
      const before = process.umask(umask);
      const files = recording();
      files.arm(['user']);
      await files.close();
      process.umask(before);
      expect(statSync(join(folder, 'wacid.1_user.pcm')).mode & 0o777).toBe(0o640);
    },
  );

  it('a link in the place of a file is not followed; the call goes on (RE5)', async () => {
    writeFileSync(join(folder, 'precious'), 'keep me');
    symlinkSync(join(folder, 'precious'), join(folder, 'wacid.1_user.pcm'));
    const files = recording();
    files.arm(['user', 'agent']);
    files.take('user', loud, place(1));
    await files.close();
    files.take('user', loud, place(2));
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('keep me');
    expect(failures).toEqual(['ELOOP']);
  });

  it('the first folder that exists is taken, the last is made', async () => {
    const [first, second, last] = ['first', 'second', 'last'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(second);
    for (const folders of [
      [first, second, last],
      [first, last],
    ]) {
      const files = recording({ folders });
      files.arm(['user']);
      await files.close();
    }
    expect(readdirSync(folder).toSorted()).toEqual(['last', 'second']);
    expect([readdirSync(second), readdirSync(last)]).toEqual([['wacid.1_user.pcm'], ['wacid.1_user.pcm']]);
  });
});
