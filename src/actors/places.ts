/**
 * A bounded number of places that are taken and left again, first come first served. Who wants more than there are gets
 * all of them.
 */
export class Places {
  readonly #all: number;
  #free: number;
  readonly #waiting: { readonly wanted: number; readonly enter: () => void }[] = [];

  constructor(all: number) {
    this.#all = all;
    this.#free = all;
  }

  /** Resolves when it is the caller's turn, with the function that gives the places back. */
  async enter(wanted: number): Promise<() => void> {
    const share = Math.min(wanted, this.#all);
    if (this.#waiting.length > 0 || share > this.#free) {
      await new Promise<void>((enter) => this.#waiting.push({ wanted: share, enter }));
    } else {
      this.#free -= share;
    }
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#free += share;
      this.#admit();
    };
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && next.wanted <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.wanted;
      next.enter();
    }
  }
}
