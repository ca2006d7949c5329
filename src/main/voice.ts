/**
 * Calls with their pipelines and connections, for the composition root. Nothing else lives here.
 */
import { Calls } from '../actors/voice/calls.ts';
import { cascade } from '../actors/voice/cascade/cascade.ts';
import { graphCalls } from '../actors/voice/graph.ts';
import { openAi } from '../actors/voice/realtime/openai.ts';
import { realtime } from '../actors/voice/realtime/realtime.ts';
import { recordings } from '../actors/voice/recording.ts';
import { toolCaller } from '../actors/voice/tools.ts';
import type { AppClient } from '../app-client/client.ts';
import type { OutboxQueue } from '../app-client/outbox.types.ts';
import { VoiceCalls } from '../app-client/voice-calls.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Egress } from '../net/egress.ts';
import { socketOpener } from '../net/socket.ts';
import { streams as openStreams } from '../net/streamed.ts';
import { vendor } from '../net/vendor.ts';

/** Words to Meta at once; they take about half a second each. */
const CONNECTIONS = 40;

export type VoiceOptions = {
  readonly config: Config['voice'];
  readonly graphUrl: string;
  readonly client: AppClient;
  readonly queue: OutboxQueue;
  readonly egress: Egress;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
};

export function createVoice({ config, graphUrl, client, queue, egress, metrics, clock, log }: VoiceOptions) {
  const meta = vendor({ connections: CONNECTIONS, clock });
  const streams = openStreams(clock);
  const app = new VoiceCalls(client);
  const callTool = toolCaller({ egress, clock });
  const { bargeIn, ice } = config;
  const models = vendor({ connections: CONNECTIONS, clock });
  const spoken = cascade({
    ...{ clock, log, app, callTool, streams, bargeIn },
    ...{ open: socketOpener(clock), urls: config.speechUrls, random: Math.random },
  });
  const relayed = realtime({
    ...{ clock, log, callTool, ice, random: Math.random },
    vendor: openAi({ vendor: models, url: config.realtime.url, clock }),
    defaults: { model: config.realtime.model, voice: config.realtime.voice, bargeIn },
  });
  const calls = new Calls({
    maxCalls: config.maxCalls,
    world: {
      ...{ app, clock, log, preferred: config.pipeline, ice, longestMs: config.longestCallMs },
      graph: graphCalls({ vendor: meta, baseUrl: graphUrl, clock }),
      tell: (fact) => {
        queue.append([fact]).catch((error: unknown) => log.error({ err: error }, 'a call could not be told of'));
      },
      openRecording: recordings(config.recordings, { clock, log }),
      makers: { cascade: spoken, realtime: relayed },
      meter: metrics.calls,
    },
  });
  return {
    calls,
    /** Ends every call, then lets go of the connections. */
    stop: async () => {
      await calls.stop();
      await Promise.all([meta.close(), models.close(), streams.close()]);
    },
  };
}
