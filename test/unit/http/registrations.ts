/** What every registration route must do, whatever its words: asked of each by the test file of its family. */
import { expect, it } from 'vitest';
import type { Entry } from '../../../src/scheduler/protocol.ts';
import { REGISTERED } from './fake-jobs.ts';
import { harness, PHONE, TOKEN } from './harness.ts';

export type RegistrationRoute = {
  readonly path: string;
  readonly entry: Pick<Entry, 'kind' | 'immediate'>;
  /** Bodies of 422 and 400, and the words of a 500. */
  readonly unreadable: (why: string) => object;
  readonly nobody: object;
  readonly failure: object;
};

/** As PHP writes it: empty maps as lists, numbers as text, JSON within JSON. */
const LOOSE = {
  ...{ scheduleId: '-1000007', recipientAttributes: [], targetPhoneNumbers: ['+49 170 1'], latitude: '52.5200000' },
  ...{ templateData: '{"template_body":"hi"}', isTemplate: 'true', daysOfWeek: [], message: null, unknown: { a: [1] } },
};

export function itRegisters({ path, entry, unreadable, nobody, failure }: RegistrationRoute): void {
  it('the scheduler gets the body as it came, without the token in it (SC1)', async () => {
    const { call, jobs } = harness();
    const { status } = await call(path, { token: null, body: { ...LOOSE, node_token: TOKEN } });
    expect([status, jobs.entry]).toEqual([200, { ...entry, sender: PHONE, body: LOOSE }]);
  });

  it('PHP’s empty body is an empty one; the workspace is `workspace_id`, else `workspaceId`', async () => {
    const { call, jobs } = harness();
    await call(path, { body: [] });
    expect(jobs.entry).toEqual({ ...entry, sender: PHONE, body: {} });
    await call(path, { body: { workspaceId: 7 } });
    expect(jobs.entry.workspace).toBe('7');
    await call(`${path}?workspace_id=8`, { body: { workspaceId: 7 } });
    expect(jobs.entry.workspace).toBe('8');
    await call(path, { body: { workspaceId: '../8' } });
    expect(jobs.entry).not.toHaveProperty('workspace');
  });

  it('`json` is no wrapper here', async () => {
    const { call, jobs } = harness();
    await call(path, { body: { json: { message: 'x' } } });
    expect(jobs.entry.body).toEqual({ json: { message: 'x' } });
  });

  it('422 says what cannot be read, 400 that there is nobody', async () => {
    const { call, jobs } = harness();
    jobs.registered = { kind: 'unreadable', why: 'unknown zone Mars/Base' };
    expect(await call(path, { body: {} })).toMatchObject({ status: 422, body: unreadable('unknown zone Mars/Base') });
    jobs.registered = { kind: 'no contacts' };
    const { status, body } = await call(path, { body: {} });
    expect([status, body]).toEqual([400, nobody]);
  });

  it('500 in its own words, without the reason', async () => {
    const { call, jobs } = harness();
    jobs.broken = new Error('disk on fire');
    const { status, body, text } = await call(path, { body: {} });
    expect([status, body]).toEqual([500, { ...failure, requestId: expect.any(String) }]);
    expect(text).not.toContain('fire');
  });

  it('S-29 nothing without the token; C-11 nothing for another workspace; nothing while the bridge is full (R5)', async () => {
    const { call, jobs, numbers, vitals } = harness();
    for (const caller of [{ token: null }, { token: 'wrong' }, { from: '127.0.0.1', token: null }]) {
      expect((await call(path, { ...caller, body: {} })).status).toBe(401);
    }
    numbers.bind(PHONE, '7');
    expect((await call(path, { body: { workspace_id: 8 } })).status).toBe(409);
    vitals.room = 'full';
    expect((await call(path, { body: {} })).status).toBe(503);
    expect(jobs.asked).toEqual([]);
  });

  it('dryRun=1 answers the plan, with the refusals of a registration', async () => {
    const { call, jobs } = harness();
    jobs.planned = {
      ...{ kind: 'dry run', engine: null, problems: ['over the cap'], finishAt: 1_800_000_000_000 },
      recipients: [
        { listed: '+49 170 1', at: '2027-01-15T09:00:00+01:00', zone: 'Europe/Berlin', problems: ['bad number'] },
        { listed: '49170', contactId: 5, at: '2027-01-15T09:00:00+01:00', zone: 'Europe/Berlin', problems: [] },
      ],
    };
    const { status, body } = await call(`${path}?dryRun=1`, { body: LOOSE });
    const at = '2027-01-15T09:00:00+01:00';
    expect([status, body]).toEqual([
      200,
      {
        ...{
          success: true,
          dryRun: true,
          engine: null,
          problems: ['over the cap'],
          finishAt: '2027-01-15T08:00:00.000Z',
        },
        recipients: [
          { phone: '+49 170 1', at, zone: 'Europe/Berlin', problems: ['bad number'] },
          { phone: '49170', contactId: 5, at, zone: 'Europe/Berlin', problems: [] },
        ],
      },
    ]);
    expect(jobs.entry).toEqual({ ...entry, sender: PHONE, body: LOOSE });
    jobs.registered = { ...REGISTERED, id: 'not a plan' };
    jobs.planned = { kind: 'unreadable', why: 'no' };
    expect(await call(`${path}?dryRun=true`, { body: {} })).toMatchObject({ status: 422, body: unreadable('no') });
    jobs.planned = { kind: 'no contacts' };
    expect((await call(`${path}?dryRun=1`, { body: {} })).status).toBe(400);
    expect((await call(`${path}?dryRun=0`, { body: {} })).body).not.toHaveProperty('dryRun');
  });
}
