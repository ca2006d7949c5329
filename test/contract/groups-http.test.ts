/** Contract clients §11 as far as HTTP answers: what the engine cannot be made to say in the whole bridge. */
import { describe, expect, it } from 'vitest';
import { harness, PHONE } from '../unit/http/harness.ts';
import type { GroupAnswer, GroupRequest } from '../../src/actors/protocol.ts';

const JID = '120363041234567890@g.us';

function asking(answer: GroupAnswer) {
  const bridge = harness();
  bridge.numbers.groupAnswer = () => answer;
  const request = () => bridge.numbers.calls.at(-1)?.[1] as GroupRequest;
  return { ...bridge, request };
}

describe('clients §11 group routes', () => {
  it('create: phones and JIDs in any form, name as alias; 502 when WhatsApp names no group', async () => {
    const { call, request } = asking({ kind: 'no jid' });
    const people = ['+49 170 111', '49170111', 49170222, '4917033:2@s.whatsapp.net', '99887766@lid', 'nobody'];
    const body = { name: ' Sales ', participants: people, workspace_id: 7 };
    const { status, body: answer } = await call(`/api/groups/create/${PHONE}`, { body });
    expect([status, answer]).toEqual([502, { ok: false, error: 'Group create returned no JID.', raw: null }]);
    const jids = ['49170111', '49170222', '4917033'].map((phone) => `${phone}@s.whatsapp.net`);
    expect(request()).toMatchObject({
      ...{ digits: PHONE, workspace: '7' },
      command: { kind: 'create', subject: 'Sales', participants: [...jids, '99887766@lid'] },
    });
  });

  it.each([
    ['all', undefined],
    [`meta`, `?jid=${JID}`],
    [`invite-code`, `?jid=${JID}`],
  ])('GET %s: 503 without a connection, 500 with WhatsApp’s reason', async (path, query = '') => {
    const away = await asking({ kind: 'not connected' }).call(`/api/groups/${path}/${PHONE}${query}`);
    expect([away.status, away.body]).toEqual([503, { ok: false, error: 'Sender device is not connected.' }]);
    const refused = await asking({ kind: 'failed', error: 'forbidden (403)' }).call(
      `/api/groups/${path}/${PHONE}${query}`,
    );
    expect([refused.status, refused.body]).toEqual([500, { ok: false, error: 'forbidden (403)' }]);
  });

  it('an answer that does not belong to the command is the route’s own 500, without internals (C-08)', async () => {
    const { call, logged } = asking({ kind: 'done' });
    const { status, body } = await call(`/api/groups/all/${PHONE}`);
    expect([status, body]).toEqual([
      500,
      { ok: false, error: expect.not.stringContaining('done'), requestId: expect.any(String) },
    ]);
    expect(logged.join('')).toContain('a group command was answered with done');
  });

  it.each([
    ['participants', { jid: JID, action: 'ban', participants: ['49170111'] }],
    ['participants', { jid: JID, action: 'add', participants: [] }],
    ['participants', { jid: 'x@g.us', action: 'add', participants: ['49170111'] }],
    ['subject', { jid: JID, subject: ' ' }],
    ['settings', { jid: JID, setting: 'open' }],
    ['leave', {}],
    ['revoke-invite', { jid: '1-2-3@g.us' }],
    ['create', { subject: 'x', participants: ['nobody'] }],
  ])('GP1 %s %j is 422 and reaches nobody', async (path, body) => {
    const { call, numbers } = asking({ kind: 'done' });
    const { status, body: answer } = await call(`/api/groups/${path}/${PHONE}`, { body });
    expect([status, answer]).toEqual([422, { ok: false, error: expect.stringMatching(/./) }]);
    expect(numbers.calls).toEqual([]);
  });

  it('T routes: a loopback peer without the token is refused, C-11 another workspace too', async () => {
    const { call, numbers } = asking({ kind: 'all', groups: [] });
    const local = await call(`/api/groups/all/${PHONE}`, { from: '127.0.0.1', token: null });
    expect(local.status).toBe(401);
    numbers.bind(PHONE, '7');
    expect((await call(`/api/groups/all/${PHONE}?workspace_id=8`)).status).toBe(409);
    const { status, body } = await call(`/api/groups/all/${PHONE}?workspace_id=7`);
    expect([status, body]).toEqual([200, { ok: true, groups: [], total: 0 }]);
  });
});
