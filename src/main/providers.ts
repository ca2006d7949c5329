/**
 * Cloud API and Twilio with their connections and credentials, for the composition root. Nothing else lives here.
 */
import type { MediaFiles } from '../actors/content/media-files.ts';
import type { MediaSources } from '../actors/content/media-source.ts';
import { createCloudApi } from '../actors/engines/cloud-api/create.ts';
import { templateLanguages } from '../actors/engines/cloud-api/template-languages.ts';
import type { TwilioCredentials } from '../actors/engines/provider.ts';
import { createTwilio } from '../actors/engines/twilio/create.ts';
import { type KnownCredentials, ProviderSends } from '../actors/provider-sends.ts';
import type { Settings } from '../app-client/settings.ts';
import type { NumberSettings } from '../app-client/settings-answer.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import type { Egress } from '../net/egress.ts';
import { vendor } from '../net/vendor.ts';
import type { Store } from '../store/store.ts';

/** Calls to one provider at once; they take about half a second each. */
const CONNECTIONS = 100;

export type ProvidersOptions = {
  readonly config: Config;
  readonly store: Store;
  readonly settings: Settings;
  readonly media: MediaSources;
  readonly files: MediaFiles;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly log: Log;
};

export function createProviders({ config, store, settings, media, files, egress, clock, log }: ProvidersOptions) {
  const credentials = (found: NumberSettings | undefined) => credentialsOf(found, config.twilio.statusCallback);
  const graph = vendor({ connections: CONNECTIONS, clock });
  const twilioCalls = vendor({ connections: CONNECTIONS, clock });
  const calls = { vendor: graph, baseUrl: config.cloud.graphUrl, version: config.cloud.version, clock };
  const isPublic = (url: string) => egress.isPublic(url);
  const sends = new ProviderSends({
    cloud: createCloudApi({
      ...calls,
      perSecond: config.cloud.perSecond,
      sources: media,
      files,
      isPublic,
      log,
    }),
    twilio: createTwilio({
      vendor: twilioCalls,
      baseUrl: config.twilio.apiUrl,
      perSecond: config.twilio.perSecond,
      isPublic,
      clock,
      log,
    }),
    credentials: {
      read: async (digits, workspace, deadline) => credentials(await settings.of(digits, workspace, deadline)),
      renew: async (digits, workspace, isRefused, deadline) =>
        credentials(await settings.renew(digits, workspace, (found) => isRefused(credentials(found)), deadline)),
    },
    store,
    clock,
    log,
  });
  return {
    sends,
    languagesOf: async (device: string, workspace: string | undefined, name: string) => {
      const cloud = settings.known(device, workspace)?.credentials.cloud;
      if (cloud?.account === undefined)
        return { kind: 'refused', status: 0, error: 'the business account of the number is not known' } as const;
      return templateLanguages(calls, cloud, cloud.account, name);
    },
    close: () => Promise.all([graph.close(), twilioCalls.close()]),
  };
}

function credentialsOf(found: NumberSettings | undefined, statusCallback: string | undefined): KnownCredentials {
  const { cloud, twilio } = found?.credentials ?? {};
  const { phoneId = '', token = '', version = '' } = cloud ?? {};
  return {
    ...(cloud && { waba: { engine: 'waba', phoneId, token, version } }),
    ...(twilio && { twilio: twilioCredentials(twilio, statusCallback) }),
  };
}

/** The environment names the app, else its settings do (contract messages §10). */
function twilioCredentials(
  { app, ...own }: NonNullable<NumberSettings['credentials']['twilio']>,
  fromEnvironment: string | undefined,
): TwilioCredentials {
  const statusCallback = fromEnvironment ?? (app && `${app}/api/twilio/status`);
  return { engine: 'twilio', ...own, ...(statusCallback && { statusCallback }) };
}
