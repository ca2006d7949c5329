/**
 * Callbacks that the app has not accepted: counts and dead letters for operators, events for an app that was away.
 *
 *  OX1  All routes need the strict token: they list numbers, and events are customers' words.
 *  OX2  Bad input is 400 and changes nothing; what was put back is on disk before the answer.
 */
import type { OutboxAdmin, Vitals } from '../../actors/protocol.ts';
import { parseDigits } from '../../phone.ts';
import { type Declare, reply } from '../declare.ts';
import type { HttpContext, Middleware } from '../env.ts';
import { iso, isoOrNull } from '../iso.ts';
import { getEvents, getOutbox, pageQuery, replayOutbox } from '../schemas/outbox.ts';

export type OutboxRoutes = { readonly outbox: OutboxAdmin; readonly vitals: Vitals; readonly strict: Middleware };

const STARTING = { error: 'Starting: the queues of the numbers are not attached yet' } as const;

export function outboxRoutes(declare: Declare, { outbox, vitals, strict }: OutboxRoutes): void {
  const options = { before: [strict], failure: (error: string) => ({ ok: false, error }) };

  declare(getOutbox, options, (c) => {
    const page = pageOf(c);
    if (!page) return reply(c, 400, BAD_PAGE);
    const { pending, bytes, byPath, byNumber, oldest, nextAttempt, deadLetters, complete } = outbox.summary();
    const { items, next, more } = outbox.deadLetters(page.after, page.limit);
    const shown = items.map(({ accepted, died, number, status, answer, ...rest }) => ({
      ...{ ...rest, number: number ?? null, acceptedAt: iso(accepted), diedAt: iso(died) },
      ...{ status: status ?? null, answer: answer ?? null },
    }));
    return reply(c, 200, {
      ok: true,
      ...{ pending, bytes, room: vitals.outbox().room, complete },
      ...{ oldest: isoOrNull(oldest), nextAttempt: isoOrNull(nextAttempt) },
      ...{ paths: Object.fromEntries(byPath), numbers: Object.fromEntries(byNumber) },
      deadLetters: { count: deadLetters, items: shown, next: next ?? null, more },
    });
  });

  declare(replayOutbox, options, async (c) => {
    const { ids, path, number } = c.req.valid('json');
    const replayed = await outbox.replay({ ids, path, number: number && parseDigits(number) });
    return replayed === undefined ? reply(c, 503, STARTING) : reply(c, 200, { ok: true, replayed });
  });

  declare(getEvents, options, async (c) => {
    const page = pageOf(c);
    if (!page) return reply(c, 400, BAD_PAGE);
    const found = await outbox.events(page.after, page.limit);
    if (!found) return reply(c, 503, STARTING);
    const events = found.items.map(({ at, media, ...rest }) => ({
      ...rest,
      at: iso(at),
      ...(media && { media: { bytes: media.bytes ?? null, inlined: media.inlined } }),
    }));
    return reply(c, 200, { ok: true, events, next: found.next ?? null, more: found.more });
  });
}

const BAD_PAGE = { error: 'Invalid after or limit' } as const;

function pageOf(c: HttpContext) {
  const query = pageQuery.safeParse({
    after: c.req.query('after') || undefined,
    limit: c.req.query('limit') || undefined,
  });
  return query.success ? query.data : undefined;
}
