/**
 * What a send-message body wants to say, as far as this version can say it: plain text.
 *
 *  TC1  A body that asks for more than text is never sent as text alone: it is `unsupported` and answered with 501.
 *  TC2  What contract messages §2 ignores stays ignored: title and subtitle without buttons, carousel data without
 *       `template_type`, a location without valid coordinates, and on plain text the request's own footer (§1.5).
 *
 * Deliberately not here: the branding footer, which comes with the settings.
 */
import type { z } from '@hono/zod-openapi';
import { isObject } from './body.ts';
import type { sendMessageBody } from './schemas/messages.ts';

/** WhatsApp's own limit of a text message. */
const MAX_TEXT = 65_536;

export type TextContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unsupported'; readonly what: string }
  | { readonly kind: 'invalid'; readonly why: string };

export function textContent(body: z.output<typeof sendMessageBody>): TextContent {
  const provider = body.provider.trim().toLowerCase();
  if (provider === 'waba' || provider === 'twilio') return { kind: 'unsupported', what: `provider ${provider}` };
  if (body.template_type.trim().toLowerCase() === 'carousel') return { kind: 'unsupported', what: 'carousel' };
  const buttons = listOf(body.buttons);
  if (buttons === undefined) return { kind: 'invalid', why: 'Invalid buttons' };
  if (buttons.length > 0) return { kind: 'unsupported', what: 'buttons' };
  if (hasCoordinates(body.location)) return { kind: 'unsupported', what: 'location' };
  if (body.message.trim() === '') return { kind: 'invalid', why: 'Message missing' };
  if (body.message.length > MAX_TEXT) return { kind: 'invalid', why: `Message longer than ${MAX_TEXT} characters` };
  return { kind: 'text', text: body.message };
}

/** A list, or the JSON text of one; PHP's empty values are the empty list (contract README §1, loose types). */
function listOf(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === null || value === '' || value === false) return [];
  if (isObject(value)) return Object.values(value);
  if (typeof value !== 'string') return Array.isArray(value) ? value : undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? undefined : listOf(parsed);
  } catch {
    return undefined;
  }
}

function hasCoordinates(location: unknown): boolean {
  if (!isObject(location)) return false;
  const latitude = coordinate(location['latitude'] ?? location['lat']);
  const longitude = coordinate(location['longitude'] ?? location['lng'] ?? location['lon']);
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
}

/** Coordinates come as strings with 7 decimals; NaN when it is none. */
function coordinate(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}
