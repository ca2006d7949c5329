/**
 * Calls, for the composition root: the desk at which they are ordered, and what their thread is given. What the thread
 * makes of it: voice-thread.ts. Nothing else lives here.
 */
import { graphCalls } from '../actors/voice/graph.ts';
import { ThreadDesk } from '../actors/voice/thread/desk.ts';
import type { OutboxQueue } from '../app-client/outbox.types.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { type Log, writeLine } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { vendor } from '../net/vendor.ts';
import { openThread } from '../thread.ts';
import type { ThreadSetup } from './voice-thread.ts';

/** Last words to Meta of calls whose thread broke. */
const CONNECTIONS = 10;

export type VoiceOptions = {
  readonly config: Config;
  readonly queue: OutboxQueue;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
};

export function createVoice({ config, queue, metrics, clock, log }: VoiceOptions) {
  const { voice, cloud, appUrl, token, callbackSigningSecret: signingSecret, media, logLevel } = config;
  const setup: Omit<ThreadSetup, 'ended'> = {
    ...{ voice, graphUrl: cloud.graphUrl, logLevel, egress: { appUrl, allowHosts: media.allowHosts } },
    app: { baseUrl: appUrl, token, ...(signingSecret !== undefined && { signingSecret }) },
  };
  const meta = vendor({ connections: CONNECTIONS, clock });
  const calls = new ThreadDesk({
    open: (ended) => openThread('./voice-thread', import.meta.url, { workerData: { ...setup, ended } }),
    tell: (fact) =>
      queue.append([fact]).catch((error: unknown) => log.error({ err: error }, 'a call could not be told of')),
    graph: graphCalls({ vendor: meta, baseUrl: cloud.graphUrl, clock }),
    meter: metrics.calls,
    line: (line) => writeLine(log, line),
    ...{ clock, log },
  });
  return {
    calls,
    /** Ends every call; what they told is durable then. */
    stop: async () => {
      await calls.stop();
      await meta.close();
    },
  };
}
