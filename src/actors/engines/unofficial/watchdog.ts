/**
 * Watches one open session for answers, and says once when it is deaf (machines/deafness.ts decides).
 *
 *  WD1  No question of its own: Baileys' keep-alive asks, every answer to anything counts. A session that hears costs one
 *       timer per half a minute and no traffic.
 *  WD2  After `stop` nothing is said and no timer is left (C-41).
 *
 * Baileys alone would take 65 to 95 s for a frozen peer, and would never find a session that hears but is not heard: any
 * frame contents it (facts/baileys §6).
 */
import type { EventEmitter } from 'node:events';
import type { Clock } from '../../../clock.ts';
import { hearing, type KeepAlive } from '../../../machines/deafness.ts';

/** Frames that answer something of ours: queries, and the server's acks of messages and receipts. */
const ANSWERS = ['CB:iq,type:result', 'CB:iq,type:error', 'CB:ack'];

/** To be called when the session has opened; returns `stop`. */
export function watchHearing(
  ws: EventEmitter,
  { clock, keepAlive, onDeaf }: { clock: Clock; keepAlive: KeepAlive; onDeaf: (why: string) => void },
): () => void {
  let heardAt = clock.now();
  const heard = () => {
    heardAt = clock.now();
  };
  for (const event of ANSWERS) ws.on(event, heard);

  const look = (dueAt: number) => {
    const found = hearing({ now: clock.now(), heardAt, dueAt }, keepAlive);
    if (found.kind === 'deaf') {
      onDeaf(`deaf: nothing was answered for ${Math.round(found.silentMs / 1_000)} s`);
      return;
    }
    heardAt = found.heardAt;
    timer = arm(found.afterMs);
  };
  const arm = (ms: number) => {
    const dueAt = clock.now() + ms;
    return clock.setTimeout(() => look(dueAt), ms);
  };
  let timer = arm(keepAlive.everyMs + keepAlive.answerMs);
  return () => clock.clearTimeout(timer);
}
