/**
 * The thread of the calls: builds what calls need and serves the orders of the bridge (actors/voice/thread). What it needs
 * to know comes as data from voice.ts; nothing else lives here.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Calls } from '../actors/voice/calls.ts';
import { cascade } from '../actors/voice/cascade/cascade.ts';
import { type EndedId, EndedIds } from '../actors/voice/ended-ids.ts';
import { graphCalls } from '../actors/voice/graph.ts';
import { openAi } from '../actors/voice/realtime/openai.ts';
import { realtime } from '../actors/voice/realtime/realtime.ts';
import { recordings } from '../actors/voice/recording.ts';
import { meterOf, type Say, serve } from '../actors/voice/thread/serve.ts';
import { toolCaller } from '../actors/voice/tools.ts';
import { type AppClientOptions, appClient } from '../app-client/client.ts';
import { VoiceCalls } from '../app-client/voice-calls.ts';
import { systemClock as clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { captureConsole, createLog } from '../log.ts';
import { appAgent } from '../net.ts';
import { Egress, type EgressOptions } from '../net/egress.ts';
import { socketOpener } from '../net/socket.ts';
import { streams as openStreams } from '../net/streamed.ts';
import { vendor } from '../net/vendor.ts';

/** Secret: the app's token and the TURN password. */
export type ThreadSetup = {
  readonly voice: Config['voice'];
  readonly graphUrl: string;
  readonly app: Pick<AppClientOptions, 'baseUrl' | 'token' | 'signingSecret'>;
  readonly egress: Pick<EgressOptions, 'appUrl' | 'allowHosts'>;
  readonly logLevel: Config['logLevel'];
  readonly ended: readonly EndedId[];
};

/** Words to Meta, and to the app, at once; they take about half a second each. */
const CONNECTIONS = 40;

const port = parentPort;
if (!port) throw new Error('this file is a thread of its own');
const say: Say = (word) => port.postMessage(word);
const { voice, graphUrl, app: appAt, egress: egressRules, logLevel, ended } = workerData as ThreadSetup;
const log = createLog({ level: logLevel, stream: { write: (line) => say({ kind: 'line', line }) } });
captureConsole(log);
process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));

const connections = appAgent(CONNECTIONS);
const meta = vendor({ connections: CONNECTIONS, clock });
const models = vendor({ connections: CONNECTIONS, clock });
const streams = openStreams(clock);
const app = new VoiceCalls(appClient({ ...appAt, connections, clock }));
const callTool = toolCaller({ egress: new Egress(egressRules), clock });
const { bargeIn, ice } = voice;
const calls: Calls = new Calls({
  maxCalls: voice.maxCalls,
  ended: new EndedIds(clock, ended),
  watch: (standing) => say({ kind: 'standing', standing, stats: calls.stats() }),
  world: {
    ...{ app, clock, log, preferred: voice.pipeline, ice, longestMs: voice.longestCallMs },
    graph: graphCalls({ vendor: meta, baseUrl: graphUrl, clock }),
    tell: (fact) => say({ kind: 'fact', fact }),
    openRecording: recordings(voice.recordings, { clock, log }),
    makers: {
      cascade: cascade({
        ...{ clock, log, app, callTool, streams, bargeIn },
        ...{ open: socketOpener(clock), urls: voice.speechUrls, random: Math.random },
      }),
      realtime: realtime({
        ...{ clock, log, callTool, ice, random: Math.random },
        vendor: openAi({ vendor: models, url: voice.realtime.url, clock }),
        defaults: { model: voice.realtime.model, voice: voice.realtime.voice, bargeIn },
      }),
    },
    meter: meterOf(say),
  },
});

serve(port, {
  ...{ calls, say, log },
  stop: async () => {
    await calls.stop();
    await Promise.all([meta.close(), models.close(), streams.close(), connections.close()]);
  },
});
