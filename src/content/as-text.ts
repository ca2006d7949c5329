/**
 * What an interactive content says, as plain text: the fallback where buttons, lists or cards cannot be shown (contract
 * messages §9.1, `<label>: <value>` lines under the body).
 *
 *  AT1  Nothing is dropped but pictures, which text cannot carry: every title, body, footer, label, URL, number and code is
 *       in it. Ids of replies are not: they are the bridge's own, and the contact answers with the label.
 */
import type { Button, Content } from './content.ts';

/** `numbers`: what can be answered is numbered through, because the answer may be the number alone (flows §10.3). */
export type Marks = 'bullets' | 'numbers';

type Interactive = { readonly kind: 'buttons' | 'list' | 'carousel' | 'location request' | 'poll' };
export type InteractiveContent<From> = Extract<Content<From>, Interactive>;

export function asText<From>(content: InteractiveContent<From>, marks: Marks = 'bullets'): string {
  const mark = marker(marks);
  switch (content.kind) {
    case 'buttons': {
      const { title, subtitle, body, footer, buttons } = content;
      return blocks(bold(title), subtitle, body, lines(buttons, mark), footer);
    }
    case 'list': {
      const sections = content.sections.map(({ title, rows }) =>
        [bold(title), ...rows.map((row) => `${mark()} ${[row.title, row.description].filter(Boolean).join(': ')}`)]
          .filter(Boolean)
          .join('\n'),
      );
      return blocks(bold(content.title), content.body, ...sections, content.footer);
    }
    case 'carousel': {
      const cards = content.cards.map(({ title, body, footer, buttons }) =>
        [bold(title), body, lines(buttons, mark), footer].filter(Boolean).join('\n'),
      );
      return blocks(bold(content.title), content.body, ...cards, content.footer);
    }
    case 'location request':
      return content.body;
    case 'poll':
      return blocks(content.question, content.options.map((option) => `${mark()} ${option}`).join('\n'));
    default:
      return content satisfies never;
  }
}

type Mark = () => string;

function marker(marks: Marks): Mark {
  let count = 0;
  return () => (marks === 'bullets' ? '•' : `${(count += 1)}.`);
}

const lines = (buttons: readonly Button[], mark: Mark): string =>
  buttons.map((button) => line(button, mark)).join('\n');

function line(button: Button, mark: Mark): string {
  switch (button.kind) {
    case 'reply':
      return `${mark()} ${button.label}`;
    case 'url':
      return `${button.label}: ${button.url}`;
    case 'call':
      return `${button.label}: ${button.phone}`;
    case 'copy':
      return `${button.label}: ${button.code}`;
    default:
      return button satisfies never;
  }
}

const bold = (text: string): string => (text === '' ? '' : `*${text}*`);
const blocks = (...parts: readonly string[]): string => parts.filter((part) => part.trim() !== '').join('\n\n');
