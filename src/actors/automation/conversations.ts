/**
 * Strictly one after the other per customer, different customers in parallel (contract inbound §6, C-35).
 *
 *  CV1  A customer known by phone, by LID, or by both, in any of the ways a number is written, is one customer: work for
 *       them runs in the order of `enter`.
 *  CV2  Work that fails is reported and ends; the next begins all the same.
 *  CV3  A customer without work is forgotten.
 */
import { type Identity, variants } from '../../phone.ts';

/** The names under which a customer is known here: one for the phone in all its spellings, one for the LID. */
export function contactKeys({ pn, lid }: Identity): string[] {
  return [
    ...(pn === undefined ? [] : [[...variants(pn)].sort()[0] ?? pn]),
    ...(lid === undefined ? [] : [`${lid}@lid`]),
  ];
}

export class Conversations {
  /** The last work of each key. */
  readonly #last = new Map<string, Promise<void>>();
  readonly #onFailure: (error: unknown) => void;

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Resolves when the work is done, well or badly. */
  enter(contact: Identity, work: () => Promise<void>): Promise<void> {
    const keys = contactKeys(contact);
    const before = Promise.all(keys.flatMap((key) => this.#last.get(key) ?? []));
    const done = before.then(work).catch(this.#onFailure);
    for (const key of keys) this.#last.set(key, done);
    return done.finally(() => {
      for (const key of keys) if (this.#last.get(key) === done) this.#last.delete(key);
    });
  }

  /** Whether something of theirs is under way. */
  isBusy(contact: Identity): boolean {
    return contactKeys(contact).some((key) => this.#last.has(key));
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
