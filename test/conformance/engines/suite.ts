/**
 * What every engine must do, whatever it speaks (src/actors/engines/engine.ts, E1-E4). One suite, every adapter: an
 * adapter brings a bench that plays the other side.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Handle, SendCommand, SendResult } from '../../../src/actors/engines/engine.ts';
import type { InboundFact } from '../../../src/app-client/callbacks.types.ts';
import type { ConnectionEvent } from '../../../src/machines/number.types.ts';
import { newMessageId } from '../../../src/ids.ts';
import { eventually } from './world.ts';

export interface EngineBench {
  /** The sending number, and a contact that exists. */
  readonly digits: string;
  readonly contact: string;
  /** A new connection of the number, open. */
  connect(): Promise<{ readonly handle: Handle; readonly events: readonly ConnectionEvent[] }>;
  /** Texts that the contact has, in order. */
  delivered(): string[];
  /** The contact sends a text to the number. */
  receive(text: string): Promise<unknown>;
  /** Of the texts sent with `receive`, in order: was it acknowledged to the other side? */
  acknowledged(): boolean[];
  /** What stands in the outbox. */
  inbound(): (InboundFact & { readonly text: string })[];
  /** The service refuses, stays silent about, or breaks the connection after the next message. */
  nextSend(fault: 'refuse' | 'silence' | 'break'): void;
  /** The number's store refuses writes. */
  diskFull(full: boolean): void;
  /** Does the service still know this number's login? */
  loggedIn(): Promise<boolean>;
  stop(): Promise<void>;
}

export function engineSuite(name: string, open: () => Promise<EngineBench>): void {
  describe(`engine conformance: ${name}`, () => {
    let bench: EngineBench;
    beforeEach(async () => {
      bench = await open();
    });
    afterEach(async () => {
      await bench.stop();
    });

    const send = (handle: Handle, text: string, more: Partial<SendCommand> = {}): Promise<SendResult> =>
      handle.send({
        from: bench.digits,
        to: `${bench.contact}@s.whatsapp.net`,
        content: { kind: 'text', text },
        id: newMessageId(),
        deadline: Date.now() + 10_000,
        ...more,
      });

    it('E1 every expected outcome of a send is a value', async () => {
      const { handle } = await bench.connect();
      expect(await send(handle, 'fine')).toMatchObject({ kind: 'sent' });
      bench.nextSend('refuse');
      expect(await send(handle, 'refused')).toMatchObject({ kind: 'failed', code: expect.any(Number) });
      bench.nextSend('silence');
      expect(await send(handle, 'unanswered', { deadline: Date.now() + 700 })).toMatchObject({ kind: 'pending' });
      expect(await send(handle, 'nowhere', { to: 'not an address' })).toMatchObject({ kind: 'failed' });
      expect(await send(handle, 'too late', { deadline: Date.now() - 1 })).toMatchObject({ kind: 'failed' });
      await handle.close();
      expect(await send(handle, 'closed')).toMatchObject({ kind: 'failed' });
      expect(bench.delivered()).toEqual(['fine', 'unanswered']);
    });

    it('E2 what may have left is never `failed`', async () => {
      const { handle } = await bench.connect();
      await send(handle, 'first');
      bench.nextSend('break');
      const { kind } = await send(handle, 'in doubt');
      expect(['unknown', 'pending']).toContain(kind);
    });

    it('E3 close is idempotent, never logs out, and nothing of the connection runs afterwards', async () => {
      const { handle, events } = await bench.connect();
      await Promise.all([handle.close(), handle.close()]);
      await handle.close();
      expect(handle.isOpen()).toBe(false);
      const heard = events.length;
      await bench.receive('while away');
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(events).toHaveLength(heard);
      expect(bench.inbound()).toEqual([]);
      expect(await bench.loggedIn()).toBe(true);
      await bench.connect();
      await eventually('what came while away', () => bench.inbound().length === 1);
    });

    it('E4 a message is acknowledged only after it is on disk', async () => {
      const { handle } = await bench.connect();
      bench.diskFull(true);
      await bench.receive('not yet');
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(bench.acknowledged()).toEqual([false]);
      await handle.close();
      bench.diskFull(false);
      await bench.connect();
      await eventually('the fact', () => bench.inbound().length === 1);
      await eventually('the acknowledgement', () => bench.acknowledged()[0]);
      expect(bench.inbound()).toMatchObject([{ text: 'not yet', direction: 'in', contact: { pn: bench.contact } }]);
    });
  });
}
