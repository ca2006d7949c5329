/**
 * The invariants of the queue towards one client, without a network.
 */
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../loopback/whatsapp/connection.ts';
import { DeliveryQueue, entryKey } from '../../loopback/whatsapp/delivery-queue.ts';
import { decode, el } from '../../loopback/whatsapp/nodes.ts';
import type { BinaryNode } from '../../loopback/whatsapp/nodes.ts';

const ANN = '4915100001';
const key = (id: string): string => entryKey('message', ANN, id);
const message = (id: string, body = id): BinaryNode =>
  el('message', { from: `${ANN}@s.whatsapp.net`, id }, Buffer.from(body));

/** Remembers what would have been written. */
function recorder() {
  const written: string[] = [];
  const note = ({ attrs, content }: BinaryNode): boolean => {
    written.push(
      `${attrs['offline'] === '1' ? 'offline ' : ''}${attrs['id']}:${Buffer.from(content as Uint8Array).toString()}`,
    );
    return true;
  };
  const connection = { send: note, sendEncoded: (bytes: Buffer) => note(decode(bytes)) } as unknown as Connection;
  return { written, connection };
}

describe('DeliveryQueue', () => {
  it('Q1, Q2: what was delivered but not confirmed goes out again at the next login, in order, unchanged', () => {
    const queue = new DeliveryQueue();
    const [first, second] = [recorder(), recorder()];
    queue.goLive(first.connection);
    for (const id of ['A', 'B', 'C']) queue.add(message(id));
    queue.confirm(key('B'));
    queue.goOffline(first.connection);
    queue.add(message('D'));
    expect(queue.goLive(second.connection)).toBe(3);
    expect(first.written).toEqual(['A:A', 'B:B', 'C:C']);
    expect(second.written).toEqual(['offline A:A', 'offline C:C', 'offline D:D']);
    expect(queue.counts).toEqual({ queued: 3, delivered: 4, acked: 1 });
  });

  it('Q3: the error ack that follows a retry receipt does not remove the renewed message, a later one does', () => {
    const queue = new DeliveryQueue();
    const { written, connection } = recorder();
    queue.goLive(connection);
    queue.add(message('A'));
    queue.renew(message('A', 'fresh'));
    queue.reject(key('A'));
    expect(queue.counts.queued).toBe(1);
    expect(written).toEqual(['A:A', 'A:fresh']);
    queue.reject(key('A'));
    expect(queue.counts.queued).toBe(0);
  });

  it('Q3: also when the message had been confirmed before the retry', () => {
    const queue = new DeliveryQueue();
    queue.add(message('A'));
    queue.confirm(key('A'));
    queue.renew(message('A', 'fresh'));
    queue.reject(key('A'));
    expect(queue.counts.queued).toBe(1);
  });

  it('a scripted duplicate id keeps its own place', () => {
    const queue = new DeliveryQueue();
    const { written, connection } = recorder();
    for (const [id, body] of [
      ['A', '1'],
      ['A', '2'],
      ['B', '3'],
    ] as const)
      queue.add(message(id, body));
    queue.goLive(connection);
    expect(written).toEqual(['offline A:1', 'offline A:2', 'offline B:3']);
    queue.confirm(key('A'));
    queue.confirm(key('A'));
    expect(queue.counts.queued).toBe(1);
  });

  it('a connection that was replaced cannot take the live one off', () => {
    const queue = new DeliveryQueue();
    const [old, current] = [recorder(), recorder()];
    queue.goLive(old.connection);
    queue.goLive(current.connection);
    queue.goOffline(old.connection);
    queue.add(message('A'));
    expect(current.written).toEqual(['A:A']);
  });
});
