/** For engines and desks under test: nothing answers customers by itself. */
import type { AutomationDoor } from '../../src/actors/automation/automation.ts';
import type { AutomationHome } from '../../src/actors/automation/automations.ts';

export const NO_AUTOMATION: AutomationDoor = {
  open: () => [],
  put: () => undefined,
  begin: () => undefined,
  humanWrote: () => undefined,
};

export const NO_AUTOMATIONS: AutomationHome = {
  attach: () => NO_AUTOMATION,
  listener: () => () => undefined,
};
