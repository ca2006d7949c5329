/**
 * Login of a linked device, up to the moment when it receives live traffic.
 *
 * Owns: who may log in, the `ib` notices, and what the phone sends to a device that has just been linked.
 * Invariants:
 *   G1 only the device that was linked, proven by its static noise key, may log in; everybody else gets 401;
 *   G2 `ib > offline` comes after everything that was missed and before anything live.
 * Source: facts/loopback-whatsapp.md sections 5 and 8.
 */
import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { proto } from '@whiskeysockets/baileys';
import { lidJid, pnJid, SERVER } from './addresses.ts';
import type { Connection } from './connection.ts';
import { el, unixSeconds } from './nodes.ts';
import { peerName } from './people.ts';
import type { LinkedDevice, Person } from './people.ts';
import type { Service } from './service.ts';

/** Answers the login; the person when it succeeded. */
export function logIn(service: Service, connection: Connection, payload: proto.ClientPayload): Person | undefined {
  const phone = String(payload.username ?? '');
  const refuse = (reason: number): undefined => {
    service.numbers.seen(phone, connection);
    connection.end(el('failure', { reason: String(reason) }));
    return undefined;
  };
  const fault = service.faults.forLogin(phone);
  if (fault !== undefined) return refuse(fault);
  const person = service.people.find(phone);
  const { linked } = person ?? {};
  if (person === undefined || linked === undefined) return refuse(401);
  if (linked.device !== (payload.device ?? 0) || !linked.noisePublic.equals(connection.clientStatic))
    return refuse(401);
  service.numbers.loggedIn(phone, connection);
  connection.send(el('success', { t: unixSeconds(), lid: lidJid(phone, linked.device) }));
  return person;
}

/** The device has said `passive > active`: it gets what it missed, then live traffic. */
export function activate(service: Service, person: Person, connection: Connection): void {
  connection.send(el('ib', { from: SERVER }, [el('edge_routing', {}, [el('routing_info', {}, randomBytes(12))])]));
  connection.send(
    el('ib', { from: SERVER }, [
      el('offline_preview', { count: String(person.queue.counts.queued), message: String(person.queue.counts.queued) }),
    ]),
  );
  const missed = person.queue.goLive(connection);
  connection.send(el('ib', { from: SERVER }, [el('offline', { count: String(missed) })]));
  if (person.linked?.firstSyncDone === false) void sendFirstSync(service, person, person.linked, connection);
}

/**
 * The phone's key share and first history. Not queued: it is sent anew at each login until the device confirms it,
 * because the device only waits for it after `ib > offline`.
 */
async function sendFirstSync(
  { phoneData, faults }: Service,
  person: Person,
  linked: LinkedDevice,
  connection: Connection,
): Promise<void> {
  const { Type } = proto.Message.ProtocolMessage;
  const key = phoneData.key(person.phone);
  const messages: proto.Message.IProtocolMessage[] = [
    {
      type: Type.APP_STATE_SYNC_KEY_SHARE,
      appStateSyncKeyShare: {
        keys: [{ keyId: { keyId: key.id }, keyData: key.data }],
      },
    },
    ...phoneData.histories(person.phone).map((history) => ({
      type: Type.HISTORY_SYNC_NOTIFICATION,
      historySyncNotification: {
        syncType: history.syncType,
        ...(faults.historyElsewhere
          ? { directPath: '/v/t62.34-24/history', mediaKey: randomBytes(32), fileEncSha256: randomBytes(32) }
          : { initialHistBootstrapInlinePayload: deflateSync(proto.HistorySync.encode(history).finish()) }),
        chunkOrder: 0,
        progress: 100,
      },
    })),
  ];
  for (const protocolMessage of messages) {
    const peer = peerName(person.phone, linked.device);
    const { type, ciphertext } = await person.phoneDevice.encrypt(peer, { protocolMessage }, () => linked.bundle);
    connection.send(
      el(
        'message',
        {
          from: pnJid(person.phone),
          id: `3A${randomBytes(9).toString('hex').toUpperCase()}`,
          t: unixSeconds(),
          type: 'text',
          category: 'peer',
        },
        [el('enc', { v: '2', type }, ciphertext)],
      ),
    );
  }
}
