/**
 * What the demo shows, in order. Each step either holds or throws with the reason.
 *
 * Deliberately not here: how it is printed (narrator.ts), and who cleans up (main.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../helpers/app-log.ts';
import { audit } from '../helpers/audit.ts';
import type { Bridge } from '../helpers/bridge.ts';
import { eventually } from '../helpers/eventually.ts';
import { seeded } from '../helpers/random.ts';
import type { Stage } from '../helpers/stage.ts';
import { Traffic } from '../helpers/traffic.ts';
import { duration } from './narrator.ts';

export type Step = { readonly name: string; readonly run: (note: (text: string) => void) => Promise<void> };

export type Scene = { readonly stage: Stage; readonly bridge: Bridge };

export const BY_QR = '4915700000001';
export const BY_CODE = '4915700000002';
export const NUMBERS = [BY_QR, BY_CODE];
const ANNA = '4917600001001';
const BEN = '4917600001002';

/** Both directions together, before and after the kill. */
const TRAFFIC_BEFORE_KILL = 80;
const TRAFFIC_AFTER_KILL = 60;

export function story({ stage, bridge }: Scene): Step[] {
  const { world } = stage;
  const appLog = AppLog.ofAll(world);
  return [
    {
      name: 'Pair a number by QR',
      async run(note) {
        await world.addPhone(BY_QR);
        const qr = await timed(
          (ms) => note(`QR shown after ${duration(ms)}`),
          () => bridge.qr(BY_QR),
        );
        await world.scan(BY_QR, qr);
        note('QR scanned');
        await timed(
          (ms) => note(`${shortened(BY_QR)} connected after ${duration(ms)}`),
          () => bridge.allConnected([BY_QR], 15_000),
        );
      },
    },
    {
      name: 'Pair a second number by pairing code',
      async run(note) {
        await world.addPhone(BY_CODE);
        const code = await timed(
          (ms) => note(`code shown after ${duration(ms)}`),
          () => bridge.pairingCode(BY_CODE),
        );
        await world.enterCode(BY_CODE, code);
        note('code typed on the phone');
        await timed(
          (ms) => note(`${shortened(BY_CODE)} connected after ${duration(ms)}`),
          () => bridge.allConnected([BY_CODE], 15_000),
        );
      },
    },
    {
      name: 'Receive: two contacts write, one known by phone, one by LID only',
      async run(note) {
        const ids = [
          await world.contactSends(ANNA, { to: BY_QR, text: 'Hello from Anna' }),
          await world.contactSends(BEN, { to: BY_QR, text: 'Hello from Ben', addressing: 'lid', hidePn: true }),
        ];
        for (const id of ids) {
          await timed(
            (ms) => note(`at the app after ${duration(ms)}`),
            () =>
              eventually(
                async () => (await appLog.refresh()).inbound().find((message) => message.wa_message_id === id),
                {
                  what: 'the message reaches the app',
                  withinMs: 10_000,
                  everyMs: 10,
                },
              ),
          );
        }
      },
    },
    {
      name: 'Send: the app asks, the contact decrypts',
      async run(note) {
        const answer = await timed(
          (ms) => note(`answered after ${duration(ms)}`),
          () => bridge.sendText(BY_QR, { to: ANNA, text: 'Hello Anna' }),
        );
        if (answer.status !== 200) throw new Error(`send-message: ${answer.status} ${JSON.stringify(answer.body)}`);
        await eventually(async () => (await world.contactMessages(ANNA)).some(({ text }) => text === 'Hello Anna'), {
          what: 'Anna reads the message',
          withinMs: 10_000,
        });
        note('decrypted at the contact');
      },
    },
    {
      name: 'Receipts: delivered, then read',
      async run(note) {
        const id = (await world.contactMessages(ANNA)).find(({ text }) => text === 'Hello Anna')?.id ?? '';
        for (const status of ['delivered', 'read'] as const) {
          await world.receipt(ANNA, id, status);
          await eventually(
            async () =>
              (await appLog.refresh())
                .receipts()
                .some((receipt) => receipt.whatsapp_message_id === id && receipt.status === status),
            { what: `the app hears "${status}"`, withinMs: 10_000 },
          );
          note(`the app knows: ${status}`);
        }
      },
    },
    {
      name: 'kill -9 in the middle of traffic in both directions, start again',
      async run(note) {
        const sincePairing = await AppLog.fromNow(world);
        const traffic = new Traffic({ world, bridge, numbers: NUMBERS, random: seeded(1), pause: [100, 400] });
        traffic.start();
        await eventually(() => traffic.total >= TRAFFIC_BEFORE_KILL, { what: 'traffic runs', withinMs: 20_000 });
        const before = traffic.total;
        await bridge.kill9();
        note(`killed with ${before} messages under way or done; contacts keep writing`);
        await delay(500);
        await bridge.restart();
        await timed(
          (ms) => note(`both numbers connected ${duration(ms)} after listening`),
          () => bridge.allConnected(NUMBERS, 20_000),
        );
        await eventually(() => traffic.total >= before + TRAFFIC_AFTER_KILL, {
          what: 'traffic runs on',
          withinMs: 20_000,
        });
        await traffic.stop();
        const verdict = await audit({
          world,
          bridge,
          traffic,
          appLog: sincePairing,
          numbers: NUMBERS,
          settleMs: 30_000,
        });
        const count = (name: string) => verdict.counts[name] ?? 0;
        note(`received: ${count('inbound injected')} written, ${count('inbound at the app')} at the app, in order`);
        note(`sent: ${count('sends accepted')} accepted, ${count('sends at the contacts')} at the contacts`);
        if (verdict.problems.length > 0) throw new Error(verdict.problems.join('\n'));
        note('nothing lost, nothing doubled, no QR needed, every message could be decrypted');
      },
    },
    {
      name: 'SIGTERM: a clean end',
      async run(note) {
        const { code, signal } = await bridge.stop();
        if (code !== 0) throw new Error(`exit code ${code}, signal ${signal}`);
        note('exit code 0, pairings kept');
      },
    },
  ];
}

const shortened = (phone: string): string => `…${phone.slice(-4)}`;

async function timed<T>(report: (ms: number) => void, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const value = await work();
  report(performance.now() - from);
  return value;
}
