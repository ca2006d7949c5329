/** Contract settings §1, §4: what is asked, what counts as an answer, and how long it serves. */
import { describe, expect, it } from 'vitest';
import type { AppAnswer, AppClient } from '../../../src/app-client/client.ts';
import { Settings } from '../../../src/app-client/settings.ts';
import { settingsOf } from '../../../src/app-client/settings-answer.ts';
import { SettingsRows } from '../../../src/app-client/settings-rows.ts';
import { sleep } from '../../../src/clock.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';
import { temporaryStore } from '../../helpers/temporary-store.ts';
import { quiet } from '../../property/outbox/app.ts';

const PHONE = '5511987654321';
const BODY = { use_facebook_api: false, use_twilio: false, branding_footer: 'Acme' };
const ok = (body: object): AppAnswer => ({ kind: 'answer', status: 200, body: { ...BODY, ...body } });
const down: AppAnswer = { kind: 'no answer', why: 'unreachable', detail: 'ECONNREFUSED' };

/** An app that answers the n-th question (from 1), after `takesMs`. */
function world(answer: (n: number) => AppAnswer & { takesMs?: number }) {
  const time = new SimulatedTime();
  const asked: Record<string, string>[] = [];
  const client: AppClient = {
    get: async (path, query, { timeoutMs }) => {
      expect([path, timeoutMs]).toEqual(['/api/whatsapp-settings', 8_000]);
      asked.push({ ...query });
      const { takesMs = 0, ...rest } = answer(asked.length);
      if (takesMs > timeoutMs) await sleep(time, timeoutMs);
      else if (takesMs > 0) await sleep(time, takesMs);
      return takesMs > timeoutMs ? { kind: 'no answer', why: 'timeout', detail: 'AbortError' } : rest;
    },
    post: () => Promise.reject(new Error('no look-up posts')),
  };
  const rows = new SettingsRows(temporaryStore(), true);
  const settings = new Settings({ client, rows, inUse: () => [], clock: time, log: quiet });
  const footer = async (workspace?: string, ms = 18_000, phone = PHONE) =>
    (await settings.of(phone, workspace, time.now() + ms))?.brandingFooter;
  /** The footer that a send gets, and after how many ms. */
  const timed = async (ms?: number) => {
    const start = time.now();
    let took = -1;
    const asking = footer(undefined, ms).then((found) => {
      took = time.now() - start;
      return found;
    });
    await time.advanceAsync(20_000);
    return [await asking, took];
  };
  /** A send with this footer's credentials was refused. */
  const renewed = async (refused: string, workspace?: string, ms = 18_000) => {
    const isRefused = ({ brandingFooter }: { brandingFooter: string }) => brandingFooter === refused;
    return (await settings.renew(PHONE, workspace, isRefused, time.now() + ms))?.brandingFooter;
  };
  return { time, asked, settings, footer, timed, renewed };
}

describe('settings §1: baileys_daily_cap', () => {
  it.each([
    [500, 500],
    ['500', 500],
    [undefined, undefined],
    [null, undefined],
    [0, undefined],
    ['', undefined],
    ['many', undefined],
  ])('%j is %j', (told, cap) => {
    const { dailyCap, brandingFooter } = settingsOf(ok({ baileys_daily_cap: told }), PHONE) ?? {};
    expect([dailyCap, brandingFooter]).toEqual([cap, 'Acme']);
  });

  it('known: the last good value of that workspace, without asking', async () => {
    const { asked, settings, footer } = world(() => ok({ baileys_daily_cap: 9 }));
    expect(settings.known(PHONE, '7')).toBeUndefined();
    expect(asked).toEqual([]);
    await footer('7');
    expect([settings.known(PHONE, '7')?.dailyCap, settings.known(PHONE, undefined)]).toEqual([9, undefined]);
    expect(asked).toHaveLength(1);
  });
});

describe('settings §4: per-number settings', () => {
  it('are asked with full digits and, when known, the workspace (C-12)', async () => {
    const { asked, footer } = world(() => ok({}));
    await footer();
    await footer('7');
    expect(asked).toEqual([{ phone: PHONE }, { phone: PHONE, workspace_id: '7' }]);
  });

  it('live 5 minutes', async () => {
    const { time, asked, footer } = world((n) => ok({ branding_footer: `f${n}` }));
    expect(await footer()).toBe('f1');
    time.advance(299_999);
    expect(await footer()).toBe('f1');
    time.advance(1);
    expect(await footer()).toBe('f2');
    expect(asked).toHaveLength(2);
  });

  it('C-62 an entry is never served to another workspace, nor to a caller without one, nor to another number', async () => {
    const { footer } = world((n) => ok({ branding_footer: `f${n}` }));
    expect([await footer('1'), await footer('2'), await footer(), await footer(undefined, 1, '4915112345678')]).toEqual(
      ['f1', 'f2', 'f3', 'f4'],
    );
    expect([await footer(), await footer('2'), await footer('1')]).toEqual(['f3', 'f2', 'f1']);
  });

  it('C-62 SE2 stale but valid: the last good value serves, however old, while the look-up fails', async () => {
    const { time, footer } = world((n) => (n === 1 ? ok({}) : down));
    await footer();
    for (const days of [1, 30]) {
      time.advance(days * 86_400_000);
      expect(await footer()).toBe('Acme');
    }
  });

  it('SE2 SE3 a failure is never a value, and is asked again after 5 s at the earliest', async () => {
    const { time, asked, footer } = world((n) => (n < 3 ? down : ok({})));
    expect(await footer()).toBeUndefined();
    time.advance(4_999);
    expect(await footer()).toBeUndefined();
    expect(asked).toHaveLength(1);
    time.advance(1);
    expect(await footer()).toBeUndefined();
    time.advance(5_000);
    expect(await footer()).toBe('Acme');
    expect(asked).toHaveLength(3);
  });

  it('SE3 one look-up of a key runs at a time, callers share it', async () => {
    const { time, asked, footer } = world(() => ({ ...ok({}), takesMs: 1_000 }));
    const footers = Promise.all(Array.from({ length: 50 }, () => footer()));
    await time.advanceAsync(1_000);
    expect(new Set(await footers)).toEqual(new Set(['Acme']));
    expect(asked).toHaveLength(1);
  });

  it('SE4 a send waits 3 s at most, and the late answer serves the next', async () => {
    const { timed, asked } = world(() => ({ ...ok({}), takesMs: 5_000 }));
    expect(await timed()).toEqual([undefined, 3_000]);
    expect(await timed()).toEqual(['Acme', 0]);
    expect(asked).toHaveLength(1);
  });

  it('SE4 the 3 s count from the start of the look-up: a hanging app delays the first sends only', async () => {
    const { time, footer } = world(() => ({ ...ok({}), takesMs: 60_000 }));
    void footer();
    await time.advanceAsync(2_000);
    let isDone = false;
    void footer().then(() => void (isDone = true));
    await time.advanceAsync(999);
    expect(isDone).toBe(false);
    await time.advanceAsync(1);
    expect(isDone).toBe(true);
    const before = time.now();
    await footer();
    expect(time.now()).toBe(before);
  });

  it('SE4 SE6 an app that hangs delays no send of the numbers in use, however many there are and however old it gets', async () => {
    let takesMs = 0;
    const { time, settings, footer } = world(() => ({ ...ok({}), takesMs }));
    settings.start();
    // More than the background can ask in vain before the last of them is 5 minutes old.
    const phones = Array.from({ length: 40 }, (_, n) => `4915112345${100 + n}`);
    for (const phone of phones) {
      await footer(undefined, 18_000, phone);
      await time.advanceAsync(1_000);
    }
    takesMs = 30_000;
    const waited: string[] = [];
    for (let second = 0; second < 900; second += 5) {
      await time.advanceAsync(5_000);
      for (const phone of phones) {
        let isAnswered = false;
        void footer(undefined, 18_000, phone).then(() => void (isAnswered = true));
        await time.advanceAsync(0);
        if (!isAnswered) waited.push(`${phone} after ${second} s`);
      }
    }
    settings.stop();
    expect(waited).toEqual([]);
  });

  it('SE7 what was refused is asked for again although it is young, in its own workspace only', async () => {
    const { asked, footer, renewed } = world((n) => ok({ branding_footer: `f${n}` }));
    expect([await footer('1'), await footer('2')]).toEqual(['f1', 'f2']);
    expect(await renewed('f1', '1')).toBe('f3');
    expect(asked.at(-1)).toEqual({ phone: PHONE, workspace_id: '1' });
    expect([await footer('1'), await footer('2')]).toEqual(['f3', 'f2']);
    expect(await renewed('f1', '1')).toBe('f3');
    expect(asked).toHaveLength(3);
  });

  it('SE7 the last good value stays beside an app that is away, which is asked every 5 s at most', async () => {
    const { time, asked, footer, renewed } = world((n) => (n === 1 ? ok({}) : down));
    await footer();
    for (let n = 0; n < 10; n += 1) expect([await renewed('Acme'), await footer()]).toEqual(['Acme', 'Acme']);
    expect(asked).toHaveLength(2);
    time.advance(5_000);
    expect(await renewed('Acme')).toBe('Acme');
    expect(asked).toHaveLength(3);
  });

  it('SE7 SE3 sends that are refused together share one look-up; it is waited for 3 s, or by the deadline', async () => {
    const { time, asked, footer, renewed } = world((n) => ({
      ...ok({ branding_footer: `f${n}` }),
      takesMs: n === 2 ? 1_000 : n > 2 ? 60_000 : 0,
    }));
    await footer();
    const all = Promise.all(Array.from({ length: 20 }, () => renewed('f1')));
    await time.advanceAsync(1_000);
    expect(new Set(await all)).toEqual(new Set(['f2']));
    expect(asked).toHaveLength(2);
    await time.advanceAsync(4_000);
    const late = [renewed('f2'), renewed('f2', undefined, 500)];
    await time.advanceAsync(500);
    expect(await late[1]).toBe('f2');
    await time.advanceAsync(2_500);
    expect(await late[0]).toBe('f2');
    expect(asked).toHaveLength(3);
  });

  it('SE7 a look-up that began before the change is followed by another', async () => {
    const { time, asked, footer, renewed } = world((n) => ({
      ...ok({ branding_footer: n < 3 ? 'old' : 'new' }),
      takesMs: n === 2 ? 100 : 0,
    }));
    await footer();
    time.advance(300_000);
    void footer();
    const found = renewed('old');
    await time.advanceAsync(100);
    expect(await found).toBe('new');
    expect(asked).toHaveLength(3);
  });

  it('a send goes on by its own deadline', async () => {
    expect(await world(() => ({ ...ok({}), takesMs: 5_000 })).timed(1_000)).toEqual([undefined, 1_000]);
  });
});

describe('settings §1: what the app answers', () => {
  const read = (body: unknown, status = 200) => settingsOf({ kind: 'answer', status, body }, PHONE);

  it.each([
    [{ use_facebook_api: true }, { useCloud: true }],
    [{ whatsapp_business_api: 1, use_facebook_api: undefined }, { useCloud: true }],
    [{ use_facebook_api: '0' }, { useCloud: false }],
    [{ use_twilio: 1 }, { useTwilio: true }],
    [{ facebook_token: '', facebook_api_token: 't', facebook_phone_number_id: 1 }, { cloudIsComplete: true }],
    [{ facebook_token: 't', facebook_phone_id: '' }, { cloudIsComplete: false }],
    [{ twilio_account_sid: 's', twilio_auth_token: 't', twilio_from_number: `+${PHONE}` }, { twilioIsComplete: true }],
    [{ twilio_account_sid: 's', twilio_auth_token: 't', twilio_from_number: '' }, { twilioIsComplete: false }],
    [{ branding_footer: null }, { brandingFooter: '' }],
    [{ branding_footer: '  ' }, { brandingFooter: '' }],
    [{ branding_footer: ' by Acme' }, { brandingFooter: ' by Acme' }],
  ])('%j', (body, expected) => {
    expect(read({ ...BODY, ...body })).toMatchObject(expected);
  });

  it('C-12 an answer with the digits of another Twilio number is discarded', () => {
    expect(read({ ...BODY, twilio_from_number: '+5511987654322' })).toBeUndefined();
  });

  it.each([
    ['a page', '<html>', 200],
    ['an error object', { message: 'forbidden' }, 200],
    ['null', null, 200],
    ['a list', [BODY], 200],
    ['403', BODY, 403],
    ['500', BODY, 500],
    ['nested values', { ...BODY, facebook_token: { a: 1 } }, 200],
  ])('AN1 %s is no answer', (_, body, status) => {
    expect(read(body, status)).toBeUndefined();
  });
});
