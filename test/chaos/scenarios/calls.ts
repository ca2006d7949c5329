/**
 * Calls of every ending in turn, several at once, then one more than there may be: each ends as it should, with at most
 * one closing word to Meta, and the bridge holds nothing of them afterwards.
 *
 * The stage's world has no part in it: calls have a town of their own (call-town.ts).
 */
import { CallTown } from '../../helpers/call-town.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type Open, openIn, PRELOAD } from '../../helpers/open-resources.ts';
import { type Claims, type Ending, ENDINGS, LOCKED_OUT, type Played } from '../calls/endings.ts';
import type { Run, Scenario } from '../scenario.ts';

const AT_ONCE = { short: 16, long: 10 };
const MAX_CALLS = 20;
/** Kept connections to the app and the vendors close by themselves. */
const SETTLED_MS = { short: 8_000, long: 90_000 };
/** The bridge's own come and go; a short form does not wait for those of kept connections. */
const TIMERS_OF_ITS_OWN = { short: 8, long: 3 };

export const calls: Scenario = {
  name: 'calls',
  shows: 'calls of every ending, several at once: the right outcome of each, one last word at most, nothing left open',
  rounds: { short: ENDINGS.length - 1, long: 200 },
  async run({ stage, rounds, form, say }: Run) {
    const file = `${stage.dir}/open.json`;
    const env = { TEST_RESOURCES_FILE: file, VOICE_MAX_CALLS: String(MAX_CALLS) };
    const town = await CallTown.open({ env, preload: [PRELOAD], quick: form === 'short' });
    const problems: string[] = [];
    try {
      const claims: Claims = new Map();
      town.app.answers.calls.claiming = async (id) => claims.get(id)?.();
      town.app.answers.calls.keysOf.set(LOCKED_OUT, { deepgram: '', openai: 'sk-wrong', elevenlabs: '' });
      const endings = ENDINGS.filter(({ slow = false }) => form === 'long' || !slow);
      const before = await openIn(town.bridge.process, file);
      const tooMany = (after: Open) =>
        Object.entries(after).filter(
          ([what, count]) => count > (before[what] ?? 0) + (what === 'timers' ? TIMERS_OF_ITS_OWN[form] : 0),
        );
      const counts: Record<string, number> = {};
      let next = 0;
      const worker = async () => {
        while (next < rounds) {
          const ending = endings[next++ % endings.length] as Ending;
          const wrong = await ending.play(town, claims).then(
            (played) => judged(town, played),
            (error: Error) => [error.message],
          );
          counts[ending.name] = (counts[ending.name] ?? 0) + 1;
          problems.push(...wrong.map((each) => `${ending.name}: ${each}`));
          if (next % 20 === 0) say(`${next}/${rounds} calls`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE[form] }, worker));
      if (form === 'long') problems.push(...(await overfull(town)));
      await eventually(async () => (await live(town)) === 0, { what: 'no call is left', withinMs: 30_000 });
      const after = await settled(
        () => openIn(town.bridge.process, file),
        (open) => tooMany(open).length === 0,
        SETTLED_MS[form],
      );
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

/** Waits for the outcome, and answers what is wrong with it. */
async function judged(town: CallTown, { call, id, words, mayHave, error }: Played): Promise<string[]> {
  const said = () => call.words.filter((word) => word !== mayHave || words.includes(word)).toSorted();
  const wanted = [[...words].toSorted().join(), error ?? ''].join(' / ');
  const have = () => [said().join(), town.errorsOf(id).join()].join(' / ');
  const isRight = () => have() === wanted;
  await eventually(isRight, { what: wanted, withinMs: 45_000, everyMs: 20 }).catch(() => undefined);
  const last = call.words.filter((word) => word === 'terminate' || word === 'reject').length;
  return [
    ...(isRight() ? [] : [`wanted ${wanted}, was ${have()}`]),
    ...(last > 1 ? [`${last} last words to Meta`] : []),
  ];
}

/** One more than there may be: it is refused, the others talk on. */
async function overfull(town: CallTown): Promise<string[]> {
  await eventually(async () => (await live(town)) === 0, { what: 'no call is left', withinMs: 30_000 });
  const assistant = town.assistant('realtime');
  const all = await Promise.all(Array.from({ length: MAX_CALLS }, () => town.incoming(assistant)));
  const more = await town.incoming(assistant);
  const problems = await judged(town, { ...more, words: ['reject'], error: 'capacity' });
  const talking = () => all.every(({ call }) => call.state === 'accepted');
  await eventually(talking, { what: 'the others talk', withinMs: 20_000 });
  await Promise.all(all.map(({ call }) => town.post('terminate', { meta_call_id: call.id })));
  const ends = await Promise.all(
    all.map((each) => judged(town, { ...each, words: ['pre_accept', 'accept', 'terminate'] })),
  );
  return [...problems, ...ends.flat()].map((problem) => `capacity: ${problem}`);
}

async function live(town: CallTown): Promise<number> {
  const { body } = await town.bridge.call('/health');
  return (body as { calls: { live: number } }).calls.live;
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
