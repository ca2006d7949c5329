/**
 * One page of choices of a booking: what is shown of them, and which one a reply means (contract flows §3.4).
 *
 *  PG1  A page has at most nine choices, eight where it leads on and back, and so never more than ten rows; the row that
 *       leads back is never left out (F-40).
 *  PG2  Ids are the same on every page, so a tap counts by its id only when its label is that row's, and never when it is
 *       known to be one on another message; what is typed counts as a label or as the number of a row.
 */
import type { Fields } from '../../../content/loose.ts';
import { firstText, listOf, mapOf, numberOf } from '../../../content/loose.ts';
import type { Row } from '../menu.ts';
import { isLabel, wholeNumber } from '../options.ts';
import type { Reply } from '../waits.types.ts';

export type ChoiceStage = 'CHOOSE_TYPE' | 'CHOOSE_DAY' | 'CHOOSE_SLOT';

export type Page = {
  /** As the app has them. */
  readonly items: readonly Fields[];
  /** Where the next page begins; undefined: this is the last. */
  readonly next: number | undefined;
  readonly back: boolean;
};

export const MORE = 'bk_more';
export const BACK = 'bk_back';

const FULL = 9;
const FULL_WITH_BOTH = 8;

const WORDS: Readonly<Record<ChoiceStage, string>> = { CHOOSE_TYPE: 'type', CHOOSE_DAY: 'day', CHOOSE_SLOT: 'slot' };
const LABELS: Readonly<Record<ChoiceStage, readonly string[]>> = {
  CHOOSE_TYPE: ['name', 'label', 'id'],
  CHOOSE_DAY: ['label', 'day'],
  CHOOSE_SLOT: ['label', 'start'],
};

/** PG1. `next`: where the app says that more begins. */
export function pageOf(all: readonly Fields[], offset: number, next: number | undefined, back: boolean): Page {
  const size = back && (next !== undefined || all.length > FULL) ? FULL_WITH_BOTH : FULL;
  const items = all.slice(0, size);
  return { items, next: all.length > size ? offset + size : next, back };
}

/** Of an answer of the app: its list, and where more begins. */
export function listedIn(body: Fields, name: string, offset: number): { items: Fields[]; next: number | undefined } {
  const items = (listOf(body[name]) ?? []).map((each) => mapOf(each) ?? {});
  const hasMore = body['has_more'] === true || body['has_more'] === 1 || body['has_more'] === '1';
  const said = numberOf(body['next_offset']);
  return { items, next: hasMore ? (said > offset ? said : offset + items.length) : undefined };
}

export function rowsOf(stage: ChoiceStage, page: Page, texts: { readonly more: string; readonly back: string }): Row[] {
  return [
    ...page.items.map((item, index) => ({
      id: `bk_${WORDS[stage]}_${index}`,
      label: firstText(item, ...LABELS[stage]),
      ...(stage === 'CHOOSE_TYPE' && { description: firstText(item, 'description') }),
    })),
    ...(page.next !== undefined ? [{ id: MORE, label: texts.more }] : []),
    ...(page.back ? [{ id: BACK, label: texts.back }] : []),
  ];
}

/** PG2; undefined: none of them. `list`: the id of the message with these rows, where it is known. */
export function rowMeant(
  rows: readonly Row[],
  { tap, text }: Pick<Reply, 'tap' | 'text'>,
  list: string | undefined,
): Row | undefined {
  if (tap) {
    const { id, title, quoted = list } = tap;
    if (list !== undefined && quoted !== list) return undefined;
    const own = rows.find((row) => row.id === id);
    const isOwn = own && (title.trim() === '' || own.label === '' || isLabel(own.label, title));
    return isOwn ? own : rows.find(({ label }) => isLabel(label, title));
  }
  return rows.find(({ label }) => isLabel(label, text)) ?? rows[wholeNumber(text) - 1];
}

/** The choice behind a row's id; undefined for rows that lead elsewhere. */
export function itemOf(stage: ChoiceStage, items: readonly Fields[], id: string): Fields | undefined {
  const index = new RegExp(`^bk_${WORDS[stage]}_(\\d+)$`).exec(id)?.[1];
  return index === undefined ? undefined : items[Number(index)];
}
