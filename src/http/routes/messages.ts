/**
 * The routes that send content (contract messages §2-§5, §7, §8): which content each makes, and its literals.
 *
 * Deliberately not here: reading fields (src/content) and everything that sends have in common (sending.ts).
 */
import {
  catalogueMessageOf,
  contactMessageOf,
  groupTextOf,
  locationMessageOf,
  mediaMessageOf,
  mediaOnlyOf,
  messageOf,
} from '../../content/body.ts';
import type { Content } from '../../content/content.ts';
import { type Declare, reply } from '../declare.ts';
import { groupOf, type RecipientFields, recipientOf } from '../recipient.ts';
import {
  sendContact,
  sendGroupMessage,
  sendLocation,
  sendMediaMessage,
  sendMediaOnly,
  sendMessage,
  sendProductCatalog,
} from '../schemas/messages.ts';
import { type SendDeps, sender } from '../sending.ts';

export function messageRoutes(declare: Declare, deps: SendDeps): void {
  const send = sender(deps);
  const ms = deps.answerMs;
  /** What every send takes from its request; without a `provider` the route knows the paired connection only. */
  const asAsked = (
    { phone: from }: { readonly phone: string },
    body: RecipientFields & { readonly provider?: string },
  ) => ({
    from,
    to: recipientOf(body),
    provider: body.provider,
    ms,
  });

  declare(sendMessage, wrapped('ERROR SENDING MESSAGE'), (c) => {
    const body = c.req.valid('json');
    const message = 'MESSAGE SENT SUCCESSFULLY';
    return send(c, {
      ...asAsked(c.req.valid('param'), body),
      make: (surroundings) => messageOf(body, surroundings),
      success: ({ kind }, jid) => (kind === 'text' ? { message, jid } : { message }),
      failed: failedMessage,
    });
  });

  declare(sendMediaOnly, wrapped('ERROR SENDING MEDIA'), (c) => {
    const body = c.req.valid('json');
    return send(c, {
      ...asAsked(c.req.valid('param'), body),
      make: () => mediaOnlyOf(body),
      success: () => ({ message: 'MEDIA SENT SUCCESSFULLY' }),
      failed: () => 'ERROR SENDING MEDIA',
    });
  });

  declare(sendMediaMessage, flagged, (c) => {
    const body = c.req.valid('json');
    return send(c, {
      ...asAsked(c.req.valid('param'), body),
      make: () => mediaMessageOf(body),
      success: ({ kind }) => ({
        success: true,
        message: kind === 'buttons' ? 'Media + Buttons Sent!' : 'Media Sent Successfully!',
      }),
      failed: 'success false',
    });
  });

  declare(sendLocation, wrapped('ERROR SENDING LOCATION'), (c) => {
    const body = c.req.valid('json');
    return send(c, {
      ...asAsked(c.req.valid('param'), body),
      make: () => locationMessageOf(body),
      success: () => ({ message: 'LOCATION SENT SUCCESSFULLY' }),
      failed: () => 'ERROR SENDING LOCATION',
    });
  });

  declare(sendContact, wrapped('CONTACT SEND FAILED'), (c) => {
    const body = c.req.valid('json');
    return send(c, {
      ...asAsked(c.req.valid('param'), body),
      make: () => contactMessageOf(body),
      success: () => ({ ok: true }),
      failed: () => 'CONTACT SEND FAILED',
    });
  });

  declare(sendGroupMessage, wrapped('GROUP SEND FAILED'), (c) => {
    const body = c.req.valid('json');
    const to = groupOf(body.group_jid);
    if (to === undefined) return reply(c, 400, { error: 'group_jid required' });
    return send(c, {
      from: c.req.valid('param').phone,
      to,
      provider: undefined,
      ms,
      make: () => groupTextOf(body),
      success: () => ({ message: 'GROUP MESSAGE SENT' }),
      failed: () => 'GROUP SEND FAILED',
    });
  });

  declare(sendProductCatalog, flagged, (c) => {
    const body = c.req.valid('json');
    return send(c, {
      ...asAsked(c.req.valid('param'), body),
      make: (surroundings) => catalogueMessageOf(body, surroundings),
      success: () => ({ success: true, message: 'PRODUCT CATALOG SENT SUCCESSFULLY' }),
      failed: 'success false',
    });
  });
}

/** The body of a 500 that nobody expected, in the route's own words (declare.ts R4). */
const wrapped = (error: string) => ({ wrapped: true, failure: (details: string) => ({ error, details }) });
const flagged = { wrapped: true, failure: (error: string) => ({ success: false, error }) };

function failedMessage({ kind }: Content): string {
  if (kind === 'carousel') return 'CAROUSEL SEND FAILED';
  return kind === 'buttons' ? 'BUTTON SEND THREW' : 'SEND THREW';
}
