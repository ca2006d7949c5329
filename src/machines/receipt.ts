/**
 * Which receipt of a sent message is news: sent < delivered < read < played, never downwards (contract inbound §10, S-46).
 */

export type Receipt = 'sent' | 'delivered' | 'read' | 'played';

const RANK: Readonly<Record<Receipt, number>> = { sent: 0, delivered: 1, read: 2, played: 3 };

/** The receipt to remember when `next` arrives after `current` (undefined: nothing yet); undefined when it is no news. */
export function advance(current: Receipt | undefined, next: Receipt): Receipt | undefined {
  return current === undefined || RANK[next] > RANK[current] ? next : undefined;
}

/** What the app is told of a receipt: `played` counts as read, `sent` (the server's ack) as nothing. */
export function forApp(receipt: Receipt): 'delivered' | 'read' | undefined {
  if (receipt === 'sent') return undefined;
  return receipt === 'delivered' ? 'delivered' : 'read';
}
