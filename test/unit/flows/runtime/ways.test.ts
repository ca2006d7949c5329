/**
 * Every port of every type of node is taken, on every engine, by the real nodes in the real runtime (contract flows §2.3,
 * §2.4). What there is to take comes from the nodes: a new type fails here until it has a case, and so does a port that an
 * author is told of when nothing is wired to it, or whose wiring the node asks about.
 */
import { describe, expect, it } from 'vitest';
import type { EngineName } from '../../../../src/content/engine-choice.ts';
import { kindOf, KINDS } from '../../../../src/actors/flows/nodes/index.ts';
import { Bench } from '../context.ts';
import { around, Play } from './play.ts';
import { flow, say, Stage } from './stage.ts';
import { type Way, WAYS } from './ways.ts';

const ENGINES: readonly EngineName[] = ['baileys', 'waba', 'twilio'];
const PORTS = [0, 1, 2, 3];

const portsOf = (type: string): number[] => [
  ...new Set((WAYS[type] ?? []).flatMap(({ port }) => (port === 'end' ? [] : [port]))),
];

const PLAYED = Object.entries(WAYS).flatMap(([type, ways]) =>
  ways.map((way) => [`${type}, port ${way.port} by ${way.by}`, type, way] as const),
);

function staged(type: string, { fields = {}, answers = {}, handles }: Way): Stage {
  const stage = new Stage();
  stage.answers = { ...stage.answers, ...answers };
  stage.flows.set('1', around({ ...fields, flowNodeType: type }, portsOf(type), handles));
  stage.flows.set('inner', flow([say('inside')], []));
  return stage;
}

/** Plays a case on each of its engines; `go` takes it from its wait to its port. */
async function expectWay(stage: Stage, way: Way, go: (play: Play) => Promise<Play>): Promise<void> {
  const taken: [EngineName, string][] = [];
  const { engines = ENGINES } = way;
  const sentBy = new Set<EngineName>();
  stage.outcome = ({ engine }) => void sentBy.add(engine);
  for (const [n, engine] of engines.entries()) {
    const play = new Play(stage, engine, `551198888770${n}`);
    sentBy.clear();
    await play.begin('1');
    taken.push([engine, (await go(play)).way()]);
    // F-45: nothing of the session went by another.
    expect([...sentBy].filter((other) => other !== engine)).toEqual([]);
  }
  const wanted = way.port === 'end' ? 'completed' : String(way.port);
  expect(taken).toEqual(engines.map((engine) => [engine, wanted]));
}

describe('§2.3, §2.4, F-45 on every engine', () => {
  it.each(PLAYED)('%s', async (_, type, way) => {
    await expectWay(staged(type, way), way, async (play) => {
      for (const act of way.acts ?? []) await act(play);
      // F-46: what was sent is mirrored, each message once.
      const { sent, mirrored } = play.counts();
      expect([play.engine, mirrored]).toEqual([play.engine, sent]);
      return play;
    });
  });
});

describe('F-07, F-47, F-56 when the bridge loses its store at each wait, the app’s park is enough', () => {
  // By the engines in turn: what is kept and read does not depend on them, but for the engine itself.
  const waiting = PLAYED.filter(([, , { acts = [], here }]) => acts.length > 0 && !here).map(
    ([name, type, { engines = ENGINES, ...way }], n) =>
      [name, type, { ...way, engines: engines.slice(n % engines.length).slice(0, 1) }] as const,
  );

  it.each(waiting)('%s', async (_, type, way) => {
    await expectWay(staged(type, way), way, async (begun) => {
      let play = begun;
      for (const act of way.acts ?? []) {
        const lost = staged(type, way);
        play = play.goesOnAt(lost);
        await act(play);
        expect(lost.row(play.key)?.engine ?? begun.engine).toBe(begun.engine);
      }
      return play;
    });
  });
});

/** What the node itself says of its ports, in the shape that this case gives it. */
async function known(type: string, { fields = {} }: Way, engine: EngineName): Promise<number[]> {
  const kind = kindOf(type);
  const told = PORTS.filter((port) => {
    const wired = PORTS.filter((other) => other !== port);
    return new Bench(kind, { type, fields, wired }).problems().some((problem) => problem.includes('missing edge'));
  });
  const asked = new Set<number>();
  const one = new Bench(kind, { type, fields, engine });
  const context = one.context.bind(one);
  one.context = () => ({ ...context(), isWired: (port) => asked.add(port) !== undefined });
  const result = await one.run();
  if (result.kind === 'wait') await one.reply(result.wait, 'nonsense');
  return [...told, ...asked];
}

it('§2.4 every type of node has a case for each port that it has, on every engine', async () => {
  const missing: string[] = [];
  for (const type of KINDS.flatMap(({ types }) => types)) {
    const ways = WAYS[type] ?? [];
    if (ways.length === 0) missing.push(type);
    for (const engine of ENGINES) {
      const here = ways.filter(({ engines = ENGINES }) => engines.includes(engine));
      const found = await Promise.all(here.map((way) => known(type, way, engine)));
      // Every type leads on through port 1, but for the end.
      const ports = new Set([...found.flat(), ...(type.toLowerCase() === 'end' ? [] : [1])]);
      const without = [...ports].filter((port) => !here.some((way) => way.port === port));
      missing.push(...without.map((port) => `${type}, port ${port}, ${engine}`));
    }
  }
  expect(missing).toEqual([]);
});
