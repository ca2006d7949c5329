/**
 * The only reader of the environment (contract README §7): option > real variable > `.env` file > default.
 *
 *  CF2  A problem names the variable and what is expected, never the value: values may be secrets (P11).
 *
 * Deliberately not here: which variables there are (config/variables.ts), what the bridge makes of them
 * (config/shape.ts), and deciding anything from their values.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { looksLikeOurs } from './config/misspelt.ts';
import { type Config, shape } from './config/shape.ts';
import { schema, type Variable } from './config/variables.ts';

export type { Config } from './config/shape.ts';

export type ConfigSources = {
  /** The real environment; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Set by code that starts the bridge itself; wins over everything. */
  readonly options?: Readonly<Partial<Record<Variable, string>>>;
  /** Where `.env` is looked for and relative folders start; default the working directory. */
  readonly directory?: string;
};

export type ConfigResult =
  /** `unknown` lists variables that look like a misspelt name of ours, for a warning. */
  | { readonly kind: 'ok'; readonly config: Config; readonly unknown: readonly string[] }
  /** One line per problem, ready to print. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** Reads and checks everything at once, so that one start shows every problem. */
export function loadConfig(sources: ConfigSources = {}): ConfigResult {
  const directory = resolve(sources.directory ?? process.cwd());
  const given = { ...readEnvFile(resolve(directory, '.env')), ...(sources.env ?? process.env), ...sources.options };
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && value.trim() !== '') env[name] = value.trim();
  }
  // Installers of the bundled bridge wrote a variable with the vendor's prefix (contract README §7).
  const alias = Object.keys(env).find((name) => name.endsWith('_NODE_LOG'));
  if (alias !== undefined && env['LOG_FILE'] === undefined) env['LOG_FILE'] = env[alias] as string;

  const parsed = schema.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return { kind: 'invalid', problems };
  }
  return { kind: 'ok', config: shape(parsed.data, directory), unknown: Object.keys(env).filter(looksLikeOurs) };
}

function readEnvFile(path: string): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Record<string, string | undefined>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
