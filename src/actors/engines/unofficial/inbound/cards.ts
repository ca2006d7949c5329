/**
 * Invitations, polls, goods and money as readable lines (contract inbound §4): the app has no fields for them, and the
 * customer's message must never be an empty bubble.
 */
import type { proto } from '@whiskeysockets/baileys';

type Amount = number | { toNumber(): number } | null | undefined;

/** Undefined for any other kind. */
export function readCard(message: proto.IMessage): string | undefined {
  const { pollCreationMessage, pollCreationMessageV2, pollCreationMessageV3, pollCreationMessageV5 } = message;
  const poll = pollCreationMessage ?? pollCreationMessageV2 ?? pollCreationMessageV3 ?? pollCreationMessageV5;
  if (poll) return lines(poll.name, ...(poll.options ?? []).map(({ optionName }) => `- ${optionName ?? ''}`));
  const { eventMessage, groupInviteMessage, productMessage, orderMessage } = message;
  const result = message.pollResultSnapshotMessage ?? message.pollResultSnapshotMessageV3;
  if (result) {
    const votes = result.pollVotes ?? [];
    const counts = votes.map(({ optionName, optionVoteCount }) => `- ${optionName ?? ''}: ${number(optionVoteCount)}`);
    return lines(result.name, ...counts);
  }
  if (eventMessage) return eventLines(eventMessage);
  if (groupInviteMessage) {
    const { caption, groupName, inviteCode } = groupInviteMessage;
    return lines(caption, groupName, inviteCode && `https://chat.whatsapp.com/${inviteCode}`);
  }
  if (productMessage) {
    const { product, catalog, body, footer } = productMessage;
    const price = product && money(product.priceAmount1000, product.currencyCode);
    return lines(product?.title ?? catalog?.title, product?.description ?? catalog?.description, price, body, footer);
  }
  if (orderMessage) {
    const { orderTitle, itemCount, totalAmount1000, totalCurrencyCode, message: said } = orderMessage;
    const items = itemCount ? `${itemCount} ${itemCount === 1 ? 'item' : 'items'}` : undefined;
    return lines(orderTitle, items, money(totalAmount1000, totalCurrencyCode), said);
  }
  return paymentLines(message);
}

function eventLines({ name, description, startTime, location, joinLink, isCanceled }: proto.Message.IEventMessage) {
  const at = number(startTime);
  const time = at > 0 && at < END_OF_TIME ? `${minuteOf(at)} UTC` : undefined;
  const title = isCanceled ? `Cancelled: ${name ?? ''}` : name;
  return lines(title, time, location?.name, location?.address, description, joinLink);
}

/** Epoch seconds beyond which JavaScript has no dates; the sender chooses. */
const END_OF_TIME = 8.64e12;
const minuteOf = (at: number): string => new Date(at * 1000).toISOString().slice(0, 16).replace('T', ' ');

function paymentLines(message: proto.IMessage): string | undefined {
  const { requestPaymentMessage: asked, sendPaymentMessage: sent, invoiceMessage: invoice } = message;
  const note = (from: proto.IMessage | null | undefined) => from?.extendedTextMessage?.text ?? from?.conversation;
  if (asked)
    return lines('Payment request', money(asked.amount1000, asked.currencyCodeIso4217), note(asked.noteMessage));
  if (sent) return lines('Payment', note(sent.noteMessage));
  if (message.declinePaymentRequestMessage) return 'Payment request declined';
  if (message.cancelPaymentRequestMessage) return 'Payment request cancelled';
  return invoice ? lines('Invoice', invoice.note) : undefined;
}

/** WhatsApp counts in thousandths. Undefined without an amount. */
function money(thousandths: Amount, currency: string | null | undefined): string | undefined {
  const amount = number(thousandths);
  return amount > 0 ? `${(amount / 1000).toFixed(2)} ${currency ?? ''}`.trim() : undefined;
}

const number = (value: Amount): number => (typeof value === 'object' ? (value?.toNumber() ?? 0) : (value ?? 0));

/** Undefined when nothing is left: the caller then says what kind it was. */
const lines = (...parts: (string | null | undefined)[]): string | undefined =>
  parts.filter(Boolean).join('\n') || undefined;
