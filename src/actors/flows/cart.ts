/** When a cart counts as abandoned (contract flows §3.3). */
import { numberOf } from '../../content/loose.ts';
import type { Wait } from './waits.types.ts';

const WAIT_MIN = 5;
const MINUTE_MS = 60_000;

/** At least one; of what nobody said five. */
export function cartMinutes(value: unknown): number {
  const minutes = numberOf(value);
  return Math.max(1, Number.isNaN(minutes) ? WAIT_MIN : minutes);
}

/** Epoch ms; it counts from when the products were shown, however often the customer chooses. */
export const cartDue = (wait: Extract<Wait, { nextNodeType: 'CommerceShop' }>): number =>
  wait.startedAt + wait.abandonedWaitMinutes * MINUTE_MS;
