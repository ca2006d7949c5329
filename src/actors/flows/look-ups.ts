/**
 * Keyword look-ups that flows make themselves: for messages of providers, and for what was kept (contract flows §7.1, §7.2).
 * They are never repeated; a late answer is nobody's (F-19).
 */
import type { Endpoints, KeywordAnswer, Witness } from '../../app-client/endpoints.ts';
import { byDeadline, type Clock } from '../../clock.ts';
import type { Kept } from './kept-replies.ts';

/** Contract flows §7.2. */
export const LOOK_UP_MS = 8_000;

export type FlowLookUp = (
  what: Pick<Kept, 'reply' | 'start' | 'media'>,
  until: number,
  witness?: Witness,
) => Promise<KeywordAnswer>;

const nothing = (): Promise<void> => Promise.resolve();

export function flowLookUp(endpoints: Pick<Endpoints, 'keywordReply'>, clock: Clock): FlowLookUp {
  return async ({ reply: { text }, start, media }, until, witness = { asking: nothing, refused: nothing }) => {
    const { device, contact: customer, provider, workspace } = start;
    const query = { text, customer, isLinked: provider === '', device, media, workspace };
    const asked = endpoints.keywordReply(query, until, witness);
    const found = await byDeadline(clock, asked, until);
    return found === 'late' ? { kind: 'no answer', why: 'late' } : found;
  };
}
