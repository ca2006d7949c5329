/**
 * The flows that conversations run on: fetched from the app at every start, pinned by what they say.
 *
 *  DF1  A session keeps the definition it started with, whatever is edited meanwhile (contract flows §2.1); equal
 *       definitions are kept once.
 *  DF2  A pin is on disk before a session names it, and stays as long as one that uses it may live, whatever it sleeps:
 *       each write of a session marks the days on which it needs it.
 *
 * Deliberately not here: what a definition means (definition.ts).
 */
import { createHash } from 'node:crypto';
import type { CallAnswer, FlowDefinition, FlowStore } from '../../app-client/flow-calls.types.ts';
import type { Clock } from '../../clock.ts';
import type { Batch, Key, Store, Table } from '../../store/store.ts';
import { RotatingSweep } from '../rotating-sweep.ts';
import type { Flow } from './definition.types.ts';

const DAY_MS = 86_400_000;
/** Parsed ones in memory; a large flow takes about 100 KB. */
const MOST_PARSED = 100;

type Pin = { readonly id: string; readonly definition: FlowDefinition };

export type DefinitionsOptions = {
  readonly store: Store;
  readonly app: Pick<FlowStore, 'definition'>;
  readonly read: (id: string, definition: FlowDefinition) => Flow;
  /** How long a session may wait at most once it has nothing else to do. */
  readonly ttlMs: number;
  readonly clock: Clock;
};

export type Pinned = { readonly hash: string; readonly flow: Flow };

export class Definitions {
  readonly #o: DefinitionsOptions;
  readonly #pins: Table<Pin>;
  /** `<hash> <day>` -> end of a day on which a session does something with it; every write of a session looks here. */
  readonly #uses: Table<number>;
  readonly #pinSweep: RotatingSweep<Pin>;
  readonly #useSweep: RotatingSweep<number>;
  /** The most recently used last. */
  readonly #parsed = new Map<string, Flow>();

  constructor(options: DefinitionsOptions) {
    const { store, ttlMs, clock } = options;
    this.#o = options;
    this.#pins = store.table('flows/definitions');
    this.#uses = store.table('flows/uses');
    // Before it rests, a session may be paused for a day.
    this.#useSweep = new RotatingSweep(this.#uses, (end) => (clock.now() - end > ttlMs + DAY_MS ? 'remove' : 'keep'));
    this.#pinSweep = new RotatingSweep(this.#pins, (_, hash) => (this.#isMarked(hash) ? 'keep' : 'remove'));
  }

  /** The app's newest, pinned (DF2). */
  async fetch(id: string): Promise<CallAnswer<Pinned>> {
    const { app, store, read, clock } = this.#o;
    const answer = await app.definition(id);
    if (answer.kind !== 'ok') return answer;
    const definition = answer.value;
    const text = JSON.stringify([id, definition]);
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 24);
    const flow = this.#parsed.get(hash) ?? read(id, definition);
    this.#remember(hash, flow);
    // A session that goes on without its definition marks a day of it, too.
    if (!this.#uses.has(useOf(hash, clock.now())) || !this.#pins.has(hash))
      await store.write((batch) => {
        this.#pinSweep.onAdd(batch);
        // Again when it is there: this write may be the one that sweeps it.
        batch.put(this.#pins, hash, { id, definition });
        this.use(batch, hash, clock.now());
      });
    return { kind: 'ok', value: { hash, flow } };
  }

  /** Undefined when the pin is gone, which takes a session beyond its life. */
  pinned(hash: string): Flow | undefined {
    const known = this.#parsed.get(hash);
    const pin = known ? undefined : this.#pins.get(hash);
    const flow = known ?? (pin && this.#o.read(pin.id, pin.definition));
    if (flow) this.#remember(hash, flow);
    return flow;
  }

  /** Inside a write of a session that goes on with it now or at this time. */
  use(batch: Batch, hash: string, at: number): void {
    const use = useOf(hash, at);
    if (this.#uses.has(use)) return;
    this.#useSweep.onAdd(batch);
    batch.put(this.#uses, use, (dayOf(at) + 1) * DAY_MS);
  }

  /** Whether there are definitions that the next sweep would remove. */
  hasUnmarked(): boolean {
    return [...this.#pins.keys()].some((hash) => !this.#isMarked(hash));
  }

  #isMarked(hash: Key): boolean {
    const [use] = this.#uses.keys({ from: `${hash} `, to: `${hash}!`, limit: 1 });
    return use !== undefined;
  }

  #remember(hash: string, flow: Flow): void {
    this.#parsed.delete(hash);
    this.#parsed.set(hash, flow);
    const [oldest] = this.#parsed.size > MOST_PARSED ? this.#parsed.keys() : [];
    if (oldest !== undefined) this.#parsed.delete(oldest);
  }
}

const dayOf = (at: number): number => Math.floor(at / DAY_MS);
const useOf = (hash: string, at: number): string => `${hash} ${dayOf(at)}`;
