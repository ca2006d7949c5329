/**
 * P6, P8: broadcasts and campaigns on two engines, half of the recipients over the linked device, half over Cloud API, with
 * `kill -9`, pauses and resumes at random moments. The campaigns tell the app of every order, with counts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import type { Bridge } from '../../helpers/bridge.ts';
import { BulkJob, type JobPlan, toldOf } from '../../helpers/bulk-jobs.ts';
import { eventually } from '../../helpers/eventually.ts';
import { auditJobs, type Paused } from '../../helpers/job-audit.ts';
import { Providers } from '../../helpers/providers.ts';
import { type Run, type Scenario, together } from '../scenario.ts';

const RECIPIENTS = { short: 40, long: 2_000 };
const CLOUD = ['4930555001', '4930555002'];
/** Both peers take their time after they have taken a message, so that kills meet both engines in mid-send. */
const ANSWER_MS = { short: 200, long: 30 };
const MOMENTS = ['before the pause', 'during the order', 'while paused', 'after the resume'] as const;
const SETTLED = ['sent', 'failed'];

export const jobs: Scenario = {
  name: 'jobs',
  shows: 'kill -9, pauses and resumes during broadcasts and campaigns: one message each, counts add up, one final word',
  rounds: { short: 2, long: 30 },
  async run({ stage, random, rounds, form, say }: Run) {
    const { world } = stage;
    const providers = new Providers(world);
    for (const phone of CLOUD) await providers.add({ vendor: 'graph', phone, token: `token ${phone}`, id: phone });
    await providers.faults('graph', { answerMs: ANSWER_MS[form] });
    const { bridge, phones } = await stage.paired(2);
    await bridge.allConnected(phones, 60_000);
    await world.faults({ ack: { delayMs: ANSWER_MS[form] } });
    const appLog = await AppLog.fromNow(world);
    const running: BulkJob[] = [];
    for (const plan of plans(phones, RECIPIENTS[form])) running.push(await BulkJob.register(bridge, plan));

    const progress = async () => {
      await appLog.refresh();
      return running.reduce((sum, { plan }) => sum + told(appLog, plan), 0);
    };
    // One in each part of the run.
    const part = (0.9 * RECIPIENTS[form]) / rounds;
    const goals = Array.from({ length: rounds }, (_, index) => random.between(index * part, (index + 1) * part));
    const pauses: Paused[] = [];
    const wrongTotals: string[] = [];
    let killsInMidRun = 0;
    for (const [index, goal] of goals.entries()) {
      await eventually(async () => (await progress()) >= goal, {
        what: `${goal} recipients are settled`,
        withinMs: 180_000,
        everyMs: 80,
      });
      const open = await unfinished(running, wrongTotals);
      const job = random.pick(open.length > 0 ? open : running);
      const moment = random.pick(MOMENTS);
      const kill = async () => {
        await delay(random.between(0, 200));
        await killed(bridge);
      };
      if (moment === 'before the pause') await kill();
      if (moment === 'during the order') {
        const order = job.tryOrder('pause');
        await delay(random.between(0, 15));
        await killed(bridge);
        await order;
      }
      await job.order('pause');
      const from = Date.now();
      await delay(random.between(20, 300));
      if (moment === 'while paused') await kill();
      pauses.push({ job, from, to: Date.now() });
      await job.order('resume');
      if (moment === 'after the resume') await kill();
      if (open.length > 0) killsInMidRun += 1;
      say(`kill ${index + 1}/${rounds} ${moment} of ${job.name}: ${await progress()} recipients settled`);
    }
    await eventually(async () => (await unfinished(running, wrongTotals)).length === 0, {
      what: 'all jobs have ended',
      withinMs: 180_000,
      everyMs: 250,
    });
    await bridge.outboxEmpty();
    const verdict = await auditJobs({ world, providers, appLog, jobs: running, pauses });
    const counts = { kills: rounds, 'kills in mid-run': killsInMidRun, 'pauses and resumes': pauses.length };
    return together({ counts, problems: wrongTotals.slice(0, 3) }, verdict);
  },
};

/** Two numbers per engine, a broadcast and a campaign on each engine. */
function plans(devices: readonly string[], recipients: number): JobPlan[] {
  const senders = [...devices.map((sender) => ['baileys', sender] as const), ...CLOUD.map((s) => ['waba', s] as const)];
  return senders.map(([engine, sender], index) => ({
    ...{ kind: index % 2 === 0 ? ('broadcast' as const) : ('campaign' as const), engine, sender, appId: 70 + index },
    contacts: Array.from({ length: recipients / 4 }, (_, n) => {
      const serial = (index + 1) * 10_000 + n;
      return { id: serial, phone: `49176${String(serial).padStart(8, '0')}` };
    }),
  }));
}

/** How many of its contacts the app knows to be sent or failed. */
function told(appLog: AppLog, plan: JobPlan): number {
  const { told: all } = toldOf(appLog, plan);
  return new Set(
    all.flatMap((each) => (each.kind === 'recipient' && SETTLED.includes(each.status) ? [each.contact] : [])),
  ).size;
}

/** Looks at the totals by the way: they add up at every instant (P8). */
async function unfinished(all: readonly BulkJob[], wrongTotals: string[]): Promise<BulkJob[]> {
  const open: BulkJob[] = [];
  for (const job of all) {
    const { totals, state } = (await job.seen()).job;
    const { total, pending, sent, failed, unknown, skipped } = totals;
    if (pending + sent + failed + unknown + skipped !== total)
      wrongTotals.push(`${job.name}: totals of a running job do not add up: ${JSON.stringify(totals)}`);
    if (state !== 'ended') open.push(job);
  }
  return open;
}

async function killed(bridge: Bridge): Promise<void> {
  await bridge.kill9();
  await bridge.restart();
}
