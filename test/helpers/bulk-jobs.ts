/**
 * A client of the bridge's broadcasts and campaigns, and what the app was told of them.
 *
 * Invariants
 *  BJ1  an order that was cut off is repeated until it is answered, as a person would.
 *  BJ2  a callback that came twice under one id is one callback.
 *
 * Deliberately not here: judging (job-audit.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { AppLog } from './app-log.ts';
import type { Bridge } from './bridge.ts';
import type { Answer } from './json-http.ts';

export type BulkKind = 'broadcast' | 'campaign';
export type Engine = 'baileys' | 'waba';
export type Contact = { readonly id: number; readonly phone: string };
export type JobPlan = {
  readonly kind: BulkKind;
  readonly engine: Engine;
  readonly sender: string;
  /** The app's. */
  readonly appId: number;
  readonly contacts: readonly Contact[];
};

const totals = z.object({
  ...{ total: z.int(), pending: z.int(), sent: z.int(), delivered: z.int() },
  ...{ read: z.int(), failed: z.int(), unknown: z.int(), skipped: z.int() },
});
const view = z.object({
  job: z.object({ state: z.string(), reason: z.string().nullable(), totals }),
  recipients: z.array(
    z.object({ phone: z.string(), contactId: z.int().nullable(), state: z.string(), messageId: z.string().nullable() }),
  ),
});
const registered = z.object({ scheduleId: z.string() });
export type JobSeen = z.infer<typeof view>;
export type Recipient = JobSeen['recipients'][number];

const PAGE = 500;
/** As small as a payload may ask for (contract bulk §1.1). */
const GAP = { min: 0.01, max: 0.01 };
const ROUTES = {
  broadcast: {
    register: (sender: string) => `/api/broadcast/send-immediate/${sender}`,
    order: (id: string, order: string) => `/api/broadcast/${order}/${id}`,
  },
  campaign: {
    register: (sender: string) => `/api/wa/${sender}/campaign/send`,
    order: (id: string, order: string) => `/api/wa/campaign/${id}/${order}`,
  },
} as const;

export class BulkJob {
  readonly id: string;
  readonly plan: JobPlan;
  readonly #bridge: Bridge;

  private constructor(bridge: Bridge, plan: JobPlan, id: string) {
    this.#bridge = bridge;
    this.plan = plan;
    this.id = id;
  }

  /** Every text names its contact, so that a message at a peer belongs to one recipient. `fields` replace others. */
  static async register(bridge: Bridge, plan: JobPlan, fields: Record<string, unknown> = {}): Promise<BulkJob> {
    const { kind, sender, appId, contacts, engine } = plan;
    const common = { targetContacts: contacts, provider: engine, warmerGap: GAP };
    const body =
      kind === 'broadcast'
        ? { ...common, broadcastId: appId, message: 'offer' }
        : { ...common, campaignId: appId, campaignType: 'custom', customMessage: { message: 'offer' } };
    const answer = await bridge.call(ROUTES[kind].register(sender), { body: { ...body, ...fields } });
    return new BulkJob(bridge, plan, registered.parse(answer.body).scheduleId);
  }

  get name(): string {
    return `${this.plan.kind} ${this.plan.appId}`;
  }

  /** BJ1 */
  async order(order: 'pause' | 'resume', withinMs = 60_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const answer = await this.tryOrder(order);
      if (!(answer instanceof Error) && answer.status === 200) return;
      const said = answer instanceof Error ? answer.message : `${answer.status} ${JSON.stringify(answer.body)}`;
      if (performance.now() > deadline) throw new Error(`${order} of ${this.name}: ${said}`);
      await delay(50);
    }
  }

  /** Once. An error when there was no answer. */
  tryOrder(order: 'pause' | 'resume'): Promise<Answer | Error> {
    return this.#bridge.call(ROUTES[this.plan.kind].order(this.id, order), { body: {} }).catch(asError);
  }

  /** The job, and the first `limit` recipients from `offset` on. */
  async seen(offset = 0, limit = 1): Promise<JobSeen> {
    const answer = await this.#bridge.call(`/api/jobs/${this.id}?offset=${offset}&limit=${limit}`);
    if (answer.status !== 200) throw new Error(`job ${this.name}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return view.parse(answer.body);
  }

  async recipients(): Promise<Recipient[]> {
    const all: Recipient[] = [];
    for (let offset = 0; offset < this.plan.contacts.length; offset += PAGE) {
      all.push(...(await this.seen(offset, PAGE)).recipients);
    }
    return all;
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const count = z.int().default(0);
const broadcastStatus = z.object({
  ...{ broadcast_id: z.int(), status: z.string(), success_count: count, fail_count: count },
  reason: z.string().optional(),
});
const campaignStatus = z.object({
  ...{ campaign_id: z.int(), status: z.string(), total_recipients: count, sent_count: count, failed_count: count },
  reason: z.string().optional(),
});
const recipientStatus = z.object({ contact_id: z.int(), status: z.string() });

/** What one callback told of a job, oldest first. */
export type Told =
  | { readonly kind: 'recipient'; readonly contact: number; readonly status: string }
  | {
      readonly kind: 'status';
      readonly status: string;
      readonly sent: number;
      readonly failed: number;
      /** Of campaigns. */
      readonly total?: number;
      readonly reason?: string | undefined;
    };

/** BJ2. `repeats`: how many came again. */
export function toldOf(appLog: AppLog, { kind, appId }: JobPlan): { told: Told[]; repeats: number } {
  const ids = new Set<string>();
  const told: Told[] = [];
  let repeats = 0;
  for (const { path, body, id } of appLog.callbacks(isOf(kind, appId))) {
    if (ids.has(id)) repeats += 1;
    else told.push(readTold(path, body));
    ids.add(id);
  }
  return { told, repeats };
}

const isOf = (kind: BulkKind, appId: number) => (body: Readonly<Record<string, unknown>>) =>
  body[`${kind}_id`] === appId;

function readTold(path: string, body: unknown): Told {
  switch (path) {
    case '/api/update-broadcast-status': {
      const { status, success_count: sent, fail_count: failed, reason } = broadcastStatus.parse(body);
      return { kind: 'status', status, sent, failed, reason };
    }
    case '/api/campaigns/update-status': {
      const {
        status,
        sent_count: sent,
        failed_count: failed,
        total_recipients: total,
        reason,
      } = campaignStatus.parse(body);
      return { kind: 'status', status, sent, failed, total, reason };
    }
    default: {
      const { contact_id: contact, status } = recipientStatus.parse(body);
      return { kind: 'recipient', contact, status };
    }
  }
}
