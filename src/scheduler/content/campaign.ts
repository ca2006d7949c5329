/**
 * What one contact of a campaign gets (contract bulk §4.1, §2.4): the template that was fetched when it ran, or its own text.
 *
 *  CP1  Own content is filled when the campaign says so, on Twilio always; templates always.
 *  CP2  Values of the workspace go before the contact's: the app puts them into every other template beforehand.
 */
import type { Made } from '../../content/body.ts';
import type { Content, Media } from '../../content/content.ts';
import { type Fields, firstText, flagOf, mapOf, textOf } from '../../content/loose.ts';
import { fillerOf, type Lookup, lookupOf, lowerCased } from '../../content/placeholders.ts';
import { mediaAt } from './attachments.ts';
import { NO_CONTENT } from './failures.ts';
import { failed, laidOut } from './layout.ts';
import type { Recipient } from './recipients.ts';
import { type Scene, watched } from './scene.ts';
import { templateMessage } from './template.ts';
import { buttonsIn, firstOf, said } from './template-data.ts';
import { trackOf } from './tracking.ts';

export type CampaignJob = {
  readonly body: Fields;
  readonly template?: Fields | undefined;
  /** Of the workspace. */
  readonly attributes?: Fields | undefined;
};

export function campaignMessage(job: CampaignJob, recipient: Recipient, scene: Scene): Made {
  const { body, template = {}, attributes = {} } = job;
  const isCounted = flagOf(body['trackingEnabled'], false);
  const track = isCounted ? trackOf(scene.appUrl, firstText(recipient.fields, 'tracking_id')) : undefined;
  const contact = lookupOf('campaign', recipient.fields);
  switch (firstText(body, 'campaignType').toLowerCase()) {
    case 'template': {
      const lookup = watched(withWorkspace(attributes, contact), scene);
      const text = textOf(template['template_body']);
      return templateMessage(
        { origin: 'campaign', template, body: text, request: {}, lookup, track },
        recipient,
        scene,
      );
    }
    case 'custom': {
      const isFilled = flagOf(body['useAttributes'], false) || scene.engine === 'twilio';
      const fill = isFilled ? fillerOf('campaign', watched(contact, scene)) : (text: string) => text;
      return ownMessage(body, { fill, ...(track && { track }) }, scene);
    }
    default:
      return failed(NO_CONTENT);
  }
}

/** CP2 */
function withWorkspace(attributes: Fields, contact: Lookup): Lookup {
  const workspace = lowerCased(attributes);
  return (key) => workspace.get(key.toLowerCase()) ?? contact(key);
}

/** Further media than the first follow it. */
function ownMessage(body: Fields, wording: Parameters<typeof said>[1], { engine }: Scene): Made {
  const given = body['customMessage'] ?? body;
  const own = mapOf(given) ?? { message: given };
  const text = (...names: readonly string[]) => said(firstOf(...names.map((name) => textOf(own[name]))), wording);
  const [media, ...others] = mediaIn(own);
  const parts = {
    header: text('header', 'custom_header'),
    body: text('message', 'custom_message'),
    footer: text('footer', 'custom_footer'),
    buttons: buttonsIn(own['custom_buttons'], wording),
    ...(media && { media }),
  };
  const laid = laidOut(parts, 'campaign', engine);
  if (laid.kind === 'invalid') return laid;
  const more = others.map((other): Content => ({ kind: 'media', media: other, caption: '' }));
  return { ...laid, followUps: [...laid.followUps, ...more] };
}

function mediaIn(own: Fields): Media[] {
  const image = mediaAt(own['custom_image']);
  const video = mediaAt(own['custom_video']);
  const file = mediaAt(own['custom_document'], firstText(own, 'custom_document_name'));
  const document = file && { ...file, type: 'document' as const, mime: file.mime || 'application/octet-stream' };
  return [image, video, document].filter((media) => media !== undefined);
}
