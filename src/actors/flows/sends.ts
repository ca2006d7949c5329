/**
 * How a message of a flow leaves, and what follows from each outcome. Contract flows §6.5, §10.
 *
 *  FS1  A message has one id, and one idempotency key at providers: given again, it is the same message.
 *  FS2  What may still be accepted is a pause, never a failure: not connected, cap of the day reached, told to wait.
 *  FS3  Texts over Cloud API carry the branding footer (contract flows §10.2).
 *
 * Deliberately not here: journal and mirror (visit.ts), how long pauses may last in all (runner.ts).
 */
import type { Clock } from '../../clock.ts';
import type { Content } from '../../content/content.ts';
import type { EngineName } from '../../content/engine-choice.ts';
import { withBranding } from '../../content/footer.ts';
import { type Identity, lidJid } from '../../phone.ts';
import type { BulkOutcome, BulkSends } from '../protocol.ts';
import type { Sent } from './node.ts';
import type { Pause } from './session.types.ts';

/** §6.5: a session waits for its number at most so long. */
export const PAUSED_AT_MOST_MS = 86_400_000;
/** After a fault of the moment; then it counts as failed. Vendors: facts/cloud-api.md §6.1, class D. */
const AT_VENDORS_MS = [1_000, 4_000];
const AGAIN_MS = {
  baileys: [5_000, 15_000, 60_000, 300_000, 900_000],
  waba: AT_VENDORS_MS,
  twilio: AT_VENDORS_MS,
} as const satisfies Readonly<Record<EngineName, readonly number[]>>;
/** Such as without credentials (§6.5: settings are tried again every minute). */
const WITHOUT_A_TIME_MS = 60_000;
const DAY_MS = 86_400_000;

export type Order = {
  readonly device: string;
  readonly engine: EngineName;
  readonly workspace: string | undefined;
  readonly to: string;
  readonly content: Content;
  readonly id: string;
  /** Pauses of this visit so far. */
  readonly before: Pause | undefined;
};

export type FlowSendsOptions = {
  readonly sends: Pick<BulkSends, 'send' | 'room'>;
  /** As far as settings are known. */
  readonly branding: (device: string, workspace: string | undefined) => string;
  readonly clock: Clock;
};

export type SendEnd =
  | { readonly kind: 'done'; readonly result: Sent }
  | { readonly kind: 'pause'; readonly pause: Pause };

export class FlowSends {
  readonly #o: FlowSendsOptions;

  constructor(options: FlowSendsOptions) {
    this.#o = options;
  }

  async send(order: Order): Promise<SendEnd> {
    const { sends, clock } = this.#o;
    const { device, engine, workspace, to, content, id, before } = order;
    if (engine === 'baileys' && sends.room(device, workspace) <= 0)
      return this.#pause(before, 'the daily cap is reached', nextDay(clock.now()));
    const outcome = await sends.send({
      engine,
      from: device,
      to,
      content: engine === 'waba' ? this.#branded(content, device, workspace) : content,
      id,
      idempotencyKey: `flow ${id}`,
      origin: 'auto',
      ...(workspace !== undefined && { workspace }),
    });
    return this.#follows(outcome, engine, before);
  }

  #follows(outcome: BulkOutcome, engine: EngineName, before: Pause | undefined): SendEnd {
    const now = this.#o.clock.now();
    switch (outcome.kind) {
      case 'sent':
        return { kind: 'done', result: { kind: 'sent', id: outcome.id } };
      case 'unknown':
        return { kind: 'done', result: { kind: 'unknown', error: outcome.error } };
      case 'failed':
      case 'wrong':
        return { kind: 'done', result: { kind: 'failed', error: outcome.error } };
      case 'not ready':
        return this.#pause(before, outcome.why, (before?.since ?? now) + PAUSED_AT_MOST_MS, { forNumber: true });
      case 'transient':
      case 'interrupted': {
        const tries = before?.tries ?? 0;
        const wait = AGAIN_MS[engine][tries];
        if (wait !== undefined) return this.#pause(before, outcome.error, now + wait, { tries: tries + 1 });
        return {
          kind: 'done',
          result: { kind: outcome.kind === 'transient' ? 'failed' : 'unknown', error: outcome.error },
        };
      }
      case 'wait':
        return this.#pause(before, outcome.why, outcome.until);
      case 'stop':
        return this.#pause(before, outcome.error, outcome.until ?? now + WITHOUT_A_TIME_MS);
      default:
        return outcome satisfies never;
    }
  }

  #pause(before: Pause | undefined, why: string, until: number, more: Partial<Pause> = {}): SendEnd {
    const { since, tries } = before ?? { since: this.#o.clock.now(), tries: 0 };
    return { kind: 'pause', pause: { why, until, since, tries, forNumber: false, ...more } };
  }

  /** FS3 */
  #branded(content: Content, device: string, workspace: string | undefined): Content {
    if (content.kind !== 'text') return content;
    return { ...content, text: withBranding(content.text, this.#o.branding(device, workspace)) };
  }
}

/** Where a customer is reached: an unknown number under its LID, never under a phone made of its digits. */
export function addressOf(contact: Identity, engine: EngineName): string {
  const { pn, lid } = contact;
  if (pn !== undefined) return pn;
  return engine === 'baileys' ? lidJid(lid ?? '') : (lid ?? '');
}

const nextDay = (now: number): number => (Math.floor(now / DAY_MS) + 1) * DAY_MS;
