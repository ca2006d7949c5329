/** Places, people, invitations, goods and money, as phones send them. */
import type { proto } from '@whiskeysockets/baileys';
import type { Composed } from './sending-composed.ts';
import type { Content } from './sending-request.ts';

/** Undefined when the request has nothing of the kind. */
export function cardMessage(content: Content): Composed | undefined {
  const { location, liveLocation, contact, contacts, groupInvite, event, product, order, payment, caption } = content;
  if (location) {
    const { latitude, longitude, name = null, address = null } = location;
    const locationMessage = { degreesLatitude: latitude, degreesLongitude: longitude, name, address };
    return card('location', { locationMessage });
  }
  if (liveLocation) {
    const { latitude, longitude, sequence } = liveLocation;
    const place = { degreesLatitude: latitude, degreesLongitude: longitude, sequenceNumber: sequence };
    return card('livelocation', { liveLocationMessage: { ...place, ...(caption !== undefined && { caption }) } });
  }
  if (contact) return card('vcard', { contactMessage: cardOf(contact) });
  if (contacts) {
    const displayName = `${contacts.length} contacts`;
    return card('contact_array', { contactsArrayMessage: { displayName, contacts: contacts.map(cardOf) } });
  }
  if (groupInvite) {
    const { name, code } = groupInvite;
    const invite = { groupJid: '120363000000000001@g.us', groupName: name, inviteCode: code };
    return card('group_invite', { groupInviteMessage: { ...invite, ...(caption !== undefined && { caption }) } });
  }
  if (event) {
    const { name, description, at, place } = event;
    return card('event', { eventMessage: { name, description, startTime: at, location: { name: place } } });
  }
  if (product) {
    const { title, description, price } = product;
    const priced = price && { priceAmount1000: price.amount * 1000, currencyCode: price.currency };
    return card('product', { productMessage: { product: { productId: '1', title, description, ...priced } } });
  }
  if (order) {
    const { title, items, amount, currency, message } = order;
    const total = { totalAmount1000: amount * 1000, totalCurrencyCode: currency };
    return card('order', { orderMessage: { orderId: '1', orderTitle: title, itemCount: items, message, ...total } });
  }
  if (!payment) return undefined;
  const { amount, currency, note } = payment;
  const noteMessage = { extendedTextMessage: { text: note } };
  const asked = { amount1000: amount * 1000, currencyCodeIso4217: currency, noteMessage };
  return card('payment', { requestPaymentMessage: asked });
}

const cardOf = ({ name, phone, vcard }: { name: string; phone: string; vcard?: string | undefined }) => ({
  displayName: name,
  vcard: vcard ?? `BEGIN:VCARD\nVERSION:3.0\nFN:${name}\nTEL;waid=${phone}:+${phone}\nEND:VCARD`,
});

const card = (mediatype: string, message: proto.IMessage): Composed => ({
  message,
  stanza: { type: 'media' },
  enc: { mediatype },
});
