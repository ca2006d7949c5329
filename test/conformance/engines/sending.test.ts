import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sentToday } from '../../../src/actors/daily-count.ts';
import { limitsOf } from '../../../src/actors/limits.ts';
import { newMessageId } from '../../../src/ids.ts';
import { type Attempt, CONTACT, eventually, PHONE, World } from './world.ts';

const TO = `${CONTACT}@s.whatsapp.net`;

describe('linked-device engine: sending', () => {
  let world: World;
  let connection: Attempt;
  beforeEach(async () => {
    world = await World.start();
    world.whatsapp.createPhone(CONTACT);
    connection = await world.paired();
  });
  afterEach(async () => {
    await world.stop();
  });

  const texts = () => world.whatsapp.messages(CONTACT).map(({ text }) => text);

  it('SE2 `sent` once the server has acknowledged the id; receipts follow in rank order, each once', async () => {
    const id = newMessageId();
    expect(await connection.send('hello', TO, { id })).toEqual({ kind: 'sent', id, to: TO });
    await eventually('delivered', () => world.receipts().length === 1);
    world.whatsapp.receipt(CONTACT, { id, type: 'read', addressing: 'lid' });
    await eventually('read', () => world.receipts().length === 2);
    world.whatsapp.receipt(CONTACT, { id, type: 'delivered' });
    world.whatsapp.receipt(CONTACT, { id, type: 'played' });
    await connection.send('later');
    await eventually('the receipt after it', () => world.receipts().length === 3);
    expect(world.receipts().map((fact) => [fact.id === id, fact.status])).toEqual([
      [true, 'delivered'],
      [true, 'read'],
      [false, 'delivered'],
    ]);
    expect(texts()).toEqual(['hello', 'later']);
  });

  it('S-20, S-28 a receipt of a job goes to the job alone, over a restart too; each id counts once for the day', async () => {
    const id = newMessageId();
    await connection.send('for a job', TO, { id, origin: 'job' });
    await eventually('delivered', () => world.jobReceipts.length === 1);
    await world.leave();
    world.restart();
    connection = await world.login();
    expect(await connection.send('the same again', TO, { id, origin: 'job' })).toMatchObject({ kind: 'sent' });
    world.whatsapp.receipt(CONTACT, { id, type: 'read' });
    await eventually('read', () => world.jobReceipts.length === 2);
    expect(world.jobReceipts).toMatchObject([
      { device: PHONE, id, status: 'delivered' },
      { device: PHONE, id, status: 'read' },
    ]);
    await connection.send('of a person');
    await eventually('its receipt', () => world.receipts().length === 1);
    expect(texts()).toEqual(['for a job', 'of a person']);
    expect(sentToday(world.stores.open(PHONE), Date.now())).toBe(2);
  });

  it('an error ack is `failed` with its code (463)', async () => {
    await connection.send('before');
    world.whatsapp.applyFaults({ ack: { error: 463, times: 1 } });
    expect(await connection.send('refused')).toMatchObject({ kind: 'failed', code: 463 });
    expect(texts()).toEqual(['before']);
  });

  it('C-23 a refusal after the answer is remembered, teaches a limit of the number, and ends the promise', async () => {
    await connection.send('before');
    world.whatsapp.applyFaults({ ack: { error: 463, delayMs: 700, times: 1 } });
    expect(await connection.send('restricted', TO, { ms: 400 })).toMatchObject({ kind: 'pending' });
    const store = world.stores.open(PHONE);
    await eventually('the limit', () => limitsOf(store, Date.now()).length === 1);
    expect(limitsOf(store, Date.now())).toMatchObject([{ code: 463 }]);
    const promises = () => [...store.table('promised-sends').keys()].length;
    expect(promises()).toBe(1);
    await connection.handle.close();
    await world.login();
    await eventually('the promise is given up', () => promises() === 0);
    expect(texts()).toEqual(['before']);
  });

  it('no ack by the deadline is `pending`; a later receipt is still told', async () => {
    await connection.send('before');
    world.whatsapp.applyFaults({ ack: { drop: true, times: 1 } });
    const id = newMessageId();
    expect(await connection.send('no ack', TO, { id, ms: 600 })).toEqual({ kind: 'pending', id, to: TO });
    await eventually('its receipt', () => world.receipts().some((fact) => fact.id === id));
  });

  it('E2 a connection that is lost before the ack is `unknown`', async () => {
    await connection.send('before');
    world.whatsapp.applyFaults({ ack: { drop: true, times: 1 } });
    const result = connection.send('lost');
    await eventually('at the contact', () => texts().length === 2);
    world.whatsapp.closeNumber(PHONE, { how: 'tcp' });
    expect(await result).toMatchObject({ kind: 'unknown' });
  });

  it('SE4 a lost device list is `failed` within the deadline, and nothing goes out, then or later', async () => {
    await connection.send('before');
    await connection.handle.close();
    connection = await world.login();
    world.whatsapp.applyFaults({ usync: 'drop' });
    expect(await connection.send('to nobody', TO, { ms: 800 })).toMatchObject({ kind: 'failed' });
    world.whatsapp.applyFaults({ clear: true });
    await connection.handle.close();
    expect(texts()).toEqual(['before']);
    expect(world.whatsapp.checks()).toMatchObject({ messagesWithoutParticipants: 0 });
  });

  it('an overloaded service is `failed` with 429, not a false success', async () => {
    world.whatsapp.applyFaults({ iq: { xmlns: 'usync', error: 429 } });
    expect(await connection.send('too much')).toMatchObject({ kind: 'failed', code: 429 });
    expect(texts()).toEqual([]);
  });

  it('a number that is not on WhatsApp is `failed`, and nobody gets a copy', async () => {
    world.whatsapp.removeContact('4915799999999');
    const result = await connection.send('hello?', '4915799999999@s.whatsapp.net');
    expect(result).toMatchObject({ kind: 'failed', error: 'Number is not on WhatsApp' });
    expect(world.whatsapp.ownCopies(PHONE)).toEqual([]);
  });

  it('numbers-and-lid §3: asks for the variants and uses the number that WhatsApp knows', async () => {
    world.whatsapp.removeContact('554187654321');
    world.whatsapp.createPhone('5541987654321');
    const result = await connection.send('oi', '554187654321@s.whatsapp.net');
    expect(result).toMatchObject({ kind: 'sent', to: '5541987654321@s.whatsapp.net' });
    await eventually('arrived', () => world.whatsapp.messages('5541987654321').length === 1);
  });

  it('P6 the same id again sends nothing new and gives the same answer, also in parallel and after a restart', async () => {
    const id = newMessageId();
    const both = await Promise.all([connection.send('once', TO, { id }), connection.send('once', TO, { id })]);
    expect(both).toEqual([both[0], both[0]]);
    await world.leave();
    world.restart();
    connection = await world.login();
    expect(await connection.send('another text', TO, { id })).toEqual(both[0]);
    expect(texts()).toEqual(['once']);
    expect(world.whatsapp.repeatedStanzas(CONTACT)).toEqual([]);
  });

  it('SI2 an id without an ack is sent again with the content that was recorded', async () => {
    await connection.send('before');
    world.whatsapp.applyFaults({ ack: { error: 500, times: 1 } });
    const id = newMessageId();
    expect(await connection.send('first words', TO, { id })).toMatchObject({ kind: 'failed' });
    expect(await connection.send('other words', TO, { id })).toMatchObject({ kind: 'sent' });
    expect(texts()).toEqual(['before', 'first words']);
  });

  it('SE5 sends to one contact arrive in the order of the calls', async () => {
    const wanted = Array.from({ length: 30 }, (_, n) => `n${n}`);
    const results = await Promise.all(wanted.map((text) => connection.send(text)));
    expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['sent']));
    expect(texts()).toEqual(wanted);
  });

  it('C-42 a retry receipt is answered from the sent index, under the same id, after a restart too', async () => {
    const id = newMessageId();
    await connection.send('again please', TO, { id });
    await eventually('arrived', () => texts().length === 1);
    await world.leave();
    world.restart();
    connection = await world.login();
    world.whatsapp.receipt(CONTACT, { id, type: 'retry' });
    await eventually('resent', () => world.whatsapp.repeatedStanzas(CONTACT).length > 0);
    expect(world.whatsapp.checks()).toMatchObject({ undecryptable: 0 });
  });

  it('SR1 traffic both ways at once leaves nothing undecryptable', async () => {
    await connection.send('first');
    const wanted = Array.from({ length: 60 }, (_, n) => `x${n}`);
    const theirs = async () => {
      for (const text of wanted) await world.whatsapp.sendFromContact(CONTACT, { to: PHONE, text });
    };
    const results = await Promise.all([theirs(), ...wanted.map((text) => connection.send(text))]);
    expect(results.slice(1).every((result) => result && result.kind === 'sent')).toBe(true);
    await eventually('all inbound', () => world.inbound().length === wanted.length);
    expect(world.inbound().map(({ text }) => text)).toEqual(wanted);
    expect(texts()).toEqual(['first', ...wanted]);
    expect(world.whatsapp.checks()).toMatchObject({
      undecryptable: 0,
      duplicateIds: 0,
      messagesWithoutParticipants: 0,
    });
  });
});
