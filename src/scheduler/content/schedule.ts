/**
 * What one recipient of a schedule gets (contract schedules §1, bulk §2.4), and the message of a single (schedules §4).
 *
 *  SC1  A template is a template whatever the type says; a type that nobody knows is text.
 *  SC2  Only plain text carries the branding footer, on every engine.
 */
import type { Made } from '../../content/body.ts';
import type { Content } from '../../content/content.ts';
import { withBranding } from '../../content/footer.ts';
import { locationOf, namedLocationOf } from '../../content/location.ts';
import { type Fields, firstText, mapOf, textOf } from '../../content/loose.ts';
import { fillerOf, lookupOf } from '../../content/placeholders.ts';
import { numbered, variableMapOf } from '../../content/variable-map.ts';
import { mediaAt, scheduledMediaOf } from './attachments.ts';
import { attachmentMissing, BAD_COORDINATES } from './failures.ts';
import { captioned, failed, laidOut } from './layout.ts';
import type { Recipient } from './recipients.ts';
import { type Scene, watched } from './scene.ts';
import { templateMessage } from './template.ts';
import { firstOf } from './template-data.ts';

export function scheduleMessage(body: Fields, recipient: Recipient, scene: Scene): Made {
  const template = mapOf(body['templateData']) ?? {};
  const lookup = watched(lookupOf('schedule', recipient.fields), scene);
  const message = firstOf(textOf(body['message']), textOf(template['template_body']));
  const media = scheduledMediaOf(body['mediaUrl'], scene);
  if (Object.keys(template).length > 0) {
    const job = { origin: 'schedule' as const, template, body: message, media, request: body, lookup };
    return templateMessage(job, recipient, scene);
  }
  const fill = fillerOf('schedule', numbered(lookup, variableMapOf(body['variable_map']).all));
  const text = fill(message);
  switch (typeIn(body)) {
    case 'location': {
      const { latitude, longitude } = body;
      const location = locationOf({ latitude, longitude, name: text.trim() || 'Location' });
      return location ? made([location]) : failed(BAD_COORDINATES);
    }
    case 'media':
      return media ? made(captioned(media, text)) : failed(attachmentMissing('no media is named'));
    case 'template':
    case 'standard':
      return media ? made(captioned(media, text)) : plain(text, scene);
    default:
      return plain(text, scene);
  }
}

/** Chat and quick send: as they were typed, without placeholders. */
export function singleMessage(body: Fields, scene: Scene): Made {
  const text = textOf(body['message']);
  const type = typeIn(body);
  switch (type) {
    case 'location': {
      const location = namedLocationOf(body);
      return location ? made([location]) : failed(BAD_COORDINATES);
    }
    case 'media':
    case 'media_only':
    case 'media_with_caption': {
      const media = mediaAt(body['mediaUrl']);
      return media
        ? made(captioned(media, type === 'media_only' ? '' : text))
        : failed(attachmentMissing('no media is named'));
    }
    default:
      return plain(text, scene);
  }
}

/** SC2 */
function plain(text: string, { branding, engine }: Scene): Made {
  const body = text.trim() === '' ? '' : withBranding(text, branding);
  return laidOut({ header: '', body, footer: '', buttons: [] }, 'schedule', engine);
}

const made = ([content, ...followUps]: [Content, ...Content[]]): Made => ({ kind: 'made', content, followUps });
const typeIn = (body: Fields): string => firstText(body, 'messageType').toLowerCase();
