/** When a cart counts as abandoned (contract flows §3.3). */
import type { Wait } from './waits.types.ts';

const MINUTE_MS = 60_000;

/** Epoch ms; it counts from when the products were shown, however often the customer chooses. */
export const cartDue = (wait: Extract<Wait, { nextNodeType: 'CommerceShop' }>): number =>
  wait.startedAt + Math.max(1, wait.abandonedWaitMinutes) * MINUTE_MS;
