/** Every kind of node, by its type on the wire (contract flows §2.4). */
import type { NodeKind } from '../node.ts';
import { chatGpt } from './ai.ts';
import { bookAppointment } from './appointment.ts';
import { interactiveButtons, list } from './buttons.ts';
import { chatbot } from './chatbot.ts';
import { code } from './code.ts';
import { commerceShop } from './commerce.ts';
import { assignAgent, contactUpdate, tagContact, task } from './contact.ts';
import { deal } from './deal.ts';
import { googleForm, waForm } from './forms.ts';
import { googleDocs, googleMeet, googleSheets } from './google.ts';
import { media, message } from './message.ts';
import { mysql } from './mysql.ts';
import { aiCall, notifyNumber, waToInstagram } from './outward.ts';
import { callNode, end, trigger, unknown } from './passing.ts';
import { cta, location } from './pointers.ts';
import { poll } from './poll.ts';
import { question } from './question.ts';
import { condition, subFlow, timeDelay } from './steering.ts';
import { template } from './template.ts';
import { webhook } from './webhook.ts';

export const KINDS: readonly NodeKind[] = [
  ...[trigger, end, callNode],
  ...[message, media, template, cta, location],
  ...[interactiveButtons, list, question, poll],
  ...[condition, timeDelay, subFlow],
  ...[webhook, code, mysql, chatGpt, chatbot],
  ...[assignAgent, tagContact, task, contactUpdate, deal],
  ...[notifyNumber, aiCall, waToInstagram],
  ...[googleMeet, googleSheets, googleDocs, googleForm, waForm],
  ...[commerceShop, bookAppointment],
];

const BY_TYPE = new Map(KINDS.flatMap((kind) => kind.types.map((type) => [type, kind] as const)));

/** A type that nobody knows is passed (passing.ts PA1). */
export const kindOf = (type: string): NodeKind => BY_TYPE.get(type) ?? unknown;
