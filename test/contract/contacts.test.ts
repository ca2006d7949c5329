/** Contract clients §10 through the whole bridge: a phone with a history and an address book is paired, then restarted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bridge } from '../helpers/bridge.ts';
import { CommonStage, NO_FAULTS } from '../helpers/common-stage.ts';
import { eventually } from '../helpers/eventually.ts';
import { call } from '../helpers/json-http.ts';
import type { World } from '../helpers/world.ts';

const NUMBER = '5511987650001';
const [CHAT, PUSH, SAVED, LATER, WRITER] = [1, 2, 3, 4, 5].map((n) => `491702222000${n}`) as [
  string,
  string,
  string,
  string,
  string,
];

type Contacts = Readonly<Record<string, Readonly<Record<string, string>>>>;

describe('clients §10 get-contacts', () => {
  let common: CommonStage;
  let bridge: Bridge;
  let world: World;

  const tell = async (path: string, body: object) => {
    const answer = await call(`${world.control}${path}`, { body });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status}`);
  };
  const contacts = async (): Promise<Contacts> => {
    const { status, body } = await bridge.call(`/api/get-contacts/${NUMBER}`);
    expect([status, body]).toMatchObject([
      200,
      { message: 'Contacts retrieved successfully', phoneNumber: NUMBER, contacts: expect.any(Object) },
    ]);
    return (body as { contacts: Contacts }).contacts;
  };
  // The library itself waits 20 s for a first history that is late, and only then reads the address book.
  const known = (phone: string, names: object, withinMs = 45_000) =>
    eventually(
      async () => {
        expect(await contacts()).toHaveProperty([`${phone}@s.whatsapp.net`], {
          ...{ id: `${phone}@s.whatsapp.net`, phoneNumber: `${phone}@s.whatsapp.net` },
          ...names,
        });
        return true;
      },
      { what: `contact ${phone}`, withinMs },
    );

  beforeAll(async () => {
    common = await CommonStage.enter();
    ({ bridge } = common);
    ({ world } = common.stage);
    await world.addPhone(NUMBER);
    const chats = [{ phone: CHAT, name: 'Charlie' }];
    await tell(`/phones/${NUMBER}/history`, { chats, pushNames: [{ phone: PUSH, name: 'Pia' }] });
    await tell(`/phones/${NUMBER}/contacts`, [{ phone: SAVED, name: 'Sam (saved)' }]);
    await world.scan(NUMBER, await bridge.qr(NUMBER));
    await bridge.allConnected([NUMBER], 20_000);
  });
  afterAll(async () => {
    const { unansweredIqs } = await world.checks();
    expect([unansweredIqs, await common.leave()]).toEqual([0, NO_FAULTS]);
  });

  it('chats and push names of the first history, and the address book from app state, without a full history', async () => {
    expect(await known(CHAT, { name: 'Charlie' })).toBe(true);
    await known(PUSH, { notify: 'Pia' });
    await known(SAVED, { name: 'Sam (saved)' });
  });

  it('whoever writes is known by the push name; C-37 what was heard under a LID becomes one entry with the phone', async () => {
    const alone = { to: NUMBER, text: 'hi', name: 'Wim', addressing: 'lid', hidePn: true };
    await tell(`/contacts/${WRITER}/send`, alone);
    const ofWim = (entry: Readonly<Record<string, string>>) => entry['notify'] === 'Wim';
    await eventually(async () => Object.values(await contacts()).some(ofWim), { what: 'Wim', withinMs: 10_000 });
    const [first] = Object.values(await contacts()).filter(ofWim);
    expect(first?.['id']).toMatch(/^\d+@lid$/);
    expect(first).not.toHaveProperty('phoneNumber');
    await tell(`/contacts/${WRITER}/send`, { to: NUMBER, text: 'hi again', name: 'Wim', addressing: 'lid' });
    await known(WRITER, { notify: 'Wim' });
    expect(Object.values(await contacts()).filter(ofWim).length).toBe(1);
  });

  it('the address book is followed while connected; C-18 everything is there for the restored number', async () => {
    await tell(`/phones/${NUMBER}/contacts`, [{ phone: LATER, name: 'Lea' }]);
    await known(LATER, { name: 'Lea' });
    await bridge.stop();
    await bridge.restart();
    await bridge.allConnected([NUMBER], 20_000);
    const after = await contacts();
    for (const phone of [CHAT, PUSH, SAVED, LATER, WRITER]) expect(after).toHaveProperty([`${phone}@s.whatsapp.net`]);
  });

  it('not ready: 400 Client not connected', async () => {
    const { status, body } = await bridge.call('/api/get-contacts/4917099999999');
    expect([status, body]).toEqual([400, { error: 'Client not connected', phoneNumber: '4917099999999' }]);
  });
});
