/** What the sandbox and its thread say to each other. */

/** `inputs`: JSON of an object with what the script is given. `ms`: how long it may run. */
export type Script = { readonly code: string; readonly inputs: string; readonly ms: number };

export type Ran =
  | { readonly kind: 'result'; readonly json: string }
  | { readonly kind: 'failed'; readonly why: string };
