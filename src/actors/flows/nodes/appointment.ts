/**
 * BookAppointment (contract flows §3.4): with booking types of the workspace in stages (booking/stages.ts), without them one
 * list of slots.
 */
import { type Fields, firstText, flagOf, mapOf, numberOf, textOf } from '../../../content/loose.ts';
import { type Booking, bookingOf, type BookWait, withType } from '../booking/booking.ts';
import { BOOKED, confirm, customerOf, giveUp, NO_SLOTS } from '../booking/closing.ts';
import { type ChoiceStage, listedIn, rowMeant, rowsOf } from '../booking/page.ts';
import { answerMeant } from '../booking/questions.ts';
import { showChoices, shownPage, takeAnswer, takeChoice, typePage } from '../booking/stages.ts';
import { unwired } from '../checks.ts';
import { asked, listMenu, type Row } from '../menu.ts';
import type { Match, NodeContext, NodeKind, NodeResult } from '../node.ts';
import { whyNot } from '../told.ts';
import type { Reply, Slot } from '../waits.types.ts';

export const bookAppointment: NodeKind = {
  types: ['BookAppointment'],
  run: async (context) => {
    const { session, app, again } = context;
    const { workspace } = session;
    if (workspace === undefined) return { kind: 'next', port: NO_SLOTS };
    const answer = await again(() => app.bookingTypes({ workspace }));
    const offered = answer.kind === 'ok' && flagOf(answer.value['available'], true);
    const types = offered ? listedIn(answer.value, 'types', 0).items : [];
    return types.length > 0 ? begin(context, workspace, types) : offerSlots(context, workspace);
  },
  match: (_, wait, reply) => {
    if (wait.nextNodeType !== 'BookAppointment') return undefined;
    const said = (reply.tap?.title || reply.text).trim();
    switch (wait.bookingStage) {
      case undefined:
        return slotMatch(wait, reply, said);
      case 'PAY':
        return undefined;
      case 'ASK_QUESTIONS':
        return answerMatch(bookingOf(wait.bookingCtx ?? {}), said);
      case 'CHOOSE_TYPE':
      case 'CHOOSE_DAY':
      case 'CHOOSE_SLOT': {
        const row = rowMeant(choiceRows(wait.bookingStage, wait), reply, wait.messageId);
        if (row) return { text: row.label || said, data: { row: row.id } };
        return said === '' ? undefined : { text: said, anyText: true };
      }
      default:
        return wait.bookingStage satisfies never;
    }
  },
  answer: async (context, wait, reply, match) => {
    if (wait.nextNodeType !== 'BookAppointment') return { kind: 'wait', wait };
    const stage = wait.bookingStage;
    const booking = bookingOf(wait.bookingCtx ?? {});
    if (stage === undefined) return bookSlot(context, wait, match);
    if (stage === 'ASK_QUESTIONS') return takeAnswer(context, booking, match.text);
    if (stage === 'PAY') return { kind: 'wait', wait };
    const items = itemsOf(wait);
    const row =
      textOf(match.data?.['row']) || rowMeant(choiceRows(stage, wait, context.texts), reply, wait.messageId)?.id;
    return takeChoice(context, stage, { booking, items, row }, wait);
  },
  due: async (_, wait) => {
    const isPaying = wait.nextNodeType === 'BookAppointment' && wait.bookingStage === 'PAY';
    return isPaying ? { kind: 'end', whole: true } : { kind: 'next', port: NO_SLOTS };
  },
  waits: () => true,
  check: (node, flow) =>
    unwired(
      node,
      flow,
      new Map([
        [BOOKED, 'Booked'],
        [NO_SLOTS, 'No slots'],
      ]),
    ),
};

function begin(context: NodeContext, workspace: string, types: readonly Fields[]): Promise<NodeResult> {
  const { fields } = context.node;
  const wanted = firstText(fields, 'bookingTypeId');
  const confirmation = textOf(fields['confirmation']);
  const booking = bookingOf({ workspaceId: workspace, confirmation });
  const only = types.length === 1 ? types[0] : types.find((type) => wanted !== '' && firstText(type, 'id') === wanted);
  if (only) return showChoices(context, 'CHOOSE_DAY', withType(booking, only));
  const many: Booking = { ...booking, manyTypes: true };
  return showChoices(context, 'CHOOSE_TYPE', many, typePage(types, many));
}

const itemsOf = (wait: BookWait): Fields[] => (wait.choices ?? []).map((each) => mapOf(each) ?? {});

/** Without their labels the rows that lead on and back are known by their ids and places. */
const choiceRows = (stage: ChoiceStage, wait: BookWait, texts = { more: '', back: '' }): Row[] =>
  rowsOf(stage, shownPage(stage, bookingOf(wait.bookingCtx ?? {}), itemsOf(wait)), texts);

function answerMatch({ questions, qIndex }: Booking, said: string): Match | undefined {
  const question = questions[qIndex];
  if (said === '') return undefined;
  const isOption = question !== undefined && question.options.length > 0 && answerMeant(question, said) !== undefined;
  return isOption ? { text: answerMeant(question, said) || said } : { text: said, anyText: true };
}

async function offerSlots(context: NodeContext, workspace: string): Promise<NodeResult> {
  const { node, vars, session, texts, app, again } = context;
  const limit = slotCount(node.fields['slotCount']);
  const answer = await again(() => app.slots({ workspace, limit }));
  const slots = answer.kind === 'ok' ? answer.value.slots.map(slotOf).slice(0, limit) : [];
  if (slots.length === 0) return { kind: 'next', port: NO_SLOTS };
  const body = vars.fill(textOf(node.fields['prompt'])).trim() || texts.prompt;
  const rows = slotRows(node.id, slots);
  return asked(context, listMenu(session.engine, { body, footer: '', button: texts.menu, rows }), {
    ...{ nextNodeType: 'BookAppointment', nodeId: node.id, variable: '', slots, workspaceId: workspace },
    confirmation: textOf(node.fields['confirmation']),
  });
}

function slotOf(raw: unknown): Slot {
  const { start, end, label } = mapOf(raw) ?? {};
  return { start: textOf(start), end: textOf(end), label: textOf(label) || textOf(start) };
}

const slotRows = (nodeId: string, slots: readonly Slot[]): Row[] =>
  slots.map(({ label }, index) => ({ id: `appt_${nodeId}_${index}`, label }));

function slotMatch({ nodeId, slots = [], messageId }: BookWait, reply: Reply, said: string): Match | undefined {
  const row = rowMeant(slotRows(nodeId, slots), reply, messageId);
  if (row) return { text: row.label, data: { slot: Number(/\d+$/.exec(row.id)?.[0]) } };
  return said === '' ? undefined : { text: said, anyText: true };
}

/** Anything but a slot takes the way for "no slots". */
async function bookSlot(context: NodeContext, wait: BookWait, { data }: Match): Promise<NodeResult> {
  const { node, vars, app, once } = context;
  const slot = wait.slots?.[Number(data?.['slot'])];
  if (!slot) return { kind: 'next', port: NO_SLOTS };
  const request = {
    ...{ workspace_id: wait.workspaceId, starts_at: slot.start, ends_at: slot.end, title: node.label },
    ...customerOf(context),
  };
  const answer = await once(() => app.book(request));
  if (answer.kind !== 'ok') return giveUp(context, whyNot(answer));
  vars.set('slot', slot.label);
  vars.set('appointment_choice', slot.label);
  vars.set('appointment_id', textOf(answer.value['appointment_id']));
  const confirmation = wait.confirmation ?? '';
  await confirm(context, { confirmation, typeName: '', slotLabel: slot.label }, textOf(answer.value['manage_token']));
  return { kind: 'next', port: BOOKED };
}

/** How many slots a list may offer at once. */
const slotCount = (value: unknown): number => Math.min(Math.max(Math.round(numberOf(value) || 5), 1), 10);
