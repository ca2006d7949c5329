/**
 * Contract README §9: after a kill every paired number is back without a QR; progress is visible. Time and CPU are
 * printed (P9).
 */
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import { Traffic } from '../../helpers/traffic.ts';
import { type Scenario, together } from '../scenario.ts';

export const restore: Scenario = {
  name: 'restore',
  shows: 'paired numbers of a killed process are all back without a QR, progress is printed',
  rounds: { short: 3, long: 200 },
  async run({ stage, random, rounds: numbers, say }) {
    const { world } = stage;
    const { bridge, phones } = await stage.paired(numbers);
    await bridge.allConnected(phones, 120_000);
    say(`${numbers} logins imported and connected`);
    const appLog = await AppLog.fromNow(world);
    await bridge.kill9();
    const before = bridge.process.printed().length;
    const from = performance.now();
    await bridge.restart();
    await bridge.allConnected(phones, 120_000);
    const ms = Math.round(performance.now() - from);
    const { cpuMs, rssMb } = bridge.process.usage();
    say(`${numbers} numbers online ${ms} ms after the start, ${cpuMs} ms CPU, ${Math.round(rssMb)} MB`);
    const traffic = new Traffic({ world, bridge, numbers: phones.slice(0, 5), random, contactsPerNumber: 1 });
    for (const conversation of traffic.conversations) {
      await traffic.inject(conversation);
      await traffic.send(conversation);
    }
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: phones });
    const printed = bridge.process.printed().slice(before);
    const isThere = [0, numbers].every((done) =>
      printed.includes(`"done":${done},"total":${numbers},"msg":"restoring"`),
    );
    const progress = isThere ? [] : ['no progress of the restore was printed'];
    const counts = { numbers, 'ms until all online': ms, 'CPU ms': Math.round(cpuMs), 'RSS MB': Math.round(rssMb) };
    return together({ counts, problems: progress }, verdict);
  },
};
