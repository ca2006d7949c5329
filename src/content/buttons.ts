/**
 * Buttons of a request → neutral buttons (contract messages §2). One table of aliases for every route, card and job.
 *
 *  BU1  At most three, the first that can be used; a button without text is labelled, never a fault (C-28).
 *  BU2  A URL, call or copy button that has nothing to open, call or copy is left out. An unknown kind is a reply.
 */
import type { Button } from './content.ts';
import { type Fields, firstText, isObject } from './loose.ts';

const MAX_BUTTONS = 3;

const KINDS = new Map<string, Button['kind']>([
  ...['visit_website', 'url', 'website', 'link', 'cta_url'].map((word) => [word, 'url'] as const),
  ...['call_phone', 'call', 'phone', 'phone_number', 'cta_call'].map((word) => [word, 'call'] as const),
  ...['copy_code', 'copy', 'copy_text', 'coupon', 'cta_copy'].map((word) => [word, 'copy'] as const),
]);

/** Entries that are no maps are left out, as are unusable buttons. */
export function buttonsOf(list: readonly unknown[]): Button[] {
  const usable: Button[] = [];
  for (const [index, fields] of list.entries()) {
    const button = isObject(fields) ? buttonOf(fields, index) : undefined;
    if (button && usable.length < MAX_BUTTONS) usable.push(button);
  }
  return usable;
}

function buttonOf(fields: Fields, index: number): Button | undefined {
  const label = firstText(fields, 'text', 'display_text', 'title') || 'Button';
  const kind = KINDS.get(firstText(fields, 'type').toLowerCase()) ?? 'reply';
  switch (kind) {
    case 'url': {
      const url = firstText(fields, 'url', 'value');
      return url === '' ? undefined : { kind, label, url: withScheme(url) };
    }
    case 'call': {
      const phone = firstText(fields, 'value', 'phone_number', 'phone', 'url');
      return phone === '' ? undefined : { kind, label, phone };
    }
    case 'copy': {
      const code = firstText(fields, 'value', 'copy_code', 'code');
      return code === '' ? undefined : { kind, label, code };
    }
    case 'reply': {
      const id = firstText(fields, 'value', 'url', 'phone_number', 'phone', 'copy_code', 'code', 'id');
      return { kind, label, id: id || `btn_${index}` };
    }
    default:
      return kind satisfies never;
  }
}

/** `example.com:8080` has a port, not a scheme. */
const withScheme = (url: string): string =>
  /^([a-z][a-z0-9+.-]*:\/\/|mailto:|tel:|sms:)/i.test(url) ? url : `https://${url}`;
