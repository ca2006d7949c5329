/**
 * What the service tells clients about people: who exists, with which devices, with which keys.
 *
 * Owns: the answers to usync and key bundle queries, and the store of uploaded prekeys.
 * Invariants:
 *   D1 each one-time prekey is given out once;
 *   D2 a person asked for by LID is answered without the `lid` child (the client would call it an invalid mapping).
 * Source: facts/loopback-whatsapp.md section 10.
 */
import { jidFor, lidJid, parseJid } from './addresses.ts';
import type { Address } from './addresses.ts';
import { typeOfError } from './iq-errors.ts';
import { bigEndian, bytesOf, child, childBytes, children, el, uint } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import type { Person } from './people.ts';
import type { Service } from './service.ts';
import type { PreKeyBundle, PublicPreKey } from './virtual-device.ts';

const KEY_TYPE = Buffer.from([5]);

export function answerUsync(service: Service, iq: BinaryNode): BinaryNode[] {
  const usync = child(iq, 'usync');
  const asked = new Set(children(child(usync, 'query')).map(({ tag }) => tag));
  const users = children(child(usync, 'list'), 'user').flatMap((user) => {
    const number = bytesOf(child(user, 'contact'))?.toString().replace(/^\+/, '');
    const address = parseJid(user.attrs['jid']) ?? parseJid(`${number ?? ''}@s.whatsapp.net`);
    if (address === undefined) return [];
    return [describe(service.people.get(address.phone), address, asked)];
  });
  return [el('usync', usync?.attrs, [el('list', {}, users)])];
}

function describe(person: Person, { addressing, phone }: Address, asked: ReadonlySet<string>): BinaryNode {
  const jid = jidFor(addressing, phone);
  const content: BinaryNode[] = [];
  if (asked.has('contact')) content.push(el('contact', { type: person.onWhatsApp ? 'in' : 'out' }));
  if (asked.has('devices') && person.onWhatsApp) {
    const devices = [el('device', { id: '0' })];
    if (person.linked !== undefined) {
      const { device, keyIndex } = person.linked;
      devices.push(el('device', { id: String(device), 'key-index': String(keyIndex) }));
    }
    content.push(el('devices', {}, [el('device-list', {}, devices)]));
  }
  if (asked.has('lid') && addressing === 'pn' && person.onWhatsApp) content.push(el('lid', { val: lidJid(phone) }));
  return el('user', { jid }, content);
}

export function answerKeys(service: Service, iq: BinaryNode): BinaryNode[] {
  const users = children(child(iq, 'key'), 'user').flatMap(({ attrs }) => {
    const jid = attrs['jid'];
    const address = parseJid(jid);
    if (address === undefined) return [];
    const person = service.people.get(address.phone);
    const fault = service.faults.forKeys(address.phone) ?? (person.onWhatsApp ? undefined : 404);
    if (fault !== undefined)
      return [el('user', { jid }, [el('error', { code: String(fault), text: typeOfError(fault) })])];
    const bundle = bundleOf(service, person, address.device);
    return [
      el(
        'user',
        { jid },
        bundle === undefined ? [el('error', { code: '404', text: typeOfError(404) })] : bundleNodes(bundle),
      ),
    ];
  });
  return [el('list', {}, users)];
}

/** The bundle of a device; it takes one one-time prekey with it. */
export function bundleOf(service: Service, person: Person, device: number): PreKeyBundle | undefined {
  if (device === 0) return person.phoneDevice.bundle(!service.options.light);
  if (person.linked?.device !== device) return undefined;
  const preKey = person.linked.preKeys.shift();
  return preKey === undefined ? person.linked.bundle : { ...person.linked.bundle, preKey };
}

export function bundleNodes({ registrationId, identity, signedPreKey, preKey }: PreKeyBundle): BinaryNode[] {
  return [el('registration', {}, bigEndian(registrationId, 4)), ...keyNodes(identity, signedPreKey, preKey)];
}

export function keyNodes(
  identity: Buffer,
  signedPreKey: PreKeyBundle['signedPreKey'],
  preKey: PublicPreKey | undefined,
): BinaryNode[] {
  const nodes = [
    el('type', {}, KEY_TYPE),
    el('identity', {}, identity),
    el('skey', {}, [
      el('id', {}, bigEndian(signedPreKey.id, 3)),
      el('value', {}, signedPreKey.public),
      el('signature', {}, signedPreKey.signature),
    ]),
  ];
  if (preKey !== undefined) {
    nodes.push(el('key', {}, [el('id', {}, bigEndian(preKey.id, 3)), el('value', {}, preKey.public)]));
  }
  return nodes;
}

/** Reads `registration`, `identity`, `skey` and `key` as clients write them; undefined when something is missing. */
export function readBundle(registrationHolder: BinaryNode, keyHolder: BinaryNode): PreKeyBundle | undefined {
  const registration = childBytes(registrationHolder, 'registration');
  const identity = childBytes(keyHolder, 'identity');
  const skey = child(keyHolder, 'skey');
  const signed = readPreKey(skey);
  const signature = childBytes(skey, 'signature');
  if (!registration || !identity || !signed || !signature) return undefined;
  const bundle = { registrationId: uint(registration), identity, signedPreKey: { ...signed, signature } };
  const preKey = readPreKey(child(keyHolder, 'key'));
  return preKey === undefined ? bundle : { ...bundle, preKey };
}

/** A client's upload of prekeys (`encrypt` set with a list) or rotation of its signed prekey. */
export function storePreKeys(person: Person, iq: BinaryNode): void {
  const { linked } = person;
  if (linked === undefined) return;
  for (const key of children(child(iq, 'list'), 'key')) {
    const preKey = readPreKey(key);
    if (preKey !== undefined) linked.preKeys.push(preKey);
  }
  const skey = child(child(iq, 'rotate') ?? iq, 'skey');
  const signed = readPreKey(skey);
  const signature = childBytes(skey, 'signature');
  if (signed === undefined || signature === undefined) return;
  person.linked = { ...linked, bundle: { ...linked.bundle, signedPreKey: { ...signed, signature } } };
}

function readPreKey(node: BinaryNode | undefined): PublicPreKey | undefined {
  const id = childBytes(node, 'id');
  const value = childBytes(node, 'value');
  return id === undefined || value === undefined ? undefined : { id: uint(id), public: value };
}
