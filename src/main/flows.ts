/** The flow runtime with its connections, for the composition root. Nothing else lives here. */
import { createFlows, type FlowRuntime } from '../actors/flows/create.ts';
import type { GuardedFetch, NodeContext } from '../actors/flows/node.ts';
import type { FlowQueue, RunnerOptions } from '../actors/flows/runner.ts';
import { Sandbox } from '../actors/flows/sandbox.ts';
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
import { type GuardedRequest, guardedRequest } from '../net/guarded-request.ts';
import type { Store } from '../store/store.ts';

/** Contract flows §3.1. */
const FETCH_MS = 15_000;
const LARGEST_FETCH = 5 * 1_048_576;
const HOUR_MS = 3_600_000;

export type FlowsParts = {
  readonly config: Config;
  readonly store: Store;
  readonly queue: FlowQueue;
  readonly sends: BulkSends;
  readonly client: AppClient;
  readonly attributes: WorkspaceAttributes;
  readonly endpoints: Pick<Endpoints, 'keywordReply'>;
  readonly settings: Settings;
  readonly coolDown: RunnerOptions['coolDown'];
  readonly clock: Clock;
  readonly log: Log;
};

export function startFlows(parts: FlowsParts): FlowRuntime {
  const { config, client, attributes, settings, clock, log, ...rest } = parts;
  const { appUrl, media, flows } = config;
  const sandbox = new Sandbox({ clock, log });
  const egress = new Egress({ appUrl, allowHosts: media.allowHosts, purpose: 'webhooks' });
  const runtime = createFlows({
    ...rest,
    app: flowCalls({ client, attributes, clock }),
    branding: (device, workspace) => settings.known(device, workspace)?.brandingFooter ?? '',
    ports: {
      fetch: guardedFetch(egress, clock),
      compute: (code, inputs) => sandbox.run(code, inputs),
      storeMedia: () => Promise.resolve({ kind: 'no answer', why: 'media of replies are not handed over yet' }),
      cloud: (device, workspace) => cloudOf(settings, device, workspace),
      appUrl,
      texts: flows.texts,
    },
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

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const isMethod = (word: string): word is GuardedRequest['method'] => METHODS.has(word);

function guardedFetch(egress: Egress, clock: Clock): GuardedFetch {
  return async ({ method, url, headers, body }) => {
    const word = method.toUpperCase();
    if (!isMethod(word)) return { kind: 'refused', status: 0, error: 'no such method' };
    if (body !== undefined && Buffer.byteLength(body) > LARGEST_FETCH)
      return { kind: 'refused', status: 413, error: 'the body is too large' };
    const limits = { timeoutMs: FETCH_MS, largest: LARGEST_FETCH };
    const request = { egress, clock, method: word, headers: Object.fromEntries(headers), ...limits };
    const answer = await guardedRequest(url, { ...request, ...(body !== undefined && { body }) });
    if (answer.kind === 'no answer') return answer;
    return { kind: 'ok', value: { status: answer.status, text: answer.text } };
  };
}

function cloudOf(settings: Settings, device: string, workspace: string | undefined): NodeContext['cloud'] {
  const cloud = settings.known(device, workspace)?.credentials.cloud;
  return cloud && { phoneNumberId: cloud.phoneId, wabaId: '' };
}
