/** Contract messages §1 as far as HTTP answers, over in-memory numbers; plain text stands for every kind. */
import { describe, expect, it } from 'vitest';
import type { SendAnswer } from '../../src/actors/protocol.ts';
import { harness, PHONE } from '../unit/http/harness.ts';

const PATH = `/api/send-message/${PHONE}`;
const TO = '4915112345678';
const text = { targetPhoneNumber: TO, message: 'hello' };
const sentTo = ({ numbers }: ReturnType<typeof harness>) =>
  numbers.calls.map(([, request]) => (request as { to: string }).to);

describe('messages §1.1 recipient', () => {
  it.each([
    ['4915112345678', undefined, `${TO}@s.whatsapp.net`],
    ['+49 151 123-456 78', null, `${TO}@s.whatsapp.net`],
    [4915112345678, '', `${TO}@s.whatsapp.net`],
    [TO, '5511987654321', `${TO}@s.whatsapp.net`],
    [TO, 5511987654321, `${TO}@s.whatsapp.net`],
    [null, '99887766@lid', '99887766@lid'],
    [TO, '99887766:12@lid', '99887766@lid'],
    [null, '120363041234567890@g.us', '120363041234567890@g.us'],
    [null, '4915112345678-1612345678@g.us', '4915112345678-1612345678@g.us'],
    [TO, '5511987654321@s.whatsapp.net', '5511987654321@s.whatsapp.net'],
    [TO, ' 5511987654321:3@s.whatsapp.net ', '5511987654321@s.whatsapp.net'],
    [TO, 'status@broadcast', `${TO}@s.whatsapp.net`],
    [TO, '../../x@lid', `${TO}@s.whatsapp.net`],
    [TO, '@lid', `${TO}@s.whatsapp.net`],
    [TO, 'x@g.us', `${TO}@s.whatsapp.net`],
    [TO, '1@s.whatsapp.net.evil', `${TO}@s.whatsapp.net`],
  ])('C-25 targetPhoneNumber %j, targetJid %j → %s', async (targetPhoneNumber, targetJid, to) => {
    const bridge = harness();
    const reply = await bridge.call(PATH, { body: { targetPhoneNumber, targetJid, message: 'x' } });
    expect(reply.status).toBe(200);
    expect(sentTo(bridge)).toEqual([to]);
  });

  it.each([
    [undefined, undefined],
    [null, null],
    ['', ''],
    ['12345', null],
    ['abc', '5511987654321'],
    ['1'.repeat(21), 'x@lid'],
    [null, 'status@broadcast'],
    [null, '123@newsletter'],
    [null, 'constructor@lid'],
  ])('neither usable: %j, %j → 400 Recipient missing', async (targetPhoneNumber, targetJid) => {
    const { call, numbers } = harness();
    const reply = await call(PATH, { body: { targetPhoneNumber, targetJid, message: 'x' } });
    expect([reply.status, reply.body]).toEqual([400, { error: 'Recipient missing' }]);
    expect(numbers.calls).toEqual([]);
  });
});

describe('messages §1.3, §1.4, §2: one answer for each outcome', () => {
  const id = '3EB0AABBCCDDEEFF0011';
  const to = `${TO}@s.whatsapp.net`;
  const rows: [name: string, answer: SendAnswer, status: number, body: object][] = [
    ['sent', { kind: 'sent', id, to }, 200, { message: 'MESSAGE SENT SUCCESSFULLY', id, messageId: id, jid: to }],
    [
      'pending',
      { kind: 'pending', id, to },
      200,
      { message: 'MESSAGE SENT SUCCESSFULLY', id, messageId: id, jid: to, pending: true },
    ],
    [
      'failed',
      { kind: 'failed', id, code: 463, error: 'refused by WhatsApp' },
      500,
      { error: 'SEND THREW', details: 'refused by WhatsApp (463)', id, messageId: id },
    ],
    [
      'failed without code',
      { kind: 'failed', id, error: 'no session' },
      500,
      { error: 'SEND THREW', details: 'no session', id, messageId: id },
    ],
    [
      'unknown',
      { kind: 'unknown', id, error: 'socket closed' },
      504,
      {
        success: false,
        error: 'baileys did not answer in time; outcome unknown',
        details: 'socket closed',
        id,
        messageId: id,
      },
    ],
    ['not ready', { kind: 'not ready', why: 'not paired' }, 503, { error: 'CLIENT NOT READY', details: 'not paired' }],
    ['timed out', { kind: 'timed out', why: 'queue' }, 503, { error: 'SEND TIMED OUT', details: 'queue' }],
  ];

  it.each(rows)('C-24 %s', async (_, answer, status, body) => {
    const { call, numbers } = harness();
    numbers.sendAnswer = () => answer;
    const reply = await call(PATH, { body: text });
    expect([reply.status, reply.body]).toEqual([status, body]);
  });

  it('a success never says success:false or ok:false; a failure always has a non-empty error', async () => {
    for (const [, answer, status] of rows) {
      const { call, numbers } = harness();
      numbers.sendAnswer = () => answer;
      const { body } = await call(PATH, { body: text });
      if (status < 300) expect(body).not.toMatchObject({ success: false });
      else expect(body).toMatchObject({ error: expect.stringMatching(/./) });
    }
  });

  it('C-29 the deadline of SEND_ANSWER_DEADLINE_MS goes with the request', async () => {
    const { call, numbers } = harness({ waits: { initializeMs: 1, codeMs: 1, downMs: 1, sendMs: 18_000 } });
    const before = Date.now();
    await call(PATH, { body: text });
    const [request] = numbers.calls.map(([, sent]) => sent as { deadline: number; from: string });
    const { deadline, from } = request ?? { deadline: 0, from: '' };
    expect(deadline).toBeGreaterThanOrEqual(before + 18_000);
    expect(deadline).toBeLessThanOrEqual(Date.now() + 18_000);
    expect(from).toBe(PHONE);
  });

  it('an exception is 500 ERROR SENDING MESSAGE without internals (C-08)', async () => {
    const { call, numbers } = harness();
    numbers.sendAnswer = () => {
      throw new Error('hello is what the customer wrote');
    };
    const reply = await call(PATH, { body: text });
    expect(reply).toMatchObject({ status: 500, body: { error: 'ERROR SENDING MESSAGE', details: expect.any(String) } });
    expect(reply.text).not.toContain('customer');
  });

  it('messages §1.4 Idempotency-Key is passed on; without it there is none', async () => {
    const { call, numbers } = harness();
    await call(PATH, { body: text, headers: { 'Idempotency-Key': 'order-77:1' } });
    await call(PATH, { body: text });
    await call(PATH, { body: text, headers: { 'Idempotency-Key': '' } });
    const keys = numbers.calls.map(([, request]) => (request as { idempotencyKey?: string }).idempotencyKey);
    expect(keys).toEqual(['order-77:1', undefined, undefined]);
    for (const key of ['x'.repeat(256), 'a b', 'schlüssel']) {
      const reply = await call(PATH, { body: text, headers: { 'Idempotency-Key': key } });
      expect([reply.status, reply.body]).toEqual([400, { error: 'Invalid Idempotency-Key' }]);
    }
    expect(numbers.calls).toHaveLength(3);
  });

  it('200 parallel sends of a campaign are all handed on', async () => {
    const { call, numbers } = harness();
    const replies = await Promise.all(Array.from({ length: 200 }, () => call(PATH, { body: text })));
    expect(replies.every(({ status }) => status === 200)).toBe(true);
    expect(numbers.calls).toHaveLength(200);
  });
});

describe('messages §2 content of send-message', () => {
  it.each([
    ['a text', 'hello', 'hello'],
    ['a number', 12345, '12345'],
    ['blanks around are kept', ' hi \n', ' hi \n'],
    ['emoji and $ are literal', '👋 $1 ${x}', '👋 $1 ${x}'],
    ['the longest', 'x'.repeat(65_536), 'x'.repeat(65_536)],
  ])('%s', async (_, message, sent) => {
    const { call, numbers } = harness();
    expect((await call(PATH, { body: { ...text, message } })).status).toBe(200);
    expect(numbers.calls[0]?.[1]).toMatchObject({ content: { kind: 'text', text: sent } });
  });

  it.each([undefined, null, '', '   '])('message %j → 400 Message missing', async (message) => {
    const { call, numbers } = harness();
    const reply = await call(PATH, { body: { ...text, message } });
    expect([reply.status, reply.body]).toEqual([400, { error: 'Message missing' }]);
    expect(numbers.calls).toEqual([]);
  });

  it('a longer text than WhatsApp takes → 400', async () => {
    const reply = await harness().call(PATH, { body: { ...text, message: 'x'.repeat(65_537) } });
    expect(reply.status).toBe(400);
  });

  it.each([
    { buttons: [] },
    { buttons: '[]' },
    { buttons: '' },
    { buttons: null },
    { buttons: {} },
    { template_type: '', carousel_data: '[{"title":"x"}]' },
    { template_type: 'text' },
    { location: null },
    { location: [] },
    { buttons: [{ type: 'url', text: 'nothing to open' }] },
    { location: { latitude: '', longitude: '' } },
    { location: { latitude: 'NaN', longitude: '13.4' } },
    { location: { latitude: 91, longitude: 13 } },
    { provider: 'baileys' },
    { provider: ' Baileys ' },
    { provider: null },
    { provider: 'unknown' },
    { footer: 'ignored on plain text', title: 't', subtitle: 's' },
  ])('BO2 is plain text: %j', async (extra) => {
    const { call, numbers } = harness();
    expect((await call(PATH, { body: { ...text, ...extra } })).status).toBe(200);
    expect(numbers.calls[0]?.[1]).toMatchObject({ content: { kind: 'text', text: 'hello' } });
  });

  it.each([
    [{ message: { a: 1 } }, 'Invalid message'],
    [{ message: ['x'] }, 'Invalid message'],
    [{ message: true }, 'Invalid message'],
    [{ targetJid: {} }, 'Invalid targetJid'],
    [{ targetPhoneNumber: [TO] }, 'Invalid targetPhoneNumber'],
    [{ provider: ['waba'] }, 'Invalid provider'],
    [{ buttons: 'not json' }, 'Invalid buttons'],
    [{ buttons: 7 }, 'Invalid buttons'],
    [{ buttons: '"[]"' }, 'Invalid buttons'],
  ])('P12 wrong types are named: %j → 400 %s', async (extra, error) => {
    const { call, numbers } = harness();
    expect(await call(PATH, { body: { ...text, ...extra } })).toMatchObject({ status: 400, body: { error } });
    expect(numbers.calls).toEqual([]);
  });
});
