/** How an answer of the app is worded where nothing else is left to do with it. */
import type { CallAnswer } from '../../app-client/flow-calls.types.ts';

/** For warnings: a word of the app or a code, never a text. */
export const whyNot = (answer: Exclude<CallAnswer<unknown>, { readonly kind: 'ok' }>): string =>
  answer.kind === 'refused' ? answer.error : answer.why;
