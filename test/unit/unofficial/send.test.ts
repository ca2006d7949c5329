/** What becomes of a send whose hand-over takes longer than its caller waits (contract messages §1.4), over a socket that the test drives. */
import type { proto } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MediaFiles } from '../../../src/actors/content/media-files.ts';
import { DailyCount } from '../../../src/actors/daily-count.ts';
import { SharedCaches } from '../../../src/actors/engines/unofficial/caches.ts';
import { PromisedSends } from '../../../src/actors/engines/unofficial/promised-sends.ts';
import { Recipients } from '../../../src/actors/engines/unofficial/recipient.ts';
import { RideAlong } from '../../../src/actors/engines/unofficial/ride-along.ts';
import { Sender } from '../../../src/actors/engines/unofficial/send.ts';
import { LidMap } from '../../../src/actors/lid-map.ts';
import { NewestOwn } from '../../../src/actors/newest-own.ts';
import { SentIndex } from '../../../src/actors/sent-index.ts';
import { createLog } from '../../../src/log.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { SimulatedTime } from '../../helpers/simulated-time.ts';

const CONTACT = '491701234567';
const TO = `${CONTACT}@s.whatsapp.net`;
const ID = '3EB0AABBCCDDEEFF0011';
const log = createLog({ level: 'silent' });

/** How one relay of the library goes: it fails after `ms`, or is acknowledged. */
type Relayed = { readonly ms: number; readonly error?: Error };

let time: SimulatedTime;
let bench: ReturnType<typeof stage>;
/** The relays to come, the last one for ever. */
let relays: Relayed[];
/** Ids as they were relayed. */
let relayed: string[];
beforeEach(() => {
  time = new SimulatedTime();
  relayed = [];
  bench = stage();
});
afterEach(() => bench.sender.cut());

function stage() {
  const store = memoryStore();
  const caches = new SharedCaches(time).forSocket();
  const sent = new SentIndex(store, time);
  const files = new MediaFiles('/nowhere');
  const failures: unknown[] = [];
  const relayMessage = async (_to: string, message: proto.IMessage, { messageId = '' }: { messageId?: string }) => {
    relayed.push(messageId);
    const { ms, error } = (relays.length > 1 ? relays.shift() : relays[0]) ?? { ms: 0 };
    await new Promise<void>((resolve) => time.setTimeout(resolve, ms));
    if (error) throw error;
    for (const _ of ['report', 'contact']) sender.watchRelay(message);
    time.setTimeout(() => sender.onAck({ tag: 'ack', attrs: { id: messageId } }), 10);
    return messageId;
  };
  const socket = {
    user: { id: '5511987654321:7@s.whatsapp.net' },
    onWhatsApp: async (...digits: string[]) => digits.map((one) => ({ jid: `${one}@s.whatsapp.net`, exists: true })),
    getUSyncDevices: async () => {
      await caches.devices.set(CONTACT, [{ user: CONTACT, device: 0 }]);
      return [];
    },
    relayMessage,
    waUploadToServer: () => Promise.reject(new Error('no media here')),
  };
  const sender = new Sender({
    socket: () => socket,
    caches,
    sent,
    rideAlong: new RideAlong(store, time),
    daily: new DailyCount(store, time),
    recipients: new Recipients(store, new LidMap(store), time),
    promised: new PromisedSends(store, sent, files, time, log),
    newest: new NewestOwn(store, time),
    files,
    authorOf: () => undefined,
    clock: time,
    log,
    onRefusal: () => undefined,
    onFailure: (error) => void failures.push(error),
  });
  const promises = () => [...store.table('promised-sends').keys()].length;
  return { sender, sent, failures, promises };
}

async function answered() {
  const content = { kind: 'text', text: 'hello' } as const;
  const sending = bench.sender.send({ from: '5511987654321', to: TO, content, id: ID, deadline: time.now() + 18_000 });
  await passed(18_000);
  return sending;
}

/** In small steps: the store's writes take turns of their own. */
async function passed(ms: number): Promise<void> {
  for (const end = time.now() + ms; time.now() < end; ) await time.advanceAsync(Math.min(500, end - time.now()));
}

const refusedQuery = (code: number) => Object.assign(new Error('service-unavailable'), { data: code });

it.each([
  ['a key answer that never came', new Error('All encryptions failed')],
  ['a query that WhatsApp could not answer', refusedQuery(503)],
  ['one query too many', refusedQuery(429)],
])('SE7, PS3 %s, after the caller was told `pending`: tried again on the same connection', async (_what, error) => {
  relays = [{ ms: 30_000, error }, { ms: 0 }];
  expect(await answered()).toEqual({ kind: 'pending', id: ID, to: TO });
  await passed(10_000);
  expect([relayed, bench.promises()]).toEqual([[ID], 1]);
  await passed(30_000);
  expect([relayed, bench.promises()]).toEqual([[ID, ID], 0]);
  expect(bench.sent.get(ID)).toMatchObject({ receipt: 'sent' });
  expect(bench.failures).toEqual([]);
});

it('PS3 one that came through late is left to WhatsApp: no second stanza on this connection', async () => {
  relays = [{ ms: 30_000 }];
  expect(await answered()).toEqual({ kind: 'pending', id: ID, to: TO });
  await passed(600_000);
  expect([relayed, bench.sent.get(ID)?.receipt]).toEqual([[ID], 'sent']);
});

it("PS2 a contact's own refusal of keys ends the promise", async () => {
  relays = [{ ms: 30_000, error: refusedQuery(406) }];
  expect((await answered()).kind).toBe('pending');
  await passed(600_000);
  expect([relayed, bench.promises()]).toEqual([[ID], 0]);
});

it('SE7 ends with the connection: the promise is for the next one', async () => {
  relays = [{ ms: 30_000, error: new Error('Connection Closed') }];
  expect((await answered()).kind).toBe('pending');
  bench.sender.cut();
  await passed(600_000);
  expect([relayed, bench.promises()]).toEqual([[ID], 1]);
});
