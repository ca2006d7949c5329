/** Jobs from registration to their last callback, in simulated time (contract schedules §5-§12, bulk §1-§3, settings §5, §6). */
import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../src/scheduler/protocol.ts';
import { phones, SENDER, Stage, START } from './stage.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const iso = (at: number): string => new Date(at).toISOString();

const bulk = (scheduleId: number, numbers: readonly string[], more: Fields = {}): Fields => ({
  scheduleId,
  targetPhoneNumbers: numbers,
  message: 'hello',
  scheduleDateTime: iso(START),
  timezone: 'UTC',
  ...more,
});
const contacts = (count: number, from = 0): Fields[] =>
  phones(count, from).map((phone, index) => ({ id: 1 + from + index, phone, name: `n${index}` }));
const broadcast = (broadcastId: number, targetContacts: readonly Fields[], more: Fields = {}): Fields => ({
  broadcastId,
  targetContacts,
  message: 'hello',
  ...more,
});

describe('a bulk schedule (schedules §1, §8)', () => {
  it('S-45, S-47: fires at its instant, one after the other with the gap, and tells the app in order', async () => {
    const stage = new Stage();
    await stage.register('bulk', bulk(7, phones(3), { scheduleDateTime: iso(START + HOUR) }));
    await stage.run(HOUR - 1);
    expect(stage.messages).toHaveLength(0);
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual(phones(3));
    const times = stage.messages.map(({ at }) => at - START - HOUR);
    expect(times[0]).toBeLessThan(1_000);
    expect(times[1]).toBeGreaterThanOrEqual(3_000);
    expect(stage.facts.map((fact) => [fact.kind, 'status' in fact ? fact.status : ''])).toEqual([
      ['schedule status', 'running'],
      ...phones(3).map(() => ['schedule recipient', 'sent']),
      ['schedule status', 'completed'],
    ]);
    expect(stage.told('schedule status')[1]?.totals).toEqual({ sent: 3, delivered: 0, failed: 0 });
    expect(stage.jobs.list(SENDER)[0]).toMatchObject({ state: 'ended', outcome: 'completed' });
  });

  it('S-56: due or past means now', async () => {
    const stage = new Stage();
    expect((await stage.register('bulk', bulk(7, phones(1), { scheduleDateTime: iso(START - DAY) }))).now).toBe(true);
    await stage.run(1_000);
    expect(stage.messages).toHaveLength(1);
  });

  it('S-17: all failed is failed, with counters, a reason, and an error for each', async () => {
    const stage = new Stage();
    stage.outcome = () => ({ kind: 'failed', error: 'Number is not on WhatsApp', attempted: true });
    await stage.register('bulk', bulk(7, phones(2)));
    await stage.run(MINUTE);
    expect(stage.told('schedule recipient').map(({ error }) => error)).toEqual(
      Array(2).fill('Number is not on WhatsApp'),
    );
    expect(stage.told('schedule status').at(-1)).toMatchObject({
      status: 'failed',
      totals: { sent: 0, delivered: 0, failed: 2 },
      reason: 'Number is not on WhatsApp',
    });
  });

  it('no recipients: failed with that reason when due', async () => {
    const stage = new Stage();
    await stage.register('bulk', bulk(7, []));
    await stage.run(1_000);
    expect(stage.told('schedule status')).toMatchObject([{ status: 'failed', reason: 'no recipients' }]);
  });

  it('S-16: a phone listed twice is one recipient', async () => {
    const stage = new Stage();
    const [one = ''] = phones(1);
    await stage.register('bulk', bulk(7, [one, `+${one}`, one]));
    await stage.run(MINUTE);
    expect(stage.messages).toHaveLength(1);
    expect(stage.told('schedule status').at(-1)?.totals?.sent).toBe(1);
  });
});

describe('the same schedule again (§12)', () => {
  it('S-11: a second registration while it runs sends nobody twice', async () => {
    const stage = new Stage();
    const first = await stage.register('bulk', bulk(7, phones(5)));
    await stage.run(5_000);
    expect(stage.messages.length).toBeGreaterThan(0);
    expect(stage.messages.length).toBeLessThan(5);
    expect((await stage.register('bulk', bulk(7, phones(5)))).id).toBe(first.id);
    await stage.run(MINUTE);
    expect(stage.sentTo().sort()).toEqual(phones(5));
    expect(stage.told('schedule status').filter(({ status }) => status === 'completed')).toHaveLength(1);
  });

  it('S-12, S-15: a retry sends only to who failed, and reports the others again with their state and id', async () => {
    const stage = new Stage();
    const [bad = '', good = '', read = ''] = phones(3);
    stage.outcome = ({ to }) => (to === bad ? { kind: 'failed', error: 'no', attempted: true } : undefined);
    await stage.register('bulk', bulk(7, [bad, good, read]));
    await stage.run(MINUTE);
    const readId = stage.messages.find(({ to }) => to === read)?.id ?? '';
    await stage.settle(stage.life.runs.receipt({ device: SENDER, id: readId, status: 'read', at: stage.time.now() }));
    stage.outcome = () => undefined;
    stage.facts.length = 0;
    await stage.register('bulk', bulk(7, [bad, good, read]));
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual([good, read, bad]);
    const told = stage.told('schedule recipient').map(({ phone, status }) => [phone, status]);
    expect(told).toEqual([
      [good, 'sent'],
      [read, 'read'],
      [bad, 'sent'],
    ]);
    expect(stage.told('schedule status').at(-1)?.totals).toEqual({ sent: 3, delivered: 1, failed: 0 });
  });

  it('other content a day later is a new message', async () => {
    const stage = new Stage();
    await stage.register('bulk', bulk(7, phones(1)));
    await stage.run(MINUTE);
    await stage.register('bulk', bulk(7, phones(1), { message: 'other', scheduleDateTime: iso(stage.time.now()) }));
    await stage.run(MINUTE);
    expect(stage.messages).toHaveLength(1);
    await stage.run(DAY);
    await stage.register('bulk', bulk(7, phones(1), { message: 'third', scheduleDateTime: iso(stage.time.now()) }));
    await stage.run(MINUTE);
    expect(stage.messages.map(({ text }) => text)).toEqual(['hello', 'third']);
  });

  it('reminders: a rescheduled one replaces the pending one, and is new after the old one went out', async () => {
    const stage = new Stage();
    const at = (hours: number) => bulk(-1_000_123, phones(1), { scheduleDateTime: iso(START + hours * HOUR) });
    const first = await stage.register('bulk', at(1));
    expect((await stage.register('bulk', at(2))).id).toBe(first.id);
    await stage.run(3 * HOUR);
    expect(stage.messages.map((message) => message.at - START)).toEqual([2 * HOUR]);
    await stage.register('bulk', at(4));
    await stage.run(2 * HOUR);
    expect(stage.messages).toHaveLength(2);
    expect(stage.facts).toHaveLength(stage.told('schedule status').length);
  });

  it('without an id the same fields within a minute are the same job', async () => {
    const stage = new Stage();
    const body = {
      targetPhoneNumber: phones(1)[0],
      message: 'x',
      scheduleDateTime: iso(START + HOUR),
      timezone: 'UTC',
    };
    const first = await stage.register('single', body);
    expect((await stage.register('single', body)).id).toBe(first.id);
    await stage.run(2 * MINUTE);
    expect((await stage.register('single', body)).id).not.toBe(first.id);
  });
});

describe('orders (§7)', () => {
  it('S-14: what is on its way longer than an order waits is not sent again by a resume, and keeps its result', async () => {
    for (const engine of ['baileys', 'waba'] as const) {
      const stage = new Stage();
      stage.engine = { kind: 'engine', engine, branding: '' };
      stage.sendMs = 30_000;
      let sends = 0;
      stage.outcome = () => void (sends += 1);
      const { id } = await stage.register('bulk', bulk(7, phones(1)));
      await stage.run(1_000);
      await stage.settle(stage.jobs.order('pause', id));
      await stage.settle(stage.jobs.order('resume', id));
      await stage.run(5 * MINUTE);
      expect(sends).toBe(1);
      expect(stage.told('schedule recipient').map(({ status }) => status)).toEqual(['sent']);
      expect(stage.jobs.job(id)).toMatchObject({ state: 'ended', totals: { sent: 1, unknown: 0 } });
    }
  });

  it('S-14, S-13: cancelled and dispatched again while a message is on its way: refused, and nothing is lost by it', async () => {
    const stage = new Stage();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    stage.sendMs = 20_000;
    const { id } = await stage.register('broadcast', broadcast(9, contacts(2)), { immediate: true });
    await stage.run(1_000);
    await stage.settle(stage.jobs.order('cancel', id));
    await expect(stage.register('broadcast', broadcast(9, contacts(2)), { immediate: true })).rejects.toThrow(
      'on its way',
    );
    await stage.run(MINUTE);
    await stage.register('broadcast', broadcast(9, contacts(2)), { immediate: true });
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual(phones(2));
    expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'completed', success: 2, failed: 0 });
  });

  it('S-11: a registration that waits in vain for a message on its way leaves the run as it was', async () => {
    const stage = new Stage();
    stage.sendMs = 20_000;
    await stage.register('bulk', bulk(7, phones(2)));
    await stage.run(1_000);
    await expect(stage.register('bulk', bulk(7, phones(2)))).rejects.toThrow('on its way');
    await stage.run(2 * MINUTE);
    expect(stage.sentTo()).toEqual(phones(2));
    expect(stage.told('schedule status').at(-1)).toMatchObject({ status: 'completed', totals: { sent: 2, failed: 0 } });
  });

  it('S-14: pause stops within one recipient, resume goes on with the next, cancel is final', async () => {
    const stage = new Stage();
    const { id } = await stage.register('bulk', bulk(7, phones(6)));
    await stage.run(5_000);
    expect(await stage.settle(stage.jobs.order('pause', id))).toBe('done');
    const sent = stage.messages.length;
    await stage.run(HOUR);
    expect(stage.messages).toHaveLength(sent);
    expect(await stage.settle(stage.jobs.order('pause', id))).toBe('done');
    expect(await stage.settle(stage.jobs.order('resume', '7'))).toBe('done');
    await stage.run(5_000);
    expect(stage.messages.length).toBeGreaterThan(sent);
    expect(await stage.settle(stage.jobs.order('cancel', id))).toBe('done');
    const final = stage.messages.length;
    await stage.run(DAY);
    expect(stage.messages).toHaveLength(final);
    expect(final).toBeLessThan(6);
    expect(new Set(stage.sentTo()).size).toBe(final);
    expect(stage.told('schedule status').map(({ status }) => status)).not.toContain('completed');
    expect(await stage.jobs.order('cancel', 'nobody')).toBe('not found');
  });

  it('S-10: resumed after its time it goes out now, also after a restart', async () => {
    const stage = new Stage();
    const { id } = await stage.register('bulk', bulk(7, phones(1), { scheduleDateTime: iso(START + HOUR) }));
    await stage.settle(stage.jobs.order('pause', id));
    await stage.run(5 * HOUR);
    stage.restart();
    expect(stage.messages).toHaveLength(0);
    await stage.settle(stage.jobs.order('resume', id));
    await stage.run(1_000);
    expect(stage.messages).toHaveLength(1);
  });

  it('S-54: an update keeps kind and id, and empty fields change nothing', async () => {
    const stage = new Stage();
    const rule = { repeatInterval: 'daily', scheduleDateTime: iso(START + HOUR) };
    const { id } = await stage.register('recurring', bulk(7, phones(1), rule));
    const updated = stage.jobs.update(id, {
      message: 'changed',
      timezone: '',
      scheduleDateTime: iso(START + 2 * HOUR),
    });
    expect(await stage.settle(updated)).toEqual({ kind: 'updated', id });
    await stage.run(2 * DAY);
    expect(stage.messages.map(({ at, text }) => [at - START, text])).toEqual([
      [2 * HOUR, 'changed'],
      [DAY + 2 * HOUR, 'changed'],
    ]);
    expect(stage.jobs.job(id)?.kind).toBe('recurring');
  });
});

describe('waiting (settings §6)', () => {
  it('a number that connects again ends no other wait: neither a pause between batches nor the cap', async () => {
    const stage = new Stage();
    stage.pacing = { gap: 3, inBatches: true, batch: 2, pause: 5 };
    await stage.register('bulk', bulk(7, phones(3)));
    await stage.run(MINUTE);
    stage.life.wake(SENDER);
    await stage.run(MINUTE);
    expect(stage.messages).toHaveLength(2);
    stage.room = 0;
    await stage.run(10 * MINUTE);
    stage.room = 1;
    stage.life.wake(SENDER);
    await stage.run(MINUTE);
    expect(stage.messages).toHaveLength(2);
    await stage.run(DAY);
    expect(stage.messages).toHaveLength(3);
  });

  it('S-07, S-28: at the cap it waits for the next UTC day, says nothing, and goes on by itself', async () => {
    const stage = new Stage();
    stage.room = 0;
    await stage.register('bulk', bulk(7, phones(1)));
    await stage.run(11 * HOUR);
    expect(stage.facts).toHaveLength(0);
    stage.room = 10;
    await stage.run(2 * HOUR);
    expect(stage.messages[0]?.at).toBe(Date.UTC(2026, 5, 2));
  });

  it('S-25, S-26: waits 10 min for its number; the rest then fails with the reason', async () => {
    const stage = new Stage();
    stage.isReady = false;
    await stage.register('bulk', bulk(7, phones(2)));
    await stage.run(9 * MINUTE);
    expect(stage.facts).toHaveLength(0);
    stage.isReady = true;
    stage.life.wake(SENDER);
    await stage.run(1_000);
    expect(stage.messages).toHaveLength(1);
    stage.isReady = false;
    await stage.run(11 * MINUTE);
    expect(stage.told('schedule recipient').map(({ status, error }) => [status, error])).toEqual([
      ['sent', undefined],
      ['failed', 'device disconnected'],
    ]);
    expect(stage.told('schedule status').at(-1)).toMatchObject({ status: 'completed', totals: { sent: 1, failed: 1 } });
  });

  it('a provider that says slow down holds every run of the number', async () => {
    const stage = new Stage();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    const until = START + 10 * MINUTE;
    stage.outcome = () => (stage.time.now() < until ? { kind: 'wait', whom: 'number', until, why: 'slow' } : undefined);
    await stage.register('bulk', bulk(7, phones(1)));
    await stage.register('bulk', bulk(8, phones(1, 50)));
    await stage.run(9 * MINUTE);
    expect(stage.messages).toHaveLength(0);
    await stage.run(2 * MINUTE);
    expect(stage.messages).toHaveLength(2);
  });

  it('S-57: a paused template pauses the run, the others stay pending and the app hears why', async () => {
    const stage = new Stage();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    stage.outcome = ({ to }) =>
      to === phones(3)[1] ? { kind: 'stop', whom: 'run', error: '132015: paused' } : undefined;
    const { id } = await stage.register('broadcast', broadcast(9, contacts(3)), { immediate: true });
    await stage.run(HOUR);
    expect(stage.jobs.job(id)).toMatchObject({ state: 'paused', totals: { sent: 1, pending: 2, failed: 0 } });
    expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'processing', reason: '132015: paused' });
    stage.outcome = () => undefined;
    await stage.settle(stage.jobs.order('resume', id));
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual(phones(3));
    expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'completed', success: 3, failed: 0 });
  });

  const strange = { kind: 'failed', error: '999: what?', attempted: true, because: 'unknown code' } as const;

  it('UC1 three unknown codes in a row pause the run, which goes on by request; others in between end the row', async () => {
    const stage = new Stage();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    const known = phones(8)[2];
    const { because: _, ...familiar } = strange;
    stage.outcome = ({ to }) => (to === known ? familiar : strange);
    const { id } = await stage.register('broadcast', broadcast(9, contacts(8)), { immediate: true });
    await stage.run(HOUR);
    expect(stage.jobs.job(id)).toMatchObject({ state: 'paused', totals: { sent: 0, pending: 2, failed: 6 } });
    expect(stage.told('broadcast status').at(-1)).toMatchObject({
      status: 'processing',
      reason: '3 unknown error codes in a row: 999: what?',
    });
    stage.outcome = () => undefined;
    await stage.settle(stage.jobs.order('resume', id));
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual(phones(8).slice(6));
    expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'completed_with_errors', success: 2 });
  });

  it('UC1 the third who was the last one ends the run, with its final callback', async () => {
    const stage = new Stage();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    stage.outcome = () => strange;
    await stage.register('broadcast', broadcast(9, contacts(3)), { immediate: true });
    await stage.run(HOUR);
    expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'failed', failed: 3, reason: '999: what?' });
  });

  it('facts §6.2 a recipient that stays too slow fails after 10 minutes, also over a restart; the others go on', async () => {
    const stage = new Stage();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    const [slow = '', fine = ''] = phones(2);
    const holds = [1, 4, 16, 64, 256, 600].map((s) => s * 1_000);
    let tries = 0;
    stage.outcome = ({ to }) => {
      if (to !== slow) return undefined;
      const until = stage.time.now() + (holds[tries++] ?? 600_000);
      return { kind: 'wait', whom: 'recipient', until, why: '131056: pair' };
    };
    await stage.register('broadcast', broadcast(9, contacts(2)), { immediate: true });
    await stage.run(MINUTE);
    expect([stage.sentTo(), tries]).toEqual([[fine], 4]);
    stage.restart();
    await stage.run(HOUR);
    expect(tries).toBe(6);
    expect(stage.told('broadcast recipient').map(({ status, error }) => [status, error])).toEqual([
      ['sent', undefined],
      ['failed', '131056: pair'],
    ]);
    expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'completed_with_errors' });
    // Listed again it has its 10 minutes anew.
    tries = 0;
    await stage.register('broadcast', broadcast(9, contacts(1)), { immediate: true });
    await stage.run(MINUTE);
    expect(tries).toBe(4);
  });

  it('what is transient is tried twice more at the end; what is unknown never again', async () => {
    const stage = new Stage();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    const [shaky = '', dark = '', fine = ''] = phones(3);
    stage.outcome = ({ to }) =>
      to === shaky ? { kind: 'transient', error: 'busy' } : to === dark ? { kind: 'unknown', error: 'cut' } : undefined;
    let tries = 0;
    const outcome = stage.outcome;
    stage.outcome = (request, count) => {
      if (request.to === shaky) tries = count;
      return outcome(request, count);
    };
    await stage.register('bulk', bulk(7, [shaky, dark, fine]));
    await stage.run(MINUTE);
    expect(tries).toBe(3);
    expect(stage.sentTo()).toEqual([dark, fine]);
    await stage.register('bulk', bulk(7, [shaky, dark, fine]));
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual([dark, fine]);
  });

  it('facts/cloud-api.md §6.1 D: not before its provider says, such as a minute of maintenance', async () => {
    const stage = new Stage();
    stage.engine = { kind: 'engine', engine: 'waba', branding: '' };
    const tries: number[] = [];
    stage.outcome = () => {
      const now = stage.time.now();
      tries.push(now);
      return tries.length > 1 ? undefined : { kind: 'transient', error: '131057', until: now + MINUTE };
    };
    const [one = ''] = phones(1);
    await stage.register('bulk', bulk(7, [one]));
    await stage.run(3 * MINUTE);
    expect(stage.sentTo()).toEqual([one]);
    const [first = 0, second = 0] = tries;
    expect(Math.round((second - first) / 1_000)).toBe(60);
  });
});

describe('a series (§6, §8)', () => {
  const daily = { repeatInterval: 'daily', repeatEvery: 1, scheduleDateTime: iso(START + HOUR) };

  it('S-40, S-41: each run is reported as completed, with cumulative counters', async () => {
    const stage = new Stage();
    await stage.register('recurring', bulk(7, phones(2), daily));
    await stage.run(3 * DAY);
    expect(stage.messages).toHaveLength(6);
    expect(stage.told('schedule status').map(({ status, totals }) => [status, totals?.sent])).toEqual([
      ['completed', 2],
      ['completed', 4],
      ['completed', 6],
    ]);
  });

  it('S-43: a run longer than its period does not overlap itself', async () => {
    const stage = new Stage();
    stage.pacing = { gap: 3_600, inBatches: false, batch: 50, pause: 5 };
    await stage.register('recurring', bulk(7, phones(30), daily));
    await stage.run(4 * DAY);
    const first = stage.messages.slice(0, 30).map(({ to }) => to);
    expect(new Set(first).size).toBe(30);
    expect(stage.messages.length).toBeGreaterThan(30);
  });

  it('S-04, S-39: keeps its recipients over a restart and ends on its last day', async () => {
    const stage = new Stage();
    const { id } = await stage.register('recurring', bulk(7, phones(1), { ...daily, endDate: '2026-06-03' }));
    await stage.run(DAY);
    stage.restart();
    await stage.run(10 * DAY);
    expect(stage.messages.map(({ at }) => new Date(at).getUTCDate())).toEqual([1, 2, 3]);
    expect(stage.jobs.job(id)?.state).toBe('ended');
  });

  it('downtime: the latest occurrence runs when it is young, older ones are not made up', async () => {
    const stage = new Stage();
    await stage.register('recurring', bulk(7, phones(1), daily));
    stage.life.dead = true;
    await stage.run(3 * DAY + 90 * MINUTE);
    stage.restart();
    await stage.run(MINUTE);
    expect(stage.messages.map(({ at }) => at - START)).toEqual([3 * DAY + 90 * MINUTE]);
    await stage.run(DAY);
    expect(stage.messages).toHaveLength(2);
  });
});

describe('recipient-local time (§11)', () => {
  it('S-55: each recipient at the wall-clock time of its own zone, one summary at the end', async () => {
    const stage = new Stage();
    const [berlin, tokyo, home] = ['4915110000000', '819010000000', '5511988887777'];
    const body = bulk(7, [berlin, tokyo, home], {
      recipientTimezones: true,
      scheduleDateTime: '2026-06-02 09:00:00',
      timezone: 'Europe/Berlin',
    });
    await stage.register('bulk', body);
    await stage.run(3 * DAY);
    const hours = Object.fromEntries(stage.messages.map(({ to, at }) => [to, iso(at).slice(0, 16)]));
    expect(hours).toEqual({
      [tokyo]: '2026-06-02T00:00',
      [berlin]: '2026-06-02T07:00',
      // Brazil has several zones: the job's counts.
      [home]: '2026-06-02T07:00',
    });
    expect(stage.told('schedule status').map(({ status }) => status)).toEqual(['running', 'completed']);
  });

  it('quiet hours defer, and drop nobody', async () => {
    const stage = new Stage();
    const quietHours = { from: '20:00', to: '08:00' };
    await stage.register(
      'bulk',
      bulk(7, phones(1), { quietHours, timezone: 'Europe/Berlin', scheduleDateTime: iso(START + 10 * HOUR) }),
    );
    await stage.run(DAY);
    expect(iso(stage.messages[0]?.at ?? 0).slice(0, 16)).toBe('2026-06-02T06:00');
  });
});

describe('broadcasts (bulk §1.3, §3)', () => {
  it('S-13: a re-dispatch of a part during the first run joins it; one final callback with all', async () => {
    const stage = new Stage();
    const { id } = await stage.register('broadcast', broadcast(9, contacts(5)), { immediate: true });
    await stage.run(5_000);
    const early = stage.sentTo();
    const again = await stage.register('broadcast', broadcast(9, contacts(2), { message: 'newer' }), {
      immediate: true,
    });
    expect(again.id).toBe(id);
    await stage.run(MINUTE);
    expect(stage.sentTo().sort()).toEqual(phones(5));
    const late = stage.messages.filter(({ to }) => !early.includes(to));
    expect(new Set(late.map(({ text }) => text))).toEqual(new Set(['newer']));
    const final = stage.told('broadcast status').filter(({ status }) => status !== 'processing');
    expect(final).toMatchObject([{ status: 'completed', success: 5, failed: 0 }]);
  });

  it('ended within a minute: only who failed is sent again; later: everybody who is listed', async () => {
    const stage = new Stage();
    const [bad = ''] = phones(1);
    stage.outcome = ({ to }) => (to === bad ? { kind: 'failed', error: 'no', attempted: true } : undefined);
    await stage.register('broadcast', broadcast(9, contacts(3)), { immediate: true });
    await stage.run(20_000);
    expect(stage.told('broadcast status').at(-1)).toMatchObject({
      status: 'completed_with_errors',
      success: 2,
      failed: 1,
    });
    stage.outcome = () => undefined;
    await stage.register('broadcast', broadcast(9, contacts(3)), { immediate: true });
    await stage.run(20_000);
    expect(stage.sentTo()).toEqual([...phones(3).slice(1), bad]);
    expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'completed', success: 3, failed: 0 });
    await stage.run(2 * MINUTE);
    await stage.register('broadcast', broadcast(9, contacts(1, 1)), { immediate: true });
    await stage.run(20_000);
    expect(stage.messages).toHaveLength(4);
    expect(stage.told('broadcast status').at(-1)).toMatchObject({ status: 'completed', success: 3, failed: 0 });
  });

  it('contacts with one phone share one message and its id', async () => {
    const stage = new Stage();
    const [phone = ''] = phones(1);
    await stage.register(
      'broadcast',
      broadcast(9, [
        { id: 1, phone },
        { id: 2, phone },
      ]),
      { immediate: true },
    );
    await stage.run(MINUTE);
    expect(stage.messages).toHaveLength(1);
    const told = stage.told('broadcast recipient');
    expect(told.map(({ contactId, messageId }) => [contactId, messageId])).toEqual([
      [1, stage.messages[0]?.id],
      [2, stage.messages[0]?.id],
    ]);
    expect(stage.told('broadcast status').at(-1)?.success).toBe(2);
  });
});

describe('restarts (P6, P8)', () => {
  it('S-02: overdue within the grace it is sent, older it is reported as missed', async () => {
    const stage = new Stage();
    await stage.register('bulk', bulk(7, phones(1), { scheduleDateTime: iso(START + HOUR) }));
    await stage.register('bulk', bulk(8, phones(1, 5), { scheduleDateTime: iso(START + 2 * HOUR) }));
    stage.life.dead = true;
    await stage.run(2.5 * HOUR);
    stage.restart();
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual(phones(1, 5));
    expect(stage.told('schedule status').find(({ scheduleId }) => scheduleId === 7)).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/^missed: bridge was not running at 2026-06-01T13:00:00/) as string,
    });
  });

  it('S-48: after a start what is due waits for the app, two minutes at most', async () => {
    const stage = new Stage();
    await stage.register('bulk', bulk(7, phones(1), { scheduleDateTime: iso(START + HOUR) }));
    stage.life.dead = true;
    await stage.run(HOUR);
    stage.restart(false);
    await stage.run(MINUTE);
    expect(stage.messages).toHaveLength(0);
    await stage.run(MINUTE + 5_000);
    expect(stage.messages).toHaveLength(1);
  });

  for (const engine of ['baileys', 'waba'] as const) {
    it(`S-01, S-18, S-50: killed after any write, ${engine} sends each recipient at most once and closes once`, async () => {
      for (let writes = 1; writes <= 22; writes++) {
        const stage = new Stage();
        stage.engine = { kind: 'engine', engine, branding: '' };
        await stage.register('broadcast', broadcast(9, contacts(4)), { immediate: true });
        stage.writesLeft = writes;
        await stage.run(5 * MINUTE);
        const sent = stage.sentTo();
        expect(new Set(sent).size, `after ${writes} writes`).toBe(sent.length);
        const final = stage.told('broadcast status').filter(({ status }) => status !== 'processing');
        expect(final, `after ${writes} writes`).toHaveLength(1);
        const { success = 0, failed = 0 } = final[0] ?? {};
        expect(success + failed).toBe(4);
        if (engine === 'baileys') expect([sent.length, success]).toEqual([4, 4]);
        else expect(failed).toBeLessThanOrEqual(1);
      }
    });
  }

  for (const engine of ['baileys', 'waba'] as const) {
    it(`P8: a disk that refuses any one write loses nobody, ${engine} sends nobody twice, and the run goes on`, async () => {
      for (let refused = 1; refused <= 12; refused++) {
        const stage = new Stage();
        stage.engine = { kind: 'engine', engine, branding: '' };
        const { id } = await stage.register('broadcast', broadcast(9, contacts(3)), { immediate: true });
        let writes = 0;
        stage.isFull = () => (writes += 1) === refused;
        await stage.run(5 * MINUTE);
        const note = `write ${refused}`;
        expect(stage.sentTo().sort(), note).toEqual(phones(3));
        expect(stage.jobs.job(id)?.state, note).toBe('ended');
        const final = stage.told('broadcast status').filter(({ status }) => status !== 'processing');
        expect(final, note).toHaveLength(1);
        const { success = 0, failed = 0 } = final[0] ?? {};
        expect(success + failed, note).toBe(3);
        if (engine === 'baileys') expect(success, note).toBe(3);
        else expect(failed, note).toBeLessThanOrEqual(1);
        expect(new Set(stage.told('broadcast recipient').map(({ contactId }) => contactId)).size, note).toBe(3);
      }
    });
  }

  it('P8: a full disk is asked again each five seconds, not all the time', async () => {
    const stage = new Stage();
    await stage.register('bulk', bulk(7, phones(2), { scheduleDateTime: iso(START + MINUTE) }));
    let refusals = 0;
    stage.isFull = () => stage.time.now() <= START + 3 * MINUTE && (refusals += 1) > 0;
    await stage.run(3 * MINUTE);
    expect(stage.messages).toHaveLength(0);
    expect(refusals).toBeGreaterThan(20);
    expect(refusals).toBeLessThan(30);
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual(phones(2));
  });

  it('an order or a registration that the disk refuses changes nothing: the run goes on as it was', async () => {
    const stage = new Stage();
    const { id } = await stage.register('bulk', bulk(7, phones(6)));
    await stage.run(2_000);
    stage.isFull = () => true;
    await expect(stage.settle(stage.jobs.order('cancel', id))).rejects.toThrow('no space');
    await expect(stage.register('bulk', bulk(7, phones(1), { message: 'newer' }))).rejects.toThrow('no space');
    stage.isFull = () => false;
    await stage.run(MINUTE);
    expect(stage.sentTo()).toEqual(phones(6));
    expect(new Set(stage.messages.map(({ text }) => text))).toEqual(new Set(['hello']));
  });

  it('P8: random pauses, resumes and kills: the counts add up at every instant', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const stage = new Stage();
      let state = seed * 7919;
      const random = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
      const { id } = await stage.register('broadcast', broadcast(9, contacts(12)), { immediate: true });
      for (let round = 0; round < 25; round++) {
        const dice = random();
        if (dice < 0.3) stage.writesLeft = Math.ceil(random() * 4);
        else if (dice < 0.5) await stage.settle(Promise.race([stage.jobs.order('pause', id), stage.run(3_000)]));
        else await stage.settle(Promise.race([stage.jobs.order('resume', id), stage.run(3_000)]));
        await stage.run(random() * 8_000);
        const { total, sent, failed, unknown, pending, skipped } = stage.jobs.job(id)?.totals ?? {};
        if (total) expect((sent ?? 0) + (failed ?? 0) + (unknown ?? 0) + (pending ?? 0) + (skipped ?? 0)).toBe(total);
      }
      await stage.settle(stage.jobs.order('resume', id));
      await stage.run(5 * MINUTE);
      expect(stage.sentTo().sort()).toEqual(phones(12));
      expect(stage.told('broadcast status').filter(({ status }) => status !== 'processing')).toMatchObject([
        { status: 'completed', success: 12, failed: 0 },
      ]);
    }
  });
});
