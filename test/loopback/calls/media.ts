/**
 * The media side of a peer on 127.0.0.1: a WebRTC connection that says prepared packets at their pace and keeps what it
 * hears. Meta's phones and realtime vendors are made of it.
 *
 *  MD1  What it says is numbered from wherever it began, 20 ms apart by the wall clock, with the time of sending in it.
 *  MD2  It hears packets as they are: numbers, payload type, marker and bytes; nothing is decoded here.
 *
 * Deliberately not here: signalling.
 */
import { randomInt } from 'node:crypto';
import {
  MediaStreamTrack,
  type RTCDataChannel,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
} from 'werift';

export type Packet = {
  /** `nowMs` */
  readonly at: number;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly ssrc: number;
  readonly payload: Buffer;
};

export type MediaOptions = {
  /** Meta: ice-lite, and telephone-event beside Opus. */
  readonly lite: boolean;
  readonly channel?: (channel: RTCDataChannel) => void;
};

/** Of the machine's monotonic clock, so that stamps of one process can be read in another. No time of day. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** 20 ms that claim to be Opus, with a number and the time of sending inside; what a relay must not change. */
export function stamped(n: number): Buffer {
  const payload = Buffer.alloc(61, n & 0xff);
  payload[0] = 0x78;
  payload.writeUInt32BE(n >>> 0, 1);
  payload.writeDoubleBE(nowMs(), 5);
  return payload;
}
export const stampOf = (payload: Buffer): { readonly n: number; readonly at: number } => ({
  n: payload.readUInt32BE(1),
  at: payload.readDoubleBE(5),
});
export const isStamped = (payload: Buffer): boolean => payload.length === 61 && payload[0] === 0x78;

export class Media {
  readonly connection: RTCPeerConnection;
  readonly heard: Packet[] = [];
  /** Keep nothing of what is heard, in long runs. */
  onPacket: ((packet: Packet) => void) | undefined;
  readonly #sender: ReturnType<RTCPeerConnection['addTransceiver']>['sender'];
  #sequence = randomInt(0x10000);
  #timestamp = randomInt(0x100000000);
  #timer: NodeJS.Timeout | undefined;
  #said = 0;

  constructor({ lite, channel }: MediaOptions) {
    const opus = new RTCRtpCodecParameters({
      ...{ mimeType: 'audio/opus', clockRate: 48_000, channels: 2, payloadType: lite ? 111 : 96 },
      parameters: 'minptime=10;useinbandfec=1',
    });
    const keys = new RTCRtpCodecParameters({
      ...{ mimeType: 'audio/telephone-event', clockRate: 8_000, channels: 1, payloadType: 126, parameters: '0-16' },
    });
    this.connection = new RTCPeerConnection({
      codecs: { audio: lite ? [opus, keys] : [opus] },
      iceServers: [],
      iceLite: lite,
      iceUseIpv6: false,
      iceAdditionalHostAddresses: ['127.0.0.1'],
    });
    this.connection.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe(({ header, payload }) => {
        const { payloadType, sequenceNumber: sequence, timestamp, marker, ssrc } = header;
        const packet = { at: nowMs(), payloadType, sequence, timestamp, marker, ssrc, payload };
        if (this.onPacket) this.onPacket(packet);
        else this.heard.push(packet);
      });
    });
    if (channel) this.connection.onDataChannel.subscribe(channel);
    const track = new MediaStreamTrack({ kind: 'audio' });
    this.#sender = this.connection.addTransceiver(track, { direction: 'sendrecv' }).sender;
    // Nobody outside is asked for an address.
    for (const { connection } of this.connection.iceTransports) Object.assign(connection, { stunServer: undefined });
  }

  async offer(): Promise<string> {
    await this.connection.setLocalDescription(await this.connection.createOffer());
    return this.connection.localDescription?.sdp ?? '';
  }

  async answer(offer: string): Promise<string> {
    await this.connection.setRemoteDescription({ type: 'offer', sdp: offer });
    await this.connection.setLocalDescription(await this.connection.createAnswer());
    return this.connection.localDescription?.sdp ?? '';
  }

  take(answer: string): Promise<void> {
    return this.connection.setRemoteDescription({ type: 'answer', sdp: answer });
  }

  get connected(): boolean {
    return this.connection.connectionState === 'connected';
  }

  /** What was said so far, in packets. */
  get said(): number {
    return this.#said;
  }

  /** Says `frame(n)` every 20 ms until `hush`; undefined pauses for that frame. `count`: and then hushes by itself. */
  talk(frame: (n: number) => Buffer | undefined = stamped, count = Number.POSITIVE_INFINITY): void {
    this.hush();
    const begun = performance.now();
    let beat = 0;
    const tick = () => {
      if (beat >= count) return this.hush();
      const payload = frame(this.#said);
      if (payload) this.say(payload, beat === 0);
      else this.skip(0, 960);
      beat += 1;
      this.#timer = setTimeout(tick, Math.max(0, begun + beat * 20 - performance.now()));
    };
    tick();
  }

  hush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  say(payload: Buffer, marker = false): void {
    this.#said += 1;
    this.#send(payload, marker);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + 960) >>> 0;
  }

  /** Packets that the network ate, or time that passed without any. */
  skip(packets: number, samples = packets * 960): void {
    this.#sequence = (this.#sequence + packets) & 0xffff;
    this.#timestamp = (this.#timestamp + samples) >>> 0;
  }

  /** One press of a key: packets of one timestamp, the last one three times (RFC 4733). */
  press(digit: string): void {
    const event = '0123456789*#ABCD'.indexOf(digit);
    for (const [at, flags] of [0x0a, 0x0a, 0x8a, 0x8a, 0x8a].entries()) {
      const payload = Buffer.from([event, flags, 0, (at + 1) * 160]);
      this.#send(payload, at === 0, 126);
      this.#sequence = (this.#sequence + 1) & 0xffff;
    }
    this.#timestamp = (this.#timestamp + 960) >>> 0;
  }

  async close(): Promise<void> {
    this.hush();
    await this.connection.close();
  }

  #send(payload: Buffer, marker: boolean, payloadType?: number): void {
    const { dtlsTransport, ssrc, codec } = this.#sender;
    const header = new RtpHeader({ sequenceNumber: this.#sequence, timestamp: this.#timestamp, marker });
    if (payloadType === undefined) {
      this.#sender.sendRtp(new RtpPacket(header, payload)).catch(() => undefined);
    } else if (dtlsTransport.state === 'connected' && codec) {
      // Past the sender, which knows Opus only.
      Object.assign(header, { ssrc, payloadType });
      dtlsTransport.sendRtp(payload, header).catch(() => undefined);
    }
  }
}
