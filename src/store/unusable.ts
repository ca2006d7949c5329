/**
 * Why a store folder cannot be opened. It is thrown before anything in the folder was changed, and it concerns
 * that one folder only: whoever opens many folders reports this one and goes on (P1).
 */

export type UnusableReason =
  /** Written by a later version of the bridge. */
  | 'newer-schema'
  /** Not one of ours: rows, but no schema row. */
  | 'foreign'
  /** Encrypted, and no key was given. */
  | 'key-missing'
  /** Encrypted with another key. */
  | 'wrong-key'
  /** Not encrypted, and a key was given. */
  | 'not-encrypted'
  /** The files cannot be read as a store, or not by this user. */
  | 'unreadable';

export class StoreUnusable extends Error {
  readonly reason: UnusableReason;
  readonly folder: string;

  constructor(reason: UnusableReason, folder: string, explanation: string, cause?: unknown) {
    super(`Store ${folder}: ${explanation}`, cause === undefined ? undefined : { cause });
    this.name = 'StoreUnusable';
    this.reason = reason;
    this.folder = folder;
  }
}
