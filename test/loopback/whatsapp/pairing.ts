/**
 * The end of every pairing: the phone vouches for the new device, the device signs, the connection restarts.
 *
 * Owns: pairings between `pair-success` and the device's answer.
 * Invariants:
 *   R1 a device becomes linked only after its signature has arrived;
 *   R2 linking a device removes the number's earlier one (401 to its client).
 * Does not: know how the phone learnt of the device (`pairing-qr.ts`, `pairing-code.ts`).
 * Source: facts/loopback-whatsapp.md section 6.
 */
import { lidJid, pnJid, SERVER } from './addresses.ts';
import { deviceSignatureHolds, sealIdentity, signIdentity } from './adv-identity.ts';
import type { CompanionKeys } from './adv-identity.ts';
import type { Connection } from './connection.ts';
import { deferred } from './deferred.ts';
import { childBytes, child, el } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import { endWithStreamError } from './numbers.ts';
import type { Person } from './people.ts';
import type { Service } from './service.ts';

export type PairingResult =
  | { readonly kind: 'paired'; readonly jid: string }
  | { readonly kind: 'refused'; readonly reason: string };

const REPLY_TIMEOUT_MS = 10_000;
export const NO_ANSWER: PairingResult = { kind: 'refused', reason: 'the device did not answer' };

interface Pending {
  readonly person: Person;
  readonly keys: CompanionKeys;
  readonly device: number;
  readonly settle: (result: PairingResult) => void;
}

export class Pairing {
  readonly #service: Service;
  readonly #pending = new Map<Connection, Pending>();

  constructor(service: Service) {
    this.#service = service;
  }

  /** Sends `pair-success` and waits for the device's signature. */
  complete(connection: Connection, keys: CompanionKeys, person: Person, advSecret: Buffer): Promise<PairingResult> {
    const device = person.lastDevice + 1;
    person.lastDevice = device;
    const signed = signIdentity(person.phoneDevice.identity, keys.bundle.identity, device);
    const { promise, settle } = deferred<PairingResult>(REPLY_TIMEOUT_MS, NO_ANSWER);
    this.#pending.set(connection, { person, keys, device, settle });
    this.#service.numbers.seen(person.phone, connection);
    connection.send(
      el('iq', { type: 'set', id: `pair-${person.phone}-${device}`, xmlns: 'md', from: SERVER }, [
        el('pair-success', {}, [
          el('device-identity', {}, sealIdentity(signed, advSecret)),
          el('biz', { name: `Loopback ${person.phone.slice(-4)}` }),
          el('platform', { name: 'android' }),
          el('device', { jid: pnJid(person.phone, device), lid: lidJid(person.phone, device) }),
        ]),
      ]),
    );
    return promise;
  }

  /** An iq result of a client that is being paired. */
  answered(connection: Connection, iq: BinaryNode): void {
    const sign = child(iq, 'pair-device-sign');
    const pending = this.#pending.get(connection);
    if (sign === undefined || pending === undefined) return;
    this.#pending.delete(connection);
    const { person, keys, device, settle } = pending;
    const reply = childBytes(sign, 'device-identity') ?? Buffer.alloc(0);
    if (!deviceSignatureHolds(reply, keys.bundle.identity, person.phoneDevice.identity.public)) {
      this.#service.checks.record('badDeviceSignatures', `number ending in ${person.phone.slice(-4)}`);
    }
    const earlier = this.#service.numbers.live(person.phone);
    if (earlier !== undefined) endWithStreamError(earlier, 401);
    person.onWhatsApp = true;
    person.linked = {
      device,
      keyIndex: device,
      ...keys,
      preKeys: [],
      reportedPreKeys: this.#service.options.preKeys,
      firstSyncDone: false,
    };
    endWithStreamError(connection, 515);
    settle({ kind: 'paired', jid: pnJid(person.phone, device) });
  }

  /** The connection is gone. */
  withdraw(connection: Connection): void {
    this.#pending.get(connection)?.settle({ kind: 'refused', reason: 'the client hung up' });
    this.#pending.delete(connection);
  }
}
