/** Campaigns of type `flow` (contract bulk §4.1), in simulated time. */
import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../src/scheduler/protocol.ts';
import { SENDER, Stage } from './stage.ts';

const PHONES = ['4915110000000', '4915110000001', '4915110000002'];
const CONTACTS: Fields[] = PHONES.map((phone, index) => ({ id: index + 1, phone, name: `n${index}` }));
const campaign = (more: Fields = {}): Fields => ({
  ...{ campaignId: 8, campaignType: 'Flow', flowId: '12', targetContacts: CONTACTS, workspace_id: 7 },
  ...more,
});
const engines = ['baileys', 'waba', 'twilio'] as const;

describe('a campaign of type flow', () => {
  it.each(engines)(
    'starts the flow for each contact on its engine (%s), and sends no message itself',
    async (engine) => {
      const stage = new Stage();
      stage.engine = { kind: 'engine', engine, branding: 'x' };
      await stage.register('campaign', campaign({ provider: engine }), { workspace: '7' });
      await stage.run(60_000);
      expect(stage.starts).toEqual(
        CONTACTS.map((contact, index) => ({
          ...{ device: SENDER, customer: PHONES[index], flowId: '12', provider: engine, workspace: '7' },
          ...{ contact, variables: {}, once: expect.any(String) },
        })),
      );
      expect(stage.messages).toEqual([]);
      expect(new Set(stage.starts.map(({ once }) => once)).size).toBe(3);
    },
  );

  it('is sent when the runtime has it; no message id is told, which would be charged beside the flow’s own messages', async () => {
    const stage = new Stage();
    const { id } = await stage.register('campaign', campaign());
    await stage.run(60_000);
    const told = stage.told('campaign recipient');
    expect(told.map(({ contactId, status }) => [contactId, status])).toEqual(
      [1, 2, 3].map((contact) => [contact, 'sent']),
    );
    for (const fact of told) expect(fact).not.toHaveProperty('messageId');
    expect(stage.told('campaign status').at(-1)).toMatchObject({ status: 'completed', totals: { sent: 3, failed: 0 } });
    for (const view of stage.jobs.recipients(id, 0, 9)) {
      expect(view).toMatchObject({ state: 'sent' });
      expect(view).not.toHaveProperty('messageId');
    }
  });

  it.each(engines)('P7: killed after any write it starts each once, on %s', async (engine) => {
    for (let writes = 1; writes < 14; writes++) {
      const stage = new Stage();
      stage.engine = { kind: 'engine', engine, branding: '' };
      await stage.register('campaign', campaign());
      stage.writesLeft = writes;
      await stage.run(120_000);
      expect(stage.starts.map(({ customer }) => customer)).toEqual(PHONES);
      expect(stage.told('campaign status').at(-1)).toMatchObject({ status: 'completed', totals: { sent: 3 } });
    }
  });

  it('P7: killed between the start and its result, the same start is ordered again under its name', async () => {
    const stage = new Stage();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    await stage.register('campaign', campaign({ targetContacts: CONTACTS.slice(0, 1) }));
    const orders: unknown[] = [];
    const push = stage.starts.push.bind(stage.starts);
    stage.starts.push = (...started) => {
      orders.push(...started);
      if (orders.length === 1) stage.writesLeft = 0;
      return push(...started);
    };
    await stage.run(120_000);
    expect(stage.starts).toHaveLength(1);
    expect(stage.told('campaign recipient').map(({ status }) => status)).toEqual(['sent']);
  });

  it('ME3: nobody is sent a flow that the app does not have, or that has no nodes', async () => {
    for (const [flow, reason] of [
      [{ kind: 'not found' }, 'Flow 12 not found'],
      [{ kind: 'checked', problems: [{ level: 'error', code: 'empty', message: 'no nodes' }] }, 'Flow 12: no nodes'],
    ] as const) {
      const stage = new Stage();
      stage.flow = flow;
      await stage.register('campaign', campaign());
      await stage.run(60_000);
      expect(stage.starts).toEqual([]);
      expect(stage.told('campaign status').at(-1)).toMatchObject({ status: 'failed', reason, totals: { failed: 3 } });
    }
  });

  it('an app that does not answer is waited for', async () => {
    const stage = new Stage();
    stage.flow = { kind: 'no answer', why: 'timeout' };
    await stage.register('campaign', campaign());
    await stage.run(20_000);
    expect([stage.starts, stage.told('campaign recipient')]).toEqual([[], []]);
    stage.flow = { kind: 'checked', problems: [] };
    await stage.run(60_000);
    expect(stage.starts).toHaveLength(3);
  });

  it('a start that the disk refuses is tried again, under the same name, and fails the recipient in the end', async () => {
    const stage = new Stage();
    stage.refuseStarts = true;
    await stage.register('campaign', campaign());
    await stage.run(4_000);
    stage.refuseStarts = false;
    await stage.run(120_000);
    expect(stage.starts.map(({ customer }) => customer).toSorted()).toEqual(PHONES);
    const full = new Stage();
    full.refuseStarts = true;
    await full.register('campaign', campaign());
    await full.run(600_000);
    expect(full.told('campaign recipient').map(({ status, error }) => [status, error])).toEqual(
      PHONES.map(() => ['failed', 'Failed to start the flow']),
    );
  });

  it('a contact without a number fails; a missing flowId is refused whole (422)', async () => {
    const stage = new Stage();
    await stage.register('campaign', campaign({ targetContacts: [{ id: 9 }, ...CONTACTS.slice(0, 1)] }));
    await stage.run(60_000);
    expect(stage.told('campaign recipient').map(({ contactId, status }) => [contactId, status])).toEqual([
      [9, 'failed'],
      [1, 'sent'],
    ]);
    for (const flowId of [undefined, '', ' ', []]) {
      const entry = { kind: 'campaign', sender: SENDER, body: campaign({ campaignId: 9, flowId }) } as const;
      expect(await stage.jobs.register(entry)).toEqual({ kind: 'unreadable', why: 'flowId expected' });
    }
  });

  it('a dry run names engine and problems, and starts nothing', async () => {
    const stage = new Stage();
    stage.flow = { kind: 'not found' };
    const run = await stage.settle(stage.jobs.dryRun({ kind: 'campaign', sender: SENDER, body: campaign() }));
    expect(run).toMatchObject({ kind: 'dry run', problems: ['Flow 12 not found'] });
    expect(stage.starts).toEqual([]);
  });
});
