/**
 * What is due next among very many: a binary heap of instants that knows where each id stands, so that an id can be
 * moved or taken out in logarithmic time. In memory only; the rows it speaks of lie in the store.
 */

type Entry = { readonly id: string; readonly at: number };

export class DueHeap {
  readonly #entries: Entry[] = [];
  readonly #places = new Map<string, number>();

  get size(): number {
    return this.#entries.length;
  }

  /** Adds an id or moves it. */
  set(id: string, at: number): void {
    const place = this.#places.get(id) ?? this.#entries.length;
    this.#settle({ id, at }, place);
  }

  delete(id: string): void {
    const place = this.#places.get(id);
    const last = this.#entries.pop();
    if (place === undefined || last === undefined) {
      if (last) this.#entries.push(last);
      return;
    }
    this.#places.delete(id);
    if (last.id !== id) this.#settle(last, place);
  }

  first(): { readonly id: string; readonly at: number } | undefined {
    return this.#entries[0];
  }

  /** Takes out every id that is due, or `most` of them, the earliest first. */
  takeDue(now: number, most = Infinity): string[] {
    const due: string[] = [];
    for (let first = this.first(); first && first.at <= now && due.length < most; first = this.first()) {
      due.push(first.id);
      this.delete(first.id);
    }
    return due;
  }

  /** Finds the place of an entry that may stand too low or too high where there is room for it. */
  #settle(entry: Entry, room: number): void {
    let place = room;
    for (let parent = this.#above(place); parent && parent.at > entry.at; parent = this.#above(place)) {
      this.#put(parent, place);
      place = (place - 1) >> 1;
    }
    for (let child = this.#below(place); child !== undefined; child = this.#below(place)) {
      const smaller = this.#entries[child];
      if (!smaller || smaller.at >= entry.at) break;
      this.#put(smaller, place);
      place = child;
    }
    this.#put(entry, place);
  }

  #above(place: number): Entry | undefined {
    return place === 0 ? undefined : this.#entries[(place - 1) >> 1];
  }

  /** Where the earlier of the two entries below stands. */
  #below(place: number): number | undefined {
    const [left, right] = [place * 2 + 1, place * 2 + 2];
    const [one, other] = [this.#entries[left], this.#entries[right]];
    if (!one) return undefined;
    return other && other.at < one.at ? right : left;
  }

  #put(entry: Entry, place: number): void {
    this.#entries[place] = entry;
    this.#places.set(entry.id, place);
  }
}
