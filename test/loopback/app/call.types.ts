/** One call of the app's routes, and its answer. */

export type Json = Record<string, unknown>;

export type Call = {
  readonly method: string;
  /** Begins with `/api/`. */
  readonly path: string;
  readonly query: Record<string, string>;
  readonly body: Json;
};

export type Reply = { readonly status: number; readonly body: unknown };
