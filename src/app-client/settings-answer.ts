/**
 * What the app answers to look-ups, made strict (contract settings §1, §2).
 *
 *  AN1  An answer that is not what was asked for is no answer: undefined, never a set of empty settings.
 *  AN2  Credentials are there whole or not at all.
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
  /** Replaces `DAILY_CAP`; today's apps do not tell it. */
  readonly dailyCap?: number;
  /** Secret as a whole; what the two flags speak of. */
  readonly credentials: {
    /** `version`: of the Graph API; `''` when the app names none. */
    readonly cloud?: {
      readonly phoneId: string;
      readonly token: string;
      readonly version: string;
      /** The WhatsApp Business Account of the number, where the app names it. */
      readonly account?: string;
    };
    /** `from`: digits. `app`: the app's base URL without a trailing slash, where the app tells it. */
    readonly twilio?: {
      readonly accountSid: string;
      readonly token: string;
      readonly from: string;
      readonly app?: string;
    };
  };
};

/** The engine of the platform, asked for without a number. */
export type PlatformEngine = { readonly useCloud: boolean; readonly hasCloudCredentials: boolean };

/** How bulk messages are paced (contract settings §2): `gap` in s, `pause` between batches in min. */
export type Pacing = {
  readonly gap: number;
  readonly inBatches: boolean;
  readonly batch: number;
  readonly pause: number;
};

export const DEFAULT_PACING: Pacing = { gap: 3, inBatches: false, batch: 50, pause: 5 };

const text = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => (value === null || value === undefined ? '' : String(value)));
const flag = z
  .unknown()
  .optional()
  .transform((value) => value === true || value === 1 || value === '1' || value === 'true');
/** A whole number as such or as text; 0 and everything that makes no sense mean the default. */
const within = (min: number, max: number, otherwise: number) =>
  z.coerce.number().int().min(min).max(max).catch(otherwise);

const settingsAnswer = z.object({
  whatsapp_business_api: flag,
  use_facebook_api: flag,
  facebook_token: text,
  facebook_api_token: text,
  facebook_phone_id: text,
  facebook_phone_number_id: text,
  facebook_app_version: text,
  waba_id: text,
  use_twilio: flag,
  twilio_account_sid: text,
  twilio_auth_token: text,
  twilio_from_number: text,
  app_domain: text,
  branding_footer: text,
  baileys_daily_cap: z.coerce.number().int().min(1).nullish().catch(undefined),
});

const pacingAnswer = z.object({
  success: flag.pipe(z.literal(true)),
  msg_gap: within(1, 600, DEFAULT_PACING.gap),
  batches_gap: within(1, 10_000, DEFAULT_PACING.batch),
  bw_msg_gap: within(1, 1_440, DEFAULT_PACING.pause),
  enable_batches: flag,
});

/** A page of HTML or an error object with status 200 has neither. */
const isSettings = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && ('use_facebook_api' in body || 'whatsapp_business_api' in body);

function read(answer: AppAnswer) {
  if (answer.kind !== 'answer' || answer.status !== 200 || !isSettings(answer.body)) return undefined;
  const found = settingsAnswer.safeParse(answer.body).data;
  if (!found) return undefined;
  const cloud = {
    phoneId: found.facebook_phone_id || found.facebook_phone_number_id,
    token: found.facebook_token || found.facebook_api_token,
    version: found.facebook_app_version,
    ...(found.waba_id !== '' && { account: found.waba_id }),
  };
  const useCloud = found.use_facebook_api || found.whatsapp_business_api;
  return { found, useCloud, cloud, cloudIsComplete: cloud.phoneId !== '' && cloud.token !== '' };
}

/**
 * Settings of the number `digits`. Undefined also for another number's: the app matches by suffix over all workspaces
 * (C-12, tenant hazard).
 */
export function settingsOf(answer: AppAnswer, digits: string): NumberSettings | undefined {
  const settings = read(answer);
  if (!settings) return undefined;
  const { found, useCloud, cloud, cloudIsComplete } = settings;
  const twilio = {
    accountSid: found.twilio_account_sid,
    token: found.twilio_auth_token,
    from: found.twilio_from_number.replace(/\D/g, ''),
    ...(found.app_domain !== '' && { app: found.app_domain.replace(/\/+$/, '') }),
  };
  if (twilio.from !== '' && twilio.from !== digits) return undefined;
  const twilioIsComplete = twilio.accountSid !== '' && twilio.token !== '' && twilio.from !== '';
  return {
    useCloud,
    useTwilio: found.use_twilio,
    cloudIsComplete,
    twilioIsComplete,
    brandingFooter: found.branding_footer.trim() === '' ? '' : found.branding_footer,
    ...(found.baileys_daily_cap && { dailyCap: found.baileys_daily_cap }),
    credentials: { ...(cloudIsComplete && { cloud }), ...(twilioIsComplete && { twilio }) },
  };
}

export function platformEngineOf(answer: AppAnswer): PlatformEngine | undefined {
  const settings = read(answer);
  return settings && { useCloud: settings.useCloud, hasCloudCredentials: settings.cloudIsComplete };
}

export function pacingOf(answer: AppAnswer): Pacing | undefined {
  if (answer.kind !== 'answer' || answer.status !== 200) return undefined;
  const found = pacingAnswer.safeParse(answer.body).data;
  return (
    found && { gap: found.msg_gap, inBatches: found.enable_batches, batch: found.batches_gap, pause: found.bw_msg_gap }
  );
}
