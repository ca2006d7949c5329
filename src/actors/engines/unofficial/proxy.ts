/**
 * How each number goes out: directly, or through its own proxy (contract clients §9).
 *
 *  PR1  Asked at every start and reconnect; while the app is away the last known value applies, "none" included. It lies
 *       with the login, so it is encrypted with it.
 *  PR2  Fail closed: a number is `blocked`, never direct, when its proxy does not work and as long as the app has never
 *       said whether it has one (an app without that route has no proxies). Nothing is tried without a probe.
 *  PR3  The app hears of a result only when it changed, in the transaction that remembers it.
 *  PR4  A number without a proxy costs one look-up per start and one write in its life.
 *
 * Deliberately not here: the look-up itself (app-client/proxy-config.ts), agents (net/proxy.ts), when to try again
 * (machines/close-reason.ts).
 */
import { isIP } from 'node:net';
import type { Fact } from '../../../app-client/callbacks.types.ts';
import type { OutboxQueue } from '../../../app-client/outbox.types.ts';
import type { ProxyLookup, ProxySetting } from '../../../app-client/proxy-config.ts';
import type { Clock } from '../../../clock.ts';
import { getText } from '../../../net/get-text.ts';
import { type ProxyAddress, throughProxy, type WayOut } from '../../../net/proxy.ts';
import type { Store } from '../../../store/store.ts';

const PROBE_MS = 15_000;
const LARGEST_ANSWER = 4_096;

export type Route =
  | { readonly kind: 'direct' }
  | { readonly kind: 'proxy'; readonly out: WayOut }
  | { readonly kind: 'blocked'; readonly why: string };

type Result = { readonly status: 'ok' | 'unreachable'; readonly egressIp?: string; readonly error?: string };
type Row = { readonly setting: ProxySetting; readonly result?: Result };
/** PR2. */
const UNHEARD: Route = { kind: 'blocked', why: 'the app has not said yet whether this number has a proxy' };

export type ProxiesOptions = {
  readonly lookup: ProxyLookup;
  /** `PROXY_PROBE_URL`: answers with the address that it was asked from. */
  readonly probeUrl: string;
  readonly clock: Clock;
  /** Where results are told: the number's own queue, or `data` as long as it has no store. */
  readonly queueOf: (digits: string, store: Store | undefined) => OutboxQueue;
};

/** What is known of one number's proxy: in its store, or in memory until pairing has made one. */
type Place = { readonly digits: string; readonly store: Store | undefined };

const KEY = 'proxy';
const table = (store: Store) => store.table<Row>('meta');

export class Proxies {
  readonly #o: ProxiesOptions;
  readonly #homeless = new Map<string, Row>();
  readonly #ways = new Map<string, { readonly address: string; readonly out: WayOut }>();

  constructor(options: ProxiesOptions) {
    this.#o = options;
  }

  /** For the next connect of this number. Rejects only when its store cannot be written. */
  async route(digits: string, store: Store | undefined): Promise<Route> {
    const place: Place = { digits, store };
    const asked = await this.#o.lookup(digits);
    const known = this.#read(place);
    const isSaid = asked.kind !== 'unavailable' && asked.kind !== 'not offered';
    const setting = isSaid ? asked : known?.setting;
    if (!setting) return asked.kind === 'not offered' ? { kind: 'direct' } : UNHEARD;
    const row = known && same(setting, known.setting) ? known : { setting };
    if (row !== known || this.#homeless.has(digits)) await this.#keep(place, row);
    switch (setting.kind) {
      case 'none':
        this.#forgetWay(digits);
        return { kind: 'direct' };
      case 'unusable':
        await this.#report(place, row, { status: 'unreachable', error: setting.why });
        return { kind: 'blocked', why: setting.why };
      case 'proxy': {
        const out = this.#way(digits, setting.address);
        const result = await this.#probe(out);
        await this.#report(place, row, result);
        return result.status === 'ok' ? { kind: 'proxy', out } : { kind: 'blocked', why: `proxy: ${result.error}` };
      }
      default:
        return setting satisfies never;
    }
  }

  /**
   * For downloads, which neither ask nor probe: what the latest start found, or an earlier process left. A proxy that
   * does not work fails the download (net/proxy.ts PX2).
   */
  known(digits: string, store: Store | undefined): Route {
    const setting = this.#read({ digits, store })?.setting;
    if (!setting) return UNHEARD;
    switch (setting.kind) {
      case 'none':
        return { kind: 'direct' };
      case 'unusable':
        return { kind: 'blocked', why: setting.why };
      case 'proxy':
        return { kind: 'proxy', out: this.#way(digits, setting.address) };
      default:
        return setting satisfies never;
    }
  }

  async #probe({ agent }: WayOut): Promise<Result> {
    const { probeUrl, clock } = this.#o;
    const answer = await getText(probeUrl, { timeoutMs: PROBE_MS, largest: LARGEST_ANSWER, clock, agent });
    if (answer.kind === 'no answer') return { status: 'unreachable', error: answer.why };
    if (answer.status !== 200) return { status: 'unreachable', error: `HTTP ${answer.status}` };
    const egressIp = addressIn(answer.text);
    return { status: 'ok', ...(egressIp !== undefined && { egressIp }) };
  }

  /** PR3. */
  async #report(place: Place, row: Row, result: Result): Promise<void> {
    if (row.result && same(row.result, result)) return;
    const { digits, store } = place;
    const fact: Fact = { kind: 'proxy', device: digits, ...result };
    const next = { ...row, result };
    await this.#o.queueOf(digits, store).append([fact], (batch) => {
      if (store) batch.put(table(store), KEY, next);
    });
    if (!store) this.#homeless.set(digits, next);
  }

  #read({ digits, store }: Place): Row | undefined {
    return (store && table(store).get(KEY)) ?? this.#homeless.get(digits);
  }

  async #keep({ digits, store }: Place, row: Row): Promise<void> {
    if (!store) {
      this.#homeless.set(digits, row);
      return;
    }
    this.#homeless.delete(digits);
    await store.write((batch) => batch.put(table(store), KEY, row));
  }

  /** One per number: the next connect uses it again. */
  #way(digits: string, address: ProxyAddress): WayOut {
    const text = JSON.stringify(address);
    const known = this.#ways.get(digits);
    if (known?.address === text) return known.out;
    known?.out.close();
    const out = throughProxy(address);
    this.#ways.set(digits, { address: text, out });
    return out;
  }

  #forgetWay(digits: string): void {
    this.#ways.get(digits)?.out.close();
    this.#ways.delete(digits);
  }
}

const same = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Echo services answer with the bare address, or with JSON around it. */
function addressIn(text: string): string | undefined {
  return text.split(/[^0-9A-Fa-f.:]+/).find((word) => isIP(word) !== 0);
}
