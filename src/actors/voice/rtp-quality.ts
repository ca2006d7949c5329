/** How well one incoming stream arrives: packets, losses and jitter (RFC 3550 §6.4.1, appendix A.8). Pure. */
import type { RtpPlace } from './pipeline.ts';
import { stepOf } from './sequence.ts';

const PER_MS = 48;

export class RtpQuality {
  #source: number | undefined;
  #packets = 0;
  #expected = 0;
  #highest = 0;
  #transit: number | undefined;
  #jitter = 0;

  /** `now` in ms. */
  take({ source, sequence, timestamp }: RtpPlace, now: number): void {
    const transit = now * PER_MS - timestamp;
    if (source !== this.#source) {
      this.#source = source;
      this.#highest = sequence;
      this.#expected += 1;
    } else {
      const step = stepOf(this.#highest, sequence);
      if (step > 0) {
        this.#expected += step;
        this.#highest = sequence;
      }
      const change = Math.abs((transit - (this.#transit ?? transit)) | 0);
      this.#jitter += (change - this.#jitter) / 16;
    }
    this.#transit = transit;
    this.#packets += 1;
  }

  figures(): { readonly packets: number; readonly lost: number; readonly jitterMs: number } {
    return {
      packets: this.#packets,
      lost: Math.max(0, this.#expected - this.#packets),
      jitterMs: this.#jitter / PER_MS,
    };
  }
}
