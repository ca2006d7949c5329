/** A customer's message on its way to a decision (answers.ts). */
import type { CustomerMessage } from '../automation/flows.ts';
import type { LookUp } from '../automation/look-up.ts';
import type { Key } from '../../store/store.ts';
import type { Kept } from './kept-replies.ts';
import type { Reply } from './waits.types.ts';

export type Question = Kept & {
  readonly lookUp: LookUp;
  /** Whether its caller still waits for the decision (AW3). */
  readonly isOpen: () => boolean;
  /** Of its arrival (kept-replies.ts `arrived`). */
  readonly number: number;
  /** Where it is kept. */
  readonly id?: Key;
};

/** As automations see it. */
export const messageOf = ({ reply: { id, text, at }, start: { contact, seeds } }: Question): CustomerMessage => ({
  ...{ id, contact, text, at: at / 1_000 },
  name: seeds.kind === 'message' ? seeds.name : '',
});

export const isTyped = ({ tap, vote, text }: Reply): boolean => !tap && !vote && text.trim() !== '';
export const isSame = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();
