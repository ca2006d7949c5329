/**
 * What one call says to Meta, under which id and with whose access. Contract voice §4 steps 4 and 7, §6.
 *
 *  MW1  `accept` carries the text of `pre_accept`, byte for byte (V-23).
 *  MW2  After `forget` the token is gone, and nothing is said any more (V-35).
 *
 * Deliberately not here: which word when (machines/call.ts), how it is put (graph.ts).
 */
import type { Log } from '../../log.ts';
import type { LastWord, Worked } from '../../machines/call-events.ts';
import { type CallWord, COUNTS_AS_ACCEPTED, type SayToMeta } from './graph.ts';

export class MetaWords {
  readonly #log: Log;
  #say: SayToMeta | undefined;
  #metaCallId: string | undefined;
  #sdp = '';

  constructor(say: SayToMeta, metaCallId: string | undefined, log: Log) {
    this.#say = say;
    this.#metaCallId = metaCallId;
    this.#log = log;
  }

  /** Of a dialled call unknown until Meta has it. */
  get metaCallId(): string | undefined {
    return this.#metaCallId;
  }

  link(metaCallId: string): void {
    this.#metaCallId ??= metaCallId;
  }

  async preAccept(sdp: string): Promise<Worked> {
    this.#sdp = sdp;
    const said = await this.#word({ action: 'pre_accept', sdp });
    return said.kind === 'said' ? { kind: 'done' } : { kind: 'failed', error: `pre_accept_failed:${said.code}` };
  }

  /** MW1 */
  async accept(): Promise<Worked> {
    const said = await this.#word({ action: 'accept', sdp: this.#sdp });
    if (said.kind === 'said' || said.code === COUNTS_AS_ACCEPTED) return { kind: 'done' };
    return { kind: 'failed', error: `accept_failed:${said.code}` };
  }

  async last(word: LastWord): Promise<void> {
    if (word === 'none') return;
    const said = await this.#word({ action: word });
    if (said.kind === 'failed') this.#log.info({ word, reason: said.code }, 'Meta did not take the last word');
  }

  /** MW2 */
  forget(): void {
    this.#say = undefined;
  }

  async #word(word: CallWord): ReturnType<SayToMeta> {
    if (!this.#say) return { kind: 'failed', code: 'over' };
    return this.#say(this.#metaCallId ?? '', word);
  }
}
