/** A keyword look-up as sessions get it: made once, however often it is asked for (C-33), or not at all. */
import type { KeywordAnswer } from '../../app-client/endpoints.ts';

export type LookUp = () => Promise<KeywordAnswer>;

export function once(work: LookUp): LookUp {
  let running: Promise<KeywordAnswer> | undefined;
  return () => (running ??= work());
}

export const notAsked =
  (why: string): LookUp =>
  () =>
    Promise.resolve({ kind: 'not asked', why });
