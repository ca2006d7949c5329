/**
 * What one job sends: its engine, its look-ups, its media fetched once, and the message of each recipient.
 *
 *  ME1  The engine is settled when the job first runs and never replaced by another (S-22).
 *  ME2  A medium is fetched once for all recipients; one that cannot be had fails the recipient, never text instead (S-62,
 *       S-63).
 *  ME3  Nobody is sent a flow that the app does not have.
 *
 * Deliberately not here: the ledger, pacing, what follows from an outcome (delivery.ts).
 */
import type { BulkSends, FlowStarts } from '../actors/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Made } from '../content/body.ts';
import type { Content, MediaPlace, MediaSource } from '../content/content.ts';
import type { EngineName } from '../content/engine-choice.ts';
import { type Fields, textOf } from '../content/loose.ts';
import { type Split, splitOf, templateIdOf, type Variant } from './content/ab-split.ts';
import { mediaIn, withMedia } from '../content/media-in.ts';
import { NO_PHONE } from './content/failures.ts';
import { type Recipient, recipientsOf } from './content/recipients.ts';
import { refusalOf, render } from './content/render.ts';
import type { JobRow, LedgerRow } from './jobs.types.ts';

/** What jobs ask the app when they run (contract bulk §4.3). */
export interface LookUps {
  template(id: number): Promise<LookedUp>;
  /** `{}` when the app has none or does not say. */
  attributes(workspace: string): Promise<Fields>;
}
export type LookedUp =
  | { readonly kind: 'found'; readonly fields: Fields }
  | { readonly kind: 'not found' }
  | { readonly kind: 'no answer'; readonly why: string };

export type MessengerDeps = {
  readonly sends: Pick<BulkSends, 'engineOf' | 'hold'>;
  readonly lookUps: LookUps;
  readonly flows: Pick<FlowStarts, 'check'>;
  /** Without a trailing slash. */
  readonly appUrl: string;
  readonly clock: Clock;
};

/** What a recipient gets. */
export type Outgoing = Made | { readonly kind: 'flow'; readonly flowId: string; readonly contact: Fields };

export type Prepared =
  | { readonly kind: 'ready'; readonly engine: EngineName }
  | { readonly kind: 'later'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string };

const WINDOW = 'not a template: arrives only within 24 hours of what the customer wrote last';
const LOOK_UP_MS = 8_000;
const MEDIA_MS = 90_000;

type Held = Awaited<ReturnType<BulkSends['hold']>>;

export class Messenger {
  /** Listed by the newest registration. */
  readonly recipients: readonly Recipient[];
  readonly variantOf: Split;
  readonly #o: MessengerDeps;
  readonly #job: JobRow;
  readonly #body: Fields;
  readonly #byKey: ReadonlyMap<string, Recipient>;
  readonly #media = new Map<string, Held>();
  #engine: { engine: EngineName; branding: string } | undefined;
  readonly #templates = new Map<Variant | undefined, Fields>();
  #attributes: Fields = {};

  constructor(deps: MessengerDeps, job: JobRow, body: Fields) {
    this.#o = deps;
    this.#job = job;
    this.#body = body;
    this.recipients = recipientsOf(job.kind, body);
    this.variantOf = splitOf(body, this.recipients.length);
    const earlier = recipientsOf(job.kind, { ...body, targetContacts: body['earlierContacts'] });
    const all = body['earlierContacts'] === undefined ? this.recipients : [...earlier, ...this.recipients];
    this.#byKey = new Map(all.map((recipient) => [recipient.key, recipient]));
  }

  /** To be called until it is ready; then again at no cost. */
  async prepare(): Promise<Prepared> {
    const { sends, clock } = this.#o;
    const job = this.#job;
    if (this.#engine) return { kind: 'ready', engine: this.#engine.engine };
    const provider = job.engine ?? job.provider;
    const found = await sends.engineOf(job.sender, provider, job.workspace, clock.now() + LOOK_UP_MS);
    if (found.kind === 'none') return { kind: found.final ? 'refused' : 'later', why: found.why };
    const looked = job.kind === 'campaign' ? await this.#lookUp(job) : undefined;
    if (looked) return looked;
    const variants = this.#templates.size > 0 ? [...this.#templates.keys()] : [undefined];
    const refusal = variants.map((variant) => refusalOf(this.#content(variant))).find((why) => why !== undefined);
    if (refusal !== undefined) return { kind: 'refused', why: refusal };
    this.#engine = { engine: found.engine, branding: found.branding };
    return { kind: 'ready', engine: found.engine };
  }

  recipient(key: string): Recipient | undefined {
    return this.#byKey.get(key);
  }

  /** The message of a recipient, its media at hand. To be called when `prepare` is ready. */
  async message(row: LedgerRow): Promise<Outgoing> {
    const made = this.#render(row);
    return made.kind === 'made' && this.#engine && this.#engine.engine !== 'twilio'
      ? this.#withMedia(made, this.#engine.engine)
      : made;
  }

  /** What keeps a recipient from being sent, or from getting what was meant, as far as can be told without sending. */
  problems(row: LedgerRow): readonly string[] {
    const missing = new Set<string>();
    const made = this.#render(row, (key) => missing.add(key.trim()));
    if (made.kind === 'invalid') return [made.why];
    const problems = [...missing].map((key) => `no value for ${key}`);
    return made.kind === 'made' && !this.#mayReach(made.content) ? [...problems, WINDOW] : problems;
  }

  /** Providers let only templates through to who has not written lately; when that was is the app's to know. */
  #mayReach({ kind }: Content): boolean {
    return this.#engine?.engine === 'baileys' || kind === 'template' || kind === 'content template';
  }

  #render(row: LedgerRow, onMissing?: (key: string) => void): Outgoing {
    const recipient = this.#byKey.get(row.key);
    if (!recipient || !this.#engine) return { kind: 'invalid', why: NO_PHONE };
    const { flow: flowId } = this.#job;
    if (flowId !== undefined)
      return recipient.to === undefined
        ? { kind: 'invalid', why: NO_PHONE }
        : { kind: 'flow', flowId, contact: recipient.fields };
    const { engine, branding } = this.#engine;
    const scene = { engine, branding, appUrl: this.#o.appUrl, ...(onMissing && { onMissing }) };
    return render(this.#content(row.variant), recipient, scene);
  }

  #content(variant: Variant | undefined) {
    // Whose variant is compared no more gets what everybody gets.
    const template = this.#templates.get(variant) ?? [...this.#templates.values()][0];
    return { kind: this.#job.kind, body: this.#body, ...(template && { template }), attributes: this.#attributes };
  }

  async #lookUp({ flow }: JobRow): Promise<Prepared | undefined> {
    if (flow !== undefined) return this.#lookUpFlow(flow);
    if (textOf(this.#body['campaignType']).trim().toLowerCase() !== 'template') return undefined;
    const needed = new Set(this.recipients.map((_, index) => this.variantOf(index)));
    // A dispatch that lists a part may need the other one for who had it before.
    const others: Variant[] = needed.has(undefined) ? [] : ['A', 'B'];
    for (const variant of new Set([...needed, ...others])) {
      const id = templateIdOf(this.#body, variant);
      const answer = id === undefined ? ({ kind: 'not found' } as const) : await this.#o.lookUps.template(id);
      if (answer.kind === 'no answer') return { kind: 'later', why: answer.why };
      if (answer.kind === 'found') this.#templates.set(variant, answer.fields);
      else if (needed.has(variant)) return { kind: 'refused', why: `Template ${id ?? ''} not found` };
    }
    const { workspace } = this.#job;
    if (workspace !== undefined) this.#attributes = await this.#o.lookUps.attributes(workspace);
    return undefined;
  }

  /** ME3 */
  async #lookUpFlow(flow: string): Promise<Prepared | undefined> {
    const found = await this.#o.flows.check(flow);
    if (found.kind === 'no answer') return { kind: 'later', why: found.why };
    if (found.kind === 'not found') return { kind: 'refused', why: `Flow ${flow} not found` };
    const broken = found.problems.find(({ code }) => code === 'empty');
    return broken && { kind: 'refused', why: `Flow ${flow}: ${broken.message}` };
  }

  /** ME2 */
  async #withMedia(made: Extract<Made, { kind: 'made' }>, engine: EngineName): Promise<Made> {
    const places = new Map<MediaSource, MediaPlace>();
    for (const from of [made.content, ...made.followUps].flatMap(mediaIn)) {
      // Such links Meta fetches itself (CM1); nothing is downloaded here.
      if (engine === 'waba' && from.kind === 'url' && /^https:/i.test(from.url)) continue;
      const held = await this.#held(from);
      if (held.kind === 'refused') return { kind: 'invalid', why: `attachment-missing: ${held.why}` };
      places.set(from, held.place);
    }
    const replace = (content: Content) => withMedia(content, (from) => places.get(from) ?? from);
    return { kind: 'made', content: replace(made.content), followUps: made.followUps.map(replace) };
  }

  async #held(from: MediaSource): Promise<Held> {
    const key = keyOf(from);
    const known = this.#media.get(key);
    if (known) return known;
    const { sends, clock } = this.#o;
    const held = await sends.hold(this.#job.id, from, clock.now() + MEDIA_MS);
    this.#media.set(key, held);
    return held;
  }
}

function keyOf(from: MediaSource): string {
  switch (from.kind) {
    case 'first of':
      return from.places.map(keyOf).join('\n');
    case 'base64':
      return from.base64;
    case 'url':
      return from.url;
    case 'path':
    case 'held':
      return from.path;
    default:
      return from satisfies never;
  }
}
