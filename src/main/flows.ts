/** The flow runtime with its connections, for the composition root. Nothing else lives here. */
import type { AttachmentFiles } from '../actors/attachments.ts';
import { createFlows, type FlowRuntime, type FlowsOptions } from '../actors/flows/create.ts';
import { guardedFetch } from '../actors/flows/fetching.ts';
import type { NodeContext } from '../actors/flows/node.ts';
import { storedMedia } from '../actors/flows/reply-media.ts';
import type { FlowQueue, RunnerOptions } from '../actors/flows/runner.ts';
import { Sandbox } from '../actors/flows/sandbox.ts';
import type { VisitPorts } from '../actors/flows/visit.ts';
import type { BulkSends } from '../actors/protocol.ts';
import type { WorkspaceAttributes } from '../app-client/attributes.ts';
import type { AppClient } from '../app-client/client.ts';
import type { Endpoints } from '../app-client/endpoints.ts';
import { flowCalls } from '../app-client/flow-calls.ts';
import type { Settings } from '../app-client/settings.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { Egress } from '../net/egress.ts';
import type { Store } from '../store/store.ts';

const HOUR_MS = 3_600_000;

export type FlowsParts = {
  readonly config: Config;
  readonly store: Store;
  readonly queue: FlowQueue;
  readonly sends: BulkSends;
  readonly client: AppClient;
  readonly attributes: WorkspaceAttributes;
  readonly attachments: Pick<AttachmentFiles, 'withCopy'>;
  readonly endpoints: Pick<Endpoints, 'keywordReply'>;
  readonly settings: Settings;
  readonly templateLanguages: VisitPorts['templateLanguages'];
  readonly coolDown: RunnerOptions['coolDown'];
  readonly replyLate: FlowsOptions['replyLate'];
  readonly isUntold: FlowsOptions['isUntold'];
  readonly clock: Clock;
  readonly log: Log;
};

export function startFlows(parts: FlowsParts): FlowRuntime {
  const { config, client, attributes, attachments, settings, templateLanguages, clock, log, ...rest } = parts;
  const { appUrl, media, flows } = config;
  const sandbox = new Sandbox({ clock, log });
  const egress = new Egress({ appUrl, allowHosts: media.allowHosts, purpose: 'webhooks' });
  const app = flowCalls({ client, attributes, clock });
  const runtime = createFlows({
    ...rest,
    app,
    branding: (device, workspace) => settings.known(device, workspace)?.brandingFooter ?? '',
    ports: {
      fetch: guardedFetch({ egress, clock }),
      compute: (code, inputs) => sandbox.run(code, inputs),
      storeMedia: (media) => storedMedia(media, { attachments, app }),
      templateLanguages,
      cloud: (device, workspace) => cloudOf(settings, device, workspace),
      appUrl,
      texts: flows.texts,
    },
    staleAfterMs: config.staleAfterMs,
    ttlMs: flows.waitTtlHours * HOUR_MS,
    clock,
    log,
  });
  return {
    ...runtime,
    stop: async () => {
      await runtime.stop();
      await sandbox.close();
    },
  };
}

function cloudOf(settings: Settings, device: string, workspace: string | undefined): NodeContext['cloud'] {
  const cloud = settings.known(device, workspace)?.credentials.cloud;
  return cloud && { phoneNumberId: cloud.phoneId, wabaId: cloud.account ?? '' };
}
