/**
 * The Cloud API behind the port of providers (../provider.ts, PV1-PV5): content, media, a turn, one call for each message.
 *
 * Deliberately not here: where credentials come from, and who repeats what.
 */
import type { Clock } from '../../../clock.ts';
import type { MetaTemplate } from '../../../content/content.ts';
import type { Log } from '../../../log.ts';
import { maskPhone } from '../../../phone.ts';
import { Limits, type Sender } from '../limits.ts';
import {
  type CloudCredentials,
  NOT_LEFT,
  type ProviderCommand,
  type ProviderEngine,
  type ProviderResult,
} from '../provider.ts';
import { type Accepted, Graph, type GraphOptions } from './client.ts';
import { CAPABILITIES, draftsOf } from './content.ts';
import { type Draft, mediaPart } from './draft.ts';
import { CloudMedia, type CloudMediaOptions, type Ready } from './media.ts';

/** Meta may know a person under another number than the one that was written (facts/numbers-and-lid.md). */
const MAX_WA_IDS = 20_000;

/** facts/cloud-api.md §6.1 (A to C), §7. */
export const CLOUD_LIMITS = {
  burst: 15,
  pair: { ms: 6_000, burst: 45 },
  holds: {
    'slow number': { base: 2_000, growth: 2, max: 60_000 },
    'slow account': { base: 60_000, growth: 2, max: 900_000 },
    'slow recipient': { base: 1_000, growth: 4, max: 600_000 },
  },
} as const;

export type CloudApiOptions = GraphOptions &
  CloudMediaOptions & {
    /** Messages of one number, on average. */
    readonly perSecond: number;
    readonly clock: Clock;
    readonly log: Log;
  };

type Command = ProviderCommand<CloudCredentials>;
type Failed = Exclude<ProviderResult, { kind: 'sent' }>;
/** As it goes to Meta. */
type Message = { readonly kind: 'message'; readonly type: string; readonly part: object };

export function createCloudApi(options: CloudApiOptions): ProviderEngine<CloudCredentials> {
  return new CloudApi(options);
}

class CloudApi implements ProviderEngine<CloudCredentials> {
  readonly name = 'waba';
  readonly capabilities = CAPABILITIES;
  readonly #o: CloudApiOptions;
  readonly #graph: Graph;
  readonly #media: CloudMedia;
  readonly #limits: Limits;
  /** Number as written → number as Meta writes it, where they differ. */
  readonly #waIds = new Map<string, string>();

  constructor(options: CloudApiOptions) {
    this.#o = options;
    this.#graph = new Graph(options);
    this.#media = new CloudMedia(options);
    this.#limits = new Limits({
      ...CLOUD_LIMITS,
      clock: options.clock,
      perSecond: options.perSecond,
      random: Math.random,
    });
  }

  async send(command: Command): Promise<ProviderResult> {
    const drafted = draftsOf(command.content);
    if (drafted.kind !== 'drafts') return { kind: 'failed', error: drafted.why, class: drafted.kind };
    // All media first: what is refused there is refused whole.
    const messages: Message[] = [];
    for (const draft of drafted.drafts) {
      const message = await this.#filled(command, draft);
      if (message.kind !== 'message') return message;
      messages.push(message);
    }
    const to = this.#waIds.get(command.to) ?? command.to;
    let first: Accepted | undefined;
    for (const [index, message] of messages.entries()) {
      const result = await this.#one(command, message, to);
      if (result.kind !== 'accepted') return first ? partly(index, messages.length, result) : result;
      first ??= result;
      if (result.waId !== undefined && result.waId !== command.to) this.#remember(command.to, result.waId);
    }
    if (!first) throw new TypeError('a content became no message');
    return { kind: 'sent', id: first.id, to: first.waId ?? to };
  }

  async #one(command: Command, message: Message, to: string): Promise<Accepted | Failed> {
    const { credentials, deadline, from, id } = command;
    const sender: Sender = { number: credentials.phoneId, account: credentials.token, recipient: to };
    const turn = await this.#limits.turn(sender, deadline);
    if (turn.kind === 'too late') {
      const error = 'WhatsApp allows no further message to leave before the deadline; nothing was sent';
      const { waitMs: retryAfterMs, whom } = turn;
      return { kind: 'failed', error, class: 'no time', retryAfterMs, ...(whom === 'recipient' && { whom }) };
    }
    if (command.leaving && !(await command.leaving())) return NOT_LEFT;
    const envelope = {
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to,
      biz_opaque_callback_data: id,
      type: message.type,
      [message.type]: message.part,
    };
    const result = await this.#graph.message(credentials, envelope, deadline);
    if (result.kind === 'accepted') {
      this.#limits.accepted(sender);
      return result;
    }
    this.#o.log.warn(
      {
        number: maskPhone(from),
        messageId: id,
        result: result.kind,
        ...(result.kind === 'failed' && { code: result.code }),
      },
      'WhatsApp Cloud API did not accept a message',
    );
    return result.kind === 'failed' ? this.#limits.refused(result, sender) : result;
  }

  async #filled({ credentials, from, deadline }: Command, draft: Draft): Promise<Message | Failed> {
    const { type, part, media } = draft;
    if (!media) return { kind: 'message', type, part };
    const upload = (payload: Parameters<Graph['upload']>[1]) => this.#graph.upload(credentials, payload, deadline);
    const ready = await this.#media.ready(from, media.media, deadline, upload);
    if (ready.kind === 'not ready') {
      const { result } = ready;
      const isRefused = result.kind === 'failed' && result.class === 'media refused';
      return media.at === 'header' && media.optional && isRefused ? { kind: 'message', type, part } : result;
    }
    if (media.at === 'part') {
      const own = mediaPart(ready.media, media.caption);
      return { kind: 'message', type: own.type, part: { ...own.part, ...ready.ref } };
    }
    const shown = shownAs(ready);
    if (media.at === 'header') return { kind: 'message', type, part: { ...part, header: shown } };
    return { kind: 'message', type, part: withHeader(part as MetaTemplate, shown) };
  }

  #remember(written: string, waId: string): void {
    this.#waIds.set(written, waId);
    const oldest = this.#waIds.size > MAX_WA_IDS ? this.#waIds.keys().next().value : undefined;
    if (oldest !== undefined) this.#waIds.delete(oldest);
  }
}

/** Above a body stand images and videos; everything else is a document there (contract messages §4). */
function shownAs({ media: { type, fileName }, ref }: Extract<Ready, { kind: 'ready' }>) {
  const shown = type === 'image' || type === 'video' ? type : 'document';
  const named = shown === 'document' ? { filename: fileName ?? 'file' } : {};
  return { type: shown, [shown]: { ...ref, ...named } };
}

const withHeader = (template: MetaTemplate, shown: object): MetaTemplate => ({
  ...template,
  components: [{ type: 'header', parameters: [shown] }, ...(template.components ?? [])],
});

/** PV3: whoever repeats the whole would double what was accepted. */
const partly = (accepted: number, all: number, { error }: Failed): Failed => ({
  kind: 'unknown',
  error: `Only ${accepted} of ${all} messages were sent: ${error}`,
});
