/**
 * One receipt is one row, told to one or two endpoints. Contract inbound §10.
 *
 *  RC1  A single send's receipt goes to the chat and to the campaigns: the app runs campaigns through the single-send
 *       routes, and only it knows which a message was (S-20). An automatic reply's goes to the chat alone.
 *  RC2  The row counts as known when either endpoint knew the message; only when neither did is it repeated (outcomes.ts).
 *  RC3  An endpoint that the app lacks (404) is skipped for 10 minutes; the other is told all the same.
 *  RC4  What one endpoint refuses keeps the other from nothing: the refusal is the row's answer after both were told.
 */
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Answered, AppAnswer, AppClient, Post } from './client.ts';
import { alsoId, type Row } from './outbox-rows.ts';

const SKIP_MS = 10 * 60_000;
const MISSING: AppAnswer = { kind: 'answer', status: 404, body: undefined };

export type ReceiptPosterOptions = { readonly client: AppClient; readonly clock: Clock; readonly log: Log };

export class ReceiptPoster {
  readonly #o: ReceiptPosterOptions;
  /** Path -> until when it is skipped, epoch ms. */
  readonly #missing = new Map<string, number>();

  constructor(options: ReceiptPosterOptions) {
    this.#o = options;
  }

  /** The answer of both as one: `{updated: 0}` when neither knew the message, 404 when the app lacks both. Never rejects. */
  async post(row: Pick<Row, 'path' | 'body' | 'also'>, call: Post): Promise<AppAnswer> {
    const chat = await this.#one(row.path, row.body, call);
    if (!row.also || !isFinal(chat)) return chat;
    const campaign = await this.#one(row.also.path, row.also.body, {
      ...call,
      ...(call.id && { id: alsoId(call.id) }),
    });
    if (!isFinal(campaign)) return campaign;
    const refused = [chat, campaign].find(({ status }) => status >= 300 && status !== 404);
    if (refused) return refused;
    if (chat.status === 404 && campaign.status === 404) return MISSING;
    const known = knew(chat, NothingUpdated) || knew(campaign, Unmatched);
    return { kind: 'answer', status: 200, body: { updated: known ? 1 : 0 } };
  }

  async #one(path: string, body: string, call: Post): Promise<AppAnswer> {
    const { client, clock, log } = this.#o;
    if ((this.#missing.get(path) ?? 0) > clock.now()) return MISSING;
    const answer = await client.post(path, body, call);
    if (answer.kind === 'answer' && answer.status === 404) {
      this.#missing.set(path, clock.now() + SKIP_MS);
      log.warn({ path, ms: SKIP_MS }, 'the app lacks this endpoint; its callbacks are skipped');
    }
    return answer;
  }
}

/** The app answered, and would not answer otherwise another time. */
function isFinal(answer: AppAnswer): answer is Answered {
  if (answer.kind === 'no answer') return false;
  const { status } = answer;
  return status < 300 || (status >= 400 && status < 500 && ![401, 403, 408, 425, 429].includes(status));
}

/** It took the receipt, and did not say that it knows nothing of the message. */
const knew = (answer: AppAnswer, unknown: z.ZodType): boolean =>
  answer.kind === 'answer' && answer.status < 300 && !unknown.safeParse(answer.body).success;

const NothingUpdated = z.object({ updated: z.union([z.literal(0), z.literal('0')]) });
const Unmatched = z.object({ matched: z.union([z.literal(false), z.literal(0), z.literal('0')]) });
