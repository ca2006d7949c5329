/**
 * Watchers of the tap: one stream of server-sent events each.
 *
 *  FD1  A watcher first gets a snapshot, then every entry after it, in order.
 *  FD2  A slow watcher costs at most 512 waiting frames; what is dropped for it is counted and told (`dropped`).
 *  FD3  At most 8 watchers. Nobody watching costs nothing but the tap.
 *
 * Deliberately not here: who may watch (http), and redaction (the tap has only redacted entries to give).
 */
import type { Clock, Timer } from '../../clock.ts';
import type { Tap } from './tap.ts';

export type FeedOptions = {
  readonly maxWatchers?: number;
  readonly maxWaiting?: number;
  /** Entries in the snapshot, over all numbers. */
  readonly history?: number;
  /** A comment is sent so often, so that proxies keep the connection and dead ones are noticed; ms. */
  readonly pingMs?: number;
};

export type Feed = {
  /** A new watcher's stream; undefined when there are too many, or after `close`. */
  watch(): ReadableStream<Uint8Array> | undefined;
  /** Ends every stream. */
  close(): void;
};

type Watcher = {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  readonly waiting: Uint8Array[];
  dropped: number;
};

const encoder = new TextEncoder();
const frame = (event: string, data: object): Uint8Array =>
  encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
const PING = encoder.encode(': ping\n\n');

export function createFeed(tap: Tap, clock: Clock, options: FeedOptions = {}): Feed {
  const { maxWatchers = 8, maxWaiting = 512, history = 2_000, pingMs = 15_000 } = options;
  const watchers = new Set<Watcher>();
  let pings: Timer | undefined;
  let closed = false;

  const flush = (watcher: Watcher): void => {
    const { controller, waiting } = watcher;
    while ((controller.desiredSize ?? 0) > 0) {
      const next = watcher.dropped > 0 ? frame('dropped', { count: watcher.dropped }) : waiting.shift();
      if (next === undefined) return;
      watcher.dropped = 0;
      controller.enqueue(next);
    }
  };

  const give = (bytes: Uint8Array): void => {
    for (const watcher of watchers) {
      watcher.waiting.push(bytes);
      if (watcher.waiting.length > maxWaiting) {
        watcher.waiting.shift();
        watcher.dropped += 1;
      }
      flush(watcher);
    }
  };

  const ping = (): void => {
    pings = watchers.size === 0 ? undefined : clock.setTimeout(ping, pingMs);
    if (watchers.size > 0) give(PING);
  };

  tap.onEntry((entry, view) => {
    if (watchers.size > 0) give(frame('entry', { entry, view }));
  });

  return {
    watch() {
      if (closed || watchers.size >= maxWatchers) return undefined;
      let watcher: Watcher | undefined;
      const stream = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            const snapshot = frame('snapshot', {
              now: clock.now(),
              actors: tap.actors(),
              entries: tap.recent(history),
            });
            watcher = { controller, waiting: [snapshot], dropped: 0 };
            watchers.add(watcher);
            flush(watcher);
          },
          pull() {
            if (watcher) flush(watcher);
          },
          cancel() {
            if (watcher) watchers.delete(watcher);
          },
        },
        { highWaterMark: 16 },
      );
      pings ??= clock.setTimeout(ping, pingMs);
      return stream;
    },
    close() {
      closed = true;
      if (pings) clock.clearTimeout(pings);
      for (const { controller } of watchers) controller.close();
      watchers.clear();
    },
  };
}
