/**
 * Everything a test, a benchmark or a person can make the simulated world do.
 *
 * Owns: the list of operations; the control API (`control.ts`) and in-process tests call the same functions.
 * Does not: implement protocol (see the modules it calls).
 * Source: design/loopback.md, "Control API".
 */
import { z } from 'zod';
import type { Checks } from './checks.ts';
import type { FaultRequest } from './faults.ts';
import { makePaired } from './fixtures.ts';
import type { FixtureRequest } from './fixtures.ts';
import { GroupOperations } from './group-operations.ts';
import { sendFromContact, sendFromPhone } from './inbound.ts';
import type { SendResult } from './inbound.ts';
import type { Inbox, ReceivedMessage } from './inbox.ts';
import { detailsOf } from './shown.ts';
import type { Shown } from './shown.ts';
import type { BinaryNode } from './nodes.ts';
import { endWithStreamError } from './numbers.ts';
import type { CloseRequest, ConnectionRecord } from './numbers.ts';
import type { CodePairing } from './pairing-code.ts';
import type { QrPairing } from './pairing-qr.ts';
import type { PairingResult } from './pairing.ts';
import type { ReceiptMode } from './people.ts';
import { Prepared } from './prepared.ts';
import type { PrepareRequest, Released, ReleaseRequest } from './prepared.ts';
import { sendReceipt, sendRetry } from './receipts.ts';
import { loseMedium } from './media-retry.ts';
import type { SendRequest } from './sending-request.ts';
import type { Service } from './service.ts';

export const ReceiptRequest = z.strictObject({
  id: z.string().min(1),
  type: z.enum(['delivered', 'read', 'played', 'retry']),
  addressing: z.enum(['pn', 'lid']).default('pn'),
  /** The number that gets it; needed only for a message the contact never received. */
  to: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
});

export type ReceiptRequest = z.input<typeof ReceiptRequest>;

export interface NumberView {
  readonly connected: boolean;
  readonly connections: readonly ConnectionRecord[];
  readonly queued: number;
  readonly delivered: number;
  readonly acked: number;
}

export interface SentView {
  readonly id: string;
  readonly to: string;
  /** The client's receipts, in order: `inactive` or `delivered`, `read`, `retry`, ... */
  readonly receipts: readonly string[];
}

export type Outcome = { readonly kind: 'done' } | { readonly kind: 'refused'; readonly reason: string };

const DONE: Outcome = { kind: 'done' };

export class Operations {
  /** Groups, and what phones share with their linked devices. */
  readonly groups: GroupOperations;
  readonly #service: Service;
  readonly #qr: QrPairing;
  readonly #codes: CodePairing;
  readonly #prepared: Prepared;

  constructor(service: Service, qr: QrPairing, codes: CodePairing) {
    this.#service = service;
    this.groups = new GroupOperations(service);
    this.#qr = qr;
    this.#codes = codes;
    this.#prepared = new Prepared(service);
  }

  /** A phone with this number exists and is on WhatsApp. Answers its LID. */
  createPhone(phone: string): string {
    const person = this.#service.people.get(phone);
    person.onWhatsApp = true;
    return person.lid;
  }

  scan(phone: string, qr: string): Promise<PairingResult> {
    return this.#qr.scan(this.#service.people.get(phone), qr);
  }

  enterCode(phone: string, code: string): Promise<PairingResult> {
    return this.#codes.enter(this.#service.people.get(phone), code);
  }

  /** The owner removes the linked device: 401 now, or at its next login. */
  unlink(phone: string): Outcome {
    const person = this.#service.people.find(phone);
    if (person?.linked === undefined) return { kind: 'refused', reason: 'the number has no linked device' };
    person.linked = undefined;
    const live = this.#service.numbers.live(phone);
    if (live !== undefined) endWithStreamError(live, 401);
    return DONE;
  }

  sendFromPhone(phone: string, request: SendRequest): Promise<SendResult> {
    return sendFromPhone(this.#service, phone, request);
  }

  sendFromContact(phone: string, request: SendRequest): Promise<SendResult> {
    return sendFromContact(this.#service, phone, request);
  }

  /** What a phone has received and decrypted, in order. */
  messages(phone: string, from?: string): (ReceivedMessage & Shown)[] {
    const list = this.#service.people.find(phone)?.inbox.list(from) ?? [];
    return list.map((one) => ({ ...one, ...detailsOf(one.message, this.#service.media) }));
  }

  /** How many messages a phone has received; cheaper than listing them. */
  messageCount(phone: string): number {
    return this.#service.people.find(phone)?.inbox.count ?? 0;
  }

  /** Stanzas that reached a phone under an id it had already. */
  repeatedStanzas(phone: string): ReturnType<Inbox['repeated']> {
    return this.#service.people.find(phone)?.inbox.repeated() ?? [];
  }

  /** What the owner's phone shows of the linked device's messages, and its own. */
  ownCopies(phone: string): ReceivedMessage[] {
    return this.#service.people.find(phone)?.ownCopies.list() ?? [];
  }

  /** What a person has sent to paired numbers, with the receipts that came back. */
  sent(phone: string): SentView[] {
    const sent = this.#service.people.find(phone)?.sent.values() ?? [];
    return [...sent].map(({ id, to, receipts }) => ({ id, to, receipts }));
  }

  /** `auto`: delivered at once; `manual`: only what `receipt` says; `off`: none at all. */
  setReceipts(phone: string, mode: ReceiptMode): void {
    this.#service.people.get(phone).receiptMode = mode;
  }

  receipt(phone: string, input: ReceiptRequest): Outcome {
    const { id, type, addressing, to } = ReceiptRequest.parse(input);
    const contact = this.#service.people.get(phone);
    const number = to ?? contact.inbox.senderOf(id);
    if (number === undefined) return { kind: 'refused', reason: 'the contact has no message with this id' };
    if (contact.receiptMode === 'off') return { kind: 'refused', reason: 'receipts of this contact are off' };
    const target = this.#service.people.get(number);
    if (type === 'retry') sendRetry(contact, target, id, addressing);
    else sendReceipt(contact, target, id, type, addressing);
    return DONE;
  }

  /** The media host loses what this person sent; `forever`: the phone has it no more either. */
  loseMedium(phone: string, id: string, forever: boolean): Outcome {
    const author = this.#service.people.get(phone);
    return loseMedium(this.#service, author, id, forever)
      ? DONE
      : { kind: 'refused', reason: 'this person sent no medium with this id' };
  }

  /** The contact is no longer on WhatsApp. */
  removeContact(phone: string): void {
    this.#service.people.get(phone).onWhatsApp = false;
  }

  /** A stanza that no real phone would write, as it stands. False when the number is not connected. */
  push(phone: string, stanza: BinaryNode): boolean {
    return this.#service.numbers.live(phone)?.send(stanza) ?? false;
  }

  nextLogin(phone: string, withinMs: number): Promise<number | undefined> {
    return this.#service.numbers.nextLogin(phone, withinMs);
  }

  closeNumber(phone: string, request: CloseRequest): Outcome {
    return this.#service.numbers.close(phone, request)
      ? DONE
      : { kind: 'refused', reason: 'the number is not connected' };
  }

  applyFaults(request: FaultRequest): void {
    this.#service.faults.apply(request);
  }

  checks(): Checks {
    return this.#service.checks.read();
  }

  checkDetails(): readonly string[] {
    return this.#service.checks.details();
  }

  /** How many numbers are connected now. */
  online(): number {
    return this.#service.numbers.online;
  }

  number(phone: string): NumberView {
    const { numbers, people } = this.#service;
    const counts = people.find(phone)?.queue.counts ?? { queued: 0, delivered: 0, acked: 0 };
    return { connected: numbers.live(phone)?.open === true, connections: numbers.records(phone), ...counts };
  }

  /** Encrypts messages ahead of a measurement; undefined when the number has no linked device. */
  prepare(phone: string, request: PrepareRequest): Promise<string[] | undefined> {
    return this.#prepared.prepare(phone, request);
  }

  /** Lets everything prepared go; resolves when the last message is handed to its number. */
  release(request: ReleaseRequest): Promise<Released> {
    return this.#prepared.release(request);
  }

  /** Creates paired accounts and writes their logins below `dir`. Answers the numbers. */
  makePaired(request: FixtureRequest): Promise<string[]> {
    return makePaired(this.#service, request);
  }
}
