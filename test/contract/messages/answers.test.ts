/**
 * Contract messages: every send route and action over in-memory numbers. What is handed to the number, and the answer for
 * each outcome, literal by literal. What contacts see of it is in the other files of this folder.
 */
import { describe, expect, it } from 'vitest';
import type { SendAnswer, SendRequest } from '../../../src/actors/protocol.ts';
import type { SenderSettings } from '../../../src/content/engine-choice.ts';
import { harness, PHONE, SOCKET_ONLY } from '../../unit/http/harness.ts';

const TO = '4915112345678';
const JID = `${TO}@s.whatsapp.net`;
const GROUP = '120363041234567890@g.us';
const ID = '3EB0AABBCCDDEEFF0011';
const target = { targetMessageId: ID, fromMe: 'true' };
const buttons = [{ text: 'Yes' }];
const file = 'https://app.example.com/a.png';
const NO_TARGET = 'targetMessageId required — message has no WhatsApp id stored';

type Row = {
  readonly route: string;
  readonly body: object;
  /** Of the content that the number gets. */
  readonly kind: string;
  /** A success without its ids. */
  readonly success: object;
  /** A 500 for the reason "gone (463)". */
  readonly failed: object;
  /** A 500 for an exception. */
  readonly thrown: object;
};

const details = 'gone (463)';
const internal = expect.stringMatching(/./);
const words = (error: string, thrown = error) => ({
  failed: { error, details },
  thrown: { error: thrown, details: internal },
});
const flagged = { failed: { success: false, error: details }, thrown: { success: false, error: internal } };
const MESSAGE = 'MESSAGE SENT SUCCESSFULLY';
const THREW = 'ERROR SENDING MESSAGE';

const rows: Row[] = [
  {
    ...{ route: 'send-message', body: { message: 'hi' }, kind: 'text' },
    ...{ success: { message: MESSAGE, jid: JID }, ...words('SEND THREW', THREW) },
  },
  {
    ...{ route: 'send-message', body: { message: 'hi', buttons }, kind: 'buttons' },
    ...{ success: { message: MESSAGE }, ...words('BUTTON SEND THREW', THREW) },
  },
  {
    route: 'send-message',
    body: { message: 'hi', template_type: 'carousel', carousel_data: [{ title: 'x' }] },
    kind: 'carousel',
    ...{ success: { message: MESSAGE }, ...words('CAROUSEL SEND FAILED', THREW) },
  },
  {
    ...{ route: 'send-media-only', body: { file }, kind: 'media' },
    ...{ success: { message: 'MEDIA SENT SUCCESSFULLY' }, ...words('ERROR SENDING MEDIA') },
  },
  {
    ...{ route: 'send-media-message', body: { file, caption: 'hi' }, kind: 'media' },
    ...{ success: { success: true, message: 'Media Sent Successfully!' }, ...flagged },
  },
  {
    ...{ route: 'send-media-message', body: { file, buttons: JSON.stringify(buttons) }, kind: 'buttons' },
    ...{ success: { success: true, message: 'Media + Buttons Sent!' }, ...flagged },
  },
  {
    ...{ route: 'send-location', body: { latitude: '52.5200000', longitude: 13.4 }, kind: 'location' },
    ...{ success: { message: 'LOCATION SENT SUCCESSFULLY' }, ...words('ERROR SENDING LOCATION') },
  },
  {
    ...{ route: 'send-contact', body: { name: 'Ann', phone: '49151' }, kind: 'contact' },
    ...{ success: { ok: true }, ...words('CONTACT SEND FAILED') },
  },
  {
    ...{ route: 'send-group-message', body: { group_jid: GROUP, text: 'hi' }, kind: 'text' },
    ...{ success: { message: 'GROUP MESSAGE SENT' }, ...words('GROUP SEND FAILED') },
  },
  {
    ...{ route: 'send-product-catalog', body: { products: [{ id: 1 }] }, kind: 'carousel' },
    ...{ success: { success: true, message: 'PRODUCT CATALOG SENT SUCCESSFULLY' }, ...flagged },
  },
  {
    ...{ route: 'send-reaction', body: { ...target, emoji: '👍' }, kind: 'reaction' },
    ...{ success: { ok: true }, ...words('REACTION FAILED') },
  },
  { route: 'pin-message', body: target, kind: 'pin', success: { ok: true }, ...words('PIN FAILED') },
  {
    ...{ route: 'edit-message', body: { ...target, newText: 'better' }, kind: 'edit' },
    ...{ success: { ok: true }, ...words('EDIT FAILED') },
  },
  { route: 'delete-message', body: target, kind: 'delete', success: { ok: true }, ...words('DELETE FAILED') },
];
const routes = rows.map((row) => [`${row.route} (${row.kind})`, row] as const);
const ACTIONS = ['send-reaction', 'pin-message', 'edit-message', 'delete-message'];

const path = (route: string) => `/api/${route}/${PHONE}`;
const bodyOf = ({ body }: Row, to: object = { targetPhoneNumber: TO, targetJid: null }) => ({ ...to, ...body });

async function post(row: Row, answer?: SendAnswer | (() => never), body: object = bodyOf(row)) {
  const bridge = harness();
  if (answer) bridge.numbers.sendAnswer = typeof answer === 'function' ? answer : () => answer;
  const reply = await bridge.call(path(row.route), { body });
  const sent = bridge.numbers.calls.map(([, request]) => request as SendRequest);
  return { ...bridge, reply, sent, told: [reply.status, reply.body] };
}

describe.each(routes)('messages §1.3, §1.4: answers of %s', (_, row) => {
  it('sent: its literals with id and messageId (C-24), the content handed over', async () => {
    const { told, sent } = await post(row, { kind: 'sent', id: ID, to: JID });
    expect(told).toEqual([200, { ...row.success, id: ID, messageId: ID }]);
    expect(sent).toMatchObject([{ from: PHONE, content: { kind: row.kind } }]);
  });

  it('pending: the same with pending:true', async () => {
    const { told } = await post(row, { kind: 'pending', id: ID, to: JID });
    expect(told).toEqual([200, { ...row.success, id: ID, messageId: ID, pending: true }]);
  });

  it('certainly not sent: 500 in its words', async () => {
    const { told } = await post(row, { kind: 'failed', id: ID, code: 463, error: 'gone' });
    expect(told).toEqual([500, { ...row.failed, id: ID, messageId: ID }]);
  });

  it('outcome unknown: 504, never "failed"', async () => {
    const { told } = await post(row, { kind: 'unknown', id: ID, error: 'closed' });
    const error = 'baileys did not answer in time; outcome unknown';
    expect(told).toEqual([504, { success: false, error, details: 'closed', id: ID, messageId: ID }]);
  });

  it('C-26 not ready, out of time: 503 without an id', async () => {
    const notReady = await post(row, { kind: 'not ready', why: 'not paired' });
    expect(notReady.told).toEqual([503, { error: 'CLIENT NOT READY', details: 'not paired' }]);
    const late = await post(row, { kind: 'timed out', why: 'queue' });
    expect(late.told).toEqual([503, { error: 'SEND TIMED OUT', details: 'queue' }]);
  });

  it('an exception: 500 in its words, without internals (C-08)', async () => {
    const { told, reply } = await post(row, () => {
      throw new Error('what the customer wrote');
    });
    expect(told).toEqual([500, { ...row.thrown, requestId: expect.any(String) }]);
    expect(reply.text).not.toContain('customer');
  });

  it('README §1: the fields may lie in `json`', async () => {
    const { sent } = await post(row, undefined, { json: bodyOf(row), provider: 'baileys' });
    expect(sent).toMatchObject([{ content: { kind: row.kind } }]);
  });

  it('Idempotency-Key goes with it, a broken one is 400', async () => {
    const { call, numbers } = harness();
    const ask = (key: string) => call(path(row.route), { body: bodyOf(row), headers: { 'Idempotency-Key': key } });
    await ask('order-77');
    expect(numbers.calls).toMatchObject([['send', { idempotencyKey: 'order-77' }]]);
    expect(await ask('a b')).toMatchObject({ status: 400, body: { error: 'Invalid Idempotency-Key' } });
    expect(numbers.calls).toHaveLength(1);
  });

  it('C-29 answers by its deadline: 8 s for actions, else SEND_ANSWER_DEADLINE_MS', async () => {
    const ms = ACTIONS.includes(row.route) ? 8_000 : 18_000;
    const bridge = harness({ waits: { initializeMs: 1, codeMs: 1, downMs: 1, sendMs: 18_000 } });
    const before = Date.now();
    await bridge.call(path(row.route), { body: bodyOf(row) });
    const [deadline = 0] = bridge.numbers.calls.map(([, request]) => (request as SendRequest).deadline);
    expect(deadline).toBeGreaterThanOrEqual(before + ms);
    expect(deadline).toBeLessThanOrEqual(Date.now() + ms);
  });
});

describe.each(routes.filter(([, { route }]) => route !== 'send-group-message'))(
  'messages §1.1: recipients of %s',
  (_, row) => {
    it.each([
      [{ targetPhoneNumber: null, targetJid: '99887766@lid' }, '99887766@lid'],
      [{ targetPhoneNumber: TO, targetJid: GROUP }, GROUP],
      [{ targetPhoneNumber: '', targetJid: '5511987654321@s.whatsapp.net' }, '5511987654321@s.whatsapp.net'],
      [{ targetPhoneNumber: `+${TO}`, targetJid: '5511987654321' }, JID],
      [{ targetPhoneNumber: TO, targetJid: null }, JID],
    ])('C-25 %j → %s', async (to, jid) => {
      const { sent } = await post(row, undefined, bodyOf(row, to));
      expect(sent).toMatchObject([{ to: jid }]);
    });

    it('neither usable: 400 Recipient missing', async () => {
      const { told, sent } = await post(row, undefined, bodyOf(row, {}));
      expect(told).toEqual([400, { error: 'Recipient missing' }]);
      expect(sent).toEqual([]);
    });
  },
);

describe('messages §1.2 engine choice (C-27)', () => {
  const choosing = rows.filter(({ route }) => /^send-(message|media|location|product)/.test(route));
  const CLOUD: SenderSettings = { ...SOCKET_ONLY, useCloud: true, cloudIsComplete: true };
  const TWILIO: SenderSettings = { ...SOCKET_ONLY, useTwilio: true, twilioIsComplete: true };
  const missing = (engine: string) => ({
    success: false,
    error: `${engine} credentials are incomplete for ${PHONE}`,
  });
  const unavailable = { success: false, error: 'Settings unavailable' };

  const cases: [provider: string | null, settings: SenderSettings | undefined, status: number, body: object][] = [
    ['waba', SOCKET_ONLY, 422, missing('WhatsApp Cloud API')],
    [' TWILIO ', SOCKET_ONLY, 422, missing('Twilio')],
    [null, { ...CLOUD, cloudIsComplete: false }, 422, missing('WhatsApp Cloud API')],
    ['', { ...TWILIO, twilioIsComplete: false }, 422, missing('Twilio')],
    ['waba', undefined, 503, unavailable],
    ['twilio', undefined, 503, unavailable],
    [null, undefined, 503, unavailable],
  ];

  it.each(cases)('provider %j, settings %j → %i, nothing leaves', async (provider, settings, status, body) => {
    for (const row of choosing) {
      const { call, numbers } = harness({ readSettings: () => Promise.resolve(settings) });
      const reply = await call(path(row.route), { body: { ...bodyOf(row), provider } });
      expect([row.route, reply.status, reply.body]).toEqual([row.route, status, body]);
      expect(numbers.calls).toEqual([]);
    }
  });

  it.each(['twilio', 'other', null])('provider %j, Twilio in the settings: its answers (§1.3)', async (provider) => {
    const body = { targetPhoneNumber: TO, message: 'x', provider };
    const { call, numbers, providers } = harness({ readSettings: () => Promise.resolve(TWILIO) });
    providers.result = { kind: 'sent', id: 'SM1', to: TO };
    expect(await call(path('send-message'), { body })).toMatchObject({
      status: 200,
      body: { success: true, message: 'MESSAGE SENT SUCCESSFULLY', id: 'SM1', messageId: 'SM1' },
    });
    providers.result = { kind: 'failed', error: '63016: outside the window', class: 'needs template', code: 63016 };
    expect(await call(path('send-message'), { body })).toMatchObject({
      status: 500,
      body: { success: false, error: '63016: outside the window', errorCode: 63016 },
    });
    providers.result = { kind: 'unknown', error: 'cut' };
    expect(await call(path('send-message'), { body })).toMatchObject({
      status: 504,
      body: { success: false, error: 'twilio did not answer in time; outcome unknown' },
    });
    expect(providers.requests.map(({ engine, to }) => [engine, to])).toEqual(Array(3).fill(['twilio', TO]));
    expect(numbers.calls).toEqual([]);
  });

  it.each([
    ['waba', CLOUD, 'WhatsApp Cloud API'],
    ['twilio', TWILIO, 'Twilio'],
  ])(
    '§1.1 %s: a LID is replaced by the phone that the number knows; else nothing is sent',
    async (_, settings, name) => {
      const { call, numbers, providers } = harness({ readSettings: () => Promise.resolve(settings) });
      numbers.phones.set(`${PHONE} 99887766`, TO);
      const ask = (targetJid: string) => call(path('send-message'), { body: { targetJid, message: 'x' } });
      expect((await ask('99887766@lid')).status).toBe(200);
      expect(providers.requests.map(({ to }) => to)).toEqual([TO]);
      for (const jid of ['99887767@lid', GROUP])
        expect(await ask(jid)).toMatchObject({
          status: 500,
          body: { success: false, error: `${name} sends to phone numbers only` },
        });
      expect(providers.requests).toHaveLength(1);
    },
  );

  it('baileys is the socket, whatever the settings say or do not say', async () => {
    for (const settings of [CLOUD, TWILIO, undefined]) {
      const { call, numbers } = harness({ readSettings: () => Promise.resolve(settings) });
      const body = { targetPhoneNumber: TO, message: 'x', provider: 'Baileys' };
      expect((await call(path('send-message'), { body })).status).toBe(200);
      expect(numbers.calls).toHaveLength(1);
    }
  });

  it('without settings and without provider a ready socket is used', async () => {
    const { call, numbers } = harness({ readSettings: () => Promise.resolve(undefined) });
    numbers.set(PHONE, { ready: true, paired: true });
    expect((await call(path('send-message'), { body: { targetPhoneNumber: TO, message: 'x' } })).status).toBe(200);
  });

  it('the settings are those of the caller’s workspace, none when it names none', async () => {
    const asked: unknown[] = [];
    const readSettings = (digits: string, workspace: string | undefined) => {
      asked.push([digits, workspace]);
      return Promise.resolve({ ...SOCKET_ONLY, brandingFooter: 'Acme' });
    };
    const { call, numbers } = harness({ readSettings });
    const body = { targetPhoneNumber: TO, message: 'x' };
    await call(`${path('send-message')}?workspace_id=7`, { body });
    await call(path('send-message'), { body: { ...body, workspace_id: 8 } });
    await call(path('send-message'), { body });
    expect(asked).toEqual([
      [PHONE, '7'],
      [PHONE, '8'],
      [PHONE, undefined],
    ]);
    expect(numbers.calls[0]).toMatchObject(['send', { content: { text: 'x\n\n_Acme_' } }]);
  });

  it('actions, contacts and groups know only the paired connection', async () => {
    for (const row of rows.filter((one) => !choosing.includes(one))) {
      const { call, numbers } = harness({ readSettings: () => expect.fail('no settings are needed') });
      expect((await call(path(row.route), { body: { ...bodyOf(row), provider: 'waba' } })).status).toBe(200);
      expect(numbers.calls).toHaveLength(1);
    }
  });
});

describe('refusals of single routes', () => {
  const to = { targetPhoneNumber: TO };
  const refusals: [route: string, body: object, error: object][] = [
    ['send-message', { ...to }, { error: 'Message missing' }],
    ['send-media-only', { ...to }, { error: 'Media missing' }],
    ['send-media-message', { ...to }, { success: false, error: 'Media missing' }],
    ['send-location', { ...to, latitude: 'NaN', longitude: 0 }, { error: 'Invalid coordinates' }],
    ['send-location', { ...to, latitude: 1, longitude: 181 }, { error: 'Invalid coordinates' }],
    ['send-location', { ...to }, { error: 'Invalid coordinates' }],
    ['send-contact', { ...to, name: 'x' }, { error: 'vcard or phone required' }],
    ['send-group-message', { text: 'x' }, { error: 'group_jid required' }],
    ['send-group-message', { group_jid: '49151@lid', text: 'x' }, { error: 'group_jid required' }],
    ['send-group-message', { group_jid: GROUP }, { error: 'text required' }],
    ['send-product-catalog', { ...to }, { success: false, error: 'No products provided for carousel' }],
    ['pin-message', { ...to, targetMessageId: null }, { error: NO_TARGET }],
    ['star-message', { ...to, targetMessageId: '' }, { error: NO_TARGET }],
    ['star-message', { targetMessageId: ID }, { error: 'Recipient missing' }],
    ['edit-message', { ...to, newText: 'x' }, { error: NO_TARGET }],
    ['edit-message', { ...to, ...target, newText: ' ' }, { error: 'newText required' }],
    ['delete-message', { ...to, targetMessageId: 'x'.repeat(192) }, { error: NO_TARGET }],
  ];

  it.each(refusals)('%s %j → 400 %j', async (route, body, error) => {
    const { call, numbers } = harness();
    const reply = await call(path(route), { body });
    expect([reply.status, reply.body]).toEqual([400, error]);
    expect(numbers.calls).toEqual([]);
  });

  it('§11 refused media is 400 with the reason, never a text in its place', async () => {
    for (const row of rows.filter(({ route }) => /media|catalog|send-message/.test(route))) {
      const { told, sent } = await post(row, { kind: 'failed', id: ID, error: 'Invalid media', why: 'media refused' });
      expect(told).toEqual([400, { ...('success' in row.failed && { success: false }), error: 'Invalid media' }]);
      expect(sent).toHaveLength(1);
    }
  });
});

describe('messages §6 actions', () => {
  const sent = async (route: string, fields: object) => {
    const bridge = harness();
    bridge.numbers.newest.set(`${PHONE} ${JID}`, '3EB0NEWEST');
    const reply = await bridge.call(path(route), { body: { targetPhoneNumber: TO, ...fields } });
    const [request] = bridge.numbers.calls.map(([, one]) => one as SendRequest);
    return { reply, content: request?.content, call: bridge.numbers.calls[0] };
  };

  it.each([
    ['👍', '👍'],
    ['', ''],
    [null, ''],
    [undefined, ''],
  ])('send-reaction: emoji %j', async (emoji, given) => {
    const { content } = await sent('send-reaction', { ...target, emoji });
    expect(content).toEqual({ kind: 'reaction', emoji: given, target: { id: ID, fromMe: true } });
  });

  it.each([
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
    [undefined, false],
  ])('fromMe %j is %s', async (fromMe, own) => {
    const { content } = await sent('send-reaction', { targetMessageId: ID, fromMe, emoji: 'x' });
    expect(content).toMatchObject({ target: { fromMe: own } });
  });

  it('send-reaction without a target reacts to the newest own message of the chat; none is 404', async () => {
    const { content } = await sent('send-reaction', { targetMessageId: null, emoji: 'x' });
    expect(content).toMatchObject({ target: { id: '3EB0NEWEST', fromMe: true } });
    const other = await sent('send-reaction', { targetPhoneNumber: '4917000000000', emoji: 'x' });
    expect([other.reply.status, other.reply.body]).toEqual([404, { error: 'No target message to react to' }]);
    expect(other.content).toBeUndefined();
  });

  it.each([
    [{}, true, 604_800],
    [{ pin: 'false' }, false, 604_800],
    [{ pin: true, duration: 86_400 }, true, 86_400],
    [{ duration: '2592000' }, true, 2_592_000],
    [{ duration: 'x' }, true, 604_800],
    [{ duration: -1 }, true, 604_800],
  ])('C-47 pin-message %j', async (fields, pin, seconds) => {
    const { content } = await sent('pin-message', { ...target, ...fields });
    expect(content).toEqual({ kind: 'pin', target: { id: ID, fromMe: true }, pin, seconds });
  });

  it('edit and delete mean own messages unless the caller says otherwise', async () => {
    const edit = await sent('edit-message', { targetMessageId: ID, newText: ' better ' });
    expect(edit.content).toEqual({ kind: 'edit', target: { id: ID, fromMe: true }, text: ' better ' });
    const removed = await sent('delete-message', { targetMessageId: ID, fromMe: false });
    expect(removed.content).toEqual({ kind: 'delete', target: { id: ID, fromMe: false } });
  });

  it.each([
    [{}, true],
    [{ star: 'false' }, false],
    [{ star: false }, false],
  ])('star-message %j', async (fields, star) => {
    const { reply, call } = await sent('star-message', { ...target, ...fields });
    expect([reply.status, reply.body]).toEqual([200, { ok: true }]);
    expect(call?.slice(0, 5)).toEqual(['star', PHONE, JID, { id: ID, fromMe: true }, star]);
  });

  it('star-message: failures', async () => {
    const { call, numbers } = harness();
    const body = { targetPhoneNumber: TO, ...target };
    numbers.starAnswer = () => ({ kind: 'failed', error: 'no key' });
    expect(await call(path('star-message'), { body })).toMatchObject({
      status: 500,
      body: { error: 'STAR FAILED', details: 'no key' },
    });
    numbers.starAnswer = () => ({ kind: 'not ready', why: 'not paired' });
    expect(await call(path('star-message'), { body })).toMatchObject({
      status: 503,
      body: { error: 'CLIENT NOT READY' },
    });
  });
});

describe('messages §7 groups', () => {
  it.each([
    [GROUP, GROUP],
    ['120363041234567890', GROUP],
    [' 4915112345678-1612345678 ', '4915112345678-1612345678@g.us'],
    ['group 120363041234567890', GROUP],
  ])('group_jid %j → %s', async (group_jid, to) => {
    const { call, numbers } = harness();
    await call(path('send-group-message'), { body: { group_jid, text: 'hi @49151123', mentions: ['49151123'] } });
    const content = { kind: 'text', text: 'hi @49151123', mentions: ['49151123@s.whatsapp.net'] };
    expect(numbers.calls).toMatchObject([['send', { to, content }]]);
  });
});
