/** CTA and Location: where the customer can go, call or look; nothing is waited for (contract flows §2.4). */
import { asText } from '../../../content/as-text.ts';
import type { Button, Content } from '../../../content/content.ts';
import { type Fields, firstText, isObject, listOf, textOf } from '../../../content/loose.ts';
import { locationOf } from '../../../content/location.ts';
import { missing } from '../checks.ts';
import type { NodeKind } from '../node.ts';
import type { Variables } from '../variables.ts';

const MAX_ACTIONS = 3;

/** Cloud API: the first address is a button, everything else text below the body; elsewhere all of it is text. */
export const cta: NodeKind = {
  types: ['CTA'],
  run: async ({ node: { fields }, session, vars, send, warn }) => {
    const words = (name: string) => vars.fill(textOf(fields[name]));
    const actions = actionsOf(fields, vars);
    const texts = { title: words('headerText'), subtitle: '', body: words('bodyText'), footer: words('footerText') };
    const plain: Content = { kind: 'text', text: asText({ kind: 'buttons', ...texts, buttons: actions }) };
    const first = session.engine === 'waba' ? actions.find(isWebAddress) : undefined;
    if (first) {
      const others = actions.filter((action) => action !== first);
      const body = asText({ kind: 'buttons', ...texts, title: '', footer: '', buttons: others });
      const sent = await send({ kind: 'buttons', ...texts, body, buttons: [first] });
      if (sent.kind !== 'failed') return { kind: 'next', port: 1 };
    }
    if (plain.text.trim() !== '' && (await send(plain)).kind === 'failed') warn('a CTA of the flow could not be sent');
    return { kind: 'next', port: 1 };
  },
  check: (node) =>
    (listOf(node.fields['ctaActions']) ?? []).length > 0 ? [] : missing(node, 'warning', 'ctaActions', 'ctaType'),
};

const isWebAddress = (action: Button): boolean =>
  action.kind === 'url' && /^https?:\/\//i.test(action.url) && URL.canParse(action.url);

/** The list, or the one action of older flows. What has nothing to open, call or copy is left out. */
function actionsOf(fields: Fields, vars: Variables): Button[] {
  const given = (listOf(fields['ctaActions']) ?? []).filter(isObject);
  const { ctaType: type, ctaLabel: label } = fields;
  const value = firstText(
    fields,
    ...(LEGACY.get(firstText(fields, 'ctaType').toLowerCase()) ?? ['ctaUrl', 'ctaPhone', 'ctaCode']),
  );
  const actions = given.length > 0 ? given : [{ type, label, value }];
  return actions
    .slice(0, MAX_ACTIONS)
    .map((action) => buttonOf(action, vars))
    .filter((button) => button !== undefined);
}

const LEGACY = new Map([
  ['url', ['ctaUrl']],
  ['phone', ['ctaPhone']],
  ['call_now', ['ctaPhone']],
  ['copy', ['ctaCode']],
]);

function buttonOf(action: Fields, vars: Variables): Button | undefined {
  const value = vars.fill(firstText(action, 'value')).trim();
  if (value === '') return undefined;
  const label = vars.fill(firstText(action, 'label')).trim() || value;
  switch (firstText(action, 'type').toLowerCase()) {
    case 'phone':
    case 'call_now':
      return { kind: 'call', label, phone: value };
    case 'copy':
      return { kind: 'copy', label, code: value };
    default:
      return { kind: 'url', label, url: value };
  }
}

/** A pin; where none can be sent, a text with a link to a map. */
export const location: NodeKind = {
  types: ['Location'],
  run: async ({ node: { fields }, vars, send, warn }) => {
    const words = (name: string) => vars.fill(textOf(fields[name])).trim();
    const [title, address] = [words('title'), words('address')];
    const [latitude, longitude] = [words('latitude'), words('longitude')];
    const pin = locationOf({ latitude, longitude, name: title, address });
    if (pin && (await send(pin)).kind !== 'failed') return { kind: 'next', port: 1 };
    const place = pin ? `${pin.latitude},${pin.longitude}` : address || title;
    const lines = [title, address, place && `https://www.google.com/maps?q=${encodeURIComponent(place)}`];
    const text = lines.filter((line) => line !== '').join('\n');
    if (text !== '' && (await send({ kind: 'text', text })).kind === 'failed')
      warn('a location of the flow could not be sent');
    return { kind: 'next', port: 1 };
  },
  check: (node) => [...missing(node, 'warning', 'latitude'), ...missing(node, 'warning', 'longitude')],
};
