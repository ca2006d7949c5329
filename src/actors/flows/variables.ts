/**
 * The variables of one conversation, and the only resolver of placeholders in flows (contract flows §4).
 *
 *  VA1  Every name is an ordinary key, `__proto__` and `constructor` too (F-48): they lie in a Map and are stored as pairs.
 *  VA2  Names that begin with `__` are the runtime's own and never shown to a customer.
 */

export class Variables {
  readonly #values: Map<string, unknown>;

  constructor(pairs: Iterable<readonly [string, unknown]> = []) {
    this.#values = new Map(pairs);
  }

  get(name: string): unknown {
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  set(name: string, value: unknown): void {
    this.#values.set(name, value);
  }

  remove(name: string): void {
    this.#values.delete(name);
  }

  pairs(): [string, unknown][] {
    return [...this.#values];
  }
}
