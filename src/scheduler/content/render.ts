/**
 * What one recipient of a job is sent, and which jobs are refused whole (contract schedules §1, §4, bulk §2, settings §6).
 * Pure: the same job and recipient always make the same content.
 *
 * Deliberately not here: who the recipients are (recipients.ts), how each origin is worded (schedule.ts, broadcast.ts,
 * campaign.ts), and getting the bytes of media.
 */
import type { Made } from '../../content/body.ts';
import { type Fields, firstText, mapOf, textOf } from '../../content/loose.ts';
import type { JobKind } from '../protocol.ts';
import { broadcastMessage } from './broadcast.ts';
import { campaignMessage } from './campaign.ts';
import { AUTHENTICATION, NO_CONTENT, NO_PHONE } from './failures.ts';
import { failed } from './layout.ts';
import type { Recipient } from './recipients.ts';
import type { Scene } from './scene.ts';
import { scheduleMessage, singleMessage } from './schedule.ts';

export type { Scene } from './scene.ts';

export type RenderedJob = {
  readonly kind: JobKind;
  readonly body: Fields;
  /** A campaign's, fetched when it runs (bulk §4.3). */
  readonly template?: Fields | undefined;
  /** Of the campaign's workspace. */
  readonly attributes?: Fields | undefined;
};

export function render(job: RenderedJob, recipient: Recipient, scene: Scene): Made {
  if (recipient.to === undefined) return failed(NO_PHONE);
  switch (job.kind) {
    case 'single':
      return singleMessage(job.body, scene);
    case 'bulk':
    case 'recurring':
      return scheduleMessage(job.body, recipient, scene);
    case 'broadcast':
      return broadcastMessage(job.body, recipient, scene);
    case 'campaign':
      return campaignMessage(job, recipient, scene);
    default:
      return job.kind satisfies never;
  }
}

/** Why nobody gets this job; undefined: it may be sent. A campaign is asked again when its template is there. */
export function refusalOf({ kind, body, template }: RenderedJob): string | undefined {
  if (kind === 'single') return undefined;
  const data = template ?? mapOf(body['templateData']) ?? {};
  if (isAuthentication(data)) return AUTHENTICATION;
  const hasOwnContent = kind === 'campaign' ? template === undefined : hasContent(body);
  return hasOwnContent || Object.keys(data).length > 0 ? undefined : NO_CONTENT;
}

function isAuthentication(template: Fields): boolean {
  const words = ['category', 'meta_category'].map((name) => firstText(template, name).toLowerCase());
  const isType = firstText(template, 'template_type').toLowerCase() === 'auth';
  return isType || words.some((word) => word === 'auth' || word === 'authentication');
}

function hasContent(body: Fields): boolean {
  const isMediaOrPlace = ['media', 'location'].includes(firstText(body, 'messageType').toLowerCase());
  const hasBodies = Object.keys(mapOf(body['tracked_bodies']) ?? {}).length > 0;
  return isMediaOrPlace || hasBodies || textOf(body['message']).trim() !== '';
}
