/**
 * What the app answers to look-ups, made strict (contract settings §1).
 *
 *  AN1  An answer that is not what was asked for is no answer: undefined, never a set of empty settings.
 */
import { z } from 'zod';
import type { AppAnswer } from './client.ts';

export type NumberSettings = {
  readonly useCloud: boolean;
  readonly useTwilio: boolean;
  /** Phone id and token of the Cloud API are there; they may be while `useCloud` is false. */
  readonly cloudIsComplete: boolean;
  /** Account, token and sending number of Twilio are there. */
  readonly twilioIsComplete: boolean;
  /** Plan-gated; `''` when there is none. */
  readonly brandingFooter: string;
};

const text = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => (value === null || value === undefined ? '' : String(value)));
const flag = z
  .unknown()
  .optional()
  .transform((value) => value === true || value === 1 || value === '1' || value === 'true');

const settingsAnswer = z.object({
  whatsapp_business_api: flag,
  use_facebook_api: flag,
  facebook_token: text,
  facebook_api_token: text,
  facebook_phone_id: text,
  facebook_phone_number_id: text,
  use_twilio: flag,
  twilio_account_sid: text,
  twilio_auth_token: text,
  twilio_from_number: text,
  branding_footer: text,
});

/** A page of HTML or an error object with status 200 has neither. */
const isSettings = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && ('use_facebook_api' in body || 'whatsapp_business_api' in body);

/**
 * Settings of the number `digits`. Undefined also for another number's: the app matches by suffix over all workspaces
 * (C-12, tenant hazard).
 */
export function settingsOf(answer: AppAnswer, digits: string): NumberSettings | undefined {
  if (answer.kind !== 'answer' || answer.status !== 200 || !isSettings(answer.body)) return undefined;
  const parsed = settingsAnswer.safeParse(answer.body);
  if (!parsed.success) return undefined;
  const found = parsed.data;
  const twilioDigits = found.twilio_from_number.replace(/\D/g, '');
  if (twilioDigits !== '' && twilioDigits !== digits) return undefined;
  const cloudToken = found.facebook_token || found.facebook_api_token;
  const cloudPhone = found.facebook_phone_id || found.facebook_phone_number_id;
  return {
    useCloud: found.use_facebook_api || found.whatsapp_business_api,
    useTwilio: found.use_twilio,
    cloudIsComplete: cloudToken !== '' && cloudPhone !== '',
    twilioIsComplete: found.twilio_account_sid !== '' && found.twilio_auth_token !== '' && twilioDigits !== '',
    brandingFooter: found.branding_footer.trim() === '' ? '' : found.branding_footer,
  };
}
