/** What a job's texts depend on besides job and recipient. */
import type { EngineName } from '../../content/engine-choice.ts';

export type Scene = {
  readonly engine: EngineName;
  /** The number's branding footer, `''` when it has none. */
  readonly branding: string;
  /** The app's base URL (`APP_DOMAIN_NAME`) without a trailing slash. */
  readonly appUrl: string;
};
