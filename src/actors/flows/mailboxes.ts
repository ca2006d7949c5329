/**
 * One mailbox per conversation: what happens to a session happens one after the other, sessions do not wait for each other
 * (F-21).
 *
 *  MB1  A customer known by phone, by LID, or by both has one mailbox per number (conversations.ts CV1).
 */
import type { Identity } from '../../phone.ts';
import { Conversations } from '../automation/conversations.ts';

export class Mailboxes {
  readonly #onFailure: (error: unknown) => void;
  readonly #of = new Map<string, Conversations>();

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Resolves when the work is done, well or badly. */
  enter(device: string, contact: Identity, work: () => Promise<void>): Promise<void> {
    const conversations = this.#of.get(device) ?? new Conversations(this.#onFailure);
    this.#of.set(device, conversations);
    return conversations.enter(contact, work);
  }

  isBusy(device: string, contact: Identity): boolean {
    return this.#of.get(device)?.isBusy(contact) ?? false;
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#of.values()].map((each) => each.settled()));
  }
}
