/**
 * Contract settings §4: the app answers for settings only after 30 s, longer than anyone waits for it. Numbers whose
 * settings are known send as fast as before, also when what is known has become old.
 *
 * Time passes by the process's own clock, which is moved (moved-clock.ts): to the background's look-ups, and then beyond the
 * life of what they were to renew.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, account, Providers } from '../../helpers/providers.ts';
import { eventually } from '../../helpers/eventually.ts';
import { MovedClock } from '../../helpers/moved-clock.ts';
import type { Bridge } from '../../helpers/bridge.ts';
import { type Scenario, together } from '../scenario.ts';

const SETTINGS = '/api/whatsapp-settings';
const NUMBERS = 6;
const SLOW_MS = 30_000;
/** Age of settings when the background asks for them again, at the latest a round of 30 s later (settings-refresh.ts). */
const DUE_S = 245;
/** They live 300 s. */
const OLD_S = 420;
/** Of one number; far below what Meta's pair and number limits let through. */
const PAUSE_MS = 30;
/** Above what a busy machine adds; a wait for the app takes 3 s. */
const ADDED_MS = 1_000;

export const slowSettings: Scenario = {
  name: 'slow-settings',
  shows: 'the app takes 30 s for settings: numbers whose settings are known send as fast as before',
  rounds: { short: 1, long: 1 },
  async run({ stage, form, say }) {
    const { world } = stage;
    const providers = new Providers(world);
    const clock = new MovedClock(`${stage.dir}/clock`);
    // Signed at the bridge's own time, which the app would not believe.
    const bridge = await stage.bridge({ preload: [clock.preload], env: { ...clock.env, CALLBACK_SIGNING_SECRET: '' } });
    const numbers = Array.from({ length: NUMBERS }, () => account('graph'));
    for (const own of numbers) await providers.add(own);
    for (const own of numbers) await bridge.sendText(own.phone, { to: '4915100000000', text: 'warm' });

    const known = performance.now();
    /** Makes the settings so old, by the bridge's clock. */
    const age = (seconds: number) =>
      clock.set(Math.max(0, seconds - (performance.now() - known) / 1_000) / 3_600, bridge.process);

    const each = form === 'short' ? 20 : 100;
    const before = await latencies(bridge, numbers, each);
    say(`before: ${told(before)}`);
    await world.appMode('slow', SLOW_MS, SETTINGS);
    const asked = async () => (await world.appRequests({ path: SETTINGS })).length;
    const askedBefore = await asked();
    age(DUE_S);
    await eventually(async () => (await asked()) > askedBefore, { what: 'settings are asked for', withinMs: 40_000 });
    const asking = await latencies(bridge, numbers, each);
    say(`while the app is asked: ${told(asking)}`);
    // The look-up ends after 8 s.
    await delay(9_000);
    age(OLD_S);
    const old = await latencies(bridge, numbers, each);
    say(`with settings older than 5 minutes: ${told(old)}`);

    const slowest = Math.max(p(before, 100), p(before, 99) + ADDED_MS);
    const late = [...asking, ...old].filter(({ ms }) => ms > slowest);
    const failed = [...before, ...asking, ...old].filter(({ status }) => status !== 200);
    const counts = {
      numbers: NUMBERS,
      sends: before.length + asking.length + old.length,
      'before: p50 ms': p(before, 50),
      'before: p99 ms': p(before, 99),
      'app asked: p50 ms': p(asking, 50),
      'app asked: p99 ms': p(asking, 99),
      'settings old: p50 ms': p(old, 50),
      'settings old: p99 ms': p(old, 99),
      'slowest ms': p([...asking, ...old], 100),
    };
    const problems = [
      ...(late.length > 0 ? [`${late.length} sends took up to ${p(late, 100)} ms`] : []),
      ...(failed.length > 0 ? [`${failed.length} sends failed`] : []),
    ];
    return together({ counts, problems });
  },
};

type Timed = { readonly ms: number; readonly status: number };

/** `each` sends of each number, one after the other; numbers beside each other. */
async function latencies(bridge: Bridge, numbers: readonly Account[], each: number): Promise<Timed[]> {
  const all = numbers.map(async ({ phone }) => {
    const own: Timed[] = [];
    for (let n = 0; n < each; n += 1) {
      const from = performance.now();
      const { status } = await bridge.sendText(phone, {
        to: `49151700${String(n).padStart(5, '0')}`,
        text: 'how fast',
      });
      own.push({ ms: performance.now() - from, status });
      await delay(PAUSE_MS);
    }
    return own;
  });
  return (await Promise.all(all)).flat();
}

function p(timed: readonly Timed[], percent: number): number {
  const sorted = timed.map(({ ms }) => ms).toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0);
}

const told = (timed: readonly Timed[]) => `p50 ${p(timed, 50)} ms, p99 ${p(timed, 99)} ms, slowest ${p(timed, 100)} ms`;
