/**
 * What one contact of a broadcast gets (contract bulk §1.1, §2.4).
 *
 *  BC1  A contact's own body (`tracked_bodies`) goes before the shared one; its placeholders are filled as usual (S-27).
 */
import type { Made } from '../../content/body.ts';
import { type Fields, isObject, mapOf, textOf } from '../../content/loose.ts';
import { lookupOf } from '../../content/placeholders.ts';
import type { Recipient } from './recipients.ts';
import { type Scene, watched } from './scene.ts';
import { templateMessage } from './template.ts';
import { firstOf } from './template-data.ts';

export function broadcastMessage(body: Fields, recipient: Recipient, scene: Scene): Made {
  const template = mapOf(body['templateData']) ?? {};
  const shared = [textOf(body['message']), textOf(template['template_body'])];
  const job = {
    origin: 'broadcast' as const,
    template,
    body: firstOf(ownBody(body['tracked_bodies'], recipient), ...shared),
    request: body,
    lookup: watched(lookupOf('broadcast', recipient.fields), scene),
  };
  return templateMessage(job, recipient, scene);
}

function ownBody(bodies: unknown, { contactId }: Recipient): string {
  const id = String(contactId);
  return isObject(bodies) && Object.hasOwn(bodies, id) ? textOf(bodies[id]) : '';
}
