/**
 * One call: does the work that its machine (machines/call.ts) asks for, and owns everything that must be freed at its end.
 * Contract voice §4-§6.
 *
 *  CL1  `release` closes pipeline, leg and recording on every path, says Meta's last word at most once, and forgets token
 *       and keys (V-05, V-34, V-35).
 *
 * Deliberately not here: which calls there are and which id means which (calls.ts), what the app is asked (asking.ts) and
 * Meta told (meta-words.ts), which pipeline talks (choice.ts) and what if it fails (talker.ts).
 */
import { type ActorRefFrom, createActor, fromPromise } from 'xstate';
import type { Asking } from '../../app-client/voice-calls.ts';
import { byDeadline } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Claimed, Ending, Prepared, Worked } from '../../machines/call-events.ts';
import { callMachine } from '../../machines/call.ts';
import { CLAIM_BY_MS } from '../../machines/call-setup.ts';
import { askForBrief, claimFor } from './asking.ts';
import type { CallRequest, CallWorld, Standing } from './call.types.ts';
import { chosen, type PipelineName } from './choice.ts';
import { MetaLeg } from './meta-leg.ts';
import { MetaWords } from './meta-words.ts';
import type { CallLine } from './pipeline.ts';
import type { Recording, Side } from './recording.ts';
import { Talker } from './talker.ts';

export type CallEvents = {
  readonly ended: (isSetupFailure: boolean) => void;
  /** Meta's id of a dialled call, from the app's answer. */
  readonly linked: (metaCallId: string) => void;
  /** At every step, also while it is being made. */
  readonly stands: (stage: Standing['stage'], metaCallId: string | undefined) => void;
};

/** ICE and DTLS get so long before the call goes on without them (§4 step 5). */
const PATH_MS = 3_000;
const PICK_UP_MS = 60_000;
/** Freeing and Meta's last word take no longer. */
const RELEASE_MS = 10_000;
/** While it is being released, which begins with the app's word and the last one to Meta. */
const ENDING = { none: 'over', reject: 'rejecting', terminate: 'terminating' } as const satisfies Record<
  Ending['lastWord'],
  Standing['stage']
>;

export class Call {
  readonly #w: CallWorld;
  readonly #request: Omit<CallRequest, 'access' | 'offer'>;
  readonly #actor: ActorRefFrom<typeof callMachine>;
  readonly #leg: MetaLeg;
  readonly #begunAt: number;
  readonly #log: Log;
  readonly #events: CallEvents;
  readonly #meta: MetaWords;
  readonly closed: Promise<void>;
  #offer: string;
  /** What Meta gets: our answer (inbound) or our offer (outbound). */
  #sdp = '';
  #answerSdp = '';
  #talker: Talker | undefined;
  #talkingSince: number | undefined;
  readonly #recorded = new Set<Side>();
  #recording: Recording | undefined;

  constructor(world: CallWorld, { access, offer = '', ...request }: CallRequest, events: CallEvents) {
    const { clock, log } = world;
    this.#w = world;
    this.#request = request;
    this.#events = events;
    this.#offer = offer;
    this.#begunAt = clock.now();
    this.#log = log.child({ id: request.call, direction: request.direction });
    this.#meta = new MetaWords(world.graph(access), request.metaCallId, this.#log);
    this.#leg = new MetaLeg({
      ice: world.ice,
      clock,
      opus: (payload, place) => this.#talker?.heard(payload, place),
      digit: (digit) => this.#talker?.digit(digit),
      heard: () => this.#actor.send({ type: 'heard' }),
      spoke: () => this.#w.meter.firstWord(clock.now() - (this.#talkingSince ?? clock.now())),
      lost: (why) => this.#actor.send({ type: 'lost', why }),
    });
    const work = <T>(run: (signal: AbortSignal) => Promise<T>) => fromPromise<T>(({ signal }) => run(signal));
    this.#actor = createActor(
      callMachine.provide({
        actors: {
          prepare: work((signal) => this.#prepare(signal)),
          ring: work(() => this.#ring()),
          claim: work((signal) => this.#claim(signal)),
          accept: work(() => this.#meta.accept()),
          dial: work((signal) => this.#dial(signal)),
          answered: work((signal) => this.#answered(signal)),
          release: fromPromise<void, Ending>(({ input }) => this.#release(input)),
        },
      }),
      { input: { direction: request.direction, longestMs: world.longestMs }, clock },
    );
    this.#actor.on('talking', () => this.#talk());
    this.#actor.on('farewell', () => this.#talker?.farewell());
    this.closed = new Promise((resolve) => {
      this.#actor.subscribe({
        next: ({ context: { held, ending } }) =>
          events.stands(this.isOver ? ENDING[ending.lastWord] : held ? 'held' : 'free', this.metaCallId),
        complete: resolve,
        error: (error) => {
          this.#log.error({ err: error }, 'a call failed');
          resolve();
        },
      });
    });
    this.#log.info('a call begins');
    this.#actor.start();
  }

  get metaCallId(): string | undefined {
    return this.#meta.metaCallId;
  }

  get pipelineName(): PipelineName {
    return this.#talker?.name ?? 'cascade';
  }

  get waitsForAnswer(): boolean {
    return this.#actor.getSnapshot().hasTag('waits for answer');
  }

  get isOver(): boolean {
    return this.#actor.getSnapshot().hasTag('over');
  }

  terminate(): void {
    this.#actor.send({ type: 'terminate' });
  }

  shutDown(): void {
    this.#actor.send({ type: 'shutdown' });
  }

  link(metaCallId: string): void {
    this.#meta.link(metaCallId);
    this.#actor.send({ type: 'linked' });
  }

  /** Meta's answer to an outbound call; only the first counts (V-25). */
  giveAnswer(sdp: string): void {
    if (!this.waitsForAnswer || this.#answerSdp !== '') return;
    this.#answerSdp = sdp;
    this.#actor.send({ type: 'answer' });
  }

  record(): void {
    this.#recorded.add('agent').add('user');
    if (this.#talkingSince !== undefined) this.#arm();
  }

  async #prepare(signal: AbortSignal): Promise<Prepared> {
    const { direction } = this.#request;
    if (direction === 'inbound' && this.#offer === '') return { ...failed('missing_sdp_offer'), reject: false };
    const describe = direction === 'inbound' ? this.#leg.answer(this.#offer) : this.#leg.offer();
    const [brief, described] = await Promise.all([
      askForBrief(this.#w.app, this.#request, this.#asking(signal)),
      describe,
    ]);
    this.#offer = '';
    if (signal.aborted) return { ...failed('ended'), reject: false };
    if (brief.kind !== 'brief') return { ...failed(brief.error), reject: brief.reject && direction === 'inbound' };
    if (described.kind === 'failed') return { ...failed(described.why), reject: false };
    this.#sdp = described.sdp;
    const { makers, preferred } = this.#w;
    const choice = chosen(brief.brief, preferred, makers);
    if (choice.kind === 'missing')
      return { ...failed(`missing_voice_keys:${choice.keys.join(',')}`), reject: direction === 'inbound' };
    const { recordAgent, recordUser } = brief.brief.assistant;
    if (recordAgent) this.#recorded.add('agent');
    if (recordUser) this.#recorded.add('user');
    const { name } = choice;
    this.#talker = new Talker({ makers, name, brief: brief.brief, line: this.#line(), log: this.#log });
    if (direction === 'inbound') this.#talker.open();
    return { kind: 'done' };
  }

  async #ring(): Promise<Worked> {
    const said = await this.#meta.preAccept(this.#sdp);
    if (said.kind === 'failed') return said;
    const [, ready] = await Promise.all([this.#leg.connectedBy(this.#w.clock.now() + PATH_MS), this.#ready()]);
    return ready;
  }

  async #ready(): Promise<Worked> {
    const ready = await this.#talker?.ready();
    return ready?.kind === 'ready' ? { kind: 'done' } : failed(ready?.why ?? 'no pipeline');
  }

  #claim(signal: AbortSignal): Promise<Claimed> {
    const { call, assistantId } = this.#request;
    const { app, clock } = this.#w;
    const ids = { call, metaCallId: this.metaCallId ?? '', assistantId };
    const isCut = () => this.#actor.getSnapshot().context.cut !== undefined;
    return claimFor(app, ids, { clock, deadline: this.#begunAt + CLAIM_BY_MS, isCut }, this.#asking(signal));
  }

  async #dial(signal: AbortSignal): Promise<Worked> {
    const { call, assistantId, to = '' } = this.#request;
    const dialled = await this.#w.app.dial({ call, sdp: this.#sdp, to, assistantId }, this.#asking(signal));
    if (dialled.kind !== 'dialled') return failed(dialled.why);
    this.#events.linked(dialled.metaCallId);
    return { kind: 'done' };
  }

  /** §5 steps 4 and 5. The realtime leg is set up only now, not while the phone rings (§9.2). */
  async #answered(signal: AbortSignal): Promise<Worked> {
    const refused = await this.#leg.take(this.#answerSdp);
    if (refused !== undefined) return failed(refused);
    if (signal.aborted) return failed('ended');
    const connected = this.#leg.connectedBy(this.#w.clock.now() + PICK_UP_MS).then((stands) => {
      if (stands && !signal.aborted) this.#leg.keepOpen();
      return stands;
    });
    const [stands, ready] = await Promise.all([connected, this.#ready()]);
    return stands ? ready : failed('no_answer');
  }

  #line(): CallLine {
    return {
      play: (opus, place) => this.#leg.play(opus, place),
      turn: ({ role, text, at }) => {
        if (text.trim() === '') return;
        const sinceAcceptMs = Math.max(0, Math.round(at - (this.#talkingSince ?? at)));
        const { call, device } = this.#request;
        this.#w.tell({ kind: 'call turn', device, call, role, text, sinceAcceptMs });
      },
      hangUp: (why, error) => this.#actor.send({ type: 'hang up', why, ...(error !== undefined && { error }) }),
    };
  }

  #talk(): void {
    const now = this.#w.clock.now();
    this.#talkingSince = now;
    this.#w.meter.setUp(now - this.#begunAt);
    this.#log.info({ pipeline: this.pipelineName, ms: now - this.#begunAt }, 'a call talks');
    this.#arm();
    this.#leg.open();
    this.#talker?.begin();
  }

  /** §11: the sides that the assistant names, or both. */
  #arm(): void {
    if (this.#recorded.size === 0) return;
    this.#recording ??= this.#w.openRecording(this.metaCallId ?? '');
    this.#recording.arm(this.#recorded);
    this.#leg.record(this.#recording);
  }

  /** CL1 */
  async #release({ why, error, lastWord }: Ending): Promise<void> {
    const talked = this.#talkingSince !== undefined;
    const { clock, meter } = this.#w;
    this.#log.info({ reason: why, word: lastWord, failed: error !== undefined }, 'a call ends');
    if (error !== undefined) this.#tellError(error);
    meter.ended(error !== undefined && !talked ? 'failed' : talked ? 'talked' : 'not taken', this.#leg.figures());
    this.#events.ended(error !== undefined && !talked);
    const all = Promise.allSettled([
      this.#meta.last(lastWord),
      this.#talker?.close(),
      this.#leg.close(),
      this.#recording?.close(),
    ]);
    const outcomes = await byDeadline(clock, all, clock.now() + RELEASE_MS);
    for (const each of outcomes === 'late' ? [] : outcomes)
      if (each.status === 'rejected')
        this.#log.error({ err: each.reason as unknown }, 'a part of a call did not close');
    if (outcomes === 'late') this.#log.error('a part of a call takes long to close');
    this.#meta.forget();
    this.#talker = undefined;
  }

  #tellError(reason: string): void {
    const { call, device } = this.#request;
    const { metaCallId } = this;
    this.#w.tell({ kind: 'call error', device, call, reason, ...(metaCallId !== undefined && { metaCallId }) });
  }

  #asking(signal: AbortSignal): Asking {
    const { nodeToken: token } = this.#request;
    return { signal, ...(token !== undefined && { token }) };
  }
}

const failed = <const E extends string>(error: E) => ({ kind: 'failed', error }) as const;
