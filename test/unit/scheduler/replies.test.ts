/** Customers' replies to campaigns (contract bulk §4.5). */
import { describe, expect, it } from 'vitest';
import type { CustomerMessage } from '../../../src/actors/protocol.ts';
import type { Fields } from '../../../src/scheduler/protocol.ts';
import { Replies } from '../../../src/scheduler/replies.ts';
import { digits } from '../../property/outbox/app.ts';
import { SENDER, Stage } from './stage.ts';

const DAY = 86_400_000;
const ANA = '5511987654321';
/** The same person without Brazil's ninth digit. */
const ANA_SHORT = '551187654321';
const BOB = '4915110000001';

const campaign = (campaignId: number, contacts: readonly Fields[], more: Fields = {}): Fields => ({
  campaignId,
  campaignType: 'custom',
  customMessage: { message: 'hello' },
  message: 'hello',
  targetContacts: contacts,
  ...more,
});

class Customers {
  readonly stage = new Stage();

  async run(id: number, contacts: readonly Fields[], more: { sender?: string } = {}): Promise<void> {
    await this.stage.register('campaign', campaign(id, contacts), more);
    await this.stage.run(60_000);
    expect(this.stage.told('campaign recipient').some(({ status }) => status === 'sent')).toBe(true);
  }

  async writes(phone: string, text: string, more: Partial<CustomerMessage> = {}): Promise<void> {
    const { stage } = this;
    const replies = new Replies(stage.life.books, stage.life.runs);
    const contact = { pn: digits(phone) };
    const message = { device: SENDER, contact, text, kind: 'text', at: stage.time.now(), ...more };
    await stage.settle(replies.onCustomer(message));
  }

  replies(): unknown[] {
    return this.stage.told('campaign reply').map(({ campaignId, reply }) => [campaignId, reply]);
  }
}

const response = (contactId: number, text: string) => ({ kind: 'response', contactId, text });

describe('facts/cloud-api.md §6.1, facts/twilio.md §6: the provider says that somebody opted out', () => {
  const optedOut = { kind: 'failed', error: '131050: stopped', attempted: true, because: 'opted out' } as const;

  it('a campaign tells it, after the failure of that contact and of nobody else', async () => {
    const { stage } = new Customers();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    stage.outcome = ({ to }) => (to === ANA ? optedOut : undefined);
    const contacts = [ANA, BOB].map((phone, index) => ({ id: index + 1, phone }));
    await stage.register('campaign', campaign(5, contacts));
    await stage.run(60_000);
    const told = stage.facts.flatMap((fact): unknown[][] => {
      if (fact.kind === 'campaign recipient') return [[fact.contactId, fact.status]];
      return fact.kind === 'campaign reply' ? [[fact.campaignId, fact.reply]] : [];
    });
    expect(told).toEqual([
      [1, 'failed'],
      [5, { kind: 'unsubscribe', phone: ANA }],
      [2, 'sent'],
    ]);
  });

  it('other jobs have no word for it: the error says it', async () => {
    const { stage } = new Customers();
    stage.outcome = () => optedOut;
    await stage.register('broadcast', { broadcastId: 5, targetContacts: [{ id: 1, phone: ANA }], message: 'x' });
    await stage.run(60_000);
    expect(stage.told('broadcast recipient')).toMatchObject([{ status: 'failed', error: '131050: stopped' }]);
    expect(stage.told('campaign reply')).toEqual([]);
  });
});

describe('S-64', () => {
  it('RP2: the first reply is told once per contact, with its text, and is kept in the ledger', async () => {
    const them = new Customers();
    await them.run(5, [
      { id: 1, phone: ANA },
      { id: 2, phone: BOB },
    ]);
    await them.writes(ANA, 'Yes please');
    await them.writes(ANA, 'and another');
    them.stage.restart();
    await them.writes(ANA, 'after a restart');
    await them.writes(BOB, '', { kind: 'image' });
    expect(them.replies()).toEqual([
      [5, response(1, 'Yes please')],
      [5, response(2, 'image')],
    ]);
    const rows = [...them.stage.life.books.rows('campaign-5')].map(([, row]) => row.response);
    expect(rows).toEqual(['Yes please', 'image']);
  });

  it('RP1: any way to write the number is the same customer; a part of it, a LID or another device is not', async () => {
    const them = new Customers();
    await them.run(5, [{ id: 1, phone: ANA_SHORT }]);
    await them.writes(ANA.slice(0, -1), 'shorter');
    await them.writes(`${ANA_SHORT}1`, 'longer');
    await them.writes(BOB, 'somebody');
    await them.writes(ANA, 'other device', { device: '5511900000002' });
    await them.writes(ANA, 'only a LID', { contact: { lid: ANA } });
    expect(them.replies()).toEqual([]);
    await them.writes(ANA, 'me');
    expect(them.replies()).toEqual([[5, response(1, 'me')]]);
  });

  it('only the newest campaign is told, and none that is older than 30 days or newer than the message', async () => {
    const them = new Customers();
    await them.run(5, [{ id: 1, phone: ANA }]);
    const between = them.stage.time.now();
    await them.stage.run(DAY);
    await them.run(6, [{ id: 1, phone: ANA_SHORT }]);
    await them.writes(ANA, 'late to the first', { at: between });
    await them.writes(ANA, 'to the second');
    expect(them.replies()).toEqual([
      [5, response(1, 'late to the first')],
      [6, response(1, 'to the second')],
    ]);
    await them.run(7, [{ id: 1, phone: BOB }]);
    await them.stage.run(31 * DAY);
    await them.writes(BOB, 'too late');
    expect(them.replies()).toHaveLength(2);
  });

  it.each(['unsubscribe', '  UnSubscribe \n'])('"%s" is told as such and is no reply', async (text) => {
    const them = new Customers();
    await them.run(5, [{ id: 1, phone: ANA }]);
    await them.writes(ANA, text);
    await them.writes(ANA, 'unsubscribe me');
    expect(them.replies()).toEqual([
      [5, { kind: 'unsubscribe', phone: ANA }],
      [5, response(1, 'unsubscribe me')],
    ]);
  });

  it('a contact that shares its phone with another one has replied too', async () => {
    const them = new Customers();
    await them.run(5, [
      { id: 1, phone: ANA },
      { id: 2, phone: ANA },
    ]);
    await them.writes(ANA, 'hi');
    expect(them.replies()).toEqual([
      [5, response(1, 'hi')],
      [5, response(2, 'hi')],
    ]);
  });

  it('a read receipt after the reply, and a reply after the receipt, lose neither', async () => {
    const them = new Customers();
    await them.run(5, [{ id: 1, phone: ANA }]);
    const { stage } = them;
    const receipt = (status: 'delivered' | 'read') =>
      stage.settle(
        stage.life.runs.receipt({ device: SENDER, id: stage.messages[0]?.id ?? '', status, at: stage.time.now() }),
      );
    await receipt('delivered');
    await them.writes(ANA, 'hi');
    await receipt('read');
    const [[, row] = []] = stage.life.books.rows('campaign-5');
    expect(row).toMatchObject({ state: 'read', response: 'hi' });
  });

  it('broadcasts and schedules are no campaigns', async () => {
    const them = new Customers();
    await them.stage.register('broadcast', { broadcastId: 5, message: 'x', targetContacts: [{ id: 1, phone: ANA }] });
    await them.stage.run(60_000);
    expect(them.stage.messages).toHaveLength(1);
    await them.writes(ANA, 'hi');
    expect(them.replies()).toEqual([]);
  });
});
