/**
 * Which option of a menu a reply means (contract flows §7.3), the same for buttons, lists, questions, templates and polls.
 *
 *  OP1  The digits at the end of an option's id count from 0 and say its port, whatever is shown of the menu; an id
 *       without digits has the port of its place.
 *  OP2  Only a tap is compared with ids; typed text with labels and numbers. Numbers count from 1, as they are shown.
 *  OP3  A number is the whole text: "2", "2." and "2)" are option 2, "2 apples" is not (F-39).
 *  OP4  A label is recognised in full and cut as a button (20) or a row (24) shows it, whatever its case.
 */
import { cutTo, cutToUnits } from '../../content/footer.ts';
import type { Reply, Wait } from './waits.types.ts';

export type Option = { readonly id: string; readonly label: string; readonly port: number };

const BUTTON = 20;
const ROW = 24;

/** In the order shown; empty for a wait that offers nothing. */
export function optionsOf(wait: Wait): readonly Option[] {
  switch (wait.nextNodeType) {
    case 'Question':
    case 'Poll':
      return (wait.answerItems ?? []).map(({ id, text }, index) => option(id, text, index));
    case 'List':
      return wait.listItems.map(({ id, title }, index) => option(id, title, index));
    default:
      return [];
  }
}

/** A list goes by number before label, everything else by label before number: so an option called "2" is found. */
export function optionMeant(wait: Wait, { tap, text }: Pick<Reply, 'tap' | 'text'>): Option | undefined {
  const options = optionsOf(wait);
  const said = tap?.title || text;
  const tapped = tap && options.find(({ id }) => id === tap.id);
  const byPlace = () => tap && byDigits(options, tap.id);
  const byLabel = () => options.find(({ label }) => isLabel(label, said));
  const byNumber = () => options[wholeNumber(said) - 1];
  return (
    tapped ??
    (wait.nextNodeType === 'List' ? (byPlace() ?? byNumber() ?? byLabel()) : (byLabel() ?? byPlace() ?? byNumber()))
  );
}

/** The option with this id or, where ids of another form came, with the same digits at its end (OP1). */
export const optionWithId = (options: readonly Option[], id: string): Option | undefined =>
  options.find((one) => one.id === id) ?? byDigits(options, id);

/** OP3; NaN for everything else. */
export function wholeNumber(text: string): number {
  return Number(/^#?\s*(\d{1,3})\s*[.)#]?$/.exec(text.trim())?.[1] ?? Number.NaN);
}

/** OP4 */
export function isLabel(label: string, said: string): boolean {
  const wanted = plain(said);
  const shown = [BUTTON, ROW].flatMap((limit) => [cutTo(label, limit), cutToUnits(label, limit)]);
  return wanted !== '' && [label, ...shown].some((each) => plain(each) === wanted);
}

const plain = (text: string): string => text.trim().toLowerCase();

function option(id: string, label: string, index: number): Option {
  return { id, label, port: (placeOf(id) ?? index) + 1 };
}

function byDigits(options: readonly Option[], id: string): Option | undefined {
  const place = placeOf(id);
  return place === undefined ? undefined : options.find(({ port }) => port === place + 1);
}

function placeOf(id: string): number | undefined {
  const digits = /(\d{1,3})$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
