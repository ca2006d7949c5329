/** What the library hears of people -> news for the contact book (contract clients §10). */
import type { BaileysEventEmitter, Contact } from '@whiskeysockets/baileys';
import type { ContactBook, ContactNews } from '../../contact-book.ts';
import { guarded } from './guard.ts';

/** Address book, push names, business names and the first history all end in these three events. */
export function hearOfPeople(ev: BaileysEventEmitter, book: ContactBook, onFault: (error: unknown) => void): void {
  const learn = guarded((contacts: readonly Partial<Contact>[]) => book.learn(contacts.flatMap(newsOf)), onFault);
  ev.on('contacts.upsert', learn);
  ev.on('contacts.update', learn);
  ev.on('messaging-history.set', ({ contacts }) => learn(contacts));
}

function newsOf({ id, phoneNumber, name, notify, verifiedName }: Partial<Contact>): ContactNews[] {
  const jid = phoneNumber ?? id;
  if (!jid) return [];
  return [{ jid, ...(name && { name }), ...(notify && { notify }), ...(verifiedName && { verifiedName }) }];
}
