/**
 * Pairing by an 8-character code that the owner types into the phone.
 *
 * Owns: the exchange of wrapped ephemeral keys between the phone and a client that asked for a code.
 * Invariants:
 *   T1 a wrong code never links a device: the client's key bundle does not open, and its socket is dropped;
 *   T2 a newer request for a number replaces the older one.
 * Source: facts/loopback-whatsapp.md section 7.
 */
import { createDecipheriv, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { aesDecryptCTR, aesEncryptCTR, Curve, derivePairingCodeKey, hkdf } from '@whiskeysockets/baileys';
import { parseJid, SERVER } from './addresses.ts';
import type { CompanionKeys } from './adv-identity.ts';
import type { Connection } from './connection.ts';
import { deferred } from './deferred.ts';
import { child, childBytes, el } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import { NO_ANSWER } from './pairing.ts';
import type { Pairing, PairingResult } from './pairing.ts';
import type { Person } from './people.ts';

const ANSWER_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 2_000;
const LOOK_EVERY_MS = 20;
const WRONG_CODE: PairingResult = { kind: 'refused', reason: 'the code is wrong' };

interface Typed {
  readonly person: Person;
  readonly ephemeral: ReturnType<typeof Curve.generateKeyPair>;
  readonly companionEphemeral: Buffer;
  readonly settle: (result: PairingResult) => void;
}

interface Request {
  readonly connection: Connection;
  readonly keys: CompanionKeys;
  readonly wrappedEphemeral: Buffer;
  readonly reference: Buffer;
  typed: Typed | undefined;
}

export class CodePairing {
  readonly #pairing: Pairing;
  readonly #requests = new Map<string, Request>();

  constructor(pairing: Pairing) {
    this.#pairing = pairing;
  }

  /** `companion_hello`: the client shows its user a code. Answers the content of the iq result. */
  hello(connection: Connection, keys: CompanionKeys, iq: BinaryNode): BinaryNode[] | undefined {
    const registration = child(iq, 'link_code_companion_reg');
    const phone = parseJid(registration?.attrs['jid'])?.phone;
    const wrappedEphemeral = childBytes(registration, 'link_code_pairing_wrapped_companion_ephemeral_pub');
    if (phone === undefined || wrappedEphemeral?.length !== 80) return undefined;
    const reference = Buffer.from(`3@${randomBytes(24).toString('base64')}`);
    this.#requests.set(phone, { connection, keys, wrappedEphemeral, reference, typed: undefined });
    return [el('link_code_companion_reg', {}, [el('link_code_pairing_ref', {}, reference)])];
  }

  /** The owner types the code. Resolves when the device is linked, or refused. */
  async enter(person: Person, code: string): Promise<PairingResult> {
    const request = await this.#requestFor(person.phone);
    if (request === undefined) return { kind: 'refused', reason: 'no pairing code was requested' };
    if (request.typed !== undefined) return { kind: 'refused', reason: 'a code is being checked already' };
    const digits = code.replaceAll(/[^0-9A-Za-z]/g, '').toUpperCase();
    const ephemeral = Curve.generateKeyPair();
    const companionEphemeral = await unwrap(request.wrappedEphemeral, digits);
    const { promise, settle } = deferred<PairingResult>(ANSWER_TIMEOUT_MS, NO_ANSWER);
    request.typed = { person, ephemeral, companionEphemeral, settle };
    request.connection.send(
      el(
        'notification',
        {
          from: SERVER,
          id: randomBytes(4).toString('hex'),
          type: 'link_code_companion_reg',
        },
        [
          el('link_code_companion_reg', { stage: 'primary_hello' }, [
            el('link_code_pairing_ref', {}, request.reference),
            el('link_code_pairing_wrapped_primary_ephemeral_pub', {}, await wrap(ephemeral.public, digits)),
            el('primary_identity_pub', {}, person.phoneDevice.identity.public),
          ]),
        ],
      ),
    );
    return promise;
  }

  /** The client shows the code as it sends its request: a program that types at once may be ahead of it. */
  async #requestFor(phone: string): Promise<Request | undefined> {
    for (let waited = 0; waited <= REQUEST_TIMEOUT_MS; waited += LOOK_EVERY_MS) {
      const request = this.#requests.get(phone);
      if (request?.connection.open === true) return request;
      await sleep(LOOK_EVERY_MS);
    }
    return undefined;
  }

  /** `companion_finish`: `answer` sends the iq result, after which the pairing goes on. */
  finish(connection: Connection, iq: BinaryNode, answer: () => void): void {
    const registration = child(iq, 'link_code_companion_reg');
    const phone = parseJid(registration?.attrs['jid'])?.phone ?? '';
    const request = this.#requests.get(phone);
    if (request?.connection !== connection || request.typed === undefined) {
      answer();
      return;
    }
    this.#requests.delete(phone);
    const { person, settle } = request.typed;
    const bundle = childBytes(registration, 'link_code_pairing_wrapped_key_bundle') ?? Buffer.alloc(0);
    const advSecret = openBundle(bundle, request.typed, request.keys);
    answer();
    if (advSecret === undefined) {
      connection.cut();
      settle(WRONG_CODE);
      return;
    }
    void this.#pairing.complete(connection, request.keys, person, advSecret).then(settle);
  }

  withdraw(connection: Connection): void {
    for (const [phone, request] of this.#requests) {
      if (request.connection !== connection) continue;
      this.#requests.delete(phone);
      request.typed?.settle({ kind: 'refused', reason: 'the client hung up' });
    }
  }
}

async function wrap(publicKey: Uint8Array, code: string): Promise<Buffer> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  return Buffer.concat([salt, iv, aesEncryptCTR(publicKey, await derivePairingCodeKey(code, salt), iv)]);
}

async function unwrap(wrapped: Buffer, code: string): Promise<Buffer> {
  const key = await derivePairingCodeKey(code, wrapped.subarray(0, 32));
  return aesDecryptCTR(wrapped.subarray(48), key, wrapped.subarray(32, 48));
}

/** The shared secret from the client's key bundle; undefined when it does not open, i.e. the code was wrong. */
function openBundle(
  bundle: Buffer,
  { person, ephemeral, companionEphemeral }: Typed,
  keys: CompanionKeys,
): Buffer | undefined {
  if (bundle.length !== 156) return undefined;
  const shared = Curve.sharedKey(ephemeral.private, companionEphemeral);
  const key = hkdf(shared, 32, {
    salt: bundle.subarray(0, 32),
    info: 'link_code_pairing_key_bundle_encryption_key',
  });
  const decipher = createDecipheriv('aes-256-gcm', key, bundle.subarray(32, 44));
  decipher.setAuthTag(bundle.subarray(-16));
  const plain = decipher.update(bundle.subarray(44, -16));
  try {
    decipher.final();
  } catch {
    // The tag does not match: this is how a wrong code shows.
    return undefined;
  }
  const identity = person.phoneDevice.identity;
  const random = plain.subarray(64);
  const identities = Curve.sharedKey(identity.private, keys.bundle.identity);
  return Buffer.from(hkdf(Buffer.concat([shared, identities, random]), 32, { info: 'adv_secret' }));
}
