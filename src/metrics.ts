/**
 * What `GET /metrics` tells, in Prometheus' text: few figures, each one worth an alert or a graph. Declared here only.
 *
 *  MT1  No label names a number, a path of the app or a person: the set of series is fixed.
 *  MT2  Gauges are read when they are asked for; nothing is counted twice or kept beside its source.
 *
 * Deliberately not here: who may ask (http/routes/metrics.ts), and what the figures are made of (main.ts hands them in).
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Read at every scrape. */
export type Readings = {
  readonly outbox: () => {
    readonly pending: number;
    readonly deadLetter: number;
    readonly bytes: number;
    /** When what waits longest was accepted, epoch ms. */
    readonly oldest: number | null;
    readonly room: 'ok' | 'filling' | 'full';
  };
  /** How many numbers are in which state. */
  readonly numbers: () => Readonly<Record<string, number>>;
  /** Epoch ms. */
  readonly now: () => number;
};

export type CallFigures = {
  /** Packets of the other side, those of them that were lost, and their jitter. */
  readonly heard: number;
  readonly lost: number;
  readonly jitterMs: number;
  /** Packets that were said, silence left out. */
  readonly said: number;
};

export type Metrics = {
  /** What calls come to; durations in ms. */
  readonly calls: {
    readonly setUp: (ms: number) => void;
    readonly firstWord: (ms: number) => void;
    readonly ended: (outcome: string, figures: CallFigures) => void;
  };
  /** Counts how the send of an engine ends; hands its answer on. */
  countSend<T extends { readonly kind: string }>(engine: string, answer: Promise<T>): Promise<T>;
  /** The whole text, in the format of `contentType`. */
  text(): Promise<string>;
  readonly contentType: string;
};

export function createMetrics({ outbox, numbers, now }: Readings): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(read());
      },
    });

  gauge('bridge_outbox_pending', 'Callbacks that wait for the app', () => outbox().pending);
  gauge(
    'bridge_outbox_dead_letters',
    'Callbacks that the app refused or did not take in time',
    () => outbox().deadLetter,
  );
  gauge('bridge_outbox_bytes', 'Bytes of the texts that wait for the app', () => outbox().bytes);
  gauge('bridge_outbox_oldest_seconds', 'Age of the callback that waits longest; 0 when none waits', () => {
    const { oldest } = outbox();
    return oldest === null ? 0 : Math.max(0, now() - oldest) / 1000;
  });
  gauge('bridge_outbox_room', '0: enough, 1: filling up, 2: full, sends are refused', () =>
    ['ok', 'filling', 'full'].indexOf(outbox().room),
  );
  new Gauge({
    ...{ name: 'bridge_numbers', help: 'Numbers by state', labelNames: ['state'], registers },
    collect() {
      this.reset();
      for (const [state, count] of Object.entries(numbers())) this.set({ state }, count);
    },
  });
  const sends = new Counter({
    ...{
      name: 'bridge_sends_total',
      help: 'Sends by engine and outcome',
      labelNames: ['engine', 'outcome'],
      registers,
    },
  });
  const calls = callMeter(registry);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  gauge(
    'bridge_event_loop_delay_p99_seconds',
    'Lateness of the event loop since the last scrape, 99th percentile',
    () => {
      // The timer itself comes after its 10 ms.
      const late = Math.max(0, delay.percentile(99) / 1e9 - 0.01);
      delay.reset();
      return late;
    },
  );
  gauge('bridge_resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss());

  return {
    calls,
    countSend: async (engine, answer) => {
      const settled = await answer;
      sends.inc({ engine, outcome: settled.kind });
      return settled;
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function callMeter(registry: Registry): Metrics['calls'] {
  const registers = [registry];
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ ...{ name, help, buckets, registers } });
  const setUp = histogram(
    'bridge_call_setup_seconds',
    'From the word of the app to the open gate',
    [0.25, 0.5, 1, 2, 3, 5, 8, 12, 30, 60],
  );
  const firstWord = histogram(
    'bridge_call_first_word_seconds',
    'From the open gate to the first packet of the assistant',
    [0.1, 0.25, 0.5, 1, 2, 4, 8],
  );
  const jitter = histogram(
    'bridge_call_jitter_seconds',
    'Jitter of the caller at the end of a call (RFC 3550)',
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
  );
  const ended = new Counter({
    ...{ name: 'bridge_calls_total', help: 'Calls by how they went', labelNames: ['outcome'], registers },
  });
  const packets = new Counter({
    ...{
      name: 'bridge_call_packets_total',
      help: 'Audio packets of calls: heard, lost on the way here, said',
      labelNames: ['what'],
      registers,
    },
  });
  return {
    setUp: (ms) => setUp.observe(ms / 1000),
    firstWord: (ms) => firstWord.observe(ms / 1000),
    ended: (outcome, { heard, lost, said, jitterMs }) => {
      ended.inc({ outcome });
      packets.inc({ what: 'heard' }, heard);
      packets.inc({ what: 'lost' }, lost);
      packets.inc({ what: 'said' }, said);
      if (heard > 0) jitter.observe(jitterMs / 1000);
    },
  };
}
