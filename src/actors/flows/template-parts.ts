/**
 * What a Template node says, with its values filled in (contract flows §4, §10.4).
 *
 *  TP1  `{{1}}` goes through the node's map, for one number the body's before the header's; a key that is no variable is
 *       said as it is written, a number that the map does not know is a variable like any other (F-49).
 *  TP2  Without Meta's or Twilio's own message no button is lost: what an engine cannot show as one is a line of text.
 */
import { asText } from '../../content/as-text.ts';
import { buttonsOf } from '../../content/buttons.ts';
import type { Button, Content, Media } from '../../content/content.ts';
import type { EngineName } from '../../content/engine-choice.ts';
import { type Fields, firstText, isObject, listOf, textOf } from '../../content/loose.ts';
import { buttonComponents, textComponent } from '../../content/meta-components.ts';
import { keysIn, type Lookup } from '../../content/placeholders.ts';
import { type Numbers, variableMapOf } from '../../content/variable-map.ts';
import type { Row } from './menu.ts';
import { mediumOf } from './medium.ts';
import type { NodeContext, Scene, SendOptions } from './node.ts';
import { shown, type Variables } from './variables.ts';

export type Parts = {
  readonly header: string;
  readonly media: Media | undefined;
  readonly body: string;
  readonly footer: string;
  /** All of them, in order; quick replies have the ids of `replies`. */
  readonly buttons: readonly Button[];
  readonly replies: readonly Row[];
};

const MEDIA_FORMATS = ['image', 'video', 'document'];
const MAX_BUTTONS = 3;
const MAX_NUMBERED = 10;

/** As the author wrote them. */
export function quickReplies(fields: Fields): { readonly place: number; readonly text: string }[] {
  return templateButtons(fields).flatMap((entry, place) => {
    const [button] = buttonsOf([entry]);
    return button?.kind === 'reply' ? [{ place, text: button.label }] : [];
  });
}

const templateButtons = (fields: Fields): readonly Fields[] =>
  (listOf(fields['templateButtons']) ?? []).filter(isObject);

export function partsOf({ node: { fields }, vars, ...context }: Scene & Partial<Pick<NodeContext, 'appUrl'>>): Parts {
  const { flat, header, all } = variableMapOf(fields['templateVariableMap']);
  const inHeader = filler(vars, new Map([...flat, ...header]));
  const inBody = filler(vars, all);
  const format = firstText(fields, 'templateHeaderFormat').toLowerCase();
  const hasMedia = MEDIA_FORMATS.includes(format);
  const url = hasMedia ? firstText(fields, 'templateHeaderMediaUrl') : '';
  const media = mediumOf({ vars, appUrl: context.appUrl ?? '' }, format, { url });
  const buttons = buttonsWith(fields, inBody);
  const replies = buttons.flatMap((button) =>
    button.kind === 'reply' ? [{ id: button.id, label: button.label }] : [],
  );
  return {
    header: hasMedia ? '' : inHeader(textOf(fields['templateHeader'])),
    media,
    body: inBody(textOf(fields['templateBody'])),
    footer: inBody(textOf(fields['templateFooter'])),
    buttons,
    replies,
  };
}

function buttonsWith(fields: Fields, fill: (text: string) => string): Button[] {
  let replies = 0;
  return templateButtons(fields).flatMap((entry): Button[] => {
    const filled = Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, fill(textOf(value))]));
    const [button] = buttonsOf([filled]);
    if (button?.kind !== 'reply') return button ? [button] : [];
    return [{ ...button, id: `p${replies++}` }];
  });
}

/** TP1 */
const valueOf =
  (vars: Variables, numbers: Numbers): Lookup =>
  (name) => {
    const key = numbers.get(name);
    if (key === undefined) return vars.text(name);
    const found = vars.find(key);
    return found === undefined ? vars.fill(key) : shown(found);
  };

const filler = (vars: Variables, numbers: Numbers) => (text: string) =>
  vars.fill(text, (name) => valueOf(vars, numbers)(name) ?? '');

/** Values by number, for Twilio's content variables. */
export function slotsOf({ node: { fields }, vars }: Scene): [string, string][] {
  const { all } = variableMapOf(fields['templateVariableMap']);
  const keys = new Set([
    ...keysIn(textOf(fields['templateHeader'])),
    ...keysIn(textOf(fields['templateBody'])),
    ...all.keys(),
  ]);
  return [...keys].map((key) => [key, valueOf(vars, all)(key) ?? '']);
}

/** Meta's components but a header with media. */
export function componentsOf({ node: { fields }, vars }: Scene): object[] {
  const map = variableMapOf(fields['templateVariableMap']);
  const inHeader = valueOf(vars, new Map([...map.flat, ...map.header]));
  const inBody = valueOf(vars, map.all);
  const hasMedia = MEDIA_FORMATS.includes(firstText(fields, 'templateHeaderFormat').toLowerCase());
  const header = hasMedia ? '' : textOf(fields['templateHeader']);
  const own = map.body.size > 0 || keysIn(header).length > 0 ? map.body : map.flat;
  const payloads = quickReplies(fields).map(({ place }, j) => ({
    ...{ type: 'button', sub_type: 'quick_reply', index: String(place) },
    parameters: [{ type: 'payload', payload: `p${j}` }],
  }));
  return [
    ...(hasMedia ? [] : textComponent('header', header, map.header, inHeader)),
    ...textComponent('body', textOf(fields['templateBody']), own, inBody),
    ...buttonComponents(templateButtons(fields), inBody),
    ...payloads,
  ];
}

/** TP2 */
export function freeContent(engine: EngineName, { header: title, media, body, footer, buttons }: Parts): Content {
  const limit = engine === 'twilio' ? MAX_NUMBERED : MAX_BUTTONS;
  const [seen, others] = [buttons.slice(0, limit), buttons.slice(limit)];
  const texts = { title, subtitle: '', footer };
  if (seen.length > 0) {
    const whole = asText({ kind: 'buttons', ...texts, title: '', footer: '', body, buttons: others });
    return { kind: 'buttons', ...texts, body: whole, buttons: seen, ...(media && { header: media }) };
  }
  const text = asText({ kind: 'buttons', ...texts, body, buttons: [] });
  return media ? { kind: 'media', media, caption: text } : { kind: 'text', text };
}

/** What the app's thread shows of it. */
export function shownOf(fields: Fields, { header, body, footer, buttons }: Parts): NonNullable<SendOptions['mirror']> {
  const name = firstText(fields, 'templateName');
  return {
    body,
    ...(header !== '' && { header }),
    ...(footer !== '' && { footer }),
    ...(name !== '' && { templateName: name }),
    buttons,
  };
}
