/** For engines and desks under test: nothing answers customers by itself, and no job runs. */
import type { AutomationDoor } from '../../src/actors/automation/automation.ts';
import type { AutomationHome } from '../../src/actors/automation/automations.ts';

export const NO_AUTOMATION: AutomationDoor = {
  open: () => [],
  put: () => undefined,
  begin: () => undefined,
  humanWrote: () => undefined,
};

/** No job hears of a receipt. */
export const NO_JOBS = (): Promise<void> => Promise.resolve();

export const NO_AUTOMATIONS: AutomationHome = {
  attach: () => NO_AUTOMATION,
  listener: () => () => undefined,
};
