/**
 * What every chaos scenario is: a name, what it shows, and a run that ends in a verdict. `npm run faults` runs the long
 * form, the promise tests run the short form of the same function.
 */
import type { Verdict } from '../helpers/audit.ts';
import type { Random } from '../helpers/random.ts';
import { seeded } from '../helpers/random.ts';
import { onStage, type Stage } from '../helpers/stage.ts';

export type Run = {
  readonly stage: Stage;
  readonly random: Random;
  /** How often the scenario repeats its fault. */
  readonly rounds: number;
  /** `short` also shortens waits; what is shown stays the same. */
  readonly form: 'short' | 'long';
  /** Progress, one line. */
  readonly say: (line: string) => void;
};

export type Scenario = {
  readonly name: string;
  /** One line for people. */
  readonly shows: string;
  readonly rounds: { readonly short: number; readonly long: number };
  readonly run: (run: Run) => Promise<Verdict>;
};

/** Between two messages of one conversation, ms: in a short form, most of what messages cost is left out. */
export const PAUSE = { short: [300, 1_200], long: [100, 600] } as const;

/** The short form on a stage of its own, for tests. */
export const inShort = (scenario: Scenario): Promise<Verdict> => onStage((stage) => shortOn(stage, scenario));

/** `seed`: what two scenarios on one stage say differs by it. */
export function shortOn(stage: Stage, scenario: Scenario, seed = 7): Promise<Verdict> {
  const rounds = scenario.rounds.short;
  return scenario.run({ stage, random: seeded(seed), rounds, form: 'short', say: () => undefined });
}

/** Several parts of one scenario as one verdict; counts of one name are added up. */
export function together(...parts: readonly Verdict[]): Verdict {
  const counts: Record<string, number> = {};
  for (const part of parts) {
    for (const [name, count] of Object.entries(part.counts)) counts[name] = (counts[name] ?? 0) + count;
  }
  return { counts, problems: parts.flatMap((part) => part.problems) };
}
