/** What jobs hear of the engines (contract bulk "Error classes that stop a run", settings §6, messages §1.2). */
import { describe, expect, it, onTestFinished } from 'vitest';
import { type BulkSendsOptions, bulkSends } from '../../../src/actors/bulk-sends.ts';
import { DailyCount } from '../../../src/actors/daily-count.ts';
import type { FailureClass, ProviderResult } from '../../../src/actors/engines/provider.ts';
import type {
  BulkOutcome,
  BulkRequest,
  NumberView,
  ProviderRequest,
  SendAnswer,
  SendRequest,
} from '../../../src/actors/protocol.ts';
import type { NumberSettings } from '../../../src/app-client/settings-answer.ts';
import { defaultRestartPolicy } from '../../../src/machines/restart.ts';
import { buildHouse } from '../../helpers/house.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { temporaryStore } from '../../helpers/temporary-store.ts';

const FROM = '5511987654321';
const ID = '3EB0AA';
const JID = '491701234567@s.whatsapp.net';
const HOUR = 3_600_000;

const plain: NumberSettings = {
  ...{ useCloud: false, useTwilio: false, cloudIsComplete: false, twilioIsComplete: false },
  ...{ brandingFooter: 'Acme', credentials: {} },
};

function bench(change: Partial<BulkSendsOptions> = {}) {
  const time = new SimulatedTime();
  const asked: { linked: SendRequest[]; providers: ProviderRequest[] } = { linked: [], providers: [] };
  const play = {
    answer: { kind: 'sent', id: ID, to: JID } as SendAnswer,
    result: { kind: 'sent', id: 'wamid.1', to: '491701234567' } as ProviderResult,
    ready: true,
    settings: plain as NumberSettings | undefined,
    changed: (_digits: string) => undefined as void,
  };
  const bulk = bulkSends({
    lanes: {
      send: async (request) => {
        asked.linked.push(request);
        return play.answer;
      },
      untilHandedOver: async () => 'handed over',
    },
    providers: {
      send: async (request) => {
        asked.providers.push(request);
        return play.result;
      },
    },
    settings: { of: async () => play.settings, known: () => play.settings },
    view: () => ({ ready: play.ready, ...(!play.ready && { why: 'logged out' }) }) as NumberView,
    onChange: (listener) => {
      play.changed = listener;
    },
    stores: { exists: () => false, open: () => expect.fail('opened') },
    held: { hold: () => expect.fail('held'), release: async () => undefined },
    dailyCap: 10,
    clock: time,
    ...change,
  });
  return { time, asked, play, bulk };
}

const request = (change: Partial<BulkRequest> = {}): BulkRequest => ({
  ...{ engine: 'baileys', from: FROM, to: '491701234567', content: { kind: 'text', text: 'x' }, id: ID },
  origin: 'job',
  ...change,
});

describe('the engine of a job (messages §1.2, S-22)', () => {
  const of = (settings: NumberSettings | undefined, provider = '', ready = true) => {
    const { bulk, play } = bench();
    Object.assign(play, { settings, ready });
    return bulk.engineOf(FROM, provider, undefined, 0);
  };
  it('follows provider and settings, with the footer, whether or not a socket is ready', async () => {
    const engine = (name: string) => ({ kind: 'engine', engine: name, branding: 'Acme' });
    expect(await of(plain, '', false)).toEqual(engine('baileys'));
    expect(await of({ ...plain, useCloud: true, cloudIsComplete: true })).toEqual(engine('waba'));
    expect(await of({ ...plain, twilioIsComplete: true }, ' Twilio ')).toEqual(engine('twilio'));
  });

  it('BU1: what is set and incomplete ends it; settings that were never read are waited for, socket or not', async () => {
    expect(await of({ ...plain, useCloud: true })).toEqual({
      ...{ kind: 'none', final: true },
      why: `WhatsApp Cloud API credentials are incomplete for ${FROM}`,
    });
    for (const provider of ['', 'waba', 'nonsense'])
      expect(await of(undefined, provider)).toEqual({ kind: 'none', why: 'Settings unavailable', final: false });
    expect(await of(undefined, 'baileys')).toMatchObject({ kind: 'engine', engine: 'baileys' });
  });
});

describe('of flows', () => {
  it('a key reaches the provider, so that a repeat is no second message; the linked device needs none', async () => {
    const { bulk, asked } = bench();
    await bulk.send(request({ engine: 'waba', idempotencyKey: 'flow 1', origin: 'auto' }));
    await bulk.send(request({ idempotencyKey: 'flow 1', origin: 'auto' }));
    expect(asked.providers).toMatchObject([{ idempotencyKey: 'flow 1', id: ID }]);
    expect(asked.linked).toMatchObject([{ id: ID, origin: 'auto' }]);
  });
});

describe('through the linked device', () => {
  const outcome = async (answer: SendAnswer, change: Partial<BulkSendsOptions> = {}) => {
    const { bulk, play } = bench(change);
    play.answer = answer;
    return bulk.send(request());
  };
  const failed = (more: object): SendAnswer => ({ kind: 'failed', id: ID, error: 'why', ...more });
  const now = new SimulatedTime().now();

  it('BU2: goes out under the id and origin of the job, with time for an upload; digits become a JID', async () => {
    const { bulk, asked, time } = bench();
    await bulk.send(request());
    await bulk.send(request({ to: '9@lid', origin: 'single' }));
    const deadline = time.now() + 200_000;
    expect(asked.linked).toMatchObject([
      { from: FROM, to: JID, id: ID, origin: 'job', deadline },
      { to: '9@lid', id: ID, origin: 'single' },
    ]);
    expect(asked.linked[0]).not.toHaveProperty('idempotencyKey');
  });

  it('BU4: a number that is not connected is an answer at once; nothing is handed to the lane', async () => {
    const { bulk, play, asked } = bench();
    play.ready = false;
    expect(await bulk.send(request())).toEqual({ kind: 'not ready', why: 'logged out' });
    expect(asked.linked).toEqual([]);
  });

  it.each<readonly [string, SendAnswer, BulkOutcome]>([
    ['sent', { kind: 'sent', id: 'B', to: JID }, { kind: 'sent', id: 'B' }],
    ['unknown', { kind: 'unknown', id: ID, error: 'lost' }, { kind: 'interrupted', error: 'lost' }],
    ['not ready', { kind: 'not ready', why: 'away' }, { kind: 'not ready', why: 'away' }],
    ['timed out', { kind: 'timed out', why: 'late' }, { kind: 'transient', error: 'late' }],
    ['no time', failed({ why: 'no time' }), { kind: 'transient', error: 'why' }],
    ['a fault of the moment', failed({}), { kind: 'transient', error: 'why' }],
    ["WhatsApp's own fault", failed({ code: 503 }), { kind: 'transient', error: 'why' }],
    ['a refusal', failed({ code: 479 }), { kind: 'failed', error: 'why', attempted: true }],
    ['not on WhatsApp', failed({ why: 'not on WhatsApp' }), { kind: 'failed', error: 'why', attempted: true }],
    ['unsupported', failed({ why: 'unsupported' }), { kind: 'failed', error: 'why', attempted: false }],
    [
      'media refused (bulk §2.5)',
      failed({ why: 'media refused' }),
      { kind: 'failed', error: 'attachment-missing: why', attempted: false },
    ],
    [
      '429: the number waits',
      failed({ code: 429 }),
      {
        kind: 'wait',
        whom: 'number',
        until: now + HOUR / 6,
        why: 'this number sends faster than WhatsApp allows (429)',
      },
    ],
    [
      '463: every run of the number stops for a day',
      failed({ code: 463 }),
      { kind: 'stop', whom: 'number', until: now + 24 * HOUR, error: 'WhatsApp has restricted this number (463)' },
    ],
  ])('%s', async (_name, answer, expected) => {
    expect(await outcome(answer)).toEqual(expected);
  });

  it.each([
    ['handed over', { kind: 'sent', id: ID }],
    ['given up', { kind: 'failed', attempted: true }],
    ['uploading', { kind: 'unknown' }],
  ] as const)('BU3: pending and then %s', async (progress, expected) => {
    const asked: string[] = [];
    const untilHandedOver = async (from: string, id: string) => {
      asked.push(from, id);
      return progress;
    };
    const lanes = { send: async (): Promise<SendAnswer> => ({ kind: 'pending', id: ID, to: JID }), untilHandedOver };
    expect(await outcome({ kind: 'pending', id: ID, to: JID }, { lanes })).toMatchObject(expected);
    expect(asked).toEqual([FROM, ID]);
  });
});

describe('through Cloud API and Twilio', () => {
  const outcome = async (result: ProviderResult) => {
    const { bulk, play, asked, time } = bench();
    play.result = result;
    return { got: await bulk.send(request({ engine: 'waba', workspace: '7' })), asked, now: time.now() };
  };

  it('BU2: the id goes along, without an idempotency key; the answer is the id of the provider', async () => {
    const { got, asked } = await outcome({ kind: 'sent', id: 'wamid.1', to: '1' });
    expect(got).toEqual({ kind: 'sent', id: 'wamid.1' });
    expect(asked.providers).toMatchObject([{ engine: 'waba', from: FROM, to: '491701234567', id: ID, workspace: '7' }]);
    expect(asked.providers[0]).not.toHaveProperty('idempotencyKey');
    expect((await outcome({ kind: 'unknown', error: 'lost' })).got).toEqual({ kind: 'unknown', error: 'lost' });
  });

  const failed = (attempted: boolean) => ({ kind: 'failed', error: 'why', attempted });
  const CLASSES: Readonly<Record<FailureClass, object>> = {
    'slow number': { kind: 'wait', whom: 'number', why: 'why' },
    'slow account': { kind: 'wait', whom: 'number', why: 'why' },
    'slow recipient': { kind: 'wait', whom: 'recipient', why: 'why' },
    transient: { kind: 'transient', error: 'why' },
    'no time': { kind: 'transient', error: 'why' },
    'not now': failed(true),
    never: failed(true),
    'opted out': { ...failed(true), because: 'opted out' },
    'needs template': failed(true),
    'request wrong': failed(true),
    'unknown code': { ...failed(true), because: 'unknown code' },
    unsupported: failed(false),
    'media refused': { ...failed(false), error: 'attachment-missing: why' },
    'template wrong': { kind: 'wrong', error: 'why' },
    'pause campaign': { kind: 'stop', whom: 'run', error: 'why' },
    'day used up': { kind: 'stop', whom: 'run', error: 'why', until: expect.any(Number) },
    'pause number': { kind: 'stop', whom: 'number', error: 'why' },
    credentials: { kind: 'stop', whom: 'number', error: 'why' },
  };
  it.each(Object.entries(CLASSES) as [FailureClass, object][])('%s', async (reason, expected) => {
    const { got, now } = await outcome({ kind: 'failed', error: 'why', class: reason });
    // Slow without a time: a minute. Stopped without a time: by request.
    expect(got).toEqual(reason.startsWith('slow') ? { ...expected, until: now + 60_000 } : expected);
  });

  it('facts/twilio.md §6 an account whose day is used up goes on with the next UTC day', async () => {
    const { got, now } = await outcome({ kind: 'failed', error: 'why', class: 'day used up' });
    const [day = ''] = new Date(now + 24 * HOUR).toISOString().split('T');
    expect(got).toMatchObject({ kind: 'stop', whom: 'run', until: Date.parse(day) });
  });

  it('a recipient whose own turn comes too late holds up nobody else', async () => {
    const late = { kind: 'failed', error: 'why', class: 'no time', retryAfterMs: 5_000 } as const;
    const { got, now } = await outcome({ ...late, whom: 'recipient' });
    expect(got).toEqual({ kind: 'wait', whom: 'recipient', until: now + 5_000, why: 'why' });
    expect((await outcome(late)).got).toMatchObject({ kind: 'wait', whom: 'number' });
  });

  it('what the vendor says of the time counts', async () => {
    const after = async (reason: FailureClass) => {
      const { got, now } = await outcome({ kind: 'failed', error: 'why', class: reason, retryAfterMs: 5_000 });
      return [got.kind, 'until' in got && got.until !== undefined ? got.until - now : undefined];
    };
    expect(await after('slow account')).toEqual(['wait', 5_000]);
    expect(await after('slow recipient')).toEqual(['wait', 5_000]);
    expect(await after('no time')).toEqual(['wait', 5_000]);
    expect(await after('pause campaign')).toEqual(['stop', 5_000]);
    expect(await after('pause number')).toEqual(['stop', 5_000]);
    expect(await after('transient')).toEqual(['transient', 5_000]);
  });
});

describe('S-28: room of the day (settings §1, §6)', () => {
  it('what DAILY_CAP leaves, or what the app says instead; never less than nothing', async () => {
    const store = temporaryStore();
    const { bulk, play, time } = bench({ stores: { exists: () => true, open: () => store } });
    expect(bulk.room(FROM, undefined)).toBe(10);
    const count = new DailyCount(store, time);
    await Promise.all([1, 2, 3].map(() => store.write((batch) => count.add(batch))));
    expect(bulk.room(FROM, undefined)).toBe(7);
    play.settings = { ...plain, dailyCap: 2 };
    expect(bulk.room(FROM, undefined)).toBe(0);
    // Of another day nothing is used yet.
    expect(bulk.room(FROM, undefined, Date.UTC(2099, 0, 1))).toBe(2);
    play.settings = undefined;
    expect(bulk.room(FROM, undefined)).toBe(7);
    time.advance(24 * HOUR);
    expect(bulk.room(FROM, undefined)).toBe(10);
  });

  it('a number without a store has sent nothing', () => {
    expect(bench().bulk.room(FROM, undefined)).toBe(10);
  });
});

it('onReady: wakes for a number that is ready after a change, and only then', () => {
  const { bulk, play } = bench();
  const woken: string[] = [];
  bulk.onReady((from) => void woken.push(from));
  play.changed('1');
  play.ready = false;
  play.changed('2');
  expect([woken, bulk.isReady('2')]).toEqual([['1'], false]);
});

it('onReady: hears of a number that logs in, from the house itself', async () => {
  const house = buildHouse({ paired: [FROM], restartPolicy: defaultRestartPolicy });
  onTestFinished(() => house.close());
  const view = (digits: string) => house.numbers.view(digits);
  const onChange: BulkSendsOptions['onChange'] = (listener) => void house.supervisor.onChange(listener);
  const { bulk } = bench({ view, onChange });
  const woken: boolean[] = [];
  bulk.onReady((from) => void woken.push(from === FROM && bulk.isReady(from)));
  expect(bulk.isReady(FROM)).toBe(false);
  house.supervisor.command(FROM, { type: 'restore' });
  await house.time.advanceAsync(5_000);
  expect(woken.length).toBeGreaterThan(0);
  expect(woken.every((isReady) => isReady)).toBe(true);
});
