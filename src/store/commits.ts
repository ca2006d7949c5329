/**
 * How writes become commits of one LMDB environment: group commit, and synchronous writes that keep their place.
 *
 * Invariants:
 *  L2  at most one asynchronous commit is under way; whatever comes meanwhile waits and goes out as the next one, in
 *      call order.
 *  L3  a synchronous write overtakes nothing (ST5): it applies the commit under way and the waiting ones itself, first.
 *      The commit under way may still run later on lmdb's thread, so it is conditional on a marker being absent, and
 *      the synchronous write sets that marker.
 *
 *  L6  what waits behind a commit that fails, fails with it: it may build on what did not come true.
 *
 * It does not encode anything: a change is bytes already, so applying one cannot fail half-way (L1 of lmdb.ts).
 */

export type Change = { readonly key: Buffer; readonly value: Buffer | undefined };

/** The part of lmdb-js' root database that is needed here. */
export interface Transactions {
  put(key: Buffer, value: Buffer): unknown;
  remove(key: Buffer): unknown;
  /** Runs `action`'s writes as one atomic part of a commit unless the key exists then. Resolves when committed. */
  ifNoExists(key: Buffer, action: () => void): Promise<boolean>;
  transactionSync(action: () => void): void;
}

export interface Commits {
  write(changes: readonly Change[]): Promise<void>;
  writeSync(changes: readonly Change[]): void;
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>;
}

type Waiting = {
  readonly changes: readonly Change[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};
type Commit = { readonly marker: Buffer; readonly group: readonly Waiting[]; superseded: boolean };

/** `markers` is the key prefix of the markers; rows a crash left below it must be gone before this is called. */
export function openCommits(db: Transactions, markers: Buffer): Commits {
  let waiting: Waiting[] = [];
  let current: Commit | undefined;
  let count = 0;
  /** Markers that have done their duty; the next transaction removes them. */
  let spent: Buffer[] = [];
  let idlers: (() => void)[] = [];

  function apply(changes: readonly Change[]): void {
    for (const { key, value } of changes) {
      if (value === undefined) db.remove(key);
      else db.put(key, value);
    }
  }

  function startCommit(): void {
    if (current) return;
    if (waiting.length === 0) {
      for (const resolve of idlers.splice(0)) resolve();
      return;
    }
    const commit: Commit = {
      marker: Buffer.concat([markers, Buffer.from(String(++count))]),
      group: waiting,
      superseded: false,
    };
    waiting = [];
    current = commit;
    const swept = spent;
    const committed = db.ifNoExists(commit.marker, () => {
      for (const marker of swept) db.remove(marker);
      for (const { changes } of commit.group) apply(changes);
    });
    spent = [];
    void committed.then(
      () => settle(commit, undefined),
      async (error: unknown) => {
        spent.push(...swept);
        settle(commit, await reasonOf(error));
      },
    );
  }

  function settle(commit: Commit, failure: Error | undefined): void {
    if (commit.superseded) spent.push(commit.marker);
    for (const { resolve, reject } of commit.group) {
      if (failure && !commit.superseded) reject(failure);
      else resolve();
    }
    if (failure && !commit.superseded) for (const { reject } of waiting.splice(0)) reject(failure);
    current = undefined;
    startCommit();
  }

  return {
    write: (changes) =>
      new Promise((resolve, reject) => {
        waiting.push({ changes, resolve, reject });
        queueMicrotask(startCommit);
      }),
    writeSync: (changes) => {
      const underway = current;
      const overtaken = waiting;
      db.transactionSync(() => {
        if (underway) {
          for (const { changes: earlier } of underway.group) apply(earlier);
          db.put(underway.marker, Buffer.of(1));
        }
        for (const { changes: earlier } of overtaken) apply(earlier);
        apply(changes);
      });
      if (underway) underway.superseded = true;
      waiting = [];
      for (const { resolve } of overtaken) resolve();
    },
    idle: () =>
      new Promise((resolve) => {
        idlers.push(resolve);
        startCommit();
      }),
  };
}

/** A failed commit carries its reason as a promise of its own, which nobody else would ever look at. */
async function reasonOf(error: unknown): Promise<Error> {
  const reason = (error as { commitError?: Promise<never> }).commitError;
  if (!reason) return error as Error;
  return reason.then(
    () => error as Error,
    (cause: unknown) => new Error('The store could not commit', { cause }),
  );
}
