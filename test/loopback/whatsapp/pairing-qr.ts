/**
 * Pairing by QR: references offered to a new client, and the phone that scans one.
 *
 * Owns: the references of every connection that waits to be scanned.
 * Invariant: S1 a reference is good once, and only while its connection lives.
 * Source: facts/loopback-whatsapp.md section 6.
 */
import { randomBytes } from 'node:crypto';
import { SERVER } from './addresses.ts';
import type { CompanionKeys } from './adv-identity.ts';
import type { Connection } from './connection.ts';
import { el } from './nodes.ts';
import type { Pairing, PairingResult } from './pairing.ts';
import type { Person } from './people.ts';

/** The client shows the first for 60 s and each other for 20 s. */
const REFERENCES = 6;

interface Offer {
  readonly connection: Connection;
  readonly keys: CompanionKeys;
}

export class QrPairing {
  readonly #pairing: Pairing;
  readonly #offers = new Map<string, Offer>();

  constructor(pairing: Pairing) {
    this.#pairing = pairing;
  }

  offer(connection: Connection, keys: CompanionKeys): void {
    const references = Array.from({ length: REFERENCES }, () => `2@${randomBytes(48).toString('base64')}`);
    for (const reference of references) this.#offers.set(reference, { connection, keys });
    const refs = references.map((reference) => el('ref', {}, Buffer.from(reference)));
    connection.send(
      el('iq', { type: 'set', id: `refs-${randomBytes(4).toString('hex')}`, xmlns: 'md', from: SERVER }, [
        el('pair-device', {}, refs),
      ]),
    );
  }

  withdraw(connection: Connection): void {
    for (const [reference, offer] of this.#offers) {
      if (offer.connection === connection) this.#offers.delete(reference);
    }
  }

  /** The owner of `person`'s number points the phone at a QR text. */
  async scan(person: Person, qr: string): Promise<PairingResult> {
    // https://wa.me/settings/linked_devices#REF,NOISEPUB,IDENTITYPUB,ADVSECRET,PLATFORM; older clients: the list alone.
    const [reference = '', noise = '', identity = '', secret = ''] = qr.slice(qr.indexOf('#') + 1).split(',');
    const offer = this.#offers.get(reference);
    if (offer === undefined || !offer.connection.open)
      return { kind: 'refused', reason: 'the QR is unknown or expired' };
    const { connection, keys } = offer;
    if (noise !== keys.noisePublic.toString('base64') || identity !== keys.bundle.identity.toString('base64')) {
      return { kind: 'refused', reason: 'the QR carries other keys than the client that shows it' };
    }
    const advSecret = Buffer.from(secret, 'base64');
    if (advSecret.length !== 32) return { kind: 'refused', reason: 'the QR carries no secret' };
    this.withdraw(connection);
    return this.#pairing.complete(connection, keys, person, advSecret);
  }
}
