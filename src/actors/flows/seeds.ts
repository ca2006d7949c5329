/**
 * The variables that a conversation begins with (contract flows §4). Pure.
 *
 *  SD1  Left is overwritten by right: workspace attributes < contact < variables of the request; a blank contact value
 *       overwrites nothing.
 *  SD2  A contact's own attributes never replace its fields.
 */
import { type Fields, mapOf, textOf } from '../../content/loose.ts';
import { Variables } from './variables.ts';

const CONTACT = [
  ...['name', 'first_name', 'last_name', 'mobile', 'phone', 'email', 'address', 'title', 'language'],
] as const;

export type Seeds =
  | { readonly kind: 'order'; readonly contact: Fields; readonly variables: Fields }
  | { readonly kind: 'message'; readonly text: string; readonly name: string; readonly phone: string };

export function seeded(attributes: Fields, seeds: Seeds): [string, unknown][] {
  const vars = new Variables(Object.entries(attributes));
  for (const [name, value] of seeds.kind === 'order' ? ofOrder(seeds) : ofMessage(seeds)) vars.set(name, value);
  return vars.pairs();
}

function ofOrder({ contact, variables }: Extract<Seeds, { kind: 'order' }>): [string, unknown][] {
  const own = CONTACT.flatMap((name): [string, string][] => {
    const value = textOf(contact[name]);
    return value.trim() === '' ? [] : [[name, value]];
  });
  const fields: ReadonlySet<string> = new Set(CONTACT);
  const more = Object.entries(mapOf(contact['custom_attributes']) ?? {}).filter(
    ([name, value]) => !fields.has(name) && value !== null && value !== '',
  );
  return [...own, ...more, ...Object.entries(variables)];
}

function ofMessage({ text, name, phone }: Extract<Seeds, { kind: 'message' }>): [string, unknown][] {
  const first = name.trim().split(/\s+/)[0] ?? '';
  return Object.entries({ user_message: text, name, first_name: first, pushName: name, phone });
}
