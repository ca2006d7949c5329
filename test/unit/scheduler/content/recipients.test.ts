/** Whom a job is for: contract schedules §1, §4, §12, bulk §2.1. */
import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../../src/content/loose.ts';
import { recipientsOf } from '../../../../src/scheduler/content/recipients.ts';

const bulk = (targetPhoneNumbers: unknown, recipientAttributes: unknown = {}) =>
  recipientsOf('bulk', { targetPhoneNumbers, recipientAttributes });
const broadcast = (...targetContacts: Fields[]) => recipientsOf('broadcast', { targetContacts });
const to = (recipients: readonly { readonly to?: string }[]) => recipients.map((recipient) => recipient.to);

describe('schedules §1, §12 listed numbers', () => {
  it('digits are sent to, the listed string is kept, attributes go by the exact string', () => {
    const attributes = {
      '+49 151 12345678': { name: 'Ann', timezone: 'Asia/Calcutta' },
      '4915112345678': { name: 'no' },
    };
    expect(bulk(['+49 151 12345678'], attributes)).toEqual([
      {
        key: '4915112345678',
        listed: '+49 151 12345678',
        to: '4915112345678',
        zone: 'Asia/Calcutta',
        fields: { name: 'Ann', timezone: 'Asia/Calcutta' },
        also: [],
      },
    ]);
  });

  it('S-16 plus signs, spaces and repeated entries collapse; order stays', () => {
    expect(bulk(['4915112345678', '+4915112345678', '12025550123', '49 151 12345678'])).toMatchObject([
      { key: '4915112345678', listed: '4915112345678', also: [] },
      { key: '12025550123', also: [] },
    ]);
  });

  it.each([
    ['5511987654321', '551187654321'],
    ['5215512345678', '525512345678'],
    ['5491123456789', '541123456789'],
  ])('S-16 one person under two numbers is sent once, to the first: %s, %s', (first, second) => {
    for (const pair of [
      [first, second],
      [second, first],
    ] as const)
      expect(bulk(pair)).toMatchObject([{ to: pair[0], also: [{ key: pair[1], listed: pair[1] }] }]);
  });

  it('what is no phone number has nothing to be sent to, and groups are never targets (bulk §2.1)', () => {
    const groups = ['12345-678@g.us', '123456789012@lid'];
    const recipients = bulk(['abc', '', '12', ...groups, '', '4915112345678@s.whatsapp.net']);
    expect(to(recipients)).toEqual([...Array<undefined>(6).fill(undefined), '4915112345678']);
    expect(new Set(recipients.map(({ key }) => key)).size).toBe(7);
  });

  it.each([undefined, null, [], '', {}])('no list: nobody (%j)', (list) => {
    expect(recipientsOf('recurring', { targetPhoneNumbers: list })).toEqual([]);
  });

  it('PHP: attributes and their values may be empty lists', () => {
    expect(bulk(['4915112345678'], [])).toMatchObject([{ fields: {} }]);
    expect(bulk(['4915112345678'], { '4915112345678': [] })).toMatchObject([{ fields: {} }]);
    expect(bulk(['constructor'], {})).toMatchObject([{ fields: {} }]);
  });
});

describe('S-24 country codes', () => {
  it.each([
    ['15112345678', { country_code: '49' }, '4915112345678'],
    ['015112345678', { country_code: '+49' }, '4915112345678'],
    ['9876543210', { country_code: 91 }, '919876543210'],
    // Valid as it stands, also when it begins with other digits than the code says.
    ['4915112345678', { country_code: '49' }, '4915112345678'],
    ['4915112345678', { country_code: '1' }, '4915112345678'],
    ['447911123456', { country_code: '49' }, '447911123456'],
    // Completing makes no number of it: as listed.
    ['12345678901', { country_code: '49' }, '12345678901'],
    ['15112345678', {}, '15112345678'],
    ['15112345678', { country_code: '999' }, '15112345678'],
    // With the code once more it would be a number in Leer.
    ['4912345', { country_code: '49', mobile: '12345' }, '4912345'],
    // The smaller metadata take it for an Indian one.
    ['91123456789', { country_code: '54' }, '5491123456789'],
    // The code is there already, though the library does not know the number.
    ['551187654321', { country_code: '55', mobile: '1187654321' }, '551187654321'],
    ['5215512345678', { country_code: '52', mobile: '15512345678' }, '5215512345678'],
  ])('listed %s with %j is sent to %s; key and callback keep what was listed', (listed, attributes, expected) => {
    expect(bulk([listed], { [listed]: attributes })).toMatchObject([{ key: listed, listed, to: expected }]);
  });

  it('a number that is listed complete and local is one person', () => {
    const attributes = { '015112345678': { country_code: '49' } };
    expect(bulk(['4915112345678', '015112345678'], attributes)).toMatchObject([
      { to: '4915112345678', also: [{ key: '015112345678', listed: '015112345678' }] },
    ]);
  });

  it.each([
    [{ phone: '4915112345678', country_code: '1', mobile: '2025550123' }, '4915112345678'],
    [{ phone: '', country_code: '49', mobile: '15112345678' }, '4915112345678'],
    [{ phone: '', country_code: '49', mobile: '0151 12345678' }, '4915112345678'],
    [{ phone: '', country_code: '+49', mobile: '+4915112345678' }, '4915112345678'],
    [{ phone: '', country_code: '91', mobile: '9198765432' }, '919198765432'],
    [{ phone: '', country_code: '1', mobile: '2025550123' }, '12025550123'],
    [{ phone: '', country_code: '55', mobile: '551187654321' }, '551187654321'],
    [{ phone: null, full_phone: '+4915112345678', country_code: '1', mobile: '1' }, '4915112345678'],
    [{ phone: '', country_code: '49', mobile: '' }, undefined],
    [{ phone: '', country_code: '', mobile: '' }, undefined],
    [{}, undefined],
  ])('bulk §2.1 `phone` first, else code and mobile, the code never twice: %j', (contact, expected) => {
    expect(to(broadcast({ id: 7, ...contact }))).toEqual([expected]);
  });
});

describe('bulk §1.1, §2.1 contacts', () => {
  it('a contact is known by its id; its own fields fill the placeholders', () => {
    const contact = { id: '7', phone: '4915112345678', name: 'Ann', timezone: 'Europe/Berlin' };
    expect(broadcast(contact)).toEqual([
      {
        key: '7',
        contactId: 7,
        listed: '4915112345678',
        to: '4915112345678',
        zone: 'Europe/Berlin',
        fields: contact,
        also: [],
      },
    ]);
  });

  it('S-16 contacts with one phone: the first is sent, the others get its result', () => {
    const [first, ...others] = broadcast(
      { id: 1, phone: '4915112345678' },
      { id: 2, phone: '+49 151 12345678' },
      { id: 3, phone: '4915112345678' },
    );
    expect(others).toEqual([]);
    expect(first?.also).toEqual([
      { key: '2', contactId: 2, listed: '+49 151 12345678' },
      { key: '3', contactId: 3, listed: '4915112345678' },
    ]);
  });

  it('contacts without a phone stay, each for itself', () => {
    expect(broadcast({ id: 1 }, { id: 2, phone: '' }, {}, {})).toHaveLength(4);
  });

  it('numbers instead of contacts, when there are none', () => {
    const body = { targetContacts: [], targetPhoneNumbers: ['+4915112345678'] };
    expect(recipientsOf('broadcast', body)).toMatchObject([{ key: '4915112345678', to: '4915112345678' }]);
    expect(recipientsOf('broadcast', body)[0]).not.toHaveProperty('contactId');
  });

  it('100,000 contacts in less than a second of one core', () => {
    const targetContacts = Array.from({ length: 100_000 }, (_, id) => ({ id, phone: String(4_915_100_000_000 + id) }));
    const started = process.cpuUsage();
    expect(recipientsOf('campaign', { targetContacts })).toHaveLength(100_000);
    const took = process.cpuUsage(started).user / 1_000;
    console.log(`100,000 contacts: ${Math.round(took)} ms of one core`);
    expect(took).toBeLessThan(1_000);
  });
});

describe('schedules §4 singles', () => {
  it.each([
    [{ targetPhoneNumber: '+49 151 12345678' }, '4915112345678'],
    [{ targetPhoneNumber: '4915112345678@s.whatsapp.net' }, '4915112345678'],
    [{ targetPhoneNumber: '120363040000000000@g.us' }, '120363040000000000@g.us'],
    // S-27
    [{ targetPhoneNumber: '4915112345678', targetJid: '120363040000000000@g.us' }, '120363040000000000@g.us'],
    [{ targetPhoneNumber: null, targetJid: '4915-161@g.us' }, '4915-161@g.us'],
    [{ targetJid: '123456789012345@lid' }, '123456789012345@lid'],
    [{ targetPhoneNumber: '4915112345678', targetJid: '999' }, '4915112345678'],
    [{ targetPhoneNumber: '4915112345678', targetJid: 'x@broadcast' }, '4915112345678'],
    [{ targetPhoneNumber: '../x@g.us' }, undefined],
    [{ targetPhoneNumber: '' }, undefined],
    [{}, undefined],
  ])('%j → %s', (body, expected) => {
    expect(recipientsOf('single', body)).toMatchObject([{ fields: {}, also: [] }]);
    expect(to(recipientsOf('single', body))).toEqual([expected]);
  });
});
