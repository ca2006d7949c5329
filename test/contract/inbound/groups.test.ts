/** Contract inbound §1, §9: groups, status and newsletters. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base64, Play } from './play.ts';

const GROUP = '120363000000000001@g.us';

describe('inbound §9: FORWARD_GROUPS=true', () => {
  let play: Play;
  let member: string;
  beforeAll(async () => {
    play = await Play.begin({ FORWARD_GROUPS: 'true' });
    member = play.newContact();
  });
  afterAll(async () => {
    expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
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

describe('inbound §1: without FORWARD_GROUPS', () => {
  it('messages in groups are dropped', async () => {
    const play = await Play.begin();
    const member = play.newContact();
    const group = await play.write(member, { text: 'to all', group: GROUP });
    await play.told(await play.write(member, { text: 'to you' }));
    expect((await play.all()).map((body) => body['wa_message_id'])).not.toContain(group);
    expect(await play.end()).toEqual({ violations: [], undecryptable: 0 });
  });
});
