/**
 * What a job's template becomes for one recipient on its engine (contract bulk §2.4): Meta's template message, Twilio's
 * approved content, or the text, media, buttons and cards it consists of.
 */
import type { Made } from '../../content/body.ts';
import type { Media } from '../../content/content.ts';
import { type Fields, firstText } from '../../content/loose.ts';
import { fillerOf, type Lookup } from '../../content/placeholders.ts';
import { contentTemplateOf } from '../../content/templates.ts';
import { numbered, variableMapOf } from '../../content/variable-map.ts';
import { failed, laidOut, type Origin } from './layout.ts';
import { madeTemplateOf, readyMadeOf, showsLocation } from './meta-template.ts';
import type { Recipient } from './recipients.ts';
import type { Scene } from './scene.ts';
import { locationIn, partsOf } from './template-data.ts';
import type { Track } from './tracking.ts';

export type TemplateJob = {
  readonly origin: Origin;
  readonly template: Fields;
  /** What is said instead of the template's own body; not filled yet. */
  readonly body: string;
  /** The request's own medium, for a template that has none. */
  readonly media?: Media | undefined;
  /** The request: it may have coordinates beside its template. */
  readonly request: Fields;
  /** Values by key, without the numbers of `variable_map`. */
  readonly lookup: Lookup;
  readonly track?: Track | undefined;
};

export function templateMessage(job: TemplateJob, recipient: Recipient, { engine, appUrl }: Scene): Made {
  const { origin, template, body, media, request, lookup, track } = job;
  const { all } = variableMapOf(template['variable_map']);
  const fill = fillerOf(origin, numbered(lookup, all));
  const location = locationIn(template, fill, request);
  const after = location ? [location] : [];
  if (engine === 'waba') {
    const readyMade = readyMadeOf(template, recipient);
    if (readyMade === undefined) return failed('The Meta template of this recipient cannot be read');
    if (readyMade !== 'not ready made')
      return { kind: 'made', content: readyMade, followUps: showsLocation(readyMade) ? [] : after };
  }
  const sid = firstText(template, 'twilio_content_sid');
  if (engine === 'twilio' && sid !== '') {
    const variables = Object.fromEntries([...all].map(([number, key]) => [number, lookup(key) || ' ']));
    const content = contentTemplateOf(sid, variables);
    return content ? { kind: 'made', content, followUps: after } : failed('Invalid twilio_content_sid');
  }
  const read = partsOf(template, { body, media, location }, { fill, ...(track && { track }) }, appUrl);
  if (read.kind === 'invalid') return read;
  if (engine === 'waba') {
    const content = madeTemplateOf(template, { lookup, media: read.parts.media, location, appUrl });
    if (content) return { kind: 'made', content, followUps: showsLocation(content) ? [] : after };
  }
  return laidOut(read.parts, origin, engine);
}
