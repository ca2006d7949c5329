/**
 * Inbound messages made ahead of a measurement.
 *
 * Owns: ready stanzas per contact and number, and letting them go in a burst or at a rate.
 * Invariant: Y1 encryption and encoding happen in `prepare`, so that `release` costs only the writing.
 */
import { encode } from './nodes.ts';
import type { BinaryNode } from './nodes.ts';
import { contactAddress, newMessageId, seal } from './inbound.ts';
import type { Person } from './people.ts';
import type { Service } from './service.ts';
import { z } from 'zod';

export const PrepareRequest = z.strictObject({
  to: z.string().regex(/^\d{1,15}$/),
  count: z.int().min(1).max(100_000),
  textPrefix: z.string().default('message '),
  addressing: z.enum(['pn', 'lid']).default('lid'),
});

export const ReleaseRequest = z.union([
  z.strictObject({ burst: z.literal(true) }),
  /** Messages per second, over all contacts. */
  z.strictObject({ rate: z.number().positive() }),
]);

export type PrepareRequest = z.input<typeof PrepareRequest>;
export type ReleaseRequest = z.infer<typeof ReleaseRequest>;

export interface Released {
  readonly released: number;
  /** When each message was handed to its number's queue: id and epoch milliseconds, with fractions. */
  readonly sent: readonly (readonly [id: string, at: number])[];
  readonly ms: number;
}

interface Ready {
  readonly target: Person;
  readonly stanza: BinaryNode;
  readonly encoded: Buffer;
}

const TICK_MS = 5;

export class Prepared {
  readonly #service: Service;
  /** One row per call of `prepare`; rows are released in turns. */
  #rows: Ready[][] = [];

  constructor(service: Service) {
    this.#service = service;
  }

  /** Encrypts `count` texts "<prefix>1" ... from the contact to the number. Answers their ids in order. */
  async prepare(from: string, input: PrepareRequest): Promise<string[] | undefined> {
    const { to, count, textPrefix, addressing } = PrepareRequest.parse(input);
    const author = this.#service.people.get(from);
    const target = this.#service.people.get(to);
    if (target.linked === undefined) return undefined;
    const row: Ready[] = [];
    const ids: string[] = [];
    for (let n = 1; n <= count; n += 1) {
      const id = newMessageId();
      const message = { conversation: `${textPrefix}${n}` };
      const attributes = {
        id,
        ...contactAddress(author, addressing, false),
        notify: `Contact ${from.slice(-4)}`,
        type: 'text',
      };
      const stanza = await seal(this.#service, author, target, { message, enc: {} }, attributes);
      author.sent.set(id, {
        id,
        to,
        addressing,
        message,
        encAttributes: {},
        stanzaAttributes: attributes,
        receipts: [],
      });
      row.push({ target, stanza, encoded: encode(stanza) });
      ids.push(id);
    }
    this.#rows.push(row);
    return ids;
  }

  /** Hands everything prepared to the numbers' queues; resolves when the last one is handed over. */
  async release(request: ReleaseRequest): Promise<Released> {
    const ready = inTurns(this.#rows);
    this.#rows = [];
    const startedAt = performance.now();
    const sent: [string, number][] = [];
    let done = 0;
    while (done < ready.length) {
      const due =
        'rate' in request
          ? Math.min(ready.length, Math.ceil(((performance.now() - startedAt) / 1000) * request.rate))
          : Math.min(ready.length, done + 100);
      for (; done < due; done += 1) {
        const { target, stanza, encoded } = ready[done]!;
        sent.push([stanza.attrs['id'] ?? '', performance.timeOrigin + performance.now()]);
        target.queue.add(stanza, encoded);
      }
      // A burst still lets the sockets work between slices; a rate waits for its next tick.
      await new Promise<void>((next) => ('rate' in request ? setTimeout(next, TICK_MS) : setImmediate(next)));
    }
    return { released: ready.length, sent, ms: Math.round(performance.now() - startedAt) };
  }
}

function inTurns(rows: readonly Ready[][]): Ready[] {
  const longest = Math.max(0, ...rows.map((row) => row.length));
  const out: Ready[] = [];
  for (let n = 0; n < longest; n += 1) {
    for (const row of rows) {
      const one = row[n];
      if (one !== undefined) out.push(one);
    }
  }
  return out;
}
