/**
 * The leg of a call towards a realtime vendor: one connection with audio and events. Contract voice §9.1, §9.2, §9.5.
 *
 *  VL1  Ready is: DTLS, data channel and `session.created`, within 6 s of the beginning; otherwise it failed (V-33).
 *  VL2  Audio passes untouched in both directions, with numbers of its own leg (V-30, V-31); nothing is kept (V-32).
 *  VL3  `lost` is told once, and only after `ready`; `close` frees the connection on every path (V-34).
 */
import { randomInt } from 'node:crypto';
import { byDeadline, type Clock } from '../../../clock.ts';
import { Line } from '../line.ts';
import { type IceSettings, Peer } from '../peer.ts';
import type { Ready, RtpPlace } from '../pipeline.ts';
import { RtpLine } from '../rtp-line.ts';
import { type ClientEvent, type VendorEvent, vendorEvent } from './events.ts';
import type { RealtimeVendor } from './openai.ts';

export type VendorLegOptions = {
  readonly vendor: RealtimeVendor;
  readonly key: string;
  readonly session: object;
  readonly ice: IceSettings;
  readonly clock: Clock;
  readonly opus: (payload: Uint8Array, place: RtpPlace) => void;
  readonly event: (event: VendorEvent) => void;
  readonly lost: (why: string) => void;
};

const READY_MS = 6_000;

export class VendorLeg {
  readonly ready: Promise<Ready>;
  readonly #o: VendorLegOptions;
  readonly #peer: Peer;
  readonly #line: Line;
  #created: () => void = () => {};
  #gone: (why: string) => void = () => {};
  #isReady = false;
  #isClosed = false;
  #callId = '';

  constructor(options: VendorLegOptions) {
    this.#o = options;
    const { clock, ice, opus } = options;
    this.#peer = new Peer({
      ...{ ice, clock, keys: false, channel: 'oai-events' },
      opus: (payload, place) => {
        if (this.#isReady) opus(payload, place);
      },
      text: (message) => this.#hearEvent(message),
      lost: (why) => this.#lose(why),
    });
    const numbers = new RtpLine({ sequence: randomInt(0x10000), timestamp: randomInt(0x100000000) });
    this.#line = new Line({ numbers, clock, send: (place, payload) => this.#peer.send(place, payload) });
    this.ready = this.#connect();
  }

  /** What the caller says. */
  hear(opus: Uint8Array, place: RtpPlace): void {
    this.#line.play(opus, place);
  }

  send(event: ClientEvent): void {
    this.#peer.sendText(JSON.stringify(event));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#gone('closed');
    this.#line.close();
    const { vendor, key } = this.#o;
    await Promise.all([this.#peer.close(), vendor.hangUp(key, this.#callId)]);
  }

  async #connect(): Promise<Ready> {
    const { clock } = this.#o;
    const deadline = clock.now() + READY_MS;
    const created = new Promise<void>((resolve) => (this.#created = resolve));
    const gone = new Promise<Ready>((resolve) => (this.#gone = (why) => resolve({ kind: 'failed', why })));
    const outcome = await byDeadline(clock, Promise.race([this.#negotiate(created, deadline), gone]), deadline);
    if (outcome === 'late') return { kind: 'failed', why: 'realtime_not_ready' };
    if (outcome.kind === 'ready') {
      this.#isReady = true;
      this.#line.open();
    }
    return outcome;
  }

  async #negotiate(created: Promise<void>, deadline: number): Promise<Ready> {
    const { vendor, key, session } = this.#o;
    const offer = await this.#peer.offer();
    if (offer.kind === 'failed') return offer;
    const answer = await vendor.connect(key, offer.sdp, session, deadline);
    if (answer.kind === 'failed') return answer;
    this.#callId = answer.callId;
    // Closed while the vendor was asked: its call is ended all the same.
    if (this.#isClosed) {
      await vendor.hangUp(key, answer.callId);
      return { kind: 'failed', why: 'closed' };
    }
    const refused = await this.#peer.take(answer.sdp);
    if (refused !== undefined) return { kind: 'failed', why: refused };
    if (!(await this.#peer.connectedBy(deadline))) return { kind: 'failed', why: 'realtime_not_ready' };
    await created;
    return { kind: 'ready' };
  }

  #hearEvent(message: string): void {
    const event = vendorEvent(message);
    if (!event || this.#isClosed) return;
    if (event.type === 'session.created') this.#created();
    this.#o.event(event);
  }

  #lose(why: string): void {
    if (this.#isClosed) return;
    if (this.#isReady) this.#o.lost(why);
    else this.#gone(why);
  }
}
