/**
 * What is read of callers who have shown no token in the header: `node_token` may still be in their body (contract README §2).
 *
 *  ST1  Of all of them together at most 100 MB are under way at once; who comes on top hears 503 and nothing of the body is
 *       kept. Otherwise every connection could hold 50 MB.
 *  ST2  Small bodies always have room: the listener's bound of connections (server.ts) bounds them too.
 *
 * Deliberately not here: how much work one such body may make (body.ts, B4), and what follows from a token (auth.ts).
 */
import { BODY_LIMIT, fieldOfStranger } from './body.ts';
import type { HttpContext } from './env.ts';

const ROOM = 2 * BODY_LIMIT;
const SMALL = 64 * 1024;

export class Strangers {
  #bytes = 0;

  /** A field of the body. Undefined also where there is no room to read it; the body then counts as `no room`. */
  async field(c: HttpContext, name: string): Promise<unknown> {
    const size = c.get('raw') || c.get('body') ? 0 : announced(c);
    if (size > 0 && this.#bytes + size > ROOM) {
      c.set('body', Promise.resolve({ kind: 'no room' }));
      return undefined;
    }
    this.#bytes += size;
    try {
      return await fieldOfStranger(c, name);
    } finally {
      this.#bytes -= size;
    }
  }
}

/** A body that comes in chunks may become as long as any. */
function announced(c: HttpContext): number {
  const length = c.req.header('content-length');
  const size =
    length === undefined ? (c.req.header('transfer-encoding') === undefined ? 0 : BODY_LIMIT) : Number(length);
  return size <= SMALL ? 0 : Math.min(size, BODY_LIMIT);
}
