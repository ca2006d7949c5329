/**
 * Components of a Meta template that carry a recipient's values (facts/cloud-api.md §2.3): for jobs and flows.
 *
 *  MC1  A variable is never left out: Meta refuses the message for it. What is empty is a space.
 *
 * Deliberately not here: headers with media, and where values come from.
 */
import { buttonsOf } from './buttons.ts';
import type { Button } from './content.ts';
import { listOf } from './loose.ts';
import { fillerOf, keysIn, type Lookup } from './placeholders.ts';
import type { Numbers } from './variable-map.ts';

/** Numbered variables in their order, or named ones; Meta's templates have one sort only. */
export function textComponent(type: 'header' | 'body', text: string, told: Numbers, value: Lookup): object[] {
  const keys = [...new Set([...keysIn(text), ...told.keys()])];
  const numbers = keys.filter((key) => /^\d+$/.test(key)).sort((a, b) => Number(a) - Number(b));
  const parameters =
    numbers.length > 0
      ? numbers.map((key) => textParameter(value(key)))
      : keys.map((key) => ({ ...textParameter(value(key)), parameter_name: key }));
  return parameters.length === 0 ? [] : [{ type, parameters }];
}

/** MC1 */
const textParameter = (value: string | undefined) => ({ type: 'text', text: value || ' ' });

/** Only buttons with something to fill in are named, by their place among all. */
export function buttonComponents(list: unknown, value: Lookup): object[] {
  return (listOf(list) ?? []).flatMap((entry, index) => {
    const [button] = buttonsOf([entry]);
    const parameter = button && buttonParameter(button, value);
    return parameter ? [{ type: 'button', index: String(index), ...parameter }] : [];
  });
}

function buttonParameter(button: Button, value: Lookup) {
  if (button.kind === 'copy') {
    const code = fillerOf('broadcast', value)(button.code);
    return { sub_type: 'copy_code', parameters: [{ type: 'coupon_code', coupon_code: code }] };
  }
  const [key] = button.kind === 'url' ? keysIn(button.url) : [];
  return key === undefined ? undefined : { sub_type: 'url', parameters: [textParameter(value(key))] };
}
