/**
 * Baileys' Signal repository with two repairs, through the official option `makeSignalRepository`.
 *
 *  SR1  Every ratchet step is a transaction of its own, committed before anything that depends on it leaves. Baileys
 *       commits a send's ratchet after its stanza (facts/baileys §7.2), and lets a decrypt in between overwrite it or be
 *       overwritten: either makes a later message undecryptable at the contact.
 *  SR2  Steps of one session (canonical Signal address) are serial, also between sending and receiving.
 *  SR3  Decryption is journaled (decrypt-journal.ts).
 *  SR4  A message changes only the session that it was decrypted with (session-tries.ts).
 *
 * Baileys joins nested transactions through async context, so a step escapes the relay's transaction by running in the
 * context that the repository was made in.
 */
import { AsyncResource } from 'node:async_hooks';
import {
  DEFAULT_CONNECTION_CONFIG,
  isHostedPnUser,
  isPnUser,
  type SignalKeyStoreWithTransaction,
  type SignalRepositoryWithLIDStore,
  type SocketConfig,
} from '@whiskeysockets/baileys';
import { type DecryptJournal, hashOf } from './decrypt-journal.ts';
import { withoutFailedTries } from './session-tries.ts';

type Factory = SocketConfig['makeSignalRepository'];

/** `onEnd`: Baileys has begun to end the socket (it closes the repository first, then waits for the peer). */
export function durableRepository(journal: DecryptJournal, onEnd: () => void): Factory {
  return (auth, logger, pnToLid): SignalRepositoryWithLIDStore => {
    const inner = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, logger, pnToLid);
    const keys = auth.keys as SignalKeyStoreWithTransaction;
    const context = new AsyncResource('SignalStep');
    const outside = <T>(work: () => Promise<T>): Promise<T> => context.runInAsyncScope(work);

    const addressOf = async (jid: string): Promise<string> => {
      const lid = isPnUser(jid) || isHostedPnUser(jid) ? await inner.lidMapping.getLIDForPN(jid) : undefined;
      return inner.jidToSignalProtocolAddress(lid ?? jid);
    };
    const step = <T>(lock: string | Promise<string>, work: () => Promise<T>): Promise<T> =>
      outside(async () => keys.transaction(work, await lock));

    /** SR4. `address` is also the lock, so nobody else touches the record meanwhile. */
    const decryptInOneSession = async (address: string, decrypt: () => Promise<Uint8Array>): Promise<Uint8Array> => {
      const record = async () => (await keys.get('session', [address]))[address];
      const before = await record();
      const plaintext = await decrypt();
      const repaired = withoutFailedTries(before, await record());
      if (repaired) await keys.set({ session: { [address]: repaired } });
      return plaintext;
    };

    const journaled = (lock: string | Promise<string>, ciphertext: Uint8Array, decrypt: () => Promise<Uint8Array>) =>
      step(lock, async () => {
        const hash = hashOf(ciphertext);
        const known = journal.recall(hash);
        if (known) return known;
        const plaintext = await decrypt();
        await keys.set(journal.entry(hash, ciphertext, plaintext));
        return plaintext;
      });

    return {
      ...inner,
      lidMapping: inner.lidMapping,
      decryptMessage: (options) => {
        const address = addressOf(options.jid);
        return journaled(address, options.ciphertext, async () =>
          decryptInOneSession(await address, () => inner.decryptMessage(options)),
        );
      },
      decryptGroupMessage: (options) => journaled(options.group, options.msg, () => inner.decryptGroupMessage(options)),
      processSenderKeyDistributionMessage: (options) =>
        step(options.item.groupId ?? '', () => inner.processSenderKeyDistributionMessage(options)),
      encryptMessage: (options) => step(addressOf(options.jid), () => inner.encryptMessage(options)),
      encryptGroupMessage: (options) => step(options.group, () => inner.encryptGroupMessage(options)),
      getSenderKeyDistributionMessage: (options) =>
        step(options.group, () => inner.getSenderKeyDistributionMessage(options)),
      injectE2ESession: (options) => step(addressOf(options.jid), () => inner.injectE2ESession(options)),
      validateSession: (jid) => outside(() => inner.validateSession(jid)),
      close: () => {
        inner.close?.();
        onEnd();
      },
    };
  };
}
