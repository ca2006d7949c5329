/** The library's words for accounts and errors -> ours. */
import type { WASocket } from '@whiskeysockets/baileys';
import type { CloseReason } from '../../../machines/close-reason.ts';
import type { Account } from '../../../machines/number.types.ts';
import { lidOfJid } from '../../../phone.ts';

export function accountOf(me: WASocket['user']): Account | undefined {
  if (!me) return undefined;
  const lid = me.lid === undefined ? undefined : lidOfJid(me.lid);
  return { id: me.id, ...(lid !== undefined && { lid }), ...(me.name !== undefined && { name: me.name }) };
}

/** Baileys' disconnect code is in `output.statusCode` (facts/baileys §6). */
export function reasonOf(error: Error | undefined): CloseReason {
  if (!error) return { text: 'closed' };
  const { output } = error as { output?: { statusCode?: unknown } };
  const code = typeof output?.statusCode === 'number' ? output.statusCode : undefined;
  return { ...(code !== undefined && { code }), text: textOf(error) };
}

/** WhatsApp's own code of a refused query is in `data`, not in `output.statusCode` (facts/baileys §9.11). */
export function queryCodeOf(error: unknown): number | undefined {
  const { data } = error as { data?: unknown };
  return typeof data === 'number' ? data : undefined;
}

export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
