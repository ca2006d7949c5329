import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_ATTACHMENTS } from '../../helpers/no-attachments.ts';
import type { InboundFact } from '../../../src/app-client/callbacks.types.ts';
import { openOutbox } from '../../../src/app-client/outbox.ts';
import { deadLettersOf } from '../../../src/app-client/outbox-rows.ts';
import {
  type Answer,
  client,
  digits,
  eventually,
  fastClock,
  inbound,
  quiet,
  startApp,
  tempStore,
  written,
  ROOMY,
} from './app.ts';

const ANSWERS = {
  ok: {},
  error: { status: 500 },
  gateway: { status: 502 },
  busy: { status: 429 },
  refused: { status: 403 },
  invalid: { status: 422 },
  'cut before': { cut: 'before' },
  'cut within': { cut: 'within' },
  slow: { delayMs: 15 },
} as const satisfies Record<string, Answer>;

const ops = fc.array(fc.record({ contact: fc.nat(4), pauseMs: fc.nat(3) }), { minLength: 5, maxLength: 60 });
const answers = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant('ok' as const) },
    { weight: 5, arbitrary: fc.constantFrom(...(Object.keys(ANSWERS) as (keyof typeof ANSWERS)[])) },
  ),
  { minLength: 1, maxLength: 40 },
);

/** Contacts 3 and 4 are first known by LID only; from their third message on by both (the caller gives what it knows). */
function factOf(contact: number, nth: number): InboundFact {
  const pn = digits(`551199999000${contact}`);
  const lid = `77700000000${contact}`;
  const fact = inbound(pn, `${contact}-${nth}`);
  return { ...fact, contact: contact < 3 ? { pn } : nth < 3 ? { lid } : { lid, pn } };
}

const isFinal = ({ status = 200, cut }: Answer) => !cut && (status === 200 || status === 422);

describe('outbox order (contract README §3.1)', () => {
  it('O1-O3: random answers, keys and restarts: nothing lost, each conversation in append order', async () => {
    let rows = 0;
    let requests = 0;
    await fc.assert(
      fc.asyncProperty(ops, answers, fc.array(fc.nat(59), { maxLength: 3 }), async (list, plan, restarts) => {
        const app = await startApp((_seen, { seen }) => {
          const planned = seen.length < 60 ? plan[seen.length % plan.length] : undefined;
          return planned ? ANSWERS[planned] : {};
        });
        const clock = fastClock(400);
        const temp = tempStore();
        const to = client(app.url, clock);
        const open = () => {
          const store = temp.open();
          const outbox = openOutbox({ ...ROOMY, attachments: NO_ATTACHMENTS, client: to, clock, log: quiet });
          return { store, outbox, queue: outbox.attach('data', store) };
        };
        let now = open();
        const appended = new Map<number, string[]>();
        const unsettled: Promise<void>[] = [];
        try {
          for (const [index, { contact, pauseMs }] of list.entries()) {
            if (restarts.includes(index)) {
              await Promise.all(unsettled.splice(0));
              await now.outbox.drain(0);
              await now.store.close();
              now = open();
            }
            const ids = appended.get(contact) ?? [];
            appended.set(contact, ids);
            const fact = factOf(contact, ids.length);
            ids.push(fact.id);
            unsettled.push(now.queue.append([fact]));
            if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
          }
          await Promise.all(unsettled);
          await eventually(() => now.outbox.stats().pending === 0, 20_000);
          await written(now.store);

          const final = app.seen.filter(({ answer }) => isFinal(answer));
          const delivered = new Set(
            final.filter(({ answer }) => answer.status !== 422).map(({ body }) => body.wa_message_id),
          );
          const dead = [...deadLettersOf(now.store).range()].map(({ value }) => idOf(value.row.body));
          expect(new Set([...delivered, ...dead])).toEqual(new Set([...appended.values()].flat()));
          for (const ids of appended.values()) {
            const seen = app.seen.map(({ body }) => String(body.wa_message_id)).filter((id) => ids.includes(id));
            expect([...new Set(seen)]).toEqual(ids);
            for (const [nth, id] of ids.entries()) {
              const before = app.seen.slice(
                0,
                app.seen.findIndex(({ body }) => body.wa_message_id === id),
              );
              const previous = ids[nth - 1];
              if (previous === undefined) continue;
              expect(before.some(({ body, answer }) => body.wa_message_id === previous && isFinal(answer))).toBe(true);
            }
          }
          rows += list.length;
          requests += app.seen.length;
        } finally {
          await now.outbox.drain(0);
          await now.store.close();
          await app.close();
          temp.remove();
        }
      }),
      { numRuns: 10, endOnFailure: true },
    );
    console.log(`outbox order: ${rows} rows, ${requests} requests, nothing lost, no row out of order`);
  });
});

const idOf = (body: string) => (JSON.parse(body) as { wa_message_id: string }).wa_message_id;
