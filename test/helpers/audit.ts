/**
 * The verdict on traffic that went through faults: every message accounted for on both sides of the bridge.
 *
 * Invariants it checks (design/promises.md)
 *  P3  pairings: no number lost its login, none showed a QR; every contact could decrypt.
 *  P5  inbound: every injected id reached the app at least once, in order per conversation without its repeats.
 *  P6  sends: what was answered 200 is at the contact once; no key gave two messages; a refused send never arrived.
 *
 * A repeat of one id at the app is allowed (at least once) and only counted.
 */
import type { AppLog } from './app-log.ts';
import type { Bridge } from './bridge.ts';
import { eventually } from './eventually.ts';
import type { Injected, Sent, Traffic } from './traffic.ts';
import type { Checks, World } from './world.ts';

export type Verdict = {
  /** For people and programs, in the order of printing. */
  readonly counts: Readonly<Record<string, number>>;
  /** What broke a promise, in words; empty = all kept. */
  readonly problems: readonly string[];
};

export type AuditOptions = {
  readonly world: World;
  readonly bridge: Bridge;
  readonly traffic: Traffic;
  readonly appLog: AppLog;
  readonly numbers: readonly string[];
  /** How long what is under way may take to arrive. */
  readonly settleMs?: number;
};

export async function audit({
  world,
  bridge,
  traffic,
  appLog,
  numbers,
  settleMs = 60_000,
}: AuditOptions): Promise<Verdict> {
  const online = await settled(
    () => bridge.connected(numbers),
    (phones) => phones.length === numbers.length,
    settleMs,
  );
  const taken = await settled(
    async () => (await appLog.refresh()).inbound(),
    (inbound) => covers(new Set(inbound.map((message) => message.wa_message_id)), traffic.injected),
    settleMs,
  );
  const arrived = await settled(
    () => atContacts(world, traffic),
    (texts) => allThere(texts, traffic.sent),
    settleMs,
  );
  const checks = await world.checks();
  const findings = await world.findings();
  const violations = await world.violations();

  const ids = taken.map((message) => message.wa_message_id);
  const known = new Set(ids);
  const lostIn = traffic.injected.filter((message) => !known.has(message.id));
  const outOfOrder = conversationsOutOfOrder(traffic.injected, ids);
  const acceptedSends = traffic.sent.filter((sent) => sent.outcome === 'accepted');
  const times = (sent: Sent) => arrived.get(sent.text) ?? 0;
  const lostOut = acceptedSends.filter((sent) => times(sent) === 0);
  const doubled = traffic.sent.filter((sent) => times(sent) > 1);
  const refusedButSent = traffic.sent.filter((sent) => sent.outcome === 'failed' && times(sent) > 0);
  const open = traffic.sent.filter((sent) => sent.outcome === 'open');
  const qrs = appLog.statusWords().filter(({ wid, status }) => status === 'Qr generated' && numbers.includes(wid));

  const zeros = {
    'pairings lost': numbers.length - online.length,
    'QR codes after pairing': qrs.length,
    'inbound lost': lostIn.length,
    'conversations out of order': outOfOrder.length,
    'accepted sends lost': lostOut.length,
    'sends doubled': doubled.length,
    'sends refused but delivered': refusedButSent.length,
    'sends without a final answer': open.length,
    'stanza ids delivered twice': checks.duplicateIds,
    'undecryptable at the contacts': checks.undecryptable,
    'messages without participants': checks.messagesWithoutParticipants,
    'overlapping connections': checks.overlappingConnections,
    'contract violations at the app': violations.length,
  };
  const finding = (kind: keyof Checks) => findings.find((line) => line.startsWith(kind));
  const examples: Record<string, string | undefined> = {
    'stanza ids delivered twice': finding('duplicateIds'),
    'undecryptable at the contacts': finding('undecryptable'),
    'messages without participants': finding('messagesWithoutParticipants'),
    'overlapping connections': finding('overlappingConnections'),
    'inbound lost': lostIn[0]?.id,
    'conversations out of order': outOfOrder[0],
    'accepted sends lost': lostOut[0]?.answer,
    'sends doubled': doubled[0]?.text,
    'sends refused but delivered': refusedButSent[0]?.answer,
    'sends without a final answer': open[0]?.answer,
    'contract violations at the app': violations.length > 0 ? JSON.stringify(violations[0]) : undefined,
  };
  return {
    counts: {
      'inbound injected': traffic.injected.length,
      'inbound at the app': traffic.injected.length - lostIn.length,
      'repeats at the app (removed by id)': ids.length - known.size,
      'sends asked': traffic.sent.length,
      'sends accepted': acceptedSends.length,
      'sends refused': traffic.sent.filter((sent) => sent.outcome === 'failed').length,
      'sends at the contacts': traffic.sent.filter((sent) => times(sent) > 0).length,
      'sends repeated by the client': traffic.sent.filter((sent) => sent.attempts > 1).length,
      ...zeros,
    },
    problems: Object.entries(zeros)
      .filter(([, count]) => count !== 0)
      .map(([what, count]) => `${what}: ${count}${examples[what] === undefined ? '' : ` (e.g. ${examples[what]})`}`),
  };
}

/** The last value that `read` gave: as soon as it is `complete`, or at the deadline as it is. */
async function settled<T>(read: () => Promise<T>, complete: (value: T) => boolean, withinMs: number): Promise<T> {
  let last = await read();
  const deadline = performance.now() + withinMs;
  await eventually(
    async () => {
      if (complete(last) || performance.now() > deadline) return true;
      last = await read();
      return complete(last);
    },
    { what: 'a settled state', withinMs: withinMs + 10_000, everyMs: 200 },
  );
  return last;
}

const covers = (ids: ReadonlySet<string>, injected: readonly Injected[]): boolean =>
  injected.every((message) => ids.has(message.id));

const allThere = (texts: ReadonlyMap<string, number>, sent: readonly Sent[]): boolean =>
  sent.every((send) => send.outcome !== 'accepted' || texts.has(send.text));

/** How often each text was decrypted at its contact. */
async function atContacts(world: World, traffic: Traffic): Promise<Map<string, number>> {
  const texts = new Map<string, number>();
  for (const contact of new Set(traffic.conversations.map((conversation) => conversation.contact))) {
    for (const { text } of await world.contactMessages(contact)) {
      if (typeof text === 'string') texts.set(text, (texts.get(text) ?? 0) + 1);
    }
  }
  return texts;
}

/** First arrivals only, compared with the order of writing; names the conversation by its contact's last digits. */
function conversationsOutOfOrder(injected: readonly Injected[], arrivedIds: readonly string[]): string[] {
  const firstArrival = new Map<string, number>();
  for (const [index, id] of arrivedIds.entries()) if (!firstArrival.has(id)) firstArrival.set(id, index);
  const latest = new Map<string, number>();
  const wrong = new Set<string>();
  for (const { id, number, contact } of injected) {
    const arrival = firstArrival.get(id);
    if (arrival === undefined) continue;
    const conversation = `${number}/${contact}`;
    if (arrival < (latest.get(conversation) ?? -1)) wrong.add(conversation);
    latest.set(conversation, Math.max(arrival, latest.get(conversation) ?? -1));
  }
  return [...wrong];
}
