/**
 * Error codes of a provider that no table knows (facts/cloud-api.md §6.1, facts/twilio.md §6).
 *
 *  UC1  One fails its recipient. Three in a row, of different recipients, are no longer about recipients: the run pauses
 *       before the rest fails likewise. A message that was taken, or refused for a known reason, ends the row.
 */
import type { BulkOutcome } from '../actors/protocol.ts';

const IN_A_ROW = 3;

export class UnknownCodes {
  #count = 0;

  /** Of each recipient. The reason to pause, when this was one too many. */
  tooMany(outcome: BulkOutcome): string | undefined {
    const isAnswer = outcome.kind === 'sent' || (outcome.kind === 'failed' && outcome.attempted);
    if (!isAnswer) return undefined;
    const isUnknown = outcome.kind === 'failed' && outcome.because === 'unknown code';
    this.#count = isUnknown ? this.#count + 1 : 0;
    if (!isUnknown || this.#count < IN_A_ROW) return undefined;
    this.#count = 0;
    return `${IN_A_ROW} unknown error codes in a row: ${outcome.error}`;
  }
}
