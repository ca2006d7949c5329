/**
 * Acting on a message that is already there (contract messages §6). Paired connections only: the app does the Cloud API's
 * reactions itself. All answer within 8 s (§1.4).
 *
 * Deliberately not here: the author of a group's message, which the engine knows (content.ts, Target).
 */
import type { Numbers } from '../../actors/protocol.ts';
import { MAX_TEXT, type Made } from '../../content/body.ts';
import type { Content, Target } from '../../content/content.ts';
import { flagOf, numberOf } from '../../content/loose.ts';
import { type Declare, reply } from '../declare.ts';
import { recipientOf } from '../recipient.ts';
import { deleteMessage, editMessage, pinMessage, sendReaction, starMessage } from '../schemas/message-actions.ts';
import { ACTION_MS, type SendDeps, sender } from '../sending.ts';

/** Seconds. The engine takes the next duration that WhatsApp knows. */
const PINNED_BY_DEFAULT = 604_800;
/** Longest WhatsApp id that the app can store (contract README §1). */
const MAX_ID = 191;
const NO_TARGET = 'targetMessageId required — message has no WhatsApp id stored';

export function messageActionRoutes(declare: Declare, deps: SendDeps): void {
  const { numbers, clock, retryAfter } = deps;
  const send = sender(deps);

  declare(sendReaction, wrapped('REACTION FAILED'), (c) => {
    const body = c.req.valid('json');
    const { phone: from } = c.req.valid('param');
    const to = recipientOf(body);
    const target = targetOf(body, false) ?? newestOwn(numbers, from, to);
    if (to !== undefined && !target) return reply(c, 404, { error: 'No target message to react to' });
    return send(c, {
      from,
      to,
      ...ACTION,
      make: () => acting(target, (known) => ({ kind: 'reaction', target: known, emoji: body.emoji.trim() })),
      failed: () => 'REACTION FAILED',
    });
  });

  declare(pinMessage, wrapped('PIN FAILED'), (c) => {
    const body = c.req.valid('json');
    const asked = numberOf(body.duration);
    const seconds = asked > 0 ? asked : PINNED_BY_DEFAULT;
    const pin = flagOf(body.pin, true);
    return send(c, {
      from: c.req.valid('param').phone,
      to: recipientOf(body),
      ...ACTION,
      make: () => acting(targetOf(body, false), (target) => ({ kind: 'pin', target, pin, seconds })),
      failed: () => 'PIN FAILED',
    });
  });

  declare(editMessage, wrapped('EDIT FAILED'), (c) => {
    const body = c.req.valid('json');
    return send(c, {
      from: c.req.valid('param').phone,
      to: recipientOf(body),
      ...ACTION,
      make: () => {
        const { newText: text } = body;
        const made = acting(targetOf(body, true), (target) => ({ kind: 'edit', target, text }));
        if (made.kind === 'invalid') return made;
        if (text.trim() === '') return { kind: 'invalid', why: 'newText required' };
        return text.length > MAX_TEXT ? { kind: 'invalid', why: 'newText is too long' } : made;
      },
      failed: () => 'EDIT FAILED',
    });
  });

  declare(deleteMessage, wrapped('DELETE FAILED'), (c) => {
    const body = c.req.valid('json');
    return send(c, {
      from: c.req.valid('param').phone,
      to: recipientOf(body),
      ...ACTION,
      make: () => acting(targetOf(body, true), (target) => ({ kind: 'delete', target })),
      failed: () => 'DELETE FAILED',
    });
  });

  declare(starMessage, wrapped('STAR FAILED'), async (c) => {
    const body = c.req.valid('json');
    const to = recipientOf(body);
    const target = targetOf(body, false);
    if (to === undefined) return reply(c, 400, { error: 'Recipient missing' });
    if (!target) return reply(c, 400, { error: NO_TARGET });
    const deadline = clock.now() + ACTION_MS;
    const { phone } = c.req.valid('param');
    const answer = await numbers.star(phone, to, target, flagOf(body.star, true), deadline);
    switch (answer.kind) {
      case 'done':
        return reply(c, 200, { ok: true });
      case 'failed':
        return reply(c, 500, { error: 'STAR FAILED', details: answer.error });
      case 'not ready':
        retryAfter(c, phone);
        return reply(c, 503, { error: 'CLIENT NOT READY', details: answer.why });
      default:
        return answer satisfies never;
    }
  });
}

const ACTION = { provider: undefined, ms: ACTION_MS, success: () => ({ ok: true as const }) };

const wrapped = (error: string) => ({ wrapped: true, failure: (details: string) => ({ error, details }) });

type TargetFields = {
  readonly targetMessageId: string;
  readonly fromMe?: string | number | boolean | null | undefined;
};

/** `own` when the caller does not say whose it is: only own messages can be edited, and the app deletes only those. */
function targetOf({ targetMessageId, fromMe }: TargetFields, own: boolean): Target | undefined {
  const id = targetMessageId.trim();
  return id === '' || id.length > MAX_ID ? undefined : { id, fromMe: flagOf(fromMe, own) };
}

function newestOwn(numbers: Numbers, from: string, to: string | undefined): Target | undefined {
  const id = to === undefined ? undefined : numbers.newestOwn(from, to);
  return id === undefined ? undefined : { id, fromMe: true };
}

function acting(target: Target | undefined, act: (target: Target) => Content): Made {
  return target ? { kind: 'made', content: act(target), followUps: [] } : { kind: 'invalid', why: NO_TARGET };
}
