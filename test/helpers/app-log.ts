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

export type Inbound = z.infer<typeof inbound>;

export class AppLog {
  readonly #world: World;
  readonly #accepted: AppRequest[] = [];
  #after = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Without what the app has received so far. */
  static async fromNow(world: World): Promise<AppLog> {
    const log = new AppLog(world);
    await log.refresh();
    log.#accepted.length = 0;
    return log;
  }

  async refresh(): Promise<this> {
    const fresh = await this.#world.appRequests({ after: this.#after });
    this.#after = fresh.at(-1)?.n ?? this.#after;
    for (const request of fresh) if (request.status === 200 && request.method === 'POST') this.#accepted.push(request);
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

  #bodies(path: string): unknown[] {
    return this.#accepted.filter((request) => request.path === path).map((request) => request.body);
  }
}
