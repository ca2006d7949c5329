/**
 * The recording of one call: a file of raw PCM for each side, 48 kHz, 16 bits, mono. Contract voice §11.
 *
 *  RE1  Both files share one timeline that begins with the first arming: a sample's place is its time. Nothing said is
 *       silence (a hole, which reads as zeros), lost packets too, and both files end at the same sample (V-12).
 *  RE2  What was sent or heard is recorded, nothing else: audio that a barge-in dropped never reached the line.
 *  RE3  The packets' own clock places a source's audio; arrival only where a source begins, or has none.
 *  RE4  A call id that could name another folder or a hidden file is not recorded; a file is never made through a link, and
 *       has the configured mode whatever the umask says (V-14).
 *  RE5  A disk that fails ends the recording, never the call.
 *
 * Deliberately not here: who may be recorded (`record_*`, `/record`: V-13 is the caller's), reading and removing files.
 */
import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { errorCode } from '../../net.ts';
import { type Codec, openCodec, SAMPLE_RATE } from './opus.ts';
import type { RtpPlace } from './pipeline.ts';
import { Track } from './track.ts';

export type Side = 'agent' | 'user';

export type RecordingPlace = {
  /** The first that exists is taken; the last is made. */
  readonly folders: readonly string[];
  readonly mode: number;
};

export type RecordingOptions = RecordingPlace & {
  /** Meta's id of the call: the files are named after it. */
  readonly id: string;
  readonly clock: Clock;
  /** `why`: a word for the log. Told once. */
  readonly failed: (why: string) => void;
};

/** A recording that nothing is armed of yet, for a call of Meta's id. */
export type OpenRecording = (id: string) => Recording;

export const recordings =
  (place: RecordingPlace, { clock, log }: { readonly clock: Clock; readonly log: Log }): OpenRecording =>
  (id) =>
    new Recording({ ...place, id, clock, failed: (reason) => log.error({ reason }, 'a call is not recorded') });

const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
/** Arrival is uneven: less than this is no pause. */
const SLACK = SAMPLE_RATE * 0.06;
/** A source whose clock is further off than that has begun anew. */
const ADRIFT = SAMPLE_RATE;
const WRITTEN_AT_ONCE = SAMPLE_RATE / 2;
/** A disk that does not take more than 30 s of audio has failed. */
const LARGEST_BACKLOG = SAMPLE_RATE * 30;

type Recorded = {
  readonly codec: Codec;
  readonly track: Track;
  file: FileHandle | undefined;
  /** Where the next sample goes, and what waits before it to be written. */
  end: number;
  waiting: Int16Array[];
  waitingSamples: number;
  backlog: number;
  anchor: { readonly source: number; readonly timestamp: number; readonly at: number } | undefined;
};

/** RE4 */
const isRecordable = (id: string): boolean => /^[^./\\\0][^/\\\0]{0,199}$/.test(id);

export class Recording {
  readonly #o: RecordingOptions;
  readonly #sides = new Map<Side, Recorded>();
  #work: Promise<void> = Promise.resolve();
  /** Epoch ms. */
  #began = 0;
  #isOver = false;
  #hasFailed = false;

  constructor(options: RecordingOptions) {
    this.#o = options;
  }

  /** Idempotent. A side that joins later is silent until then. */
  arm(sides: Iterable<Side>): void {
    if (this.#isOver) return;
    if (!isRecordable(this.#o.id)) return this.#fail('the id names no file');
    if (this.#sides.size === 0) this.#began = this.#o.clock.now();
    for (const side of sides) {
      if (this.#sides.has(side)) continue;
      const codec = openCodec();
      const one: Recorded = {
        ...{ codec, track: new Track(codec), file: undefined, end: 0, waiting: [], waitingSamples: 0, backlog: 0 },
        anchor: undefined,
      };
      this.#sides.set(side, one);
      this.#then(async () => {
        one.file = await this.#create(`${this.#o.id}_${side}.pcm`);
      });
    }
  }

  /** A copy of one Opus packet that the line carried, never of its filling silence. */
  take(side: Side, opus: Uint8Array, place?: RtpPlace): void {
    const one = this.#isOver ? undefined : this.#sides.get(side);
    const piece = one?.track.take(opus, place);
    if (!one || !piece) return;
    const start = this.#placeOf(one, place);
    if (start > one.end) {
      this.#flush(one);
      one.end = start;
    }
    one.waiting.push(piece.pcm);
    one.waitingSamples += piece.pcm.length;
    one.end += piece.pcm.length;
    if (one.waitingSamples >= WRITTEN_AT_ONCE) this.#flush(one);
  }

  /** Idempotent; resolves when the files are whole. */
  close(): Promise<void> {
    if (this.#isOver) return this.#work;
    this.#isOver = true;
    const sides = [...this.#sides.values()];
    for (const one of sides) this.#flush(one);
    const length = Math.max(this.#now(), ...sides.map(({ end }) => end));
    this.#then(async () => {
      for (const { file } of sides) await file?.truncate(length * 2);
    });
    return this.#finish();
  }

  /** Samples since the beginning. */
  #now(): number {
    return Math.round(((this.#o.clock.now() - this.#began) * SAMPLE_RATE) / 1000);
  }

  /** RE3 */
  #placeOf(one: Recorded, place: RtpPlace | undefined): number {
    const now = this.#now();
    if (place && one.anchor?.source === place.source) {
      const at = one.anchor.at + ((place.timestamp - one.anchor.timestamp) | 0);
      if (Math.abs(at - now) < ADRIFT) return Math.max(at, one.end);
    }
    const at = now - one.end > SLACK ? now : one.end;
    one.anchor = place && { source: place.source, timestamp: place.timestamp, at };
    return at;
  }

  #flush(one: Recorded): void {
    const { waiting, waitingSamples, end } = one;
    if (waitingSamples === 0) return;
    one.waiting = [];
    one.waitingSamples = 0;
    one.backlog += waitingSamples;
    if (one.backlog > LARGEST_BACKLOG) return this.#fail('the disk is too slow');
    this.#then(async () => {
      const bytes = Buffer.concat(waiting.map(littleEndian));
      await one.file?.write(bytes, 0, bytes.length, (end - waitingSamples) * 2);
      one.backlog -= waitingSamples;
    });
  }

  async #create(name: string): Promise<FileHandle> {
    const { folders, mode } = this.#o;
    const exists = await Promise.all(
      folders.map((folder) =>
        access(folder).then(
          () => true,
          () => false,
        ),
      ),
    );
    const folder = folders.find((_, at) => exists[at]) ?? folders.at(-1) ?? '.';
    await mkdir(folder, { recursive: true });
    const file = await open(join(folder, name), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
    await file.chmod(mode);
    return file;
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch((error: unknown) => this.#fail(errorCode(error)));
  }

  /** RE5 */
  #fail(why: string): void {
    this.#isOver = true;
    void this.#finish();
    if (!this.#hasFailed) this.#o.failed(why);
    this.#hasFailed = true;
  }

  #finish(): Promise<void> {
    const sides = [...this.#sides.values()];
    this.#sides.clear();
    for (const { codec } of sides) codec.close();
    this.#then(async () => {
      for (const { file } of sides) await file?.close();
    });
    return this.#work;
  }
}

/** Node runs on little-endian machines only. */
const littleEndian = (pcm: Int16Array): Uint8Array => new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
