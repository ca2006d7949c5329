/**
 * What the app accepted from the bridge, read step by step from the loopback app.
 *
 * Deliberately not here: requests that the app refused or cut; they count as never made.
 */
import { z } from 'zod';
import type { AppRequest, World } from './world.ts';

const inbound = z.object({
  device_phone: z.string(),
  sender_phone: z.string(),
  wa_message_id: z.string(),
  body: z.string().nullish(),
});
const statusUpdate = z.object({ wid: z.string(), status: z.string() });
const messageStatus = z.object({ whatsapp_message_id: z.string(), status: z.string() });

const record = z.record(z.string(), z.unknown());

export type Inbound = z.infer<typeof inbound>;

/** How long a request may stay unanswered before it counts as cut off. */
const ANSWER_MS = 30_000;

export class AppLog {
  readonly #world: World;
  /** By arrival number. */
  readonly #requests = new Map<number, AppRequest>();
  #after: number;

  private constructor(world: World, after: number) {
    this.#world = world;
    this.#after = after;
  }

  static ofAll(world: World): AppLog {
    return new AppLog(world, 0);
  }

  /** Without what the app has received so far. */
  static async fromNow(world: World): Promise<AppLog> {
    const soFar = await world.appRequests();
    return new AppLog(world, soFar.at(-1)?.n ?? 0);
  }

  async refresh(): Promise<this> {
    const fresh = await this.#world.appRequests({ after: this.#after });
    for (const request of fresh) this.#requests.set(request.n, request);
    // A request is listed when it arrives and gets its status later: unanswered ones are read again.
    const unanswered = fresh.find(({ status, at }) => status === 0 && Date.now() - at < ANSWER_MS);
    this.#after = unanswered === undefined ? (fresh.at(-1)?.n ?? this.#after) : unanswered.n - 1;
    return this;
  }

  /** Customers' messages in the order in which the app took them, repeats included. */
  inbound(): Inbound[] {
    return this.#bodies('/api/inbound-message').map((body) => inbound.parse(body));
  }

  /** Status words of the numbers, oldest first. */
  statusWords(): z.infer<typeof statusUpdate>[] {
    return this.#bodies('/api/update-status').map((body) => statusUpdate.parse(body));
  }

  /** Receipts of chat messages, oldest first. */
  receipts(): z.infer<typeof messageStatus>[] {
    return this.#bodies('/api/chat/message-status').map((body) => messageStatus.parse(body));
  }

  /** What the app took of those bodies, in order; `id` is the same for every attempt at one callback. */
  callbacks(
    wanted: (body: Readonly<Record<string, unknown>>) => boolean,
  ): { path: string; id: string; body: unknown }[] {
    return [...this.#requests.values()].flatMap(({ path, status, body, headers }) => {
      const fields = record.safeParse(body).data;
      return status === 200 && fields && wanted(fields) ? [{ path, id: headers['webhook-id'] ?? '', body }] : [];
    });
  }

  #bodies(path: string): unknown[] {
    const accepted = [...this.#requests.values()].filter((request) => request.path === path && request.status === 200);
    return accepted.map((request) => request.body);
  }
}
