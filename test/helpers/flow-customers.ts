/**
 * Customers of flows, as people are: they see messages, tap what is shown and type. The same on the linked device, where
 * they have a phone of the loopback world, and on Cloud API, where the app hands on what they write.
 *
 * Deliberately not here: what they ought to see.
 */
import { z } from 'zod';
import type { Bridge } from './bridge.ts';
import { eventually } from './eventually.ts';
import { call } from './json-http.ts';
import type { World } from './world.ts';

export type Shown = {
  readonly id: string;
  readonly text: string;
  /** What can be tapped or voted for. */
  readonly options: readonly { readonly id: string; readonly title: string }[];
};

export type Customer = {
  readonly phone: string;
  /** Everything shown so far, in order. */
  shown(): Promise<readonly Shown[]>;
  say(text: string): Promise<void>;
  /** Taps an option of this message. */
  tap(message: Shown, title: string): Promise<void>;
};

/** Waits for message number `index`, whose text must hold `part`. */
export async function shownAt(
  customer: Customer,
  index: number,
  part: string | RegExp,
  withinMs = 20_000,
): Promise<Shown> {
  let seen: readonly Shown[] = [];
  const message = await eventually(
    async () => {
      seen = await customer.shown();
      return seen[index];
    },
    { what: `${customer.phone} sees message ${index} (${part})`, withinMs, everyMs: 50 },
  ).catch((error: Error) => {
    throw new Error(`${error.message}; seen: ${JSON.stringify(seen.map(({ text }) => text))}`, { cause: error });
  });
  const fits = typeof part === 'string' ? message.text.includes(part) : part.test(message.text);
  if (!fits) throw new Error(`message ${index} of ${customer.phone} is "${message.text}", expected ${part}`);
  return message;
}

const params = z.looseObject({
  display_text: z.string().optional(),
  id: z.string().optional(),
  sections: z.array(z.object({ rows: z.array(z.looseObject({ id: z.string(), title: z.string() })) })).optional(),
});
const received = z.array(
  z.looseObject({
    id: z.string(),
    type: z.string(),
    text: z.string().nullish(),
    buttons: z.array(z.object({ name: z.string(), params })).optional(),
    message: z.unknown(),
  }),
);
const options = z.array(z.object({ optionName: z.string() }));
const poll = z.object({ name: z.string(), options });
const polls = z.looseObject({ pollCreationMessage: poll.nullish(), pollCreationMessageV3: poll.nullish() });

export class LinkedCustomer implements Customer {
  readonly phone: string;
  readonly #world: World;
  readonly #number: string;

  constructor(world: World, number: string, phone: string) {
    this.#world = world;
    this.#number = number;
    this.phone = phone;
  }

  async shown(): Promise<readonly Shown[]> {
    const { body } = await call(`${this.#world.control}/contacts/${this.phone}/messages?from=${this.#number}`);
    return received.parse(body).map(({ id, text, buttons = [], message }) => {
      const { pollCreationMessage, pollCreationMessageV3 } = polls.safeParse(message).data ?? {};
      const asked = pollCreationMessage ?? pollCreationMessageV3;
      const tappable = buttons.flatMap(({ params: { id: own, display_text, sections = [] } }) =>
        own === undefined ? sections.flatMap(({ rows }) => rows) : [{ id: own, title: display_text ?? '' }],
      );
      const voted = asked?.options.map(({ optionName }) => ({ id: '', title: optionName })) ?? [];
      return { id, text: asked?.name ?? text ?? '', options: [...tappable, ...voted] };
    });
  }

  async say(text: string): Promise<void> {
    await this.#world.contactSends(this.phone, { to: this.#number, text });
  }

  async tap(message: Shown, title: string): Promise<void> {
    const option = optionOf(message, title);
    if (option.id === '') return this.vote(message, title);
    const reply = { name: 'quick_reply', params: JSON.stringify({ id: option.id, display_text: title }) };
    await this.#world.contactSends(this.phone, {
      to: this.#number,
      nativeFlowReply: { ...reply, quoted: message.id },
    });
  }

  async vote({ id }: Shown, ...titles: string[]): Promise<void> {
    await this.#world.contactSends(this.phone, { to: this.#number, pollVote: { id, options: titles } });
  }
}

const reply = z.object({ reply: z.object({ id: z.string(), title: z.string() }) });
const row = z.looseObject({ id: z.string(), title: z.string() });
const interactive = z.looseObject({
  body: z.object({ text: z.string() }),
  action: z.looseObject({
    buttons: z.array(reply).optional(),
    sections: z.array(z.looseObject({ rows: z.array(row) })).optional(),
  }),
});
const graphRequests = z.array(
  z.object({
    path: z.string(),
    id: z.string().optional(),
    body: z
      .looseObject({
        to: z.string().optional(),
        text: z.looseObject({ body: z.string() }).optional(),
        interactive: interactive.optional(),
      })
      .nullish(),
  }),
);

export class CloudCustomer implements Customer {
  readonly phone: string;
  readonly #world: World;
  readonly #bridge: Bridge;
  readonly #number: string;
  /** What the bridge answered last. */
  consumed: boolean | undefined;

  constructor(world: World, bridge: Bridge, number: string, phone: string) {
    this.#world = world;
    this.#bridge = bridge;
    this.#number = number;
    this.phone = phone;
  }

  async shown(): Promise<readonly Shown[]> {
    const { body } = await call(`${this.#world.control}/graph/requests`, { timeoutMs: 60_000 });
    return graphRequests.parse(body).flatMap(({ id, body: message }) => {
      if (id === undefined || message?.to?.replace(/\D/g, '') !== this.phone) return [];
      const { action } = message.interactive ?? {};
      const rows = action?.sections?.flatMap((section) => section.rows) ?? [];
      const taps = [...(action?.buttons?.map((button) => button.reply) ?? []), ...rows];
      return [{ id, text: message.text?.body ?? message.interactive?.body.text ?? '', options: taps }];
    });
  }

  say(text: string): Promise<void> {
    return this.#inbound({ text });
  }

  tap(message: Shown, title: string): Promise<void> {
    return this.#inbound({ text: title, replyId: optionOf(message, title).id });
  }

  /** As the app does (contract flows §7.2). Rejects when the bridge does not answer. */
  async #inbound(said: object): Promise<void> {
    const { status, body } = await this.#bridge.call('/api/flow/provider-inbound', {
      body: { deviceNumber: this.#number, customerPhone: this.phone, provider: 'waba', pushName: 'Ann', ...said },
      timeoutMs: 12_000,
    });
    if (status !== 202) throw new Error(`provider-inbound: ${status} ${JSON.stringify(body)}`);
    this.consumed = z.object({ consumed: z.boolean() }).parse(body).consumed;
  }
}

function optionOf(message: Shown, title: string): Shown['options'][number] {
  const option = message.options.find((each) => each.title === title);
  if (option === undefined) throw new Error(`"${message.text}" does not offer ${title}`);
  return option;
}
