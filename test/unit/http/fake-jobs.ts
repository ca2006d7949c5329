/** `Jobs` in memory: it answers what a test says, and remembers what it was asked. */
import type {
  DryRun,
  Entry,
  Fields,
  JobView,
  Jobs,
  Order,
  RecipientView,
  Registered,
} from '../../../src/scheduler/protocol.ts';

export const REGISTERED: Extract<Registered, { kind: 'registered' }> = {
  ...{ kind: 'registered', id: 'bulk_1_a', at: 1_800_000_000_000, now: false, zone: 'Asia/Calcutta', recipients: 2 },
  ...{ scheduledFor: '2027-01-15 01:30:00 PM IST', scheduledForIso: '2027-01-15T13:30:00+05:30' },
};

export class FakeJobs implements Jobs {
  readonly asked: unknown[] = [];
  registered: Registered = REGISTERED;
  planned: DryRun = { kind: 'dry run', recipients: [], engine: 'baileys', problems: [], finishAt: 0 };
  updated: Awaited<ReturnType<Jobs['update']>> = { kind: 'not found' };
  cancelled = 0;
  jobs: JobView[] = [];
  rows: RecipientView[] = [];
  /** Thrown by every method that changes something. */
  broken: Error | undefined;

  /** The last entry that was registered or planned. */
  get entry(): Entry {
    return this.asked.at(-1) as Entry;
  }

  async register(entry: Entry) {
    return this.#told(entry, this.registered);
  }

  async dryRun(entry: Entry) {
    return this.#told(entry, this.planned);
  }

  async order(order: Order, id: string) {
    return this.#told([order, id], this.job(id) ? ('done' as const) : ('not found' as const));
  }

  async cancelBroadcast(broadcastId: string) {
    return this.#told(['cancel broadcast', broadcastId], this.cancelled);
  }

  async update(id: string, fields: Fields) {
    return this.#told(['update', id, fields], this.updated);
  }

  list(sender: string) {
    return this.page({ sender, limit: Infinity }).jobs;
  }

  page({ sender, state, limit }: Parameters<Jobs['page']>[0]) {
    if (this.broken) throw this.broken;
    const found = this.jobs.filter(
      (job) => job.sender === (sender ?? job.sender) && job.state === (state ?? job.state),
    );
    return { count: found.length, jobs: found.slice(0, limit) };
  }

  job(id: string) {
    return this.jobs.find((job) => job.id === id || String(job.appId) === id);
  }

  campaign(campaignId: number) {
    this.asked.push(['campaign', campaignId]);
    return this.jobs.find((job) => job.kind === 'campaign' && job.appId === campaignId);
  }

  recipients(_: string, offset: number, limit: number) {
    return this.rows.slice(offset, offset + limit);
  }

  count() {
    return this.jobs.filter(({ state }) => state !== 'ended').length;
  }

  #told<T>(asked: unknown, answer: T): T {
    if (this.broken) throw this.broken;
    this.asked.push(asked);
    return answer;
  }
}

const NOTHING = { total: 0, pending: 0, sent: 0, delivered: 0, read: 0, failed: 0, unknown: 0, skipped: 0 };

/** A job that has not begun, of `sender`, changed by what a test says. */
export function jobView(
  sender: string,
  { totals, ...rest }: Partial<Omit<JobView, 'totals'>> & { totals?: Partial<JobView['totals']> } = {},
): JobView {
  return {
    ...{ id: 'bulk_1_a', kind: 'bulk', sender, state: 'active', running: false, zone: 'UTC', runs: 0 },
    ...{ createdAt: 1_799_999_000_000, scheduledFor: '2027-01-15 08:00:00 AM UTC', failedNumbers: [], body: {} },
    ...rest,
    totals: { ...NOTHING, ...totals },
  };
}

export const recipientView = (listed: string, rest: Partial<RecipientView> = {}): RecipientView => ({
  ...{ listed, state: 'pending', name: '', email: '' },
  ...rest,
});
