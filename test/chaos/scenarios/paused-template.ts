/**
 * P8, contract bulk "Error classes that stop a run": Meta pauses the template of a running campaign (132015). The run pauses,
 * also over a kill, who is left stays pending, the app is told why; a resume sends to the rest.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppLog } from '../../helpers/app-log.ts';
import { BulkJob, type JobPlan, toldOf } from '../../helpers/bulk-jobs.ts';
import { eventually } from '../../helpers/eventually.ts';
import { auditJobs } from '../../helpers/job-audit.ts';
import { call } from '../../helpers/json-http.ts';
import { Providers } from '../../helpers/providers.ts';
import { type Scenario, together } from '../scenario.ts';

const PHONE = '4930555003';
const TEMPLATE = { id: 31, template_name: 'spring_offer', template_body: 'Spring is here', language: 'en_US' };
const PAUSED = { status: 400, code: 132015, details: 'Template is paused' } as const;
const CONTACTS = { short: 20, long: 200 };

export const pausedTemplate: Scenario = {
  name: 'paused-template',
  shows:
    'Meta pauses a template in the middle of a campaign: the run pauses, the rest stays pending, the app is told why',
  rounds: { short: 1, long: 5 },
  async run({ stage, random, rounds, form, say }) {
    const { world } = stage;
    const providers = new Providers(world);
    const account = { vendor: 'graph', phone: PHONE, token: 'token', id: PHONE } as const;
    await providers.add(account);
    await call(`${world.control}/app/template`, { body: TEMPLATE });
    const bridge = await stage.bridge();
    const appLog = await AppLog.fromNow(world);
    const plan: JobPlan = {
      ...{ kind: 'campaign', engine: 'waba', sender: PHONE, appId: 90 },
      contacts: Array.from({ length: CONTACTS[form] }, (_, n) => ({
        id: n + 1,
        phone: `4917690${String(n + 100000)}`,
      })),
    };
    const job = await BulkJob.register(bridge, plan, { campaignType: 'template', templateId: TEMPLATE.id });
    const problems: string[] = [];
    const expect = (what: string, isSo: boolean) => void (isSo || problems.push(what));
    const pauses = [];
    for (let round = 1; round <= rounds; round += 1) {
      const goal = random.between(1, (CONTACTS[form] * round) / (rounds + 1));
      await eventually(async () => (await job.seen()).job.totals.sent >= goal, {
        ...{ what: `${goal} recipients are sent`, withinMs: 60_000, everyMs: 10 },
      });
      await providers.refuse(account, PAUSED);
      const { job: stopped } = await eventually(
        async () => {
          const seen = await job.seen();
          return seen.job.state === 'active' ? undefined : seen;
        },
        { what: 'the run pauses', withinMs: 30_000, everyMs: 20 },
      );
      const from = Date.now();
      expect(`state ${stopped.state}, not paused`, stopped.state === 'paused');
      expect(`the job's reason is ${stopped.reason}`, stopped.reason?.includes('132015') === true);
      await delay(random.between(100, 500));
      await bridge.kill9();
      await bridge.restart();
      await delay(2_000);
      const after = (await job.seen()).job;
      const { sent, pending, failed } = after.totals;
      expect(`after a restart: ${after.state}`, after.state === 'paused');
      expect(
        `${sent} sent, ${pending} pending, ${failed} failed`,
        sent + pending === CONTACTS[form] && failed === 0 && pending > 0,
      );
      const told = toldOf(await appLog.refresh(), plan).told.findLast((each) => each.kind === 'status');
      const isTold = told?.kind === 'status' && told.status === 'paused' && told.reason?.includes('132015') === true;
      expect(`the app was last told ${JSON.stringify(told)}`, isTold);
      say(
        `${round}/${rounds}: paused after ${sent} of ${CONTACTS[form]}, ${told?.kind === 'status' ? told.reason : ''}`,
      );
      pauses.push({ job, from, to: Date.now() });
      await job.order('resume');
    }
    await eventually(async () => (await job.seen()).job.state === 'ended', {
      ...{ what: 'the campaign has ended', withinMs: 60_000, everyMs: 100 },
    });
    await bridge.outboxEmpty();
    const verdict = await auditJobs({ world, providers, appLog, jobs: [job], pauses });
    return together({ counts: { 'template pauses': rounds }, problems }, verdict);
  },
};
