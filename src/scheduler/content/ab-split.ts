/**
 * Which template each contact of an A/B campaign gets (contract bulk §4.1).
 *
 *  AB1  With only one of the two templates everybody gets that one, under its letter (S-60).
 */
import { type Fields, firstText, flagOf, numberOf } from '../../content/loose.ts';

export type Variant = 'A' | 'B';

/**
 * `count`: recipients of the campaign. The function takes their index, and what they had in an earlier dispatch; undefined
 * where nothing is compared.
 */
export type Split = (index: number, before?: Variant) => Variant | undefined;
export function splitOf(body: Fields, count: number): Split {
  const isTest = flagOf(body['isABTest'], false) && firstText(body, 'campaignType').toLowerCase() === 'template';
  const a = idIn(body, 'templateIdA');
  const b = idIn(body, 'templateIdB');
  if (!isTest || (a === undefined && b === undefined)) return () => undefined;
  if (a === undefined) return () => 'B';
  if (b === undefined) return () => 'A';
  const percent = numberOf(body['abSplit']);
  const share = Number.isFinite(percent) ? Math.min(100, Math.max(0, percent)) : 50;
  const firstB = Math.floor((count * share) / 100);
  return (index, before) => before ?? (index < firstB ? 'A' : 'B');
}

/** The app's id of the template to fetch; undefined when the request names none. */
export function templateIdOf(body: Fields, variant: Variant | undefined): number | undefined {
  if (variant !== undefined) return idIn(body, `templateId${variant}`);
  return idIn(body, 'templateId') ?? idIn(body, 'templateIdA') ?? idIn(body, 'templateIdB');
}

function idIn(body: Fields, name: string): number | undefined {
  const id = numberOf(body[name]);
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}
