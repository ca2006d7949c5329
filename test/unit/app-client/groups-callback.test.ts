/** Contract clients §11.1: the body of groups/sync, and what replaces what while the app is away. */
import { describe, expect, it } from 'vitest';
import { callbackOf } from '../../../src/app-client/callbacks.ts';
import type { GroupsFact } from '../../../src/app-client/callbacks.types.ts';
import { bodyProblems } from '../../loopback/app/contract.ts';

const group = (jid: string) => ({
  jid,
  subject: 'x'.repeat(300),
  size: 2,
  participants: [{ phone: '49170', admin: true }],
});
const fact = (more: Partial<GroupsFact>): GroupsFact => ({
  ...{ kind: 'groups', device: '5511987654321', groups: [group('1-2@g.us')], whole: false },
  ...more,
});

describe('groups/sync', () => {
  it('§11.1 fields, limits, timeout; workspace_id only when it is known', () => {
    const { path, body, timeoutMs } = callbackOf(fact({ workspace: '7' }));
    expect([path, timeoutMs]).toEqual(['/api/groups/sync', 20_000]);
    expect(body).toEqual({
      ...{ device_phone: '5511987654321', workspace_id: '7' },
      groups: [{ ...group('1-2@g.us'), subject: 'x'.repeat(191) }],
    });
    expect(bodyProblems(path, body)).toEqual([]);
    expect(callbackOf(fact({})).body).not.toHaveProperty('workspace_id');
  });

  it('a newer list replaces an unsent list, a newer state of a group that group’s; all go in one line', () => {
    const keyOf = (more: Partial<GroupsFact>) => callbackOf(fact(more)).supersede?.key;
    const whole = keyOf({ whole: true, groups: [group('1-2@g.us'), group('3@g.us')] });
    expect(keyOf({ whole: true, groups: [group('3@g.us')] })).toBe(whole);
    expect(keyOf({})).toBe(keyOf({ groups: [{ ...group('1-2@g.us'), size: 0, participants: [] }] }));
    expect(new Set([whole, keyOf({}), keyOf({ groups: [group('3@g.us')] })]).size).toBe(3);
    expect(callbackOf(fact({ whole: true })).orderKeys).toEqual(callbackOf(fact({})).orderKeys);
  });
});
