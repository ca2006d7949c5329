/**
 * P6 for the Cloud API: `kill -9` at every step of a send, and at random moments of many; the client repeats with its key.
 *
 * The steps are made to last: the app or Meta stops half-way until the bridge is dead. In the short form one kill meets all
 * steps that can last at the same time, each on a number of its own. What is left to chance are the
 * moments between two steps, such as the one after Meta's answer and before it is on disk.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Verdict } from '../../helpers/audit.ts';
import type { Bridge } from '../../helpers/bridge.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { Answer } from '../../helpers/json-http.ts';
import { type Account, account, Providers } from '../../helpers/providers.ts';
import type { Faults } from '../../loopback/provider-faults.ts';
import { type Run, type Scenario, together } from '../scenario.ts';

const TO = '4915112345678';
const SETTINGS = '/api/whatsapp-settings';
const BURST = 24;

type Outcome = 'sent' | 'unknown' | 'failed';

type Step = {
  readonly name: string;
  readonly sends: 'text' | 'media';
  /** What a repeat under the same key is answered after the kill. */
  readonly repeat: Outcome;
  /** Meta stops here; otherwise the step says itself how it comes to a halt. */
  readonly hold?: NonNullable<Faults['hold']>;
  readonly halt?: 'settings' | 'turn' | 'answered';
  /** Left out of the short form: another step comes close to it. */
  readonly isLong?: true;
};

const STEPS: readonly Step[] = [
  { name: 'the media begins to be uploaded', sends: 'media', repeat: 'sent', hold: { on: 'media', at: 'head' } },
  {
    name: 'the media is uploaded, Meta has not said so',
    sends: 'media',
    repeat: 'sent',
    hold: { on: 'media', at: 'taken' },
    isLong: true,
  },
  { name: 'the send waits for its turn', sends: 'text', repeat: 'sent', halt: 'turn' },
  // Behind those beside which it is met: nobody else gets settings while it lasts.
  { name: 'the app is asked for settings', sends: 'text', repeat: 'sent', halt: 'settings' },
  { name: 'the request is on its way', sends: 'text', repeat: 'unknown', hold: { on: 'messages', at: 'head' } },
  {
    name: 'Meta accepted, and has not said so',
    sends: 'text',
    repeat: 'unknown',
    hold: { on: 'messages', at: 'taken' },
  },
  {
    name: 'Meta accepted after an upload, and has not said so',
    sends: 'media',
    repeat: 'unknown',
    hold: { on: 'messages', at: 'taken' },
    isLong: true,
  },
  {
    name: 'Meta is in the middle of its answer',
    sends: 'text',
    repeat: 'unknown',
    hold: { on: 'messages', at: 'half answer' },
    isLong: true,
  },
  { name: 'the caller has its answer', sends: 'text', repeat: 'sent', halt: 'answered', isLong: true },
];

type Play = Run & { readonly bridge: Bridge; readonly providers: Providers };

export const killCloudSend: Scenario = {
  name: 'kill-cloud-send',
  shows:
    'kill -9 at every step of a Cloud API send, repeated with its key: sent, failed or unknown, never two messages',
  rounds: { short: 1, long: 20 },
  async run(run) {
    const providers = new Providers(run.stage.world);
    const play: Play = { ...run, bridge: await run.stage.bridge(), providers };
    const verdicts: Verdict[] = [];
    const steps = STEPS.filter(({ isLong }) => run.form === 'long' || !isLong);
    // What Meta does to messages it does to those of every number.
    const isAlone = ({ hold }: Step) => run.form === 'long' || hold?.on === 'messages';
    const beside = steps.filter((step) => !isAlone(step));
    for (const met of [...steps.filter(isAlone).map((step) => [step]), ...(beside.length > 0 ? [beside] : [])])
      verdicts.push(await killAt(met, play));
    for (let round = 1; round <= run.rounds; round += 1) verdicts.push(await killAtRandom(round, play));
    return together({ counts: { steps: steps.length }, problems: [] }, ...verdicts);
  },
};

type Met = {
  readonly step: Step;
  readonly own: Account;
  readonly send: () => Promise<Answer>;
  /** Only when it came before the kill. */
  readonly before: Answer | undefined;
};

async function killAt(steps: readonly Step[], play: Play): Promise<Verdict> {
  const { stage, bridge, providers } = play;
  const met: Met[] = [];
  for (const step of steps) met.push(await until(step, play));
  await bridge.kill9();
  await providers.faults('graph', {});
  await stage.world.appMode('ok');
  await bridge.restart();
  const verdicts: Verdict[] = [];
  for (const each of met) verdicts.push(await repeated(each, play));
  return together({ counts: { kills: 1 }, problems: [] }, ...verdicts);
}

/** Sends until this step is reached, and stays there. */
async function until(step: Step, { stage, bridge, providers }: Play): Promise<Met> {
  const { name, sends, hold, halt } = step;
  const own = account('graph');
  const send = () =>
    sends === 'text' ? bridge.sendText(own.phone, { to: TO, text: name, key: own.id }) : sendMedia(bridge, own);
  await providers.add(own);
  if (halt === 'settings') await stage.world.appMode('slow', 20_000, SETTINGS);
  if (halt === 'turn') {
    await providers.refuse(own, { status: 400, code: 130429, retryAfter: 10 });
    await bridge.sendText(own.phone, { to: TO, text: 'throttled' });
  }
  if (hold) await providers.faults('graph', { hold });

  const cut = send().catch(() => undefined);
  if (hold) await reached(async () => (await providers.held('graph')) === 1);
  else if (halt === 'settings') await reached(async () => (await providers.lookUps(own.phone)) > 0);
  // Nobody can see it wait; the hold is far longer.
  else if (halt === 'turn') await delay(500);
  return { step, own, send, before: halt === 'answered' ? await cut : undefined };
}

async function repeated({ step, own, send, before }: Met, { providers, say }: Play): Promise<Verdict> {
  const { name, repeat } = step;
  const answers = [await send(), await send()];
  const taken = (await providers.messages(own)).filter(({ id }) => id !== undefined).length;
  const outcomes = answers.map(outcomeOf);
  const bodies = new Set(
    [before, ...answers].filter((answer) => answer !== undefined).map(({ body }) => JSON.stringify(body)),
  );
  const problems = [
    ...(outcomes.every((outcome) => outcome === repeat)
      ? []
      : [`repeats were ${JSON.stringify(answers)}, not ${repeat}`]),
    ...(bodies.size === 1 ? [] : [`answers differ: ${[...bodies].join(' and ')}`]),
    ...(taken > 1 ? [`${taken} messages at Meta`] : []),
    ...(repeat === 'sent' && taken !== 1 ? [`answered as sent, ${taken} at Meta`] : []),
  ].map((problem) => `${name}: ${problem}`);
  say(`killed while ${name}: the repeat is ${outcomes[0]}, ${taken} at Meta`);
  return { counts: countsOf([repeat], taken, taken > 1 ? 1 : 0), problems };
}

/** Many sends at once, killed somewhere; each is repeated until nothing changes any more. */
async function killAtRandom(round: number, { bridge, providers, random, say }: Play): Promise<Verdict> {
  const own = account('graph');
  await providers.add(own);
  await providers.faults('graph', { answerMs: random.between(0, 60) });
  await bridge.sendText(own.phone, { to: TO, text: 'warm' });
  const sends = Array.from({ length: BURST }, (_, n) => ({
    to: `49151200${String(n).padStart(5, '0')}`,
    text: `round ${round} send ${n}`,
    key: `${round}-${n}`,
  }));
  let answered = 0;
  for (const send of sends)
    void bridge.sendText(own.phone, send).then(
      () => (answered += 1),
      // Cut off by the kill.
      () => undefined,
    );
  const enough = random.between(0, BURST - 4);
  await reached(async () => answered >= enough);
  await delay(random.between(0, 40));
  await bridge.kill9();
  await bridge.restart();
  const outcomes = await Promise.all(sends.map(async (send) => outcomeOf(await bridge.sendText(own.phone, send))));
  const messages = (await providers.messages(own)).filter(({ id }) => id !== undefined);
  const takenOf = sends.map(({ text }) => messages.filter((message) => message.text === text).length);
  const doubled = takenOf.filter((taken) => taken > 1).length;
  const wrong = (outcome: Outcome, taken: number) =>
    outcomes.filter((one, n) => one === outcome && takenOf[n] === taken).length;
  const [lost, failedButSent] = [wrong('sent', 0), wrong('failed', 1)];
  const taken = takenOf.filter((count) => count > 0).length;
  say(
    `round ${round}: ${answered} of ${BURST} answered before the kill, ${countOf(outcomes, 'unknown')} unknown after it`,
  );
  return {
    counts: { kills: 1, ...countsOf(outcomes, taken, doubled), 'answered before the kill': answered },
    problems: [
      ...(doubled > 0 ? [`round ${round}: ${doubled} sends doubled`] : []),
      ...(lost > 0 ? [`round ${round}: ${lost} answered as sent, not at Meta`] : []),
      ...(failedButSent > 0 ? [`round ${round}: ${failedButSent} answered as failed, at Meta`] : []),
    ],
  };
}

const countsOf = (outcomes: readonly Outcome[], taken: number, doubled: number) => ({
  sends: outcomes.length,
  'sent, by the repeat': countOf(outcomes, 'sent'),
  'unknown, by the repeat': countOf(outcomes, 'unknown'),
  'failed, by the repeat': countOf(outcomes, 'failed'),
  'messages at Meta': taken,
  'sends doubled': doubled,
});
const countOf = (outcomes: readonly Outcome[], wanted: Outcome) => outcomes.filter((each) => each === wanted).length;

/** Contract messages §1.3, §1.4. */
const outcomeOf = ({ status }: Answer): Outcome => (status === 200 ? 'sent' : status === 504 ? 'unknown' : 'failed');

function sendMedia(bridge: Bridge, own: Account): Promise<Answer> {
  const file = { file_base64: Buffer.from('a picture').toString('base64'), filetype: 'image/png', fileName: 'a.png' };
  return bridge.call(`/api/send-media-only/${own.phone}`, {
    body: { targetPhoneNumber: TO, targetJid: null, ...file },
    headers: { 'Idempotency-Key': own.id },
  });
}

const reached = (probe: () => Promise<boolean>) =>
  eventually(probe, { what: 'the step is reached', withinMs: 20_000, everyMs: 20 });
