/**
 * Faults of the service: what is dropped, delayed or refused from now on.
 *
 * Owns: the rules in force. A rule replaces the earlier one of its kind; `times` lets it end by itself.
 * Does not: break single connections (`numbers.ts`, `close`).
 * Source: design/loopback.md `POST /faults`, facts/loopback-whatsapp.md section 15.
 */
import { z } from 'zod';

const phone = z.string().regex(/^\d{1,15}$/);
const code = z.int().min(100).max(999);
const milliseconds = z.int().min(0).max(3_600_000);
const times = z.int().min(1);

export const FaultRequest = z.strictObject({
  clear: z.literal(true).optional(),
  /** Queries of the client, narrowed by namespace, first child and number. */
  iq: z
    .strictObject({
      xmlns: z.string().optional(),
      child: z.string().optional(),
      phone: phone.optional(),
      drop: z.literal(true).optional(),
      error: code.optional(),
      delayMs: milliseconds.optional(),
      times: times.optional(),
    })
    .optional(),
  /** Server acks of messages. With `error` the message is refused, hence not delivered. */
  ack: z
    .strictObject({
      phone: phone.optional(),
      drop: z.literal(true).optional(),
      error: code.optional(),
      delayMs: milliseconds.optional(),
      times: times.optional(),
    })
    .optional(),
  usync: z.literal('drop').optional(),
  /** Key bundles; with `phone` only that contact's. */
  keys: z.union([z.literal('drop'), z.strictObject({ phone: phone.optional(), error: code })]).optional(),
  /** The media host; without `on` both directions. `cut` ends the connection in the middle. */
  media: z
    .strictObject({
      on: z.enum(['upload', 'download']).optional(),
      status: code.optional(),
      cut: z.literal(true).optional(),
      delayMs: milliseconds.optional(),
      times: times.optional(),
    })
    .optional(),
  /** The next logins fail with this reason. */
  login: z.strictObject({ code, phone: phone.optional(), times: times.optional() }).optional(),
  /** First histories lie on WhatsApp's own media host, where nobody has them, instead of coming inline. */
  history: z.literal('elsewhere').optional(),
  /** Every new connection is dropped at once for this long. */
  refuse: z.strictObject({ ms: milliseconds }).optional(),
});

export type FaultRequest = z.infer<typeof FaultRequest>;

export type Effect =
  | { readonly kind: 'none' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** An answer with this code, after `ms` where that is given (acks). */
  | { readonly kind: 'error'; readonly code: number; readonly ms?: number };

const NONE: Effect = { kind: 'none' };

interface Limited {
  readonly phone?: string | undefined;
  times?: number | undefined;
}

export class Faults {
  #rules: FaultRequest = {};
  #refuseUntil = 0;

  apply({ clear, refuse, ...rules }: FaultRequest): void {
    if (clear === true) {
      this.#rules = {};
      this.#refuseUntil = 0;
    }
    this.#rules = { ...this.#rules, ...structuredClone(rules) };
    if (refuse !== undefined) this.#refuseUntil = Date.now() + refuse.ms;
  }

  get refusing(): boolean {
    return Date.now() < this.#refuseUntil;
  }

  forIq(xmlns: string, child: string, phone: string | undefined): Effect {
    if (xmlns === 'usync' && this.#rules.usync === 'drop') return { kind: 'drop' };
    if (xmlns === 'encrypt' && child === 'key' && this.#rules.keys === 'drop') return { kind: 'drop' };
    const rule = this.#rules.iq;
    if (rule === undefined || (rule.xmlns ?? xmlns) !== xmlns || (rule.child ?? child) !== child) return NONE;
    return this.#spend('iq', rule, phone) ? effectOf(rule) : NONE;
  }

  forAck(phone: string): Effect {
    const rule = this.#rules.ack;
    return rule !== undefined && this.#spend('ack', rule, phone) ? effectOf(rule) : NONE;
  }

  /** Reason code with which this login fails. */
  forLogin(phone: string): number | undefined {
    const rule = this.#rules.login;
    return rule !== undefined && this.#spend('login', rule, phone) ? rule.code : undefined;
  }

  get historyElsewhere(): boolean {
    return this.#rules.history === 'elsewhere';
  }

  /** Error code in place of this contact's key bundle. */
  forKeys(contact: string): number | undefined {
    const rule = this.#rules.keys;
    if (rule === undefined || rule === 'drop') return undefined;
    return (rule.phone ?? contact) === contact ? rule.error : undefined;
  }

  forMedia(direction: 'upload' | 'download'): NonNullable<FaultRequest['media']> | undefined {
    const rule = this.#rules.media;
    if (rule === undefined || (rule.on ?? direction) !== direction) return undefined;
    return this.#spend('media', rule, undefined) ? rule : undefined;
  }

  #spend(kind: 'iq' | 'ack' | 'login' | 'media', rule: Limited, phone: string | undefined): boolean {
    if (rule.phone !== undefined && rule.phone !== phone) return false;
    if (rule.times !== undefined && --rule.times === 0) delete this.#rules[kind];
    return true;
  }
}

function effectOf(rule: {
  readonly drop?: true | undefined;
  readonly error?: number | undefined;
  readonly delayMs?: number | undefined;
}): Effect {
  if (rule.drop === true) return { kind: 'drop' };
  const late = rule.delayMs === undefined ? {} : { ms: rule.delayMs };
  if (rule.error !== undefined) return { kind: 'error', code: rule.error, ...late };
  return rule.delayMs === undefined ? NONE : { kind: 'delay', ms: rule.delayMs };
}
