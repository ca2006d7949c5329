/**
 * Conditions of a flow (contract flows §5).
 *
 *  CN1  Left to right, without precedence; an empty list does not hold.
 *  CN2  Only a variable that does not exist gives way to `user_message`; a stored blank, 0 or false is compared (F-38).
 */
import { type Fields, firstText, isObject, listOf, numberOf, textOf } from '../../content/loose.ts';
import { shown, type Variables } from './variables.ts';

export function holds(fields: Fields, vars: Variables): boolean {
  const rows = rowsOf(fields);
  const joins = (listOf(fields['logicOperators']) ?? []).map((join) => textOf(join).trim().toUpperCase());
  return rows.reduce((result, row, index) => {
    if (index === 0) return isMet(row, vars);
    return joins[index - 1] === 'OR' ? result || isMet(row, vars) : result && isMet(row, vars);
  }, false);
}

/** The list, or the one condition of older flows. */
export function rowsOf(fields: Fields): readonly Fields[] {
  const rows = (listOf(fields['conditions']) ?? []).filter(isObject);
  if (rows.length > 0 || firstText(fields, 'operator') === '') return rows;
  const { variable, operator, compareValue: value } = fields;
  return [{ variable, operator, value }];
}

function isMet(row: Fields, vars: Variables): boolean {
  const value = vars.find(nameOf(textOf(row['variable']), vars));
  const operator = firstText(row, 'operator').toLowerCase().replace(/\s+/g, '_');
  switch (operator) {
    case 'is_empty':
      return isEmpty(value);
    case 'is_not_empty':
      return !isEmpty(value);
    case 'exists':
    case 'is_set':
      return value !== undefined;
    case 'not_exists':
    case 'is_not_set':
      return value === undefined;
    default: {
      // CN2
      const known = shown(value === undefined ? vars.get('user_message') : value);
      const wanted = row['value'];
      return compared(operator, known, typeof wanted === 'boolean' ? String(wanted) : textOf(wanted));
    }
  }
}

function compared(operator: string, known: string, wanted: string): boolean {
  const [left, right] = [known.trim().toLowerCase(), wanted.trim().toLowerCase()];
  switch (operator) {
    case 'equals':
      return left === right;
    case 'not_equals':
      return left !== right;
    case 'contains':
      return left.includes(right);
    case 'not_contains':
      return !left.includes(right);
    case 'starts_with':
      return left.startsWith(right);
    case 'ends_with':
      return left.endsWith(right);
    case 'gt':
    case 'greater_than':
      return numberOf(left) > numberOf(right);
    case 'lt':
    case 'less_than':
      return numberOf(left) < numberOf(right);
    default:
      return false;
  }
}

/** A name, a placeholder as a whole, or a name that placeholders make. */
function nameOf(variable: string, vars: Variables): string {
  const whole = /^\s*\{\{([^{}]+)\}\}\s*$/.exec(variable)?.[1];
  return whole ?? vars.fill(variable);
}

/** Nothing to read: also a list or an object without anything in it. */
const isEmpty = (value: unknown): boolean => ['', '[]', '{}'].includes(shown(value).trim());
