/**
 * Which engine a request goes through (contract messages §1.2).
 *
 *  EC1  The engine never changes silently (C-27): one that was asked for or is set, and cannot be used, is an outcome.
 *
 * Deliberately not here: how the settings are fetched and kept (app-client/settings.ts).
 */

export type EngineName = 'baileys' | 'waba' | 'twilio';

/** What sending needs to know of a number's settings (contract settings §1). */
export type SenderSettings = {
  readonly useCloud: boolean;
  readonly useTwilio: boolean;
  /** Phone id and token are there. */
  readonly cloudIsComplete: boolean;
  /** Account, token and sending number are there. */
  readonly twilioIsComplete: boolean;
  /** `''` when there is none. */
  readonly brandingFooter: string;
};

/** Settings of one number in one workspace, fresh or the last known; undefined when none were ever read. */
export type ReadSettings = (
  digits: string,
  workspace: string | undefined,
  /** Epoch ms by which the caller wants to go on, with whatever is known. */
  deadline: number,
) => Promise<SenderSettings | undefined>;

export type EngineChoice =
  | { readonly kind: 'engine'; readonly engine: EngineName }
  | { readonly kind: 'incomplete'; readonly engine: 'waba' | 'twilio' }
  | { readonly kind: 'settings unavailable' };

/** `provider` as the caller wrote it; anything but the three names counts as none. */
export function chooseEngine(
  provider: string,
  settings: SenderSettings | undefined,
  isSocketReady: boolean,
): EngineChoice {
  const asked = provider.trim().toLowerCase();
  if (asked === 'baileys') return { kind: 'engine', engine: asked };
  if (settings === undefined) {
    const isFree = asked !== 'waba' && asked !== 'twilio';
    return isFree && isSocketReady ? { kind: 'engine', engine: 'baileys' } : { kind: 'settings unavailable' };
  }
  const engine = asked === 'waba' || asked === 'twilio' ? asked : preset(settings);
  const isComplete = { baileys: true, waba: settings.cloudIsComplete, twilio: settings.twilioIsComplete };
  if (engine === 'baileys' || isComplete[engine]) return { kind: 'engine', engine };
  return { kind: 'incomplete', engine };
}

function preset({ useCloud, useTwilio }: SenderSettings): EngineName {
  if (useCloud) return 'waba';
  return useTwilio ? 'twilio' : 'baileys';
}
