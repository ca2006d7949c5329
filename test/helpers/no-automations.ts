/** For engines and desks under test: nothing answers customers by itself, and no job runs. */
import type { AutomationDoor } from '../../src/actors/automation/automation.ts';
import type { AutomationHome } from '../../src/actors/automation/automations.ts';
import type { JobNews } from '../../src/actors/protocol.ts';

export const NO_AUTOMATION: AutomationDoor = {
  open: () => [],
  openVotes: () => [],
  put: () => undefined,
  begin: () => undefined,
  humanWrote: () => undefined,
};

/** No job hears of anything. */
export const NO_JOBS: JobNews = { receipt: () => Promise.resolve(), customerWrote: () => undefined };

export const NO_AUTOMATIONS: AutomationHome = {
  attach: () => NO_AUTOMATION,
  listener: () => () => undefined,
};
