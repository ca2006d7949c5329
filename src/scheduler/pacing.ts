/**
 * How long a bulk message waits after the one before it (contract settings §5); pure.
 *
 *  PA1  The gap is drawn anew each time: the platform's ± 20 %, or evenly within a job's own warm-up gap.
 *  PA2  Batches pause between them, never after the last recipient, and only for lists longer than one batch.
 */
import type { Pacing } from '../app-client/settings-answer.ts';

export type { Pacing };
export type WarmUp = { readonly min: number; readonly max: number };

/** `random`: 0..1. Milliseconds. */
export function gapMs(pacing: Pacing, warmUp: WarmUp | undefined, random: number): number {
  if (warmUp) return 1_000 * (warmUp.min + random * (warmUp.max - warmUp.min));
  return 1_000 * pacing.gap * (0.8 + 0.4 * random);
}

/** The pause after `sent` messages of this run, in ms; 0 when no batch has just ended. */
export function batchPauseMs(pacing: Pacing, recipients: number, sent: number, random: number): number {
  const { inBatches, batch, pause } = pacing;
  if (!inBatches || recipients <= batch || sent === 0 || sent % batch !== 0 || sent >= recipients) return 0;
  return 60_000 * pause * (0.8 + 0.4 * random);
}

/** `warmerGap` of a payload; undefined when it says nothing usable. */
export function warmUpOf(min: number, max: number): WarmUp | undefined {
  if (!(min >= 0) || !(max >= 0) || max === 0) return undefined;
  return { min: Math.min(min, max), max: Math.max(min, max) };
}
