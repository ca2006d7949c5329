/**
 * The choices of a booking with types (contract flows §3.4): type → day → time, then what closing.ts does with it.
 *
 *  BK1  The three choices are one table: what the app is asked, what a choice leads to, and what lies behind it.
 *  BK2  A time that somebody else took meanwhile leads back to the times, with what the app has now.
 *  BK3  A reply that is no choice gets a hint, the list stays as it is, and nobody counts.
 */
import type { CallAnswer } from '../../../app-client/flow-calls.types.ts';
import { type Fields, firstText, textOf } from '../../../content/loose.ts';
import { asked, listMenu } from '../menu.ts';
import type { NodeContext, NodeResult } from '../node.ts';
import { whyNot } from '../told.ts';
import { type Booking, type BookWait, waitOf, withType } from './booking.ts';
import { answered, type Closing, giveUp, NO_SLOTS, reserved } from './closing.ts';
import { BACK, type ChoiceStage, itemOf, listedIn, MORE, type Page, pageOf, rowsOf } from './page.ts';

type Step = { readonly stage: ChoiceStage; readonly booking: Booking };
type Choice = {
  readonly load: (context: NodeContext, booking: Booking) => Promise<CallAnswer<Page>>;
  readonly withNext: (booking: Booking, next: number | undefined) => Booking;
  readonly more: (booking: Booking) => Booking;
  readonly back: (booking: Booking) => Step | undefined;
  readonly chosen: (context: NodeContext, booking: Booking, item: Fields) => Promise<NodeResult>;
};

/** BK1 */
const CHOICES: Readonly<Record<ChoiceStage, Choice>> = {
  CHOOSE_TYPE: {
    load: async ({ app, again }, booking) => {
      const answer = await again(() => app.bookingTypes({ workspace: booking.workspaceId }));
      if (answer.kind !== 'ok') return answer;
      return { kind: 'ok', value: typePage(listedIn(answer.value, 'types', 0).items, booking) };
    },
    withNext: ({ nextTypeOffset: _, ...booking }, next) =>
      next === undefined ? booking : { ...booking, nextTypeOffset: next },
    more: (booking) => ({ ...booking, typeOffset: booking.nextTypeOffset ?? 0 }),
    back: (booking) => ({ stage: 'CHOOSE_TYPE', booking: { ...booking, typeOffset: 0 } }),
    chosen: (context, booking, item) => showChoices(context, 'CHOOSE_DAY', withType(booking, item)),
  },
  CHOOSE_DAY: {
    load: async ({ app, again }, { workspaceId: workspace, typeId: type, dayOffset: offset, manyTypes }) => {
      const answer = await again(() => app.bookingSlots({ workspace, type, offset }));
      if (answer.kind !== 'ok') return answer;
      const { items, next } = listedIn(answer.value, 'days', offset);
      return { kind: 'ok', value: pageOf(items, offset, next, manyTypes || offset > 0) };
    },
    withNext: ({ nextDayOffset: _, ...booking }, next) =>
      next === undefined ? booking : { ...booking, nextDayOffset: next },
    more: (booking) => ({ ...booking, dayOffset: booking.nextDayOffset ?? 0 }),
    back: (booking) => {
      if (booking.dayOffset > 0) return { stage: 'CHOOSE_DAY', booking: { ...booking, dayOffset: 0 } };
      return booking.manyTypes ? { stage: 'CHOOSE_TYPE', booking } : undefined;
    },
    chosen: (context, booking, item) =>
      showChoices(context, 'CHOOSE_SLOT', { ...booking, day: firstText(item, 'day'), slotOffset: 0 }),
  },
  CHOOSE_SLOT: {
    load: async ({ app, again }, { workspaceId: workspace, typeId: type, slotOffset: offset, day }) => {
      const answer = await again(() => app.bookingSlots({ workspace, type, offset, day }));
      if (answer.kind !== 'ok') return answer;
      const { items, next } = listedIn(answer.value, 'times', offset);
      return { kind: 'ok', value: pageOf(items, offset, next, true) };
    },
    withNext: ({ nextSlotOffset: _, ...booking }, next) =>
      next === undefined ? booking : { ...booking, nextSlotOffset: next },
    more: (booking) => ({ ...booking, slotOffset: booking.nextSlotOffset ?? 0 }),
    back: (booking) => {
      const stage = booking.slotOffset > 0 ? 'CHOOSE_SLOT' : 'CHOOSE_DAY';
      return { stage, booking: { ...booking, slotOffset: 0 } };
    },
    chosen: (context, booking, item) => {
      const held = {
        ...booking,
        slotStart: firstText(item, 'start'),
        slotEnd: firstText(item, 'end'),
        slotLabel: firstText(item, 'label', 'start'),
      };
      return settled(context, held, reserved(context, held));
    },
  },
};

/** All types are known at once; their pages are ours. */
export const typePage = (types: readonly Fields[], { typeOffset }: Booking): Page =>
  pageOf(types.slice(typeOffset), typeOffset, undefined, typeOffset > 0);

/** `loaded`: where the app was asked already. */
export async function showChoices(
  context: NodeContext,
  stage: ChoiceStage,
  booking: Booking,
  loaded?: Page,
): Promise<NodeResult> {
  const { node, vars, texts, session } = context;
  const choice = CHOICES[stage];
  const answer = loaded ? ({ kind: 'ok', value: loaded } as const) : await choice.load(context, booking);
  if (answer.kind !== 'ok') return giveUp(context, whyNot(answer));
  const page = answer.value;
  if (page.items.length === 0) return noneLeft(context, stage, booking);
  const prompt = vars.fill(textOf(node.fields['prompt'])).trim() || texts.prompt;
  const intro = stage === 'CHOOSE_DAY' ? vars.fill(booking.introMessage).trim() : '';
  const body = [intro, prompt].filter((text) => text !== '').join('\n\n');
  const rows = rowsOf(stage, page, texts);
  const wait = {
    ...waitOf(node.id, stage, choice.withNext(booking, page.next)),
    choices: page.items,
  };
  return asked(context, listMenu(session.engine, { body, footer: '', button: texts.menu, rows }), wait);
}

/** A day whose times are all taken leads back to the days; without days there is nothing to book. */
async function noneLeft(context: NodeContext, stage: ChoiceStage, booking: Booking): Promise<NodeResult> {
  if (stage === 'CHOOSE_SLOT') return showChoices(context, 'CHOOSE_DAY', { ...booking, dayOffset: 0, slotOffset: 0 });
  return { kind: 'next', port: NO_SLOTS };
}

/** Of the list that the customer sees. */
export function shownPage(stage: ChoiceStage, booking: Booking, items: readonly Fields[]): Page {
  const next = {
    CHOOSE_TYPE: booking.nextTypeOffset,
    CHOOSE_DAY: booking.nextDayOffset,
    CHOOSE_SLOT: booking.nextSlotOffset,
  };
  const back = {
    CHOOSE_TYPE: booking.typeOffset > 0,
    CHOOSE_DAY: booking.manyTypes || booking.dayOffset > 0,
    CHOOSE_SLOT: true,
  };
  return { items, next: next[stage], back: back[stage] };
}

/** `row`: the id of the row that was meant, if any. */
export async function takeChoice(
  context: NodeContext,
  stage: ChoiceStage,
  {
    booking,
    items,
    row,
  }: { readonly booking: Booking; readonly items: readonly Fields[]; readonly row: string | undefined },
  wait: BookWait,
): Promise<NodeResult> {
  const choice = CHOICES[stage];
  const item = row === undefined ? undefined : itemOf(stage, items, row);
  if (item) return choice.chosen(context, booking, item);
  if (row === MORE) return showChoices(context, stage, choice.more(booking));
  const back = row === BACK ? choice.back(booking) : undefined;
  if (back) return showChoices(context, back.stage, back.booking);
  await context.send({ kind: 'text', text: context.texts.unclear });
  return { kind: 'wait', wait };
}

/** BK2 */
async function settled(context: NodeContext, booking: Booking, outcome: Promise<Closing>): Promise<NodeResult> {
  const result = await outcome;
  return result === 'taken' ? showChoices(context, 'CHOOSE_SLOT', { ...booking, slotOffset: 0 }) : result;
}

/** An answer to a question of the booking. */
export const takeAnswer = (context: NodeContext, booking: Booking, said: string): Promise<NodeResult> =>
  settled(context, booking, answered(context, booking, said));
