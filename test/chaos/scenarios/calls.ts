/**
 * Calls of every ending in turn, several at once, then one more than there may be: each ends as it should, with at most
 * one closing word to Meta, and the bridge holds nothing of them afterwards. Judged when no call is left, so that a word
 * too many, said late, is seen as well.
 *
 * The stage's world has no part in it: calls have a town of their own (call-town.ts).
 */
import { CallTown } from '../../helpers/call-town.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type Open, openIn, PRELOAD } from '../../helpers/open-resources.ts';
import { type Claims, type Ending, ENDINGS, KEYS_OF, type Played } from '../calls/endings.ts';
import type { Run, Scenario } from '../scenario.ts';

const AT_ONCE = { short: 6, long: 10 };
const MAX_CALLS = 20;
/** Kept connections to the app and the vendors close by themselves. */
const SETTLED_MS = { short: 8_000, long: 90_000 };
/** The bridge's own come and go; a short form does not wait for those of kept connections. */
const TIMERS_OF_ITS_OWN = { short: 8, long: 3 };

export const calls: Scenario = {
  name: 'calls',
  shows: 'calls of every ending, several at once: the right outcome of each, one last word at most, nothing left open',
  rounds: { short: ENDINGS.filter(({ slow = false }) => !slow).length, long: 200 },
  async run({ stage, rounds, form, say }: Run) {
    const file = `${stage.dir}/open.json`;
    const env = { TEST_RESOURCES_FILE: file, VOICE_MAX_CALLS: String(MAX_CALLS) };
    const town = await CallTown.open({ env, preload: [PRELOAD], quick: form === 'short' });
    const problems: string[] = [];
    try {
      const claims: Claims = new Map();
      town.app.answers.calls.claiming = async (id) => claims.get(id)?.();
      for (const [workspace, keys] of Object.entries(KEYS_OF)) town.app.answers.calls.keysOf.set(workspace, keys);
      const endings = ENDINGS.filter(({ slow = false }) => form === 'long' || !slow);
      await threadIsThere(town);
      const open = async (): Promise<Open> => ({
        ...(await openIn(town.bridge.process, file)),
        'calls at the realtime vendor': town.vendor.calls.filter(({ hungUp }) => !hungUp).length,
        'sockets at the speech vendors': town.speech.open,
      });
      const before = await open();
      const tooMany = (after: Open) =>
        Object.entries(after).filter(
          ([what, count]) => count > (before[what] ?? 0) + (what === 'timers' ? TIMERS_OF_ITS_OWN[form] : 0),
        );
      const counts: Record<string, number> = {};
      const played: { readonly name: string; readonly played: Played }[] = [];
      let next = 0;
      const worker = async () => {
        while (next < rounds) {
          const ending = endings[next++ % endings.length] as Ending;
          await ending.play(town, claims).then(
            (outcome) => {
              played.push({ name: ending.name, played: outcome });
              return asWanted(town, outcome);
            },
            (error: Error) => void problems.push(`${ending.name}: ${error.message}`),
          );
          counts[ending.name] = (counts[ending.name] ?? 0) + 1;
          if (next % 20 === 0) say(`${next}/${rounds} calls`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE[form] }, worker));
      problems.push(...(await leftOver(town)));
      if (form === 'long') played.push(...(await overfull(town)).map((each) => ({ name: 'capacity', played: each })));
      problems.push(...(await leftOver(town)));
      await town.bridge.outboxEmpty(10_000);
      for (const each of played) problems.push(...wrongIn(town, each.played).map((what) => `${each.name}: ${what}`));
      const after = await settled(open, (now) => tooMany(now).length === 0, SETTLED_MS[form]);
      problems.push(...tooMany(after).map(([what, n]) => `${what}: ${before[what]} before, ${n} after`));
      problems.push(...town.meta.violations, ...town.vendor.violations);
      problems.push(...town.app.violations().map((violation) => `the app refused: ${JSON.stringify(violation)}`));
      for (const [what, count] of Object.entries(after)) counts[`${what} (${before[what]} before)`] = count;
      return { counts, problems };
    } finally {
      await town.close();
    }
  },
};

const outcomeOf = (town: CallTown, { call, id }: Played): string =>
  [call?.words.toSorted().join() ?? '', town.errorsOf(id).join()].join(' / ');
const wantedOf = ({ words, error }: Played): string => [[...words].toSorted().join(), error ?? ''].join(' / ');

/** As soon as the outcome is the wanted one, or at the deadline: what comes later still counts (`wrongIn`). */
async function asWanted(town: CallTown, played: Played): Promise<void> {
  const wanted = wantedOf(played);
  const isRight = () => outcomeOf(town, played) === wanted;
  await eventually(isRight, { what: wanted, withinMs: 90_000, everyMs: 20 }).catch(() => undefined);
}

/** For when nothing can follow any more: no call is left, and the app has heard all. */
function wrongIn(town: CallTown, played: Played): string[] {
  const [wanted, was] = [wantedOf(played), outcomeOf(town, played)];
  const last = (played.call?.words ?? []).filter((word) => word === 'terminate' || word === 'reject').length;
  return [
    ...(was === wanted ? [] : [`wanted ${wanted}, was ${was}`]),
    ...(last > 1 ? [`${last} last words to Meta`] : []),
  ];
}

/** One more than there may be: it is refused, the others talk on. */
async function overfull(town: CallTown): Promise<Played[]> {
  const assistant = town.assistant('realtime');
  const all = await Promise.all(Array.from({ length: MAX_CALLS }, () => town.incoming(assistant)));
  const more: Played = { ...(await town.incoming(assistant)), words: ['reject'], error: 'capacity' };
  await asWanted(town, more);
  const talking = () => all.every(({ call }) => call.state === 'accepted');
  await eventually(talking, { what: 'the others talk', withinMs: 20_000 });
  await Promise.all(all.map(({ call }) => town.post('terminate', { meta_call_id: call.id })));
  const others = all.map((each): Played => ({ ...each, words: ['pre_accept', 'accept', 'terminate'] }));
  await Promise.all(others.map((each) => asWanted(town, each)));
  return [more, ...others];
}

/** Waits until no call is left. One that nothing ends is a problem, and is ended then: the rest is judged all the same. */
async function leftOver(town: CallTown): Promise<string[]> {
  const none = async () => {
    const { body } = await town.bridge.call('/health');
    return (body as { calls: { live: number } }).calls.live === 0;
  };
  const wait = () => eventually(none, { what: 'no call is left', withinMs: 30_000 });
  try {
    await wait();
    return [];
  } catch (error) {
    for (const id of town.meta.calls.keys()) await town.post('terminate', { meta_call_id: id });
    await wait();
    return [(error as Error).message];
  }
}

/** The first order opens it; this one fails for want of an assistant. */
async function threadIsThere(town: CallTown): Promise<void> {
  const id = town.newId();
  const order = { wa_call_id: id, workspace_id: 3, assistant_id: 'none', to: '5511912345678', from: '4915512345678' };
  await town.post('place-outbound', { ...order, ...town.access() });
  await eventually(() => town.errorsOf(id).length === 1, {
    what: 'the thread of the calls is there',
    withinMs: 30_000,
  });
}

/** What is open as soon as it is right, or at the deadline as it is. */
async function settled(read: () => Promise<Open>, isRight: (open: Open) => boolean, withinMs: number): Promise<Open> {
  let open: Open = {};
  const probe = async () => {
    open = await read();
    return isRight(open);
  };
  await eventually(probe, { what: 'nothing is left open', withinMs, everyMs: 250 }).catch(() => undefined);
  return open;
}
