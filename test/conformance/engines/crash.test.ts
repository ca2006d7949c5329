import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { program } from '../../helpers/programs.ts';
import type { Window } from './crash-child.ts';
import { CONTACT, eventually, PHONE, World } from './world.ts';

const CHILD = 'test/conformance/engines/crash-child.ts';

describe('P3, P5: kill -9 inside the windows of receiving', () => {
  let world: World;
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    world = await World.start();
    world.whatsapp.createPhone(CONTACT);
    await world.paired();
  });
  afterEach(async () => {
    child?.kill('SIGKILL');
    await world.stop();
  });

  const receive = (text: string) => world.whatsapp.sendFromContact(CONTACT, { to: PHONE, text, name: 'Ann' });
  const receipts = () => world.whatsapp.sent(CONTACT).map((sent) => sent.receipts.join());

  async function receiveInDyingProcess(window: Window, text: string): Promise<void> {
    await world.leave();
    const { url, trustRoot } = world.whatsapp;
    child = spawn(process.execPath, [program(CHILD), world.dir, PHONE, url, trustRoot, window], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const died = once(child, 'exit');
    if (child.stdout) await once(child.stdout, 'data');
    await receive(text);
    expect(await died).toEqual([null, 'SIGKILL']);
    world.restart();
  }

  /** DJ3: WhatsApp will not send it again; the journal alone has it, and needs no connection. */
  async function recoversOffline(text: string): Promise<void> {
    world.whatsapp.applyFaults({ refuse: { ms: 60_000 } });
    await world.connect('login').next('closed');
    expect(world.inbound().at(-1)).toMatchObject({ text, contact: { pn: CONTACT } });
    expect([...world.stores.open(PHONE).table('journal').keys()]).toEqual([]);
    world.whatsapp.applyFaults({ clear: true });
  }

  it.each([
    ['before the journal', 'a first message', ''],
    ['before the receipt', 'a first message', ''],
    ['before the receipt', 'a later message', ''],
    ['after the receipt', 'a later message', 'inactive'],
  ] as const)(
    '%s (%s): told once, acknowledged normally, and the conversation goes on',
    async (window, which, receipt) => {
      if (which === 'a later message') {
        await receive('earlier');
        await eventually('the earlier one', () => world.inbound().length === 1);
      }
      await receiveInDyingProcess(window, 'at the wrong moment');
      expect(receipts().at(-1)).toBe(receipt);
      if (window === 'after the receipt') await recoversOffline('at the wrong moment');
      await world.login();
      await eventually('the fact', () => world.inbound().at(-1)?.text === 'at the wrong moment');
      await eventually('the receipt', () => receipts().at(-1) === 'inactive');
      await receive('and on');
      await eventually('the next', () => world.inbound().at(-1)?.text === 'and on');
      await eventually('its receipt', () => receipts().at(-1) === 'inactive');
      expect(world.inbound().filter(({ text }) => text === 'at the wrong moment')).toHaveLength(1);
      expect(receipts()).toEqual(receipts().map(() => 'inactive'));
      expect(world.whatsapp.checks()).toMatchObject({ undecryptable: 0, unknownIqs: 0 });
    },
  );
});
