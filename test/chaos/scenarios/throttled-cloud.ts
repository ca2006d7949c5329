/**
 * facts/cloud-api.md §6.1 (A, B, C), §7 and facts/twilio.md §6, §7 under load: the vendor takes less than the bridge would
 * send. The client repeats what was refused or did not leave in time, under its key.
 *
 * Judged by what the vendor saw: its own count of every second, and what it was asked while it had said "slow down".
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Verdict } from '../../helpers/audit.ts';
import type { Bridge } from '../../helpers/bridge.ts';
import type { Answer } from '../../helpers/json-http.ts';
import { type Account, account, Providers, type Seen, type Vendor } from '../../helpers/providers.ts';
import type { Faults, Refusal } from '../../loopback/provider-faults.ts';
import { type Scenario, together } from '../scenario.ts';

/** At one time and number, as the app's campaigns do it (contract messages §12). */
const AT_ONCE = 200;
/** Before a client asks again. */
const PAUSE_MS = 1_000;
/** Requests that were under way when the vendor said "slow down", on a machine that is busy. */
const UNDER_WAY_MS = 1_500;
const UNDER_WAY = 20;

/** `perSecond`: what the vendor takes. `most`: what the bridge may ask in a second, by its own limit and a busy machine. */
type Part = {
  readonly name: string;
  readonly vendor: Vendor;
  readonly perSecond: number;
  readonly most: number;
  readonly refusal: Refusal;
  readonly leastMs: number;
};

const cloud = { vendor: 'graph', perSecond: 20, most: 80 } as const;
const twilio = { vendor: 'twilio', perSecond: 8, most: 25 } as const;
const PARTS: readonly Part[] = [
  { ...cloud, name: 'Meta 130429', refusal: { status: 400, code: 130429 }, leastMs: 2_000 },
  { ...cloud, name: 'Meta 429 with Retry-After', refusal: { status: 429, retryAfter: 3 }, leastMs: 3_000 },
  { ...twilio, name: 'Twilio 429', refusal: { status: 429, code: 20429, retryAfter: 2 }, leastMs: 2_000 },
  { ...twilio, name: 'Twilio 63018', refusal: { status: 400, code: 63018 }, leastMs: 2_000 },
];
const PAIR = {
  everyMs: 1_000,
  burst: 4,
  refusal: { status: 400, code: 131056, retryAfter: 3 },
} satisfies Faults['pair'];

type Send = { readonly from: Account; readonly to: string; readonly text: string };
type Ended = Send & { readonly asked: number; readonly ms: number; readonly last: Answer };
type Play = { readonly bridge: Bridge; readonly providers: Providers; readonly say: (line: string) => void };

export const throttledCloud: Scenario = {
  name: 'throttled-cloud',
  shows: 'sends at vendors that throttle: none lost, none doubled, limits respected at the vendor',
  // Hundreds of sends at Meta for each of its two answers.
  rounds: { short: 1, long: 5 },
  async run({ stage, rounds, form, say }) {
    const bridge = await stage.bridge();
    const play: Play = { bridge, providers: new Providers(stage.world), say };
    const count = (vendor: Vendor) => (form === 'short' ? 30 : vendor === 'graph' ? 100 : 12) * rounds;
    const ofVendor = async (vendor: Vendor) => {
      const verdicts: Verdict[] = [];
      for (const part of PARTS.filter((each) => each.vendor === vendor))
        verdicts.push(await atNumber(part, account(vendor), count(vendor), play));
      if (vendor === 'graph') verdicts.push(await atRecipient(account(vendor), play));
      return together(...verdicts);
    };
    const first = account('graph');
    const parts = [ofVendor('graph'), ofVendor('twilio')];
    if (form === 'long') parts.push(atAccount([first, account('graph', first)], play));
    return together(...(await Promise.all(parts)));
  },
};

/** Class A: the number waits, longer each time, and goes on more slowly. */
async function atNumber(part: Part, own: Account, count: number, play: Play): Promise<Verdict> {
  const { name, vendor, perSecond, most, refusal, leastMs } = part;
  await play.providers.add(own);
  await play.providers.faults(vendor, { perSecond: { messages: perSecond, refusal } });
  const from = performance.now();
  const ended = await sendAll(
    play,
    Array.from({ length: count }, (_, n) => ({
      from: own,
      to: `49151400${String(n).padStart(5, '0')}`,
      text: `${name} ${n}`,
    })),
  );
  const seconds = Math.round((performance.now() - from) / 1_000);
  const seen = await play.providers.messages(own);
  const taken = seen.filter(({ id }) => id !== undefined);
  const [busiest, asked] = [busiestSecond(taken), busiestSecond(seen)];
  const refused = seen.length - taken.length;
  play.say(
    `${name}: ${count} sends in ${seconds} s, ${refused} refused, at most ${busiest} taken in a second (${perSecond})`,
  );
  const { counts, problems } = judged(ended, seen, name);
  const early = duringHolds(seen, leastMs);
  return {
    counts: {
      ...counts,
      [`${name}: s`]: seconds,
      [`${name}: refused`]: refused,
      [`${name}: most asked in a second`]: asked,
    },
    problems: [
      ...problems,
      ...(refused === 0 ? [`${name}: nothing was refused, nothing was shown`] : []),
      ...(early > 0 ? [`${name}: asked ${early} times while it was to wait`] : []),
      ...(asked > most ? [`${name}: asked ${asked} times in a second`] : []),
      // Half the rate after each "slow down": most of what it asks is taken, beside what was under way at the first.
      ...(refused > count / 4 + UNDER_WAY ? [`${name}: ${refused} refusals for ${count} sends`] : []),
    ],
  };
}

/** Class C: one recipient waits, the others go on. */
async function atRecipient(own: Account, play: Play): Promise<Verdict> {
  await play.providers.add(own);
  await play.providers.faults('graph', { pair: PAIR });
  const to = (n: number) => (n % 2 === 0 ? '4915150000000' : `49151500${String(n).padStart(5, '0')}`);
  const sends = Array.from({ length: 14 }, (_, n) => ({ from: own, to: to(n), text: `pair ${n}` }));
  const ended = await sendAll(play, sends);
  const seen = await play.providers.messages(own);
  const one = seen.filter(({ text }) => Number(text.split(' ')[1]) % 2 === 0);
  const others = ended.filter((send) => send.to !== to(0));
  const slowest = Math.max(...others.map(({ ms }) => ms));
  const { counts, problems } = judged(ended, seen, 'pair');
  play.say(`131056: the others waited ${Math.round(slowest)} ms at most, ${one.length} requests for the one`);
  return {
    counts: { ...counts, 'pair: slowest of the others, ms': Math.round(slowest) },
    problems: [
      ...problems,
      ...(one.some(({ id }) => id === undefined) ? [] : ['pair: nothing was refused, nothing was shown']),
      ...(others.some(({ asked }) => asked > 1) || slowest > 3_000 ? ['pair: other recipients were held up'] : []),
      ...(duringHolds(one, 3_000) > 0 ? ['pair: asked while it was to wait'] : []),
    ],
  };
}

/** Class B: every number of the account waits for a minute. */
async function atAccount(numbers: readonly Account[], play: Play): Promise<Verdict> {
  for (const own of numbers) await play.providers.add(own);
  const [first] = numbers;
  if (first) await play.providers.refuse(first, { status: 400, code: 80007 });
  const sends = Array.from({ length: 10 }, (_, n) =>
    numbers.map((from, i) => ({ from, to: `49151600${String(n).padStart(5, '0')}`, text: `account ${i} ${n}` })),
  );
  // The refusal first, so that it is known which requests come after it.
  const ended = await sendAll(play, sends.flat().slice(0, 1), { pauseMs: 0, attempts: 1 });
  ended.splice(0, 1, ...(await sendAll(play, sends.flat(), { pauseMs: 3_000 })));
  const seen = (await Promise.all(numbers.map((own) => play.providers.messages(own)))).flat();
  seen.sort((a, b) => a.at - b.at);
  const { counts, problems } = judged(ended, seen, 'account');
  const early = duringHolds(seen, 60_000);
  play.say(`80007: ${seen.length} requests for ${ended.length} sends of ${numbers.length} numbers, ${early} too early`);
  return { counts, problems: [...problems, ...(early > 0 ? [`account: asked ${early} times in the minute`] : [])] };
}

type Repeats = { readonly pauseMs?: number; readonly attempts?: number };

/** Every send until it is answered as sent, or nobody can know; what was not answered at all is repeated, too. */
async function sendAll({ bridge }: Play, sends: readonly Send[], repeats: Repeats = {}): Promise<Ended[]> {
  const { pauseMs = PAUSE_MS, attempts = 200 } = repeats;
  const queue = sends.values();
  const ended: Ended[] = [];
  const work = async () => {
    for (const send of queue) {
      const from = performance.now();
      let asked = 0;
      let last: Answer | undefined;
      while (last === undefined || (!isFinal(last) && asked < attempts)) {
        if (asked > 0) await delay(pauseMs);
        asked += 1;
        const key = send.text.replaceAll(' ', '-');
        last = await bridge
          .sendText(send.from.phone, { to: send.to, text: send.text, key })
          .catch((error: Error) => ({ status: 0, body: error.message }));
      }
      ended.push({ ...send, asked, ms: performance.now() - from, last });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return ended;
}

const isFinal = ({ status }: Answer) => status === 200 || status === 504;

function judged(ended: readonly Ended[], seen: readonly Seen[], name: string): Verdict {
  const taken = ended.map(({ text }) => seen.filter((one) => one.text === text && one.id !== undefined).length);
  const [lost, doubled] = [taken.filter((count) => count === 0).length, taken.filter((count) => count > 1).length];
  const open = ended.filter(({ last }) => last.status !== 200);
  return {
    counts: { sends: ended.length, lost, doubled, 'not answered as sent': open.length },
    problems: [
      ...(lost > 0 ? [`${name}: ${lost} sends lost`] : []),
      ...(doubled > 0 ? [`${name}: ${doubled} sends doubled`] : []),
      // A vendor that did not answer in time leaves nobody wiser; on a busy machine that happens.
      ...(open.length > ended.length / 50
        ? [`${name}: ${open.length} sends, e.g. ${JSON.stringify(open[0]?.last)}`]
        : []),
    ],
  };
}

/** The most within any second. */
function busiestSecond(seen: readonly Seen[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < seen.length; last += 1) {
    while ((seen[last]?.at ?? 0) - (seen[first]?.at ?? 0) >= 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** Requests that came before the wait was over that the first refusal of each row of refusals asked for. */
function duringHolds(seen: readonly Seen[], leastMs: number): number {
  let until = 0;
  let since = 0;
  let early = 0;
  for (const { at, id } of seen) {
    if (at < until && at > since + UNDER_WAY_MS) early += 1;
    if (id !== undefined || at < until) continue;
    since = at;
    until = at + leastMs;
  }
  return early;
}
