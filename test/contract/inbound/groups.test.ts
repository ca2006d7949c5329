/** Contract inbound §1: groups are not the app's business unless it says so; with `FORWARD_GROUPS`: ../groups.test.ts. */
import { describe, expect, it } from 'vitest';
import { Play } from './play.ts';

const GROUP = '120363000000000001@g.us';

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
