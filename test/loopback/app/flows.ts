/**
 * The app's side of running flows (contract flows §8): park rows, delays and their sweep, what nodes wrote, and answers.
 *
 *  AF1  Of a session one park row is kept, the newest; `clear` removes it.
 *  AF2  A delay is handed to the bridge by the sweep until it is accepted, at most five times.
 *  AF3  Answers are the ordinary ones until a test sets others, path by path.
 */

import { createHash } from 'node:crypto';
import type { Call, Json, Reply } from './call.types.ts';

type Contact = { tags: string[]; groups: string[]; readonly fields: Record<string, unknown>; readonly tasks: Json[] };
type Delay = { readonly id: number; readonly body: Json; readonly due: number; attempts: number };

const ok = (body: object = {}): Reply => ({ status: 200, body: { ok: true, ...body } });
const ATTEMPTS = 5;

export class Flows {
  readonly #set = new Map<string, Reply>();
  readonly #parks = new Map<string, Json>();
  readonly #contacts = new Map<string, Contact>();
  readonly #positions = new Map<number, string[]>();
  readonly #completed = new Map<number, number>();
  readonly #media: { readonly mime: string; readonly sha256: string }[] = [];
  #delays: Delay[] = [];
  #count = 0;

  /** From now on, of valid calls; nothing is written then. Without `body` the ordinary answer again. */
  set(path: string, body?: unknown, status = 200): void {
    if (body === undefined) this.#set.delete(path);
    else this.#set.set(path, { status, body });
  }

  /** All that flows left here. */
  get state() {
    return {
      parks: Object.fromEntries(this.#parks),
      delays: this.#delays.map(({ body, due, attempts }) => ({ ...body, due, attempts })),
      contacts: Object.fromEntries(this.#contacts),
      positions: Object.fromEntries(this.#positions),
      completed: Object.fromEntries(this.#completed),
      media: this.#media,
    };
  }

  /** Loses every park row, or puts one there as an older bridge left it. */
  parks(rows: Readonly<Record<string, Json>>): void {
    this.#parks.clear();
    for (const [key, row] of Object.entries(rows)) this.#parks.set(key, row);
  }

  /** AF2. Those due at `now` (epoch ms), by `resume`, which answers the bridge's status. Answers how many were accepted. */
  async sweep(now: number, resume: (body: Json) => Promise<number>): Promise<number> {
    const due = this.#delays.filter((delay) => delay.due <= now);
    const accepted = new Set<Delay>();
    for (const delay of due) {
      delay.attempts += 1;
      const { resume_seconds: _, ...body } = delay.body;
      if ((await resume(body)) === 202) accepted.add(delay);
    }
    this.#delays = this.#delays.filter((delay) => !accepted.has(delay) && delay.attempts < ATTEMPTS);
    return accepted.size;
  }

  /** Undefined: no route of these. The call is valid. */
  answer(call: Call): Reply | undefined {
    return this.#set.get(call.path) ?? this.#ordinary(call);
  }

  #ordinary({ method, path, query, body }: Call): Reply | undefined {
    switch (`${method} ${path}`) {
      case 'GET /api/flow-node/park-session':
        return ok(this.#parked(query['session_key'] ?? ''));
      case 'POST /api/flow-node/park-session':
        return this.#park(body);
      case 'POST /api/flow-node/delay-park': {
        const due = Date.now() + Number(body['resume_seconds']) * 1_000;
        const delay = { id: ++this.#count, body, due, attempts: 0 };
        this.#delays.push(delay);
        return ok({ id: delay.id, resume_at: new Date(due).toISOString() });
      }
      case 'POST /api/flow-node/position': {
        const subscriber = Number(body['flow_subscriber_id']);
        this.#positions.set(subscriber, [...(this.#positions.get(subscriber) ?? []), String(body['node_id'])]);
        return ok();
      }
      case 'POST /api/flow-node/complete': {
        const subscriber = Number(body['flow_subscriber_id']);
        this.#completed.set(subscriber, (this.#completed.get(subscriber) ?? 0) + 1);
        return ok({ updated: 1 });
      }
      case 'POST /api/flow-node/tag':
        return this.#tag(body);
      case 'POST /api/flow-node/assign':
        return ok();
      case 'POST /api/flow-node/task':
        this.#contact(body).tasks.push(body);
        return ok({ task_id: ++this.#count, due_at: null });
      case 'POST /api/flow-node/contact-update':
        return this.#update(body);
      case 'POST /api/flow/store-media':
        return this.#store(body);
      default:
        return ordinary(`${method} ${path}`, body);
    }
  }

  #parked(key: string): Json {
    const row = this.#parks.get(key);
    if (!row) return { found: false };
    const { variables, ...rest } = row;
    // As PHP writes an empty map.
    const isEmpty = typeof variables !== 'object' || Object.keys(variables ?? {}).length === 0;
    return { found: true, ...rest, variables: isEmpty ? [] : variables };
  }

  /** AF1 */
  #park({ session_key: key, clear, ...row }: Json): Reply {
    const known = this.#parks.delete(String(key));
    if (clear === true) return ok({ cleared: known ? 1 : 0 });
    this.#parks.set(String(key), row);
    return ok({ id: ++this.#count });
  }

  #tag(body: Json): Reply {
    const contact = this.#contact(body);
    const action = String(body['action']);
    const list = action.endsWith('_group') ? 'groups' : 'tags';
    const what = list === 'groups' ? 'group' : 'tag';
    const name = String(body[`${what}_name`] || body[`${what}_id`]);
    const others = contact[list].filter((each) => each !== name);
    contact[list] = action.startsWith('add') ? [...others, name] : others;
    return ok();
  }

  #update(body: Json): Reply {
    const fields = body['fields'] as { key: string; value: unknown }[];
    for (const { key, value } of fields) this.#contact(body).fields[key] = value;
    return ok({ contact_id: 1, written: fields.map(({ key }) => key), skipped: [] });
  }

  #store(body: Json): Reply {
    const bytes = Buffer.from(String(body['data']).replace(/^data:[^,]*,/, ''), 'base64');
    if (bytes.length === 0) return { status: 422, body: { ok: false, error: 'bad_base64' } };
    this.#media.push({ mime: String(body['mime']), sha256: createHash('sha256').update(bytes).digest('hex') });
    const path = `chat-media/${this.#media.length}`;
    return ok({ path, url: `https://app.example/storage/${path}` });
  }

  #contact(body: Json): Contact {
    const customer = String(body['customer_phone']);
    const contact = this.#contacts.get(customer) ?? { tags: [], groups: [], fields: {}, tasks: [] };
    this.#contacts.set(customer, contact);
    return contact;
  }
}

/** What has no state: the answers of an app where everything is set up and works. */
function ordinary(route: string, body: Json): Reply | undefined {
  switch (route) {
    case 'POST /api/flow-node/ai-call':
      return ok({ reply: 'Gladly.', provider: 'openai' });
    case 'POST /api/flow-node/ai-agent-reply':
      return ok({ agent: 'Agent', assigned: true, replied: true });
    case 'POST /api/flow-node/deal-action':
      return ok({ deal_id: 71, status: 'open', created: body['action'] === 'create' });
    case 'POST /api/flow-node/template-header-media':
      return ok({ media_id: 'header-1' });
    case 'POST /api/flow-node/place-ai-call':
      return ok({ call_id: 'call-1' });
    case 'POST /api/flow-node/mysql-query':
      return ok({ rows: [], count: 0 });
    case 'POST /api/flow-node/google-meet':
      return ok({ meet_url: 'https://meet.example/abc', event_id: 'event-1' });
    case 'POST /api/flow-node/google/sheet-write':
      return ok();
    case 'POST /api/flow-node/google/sheet-read':
      return ok({ rows: [] });
    case 'POST /api/flow-node/google/doc-generate':
      return ok({ url: 'https://docs.example/1' });
    case 'POST /api/flow-node/google/form-send':
      return ok({ form_url: 'https://forms.example/1' });
    case 'POST /api/commerce/check-inventory':
      return ok({ in_stock: body['retailer_ids'] });
    case 'POST /api/commerce/waba-send-products':
      return ok();
    case 'POST /api/commerce/checkout-link':
      return ok({ url: 'https://shop.example/checkout/1' });
    case 'GET /api/waba-creds':
      return { status: 404, body: { ok: false, error: 'no_waba_config' } };
    case 'GET /api/appointments/slots':
      return ok({ slots: [] });
    case 'POST /api/appointments/book':
      return ok({ appointment_id: 81, status: 'confirmed' });
    case 'GET /api/booking/types':
      return ok({ available: false, types: [] });
    case 'GET /api/booking/slots':
      return ok({ days: [], times: [], has_more: false, next_offset: null });
    case 'POST /api/booking/reserve':
      return ok({ reservation_id: 91, expires_at: new Date(Date.now() + 600_000).toISOString() });
    case 'POST /api/booking/book':
      return ok({ appointment_id: 81, status: 'confirmed', manage_token: 'manage-1' });
    case 'POST /api/booking/pay-link':
      return ok({ pay_url: 'https://pay.example/1', order_id: 'order-1' });
    default:
      return undefined;
  }
}
