/**
 * What may become of a job (contract schedules §7, §10): the legal moves, pure.
 *
 *  JM1  `ended` is final. A repeated order is harmless: it changes nothing and is no fault.
 *  JM2  Held (the app's list lacks it) and paused (somebody asked) are different: only a resume, a new registration or the
 *       row's return ends a hold, and a returning row never ends a pause.
 *
 * Whether a run is open is a fact of the job's row, not a state: a job is paused the same way before and during its run.
 */

export type JobState = 'active' | 'paused' | 'held' | 'ended';
export type JobOrder = 'pause' | 'resume' | 'cancel' | 'hold' | 'release';

const MOVES: Readonly<Record<JobState, Partial<Readonly<Record<JobOrder, JobState>>>>> = {
  active: { pause: 'paused', cancel: 'ended', hold: 'held' },
  paused: { resume: 'active', cancel: 'ended' },
  held: { resume: 'active', release: 'active', pause: 'paused', cancel: 'ended' },
  ended: {},
};

/** Where the order leads; undefined when it changes nothing. */
export const jobMove = (state: JobState, order: JobOrder): JobState | undefined => MOVES[state][order];
