/**
 * From a chosen time to an appointment (contract flows §3.4): held for ten minutes, questions, then payment or booking.
 *
 *  CL1  Where the app cannot go on nothing is booked: an apology, and the way for "no slots" (F-51).
 *  CL2  A time that somebody else took is an outcome of its own: the customer chooses again.
 */
import type { CallAnswer } from '../../../app-client/flow-calls.types.ts';
import { cut } from '../../../app-client/limits.ts';
import { textOf } from '../../../content/loose.ts';
import { asked } from '../menu.ts';
import { priceText } from '../money.ts';
import type { NodeContext, NodeResult } from '../node.ts';
import { whyNot } from '../told.ts';
import { type Booking, waitOf } from './booking.ts';
import { answerMeant, questionText, variablesOf } from './questions.ts';

/** CL2 */
export type Closing = NodeResult | 'taken';

export const BOOKED = 1;
export const NO_SLOTS = 2;
const PAY_MS = 86_400_000;
const LONGEST_NAME = 191;

/** The hold is the app's, under this session's name: asking twice holds one. */
export async function reserved(context: NodeContext, booking: Booking): Promise<Closing> {
  const { session, app, again } = context;
  const request = {
    ...{ workspace_id: booking.workspaceId, type_id: booking.typeId, starts_at: booking.slotStart },
    ...{ session_ref: session.key, channel: 'whatsapp' },
  };
  const answer = await again(() => app.reserve(request));
  if (isTaken(answer)) return 'taken';
  if (answer.kind !== 'ok') return giveUp(context, whyNot(answer));
  const reservationId = textOf(answer.value['reservation_id']);
  return askNext(context, { ...booking, reservationId, qIndex: 0, answers: {} });
}

async function askNext(context: NodeContext, booking: Booking): Promise<Closing> {
  const question = booking.questions[booking.qIndex];
  if (!question) return booking.dueNow > 0 && booking.hasGateway ? pay(context, booking) : book(context, booking);
  const text = context.vars.fill(questionText(question));
  const wait = { ...waitOf(context.node.id, 'ASK_QUESTIONS', booking), choices: question.options };
  return asked(context, { kind: 'text', text }, wait);
}

/** What is no answer to the question is asked again. */
export async function answered(context: NodeContext, booking: Booking, said: string): Promise<Closing> {
  const question = booking.questions[booking.qIndex];
  const answer = question && answerMeant(question, said);
  if (!question || answer === undefined) return askNext(context, booking);
  for (const name of variablesOf(question)) context.vars.set(name, answer);
  const answers = { ...booking.answers, [question.label]: answer };
  return askNext(context, { ...booking, answers, qIndex: booking.qIndex + 1 });
}

const requestOf = (context: NodeContext, booking: Booking) => ({
  ...{ workspace_id: booking.workspaceId, type_id: booking.typeId, starts_at: booking.slotStart },
  ...(context.session.conversation !== undefined && { conversation_id: context.session.conversation }),
  ...customerOf(context),
  ...{ answers: booking.answers, reservation_id: booking.reservationId },
});

export function customerOf({ vars, session }: NodeContext) {
  const named = ['name', 'customer_name', 'first_name', 'pushName'].map((name) => vars.text(name).trim());
  return {
    customer_name: cut(named.find((name) => name !== '') ?? session.customer, LONGEST_NAME),
    customer_phone: session.customer,
    customer_email: cut(vars.text('email') || vars.text('customer_email'), LONGEST_NAME),
  };
}

/** The appointment is made by the payment; until then nothing is booked. */
async function pay(context: NodeContext, booking: Booking): Promise<NodeResult> {
  const { node, app, once, send, now } = context;
  const answer = await once(() => app.payLink(requestOf(context, booking)));
  const url = answer.kind === 'ok' ? textOf(answer.value['pay_url']) : '';
  if (url === '') return giveUp(context, answer.kind === 'ok' ? 'no address' : whyNot(answer));
  const what = [booking.typeName, booking.slotLabel, priceText(booking.dueNow, booking.currency)];
  const text = [what.filter((part) => part !== '').join(' - '), url].join('\n');
  if ((await send({ kind: 'text', text })).kind === 'failed') return giveUp(context, 'the link could not be sent');
  context.vars.set('slot', booking.slotLabel);
  return { kind: 'wait', wait: waitOf(node.id, 'PAY', booking), due: now + PAY_MS };
}

async function book(context: NodeContext, booking: Booking): Promise<Closing> {
  const { vars, app, once } = context;
  const answer = await once(() => app.bookTyped(requestOf(context, booking)));
  if (isTaken(answer)) return 'taken';
  if (answer.kind !== 'ok') return giveUp(context, whyNot(answer));
  vars.set('slot', booking.slotLabel);
  vars.set('appointment_id', textOf(answer.value['appointment_id']));
  await confirm(context, booking, textOf(answer.value['manage_token']));
  return { kind: 'next', port: BOOKED };
}

/** In the author's words; the link to change the appointment is never left out. */
export async function confirm(
  { vars, appUrl, send, warn }: NodeContext,
  { confirmation, typeName, slotLabel }: Pick<Booking, 'confirmation' | 'typeName' | 'slotLabel'>,
  manageToken: string,
): Promise<void> {
  const link = manageToken === '' ? '' : `${appUrl}/b/manage/${encodeURIComponent(manageToken)}`;
  const own = new Map([
    ['slot', slotLabel],
    ['type', typeName],
    ['manage_link', link],
  ]);
  const unsaid = [typeName, slotLabel].filter((part) => part !== '').join(' - ');
  const words = vars.fill(confirmation, (name) => own.get(name.toLowerCase()) ?? vars.text(name)).trim() || unsaid;
  const text = link === '' || words.includes(link) ? words : `${words}\n${link}`;
  if ((await send({ kind: 'text', text })).kind === 'failed') warn('the confirmation of a booking could not be sent');
}

/** CL1 */
export async function giveUp({ send, texts, warn }: NodeContext, why: string): Promise<NodeResult> {
  warn(`a booking of the flow failed: ${why}`);
  await send({ kind: 'text', text: texts.apology });
  return { kind: 'next', port: NO_SLOTS };
}

const isTaken = (answer: CallAnswer<unknown>): boolean => answer.kind === 'refused' && answer.error === 'slot_taken';
