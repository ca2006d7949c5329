/** A promise with a deadline that somebody else settles. */

export interface Deferred<T> {
  readonly promise: Promise<T>;
  /** Settles the promise; later calls do nothing. */
  settle(value: T): void;
}

/** Settles with `late` after `ms` when nobody has settled it before. */
export function deferred<T>(ms: number, late: T): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  const timer = setTimeout(() => resolve(late), ms);
  return {
    promise,
    settle(value) {
      clearTimeout(timer);
      resolve(value);
    },
  };
}
