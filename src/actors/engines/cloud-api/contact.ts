/**
 * A vCard → a contact of the Cloud API: name, phones, mail addresses, pages and organisation. Pictures and notes have no
 * counterpart there.
 */
import type { Content } from '../../../content/content.ts';

type Line = { readonly name: string; readonly params: string; readonly value: string };

export function contactOf({ displayName, vcard }: Extract<Content, { kind: 'contact' }>) {
  const lines = linesOf(vcard);
  const all = (name: string) => lines.filter((line) => line.name === name && line.value !== '');
  const phones = all('TEL').map(({ params, value }) => {
    const waId = /(?:^|;)waid=(\d+)/i.exec(params)?.[1];
    return { phone: value, ...(waId !== undefined && { wa_id: waId }) };
  });
  const emails = all('EMAIL').map(({ value }) => ({ email: value }));
  const urls = all('URL').map(({ value }) => ({ url: value }));
  const company = all('ORG')[0]?.value.split(';')[0];
  const name = displayName || all('FN')[0]?.value || phones[0]?.phone || 'Contact';
  return [
    {
      name: { formatted_name: name, first_name: name },
      ...(phones.length > 0 && { phones }),
      ...(emails.length > 0 && { emails }),
      ...(urls.length > 0 && { urls }),
      ...(company && { org: { company } }),
    },
  ];
}

/** `item1.TEL;type=CELL:+49…`: groups of a name are left out, folded lines joined, escapes undone (RFC 2426). */
function linesOf(vcard: string): Line[] {
  return vcard
    .replace(/\r?\n[ \t]/g, '')
    .split(/\r\n|\r|\n/)
    .flatMap((line) => {
      const match = /^(?:[\w-]+\.)?([\w-]+)((?:;[^:]*)?):(.*)$/.exec(line.trim());
      if (!match) return [];
      const [, name = '', params = '', value = ''] = match;
      return [{ name: name.toUpperCase(), params, value: value.replace(/\\([\\,;])/g, '$1').trim() }];
    });
}
