/**
 * Sends through engines that hold no connection (engines/provider.ts): credentials, their one renewal, idempotency, and
 * what follows a message.
 *
 *  PS1  A key is stored right before the first call and its answer after it (contract messages §1.4). A repeat gets the
 *       stored answer; after a crash in between the outcome is `unknown`, and the message is never sent a second time. A
 *       crash before the call, in an upload or while the send waited for its turn, leaves no key: a repeat sends.
 *  PS2  Refused credentials are asked for again; only others than those are tried, once (§9.2).
 *  PS3  A second part goes out after its message was accepted; its failure is logged and changes no answer.
 *
 * Deliberately not here: which engine it is (content/engine-choice.ts), content, error codes.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { derivedMessageId, newMessageId } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Batch, Store, Table } from '../store/store.ts';
import type {
  CloudCredentials,
  ProviderCommand,
  ProviderCredentials,
  ProviderEngine,
  ProviderResult,
  TwilioCredentials,
} from './engines/provider.ts';
import type { ProviderRequest, Providers } from './protocol.ts';
import { RotatingSweep } from './rotating-sweep.ts';

/** Contract messages §1.4. */
const KEY_LIFE_MS = 24 * 3_600_000;
/** No caller waits for the second part of a message. */
const FOLLOW_UP_MS = 18_000;
/** A bound, not a pace: more than this waiting means the caller is far ahead. */
const MAX_WAITING = 10_000;

/** `answer` is missing while the call runs, and for good when the process ended in it. */
type KeyRow = { readonly at: number; readonly answer?: ProviderResult };

/** What a number has in a workspace, of each engine. */
export type KnownCredentials = { readonly waba?: CloudCredentials; readonly twilio?: TwilioCredentials };

/** Both answer by the deadline (epoch ms). */
export type CredentialsSource = {
  readonly read: (digits: string, workspace: string | undefined, deadline: number) => Promise<KnownCredentials>;
  /** Asks again while `isRefused` holds of what is known. */
  readonly renew: (
    digits: string,
    workspace: string | undefined,
    isRefused: (known: KnownCredentials) => boolean,
    deadline: number,
  ) => Promise<KnownCredentials>;
};

export type ProviderSendsOptions = {
  readonly cloud: ProviderEngine<CloudCredentials>;
  readonly twilio: ProviderEngine<TwilioCredentials>;
  readonly credentials: CredentialsSource;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
};

type Command = Omit<ProviderCommand<ProviderCredentials>, 'credentials'>;
/** Whose credentials, of which engine. */
type Whose = Pick<ProviderRequest, 'engine' | 'workspace'>;

export class ProviderSends implements Providers {
  readonly #o: ProviderSendsOptions;
  readonly #keys: Table<KeyRow>;
  readonly #sweep: RotatingSweep<KeyRow>;
  readonly #running = new Map<string, Promise<ProviderResult>>();
  #waiting = 0;

  constructor(options: ProviderSendsOptions) {
    this.#o = options;
    this.#keys = options.store.table<KeyRow>('provider-keys');
    this.#sweep = new RotatingSweep(this.#keys, ({ at }) => (this.#isFresh(at) ? 'keep' : 'remove'));
  }

  /** Sends that are not through yet. */
  get waiting(): number {
    return this.#waiting;
  }

  async send(request: ProviderRequest): Promise<ProviderResult> {
    const { from, idempotencyKey } = request;
    if (idempotencyKey === undefined) return this.#whole(request);
    const key = `${from} ${idempotencyKey}`;
    const running = this.#running.get(key) ?? this.#once(key, request).finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    return running;
  }

  /** PS1 */
  async #once(key: string, request: ProviderRequest): Promise<ProviderResult> {
    const { clock } = this.#o;
    const known = this.#keys.get(key);
    if (known && this.#isFresh(known.at))
      return (
        known.answer ?? { kind: 'unknown', error: 'The bridge ended while this message was sent; outcome unknown' }
      );
    let kept: Promise<boolean> | undefined;
    const answer = await this.#whole(request, () => (kept ??= this.#keep(key, { at: clock.now() })));
    if (answer.kind !== 'failed') await this.#keep(key, { at: clock.now(), answer });
    // What certainly failed may be tried again under the same key.
    else if (await kept) await this.#write((batch) => batch.remove(this.#keys, key));
    return answer;
  }

  #keep(key: string, row: KeyRow): Promise<boolean> {
    return this.#write((batch) => {
      // First, so that it cannot take away a key that is used again.
      this.#sweep.onAdd(batch);
      batch.put(this.#keys, key, row);
    });
  }

  /** Whether it is durable. A disk that refuses changes no answer: at worst a repeat hears `unknown`. */
  #write(change: (batch: Batch) => void): Promise<boolean> {
    return this.#o.store.write(change).then(
      () => true,
      (error: unknown) => {
        this.#o.log.error({ err: error }, 'an idempotency key could not be stored');
        return false;
      },
    );
  }

  async #whole(request: ProviderRequest, leaving?: () => Promise<boolean>): Promise<ProviderResult> {
    if (this.#waiting >= MAX_WAITING)
      return { kind: 'failed', error: 'Too many sends are waiting; nothing was sent', class: 'no time' };
    const { from, to, content, deadline, followUps = [] } = request;
    const id = request.id ?? newMessageId();
    this.#waiting += 1;
    const main = this.#one({ from, to, content, id, deadline, ...(leaving && { leaving }) }, request);
    const all = main.then(async ({ kind }) => {
      if (kind !== 'sent') return;
      for (const [index, part] of followUps.entries()) {
        const until = this.#o.clock.now() + FOLLOW_UP_MS;
        const own = derivedMessageId(id, `part ${index + 2}`);
        const result = await this.#one({ from, to, content: part, id: own, deadline: until }, request);
        if (result.kind !== 'sent')
          this.#o.log.warn({ messageId: id, result: result.kind, content: part.kind }, 'a second part failed');
      }
    });
    void all
      .catch((error: unknown) => this.#o.log.error({ err: error }, 'a send could not be brought to its end'))
      .finally(() => (this.#waiting -= 1));
    return main;
  }

  async #one(command: Command, whose: Whose): Promise<ProviderResult> {
    const { from, deadline } = command;
    const credentials = await this.#credentials(from, whose, deadline);
    if (!credentials)
      return { kind: 'failed', error: 'No credentials are known for this number', class: 'credentials' };
    const result = await this.#call(command, credentials);
    if (result.kind !== 'failed' || result.class !== 'credentials') return result;
    const others = await this.#others(credentials, from, whose, deadline);
    return others ? this.#call(command, others) : result;
  }

  #call(command: Command, credentials: ProviderCredentials): Promise<ProviderResult> {
    switch (credentials.engine) {
      case 'waba':
        return this.#o.cloud.send({ ...command, credentials });
      case 'twilio':
        return this.#o.twilio.send({ ...command, credentials });
      default:
        return credentials satisfies never;
    }
  }

  async #credentials(digits: string, { engine, workspace }: Whose, deadline: number) {
    return (await this.#o.credentials.read(digits, workspace, deadline))[engine];
  }

  /** PS2 */
  async #others(
    refused: ProviderCredentials,
    from: string,
    { engine, workspace }: Whose,
    deadline: number,
  ): Promise<ProviderCredentials | undefined> {
    const other = (known: KnownCredentials) => {
      const found = known[engine];
      return isDeepStrictEqual(found, refused) ? undefined : found;
    };
    const isRefused = (known: KnownCredentials) => other(known) === undefined;
    return other(await this.#o.credentials.renew(from, workspace, isRefused, deadline));
  }

  #isFresh(at: number): boolean {
    return this.#o.clock.now() - at < KEY_LIFE_MS;
  }
}
