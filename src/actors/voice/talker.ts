/**
 * Who talks in a call: the pipeline that was chosen for it, and the cascade in its place where realtime fails before the
 * gate opens. Contract voice §1, §9.2.
 *
 *  TK1  Realtime that is not ready in time, or is lost for good before it may talk, gives way to the cascade, where that
 *       has its keys (V-33); a key that the vendor refused is none of them. Once it talks, its end is the call's.
 *  TK2  What has been replaced says nothing more, and `close` answers only when that is free as well (V-34).
 *
 * Deliberately not here: the choice (choice.ts), when the gate opens (call.ts), a first loss of the vendor (RT3).
 */
import type { Log } from '../../log.ts';
import type { PipelineName } from './choice.ts';
import type { CallBrief, CallLine, Pipeline, PipelineMaker, Ready, RtpPlace } from './pipeline.ts';

export type TalkerOptions = {
  readonly makers: Readonly<Record<PipelineName, PipelineMaker>>;
  readonly name: PipelineName;
  readonly brief: CallBrief;
  readonly line: CallLine;
  readonly log: Log;
};

export class Talker {
  readonly #o: TalkerOptions;
  #name: PipelineName;
  /** Secret: keys. */
  #brief: CallBrief;
  #pipeline: Pipeline | undefined;
  /** When what was replaced is free. */
  #left: Promise<void> = Promise.resolve();
  #stage: 'silent' | 'talking' | 'closed' = 'silent';

  constructor(options: TalkerOptions) {
    this.#o = options;
    this.#name = options.name;
    this.#brief = options.brief;
  }

  get name(): PipelineName {
    return this.#name;
  }

  /** Begins to connect. */
  open(): Pipeline {
    this.#pipeline ??= this.#make();
    return this.#pipeline;
  }

  /** TK1. Opens what is not open yet. */
  async ready(): Promise<Ready> {
    const ready = await this.open().ready;
    return ready.kind === 'failed' && this.#givesWay(ready) ? this.open().ready : ready;
  }

  heard(opus: Uint8Array, place: RtpPlace): void {
    this.#pipeline?.heard(opus, place);
  }

  digit(digit: string): void {
    this.#pipeline?.digit(digit);
  }

  begin(): void {
    this.#stage = 'talking';
    this.#pipeline?.begin();
  }

  farewell(): void {
    this.#pipeline?.farewell();
  }

  /** TK2 */
  async close(): Promise<void> {
    this.#stage = 'closed';
    await Promise.all([this.#left, this.#pipeline?.close()]);
  }

  #make(): Pipeline {
    const pipeline: Pipeline = this.#o.makers[this.#name].open(
      this.#brief,
      this.#lineFor(() => this.#pipeline === pipeline),
    );
    return pipeline;
  }

  /** TK2 */
  #lineFor(isCurrent: () => boolean): CallLine {
    const { line } = this.#o;
    return {
      play: (opus, place) => {
        if (isCurrent()) line.play(opus, place);
      },
      turn: (turn) => {
        if (isCurrent()) line.turn(turn);
      },
      hangUp: (...end) => {
        if (isCurrent()) void this.#gone(...end);
      },
    };
  }

  async #gone(...[why, error, badKey]: Parameters<CallLine['hangUp']>): Promise<void> {
    const failure = { why: error ?? why, ...(badKey && { badKey }) };
    if (this.#stage !== 'silent' || !this.#givesWay(failure)) return this.#o.line.hangUp(why, error);
    const ready = await this.open().ready;
    if (ready.kind === 'failed') this.#o.line.hangUp(ready.why, ready.why);
  }

  /** TK1. Whether something else talks now. */
  #givesWay({ why, badKey }: Omit<Extract<Ready, { kind: 'failed' }>, 'kind'>): boolean {
    const { makers, log } = this.#o;
    if (this.#stage === 'closed' || this.#name === 'cascade') return false;
    if (badKey) this.#brief = { ...this.#brief, keys: { ...this.#brief.keys, [badKey]: '' } };
    if (makers.cascade.missing(this.#brief).length > 0) return false;
    log.warn({ reason: why }, 'realtime fails before it talks: this call is a cascade');
    const left = this.#pipeline;
    this.#name = 'cascade';
    this.#pipeline = this.#make();
    if (left) this.#left = left.close();
    return true;
  }
}
