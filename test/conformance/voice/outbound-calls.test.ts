/**
 * Calls that the app dials, and calls that cannot be set up, over real WebRTC with Meta's loopback peer. Contract voice §5.
 */
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CallHouse } from '../../helpers/call-house.ts';
import { eventually } from '../../helpers/eventually.ts';
import { descriptorsOf } from '../../helpers/open-resources.ts';
import type { MetaCall } from '../../loopback/calls/calls-peer.ts';

let house: CallHouse;

beforeAll(async () => {
  house = await CallHouse.open();
});
afterAll(async () => {
  await house.quiet();
  expect(house.meta.violations).toEqual([]);
  expect(house.app.violations()).toEqual([]);
  await house.close();
});

const soon = (what: string, probe: () => boolean) => eventually(probe, { what, withinMs: 8_000, everyMs: 5 });

/** The app dials; the answer is held back until `answer` hands it over. */
function dialled({ linkFirst = true } = {}) {
  const id = house.newId();
  let dialling: { call: MetaCall; answer: string } | undefined;
  house.app.answers.calls.onOffer = async (body) => {
    const { call, answer } = await house.meta.dial(String(body['sdp_offer']));
    dialling = { call, answer };
    if (linkFirst) expect(house.calls.link(id, call.id)).toBe(true);
    return { status: 200, body: { ok: true, meta_call_id: call.id } };
  };
  const request = {
    ...{ call: id, workspace: '3', assistantId: '5', to: '5511912345678', from: '4915512345678' },
    ...house.access(),
  };
  house.calls.placeOutbound(request);
  const dialledBy = async () => {
    await soon('the app has dialled', () => dialling !== undefined);
    if (!dialling) throw new Error('not dialled');
    return dialling;
  };
  return { id, request, dialledBy };
}

it.each([
  ['/connect', true],
  ['/answer for a call that waits for it', true],
  ['/connect, linked only by the answer of the app', false],
] as const)(
  'V-06, V-24: connects when the answer comes by %s; greets when the callee is heard',
  async (how, linkFirst) => {
    const { id, request, dialledBy } = dialled({ linkFirst });
    const { call, answer } = await dialledBy();
    const opened = house.opened.length;
    if (how.startsWith('/connect')) await soon('it is known', () => house.calls.connect(call.id, answer));
    else house.calls.answer({ ...request, metaCallId: call.id, callerPhone: '', calleePhone: '', sdp: answer });
    await soon('it connects', () => call.media.connected);
    await soon('silence keeps the path open', () => call.media.heard.length > 5);
    expect(house.opened.length).toBe(opened + 1);
    expect(house.pipeline.begun).toBe(0);
    call.media.talk();
    await soon('it talks', () => house.pipeline.begun === 1);
    expect(house.pipeline.brief).toMatchObject({ callerPhone: '4915512345678', calleePhone: '5511912345678' });
    house.calls.connect(call.id, answer);
    house.calls.placeOutbound(request);
    expect(house.calls.stats().live).toBe(1);
    house.calls.terminate(call.id);
    await house.quiet();
    expect([call.words, house.errorsOf(id)]).toEqual([['terminate'], []]);
    house.calls.placeOutbound(request);
    expect([house.calls.stats().live, house.calls.link(id, call.id)]).toEqual([0, false]);
  },
);

it('V-08: an app that cannot dial is told so, and nothing is said to Meta', async () => {
  const id = house.newId();
  house.app.answers.calls.onOffer = () => Promise.resolve({ status: 502, body: { ok: false, error: 'dial_failed' } });
  house.calls.placeOutbound({
    ...{ call: id, workspace: '3', assistantId: '5', to: '5511912345678', from: '' },
    ...house.access(),
  });
  await house.quiet();
  expect(house.errorsOf(id)).toEqual(['dial_failed']);
});

it('V-08: without a free port there is no candidate, and the app is told', async () => {
  const sockets: Socket[] = [];
  const bound = (port: number) =>
    new Promise<number>((resolve) => {
      const socket = createSocket('udp4');
      sockets.push(socket);
      socket.bind(port, () => resolve(socket.address().port));
    });
  const first = await bound(0);
  const range = [first, first + 1] as const;
  await bound(range[1]);
  const small = await CallHouse.open({ ice: { stunUrls: [], local: true, ports: range } });
  const { call, id } = await small.incoming();
  await small.quiet();
  expect([small.errorsOf(id), call.words]).toEqual([['no candidates'], []]);
  await small.close();
  await Promise.all(sockets.map((socket) => new Promise<void>((closed) => socket.close(() => closed()))));
});

it('V-05, V-34: whatever way calls end, their UDP ports are free afterwards', async () => {
  const udp = () => descriptorsOf(process.pid).udp;
  for (const { media } of house.meta.calls.values()) await media.close();
  const before = udp();
  const own = await CallHouse.open();
  const endings: readonly ((call: MetaCall) => Promise<void> | void)[] = [
    (call) => own.calls.terminate(call.id),
    () => own.pipeline.line.hangUp('done'),
    () => own.pipeline.line.hangUp('vendor lost', 'realtime_lost'),
  ];
  for (const end of endings) {
    const { call } = await own.incoming();
    await own.talking(call);
    expect(udp()).toBeGreaterThan(before);
    await end(call);
    await own.quiet();
    await call.media.close();
  }
  for (const pause of [0, 60, 200]) {
    const { call } = await own.incoming();
    await delay(pause);
    own.calls.terminate(call.id);
    await own.quiet();
    await call.media.close();
  }
  await eventually(() => udp() === before, { what: `${before} UDP sockets, as before`, withinMs: 4_000, everyMs: 20 });
  expect(own.opened.every(({ pipeline }) => pipeline.closed === 1)).toBe(true);
  await own.close();
});

it('no STUN server is asked unless the settings name one (§7)', async () => {
  const { default: dns } = await import('node:dns');
  const asked: unknown[] = [];
  const { lookup } = dns;
  Object.assign(dns, {
    lookup: (host: string, ...rest: unknown[]) => {
      asked.push(host);
      return Reflect.apply(lookup, dns, [host, ...rest]) as unknown;
    },
  });
  try {
    const { call } = await house.incoming();
    await house.talking(call);
    house.calls.terminate(call.id);
    await house.quiet();
  } finally {
    Object.assign(dns, { lookup });
  }
  expect(asked.filter((host) => /[a-z]/.test(String(host)))).toEqual([]);
});
