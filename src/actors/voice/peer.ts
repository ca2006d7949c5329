/**
 * One WebRTC connection with one audio stream: towards Meta, or towards a realtime vendor. With dtls-repeats.ts the only
 * file that knows the WebRTC library. Contract voice §7, §9.1.
 *
 *  PE1  Descriptions leave by the rules of sdp.ts, and only with candidates: gathering ends after 4 s with those there are.
 *  PE2  Its end is told once, by whichever of ICE, DTLS or the connection shows it first (V-05); never after `close`.
 *  PE3  `close` is idempotent and resolves when its UDP ports are free, also in the middle of a negotiation (V-34).
 *  PE4  Without a STUN server in the settings nobody is asked for our address.
 *  PE5  Payloads pass untouched (V-30). What is no Opus and no key is dropped, and so are later tracks.
 *
 * Deliberately not here: when media may flow (line.ts), silence of the other side (meta-leg.ts), signalling.
 */
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters, RtpHeader, RtpPacket } from 'werift';
import type { Clock } from '../../clock.ts';
import { byDeadline } from '../../clock.ts';
import { tolerateRepeats } from './dtls-repeats.ts';
import type { RtpPlace } from './pipeline.ts';
import type { RtpNumbers } from './rtp-line.ts';
import { folded, outgoing, problemOf, withCandidates } from './sdp.ts';

export type IceSettings = {
  readonly stunUrls: readonly string[];
  readonly turn?: { readonly urls: readonly string[]; readonly user: string; readonly pass: string };
  readonly ports?: readonly [number, number];
  /** Told beside private addresses. */
  readonly publicAddress?: string;
  /** Peers on this machine (tests, demo): loopback is a way, too. */
  readonly local: boolean;
};

export type PeerOptions = {
  readonly ice: IceSettings;
  /** Keys of the caller are negotiated: with Meta, not with vendors. */
  readonly keys: boolean;
  /** The label of a data channel that this side opens. */
  readonly channel?: string;
  readonly clock: Clock;
  readonly opus: (payload: Uint8Array, place: RtpPlace) => void;
  readonly key?: (payload: Uint8Array, timestamp: number) => void;
  readonly text?: (message: string) => void;
  /** PE2 */
  readonly lost: (why: string) => void;
};

export type Described =
  | { readonly kind: 'sdp'; readonly sdp: string }
  | { readonly kind: 'failed'; readonly why: string };

const GATHER_MS = 4_000;

export class Peer {
  readonly #o: PeerOptions;
  readonly #connection: RTCPeerConnection;
  readonly #transceiver: ReturnType<RTCPeerConnection['addTransceiver']>;
  readonly #channel: ReturnType<RTCPeerConnection['createDataChannel']> | undefined;
  readonly #candidates: string[] = [];
  readonly #whenConnected: Promise<void>;
  readonly #whenOpen: Promise<void>;
  #connectedNow: () => void = () => {};
  #opened: () => void = () => {};
  #track: MediaStreamTrack | undefined;
  #watched = false;
  #closing: Promise<void> | undefined;
  #heardAt: number | undefined;
  #isLost = false;
  /** Before there was a description, which then failed. */
  #lostEarly: string | undefined;

  constructor(options: PeerOptions) {
    this.#o = options;
    this.#whenConnected = new Promise((resolve) => (this.#connectedNow = resolve));
    this.#whenOpen = new Promise((resolve) => (this.#opened = resolve));
    const connection = new RTCPeerConnection(settings(options));
    this.#connection = connection;
    connection.onTrack.subscribe((track) => this.#listen(track));
    connection.connectionStateChange.subscribe((state) => {
      if (state === 'connected') this.#connectedNow();
      if (state === 'failed' || state === 'closed') this.#lose(`the connection is ${state}`);
    });
    connection.iceConnectionStateChange.subscribe((state) => {
      if (state === 'failed' || state === 'closed') this.#lose(`ICE is ${state}`);
    });
    connection.onIceCandidate.subscribe((candidate) => {
      if (candidate) this.#candidates.push(candidate.candidate);
    });
    this.#transceiver = connection.addTransceiver(new MediaStreamTrack({ kind: 'audio' }), { direction: 'sendrecv' });
    this.#channel = options.channel === undefined ? undefined : connection.createDataChannel(options.channel);
    // The library asks a public STUN server of its own choice unless it has another one.
    if (options.ice.stunUrls.length === 0)
      for (const { connection: ice } of connection.iceTransports) Object.assign(ice, { stunServer: undefined });
    this.#channel?.stateChanged.subscribe((state) => {
      if (state === 'open') this.#opened();
      if (state === 'closed') this.#lose('the data channel is closed');
    });
    this.#channel?.onMessage.subscribe((message) => {
      if (!this.#closing) options.text?.(typeof message === 'string' ? message : message.toString('utf8'));
    });
  }

  /** When a packet of any kind, RTP or RTCP, came last (epoch ms). */
  get heardAt(): number | undefined {
    return this.#heardAt;
  }

  async offer(): Promise<Described> {
    return this.#describe(async () => this.#connection.setLocalDescription(await this.#connection.createOffer()));
  }

  /** Of an offer: the answer to send. */
  async answer(offer: string): Promise<Described> {
    const problem = problemOf(offer);
    if (problem !== undefined) return { kind: 'failed', why: problem };
    const taken = await this.#try(() => this.#connection.setRemoteDescription({ type: 'offer', sdp: folded(offer) }));
    if (taken !== undefined) return { kind: 'failed', why: taken };
    return this.#describe(async () => this.#connection.setLocalDescription(await this.#connection.createAnswer()));
  }

  /** The answer to our offer; undefined when it was taken, else why not. */
  async take(answer: string): Promise<string | undefined> {
    const problem = problemOf(answer);
    if (problem !== undefined) return problem;
    return this.#try(() => this.#connection.setRemoteDescription({ type: 'answer', sdp: folded(answer) }));
  }

  /** ICE and DTLS stand, and with a data channel that too; false at the deadline (epoch ms). */
  async connectedBy(deadline: number): Promise<boolean> {
    const all = Promise.all([this.#whenConnected, this.#channel && this.#whenOpen]);
    return (await byDeadline(this.#o.clock, all, deadline)) !== 'late';
  }

  /** Synchronous up to encryption; dropped before the connection stands. */
  send({ sequence, timestamp, marker }: RtpNumbers, opus: Uint8Array): void {
    if (this.#closing) return;
    const header = new RtpHeader({ sequenceNumber: sequence, timestamp, marker });
    const payload = Buffer.from(opus.buffer, opus.byteOffset, opus.byteLength);
    // Past the track, whose own listener lets a failed send become an unhandled rejection. The end is seen elsewhere.
    this.#transceiver.sender.sendRtp(new RtpPacket(header, payload)).catch(() => undefined);
  }

  /** Dropped when the channel is not open. */
  sendText(message: string): void {
    if (!this.#closing && this.#channel?.readyState === 'open') this.#channel.send(message);
  }

  close(): Promise<void> {
    this.#closing ??= this.#connection.close();
    return this.#closing;
  }

  async #describe(work: () => Promise<unknown>): Promise<Described> {
    const described = this.#try(work);
    const outcome = await byDeadline(this.#o.clock, described, this.#o.clock.now() + GATHER_MS);
    if (outcome !== 'late' && outcome !== undefined) return { kind: 'failed', why: outcome };
    this.#watch();
    const sdp = withCandidates(this.#connection.localDescription?.sdp ?? '', this.#candidates);
    const made = outgoing(sdp, this.#o.ice.publicAddress);
    if (made.kind !== 'sdp') return { kind: 'failed', why: 'no candidates' };
    return this.#lostEarly === undefined ? made : { kind: 'failed', why: this.#lostEarly };
  }

  /** The library throws for descriptions that it cannot use, and for a connection that was closed meanwhile. */
  async #try(work: () => Promise<unknown>): Promise<string | undefined> {
    if (this.#closing) return 'closed';
    try {
      await work();
      return undefined;
    } catch (thrown) {
      return thrown instanceof Error ? `the SDP was refused (${thrown.name})` : 'the SDP was refused';
    }
  }

  /** The transport exists once there is a description. DTLS may close while the connection still says `connected`. */
  #watch(): void {
    const [transport] = this.#connection.dtlsTransports;
    if (this.#watched || !transport) return;
    this.#watched = true;
    transport.onStateChange.subscribe((state) => {
      if (state === 'connecting') tolerateRepeats(transport);
      if (state === 'closed' || state === 'failed') this.#lose(`DTLS is ${state}`);
    });
    const heard = () => {
      this.#heardAt = this.#o.clock.now();
    };
    transport.onRtp.subscribe(heard);
    transport.onRtcp.subscribe(heard);
  }

  #listen(track: MediaStreamTrack): void {
    if (this.#track) return;
    this.#track = track;
    track.onReceiveRtp.subscribe(({ header, payload }) => {
      if (this.#closing) return;
      const { payloadType, ssrc: source, sequenceNumber: sequence, timestamp, marker } = header;
      const name = this.#transceiver.codecs.find((codec) => codec.payloadType === payloadType)?.mimeType.toLowerCase();
      if (name === 'audio/opus') this.#o.opus(payload, { source, sequence, timestamp, marker });
      else if (name === 'audio/telephone-event') this.#o.key?.(payload, timestamp);
    });
  }

  #lose(why: string): void {
    if (this.#closing || this.#isLost) return;
    this.#isLost = true;
    if (this.#watched) this.#o.lost(why);
    else this.#lostEarly = why;
  }
}

function settings({ ice, keys }: PeerOptions): ConstructorParameters<typeof RTCPeerConnection>[0] {
  const { turn } = ice;
  return {
    codecs: { audio: keys ? [opusCodec(), keysCodec()] : [opusCodec()] },
    iceServers: [
      ...ice.stunUrls.map((urls) => ({ urls })),
      ...(turn?.urls ?? []).map((urls) => ({ urls, username: turn?.user ?? '', credential: turn?.pass ?? '' })),
    ],
    ...(ice.ports && { icePortRange: [...ice.ports] as [number, number] }),
    iceUseIpv6: false,
    // Otherwise a data channel gathers for itself, and what the answer then bundles away keeps its UDP ports for ever.
    bundlePolicy: 'max-bundle',
    ...(ice.local && { iceAdditionalHostAddresses: ['127.0.0.1'] }),
  };
}

const opusCodec = () =>
  new RTCRtpCodecParameters({
    mimeType: 'audio/opus',
    clockRate: 48_000,
    channels: 2,
    payloadType: 111,
    parameters: 'minptime=10;useinbandfec=1',
  });

const keysCodec = () =>
  new RTCRtpCodecParameters({
    mimeType: 'audio/telephone-event',
    clockRate: 8_000,
    channels: 1,
    payloadType: 126,
    parameters: '0-16',
  });
