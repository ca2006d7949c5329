/**
 * Buttons and lists as the Cloud API has them (contract messages §9, §9.1; facts/cloud-api.md §2.2).
 *
 *  CI1  Exactly one button, and it opens a URL: `cta_url`. Else up to three reply buttons stay buttons, and every other
 *       button is a line `<label>: <value>` under the body. No reply button: text, or the caption of the media.
 *  CI2  A list that Meta would refuse for its shape goes as text.
 */
import { asText } from '../../../content/as-text.ts';
import type { Button, Content, Media } from '../../../content/content.ts';
import { cutToUnits } from '../../../content/footer.ts';
import { bodyOf, type Drafted, drafts, footerOf, headerOf, mediaOf, textOf, tooLong, wrong } from './draft.ts';

type Buttons = Extract<Content, { kind: 'buttons' }>;
type Reply = Extract<Button, { kind: 'reply' }>;

const MAX_BODY = 1_024;
const MAX_LIST_BODY = 4_096;
const MAX_REPLY_ID = 256;
const MAX_ROW_ID = 200;
const MAX_ROWS = 10;
const LABEL = 20;
const ROW_TITLE = 24;
const ROW_DESCRIPTION = 72;

export function buttonMessages(content: Buttons): Drafted {
  const { buttons, header } = content;
  const replies = buttons.filter((button) => button.kind === 'reply');
  const [only] = buttons;
  if (only?.kind === 'url' && buttons.length === 1) {
    const parameters = { display_text: cutToUnits(only.label, LABEL), url: only.url };
    return interactive(content, [], 'cta_url', { name: 'cta_url', parameters });
  }
  if (replies.length === 0) {
    const text = asText(content);
    return header ? mediaOf(header, text) : textOf(text);
  }
  if (replies.some(({ id }) => id.length > MAX_REPLY_ID)) return wrong(tooLong('the id of a button', MAX_REPLY_ID));
  const others = buttons.filter((button) => button.kind !== 'reply');
  return interactive(content, others, 'button', { buttons: replyButtons(replies) });
}

/** Meta wants titles to differ, also after they were cut. */
function replyButtons(replies: readonly Reply[]) {
  const taken = new Set<string>();
  return replies.map(({ id, label }) => {
    let title = cutToUnits(label, LABEL);
    for (let n = 2; taken.has(title); n += 1) title = `${cutToUnits(label, LABEL - 2)} ${n}`;
    taken.add(title);
    return { type: 'reply', reply: { id, title } };
  });
}

function interactive(content: Buttons, lines: readonly Button[], type: string, action: object): Drafted {
  const { title, footer, header, ...rest } = content;
  // A title beside media has no field of its own: it stands above the body.
  const text = asText({ ...rest, title: header ? title : '', footer: '', buttons: lines });
  if (text.length > MAX_BODY) return wrong(tooLong('the text above buttons', MAX_BODY));
  const part = {
    type,
    ...(!header && headerOf(title)),
    ...bodyOf(text),
    ...footerOf(footer),
    action,
  };
  return drafts({ type: 'interactive', part, ...(header && { media: { at: 'header', media: asHeader(header) } }) });
}

/** Contract messages §4: audio and everything else is a document there. */
function asHeader({ voice: _, ...media }: Media): Media {
  return media.type === 'image' || media.type === 'video' ? media : { ...media, type: 'document' };
}

export function listMessages(content: Extract<Content, { kind: 'list' }>): Drafted {
  const { body, title, footer, button, sections } = content;
  const rows = sections.flatMap((section) => section.rows);
  const isShown =
    rows.length > 0 &&
    rows.length <= MAX_ROWS &&
    rows.every((row) => row.title !== '') &&
    sections.every((section) => section.rows.length > 0 && (section.title !== '' || sections.length === 1));
  if (!isShown) return textOf(asText(content));
  if (rows.some(({ id }) => id.length > MAX_ROW_ID)) return wrong(tooLong('the id of a row', MAX_ROW_ID));
  if (body.length > MAX_LIST_BODY) return wrong(tooLong('the text above a list', MAX_LIST_BODY));
  const part = {
    type: 'list',
    ...headerOf(title),
    ...bodyOf(body),
    ...footerOf(footer),
    action: {
      button: cutToUnits(button, LABEL),
      sections: sections.map((section) => ({
        ...(section.title !== '' && { title: cutToUnits(section.title, ROW_TITLE) }),
        rows: section.rows.map(({ id, title: label, description }) => ({
          id,
          title: cutToUnits(label, ROW_TITLE),
          ...(description !== '' && { description: cutToUnits(description, ROW_DESCRIPTION) }),
        })),
      })),
    },
  };
  return drafts({ type: 'interactive', part });
}
