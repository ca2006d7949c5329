/** What a job's texts depend on besides job and recipient. */
import type { EngineName } from '../../content/engine-choice.ts';
import type { Lookup } from '../../content/placeholders.ts';

export type Scene = {
  readonly engine: EngineName;
  /** The number's branding footer, `''` when it has none. */
  readonly branding: string;
  /** The app's base URL (`APP_DOMAIN_NAME`) without a trailing slash. */
  readonly appUrl: string;
  /** Hears of every key that has no value for the recipient: a dry run's only reason to ask. */
  readonly onMissing?: (key: string) => void;
};

/** The same values. */
export const watched = (lookup: Lookup, { onMissing }: Pick<Scene, 'onMissing'>): Lookup =>
  onMissing === undefined
    ? lookup
    : (key) => {
        const value = lookup(key);
        if (!value) onMissing(key);
        return value;
      };
