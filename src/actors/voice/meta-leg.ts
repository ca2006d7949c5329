/**
 * The leg of a call towards Meta: its connection, what is said into it, and what comes out of it. Contract voice §6, §7.
 *
 *  ML1  Nothing passes in either direction while the gate is closed; afterwards words go to the pipeline, keys as digits.
 *  ML2  A caller of whom neither RTP nor RTCP comes for 15 s is gone (30 s before the first packet): told once (V-05).
 *  ML3  Recordings get copies; the packets themselves pass untouched (V-30, V-34).
 *
 * Deliberately not here: which pipeline, and when the gate opens (call.ts).
 */
import { randomInt } from 'node:crypto';
import type { Clock, Timer } from '../../clock.ts';
import type { CallFigures } from '../../metrics.ts';
import { DtmfReader } from './dtmf.ts';
import { Line } from './line.ts';
import { type Described, type IceSettings, Peer } from './peer.ts';
import type { RtpPlace } from './pipeline.ts';
import type { Recording } from './recording.ts';
import { RtpLine } from './rtp-line.ts';
import { RtpQuality } from './rtp-quality.ts';

export type MetaLegOptions = {
  readonly ice: IceSettings;
  readonly clock: Clock;
  /** Of the caller, while the gate is open. */
  readonly opus: (payload: Uint8Array, place: RtpPlace) => void;
  readonly digit: (digit: string) => void;
  /** The first packet of the other side, whether the gate is open or not. */
  readonly heard: () => void;
  /** The first word that was said into it. */
  readonly spoke: () => void;
  readonly lost: (why: string) => void;
};

const SILENT_MS = 15_000;
const NEVER_HEARD_MS = 30_000;

export class MetaLeg {
  readonly #o: MetaLegOptions;
  readonly #peer: Peer;
  readonly #line: Line;
  readonly #quality = new RtpQuality();
  #recording: Pick<Recording, 'take'> | undefined;
  #isOpen = false;
  #openedAt = 0;
  #hasHeard = false;
  #said = 0;
  #watch: Timer | undefined;

  constructor(options: MetaLegOptions) {
    this.#o = options;
    const { clock } = options;
    const keys = new DtmfReader((digit) => {
      if (this.#isOpen) options.digit(digit);
    });
    this.#peer = new Peer({
      ice: options.ice,
      keys: true,
      clock,
      opus: (payload, place) => this.#heard(payload, place),
      key: (payload, timestamp) => keys.take(payload, timestamp),
      lost: options.lost,
    });
    this.#line = new Line({
      numbers: new RtpLine({ sequence: randomInt(0x10000), timestamp: randomInt(0x100000000) }),
      clock,
      send: (numbers, opus) => this.#peer.send(numbers, opus),
      said: (opus, numbers) => {
        this.#said += 1;
        if (this.#said === 1) options.spoke();
        this.#recording?.take('agent', opus, { source: 0, ...numbers });
      },
    });
  }

  answer(offer: string): Promise<Described> {
    return this.#peer.answer(offer);
  }

  offer(): Promise<Described> {
    return this.#peer.offer();
  }

  take(answer: string): Promise<string | undefined> {
    return this.#peer.take(answer);
  }

  connectedBy(deadline: number): Promise<boolean> {
    return this.#peer.connectedBy(deadline);
  }

  /** Silence, so that the path stays open. */
  keepOpen(): void {
    this.#line.fill();
  }

  /** ML1, ML2 */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#openedAt = this.#o.clock.now();
    this.#line.open();
    this.#line.fill();
    this.#look();
  }

  play(opus: Uint8Array, place?: RtpPlace): void {
    this.#line.play(opus, place);
  }

  record(recording: Pick<Recording, 'take'>): void {
    this.#recording = recording;
  }

  figures(): CallFigures {
    const { packets, lost, jitterMs } = this.#quality.figures();
    return { heard: packets, lost, jitterMs, said: this.#said };
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#line.close();
    if (this.#watch) this.#o.clock.clearTimeout(this.#watch);
    this.#watch = undefined;
    await this.#peer.close();
  }

  #heard(payload: Uint8Array, place: RtpPlace): void {
    if (!this.#hasHeard) {
      this.#hasHeard = true;
      this.#o.heard();
    }
    if (!this.#isOpen) return;
    const now = this.#o.clock.now();
    this.#quality.take(place, now);
    this.#o.opus(payload, place);
    this.#recording?.take('user', payload, place);
  }

  #look(): void {
    const { clock, lost } = this.#o;
    const { heardAt } = this.#peer;
    const now = clock.now();
    const limit = heardAt !== undefined && heardAt >= this.#openedAt ? SILENT_MS : NEVER_HEARD_MS;
    const until = Math.max(heardAt ?? 0, this.#openedAt) + limit;
    if (now < until) this.#watch = clock.setTimeout(() => this.#look(), until - now);
    else lost(`no packet for ${limit / 1000} s`);
  }
}
