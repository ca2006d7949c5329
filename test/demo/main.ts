/**
 * `npm run demo [-- --json] [-- --serve]`: the bridge at work on this machine, no phone, no internet.
 *
 * Owns the run: starts the loopback world and the bridge as processes of their own, plays the story, and leaves
 * nothing behind. `--serve` keeps everything running afterwards and prints where to look. Exit code 1 on any failure.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Bridge } from '../helpers/bridge.ts';
import { Stage } from '../helpers/stage.ts';
import { duration, forPeople, forPrograms, type StepResult } from './narrator.ts';
import { BY_QR, NUMBERS, type Step, story } from './story.ts';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, serve: { type: 'boolean', default: false } },
});
const narrator = options.json ? forPrograms() : forPeople();
const results: StepResult[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

narrator.title('Node Bridge: pair, send, receive, survive a kill');
let stage: Stage | undefined;
let bridge: Bridge | undefined;
const went = await play([
  {
    name: 'Start a WhatsApp and an app on this machine',
    async run() {
      stage = await Stage.set();
    },
  },
  {
    name: 'Start the bridge',
    async run(note) {
      bridge = await stage?.bridge(options.serve ? { env: { INSPECT: '1' } } : {});
      note(`listens on ${bridge?.url}`);
    },
  },
]);
const ok = went && stage !== undefined && bridge !== undefined && (await play(story({ stage, bridge })));
if (ok && options.serve && bridge !== undefined && stage !== undefined) {
  await bridge.restart();
  await bridge.allConnected(NUMBERS, 20_000);
  invite(bridge, stage);
  narrator.verdict(results);
  await keepRunning(bridge);
} else {
  narrator.verdict(results);
  if (!ok && bridge !== undefined && !options.json)
    process.stderr.write(`\nLast lines of the bridge:\n${bridge.process.tail()}\n`);
  await stage?.strike();
  process.exit(ok ? 0 : 1);
}

/** False as soon as a step fails; later ones would only repeat its failure. */
async function play(steps: readonly Step[]): Promise<boolean> {
  for (const { name, run } of steps) {
    narrator.begin(results.length + 1, name);
    const from = performance.now();
    const problem = await run((text) => narrator.note(text)).then(
      () => undefined,
      (error: Error) => error.message,
    );
    const result = { name, ok: problem === undefined, ms: Math.round(performance.now() - from) };
    results.push(result);
    narrator.end(result, problem);
    if (!result.ok) return false;
  }
  return true;
}

/** What a process manager does in production: whoever kills the bridge sees it come back. Ends with this process. */
async function keepRunning(served: Bridge): Promise<never> {
  for (;;) {
    await delay(200);
    if (served.process.exit === undefined) continue;
    const from = performance.now();
    await served.restart();
    await served.allConnected(NUMBERS, 60_000);
    if (!options.json)
      process.stdout.write(`the bridge ended; both numbers are back after ${duration(performance.now() - from)}\n`);
  }
}

function invite({ url, token, process: { pid } }: Bridge, { world }: Stage): void {
  const header = `-H 'X-Node-Token: ${token}' -H 'content-type: application/json'`;
  const lines = options.json
    ? [JSON.stringify({ serving: { bridge: url, control: world.control, inspector: `${url}/inspector` } })]
    : [
        `\nBridge     ${url}   (health: ${url}/health, routes: ${url}/openapi.json)`,
        `Inspector  ${url}/inspector`,
        `World      ${world.control}   (phones, contacts, faults: test/loopback)`,
        '\nTry:',
        `  curl -s ${header} ${url}/api/client-status/${BY_QR}`,
        `  curl -s ${header} ${url}/api/send-message/${BY_QR} -d '{"targetPhoneNumber":"4917600001001","message":"Hi"}'`,
        `  curl -s '${world.control}/contacts/4917600001001/messages'`,
        `  curl -s -H 'content-type: application/json' ${world.control}/contacts/4917600001001/send -d '{"to":"${BY_QR}","text":"Hi back"}'`,
        `  curl -s '${world.control}/app/requests?path=/api/inbound-message'`,
        `  kill -9 ${pid}   (the bridge; it is started again at once)\n\nCtrl-C ends everything.`,
      ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
