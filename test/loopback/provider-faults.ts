/**
 * What the loopback Graph API and Twilio have in common when they misbehave: answers told beforehand for one sender, rate
 * limits, and calls that stop half-way until somebody looks.
 *
 *  PF1  A refused message was not taken; a held one is what its place says. Nothing here is random.
 *
 * Deliberately not here: what a valid message is, tokens, the words of a refusal (the peers).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { z } from 'zod';

const Refusal = z.strictObject({
  status: z.int().min(400).max(599),
  /** Without one the body is a page of HTML, as gateways write it. */
  code: z.int().optional(),
  details: z.string().optional(),
  /** Seconds. */
  retryAfter: z.int().min(0).optional(),
});
export type Refusal = z.infer<typeof Refusal>;

const Faults = z.strictObject({
  /** Messages of one sender in any second; then `refusal`, and nothing until its `retryAfter` is over. */
  perSecond: z.strictObject({ messages: z.int().min(1), refusal: Refusal }).optional(),
  /** Messages of one sender to one recipient: one each `everyMs`, `burst` at once. */
  pair: z.strictObject({ everyMs: z.int().min(1), burst: z.int().min(1), refusal: Refusal }).optional(),
  /**
   * Calls stop: `head`: only their headers are read; `taken`: processed, not answered; `half answer`: answered to the
   * middle of the body. They end without an answer as soon as faults are set again.
   */
  hold: z.strictObject({ on: z.enum(['messages', 'media']), at: z.enum(['head', 'taken', 'half answer']) }).optional(),
  /** Every answer takes so long. */
  answerMs: z.int().min(0).optional(),
});
export type Faults = z.infer<typeof Faults>;

const Answers = z.strictObject({ sender: z.string(), answers: z.array(Refusal) });

type PeerContext = Context<{ Bindings: HttpBindings }>;

export type PeerParts = {
  readonly kindOf: (context: PeerContext) => 'messages' | 'media';
  /** Whoever a limit is about: the sending number as the peer knows it. Reads the body where it must. */
  readonly partiesOf: (context: PeerContext) => Promise<{ readonly sender: string; readonly recipient: string }>;
  /** Notes the refused call; answers the body of the refusal. */
  readonly refused: (context: PeerContext, refusal: Refusal) => Promise<object>;
};

export class ProviderFaults {
  readonly #parts: PeerParts;
  readonly #answers = new Map<string, Refusal[]>();
  readonly #taken = new Map<string, number[]>();
  readonly #blockedUntil = new Map<string, number>();
  readonly #pairs = new Map<string, number>();
  readonly #held = new Set<() => void>();
  #faults: Faults = {};

  constructor(parts: PeerParts) {
    this.#parts = parts;
  }

  /** Replaces all but the answers told beforehand. */
  set(faults: Faults): void {
    this.#faults = faults;
    for (const release of this.#held) release();
    this.#held.clear();
  }

  /** The next messages of this sender are refused, in turn. */
  answer(sender: string, answers: readonly Refusal[]): void {
    this.#answers.set(sender, [...(this.#answers.get(sender) ?? []), ...answers]);
  }

  forget(): void {
    this.set({});
    for (const kept of [this.#answers, this.#taken, this.#blockedUntil, this.#pairs]) kept.clear();
  }

  /** Calls that stop half-way now. */
  get held(): number {
    return this.#held.size;
  }

  readonly middleware: MiddlewareHandler<{ Bindings: HttpBindings }> = async (context, go) => {
    const kind = this.#parts.kindOf(context);
    const { hold, answerMs } = this.#faults;
    const at = hold?.on === kind ? hold.at : undefined;
    if (at === 'head') return this.#stopped(context);
    const refusal = kind === 'messages' ? this.#refusal(await this.#parts.partiesOf(context)) : undefined;
    if (refusal) return this.#refuse(context, refusal);
    await go();
    if (answerMs !== undefined) await delay(answerMs);
    if (at === undefined) return;
    const text = await context.res.text();
    context.res = undefined;
    if (at === 'half answer') {
      const length = Buffer.byteLength(text);
      context.env.outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': length });
      context.env.outgoing.write(text.slice(0, text.length / 2));
    }
    // The answer of a middleware behind the handler's counts only where it is put.
    context.res = await this.#stopped(context);
  };

  /** Its part of the world's control API. */
  routes(prefix: string): Hono {
    const routes = new Hono();
    const command = <T extends z.ZodType>(path: string, type: T, run: (input: z.output<T>) => void) =>
      routes.post(`/${prefix}/${path}`, async (context) => {
        const parsed = type.safeParse(await context.req.json().catch(() => undefined));
        if (!parsed.success) return context.json({ error: z.prettifyError(parsed.error) }, 400);
        run(parsed.data);
        return context.json({ ok: true });
      });
    command('faults', Faults, (faults) => this.set(faults));
    command('answers', Answers, ({ sender, answers }) => this.answer(sender, answers));
    routes.get(`/${prefix}/held`, (context) => context.json({ held: this.held }));
    return routes;
  }

  #refusal({ sender, recipient }: { readonly sender: string; readonly recipient: string }): Refusal | undefined {
    const told = this.#answers.get(sender)?.shift();
    if (told) return told;
    const now = Date.now();
    const { perSecond, pair } = this.#faults;
    if (pair) {
      const key = `${sender} ${recipient}`;
      const next = Math.max(this.#pairs.get(key) ?? now, now);
      if (next - now > (pair.burst - 1) * pair.everyMs) return pair.refusal;
      this.#pairs.set(key, next + pair.everyMs);
    }
    if (!perSecond) return undefined;
    const taken = (this.#taken.get(sender) ?? []).filter((at) => now - at < 1_000);
    const isBlocked = (this.#blockedUntil.get(sender) ?? 0) > now;
    if (!isBlocked && taken.length < perSecond.messages) {
      this.#taken.set(sender, [...taken, now]);
      return undefined;
    }
    if (!isBlocked) this.#blockedUntil.set(sender, now + (perSecond.refusal.retryAfter ?? 0) * 1_000);
    return perSecond.refusal;
  }

  async #refuse(context: PeerContext, refusal: Refusal): Promise<Response> {
    const { status, code, retryAfter } = refusal;
    const body = await this.#parts.refused(context, refusal);
    if (retryAfter !== undefined) context.header('Retry-After', String(retryAfter));
    if (code === undefined) return context.html('<html><body>Sorry</body></html>', status as 400);
    return context.json(body, status as 400);
  }

  async #stopped(context: PeerContext): Promise<Response> {
    await new Promise<void>((release) => {
      this.#held.add(release);
    });
    context.env.incoming.socket.destroy();
    return RESPONSE_ALREADY_SENT;
  }
}
