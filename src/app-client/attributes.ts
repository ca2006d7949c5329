/**
 * A workspace's own variables, which jobs and flows put into texts. Contract bulk §4.3, flows §4.
 *
 *  WA1  They are asked for once a minute per workspace, however many jobs and flows run.
 *  WA2  An answer that failed spares the app as long where the asker can do without (flows); a job asks again, because
 *       its texts to everybody depend on it.
 */
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { AppClient } from './client.ts';

type Fields = Readonly<Record<string, unknown>>;
type Known = { readonly until: number; readonly answer: Promise<Fields | undefined>; failed: boolean };

const TIMEOUT_MS = 8_000;
const KEPT_MS = 60_000;

/** PHP's empty map is an empty list. */
const map = z.union([z.record(z.string(), z.unknown()), z.array(z.unknown()).transform((): Fields => ({}))]);
const attributesAnswer = z.object({ attributes: map });

export class WorkspaceAttributes {
  readonly #client: Pick<AppClient, 'get'>;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(client: Pick<AppClient, 'get'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** `{}` when the app has none or does not say. WA1, WA2 */
  async of(workspace: string, afterFailure: 'ask again' | 'wait'): Promise<Fields> {
    const now = this.#clock.now();
    for (const [name, { until }] of this.#known) if (until <= now) this.#known.delete(name);
    const known = this.#known.get(workspace);
    // A question under way is everybody's, however it ends.
    const reusable = known && !(known.failed && afterFailure === 'ask again') ? known : this.#question(workspace, now);
    return (await reusable.answer) ?? {};
  }

  #question(workspace: string, now: number): Known {
    const asked: Known = { until: now + KEPT_MS, answer: this.#ask(workspace), failed: false };
    this.#known.set(workspace, asked);
    void asked.answer.then((attributes) => (asked.failed = attributes === undefined));
    return asked;
  }

  async #ask(workspace: string): Promise<Fields | undefined> {
    const path = `/api/workspace-attributes/${encodeURIComponent(workspace)}`;
    const answer = await this.#client.get(path, {}, { timeoutMs: TIMEOUT_MS });
    if (answer.kind === 'no answer' || answer.status < 200 || answer.status > 299) return undefined;
    return attributesAnswer.safeParse(answer.body).data?.attributes;
  }
}
