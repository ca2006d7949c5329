/** Contract inbound §10 and S-46: receipts only rise; played counts as read, the server's ack as nothing. */
import { expect, it } from 'vitest';
import { advance, forApp, type Receipt } from '../../../src/machines/receipt.ts';

const ORDER: Receipt[] = ['sent', 'delivered', 'read', 'played'];

it('S-46: a receipt is news only when it ranks above the one before', () => {
  for (const [i, current] of ORDER.entries()) {
    for (const [j, next] of ORDER.entries()) expect(advance(current, next)).toBe(j > i ? next : undefined);
  }
});

it('the first receipt is always news', () => {
  for (const receipt of ORDER) expect(advance(undefined, receipt)).toBe(receipt);
});

it('S-46: the app hears delivered and read only', () => {
  expect(ORDER.map(forApp)).toEqual([undefined, 'delivered', 'read', 'read']);
});
