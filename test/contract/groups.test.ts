/** Contract clients §11, §11.1 and inbound §9 through the whole bridge: routes, sync, what members decrypt and write. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { call } from '../helpers/json-http.ts';
import { Stage } from '../helpers/stage.ts';
import { base64, Play } from './inbound/play.ts';

const ALICE = '4917011110001';
const BOB = '4917011110002';
const CAROL = '4917011110003';
const STRANGER = '4917011110004';

type Told = {
  readonly device_phone: string;
  readonly groups: readonly {
    readonly jid: string;
    readonly subject: string;
    readonly size: number;
    readonly participants: readonly { readonly phone: string; readonly admin: boolean }[];
  }[];
};

let play: Play;
beforeAll(async () => {
  play = await Play.on(await Stage.forTest(), { FORWARD_GROUPS: 'true' });
});
afterAll(async () => {
  expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
});

describe('clients §11 groups', () => {
  let number: string;
  let open: string;
  let hidden: string;

  const api = async (path: string, body?: object) => {
    const answer = await play.bridge.call(`/api/groups/${path}`, body === undefined ? {} : { body });
    return [answer.status, answer.body as Record<string, unknown>] as const;
  };
  const world = (path: string, body: object) => play.world(path, body) as Promise<Record<string, unknown>>;
  const newGroup = async (body: object) => String((await world('/groups', body))['jid']);
  const seen = async (jid: string) => (await call(`${play.stage.world.control}/groups/${jid}`)).body;
  const told = async (): Promise<Told[]> => {
    const requests = await play.stage.world.appRequests({ path: '/api/groups/sync' });
    return requests.map(({ body }) => body as Told);
  };
  const toldOf = async (jid: string) => (await told()).flatMap(({ groups }) => groups.filter((one) => one.jid === jid));

  beforeAll(async () => {
    ({ number } = play);
    const members = [number, BOB];
    open = await newGroup({ subject: 'Friends', creator: ALICE, members });
    hidden = await newGroup({ subject: 'Strangers', creator: STRANGER, members: [number], hidePhones: true });
  });

  it('§11.1 everything 7 s after open; C-46, C-48 members known only by LID are left out, never sent as digits', async () => {
    await eventually(async () => (await toldOf(hidden)).length > 0, { what: 'the sync', withinMs: 15_000 });
    const [friends] = await toldOf(open);
    expect(friends).toMatchObject({ subject: 'Friends', size: 3 });
    expect(friends?.participants).toEqual([
      { phone: ALICE, admin: true },
      { phone: number, admin: false },
      { phone: BOB, admin: false },
    ]);
    const [strangers] = await toldOf(hidden);
    expect(strangers).toMatchObject({ subject: 'Strangers', size: 2, participants: [{ phone: number, admin: false }] });
    expect((await told()).every(({ device_phone }) => device_phone === number)).toBe(true);
  });

  it('all and meta: LIDs are marked as such, phones where they are known', async () => {
    const [status, body] = await api(`all/${number}?workspace_id=7`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, total: 2 });
    expect(body['groups']).toContainEqual({
      ...{ jid: open, subject: 'Friends', owner: `${ALICE}@s.whatsapp.net`, creation: expect.any(Number) },
      ...{ description: null, participants_count: 3, announce_only: false, restrict: false, ephemeral_duration: null },
    });
    const [, { meta }] = await api(`meta/${number}?jid=${hidden}`);
    const participants = (meta as { participants: { id: string; phoneNumber?: string }[] }).participants;
    expect(participants.map(({ id, phoneNumber }) => [id.split('@')[1], phoneNumber])).toEqual([
      ['lid', undefined],
      ['s.whatsapp.net', `${number}@s.whatsapp.net`],
    ]);
  });

  it('create, participants, subject, description, settings, invite: answers, and the group as WhatsApp has it', async () => {
    await play.stage.world.addPhone(CAROL);
    const [status, created] = await api(`create/${number}`, { name: 'Sales', participants: [`+${ALICE}`, BOB] });
    expect([status, created]).toMatchObject([200, { ok: true, subject: 'Sales', participants_count: 3 }]);
    const jid = String(created['jid']);
    expect(created['meta']).toMatchObject({ id: jid, subject: 'Sales' });

    const change = await api(`participants/${number}`, { jid, action: 'add', participants: [CAROL, ALICE] });
    expect(change).toMatchObject([
      200,
      {
        ...{ ok: true, action: 'add', partial: true, ok_count: 1, fail_count: 1, total_count: 2 },
        result: [
          { jid: `${CAROL}@s.whatsapp.net`, status: '200' },
          { jid: `${ALICE}@s.whatsapp.net`, status: '409' },
        ],
        meta: { size: 4 },
      },
    ]);
    const none = await api(`participants/${number}`, { jid, action: 'add', participants: [ALICE] });
    expect(none).toMatchObject([200, { ok: false, partial: false, ok_count: 0 }]);
    await api(`participants/${number}`, { jid, action: 'promote', participants: [CAROL] });

    expect(await api(`subject/${number}`, { jid, subject: 'Sales 2' })).toEqual([
      200,
      { ok: true, jid, subject: 'Sales 2' },
    ]);
    const description = 'What we do';
    expect(await api(`description/${number}`, { jid, description })).toEqual([200, { ok: true, jid, description }]);
    for (const setting of ['announcement', 'locked'])
      expect(await api(`settings/${number}`, { jid, setting })).toEqual([200, { ok: true, jid, setting }]);
    const [, first] = await api(`invite-code/${number}?jid=${jid}`);
    expect(first).toEqual({
      ok: true,
      jid,
      code: expect.any(String),
      url: `https://chat.whatsapp.com/${String(first['code'])}`,
    });
    const [, second] = await api(`revoke-invite/${number}`, { jid });
    expect(second['code']).not.toBe(first['code']);

    expect(await seen(jid)).toEqual({
      ...{ subject: 'Sales 2', description, announcement: true, locked: true, invite: second['code'] },
      members: { [number]: 'superadmin', [ALICE]: null, [BOB]: null, [CAROL]: 'admin' },
    });
    // §11.1: 5 s after the last change, this group alone.
    await eventually(async () => (await toldOf(jid)).at(-1)?.subject === 'Sales 2', {
      what: 'the changed group',
      withinMs: 15_000,
    });
    expect((await toldOf(jid)).at(-1)?.participants).toContainEqual({ phone: CAROL, admin: true });
    expect((await told()).filter(({ groups }) => groups.length === 1 && groups[0]?.jid === jid).length).toBe(1);
  });

  it('C-46 members decrypt what is sent to the group, and its metadata is cached: no query while WhatsApp is silent', async () => {
    const send = async (text: string) =>
      (await play.bridge.call(`/api/send-message/${number}`, { body: { targetJid: open, message: text } })).status;
    const texts = async (who: string) => (await play.stage.world.contactMessages(who, number)).map(({ text }) => text);
    expect(await send('first')).toBe(200);
    await play.stage.world.faults({ iq: { xmlns: 'w:g2', drop: true } });
    expect(await send('second')).toBe(200);
    await play.stage.world.faults({ clear: true });
    for (const who of [ALICE, BOB]) {
      await eventually(async () => (await texts(who)).length >= 2, { what: 'both messages', withinMs: 10_000 });
      expect(await texts(who)).toEqual(['first', 'second']);
    }
  });

  it('C-46 what members write with their sender keys reaches the app under the name of the group, LIDs marked', async () => {
    const write = async (jid: string, from: string, text: string) => {
      const { id } = await world(`/groups/${jid}/send`, { from, text });
      return play.told(String(id));
    };
    const alice = { raw_jid: open, group_subject: 'Friends', sender_phone: ALICE, is_lid: false };
    expect(await write(open, ALICE, 'hello all')).toMatchObject({ ...alice, body: 'hello all' });
    expect(await write(open, ALICE, 'again')).toMatchObject({ ...alice, body: 'again' });
    const stranger = await write(hidden, STRANGER, 'who am I');
    expect(stranger).toMatchObject({ raw_jid: hidden, group_subject: 'Strangers', is_lid: true });
    expect(stranger['lid_jid']).toBe(`${String(stranger['sender_phone'])}@lid`);
  });

  it('inbound §7, C-46 what the operator writes there on the phone is mirrored, under the group', async () => {
    const { id } = await world(`/groups/${open}/send`, { from: number, text: 'from my phone' });
    expect(await play.told(String(id))).toMatchObject({
      ...{ direction: 'out', raw_jid: open, group_subject: 'Friends', sender_phone: number, is_lid: false },
      body: 'from my phone',
    });
  });

  it('messages §6, inbound §5, C-47 reactions there name the author, and all sides’ reach the app in order', async () => {
    const write = async (from: string, content: object) =>
      String((await world(`/groups/${open}/send`, { from, ...content }))['id']);
    const target = await write(ALICE, { text: 'react to me' });
    await play.told(target);
    const body = { targetJid: open, targetMessageId: target, fromMe: false, emoji: '👍' };
    const sent = await play.bridge.call(`/api/send-reaction/${number}`, { body });
    expect(sent).toMatchObject({ status: 200, body: { ok: true } });
    const shown = async () =>
      ((await call(`${play.stage.world.control}/contacts/${ALICE}/messages`)).body as { type: string }[]).find(
        ({ type }) => type === 'reaction',
      );
    await eventually(async () => (await shown()) !== undefined, { what: 'the reaction', withinMs: 10_000 });
    const alice = `${await play.stage.world.addPhone(ALICE)}@lid`;
    expect(await shown()).toMatchObject({
      from: number,
      target,
      key: { chat: open, fromMe: false, participant: alice },
    });

    await write(BOB, { reaction: { id: target, emoji: '🎉' } });
    await write(number, { reaction: { id: target, emoji: '🙏' } });
    await play.find((told) => told['reaction_emoji'] === '🙏', 'the reaction of the own phone');
    const told = (await play.all()).filter((one) => one['reaction_target'] === target);
    expect(told).toMatchObject([
      { raw_jid: open, sender_phone: BOB, is_lid: false, direction: 'in', reaction_emoji: '🎉' },
      { raw_jid: open, sender_phone: number, is_lid: false, direction: 'out', reaction_emoji: '🙏' },
    ]);
    expect(told.every((one) => !('wa_message_id' in one))).toBe(true);
  });

  it('§11 one request at a time may be wrong: 422 for a bad jid and missing fields, 503 without a connection, 401 without a token', async () => {
    const bad = [422, { ok: false, error: 'jid must match <digits>(-<digits>)?@g.us' }];
    expect(await api(`meta/${number}?jid=123`)).toEqual(bad);
    expect(await api(`leave/${number}`, { jid: `${ALICE}@s.whatsapp.net` })).toEqual(bad);
    expect((await api(`create/${number}`, { subject: 'x', participants: [] }))[0]).toBe(422);
    expect((await api(`settings/${number}`, { jid: open, setting: 'loud' }))[0]).toBe(422);
    expect(await api('all/4917099999999')).toEqual([503, { ok: false, error: 'Sender device is not connected.' }]);
    const bare = await call(`${play.bridge.url}/api/groups/all/${number}`);
    expect([bare.status, bare.body]).toEqual([401, { ok: false, error: 'unauthorized' }]);
    // WhatsApp refuses: the number is no admin there.
    const [status, body] = await api(`subject/${number}`, { jid: hidden, subject: 'mine' });
    expect([status, body]).toEqual([500, { ok: false, error: expect.stringMatching(/403/) }]);
  });

  it('C-48 a group the number has left, or was removed from, is told once with size 0, also after a restart', async () => {
    expect(await api(`leave/${number}`, { jid: hidden, workspace_id: 7 })).toEqual([200, { ok: true, jid: hidden }]);
    await world(`/groups/${open}/change`, { by: ALICE, action: 'remove', phones: [number] });
    const empty = { size: 0, participants: [] };
    for (const jid of [open, hidden]) {
      await eventually(async () => (await toldOf(jid)).at(-1)?.size === 0, {
        what: 'the left group',
        withinMs: 15_000,
      });
      expect((await toldOf(jid)).at(-1)).toMatchObject(empty);
    }
    const before = (await told()).length;
    await play.bridge.stop();
    await play.bridge.restart();
    await play.bridge.allConnected([number], 20_000);
    await eventually(async () => (await told()).length > before, {
      what: 'the sync after the restart',
      withinMs: 15_000,
    });
    expect((await toldOf(open)).filter(({ size }) => size === 0).length).toBe(1);
    expect((await toldOf(hidden)).filter(({ size }) => size === 0).length).toBe(1);
  });
});

describe('inbound §9: FORWARD_GROUPS=true', () => {
  /** Nobody knows more of it than that it is written to. */
  const GROUP = '120363000000000001@g.us';
  let member: string;
  beforeAll(() => {
    member = play.newContact();
  });

  it('C-46: the participant is the sender, by phone and LID; the group is the chat', async () => {
    const id = await play.write(member, { text: 'to all', group: GROUP, name: 'Mia' });
    expect(await play.told(id)).toMatchObject({
      ...{ raw_jid: GROUP, sender_phone: member, is_lid: false, sender_name: 'Mia', direction: 'in' },
      group_subject: expect.any(String) as string,
    });
  });

  it('C-46: a participant whose phone is unknown is told by LID, marked', async () => {
    const told = await play.told(await play.write(play.newContact(), { text: 'x', group: GROUP, hidePn: true }));
    expect(told).toMatchObject({ raw_jid: GROUP, is_lid: true, lid_jid: `${String(told['sender_phone'])}@lid` });
  });

  it('media and reactions in groups', async () => {
    const id = await play.write(member, { image: { base64: base64('group photo') }, group: GROUP });
    expect(await play.told(id)).toMatchObject({ media_type: 'image', media_base64: base64('group photo') });
    await play.write(member, { reaction: { id, emoji: '🎉' }, group: GROUP });
    const reaction = await play.find((body) => body['reaction_target'] === id, 'the reaction');
    expect(reaction).toMatchObject({ raw_jid: GROUP, sender_phone: member, reaction_emoji: '🎉' });
  });
});
