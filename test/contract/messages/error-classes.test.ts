/**
 * Every class of facts/cloud-api.md §6.1 and facts/twilio.md §6 through a running bridge and the loopback vendors: what the
 * caller is told, how often the vendor is asked, what a repeat under the same key does, and what is held up for how long.
 *
 * Each row has numbers and accounts of its own, so that some of them run beside each other: most of their time is waiting.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Places } from '../../../src/actors/places.ts';
import type { Bridge } from '../../helpers/bridge.ts';
import { CommonStage, NO_FAULTS } from '../../helpers/common-stage.ts';
import type { Answer } from '../../helpers/json-http.ts';
import { type Account, account, Providers, type Seen, type Vendor } from '../../helpers/providers.ts';
import type { Refusal } from '../../loopback/provider-faults.ts';

/** What waits after a refusal. `account`: every number of it. `long`: no single send can wait so long; it is answered 503. */
type Held = 'nothing' | 'recipient' | 'number' | 'number, long' | 'account' | 'account, long';

type Row = { readonly of: string; readonly refusal: Refusal; readonly held: Held; readonly ms?: number };
const row = (of: string, code: number, status: number, held: Held = 'nothing'): Row => ({
  of,
  refusal: { code, status },
  held,
});

const CLOUD: readonly Row[] = [
  { ...row('A slow down the number', 130429, 400, 'number'), ms: 2_000 },
  { of: 'A without a code', refusal: { status: 429 }, held: 'number', ms: 2_000 },
  { of: 'A with a Retry-After', refusal: { status: 429, retryAfter: 4 }, held: 'number', ms: 4_000 },
  row('B slow down the app', 4, 400, 'account, long'),
  row('B slow down the WABA', 80007, 400, 'account, long'),
  { ...row('C this recipient only', 131056, 400, 'recipient'), ms: 1_000 },
  row('D transient', 1, 400),
  row('D transient', 2, 503),
  row('D transient', 131000, 500),
  row('D transient', 131016, 500),
  row('D transient', 133004, 503),
  row('D maintenance', 131057, 500),
  { of: 'D 5xx without a code', refusal: { status: 502 }, held: 'nothing' },
  row('E not now', 131049, 400),
  row('F never', 131026, 400),
  row('F stopped marketing', 131050, 400),
  row('F experiment', 130472, 400),
  row('G needs a template', 131047, 400),
  row('H the request is wrong', 100, 400),
  row('H the request is wrong', 131009, 400),
  row('H a template is missing', 132001, 404),
  row('I pause the campaign', 132015, 400),
  row('I quality', 131048, 400),
  row('J pause the number', 131042, 400),
  row('J policy', 368, 403),
  row('J certificate', 131045, 500),
  row('J a country', 130497, 403),
  row('unknown code', 999_999, 400),
];
const CLOUD_CREDENTIALS: readonly Row[] = [
  row('K credentials', 0, 401),
  row('K credentials', 190, 401),
  row('K credentials', 3, 500),
  row('K credentials', 10, 403),
  row('K credentials', 250, 403),
  row('K credentials', 131005, 403),
];
const TWILIO: readonly Row[] = [
  { ...row('slow down', 20429, 429, 'number'), ms: 2_000 },
  {
    of: 'slow down with a Retry-After',
    refusal: { code: 20429, status: 429, retryAfter: 4 },
    held: 'number',
    ms: 4_000,
  },
  { of: 'slow down without a code', refusal: { status: 429 }, held: 'number', ms: 2_000 },
  { ...row('channel rate', 63018, 400, 'number'), ms: 2_000 },
  { ...row('account rate', 63017, 400, 'account'), ms: 2_000 },
  row('queue full', 30001, 400, 'number, long'),
  row('queue full', 21611, 400, 'number, long'),
  { ...row('channel, for a moment', 63012, 400, 'number'), ms: 2_000 },
  { of: '5xx without a code', refusal: { status: 503 }, held: 'number', ms: 2_000 },
  row('next day', 63038, 400),
  row('not this recipient, not soon', 63049, 400),
  row('not this recipient, not soon', 63032, 400),
  row('needs a template', 63016, 400),
  row('opted out', 21610, 400),
  row('never', 63024, 400),
  row('never', 63003, 400),
  row('never', 21211, 400),
  row('never', 63033, 400),
  row('the request is wrong', 21617, 400),
  row('the request is wrong', 21620, 400),
  row('the request is wrong', 63019, 400),
  row('the request is wrong', 63021, 400),
  row('the request is wrong', 63030, 400),
  row('the template is wrong', 21655, 400),
  row('the template is wrong', 21656, 400),
  row('the template is wrong', 63027, 400),
  row('the template is wrong', 63028, 400),
  row('stop the connection', 63007, 400),
  row('stop the connection', 63013, 400),
  row('stop the connection', 63015, 400),
  row('stop the connection', 63051, 403),
  row('unknown code', 99_999, 400),
];
const TWILIO_CREDENTIALS: readonly Row[] = [row('credentials', 20003, 401)];

/** A machine that is busy with other tests adds to every wait, never takes away; to waits of the same moment alike. */
const SLACK_MS = 1_500;
const ALIKE_MS = 900;
/** Less than the shortest hold of a number or an account. */
const NOT_HELD_MS = 1_900;
const AT_ONCE = 6;

let common: CommonStage;
let providers: Providers;
let bridge: Bridge;
const played = new Map<Row, Promise<Play>>();

type Sent = { readonly answer: Answer; readonly askedAt: number; readonly text: string };
type Play = {
  readonly own: Account;
  readonly first: Sent;
  /** At once after it: the same recipient, another one, and another number of the same account. */
  readonly next: { readonly recipient: Sent; readonly other: Sent; readonly sibling: Sent };
  /** The first one again under its key, twice. */
  readonly again: readonly [Sent, Sent];
  readonly lookUps: number;
};

async function send({ phone }: Account, to: string, text: string, key?: string): Promise<Sent> {
  const askedAt = Date.now();
  const answer = await bridge.sendText(phone, { to, text, ...(key !== undefined && { key }) });
  return { answer, askedAt, text };
}

async function play(vendor: Vendor, { refusal }: Row): Promise<Play> {
  const own = account(vendor);
  const sibling = account(vendor, own);
  for (const each of [own, sibling]) await providers.add(each);
  await send(sibling, '4915100000000', `${sibling.phone} warm`);
  await providers.refuse(own, { details: 'as told', ...refusal });
  const [to, key] = ['4915112345678', `key ${own.phone}`.replace(' ', '-')];
  const first = await send(own, to, `${own.phone} first`, key);
  const [recipient, other, ofSibling] = await Promise.all([
    send(own, to, `${own.phone} recipient`),
    send(own, '4915187654321', `${own.phone} other`),
    send(sibling, to, `${own.phone} sibling`),
  ]);
  const again = await send(own, to, `${own.phone} first`, key);
  const more = await send(own, to, `${own.phone} first`, key);
  const next = { recipient, other, sibling: ofSibling };
  return { own, first, next, again: [again, more], lookUps: await providers.lookUps(own.phone) };
}

beforeAll(async () => {
  common = await CommonStage.enter();
  ({ bridge } = common);
  providers = new Providers(common.stage.world);
  const vendorOf = (each: Row) => (CLOUD.includes(each) || CLOUD_CREDENTIALS.includes(each) ? 'graph' : 'twilio');
  const places = new Places(AT_ONCE);
  for (const each of [...CLOUD, ...CLOUD_CREDENTIALS, ...TWILIO, ...TWILIO_CREDENTIALS])
    played.set(
      each,
      places.enter(1).then((leave) => play(vendorOf(each), each).finally(leave)),
    );
  // Awaited by their tests, one after the other; until then a failure is nobody's unhandled rejection.
  for (const each of played.values()) each.catch(() => undefined);
});
afterAll(async () => {
  expect(await common.leave()).toEqual(NO_FAULTS);
});

async function check(vendor: Vendor, each: Row): Promise<Play> {
  const done = (await played.get(each)) ?? expect.fail('not played');
  const { own, first, next, again } = done;
  const all = await providers.seen(vendor);
  const calls = ({ text }: Sent): readonly Seen[] => all.filter((seen) => seen.text === text);
  const taken = (sent: Sent) => calls(sent).filter(({ id }) => id !== undefined);
  const { code, status } = each.refusal;

  // The caller: 500, never empty, the code in front; one call and no more.
  expect(first.answer.status, JSON.stringify(first.answer)).toBe(500);
  expect(first.answer.body).toMatchObject({
    success: false,
    error: expect.stringMatching(code === undefined ? new RegExp(`HTTP ${status}$`) : new RegExp(`^${code}: as told`)),
    ...(vendor === 'twilio' && code !== undefined && { errorCode: code }),
  });
  expect(JSON.stringify(first.answer)).not.toContain(own.token);
  const [refused] = calls(first);
  expect(refused?.status).toBe(status);

  // What is held up, and for how long.
  const until = refused?.at ?? Number.NaN;
  const isLong = each.held.endsWith('long');
  const held = {
    recipient: each.held !== 'nothing',
    other: each.held !== 'nothing' && each.held !== 'recipient',
    sibling: each.held.startsWith('account'),
  };
  const besides = (calls(next.sibling)[0]?.at ?? Number.NaN) - next.sibling.askedAt;
  for (const who of ['recipient', 'other', 'sibling'] as const) {
    const sent = next[who];
    const [seen] = calls(sent);
    if (held[who] && isLong) {
      expect([sent.answer.status, seen], who).toEqual([503, undefined]);
      expect(sent.answer.body).toMatchObject({ error: 'SEND TIMED OUT' });
      continue;
    }
    expect([sent.answer.status, taken(sent).length], `${who}: ${JSON.stringify(sent.answer)}`).toEqual([200, 1]);
    const at = seen?.at ?? Number.NaN;
    if (held[who]) {
      const leastMs = each.ms ?? Number.NaN;
      expect(at - until, who).toBeGreaterThanOrEqual(leastMs);
      expect(at - until, who).toBeLessThan(leastMs * 1.2 + SLACK_MS + (held.sibling ? 0 : besides));
    } else {
      expect(at - sent.askedAt, who).toBeLessThan(who === 'sibling' ? NOT_HELD_MS : besides + ALIKE_MS);
    }
  }

  // A repeat under the same key: what certainly failed may go out, once; what waits longer than the caller does not.
  if (held.recipient && isLong) {
    expect(again.map(({ answer }) => answer.status)).toEqual([503, 503]);
    expect(calls(first)).toHaveLength(1);
  } else {
    expect(again.map(({ answer }) => answer.status)).toEqual([200, 200]);
    expect(again[0].answer.body).toEqual(again[1].answer.body);
    expect(calls(first).map((seen) => seen.status)).toEqual([status, vendor === 'graph' ? 200 : 201]);
  }
  return done;
}

const title = ({ of, refusal: { code, status }, held }: Row) =>
  `${of}: ${code ?? 'no code'} as HTTP ${status} holds up ${held}`;
const rows = (all: readonly Row[]) => all.map((each) => [title(each), each] as const);

describe('facts/cloud-api.md §6.1 through the bridge', () => {
  it.each(rows(CLOUD))('%s', async (_, each) => {
    expect((await check('graph', each)).lookUps).toBe(1);
  });

  it.each(rows(CLOUD_CREDENTIALS))('%s; settings are asked for again once', async (_, each) => {
    expect((await check('graph', each)).lookUps).toBe(2);
  });
});

describe('facts/twilio.md §6 through the bridge', () => {
  it.each(rows(TWILIO))('%s', async (_, each) => {
    expect((await check('twilio', each)).lookUps).toBe(1);
  });

  it.each(rows(TWILIO_CREDENTIALS))('%s; settings are asked for again once', async (_, each) => {
    expect((await check('twilio', each)).lookUps).toBe(2);
  });
});

describe('messages §9.2 refused credentials', () => {
  it.each<Vendor>(['graph', 'twilio'])(
    '%s: rotated in the app: asked for again, repeated once, sent',
    async (vendor) => {
      const own = account(vendor);
      await providers.add(own);
      expect((await send(own, '4915112345678', `${own.phone} before`)).answer.status).toBe(200);
      const rotated = { ...own, token: `${own.token}-rotated` };
      await providers.add(rotated);
      expect((await send(own, '4915112345678', `${own.phone} after`)).answer.status).toBe(200);
      expect(await providers.lookUps(own.phone)).toBe(2);
      const last = (await providers.seen(vendor)).slice(-2).map(({ status }) => status);
      expect(last).toEqual([401, vendor === 'graph' ? 200 : 201]);
    },
  );

  it('beside an app that is away: the vendor’s own error, as often as asked; other workspaces notice nothing', async () => {
    const own = account('graph');
    const elsewhere = { ...account('graph'), phone: own.phone, workspace: '2' };
    await providers.add({ ...own, workspace: '1' });
    await providers.add(elsewhere);
    const from = (workspace: string, text: string) =>
      bridge.call(`/api/send-message/${own.phone}`, {
        body: { targetPhoneNumber: '4915112345678', message: text, workspace_id: workspace },
      });
    for (const workspace of ['1', '2']) expect((await from(workspace, 'before')).status).toBe(200);
    await providers.accept('graph', own.id, 'another');
    await common.stage.world.appMode('down');
    for (let n = 0; n < 3; n += 1) {
      const { status, body } = await from('1', `refused ${n}`);
      expect([status, body]).toEqual([500, { success: false, error: expect.stringMatching(/^190: /) }]);
      expect((await from('2', `sent ${n}`)).status).toBe(200);
    }
    await common.stage.world.appMode('ok');
    await providers.tell({ ...own, token: 'another', workspace: '1' });
    // §4: an app that failed is asked again after 5 s at the earliest.
    await expect.poll(async () => (await from('1', 'after')).status, { timeout: 10_000, interval: 500 }).toBe(200);
  });
});
