/**
 * P3: `kill -9` while a number is being paired. A pairing that was complete is back without a QR; one that was not can
 * simply be made again. No half-made login is left that WhatsApp refuses (facts/loopback-whatsapp.md §15, last row).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import type { Verdict } from '../../helpers/audit.ts';
import type { Bridge } from '../../helpers/bridge.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { World } from '../../helpers/world.ts';
import type { Scenario } from '../scenario.ts';

/** Every so many pairings one is killed while the phone is still at it. */
const EARLY_EVERY = 3;
/** Pairings that one kill meets. */
const PER_KILL = { short: 2, long: 1 };

export const killPairing: Scenario = {
  name: 'kill-pairing',
  shows: 'kill -9 during pairing by QR and by code: complete pairings come back alone, others can be made again',
  rounds: { short: 2, long: 16 },
  async run({ stage, random, rounds, form, say }): Promise<Verdict> {
    const { world } = stage;
    const bridge = await stage.bridge();
    const problems: string[] = [];
    let confirmed = 0;
    let alone = 0;
    for (let round = 1; round <= rounds; round += PER_KILL[form]) {
      const ready: (() => Pairing)[] = [];
      for (let own = round; own < round + PER_KILL[form]; own += 1) ready.push(await prepared(own, world, bridge));
      const pairings = ready.map((begin) => begin());
      if (round % EARLY_EVERY === 0) {
        await delay(random.between(0, 60));
      } else {
        await Promise.all(pairings.map(({ approved }) => approved));
        await delay(random.between(0, 1_500));
      }
      const before = pairings.map(({ isConfirmed }) => isConfirmed());
      await bridge.kill9();
      await Promise.all(pairings.map(({ approved }) => approved));
      await bridge.restart();
      for (const [index, { own, phone, by, isConfirmed }] of pairings.entries()) {
        const wasConfirmed = before[index] === true;
        const isBack = await connectedWithin(bridge, phone, wasConfirmed || isConfirmed() ? 15_000 : 8_000);
        if (wasConfirmed) confirmed += 1;
        if (isBack) alone += 1;
        if (wasConfirmed && !isBack)
          problems.push(`round ${own}: a pairing by ${by} that WhatsApp had confirmed was lost`);
        if (!isBack) {
          await world.unlink(phone);
          await (await approval(world, bridge, phone, by))();
          if (!(await connectedWithin(bridge, phone, 20_000)))
            problems.push(`round ${own}: could not pair again by ${by}`);
        }
        const when = wasConfirmed ? 'after' : 'before';
        say(`pairing ${own}/${rounds} by ${by}, killed ${when} its end: ${isBack ? 'back alone' : 'paired again'}`);
      }
    }
    const loggedOut = (await AppLog.ofAll(world).refresh())
      .statusWords()
      .filter(({ status }) => status === 'Logged Out');
    if (loggedOut.length > 0) problems.push(`${loggedOut.length} numbers were reported as Logged Out`);
    const counts = { 'pairings killed': rounds, 'confirmed before the kill': confirmed, 'back alone': alone };
    return { counts, problems };
  },
};

type Pairing = {
  /** Its number in the run. */
  readonly own: number;
  readonly phone: string;
  readonly by: 'qr' | 'code';
  /** When the phone is through with it, however it ended. */
  readonly approved: Promise<void>;
  /** Once the phone says so, WhatsApp has the bridge's own confirmation: from then on the login must be on disk. */
  readonly isConfirmed: () => boolean;
};

/** Answers what makes the phone begin. */
async function prepared(own: number, world: World, bridge: Bridge): Promise<() => Pairing> {
  const phone = `49157${String(own).padStart(8, '0')}`;
  const by = own % 2 === 0 ? 'qr' : 'code';
  await world.addPhone(phone);
  const approve = await approval(world, bridge, phone, by);
  return () => {
    let isConfirmed = false;
    const approved = approve().then(
      () => {
        isConfirmed = true;
      },
      () => undefined,
    );
    return { own, phone, by, approved, isConfirmed: () => isConfirmed };
  };
}

/** Brings the pairing to the point where only the phone is waited for; answers what the phone then does. */
async function approval(world: World, bridge: Bridge, phone: string, by: 'qr' | 'code'): Promise<() => Promise<void>> {
  if (by === 'qr') {
    const qr = await bridge.qr(phone);
    return () => world.scan(phone, qr);
  }
  const code = await bridge.pairingCode(phone);
  return () => world.enterCode(phone, code);
}

async function connectedWithin(bridge: Bridge, phone: string, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  return eventually(
    async () => {
      if ((await bridge.status(phone)).status === 'connected') return 'yes';
      return performance.now() > deadline ? 'no' : undefined;
    },
    { what: 'a decision', withinMs: withinMs + 5_000 },
  ).then((answer) => answer === 'yes');
}
