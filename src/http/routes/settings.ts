/**
 * The settings routes (contract settings §3).
 *
 *  ST1  cache-bust needs the strict token: everybody who may call it makes the bridge forget and ask.
 *  ST2  refresh-settings answers within the app's 4 s, whatever the app does meanwhile.
 *
 * Deliberately not here: reading and keeping the settings (app-client/settings.ts, platform-settings.ts).
 */
import type { AppSettings, PlatformSettings } from '../../actors/protocol.ts';
import { parseDigits } from '../../phone.ts';
import { type Declare, reply } from '../declare.ts';
import type { Middleware } from '../env.ts';
import { isoOrNull } from '../iso.ts';
import { cacheBust, currentMessageSettings, currentSettings, refreshSettings } from '../schemas/settings.ts';

const REFRESH_MS = 3_000;

export type SettingsRoutes = { readonly settings: AppSettings; readonly strict: Middleware };

export function settingsRoutes(declare: Declare, { settings, strict }: SettingsRoutes): void {
  const failure = (error: string) => ({ success: false, message: 'Settings could not be handled', error });

  declare(cacheBust, { before: [strict], failure }, async (c) => {
    const { phone } = c.req.valid('json');
    const digits = phone === '' ? undefined : parseDigits(phone);
    if (phone !== '' && digits === undefined) return reply(c, 400, { error: 'Invalid phone number' });
    return reply(c, 200, { ok: true, flushed: await settings.bust(digits), phone: digits ?? '(all)' });
  });

  declare(refreshSettings, { failure }, async (c) => {
    const platform = await settings.refresh(REFRESH_MS);
    return reply(c, 200, {
      success: true,
      message: 'Settings refreshed',
      whatsappSettings: { use_facebook_api: platform.useCloud, last_fetched: isoOrNull(platform.engineReadAt) },
      messageSettings: { ...pacingWords(platform), last_fetched: isoOrNull(platform.pacingReadAt) },
    });
  });

  declare(currentMessageSettings, { failure }, (c) => {
    const platform = settings.platform();
    const words = pacingWords(platform);
    const last_fetched = isoOrNull(platform.pacingReadAt);
    return reply(c, 200, {
      success: true,
      settings: { ...words, bw_msg_gap_ms: words.bw_msg_gap * 60_000, last_fetched },
    });
  });

  declare(currentSettings, { failure }, (c) => {
    const { useCloud, hasCloudCredentials, engineReadAt } = settings.platform();
    return reply(c, 200, {
      success: true,
      settings: {
        use_facebook_api: useCloud,
        has_facebook_credentials: hasCloudCredentials,
        last_fetched: isoOrNull(engineReadAt),
      },
    });
  });
}

/** In the app's own words. */
export const pacingWords = ({ pacing }: PlatformSettings) => ({
  msg_gap: pacing.gap,
  enable_batches: pacing.inBatches ? 1 : 0,
  batches_gap: pacing.batch,
  bw_msg_gap: pacing.pause,
});
