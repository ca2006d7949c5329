/**
 * A booking under way, as it lies in the wait (`bookingCtx`, contract flows §6.2): read tolerantly, because snapshots come
 * from older bridges too.
 */
import { type Fields, firstText, flagOf, isObject, listOf, mapOf, numberOf, textOf } from '../../../content/loose.ts';
import type { Wait } from '../waits.types.ts';

export type BookWait = Extract<Wait, { nextNodeType: 'BookAppointment' }>;

export type Question = {
  readonly label: string;
  readonly type: string;
  readonly required: boolean;
  readonly options: readonly string[];
  /** The variable that the answer also goes to; `''`: none. */
  readonly map: string;
};

export type Booking = {
  readonly workspaceId: string;
  readonly confirmation: string;
  readonly manyTypes: boolean;
  readonly typeOffset: number;
  readonly nextTypeOffset?: number;
  readonly typeId: string;
  readonly typeName: string;
  readonly typeDuration: string;
  readonly introMessage: string;
  /** Smallest units of the currency. */
  readonly dueNow: number;
  readonly currency: string;
  readonly hasGateway: boolean;
  readonly dayOffset: number;
  readonly nextDayOffset?: number;
  readonly day: string;
  readonly slotOffset: number;
  readonly nextSlotOffset?: number;
  readonly slotStart: string;
  readonly slotEnd: string;
  readonly slotLabel: string;
  readonly reservationId: string;
  readonly questions: readonly Question[];
  readonly qIndex: number;
  readonly answers: Readonly<Record<string, string>>;
};

export function bookingOf(ctx: Fields): Booking {
  const text = (name: string) => textOf(ctx[name]);
  const offset = (name: string) => Math.max(0, numberOf(ctx[name]) || 0);
  const next = (name: string) => (numberOf(ctx[name]) > 0 ? { [name]: numberOf(ctx[name]) } : {});
  return {
    workspaceId: text('workspaceId'),
    confirmation: text('confirmation'),
    manyTypes: flagOf(ctx['manyTypes'], false),
    typeOffset: offset('typeOffset'),
    ...next('nextTypeOffset'),
    typeId: text('typeId'),
    typeName: text('typeName'),
    typeDuration: text('typeDuration'),
    introMessage: text('introMessage'),
    dueNow: offset('dueNow'),
    currency: text('currency'),
    hasGateway: flagOf(ctx['hasGateway'], false),
    dayOffset: offset('dayOffset'),
    ...next('nextDayOffset'),
    day: text('day'),
    slotOffset: offset('slotOffset'),
    ...next('nextSlotOffset'),
    slotStart: text('slotStart'),
    slotEnd: text('slotEnd'),
    slotLabel: text('slotLabel'),
    reservationId: text('reservationId'),
    questions: (listOf(ctx['questions']) ?? []).filter(isObject).map(questionOf),
    qIndex: offset('qIndex'),
    answers: Object.fromEntries(
      Object.entries(mapOf(ctx['answers']) ?? {}).map(([name, said]) => [name, textOf(said)]),
    ),
  };
}

const questionOf = (raw: Fields): Question => ({
  label: firstText(raw, 'label'),
  type: firstText(raw, 'type').toLowerCase(),
  required: flagOf(raw['required'], false),
  options: (listOf(raw['options']) ?? [])
    .map((option) => (isObject(option) ? firstText(option, 'label', 'value') : textOf(option).trim()))
    .filter((option) => option !== ''),
  map: firstText(raw, 'map'),
});

/** What choosing this type of the app means. */
export const withType = (booking: Booking, type: Fields): Booking => ({
  ...booking,
  typeId: firstText(type, 'id'),
  typeName: firstText(type, 'name'),
  typeDuration: firstText(type, 'duration'),
  introMessage: firstText(type, 'intro_message'),
  dueNow: Math.max(0, numberOf(type['due_now']) || 0),
  currency: firstText(type, 'currency'),
  hasGateway: flagOf(type['has_gateway'], false),
  questions: (listOf(type['questions']) ?? []).filter(isObject).map(questionOf),
  dayOffset: 0,
});

export const waitOf = (
  nodeId: string,
  bookingStage: NonNullable<BookWait['bookingStage']>,
  booking: Booking,
): BookWait => ({
  ...{ nextNodeType: 'BookAppointment', nodeId, variable: '' },
  ...{ bookingStage, bookingCtx: booking },
});
