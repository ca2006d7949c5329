/**
 * P5 for every kind of message: texts, media, places, cards and taps over 20 numbers while the app is down, answers 500,
 * is slow or cuts, the media host cuts, and the bridge is killed in each of these. Every id reaches the app, in order per
 * conversation; what it holds in memory does not grow with what waits.
 *
 * Not judged: whether a medium whose downloads were cut three times came with its bytes (contract inbound §4 lets it go).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import type { Random } from '../../helpers/random.ts';
import { Traffic } from '../../helpers/traffic.ts';
import { type Scenario, together } from '../scenario.ts';

const MODES = ['down', '500', 'cut', 'slow'] as const;
const MESSAGES = { short: 200, long: 10_000 };
const NUMBERS = { short: 2, long: 20 };
const LARGEST_MEDIUM = 60_000;
/** Far above what the process needs, far below what media in memory would take. */
const MOST_RSS_MB = 700;

export const inboundKinds: Scenario = {
  name: 'inbound-kinds',
  shows: '10,000 messages of mixed kinds over 20 numbers, app and media host failing, 20 kills: none lost, RSS flat',
  rounds: { short: 2, long: 20 },
  async run({ stage, random, rounds, form, say }) {
    const { world } = stage;
    const { bridge, phones } = await stage.paired(NUMBERS[form]);
    await bridge.allConnected(phones, 60_000);
    const appLog = await AppLog.fromNow(world);
    const traffic = new Traffic({ world, bridge, numbers: phones, random, directions: 'in' });
    const perRound = MESSAGES[form] / rounds;
    const memory: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const mode = MODES[(round - 1) % MODES.length] ?? 'cut';
      await bridge.allConnected(phones, 60_000);
      await world.appMode(mode, 300);
      await world.faults({ media: { cut: true, times: 30 } });
      await write(traffic, Math.round(perRound), random);
      await delay(random.between(100, 1_000));
      memory.push(Math.round(bridge.process.usage().rssMb));
      await bridge.kill9();
      await world.appMode('ok');
      await bridge.restart();
      say(`kill ${round}/${rounds}, app ${mode}: ${traffic.injected.length} messages, ${memory.at(-1)} MB`);
    }
    await world.faults({ clear: true });
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones, settleMs: 120_000 });
    memory.push(Math.round(bridge.process.usage().rssMb));
    const most = Math.max(...memory);
    const counts = { kills: rounds, 'MB of RSS, most': most, 'MB of RSS, at the end': memory.at(-1) ?? 0 };
    return together({ counts, problems: most > MOST_RSS_MB ? [`${most} MB of RSS`] : [] }, verdict);
  },
};

/** All conversations at once, each one message at a time. */
async function write(traffic: Traffic, count: number, random: Random): Promise<void> {
  let left = count;
  const flows = traffic.conversations.map(async (conversation) => {
    while (left-- > 0) await traffic.inject(conversation, contentOf(random));
  });
  await Promise.all(flows);
}

/** Undefined: a text, as half of all messages are. */
function contentOf(random: Random): Readonly<Record<string, unknown>> | undefined {
  const medium = { size: random.between(1, LARGEST_MEDIUM) };
  const kinds = [
    ...[{ image: medium, caption: 'look' }, { voice: medium }, { sticker: medium }],
    { document: { ...medium, fileName: 'a.pdf' }, withCaptionWrapper: true },
    { location: { latitude: random.between(-90, 90), longitude: random.between(-180, 180) } },
    { contact: { name: 'Bob', phone: '4915100000001' } },
    { poll: { name: 'Lunch?', options: ['Pizza', 'Sushi'] } },
    { buttonReply: { id: 'yes', text: 'Yes' } },
    { text: 'soon gone', ephemeral: 86_400, forwarded: 3 },
  ];
  return kinds[random.between(0, 2 * kinds.length - 1)];
}
