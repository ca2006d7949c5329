/**
 * Contract messages §9.2: tokens are rotated in the app during traffic. The first send that the vendor refuses fetches the
 * new one; every send gets through, with one refused attempt at most.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../../helpers/json-http.ts';
import { type Account, account, Providers } from '../../helpers/providers.ts';
import { type Scenario, together } from '../scenario.ts';

/** Between two sends of one number; each runs beside the ones before it. */
const EVERY_MS = 100;
/** Refused credentials are asked for again every 5 s at the earliest (settings.ts, SE7). */
const APART_MS = 6_000;

export const tokenRotation: Scenario = {
  name: 'token-rotation',
  shows: 'tokens are rotated in the app during traffic: all sends get through, none is refused more than once',
  rounds: { short: 1, long: 5 },
  async run({ stage, rounds, say }) {
    const providers = new Providers(stage.world);
    const bridge = await stage.bridge();
    const accounts = [account('graph'), account('twilio')];
    for (const own of accounts) await providers.add(own);
    const sends: { readonly own: Account; readonly text: string; readonly answer: Promise<Answer> }[] = [];
    const traffic = async (ms: number) => {
      for (const until = performance.now() + ms; performance.now() < until; await delay(EVERY_MS)) {
        for (const own of accounts) {
          const text = `${own.phone} ${sends.length}`;
          const to = `4915130${String(sends.length).padStart(6, '0')}`;
          sends.push({ own, text, answer: bridge.sendText(own.phone, { to, text }) });
        }
      }
    };
    await traffic(1_000);
    for (let round = 1; round <= rounds; round += 1) {
      for (const own of accounts) await providers.add({ ...own, token: `${own.token}-${round}` });
      await traffic(round < rounds ? APART_MS : 2_000);
      say(`rotation ${round}/${rounds}: ${sends.length} sends so far`);
    }
    const answers = await Promise.all(sends.map(({ answer }) => answer));
    const seen = [...(await providers.seen('graph')), ...(await providers.seen('twilio'))];
    const refusedOf = sends.map(({ text }) => seen.filter((one) => one.text === text && one.id === undefined).length);
    const takenOf = sends.map(({ text }) => seen.filter((one) => one.text === text && one.id !== undefined).length);
    const failed = answers.filter(({ status }) => status !== 200);
    const refused = refusedOf.filter((count) => count > 0).length;
    const lookUps = await Promise.all(accounts.map(({ phone }) => providers.lookUps(phone)));
    const problems = [
      ...failed.slice(0, 1).map((answer) => `${failed.length} sends failed (e.g. ${JSON.stringify(answer)})`),
      ...(Math.max(...refusedOf) > 1 ? ['a send was refused more than once'] : []),
      ...(takenOf.every((count) => count === 1) ? [] : ['a send is not at the vendor exactly once']),
      // At least one of each vendor: otherwise nothing was shown.
      ...(refused < 2 * rounds ? [`only ${refused} sends met a refused token`] : []),
      ...(lookUps.every((count) => count === 1 + rounds)
        ? []
        : [`settings were asked for ${lookUps.join(', ')} times`]),
    ];
    const counts = {
      rotations: 2 * rounds,
      sends: sends.length,
      'sends that met the old token': refused,
      'sends failed': failed.length,
      'look-ups of settings': lookUps.reduce((sum, count) => sum + count, 0),
    };
    return together({ counts, problems });
  },
};
