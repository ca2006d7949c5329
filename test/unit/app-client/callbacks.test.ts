import { describe, expect, it } from 'vitest';
import { callbackOf } from '../../../src/app-client/callbacks.ts';
import type { InboundFact } from '../../../src/app-client/callbacks.types.ts';
import { cut } from '../../../src/app-client/limits.ts';
import { parseDigits } from '../../../src/phone.ts';

const pn = parseDigits('5511999990000') ?? expect.fail();
const fact: InboundFact = {
  kind: 'inbound',
  device: '5511900000001',
  direction: 'in',
  contact: { pn, lid: '123456789012345' },
  name: 'Ana',
  id: '3EB0AAAA',
  content: { kind: 'text', text: 'hello' },
  at: 1_700_000_000.9,
  stored: false,
};
const characters = (text: unknown) => [...String(text)].length;

describe('inbound-message (contract inbound §2, §3)', () => {
  it('carries both identities when both are known', () => {
    expect(callbackOf(fact)).toMatchObject({
      path: '/api/inbound-message',
      lane: 'inbound',
      timeoutMs: 120_000,
      body: {
        device_phone: '5511900000001',
        sender_phone: '5511999990000',
        sender_name: 'Ana',
        body: 'hello',
        wa_message_id: '3EB0AAAA',
        is_lid: false,
        raw_jid: '5511999990000@s.whatsapp.net',
        lid_jid: '123456789012345@lid',
        direction: 'in',
        timestamp: 1_700_000_000,
      },
    });
  });

  it('B2: a LID-only customer is sent with the LID digits and marked, a phone-only one with an empty lid_jid', () => {
    expect(callbackOf({ ...fact, contact: { lid: '123456789012345' } }).body).toMatchObject({
      sender_phone: '123456789012345',
      is_lid: true,
      raw_jid: '123456789012345@lid',
      lid_jid: '123456789012345@lid',
    });
    expect(callbackOf({ ...fact, contact: { pn } }).body).toMatchObject({ is_lid: false, lid_jid: '' });
    expect(() => callbackOf({ ...fact, contact: {} })).toThrow(/B2/);
  });

  it('B3: LID, phone and both share an order key per device', () => {
    const keys = (contact: InboundFact['contact']) => callbackOf({ ...fact, contact }).orderKeys;
    const both = keys({ pn, lid: '12345' });
    expect(both).toHaveLength(2);
    expect(both).toContain(keys({ pn })[0]);
    expect(both).toContain(keys({ lid: '12345' })[0]);
    expect(callbackOf({ ...fact, device: '5511900000002' }).orderKeys).not.toContain(both[0]);
  });

  it('a mirror waits 10 s, a message 120 s', () => {
    expect(callbackOf({ ...fact, direction: 'out' }).timeoutMs).toBe(10_000);
  });

  it('B1 (C-36): a body over 8192 characters is cut with …, never within an emoji', () => {
    const body = (text: string) => callbackOf({ ...fact, content: { kind: 'text', text } }).body.body;
    expect(body('x'.repeat(8192))).toBe('x'.repeat(8192));
    expect(body('x'.repeat(8193))).toBe(`${'x'.repeat(8191)}…`);
    expect(body('😀'.repeat(8192))).toBe('😀'.repeat(8192));
    expect(body('😀'.repeat(9000))).toBe(`${'😀'.repeat(8191)}…`);
    expect(characters(body(`a${'😀'.repeat(9000)}`))).toBe(8192);
  });

  it('B1: long names and ids are cut to their limits', () => {
    const { body } = callbackOf({ ...fact, name: '👩‍👩‍👧'.repeat(100), id: 'i'.repeat(400) });
    expect(characters(body.sender_name)).toBe(191);
    expect(characters(body.wa_message_id)).toBe(191);
  });
});

describe('cut', () => {
  it('replaces half a surrogate pair, which PHP refuses as JSON', () => {
    expect(cut('a\ud83d', 10)).toBe('a\ufffd');
    expect(cut('😀', 10)).toBe('😀');
  });
});

describe('chat/message-status (contract inbound §10)', () => {
  it('sends the time of its own status as ISO', () => {
    const at = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
    const of = (status: 'delivered' | 'read') => callbackOf({ kind: 'receipt', device: '1', id: 'ID', status, at });
    const iso = '2026-01-02T03:04:05.006Z';
    expect(of('delivered').body).toEqual({ whatsapp_message_id: 'ID', status: 'delivered', delivered_at: iso });
    expect(of('read').body).toEqual({ whatsapp_message_id: 'ID', status: 'read', read_at: iso });
    expect(of('read')).toMatchObject({ path: '/api/chat/message-status', lane: 'receipts', coalesceMs: 500 });
  });
});

describe('update-status (contract clients §7)', () => {
  it('cuts the status to 32 characters and sends the QR only when there is one', () => {
    const of = (status: string, qr?: string) =>
      callbackOf({ kind: 'status', device: '5511900000001', status, progress: 0, at: 0, ...(qr && { qr }) }).body;
    expect(of('Ready')).toEqual({ wid: '5511900000001', status: 'Ready', progress: 0 });
    expect(characters(of(`Pair failed: ${'x'.repeat(50)}`).status)).toBe(32);
    expect(of('Qr generated', '2@abc')).toMatchObject({ qr: '2@abc' });
  });
});
