/**
 * The app's rows of schedules, broadcasts and campaigns: what a callback does to them, and what the app answers (contract
 * schedules §9, §10, bulk §3, §4.3-§4.5, inbound §10). A test looks at the rows, because that is what the customer sees.
 *
 *  AJ1  Schedules: a recipient only rises (pending < failed < sent < delivered < read), and fails only from pending; each
 *       accepted call recounts the parent.
 *  AJ2  Broadcasts and campaigns overwrite without a look at what was there: a late callback does damage here, as in the app.
 *  AJ3  A message id is charged once; without an id nothing is.
 *
 * Rows come into being with their first callback. Deliberately not here: filling recipients from the counters (schedules §9).
 */

import type { Call, Json, Reply } from './call.types.ts';

export type JobTable = 'schedules' | 'broadcasts' | 'campaigns';

export type Recipient = {
  status: string;
  error?: string;
  messageId?: string;
  /** Every status that was written, in order. */
  readonly history: string[];
};

export type JobRow = {
  status: string;
  sent: number;
  delivered: number;
  failed: number;
  reason?: string;
  /** How often a final word was written. */
  finals: number;
  readonly history: string[];
  /** By the listed phone's digits (schedules), else by contact id. */
  readonly recipients: Map<string, Recipient>;
  readonly responses: Json[];
  readonly unsubscribed: string[];
  /** Message ids that were charged. */
  readonly charged: Set<string>;
};

const ok = (body: object = {}): Reply => ({ status: 200, body: { ok: true, ...body } });
const RANK: Readonly<Record<string, number>> = { pending: 0, failed: 1, sent: 2, delivered: 3, read: 4 };
const FINAL = ['completed', 'completed_with_errors', 'failed'];

export class Jobs {
  readonly #tables: Readonly<Record<JobTable, Map<number, JobRow>>> = {
    schedules: new Map(),
    broadcasts: new Map(),
    campaigns: new Map(),
  };
  readonly #known: Partial<Record<JobTable, ReadonlySet<number>>> = {};
  readonly #templates = new Map<string, Json>();
  readonly #attributes = new Map<string, Json>();
  #active: readonly unknown[] = [];
  #campaigns: readonly unknown[] = [];

  row(table: JobTable, id: number): JobRow | undefined {
    return this.#tables[table].get(id);
  }

  /** From now on only these ids exist; until then any id does. */
  known(table: JobTable, ids: readonly number[]): void {
    this.#known[table] = new Set(ids);
  }

  /** What scheduled/active lists. */
  active(rows: readonly unknown[]): void {
    this.#active = rows;
  }

  /** What campaigns/sync lists; nothing with today's apps. */
  campaigns(rows: readonly unknown[]): void {
    this.#campaigns = rows;
  }

  template(id: string, template: Json): void {
    this.#templates.set(id, { id: Number(id), ...template });
  }

  attributes(workspace: string, attributes: Json): void {
    this.#attributes.set(workspace, attributes);
  }

  /** Undefined: no route of these. The call is valid. */
  answer({ method, path, query, body }: Call): Reply | undefined {
    const [, lookUp, id = ''] = /^\/api\/(templates-camp|workspace-attributes)\/([^/]+)$/.exec(path) ?? [];
    if (method === 'GET' && lookUp !== undefined)
      return lookUp === 'templates-camp' ? this.#template(id) : this.#of(id);
    switch (`${method} ${path}`) {
      case 'GET /api/scheduled/active':
        return ok({ schedules: this.#listed(query['phone_number']) });
      case 'GET /api/campaigns/sync':
        return { status: 200, body: { success: true, campaigns: this.#campaigns } };
      case 'POST /api/update-schedule-status':
        return this.#on('schedules', Number(body['scheduleId']), (row) => scheduleStatus(row, body));
      case 'POST /api/update-scheduled-contact-status':
        return this.#on('schedules', Number(body['scheduleId']), (row) => scheduleRecipient(row, body));
      case 'POST /api/update-broadcast-status':
        return this.#on('broadcasts', Number(body['broadcast_id']), (row) => broadcastStatus(row, body));
      case 'POST /api/update-message-status':
        return this.#on('broadcasts', Number(body['broadcast_id']), (row) => overwritten(row, body));
      case 'POST /api/campaigns/update-status':
        return this.#on('campaigns', Number(body['campaign_id']), (row) => campaignStatus(row, body));
      case 'POST /api/campaigns/update-contact-status':
        return this.#on('campaigns', Number(body['campaign_id']), (row) => overwritten(row, body));
      case 'POST /api/campaigns/track-response':
        return this.#on('campaigns', Number(body['campaign_id']), (row) => {
          row.responses.push(body);
          return ok();
        });
      case 'POST /api/campaigns/unsubscribe':
        return this.#on('campaigns', Number(body['campaign_id']), (row) => {
          row.unsubscribed.push(String(body['phone']));
          return ok();
        });
      default:
        return undefined;
    }
  }

  #template(id: string): Reply {
    const template = this.#templates.get(id);
    return template
      ? { status: 200, body: { success: true, template } }
      : { status: 404, body: { ok: false, error: 'not_found' } };
  }

  #of(workspace: string): Reply {
    return ok({ attributes: this.#attributes.get(workspace) ?? {} });
  }

  #listed(phone: string | undefined): readonly unknown[] {
    return phone === undefined ? this.#active : this.#active.filter((row) => (row as Json)['from_number'] === phone);
  }

  #on(table: JobTable, id: number, change: (row: JobRow) => Reply): Reply {
    // Reminders have no row (README §3.1).
    if (id < 0 || this.#known[table]?.has(id) === false)
      return { status: 404, body: { ok: false, message: `${table.slice(0, -1)} not found` } };
    const row = this.#tables[table].get(id) ?? emptyRow();
    this.#tables[table].set(id, row);
    return change(row);
  }
}

function emptyRow(): JobRow {
  return {
    ...{ status: 'scheduled', sent: 0, delivered: 0, failed: 0, finals: 0 },
    ...{ history: [], recipients: new Map(), responses: [], unsubscribed: [], charged: new Set() },
  };
}

function written(row: JobRow, status: string): void {
  row.status = status;
  row.history.push(status);
  if (FINAL.includes(status)) row.finals += 1;
}

function scheduleStatus(row: JobRow, body: Json): Reply {
  const said = String(body['status']);
  const status = said === 'sent' ? 'completed' : said;
  const count = (field: string, now: number) => (typeof body[field] === 'number' ? body[field] : now);
  const sent = count('totalSent', row.sent);
  const delivered = count('totalDelivered', row.delivered);
  const failed = count('totalFailed', row.failed);
  const grows = sent > row.sent || delivered > row.delivered || failed > row.failed;
  if (status === row.status && !grows) return ok({ duplicate: true });
  written(row, status);
  Object.assign(row, { sent, delivered, failed });
  if (status === 'failed' && typeof body['reason'] === 'string') row.reason = body['reason'];
  return ok();
}

/** AJ1 */
function scheduleRecipient(row: JobRow, body: Json): Reply {
  const phone = String(body['phone']).replace(/\D/g, '');
  const status = String(body['status']);
  const recipient = row.recipients.get(phone) ?? { status: 'pending', history: [] };
  row.recipients.set(phone, recipient);
  const rises = (RANK[status] ?? 0) > (RANK[recipient.status] ?? 0);
  if (!rises || (status === 'failed' && recipient.status !== 'pending')) return ok({ noop: true });
  recipient.status = status;
  recipient.history.push(status);
  if (typeof body['error'] === 'string') recipient.error = body['error'];
  if (typeof body['messageId'] === 'string') recipient.messageId ??= body['messageId'];
  const all = [...row.recipients.values()].map((each) => RANK[each.status] ?? 0);
  row.sent = all.filter((rank) => rank >= 2).length;
  row.delivered = all.filter((rank) => rank >= 3).length;
  row.failed = all.filter((rank) => rank === 1).length;
  return ok();
}

/** AJ2 */
function broadcastStatus(row: JobRow, body: Json): Reply {
  written(row, String(body['status']));
  row.sent = Number(body['success_count'] ?? 0);
  row.failed = Number(body['fail_count'] ?? 0);
  if (typeof body['reason'] === 'string') row.reason = body['reason'];
  return ok();
}

/** Counters are ignored: the app counts its own rows. */
function campaignStatus(row: JobRow, body: Json): Reply {
  written(row, String(body['status']));
  if (typeof body['reason'] === 'string') row.reason = body['reason'];
  return ok();
}

/** AJ2, AJ3 */
function overwritten(row: JobRow, body: Json): Reply {
  const contact = String(body['contact_id']);
  const status = String(body['status']);
  const { error_message: error, whatsapp_message_id: messageId } = body;
  const history = row.recipients.get(contact)?.history ?? [];
  history.push(status);
  row.recipients.set(contact, {
    ...{ status, history },
    ...(typeof error === 'string' && { error }),
    ...(typeof messageId === 'string' && { messageId }),
  });
  if (typeof messageId === 'string' && status !== 'failed') row.charged.add(messageId);
  return ok();
}
