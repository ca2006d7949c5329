/**
 * docs/engines.md: what each engine does with each kind of content, made of the capabilities that the engines act on. The
 * test fails when the file says something else; `npx vitest run test/unit/engines/document.test.ts -u` writes it anew.
 */
import { expect, it } from 'vitest';
import { CAPABILITIES as CLOUD } from '../../../src/actors/engines/cloud-api/content.ts';
import { CAPABILITIES as TWILIO } from '../../../src/actors/engines/twilio/content.ts';
import { CAPABILITIES as LINKED } from '../../../src/actors/engines/unofficial/outgoing/capabilities.ts';
import type { Capabilities, Capability, Content } from '../../../src/content/content.ts';
import { ROOT } from '../../helpers/root.ts';

/** In the order of the table. A kind without a line here does not compile. */
const KINDS: Readonly<Record<Content['kind'], string>> = {
  text: 'Text',
  media: 'Image, video, voice note, audio, document, sticker',
  buttons: 'Text or media with buttons',
  list: 'List of choices',
  carousel: 'Cards with image and buttons',
  location: 'Location',
  'location request': 'Request for the location',
  poll: 'Poll',
  contact: 'Contact card',
  template: 'Template approved by Meta',
  'content template': 'Content template approved by Twilio',
  form: 'Form (Meta calls it a flow)',
  product: 'Product of the account’s catalogue',
  'product list': 'Several products',
  catalogue: 'The whole catalogue',
  reaction: 'Reaction',
  pin: 'Pin',
  edit: 'Edit of a message',
  delete: 'Deletion for everyone',
};

const ENGINES: readonly (readonly [name: string, provider: string, capabilities: Capabilities])[] = [
  ['Paired connection', 'baileys', LINKED],
  ['WhatsApp Cloud API', 'waba', CLOUD],
  ['Twilio', 'twilio', TWILIO],
];

const HEAD = `# What each engine sends

Which engine a send takes: its \`provider\`, else what the app's settings say of the number, else its paired connection; never
another one silently. **refused** is a clear error without a call to the vendor; anything else in words is what is sent
instead. The routes for reactions, pins, stars, edits, deletions, contacts and groups take the paired connection alone; below
is what jobs and flows can send through each engine.
`;

const told = (capability: Capability): string =>
  capability === 'yes' ? 'yes' : capability === 'no' ? '**refused**' : capability.fallback;

function document(): string {
  const line = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const kinds = Object.keys(KINDS) as Content['kind'][];
  const rows = kinds.map((kind) => line(KINDS[kind], ...ENGINES.map(([, , capabilities]) => told(capabilities[kind]))));
  return [
    HEAD,
    line('Content', ...ENGINES.map(([name, provider]) => `${name} (\`${provider}\`)`)),
    `|${'---|'.repeat(1 + ENGINES.length)}`,
    ...rows,
    '',
  ].join('\n');
}

it('docs/engines.md says of every kind of content what the engines’ capabilities say', async () => {
  await expect(document()).toMatchFileSnapshot(`${ROOT}/docs/engines.md`);
});
